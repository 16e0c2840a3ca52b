"""Layers of configuration: which wins, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from framework.config import ConfigErrors, Project, load_project
from framework.config.lake import Lake
from framework.config.overrides import OPEN_MAPS, split
from framework.config.validation import Validation
from framework.errors import ConfigError

Write = Callable[[Mapping[str, str]], Path]
Check = Callable[..., Validation]

FILES = {
    "lake.yaml": """\
        root: /data/lake
        parallel: 3
        variables: {bank: greatfin, day: 1}
        defaults:
          write: {evolution: widen}
          quality: {on_failure: drop}
        """,
    "env/prod.yaml": """\
        root: s3://bank/lake
        variables: {bank: bigfin}
        layers:
          standardized: {format: delta}
        defaults:
          quality: {on_failure: fail}
        """,
    "jobs/crm/leads.yaml": """\
        job: crm.leads
        read: {format: csv, path: "raw/${bank}/leads"}
        write:
          table: standardized.crm.leads
        """,
    "jobs/crm/people.yaml": """\
        job: crm.leads.people
        read: {format: csv, path: raw/people}
        quality: {on_failure: warn}
        write: {table: standardized.crm.people, evolution: strict}
        """,
}


def test_without_an_environment_it_is_local_and_its_file_may_be_missing(write: Write) -> None:
    write(FILES)
    project = load_project("conf")
    assert project.environment == "local"
    assert project.lake.root == "/data/lake"
    assert project.jobs["crm.leads"].sources["source"].path == "raw/greatfin/leads"


def test_an_environment_changes_the_keys_it_names_and_no_others(write: Write) -> None:
    write(FILES)
    project = load_project("conf", environment="prod")
    assert (project.lake.root, project.lake.parallel) == ("s3://bank/lake", 3)
    assert project.lake.variables == {"bank": "bigfin", "day": "1"}
    assert [(layer.name, layer.format) for layer in project.lake.layers][:2] == [
        ("raw", "iceberg"),
        ("standardized", "delta"),
    ]
    assert project.jobs["crm.leads"].sources["source"].path == "raw/bigfin/leads"


def test_defaults_give_what_a_job_does_not_say_and_a_job_wins_over_them(write: Write) -> None:
    write(FILES)
    local, prod = load_project("conf"), load_project("conf", environment="prod")
    assert local.jobs["crm.leads"].quality.on_failure == "drop"
    assert prod.jobs["crm.leads"].quality.on_failure == "fail"
    assert prod.jobs["crm.leads.people"].quality.on_failure == "warn"
    assert prod.jobs["crm.leads"].write.evolution == "widen"
    assert prod.jobs["crm.leads.people"].write.evolution == "strict"


def test_set_wins_over_every_file(write: Write) -> None:
    write(FILES)
    project = load_project("conf", environment="prod", overrides=["lake.parallel=8; lake.root=/tmp/x"])
    assert (project.lake.parallel, project.lake.root) == (8, "/tmp/x")


def test_set_for_one_job_takes_the_longest_name_that_fits(write: Write) -> None:
    write(FILES)
    project = load_project("conf", overrides=["jobs.crm.leads.people.write.format=delta"])
    assert project.jobs["crm.leads.people"].write.format == "delta"
    assert project.jobs["crm.leads"].write.format is None


def test_set_without_a_job_goes_to_the_selected_jobs_or_to_all(write: Write) -> None:
    write(FILES)
    every = load_project("conf", overrides=["write.format=delta"])
    one = load_project("conf", overrides=["write.format=delta"], selected=["crm.leads"])
    assert [job.write.format for job in every.jobs.values()] == ["delta", "delta"]
    assert [job.write.format for job in one.jobs.values()] == ["delta", None]


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("lake.spark.spark.sql.shuffle.partitions=4", "spark", {"spark.sql.shuffle.partitions": "4"}),
        ("lake.variables.bank=no", "variables", {"bank": "no", "day": "1"}),
        ("lake.name='a;b'", "name", "a;b"),
        ("lake.name=a: b: c", "name", "a: b: c"),
        ("lake.catalog.properties={warehouse: x}", "catalog", None),
    ],
)
def test_values_of_set_are_yaml_and_settings_are_one_key(
    write: Write, text: str, key: str, value: object
) -> None:
    write(FILES)
    lake = load_project("conf", overrides=[text]).lake
    assert getattr(lake, key) == value if value is not None else lake.catalog.properties == {"warehouse": "x"}


def test_a_layer_is_changed_by_its_name(write: Write) -> None:
    write(FILES)
    project = load_project("conf", overrides=["lake.layers.conformed.same_layer=true"])
    assert [layer.same_layer for layer in project.lake.layers] == [False, False, True, False]
    assert [layer.name for layer in project.lake.layers] == ["raw", "standardized", "conformed", "enriched"]


REFUSED_SETS = {
    "job=x": "--set job: the name of a job can't be changed. Name the job in its file.",
    "jobs.crm.leads.job=x": "--set jobs.crm.leads.job: the name of a job can't be changed. Name the job in its file.",
    "lake.parallel": (
        "--set is not understood: got lake.parallel, expected key=value. Such as `--set lake.parallel=4`."
    ),
    "lake.paralel=4": "--set: unknown key `paralel` of the lake. Did you mean `parallel`?",
    "parallel=4": "--set parallel: no such key. Keys of the lake begin with `lake.`: --set lake.parallel=...",
    "wite.format=delta": "--set wite.format: no such key. Did you mean `write`?",
    "jobs.crm.lead.write.format=delta": (
        "--set jobs.crm.lead.write.format: no such job. Did you mean `crm.leads`?"
    ),
    "jobs.crm.leads.people.write.format=icberg": (
        '--set: write.format of job crm.leads.people: got text "icberg", expected iceberg or delta. '
        "Did you mean `iceberg`?"
    ),
    "lake.layers.silver.format=delta": (
        "--set: the lake has no layer `silver` to change. Known here: raw, standardized, conformed, "
        "enriched. "
        "A list below `layers:` in lake.yaml defines all layers."
    ),
    "jobs.crm.leads.people.read.password=hunter2": (
        "--set: read.password of job crm.leads.people is written out in the configuration: got ***, "
        "expected a reference (env://, file://, secret://). "
        "Put the secret into an environment variable NAME (or the file .env) and write `env://NAME`."
    ),
}


@pytest.mark.parametrize(("text", "message"), REFUSED_SETS.items(), ids=REFUSED_SETS)
def test_a_wrong_set_is_refused(check: Check, text: str, message: str) -> None:
    result = check(FILES, overrides=[text])
    assert message in [str(problem) for problem in result.problems]


def test_parts_of_set_are_not_split_inside_quotes_and_brackets() -> None:
    assert split("a=1;b=[x, ';'];c='y;z';") == ["a=1", "b=[x, ';']", "c='y;z'"]


def test_every_value_knows_where_it_came_from(write: Write) -> None:
    write(FILES)
    project = load_project("conf", environment="prod", overrides=["jobs.crm.leads.write.format=delta"])
    assert project.origin("crm.leads", "read.path") == "conf/jobs/crm/leads.yaml:2"
    assert project.origin("crm.leads", "write.table") == "conf/jobs/crm/leads.yaml:4"
    assert project.origin("crm.leads", "write.format") == "--set"
    assert project.origin("crm.leads", "write.evolution") == "conf/lake.yaml:5"
    assert project.origin("crm.leads", "quality.on_failure") == "conf/env/prod.yaml:6"
    assert project.origin("crm.leads", "write.comment") == "default"
    assert project.origin("crm.leads", "lake.root") == "conf/env/prod.yaml:1"
    assert project.origin("lake", "parallel") == "conf/lake.yaml:2"
    assert project.origin("lake", "layers.standardized.format") == "conf/env/prod.yaml:4"
    assert project.origin("lake", "layers.enriched.aliases") == "default"


def test_the_hash_follows_what_is_resolved_and_not_where_it_is_written(write: Write) -> None:
    write(FILES)
    plain = load_project("conf")
    same = load_project("conf", overrides=["jobs.crm.leads.read.path=raw/greatfin/leads", "lake.parallel=9"])
    other = load_project("conf", overrides=["jobs.crm.leads.write.format=delta"])
    moved = load_project("conf", environment="prod")
    assert plain.config_hash("crm.leads") == same.config_hash("crm.leads")
    assert plain.config_hash("crm.leads") != other.config_hash("crm.leads")
    assert plain.config_hash("crm.leads.people") == other.config_hash("crm.leads.people")
    assert plain.config_hash("crm.leads.people") != moved.config_hash("crm.leads.people")


FOLDERS = {
    "an unknown environment": (
        FILES,
        {"environment": "prd"},
        "there is no environment `prd`. Did you mean `prod`?",
    ),
    "an unknown key of the lake": (
        {"lake.yaml": "rot: /data\n"},
        {},
        "conf/lake.yaml:1: unknown key `rot` of the lake. Did you mean `root`?",
    ),
    "a lake without root": (
        {"lake.yaml": "name: x\n"},
        {},
        "conf/lake.yaml:1: the lake has no `root`. Add `root:`: Path or URI below which everything "
        "of the lake lies.",
    ),
    "an unknown key of an environment": (
        {"env/prod.yaml": "catalog: {typ: glue}\n"},
        {"environment": "prod"},
        "conf/env/prod.yaml:1: unknown key `typ` in catalog of the lake. Did you mean `type`?",
    ),
    "a layer that an environment can't change": (
        {"env/prod.yaml": "layers:\n  conformd: {format: delta}\n"},
        {"environment": "prod"},
        "conf/env/prod.yaml:2: the lake has no layer `conformd` to change. Did you mean `conformed`? "
        "A list below `layers:` in lake.yaml defines all layers.",
    ),
    "a default for a key that each job needs itself": (
        {"lake.yaml": "root: /data\ndefaults: {read: {format: csv}}\n"},
        {},
        "conf/lake.yaml:2: `defaults` can't give jobs the key `read`. Known here: changes, quality, "
        "spark, tags, write.",
    ),
    "two meanings of one layer's name": (
        {"lake.yaml": "root: /d\nlayers:\n- {name: raw, tables: false}\n- {name: silver, aliases: [raw]}\n"},
        {},
        "conf/lake.yaml:2: layers of the lake has a name twice: got raw of raw and of silver. Rename "
        "one, or remove the alias.",
    ),
    "the name of Spark's own catalog": (
        {"lake.yaml": "root: /d\ncatalog: {name: spark_catalog}\n"},
        {},
        "conf/lake.yaml:2: catalog.name of the lake is the name of Spark's own catalog: got spark_catalog. "
        "Choose another, such as `lake`.",
    ),
    "a catalog without address": (
        {"lake.yaml": "root: /d\ncatalog: {type: rest}\n"},
        {},
        "conf/lake.yaml:2: catalog of the lake has no uri, and its type is rest. Add `uri:` below "
        "it: where the catalog answers.",
    ),
    "variables in a circle": (
        {"lake.yaml": "root: ${a}\nvariables:\n  a: ${b}\n  b: ${a}\n"},
        {},
        "conf/lake.yaml:4: variables refer to each other in a circle: got a -> b -> a",
    ),
}


@pytest.mark.parametrize(("files", "options", "message"), FOLDERS.values(), ids=FOLDERS)
def test_a_mistake_in_the_lake_is_refused(
    check: Check, files: dict[str, str], options: dict[str, str], message: str
) -> None:
    assert message in [str(problem) for problem in check(files, **options).problems]


def test_a_folder_without_lake_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as refused:
        load_project("conf")
    assert str(refused.value) == (
        "there is no lake.yaml in the folder conf. Run `sluice init` to make one, or give the folder "
        "with `--config`."
    )


def test_loading_with_several_mistakes_raises_them_all(write: Write) -> None:
    write({"lake.yaml": "root: /d\nparalel: 3\nnme: x\n"})
    with pytest.raises(ConfigErrors) as refused:
        load_project("conf")
    assert len(refused.value.problems) == 2
    assert str(refused.value).splitlines()[0] == "2 problems in the configuration"
    assert "conf/lake.yaml:3: unknown key `nme` of the lake. Did you mean `name`?" in str(refused.value)


def test_a_mistake_in_the_defaults_is_told_once_for_all_jobs(check: Check) -> None:
    files = {**FILES, "lake.yaml": "root: /d\nvariables: {bank: a}\ndefaults: {spark: [1]}\n"}
    assert len(check(files).problems) == 1


def test_variables_and_the_environment_are_put_into_values(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {
            "lake.yaml": """\
            root: ${env:SLUICE_TEST_ROOT:-/data/default}
            parallel: ${jobs_at_once}
            variables: {jobs_at_once: 5, base: "${lake.root}/in", kept: "$${not_ours}"}
            """,
            "jobs/x.yaml": """\
            job: x
            read: {format: csv, path: "${base}/x", options: {a: "${kept}", b: "${lake.name}-1"}}
            write: {table: standardized.a.x}
            """,
        }
    )
    project = load_project("conf")
    source = project.jobs["x"].sources["source"]
    assert (project.lake.root, project.lake.parallel) == ("/data/default", 5)
    assert source.path == "/data/default/in/x"
    assert source.options == {"a": "${not_ours}", "b": "lake-1"}
    monkeypatch.setenv("SLUICE_TEST_ROOT", "/data/other")
    assert load_project("conf").jobs["x"].sources["source"].path == "/data/other/in/x"


def test_a_project_can_be_made_without_files() -> None:
    project = Project(Lake(root="/data"), {})
    assert project.origin("lake", "root") == "default"
    assert project.where("lake", "root") is None


def test_open_mappings_are_exactly_those_of_the_models() -> None:
    from framework.config.job import Job
    from framework.config.keys import dotted_keys, fields_of, model_at

    free = set()
    for model in (Job, Lake):
        for dotted in dotted_keys(model):
            *above, key = dotted.split(".")
            owner = model_at(model, above)
            if owner and str(fields_of(owner)[key].annotation).startswith("dict[str, typing.A"):
                free.add(key)
    assert free - {"defaults"} == OPEN_MAPS
