"""The small parts: YAML with places, short shapes, types, transforms, folders, the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from framework.config import graph, yaml_file
from framework.config.checks import check_project, warn_project
from framework.config.checks.transforms import defined_names, module_source
from framework.config.folders import canonical_folder
from framework.config.job import Column, Job, Read
from framework.config.keys import fields_of
from framework.config.lake import Lake
from framework.config.project import Project
from framework.config.shapes import READ_KEYS
from framework.config.tree import find, plain
from framework.config.types import type_problem
from framework.config.validation import Validation

Write = Callable[[Mapping[str, str]], Path]
Check = Callable[..., Validation]


def test_yaml_keeps_words_dates_and_times_as_text() -> None:
    text = "a: no\nb: 2024-01-01\nc: 12:30\nd: 010\ne: 1_000\n1x: true\nf: ~\ng: 1.5\nh: -3\ni: '4'\n"
    assert plain(yaml_file.read(text, "f")) == {
        "a": "no",
        "b": "2024-01-01",
        "c": "12:30",
        "d": 10,
        "e": "1_000",
        "1x": True,
        "f": None,
        "g": 1.5,
        "h": -3,
        "i": "4",
    }


def test_yaml_aliases_and_merge_keys_take_in_what_they_name() -> None:
    tree = yaml_file.read("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n", "f")
    assert plain(tree)["own"] == {"x": 1, "y": 3}


def test_a_place_is_that_of_the_key_even_where_the_value_is_further_down() -> None:
    tree = yaml_file.read("write:\n  partition_by:\n\n    - a\n    - b\n", "f")
    assert find(tree, ("write", "partition_by"))[1].origin == "f:2"
    assert find(tree, ("write", "partition_by", 1))[1].origin == "f:5"


def test_columns_may_be_a_mapping_a_list_of_texts_or_a_list_of_mappings() -> None:
    wanted = [Column(name="id", type="bigint"), Column(name="at", type="date", format="d-MMM-yy")]
    for schema in (
        {"id": "bigint", "at": {"type": "date", "format": "d-MMM-yy"}},
        ["id bigint", {"name": "at", "type": "date", "format": "d-MMM-yy"}],
    ):
        assert Read.model_validate({"format": "csv", "schema": schema}).columns == wanted


def test_one_source_and_several_are_told_apart_by_their_shape() -> None:
    write = {"table": "standardized.a.b"}
    one = Job.model_validate(
        {"job": "x", "read": {"format": "csv", "path": "a", "options": {"b": 1}}, "write": write}
    )
    several = Job.model_validate(
        {"job": "x", "read": {"table": {"format": "csv"}, "b": {"format": "csv"}}, "write": write}
    )
    assert list(one.sources) == ["source"]
    assert list(several.sources) == ["table", "b"]


def test_the_keys_of_one_source_are_those_of_its_model() -> None:
    assert set(fields_of(Read)) == READ_KEYS


@pytest.mark.parametrize(
    "text",
    [
        "bigint",
        "DECIMAL(10, 2)",
        "decimal",
        "varchar(3)",
        "array<map<string,array<int>>>",
        "struct<>",
        "timestamp_ntz",
        "variant",
        "struct<a: bigint not null comment 'it\\'s', `b c`: struct<d string>>",
        "interval day to second",
        "interval",
    ],
)
def test_types_of_spark_are_understood(text: str) -> None:
    assert type_problem(text) is None


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("strng", "Did you mean `string`?"),
        ("int64", "Did you mean `bigint`?"),
        ("array", "`<` after array, where the end stands"),
        ("map<string>", "`,` between key and value of a map, where `>` stands"),
        ("varchar", "`(` after varchar, where the end stands"),
        ("decimal(2,4)", "a precision of 1 to 38, and a scale not above it"),
        ("bigint unsigned", "nothing after the type, where `unsigned` stands"),
        (
            "struct<a>",
            "a Spark SQL type, such as string, bigint, decimal(10,2), date, timestamp, array<string>",
        ),
        ("", "a Spark SQL type, such as string, bigint, decimal(10,2), date, timestamp, array<string>"),
        ("interval second to day", "an interval such as `interval day to second`"),
    ],
)
def test_other_types_are_refused_with_a_remedy(text: str, remedy: str) -> None:
    found = type_problem(text)
    assert found is not None
    assert remedy in (found.fix, found.expected)


def test_a_transform_is_found_beside_the_configuration_without_importing_it(
    check: Check, tmp_path: Path
) -> None:
    job = (
        "job: x\nread: {format: csv, path: raw/x}\n"
        "transform: {python: 'steps.person:bild'}\nwrite: {table: conformed.a.x}\n"
    )
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/person.py").write_text(
        "raise RuntimeError('imported')\ndef build(source): ...\ndef _hidden(): ...\n"
    )
    result = check({"jobs/x.yaml": job})
    assert [str(problem) for problem in result.problems] == [
        "conf/jobs/x.yaml:3: transform.python of job x names a function that module steps.person "
        "doesn't have: got bild. "
        "Did you mean `build`?"
    ]
    assert check({"jobs/x.yaml": job.replace("bild", "build")}).ok
    (tmp_path / "steps/person.py").write_text("def build(:\n")
    assert "names a module that isn't valid Python: steps.person" in str(
        check({"jobs/x.yaml": job}).problems[0]
    )


def test_a_module_is_found_in_a_zip(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("jobs/a.py", "def build(): ...")
    assert module_source("jobs.a", [str(tmp_path / "code.zip")]) == "def build(): ..."
    assert module_source("jobs.b", [str(tmp_path / "code.zip")]) is None


def test_names_made_under_conditions_count() -> None:
    source = (
        "try:\n    import a\nexcept ImportError:\n    b = 1\n"
        "if True:\n    def c(): ...\nasync def d(): ...\nx: int = 1\n"
    )
    assert defined_names(source) == ["a", "c", "d", "x"]


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("raw/crm", "raw/crm"),
        ("landing/crm/", "raw/crm"),
        ("raw/crm/*/part-*.csv", "raw/crm"),
        ("raw/crm/2024-*", "raw/crm"),
        ("/data/lake/raw/crm", "raw/crm"),
        ("./raw/crm", "raw/crm"),
        ("/elsewhere/raw", "/elsewhere/raw"),
        ("s3://bucket/conf/x", "conformed/x"),
    ],
)
def test_folders_have_one_spelling(path: str, canonical: str) -> None:
    layers = [*Lake(root="/x").layers]
    layers[2] = layers[2].model_copy(update={"location": "s3://bucket/conf"})
    lake = Lake(root="/data/lake", layers=layers)
    assert canonical_folder(lake, path) == canonical


def _project(*jobs: dict[str, object]) -> Project:
    made = [Job.model_validate(job) for job in jobs]
    return Project(Lake(root="/data"), {job.job: job for job in made})


LANDING = {
    "job": "land",
    "land": {"from": {"format": "csv", "path": "/in"}, "to": "raw/crm"},
    "read": {"format": "csv", "path": "raw/crm/*.csv"},
    "write": {"table": "standardized.crm.leads"},
}
READING = {
    "job": "reread",
    "read": {"format": "csv", "path": "landing/crm/day=1"},
    "write": {"table": "bronze.crm.days"},
}
TOP = {
    "job": "top",
    "read": {
        "leads": {"format": "table", "table": "bronze.crm.leads"},
        "days": {"format": "table", "table": "standardized.crm.days"},
    },
    "transform": {"sql": "select 1"},
    "write": {"table": "gold.crm.top"},
}
REJECTS = {
    "job": "rejects",
    "read": {"format": "table", "table": "standardized.crm.leads__quarantine"},
    "write": {"table": "gold.crm.rejects"},
}
RULED = {
    "job": "ruled",
    "read": {"format": "csv", "path": "raw/other"},
    "write": {"table": "standardized.crm.other"},
    "quality": {
        "rules": 'Rules = [ ReferentialIntegrity "id" "standardized.crm.leads.id" = 1.0, '
        'ReferentialIntegrity "boss" "standardized.crm.other.id" = 1.0 ]'
    },
}


def test_edges_follow_tables_aliases_landed_folders_side_tables_and_rules() -> None:
    project = _project(TOP, LANDING, READING, REJECTS, RULED)
    assert set(graph.edges(project)) == {
        ("land", "reread"),
        ("land", "top"),
        ("reread", "top"),
        ("land", "rejects"),
        ("land", "ruled"),
    }
    assert check_project(project) == []


def test_order_is_in_steps_and_what_depends_on_a_job_is_known() -> None:
    project = _project(TOP, LANDING, READING)
    assert graph.order(project) == [["land"], ["reread"], ["top"]]
    assert graph.order(project, ["top", "land"]) == [["land"], ["top"]]
    assert graph.downstream(project, "land") == {"reread", "top"}
    assert graph.upstream(project, "top") == {"land", "reread"}


def test_jobs_in_a_circle_are_refused_with_the_whole_circle() -> None:
    table = "conformed.a."
    jobs = [
        {"job": one, "read": {"format": "table", "table": table + other}, "write": {"table": table + one}}
        for one, other in (("a", "c"), ("b", "a"), ("c", "b"))
    ]
    project = _project(*jobs)
    lake = project.lake.model_copy(
        update={"layers": [layer.model_copy(update={"same_layer": True}) for layer in project.lake.layers]}
    )
    (problem,) = check_project(Project(lake, project.jobs))
    assert problem.exit_code == 3
    assert str(problem).startswith("read.table of job ")
    assert " closes a circle of jobs: got " in str(problem)
    circle = str(problem.found).split(" -> ")
    assert circle[0] == circle[-1] and set(circle) == {"a", "b", "c"}


def test_two_jobs_that_write_one_table_are_refused_even_under_an_alias() -> None:
    first = {"job": "one", "read": {"format": "csv", "path": "raw/a"}, "write": {"table": "silver.a.b"}}
    second = {"job": "two", "read": {"format": "csv", "path": "raw/a"}, "write": {"table": "conformed.a.b"}}
    assert [str(problem) for problem in check_project(_project(first, second))] == [
        "write.table of job two is written by job one too: got conformed.a.b. "
        "Give each job a table of its own, or make one job of the two."
    ]


def test_two_jobs_that_land_in_one_folder_are_refused() -> None:
    other = {**LANDING, "job": "other", "write": {"table": "standardized.crm.other"}}
    assert str(check_project(_project(LANDING, other))[0]) == (
        "land.to of job other meets that of job land: got raw/crm and raw/crm. Land each source in a "
        "folder of its own."
    )


def test_a_table_that_no_job_writes_is_only_a_warning(check: Check) -> None:
    job = "job: {0}\nread: {{format: table, table: {1}}}\nwrite: {{table: {2}}}\n"
    result = check(
        {
            "jobs/a.yaml": job.format("a", "standardized.x.leads", "conformed.x.people"),
            "jobs/b.yaml": job.format("b", "conformed.x.poeple", "enriched.x.top"),
        }
    )
    assert result.ok
    assert [str(warning) for warning in result.warnings] == [
        "conf/jobs/a.yaml:2: read.table of job a is a table that no job writes: got standardized.x.leads. "
        "That is right if it is made elsewhere.",
        "conf/jobs/b.yaml:2: read.table of job b is a table that no job writes: got conformed.x.poeple. "
        "Did you mean `conformed.x.people`?",
    ]


def test_two_files_with_one_job_name_are_refused(check: Check) -> None:
    text = "job: x\nread: {format: csv, path: raw/x}\nwrite: {table: standardized.a.x}\n"
    assert [str(problem) for problem in check({"jobs/a.yaml": text, "jobs/b/c.yaml": text}).problems] == [
        "conf/jobs/b/c.yaml:1: two jobs are called `x`. It is also at conf/jobs/a.yaml:1: rename one of them."
    ]


def test_a_job_that_lands_one_folder_and_reads_another_is_only_warned_of() -> None:
    project = _project({**LANDING, "read": {"format": "csv", "path": "raw/crn"}})
    assert check_project(project) == []
    assert [str(warning) for warning in warn_project(project)] == [
        "land.to of job land is not what the job reads: got raw/crm, and reads raw/crn"
    ]


def test_a_file_in_another_encoding_is_refused_at_its_line(
    check: Check, write: Write, tmp_path: Path
) -> None:
    write({})
    (tmp_path / "conf/jobs").mkdir()
    (tmp_path / "conf/jobs/x.yaml").write_bytes("job: x\ndescription: Z\u00fcrich\n".encode("latin-1"))
    assert [str(problem) for problem in check({}).problems] == [
        "conf/jobs/x.yaml:2: the file is not UTF-8 text: got the byte 0xfc"
    ]
