"""Every mistake in a job's file that is refused, with the exact message: place, what was found, what to write instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framework.config.validation import Validation

Check = Callable[..., Validation]

HEAD = "job: crm.leads\n"
READ = "read: {format: csv, path: raw/crm/leads}\n"
WRITE = "write: {table: standardized.crm.leads}\n"

JOB = HEAD + READ + WRITE

SHAPES = {
    "an unknown key at the top": (
        HEAD + READ + WRITE + "qualty: {}\n",
        "conf/jobs/x.yaml:4: unknown key `qualty` of job crm.leads. Did you mean `quality`?",
    ),
    "an unknown key below another": (
        HEAD + "read:\n  format: csv\n  pth: raw/crm\n" + WRITE,
        "conf/jobs/x.yaml:4: unknown key `pth` in read of job crm.leads. Did you mean `path`?",
    ),
    "an unknown key of a column": (
        HEAD
        + "read:\n  format: csv\n  path: a\n  schema:\n    id: bigint\n    at: {type: date, fromat: d-MMM-yy}\n"
        + WRITE,
        "conf/jobs/x.yaml:7: unknown key `fromat` in read.schema.at of job crm.leads. Did you mean `format`?",
    ),
    "an unknown key of a source by name": (
        HEAD + "read:\n  people: {format: csv, path: a}\n  phones: {format: csv, paht: a}\n" + WRITE,
        "conf/jobs/x.yaml:4: unknown key `paht` in read.phones of job crm.leads. Did you mean `path`?",
    ),
    "a key that belongs elsewhere": (
        HEAD + READ + WRITE + "keys: [id]\n",
        "conf/jobs/x.yaml:4: unknown key `keys` of job crm.leads. Did you mean `changes.keys`?",
    ),
    "a key like no other": (
        HEAD + READ + WRITE + "transform: {xyzzy: 1, sql: select 1}\n",
        "conf/jobs/x.yaml:4: unknown key `xyzzy` in transform of job crm.leads. Known here: sql, python.",
    ),
    "a missing key": (
        HEAD + READ + "write:\n  format: delta\n",
        "conf/jobs/x.yaml:3: job crm.leads has no `write.table`. Add `table:` below `write:`: layer.domain.table",
    ),
    "a job without name": (
        READ + WRITE,
        "conf/jobs/x.yaml:1: the job has no `job`. Add `job:`: Name of the job, such as corebank.customers.",
    ),
    "a word that is not one of the choices": (
        HEAD + READ + "write: {table: standardized.crm.leads, format: icberg}\n",
        'conf/jobs/x.yaml:3: write.format of job crm.leads: got text "icberg", expected iceberg or delta. '
        "Did you mean `iceberg`?",
    ),
    "text where a number is wanted": (
        HEAD + READ + WRITE + "quality: {max_rejects: few}\n",
        'conf/jobs/x.yaml:4: quality.max_rejects of job crm.leads: got text "few", expected a whole number',
    ),
    "a number out of its bounds": (
        HEAD + READ + WRITE + "quality: {max_reject_ratio: 1.5}\n",
        "conf/jobs/x.yaml:4: quality.max_reject_ratio of job crm.leads: got the number 1.5, expected at most 1.0",
    ),
    "a number where text is wanted": (
        HEAD + READ + "write: {table: 7}\n",
        'conf/jobs/x.yaml:3: write.table of job crm.leads: got the number 7, expected text. Put it in quotes: "7".',
    ),
    "text where a list is wanted": (
        HEAD + READ + WRITE + "changes:\n  keys: id\n",
        'conf/jobs/x.yaml:5: changes.keys of job crm.leads: got text "id", expected a list. Write `[id]`.',
    ),
    "text where a mapping is wanted": (
        HEAD + READ + WRITE + "changes: scd1\n",
        'conf/jobs/x.yaml:4: changes of job crm.leads: got text "scd1", expected a mapping (lines of `key: value`)',
    ),
    "an empty key": (
        HEAD + READ + WRITE + "changes:\n  keys:\n",
        "conf/jobs/x.yaml:5: changes.keys of job crm.leads: got nothing, expected a list. "
        "Give it a value, or remove the key.",
    ),
    "neither true nor false": (
        HEAD + READ + WRITE + "enabled: perhaps\n",
        'conf/jobs/x.yaml:4: enabled of job crm.leads: got text "perhaps", expected true or false',
    ),
    "a name with a blank": (
        "job: crm leads\n" + READ + WRITE,
        'conf/jobs/x.yaml:1: job of job crm leads: got text "crm leads", '
        "expected letters, digits, _ and -, in parts joined by dots",
    ),
}

CONTRADICTIONS = {
    "merging without keys": (
        HEAD + READ + "write: {table: standardized.crm.leads, mode: merge}\n",
        "conf/jobs/x.yaml:3: write.mode of job crm.leads merges, and nothing says which columns identify a row: "
        "got merge. Add `changes: {keys: [...]}`.",
    ),
    "merging a history of changes": (
        HEAD
        + READ
        + "changes: {keys: [id], history: append}\nwrite: {table: standardized.crm.leads, mode: merge}\n",
        "conf/jobs/x.yaml:3: changes.history of job crm.leads contradicts `write.mode: merge`: got append, "
        "expected scd1. Remove one of the two.",
    ),
    "overwriting by key": (
        HEAD + READ + "changes: {keys: [id]}\nwrite: {table: standardized.crm.leads, mode: overwrite}\n",
        "conf/jobs/x.yaml:4: write.mode of job crm.leads contradicts `changes.keys`, which merge rows by key: "
        "got overwrite, expected merge. Remove `write.mode`, or the keys.",
    ),
    "appending one row per key": (
        HEAD
        + READ
        + "changes: {keys: [id], history: scd1}\nwrite: {table: standardized.crm.leads, mode: append}\n",
        "conf/jobs/x.yaml:4: write.mode of job crm.leads contradicts `changes.history`, which keeps one row per key: "
        "got append, expected merge. Remove `write.mode`, or keep every change: `changes: {history: append}`.",
    ),
    "changes without keys": (
        HEAD + "read: {format: dms, path: raw/crm}\n" + WRITE,
        "conf/jobs/x.yaml:1: changes of job crm.leads has no keys, and the source delivers changes (format dms). "
        "Add `changes: {keys: [...]}`, or keep every change: `changes: {history: append}`.",
    ),
    "replacing a table by changes": (
        HEAD
        + "read: {format: dms, path: raw/crm}\nwrite: {table: standardized.crm.leads, mode: overwrite}\n",
        "conf/jobs/x.yaml:3: write.mode of job crm.leads would replace the table by the newest changes alone: "
        "got overwrite of format dms, expected merge or append. Add `changes: {keys: [...]}`, which merges.",
    ),
    "replacing partitions of a table without": (
        HEAD + READ + "write: {table: standardized.crm.leads, mode: partition_overwrite}\n",
        "conf/jobs/x.yaml:3: write.mode of job crm.leads replaces partitions, and the table has none: "
        "got partition_overwrite. Add `write: {partition_by: [...]}`, or use `mode: overwrite`.",
    ),
    "a generic envelope without operation": (
        HEAD + READ + "changes: {keys: [id], envelope: generic}\n" + WRITE,
        "conf/jobs/x.yaml:3: changes.envelope of job crm.leads is generic, and nothing says which column holds the "
        "operation. Add `changes: {operation: <column>}`.",
    ),
    "an operation without envelope": (
        HEAD + READ + "changes: {keys: [id], operation: op}\n" + WRITE,
        "conf/jobs/x.yaml:3: changes.operation of job crm.leads belongs to the generic envelope: got no envelope. "
        "Add `changes: {envelope: generic}`, or remove it.",
    ),
    "several sources and no transform": (
        HEAD + "read:\n  a: {format: csv, path: raw/a}\n  b: {format: csv, path: raw/b}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has several sources, and no transform makes one of them: got a, b. "
        "Add `transform:` with `sql:` or `python:`.",
    ),
    "a transform of nothing": (
        HEAD + READ + "transform: {}\n" + WRITE,
        "conf/jobs/x.yaml:3: transform of job crm.leads has neither sql nor python: expected one of them",
    ),
    "a transform of both kinds": (
        HEAD + READ + "transform: {sql: select 1, python: 'os:walk'}\n" + WRITE,
        "conf/jobs/x.yaml:3: transform of job crm.leads has both sql and python: expected one of them",
    ),
    "a transform that is no reference": (
        HEAD + READ + "transform: {python: jobs.leads.build}\n" + WRITE,
        "conf/jobs/x.yaml:3: transform.python of job crm.leads is no function: got jobs.leads.build, "
        "expected module:function, such as jobs.greatfin.person:build",
    ),
    "a transform in a module that isn't there": (
        HEAD + READ + "transform: {python: 'nowhere.leads:build'}\n" + WRITE,
        "conf/jobs/x.yaml:3: transform.python of job crm.leads names a module that isn't there: nowhere.leads: "
        "expected a file nowhere/leads.py beside `conf` or on the Python path",
    ),
    "files without path": (
        HEAD + "read: {format: csv}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has no path, and its format is csv. Add `path:` below it.",
    ),
    "a table without name": (
        HEAD + "read: {format: table}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has no table, and its format is table. "
        "Add `table: layer.domain.table` below it.",
    ),
    "a database without address": (
        HEAD + "read: {format: jdbc, table: public.leads}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has no url, and its format is jdbc. "
        "Add `url:` below it, such as jdbc:postgresql://host/database.",
    ),
    "a database without table": (
        HEAD + "read: {format: jdbc, url: 'jdbc:postgresql://h/d'}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has neither table nor query: expected one of them. "
        "Write `table: schema.name` or `query: select ...`.",
    ),
    "partitions without column": (
        HEAD + "read: {format: jdbc, url: 'jdbc:postgresql://h/d', table: t, partitions: 4}\n" + WRITE,
        "conf/jobs/x.yaml:2: read of job crm.leads has no `partition_column`: "
        "expected partition_column and partitions together. Add `partition_column:` below it.",
    ),
    "a version and a time": (
        HEAD + "read: {format: table, table: standardized.a.b, version: 1, timestamp: '2024-01-01'}\n"
        "write: {table: conformed.crm.leads}\n",
        "conf/jobs/x.yaml:2: read.timestamp of job crm.leads contradicts `version`: got both, expected one of them. Remove one.",
    ),
    "a key of another format": (
        HEAD + "read: {format: csv, path: raw/a, url: 'jdbc:x'}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.url of job crm.leads means nothing to format csv. Remove it, or correct `format`.",
    ),
    "a format without reader": (
        HEAD + "read: {format: parket, path: raw/a}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.format of job crm.leads has no reader: got parket. Did you mean `parquet`?",
    ),
    "landing a table": (
        HEAD
        + "land: {from: {format: table, table: standardized.a.b}, to: raw/a}\n"
        + READ
        + "write: {table: conformed.crm.leads}\n",
        "conf/jobs/x.yaml:2: land.from.format of job crm.leads can't be landed: got table, expected files or jdbc. "
        "Read the table directly: `read: {format: table, table: ...}`.",
    ),
    "landing among tables": (
        HEAD + "land: {from: {format: csv, path: /in}, to: standardized/leads}\n" + READ + WRITE,
        "conf/jobs/x.yaml:2: land.to of job crm.leads is not in a layer of files: got standardized/leads, "
        "expected a folder such as raw/leads",
    ),
}

COLUMNS = {
    "a type that is misspelt": (
        HEAD + "read:\n  format: csv\n  path: raw/a\n  schema:\n    id: bigin\n" + WRITE,
        "conf/jobs/x.yaml:6: read.schema.id of job crm.leads has a type that Spark doesn't know: got bigin. "
        "Did you mean `bigint`?",
    ),
    "a type of another database": (
        HEAD + "read:\n  format: csv\n  path: raw/a\n  schema:\n    id: text\n" + WRITE,
        "conf/jobs/x.yaml:6: read.schema.id of job crm.leads has a type that Spark doesn't know: got text. "
        "Did you mean `string`?",
    ),
    "a decimal that is too wide": (
        HEAD + "read:\n  format: csv\n  path: raw/a\n  schema:\n    id: decimal(40,2)\n" + WRITE,
        "conf/jobs/x.yaml:6: read.schema.id of job crm.leads has a type that Spark doesn't know: got decimal(40,2), "
        "expected a precision of 1 to 38, and a scale not above it",
    ),
    "an array that isn't closed": (
        HEAD + "read:\n  format: csv\n  path: raw/a\n  schema:\n    id: array<string\n" + WRITE,
        "conf/jobs/x.yaml:6: read.schema.id of job crm.leads has a type that Spark doesn't know: got array<string, "
        "expected `>` at the end of array, where the end stands",
    ),
    "a date's format on a number": (
        HEAD
        + "read:\n  format: csv\n  path: raw/a\n  schema:\n    id: {type: int, format: d-M-yy}\n"
        + WRITE,
        "conf/jobs/x.yaml:6: read.schema.id of job crm.leads has a format, which only dates and timestamps have: "
        "got type int. Remove `format`, or make the type date or timestamp.",
    ),
    "a column declared twice": (
        HEAD + "read: {format: csv, path: raw/a, schema: [id int, ID string]}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.schema of job crm.leads names a column twice: got ID. Remove one (case doesn't matter).",
    ),
    "a key that isn't declared": (
        HEAD
        + "read: {format: csv, path: raw/a, schema: {lead_id: int}}\nchanges: {keys: [leadid]}\n"
        + WRITE,
        "conf/jobs/x.yaml:3: changes.keys of job crm.leads names a column that `read.schema` doesn't declare: got leadid. "
        "Did you mean `lead_id`?",
    ),
    "an unknown partition transform": (
        HEAD + READ + "write:\n  table: standardized.crm.leads\n  partition_by: ['buckets(16, id)']\n",
        "conf/jobs/x.yaml:5: write.partition_by of job crm.leads has an entry that is no partition: got buckets(16, id), "
        "expected a column, bucket(16, c), truncate(4, c), years(c), months(c), days(c) or hours(c)",
    ),
    "a partition transform's arguments the wrong way round": (
        HEAD + READ + "write:\n  table: standardized.crm.leads\n  partition_by: ['bucket(id, 16)']\n",
        "conf/jobs/x.yaml:5: write.partition_by of job crm.leads has an entry that is no partition: got bucket(id, 16), "
        "expected a column, bucket(16, c), truncate(4, c), years(c), months(c), days(c) or hours(c). Did you mean `bucket`?",
    ),
}

NAMES = {
    "a table of two parts": (
        HEAD + READ + "write: {table: crm.leads}\n",
        "conf/jobs/x.yaml:3: write.table of job crm.leads is no table name: got 'crm.leads', expected layer.domain.table. "
        "Write three parts.",
    ),
    "a table in capitals": (
        HEAD + READ + "write: {table: standardized.CRM.leads}\n",
        "conf/jobs/x.yaml:3: write.table of job crm.leads is no table name: got 'CRM', "
        "expected lower-case letters, digits and _, not beginning with _. "
        "Call it 'crm'; the name in the source may stay what it is.",
    ),
    "an unknown layer": (
        HEAD + READ + "write: {table: standardised.crm.leads}\n",
        "conf/jobs/x.yaml:3: write.table of job crm.leads is in an unknown layer: got standardised. Did you mean `standardized`?",
    ),
    "a layer of files": (
        HEAD + READ + "write: {table: raw.crm.leads}\n",
        "conf/jobs/x.yaml:3: write.table of job crm.leads is in layer raw, which holds files and no tables: got raw.crm.leads. "
        "Use another layer, or set `tables: true` for raw in lake.yaml.",
    ),
    "data that flows backward": (
        HEAD + "read: {format: table, table: gold.crm.leads}\nwrite: {table: silver.crm.leads}\n",
        "conf/jobs/x.yaml:2: read.table of job crm.leads lets data flow backward: got gold.crm.leads -> silver.crm.leads, "
        "expected a source before layer conformed. Write to a later layer, or read an earlier one.",
    ),
    "data that stays in its layer": (
        HEAD + "read: {format: table, table: silver.crm.people}\nwrite: {table: conformed.crm.leads}\n",
        "conf/jobs/x.yaml:2: read.table of job crm.leads is in the layer the job writes to, conformed: "
        "got silver.crm.people -> conformed.crm.leads. "
        "Write to a later layer, or set `same_layer: true` for conformed in lake.yaml.",
    ),
    "a job that feeds itself": (
        HEAD + "read: {format: table, table: silver.crm.leads}\nwrite: {table: conformed.crm.leads}\n",
        "conf/jobs/x.yaml:2: read.table of job crm.leads is the table that the job writes: got conformed.crm.leads. "
        "Read another table, or merge into this one with `changes.keys`.",
    ),
}

RULES = {
    "a mistake in a block of rules, at its own line": (
        HEAD
        + READ
        + 'quality:\n  rules: |\n    Rules = [\n      IsComplete "id",\n      IsComplet "name"\n    ]\n'
        + WRITE,
        "conf/jobs/x.yaml:7: quality.rules of job crm.leads: the rule type IsComplet is unknown. Did you mean IsComplete?",
    ),
    "a mistake in a list of rules, at the rule's line": (
        HEAD + READ + 'quality:\n  rules:\n    - IsComplete "id"\n    - IsComplet "name"\n' + WRITE,
        "conf/jobs/x.yaml:6: quality.rules of job crm.leads, line 3, column 1: the rule type IsComplet is unknown. "
        "Did you mean IsComplete?",
    ),
}

SECRETS = {
    "a password": (
        HEAD + "read: {format: jdbc, url: 'jdbc:postgresql://h/d', table: t, password: hunter2}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.password of job crm.leads is written out in the configuration: got ***, "
        "expected a reference (env://, file://, secret://). "
        "Put the secret into an environment variable NAME (or the file .env) and write `env://NAME`.",
    ),
    "a password among the options": (
        HEAD + "read: {format: csv, path: raw/a, options: {sasl.password: hunter2}}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.options.sasl.password of job crm.leads is written out in the configuration: got ***, "
        "expected a reference (env://, file://, secret://). "
        "Put the secret into an environment variable NAME (or the file .env) and write `env://NAME`.",
    ),
    "a password in an address": (
        HEAD + "read: {format: jdbc, url: 'jdbc:postgresql://me:hunter2@h/d', table: t}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.url of job crm.leads holds a password: got jdbc:postgresql://me:***@h/d. "
        "Leave it out of the address, and write `password: env://NAME`.",
    ),
    "a password that is not even text": (
        HEAD + "read: {format: jdbc, url: 'jdbc:postgresql://h/d', table: t, password: '12345'}\n" + WRITE,
        "conf/jobs/x.yaml:2: read.password of job crm.leads is written out in the configuration: got ***, "
        "expected a reference (env://, file://, secret://). "
        "Put the secret into an environment variable NAME (or the file .env) and write `env://NAME`.",
    ),
}

VARIABLES = {
    "an unknown variable": (
        HEAD + "read: {format: csv, path: 'raw/${bnak}'}\n" + WRITE,
        "conf/jobs/x.yaml:2: the variable ${bnak} is unknown. Did you mean `${bank}`?",
    ),
    "a variable like no other": (
        HEAD + "read: {format: csv, path: 'raw/${xyzzy}'}\n" + WRITE,
        "conf/jobs/x.yaml:2: the variable ${xyzzy} is unknown. "
        "Set `xyzzy:` below `variables:` in lake.yaml, or write `$${` for a plain `${`.",
    ),
    "an environment variable that isn't set": (
        HEAD + "read: {format: csv, path: '${env:HERE}'}\n" + WRITE,
        "conf/jobs/x.yaml:2: the environment variable HERE is not set. Set it, or give a default: ${env:HERE:-default}.",
    ),
    "an unknown value of the lake": (
        HEAD + "read: {format: csv, path: '${lake.rot}'}\n" + WRITE,
        "conf/jobs/x.yaml:2: ${lake.rot} is not a value of the lake. Did you mean `lake.root`?",
    ),
    "a reference that isn't closed": (
        HEAD + "read: {format: csv, path: 'raw/${bank'}\n" + WRITE,
        "conf/jobs/x.yaml:2: `${` is not closed by `}`. Write `$${` for a plain `${`.",
    ),
}

SYNTAX = {
    "a key that stands twice": (
        HEAD + READ + WRITE + "job: x\n",
        "conf/jobs/x.yaml:4: key `job` stands twice in one mapping. It is also at conf/jobs/x.yaml:1: keep one of them.",
    ),
    "a tab": (
        HEAD + "read:\n\tformat: csv\n",
        "conf/jobs/x.yaml:3: a tab stands where YAML wants spaces. Indent with spaces.",
    ),
    "two jobs in one file": (
        JOB + "---\n" + JOB,
        "conf/jobs/x.yaml:4: a second document (`---`) begins here: expected one document. Give each job a file of its own.",
    ),
    "a list": (
        "- job: x\n",
        "conf/jobs/x.yaml: the file is not a mapping: got a list, expected lines of `key: value`",
    ),
    "a colon in plain text": (
        "job: a: b\n",
        "conf/jobs/x.yaml:1: this is not valid YAML: mapping values are not allowed in this context. "
        "Look at the indentation, and at quotes and colons, of this line and the one before.",
    ),
    "a tag": (
        "job: !secret a\n",
        "conf/jobs/x.yaml:1: the tag !secret means nothing here. Remove it; secrets are references such as env://NAME.",
    ),
    "an alias that contains itself": (
        "job: &a [*a]\n",
        "conf/jobs/x.yaml:1: an alias (`*name`) contains itself",
    ),
}

ALL = {**SHAPES, **CONTRADICTIONS, **COLUMNS, **NAMES, **RULES, **SECRETS, **VARIABLES, **SYNTAX}
LAKE = "root: /data/lake\nvariables: {bank: greatfin}\n"


@pytest.mark.parametrize(("text", "message"), ALL.values(), ids=ALL)
def test_a_mistake_in_a_job_is_refused_at_its_line_with_its_remedy(
    text: str, message: str, check: Check
) -> None:
    result = check({"lake.yaml": LAKE, "jobs/x.yaml": text})
    assert [str(problem) for problem in result.problems] == [message]
    assert not result.ok


@pytest.mark.parametrize(("text", "message"), SECRETS.values(), ids=SECRETS)
def test_a_secret_that_is_written_out_never_appears_in_the_message(
    text: str, message: str, check: Check
) -> None:
    result = check({"jobs/x.yaml": text})
    assert "hunter2" not in " ".join(str(problem) for problem in result.problems)


def test_all_mistakes_are_told_at_once_by_file_and_line(check: Check) -> None:
    result = check(
        {
            "jobs/a.yaml": HEAD
            + "read:\n  fromat: csv\nwrite:\n  table: standardized.crm.leads\n  mode: mrge\n",
            "jobs/b.yaml": "job: b\n" + READ + "write: {table: standardised.crm.b}\n",
        }
    )
    assert [problem.where for problem in result.problems] == [
        "conf/jobs/a.yaml:3",
        "conf/jobs/a.yaml:6",
        "conf/jobs/b.yaml:3",
    ]


def test_a_sound_job_has_no_problem(check: Check) -> None:
    result = check({"jobs/x.yaml": JOB})
    assert result.problems == ()
    assert (result.files, result.jobs, result.tables, result.exit_code) == (2, 1, 1, 0)
