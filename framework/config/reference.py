"""The reference of job, lake and environment files, as Markdown, from the models.

python -m framework.config.reference > docs/reference/job.md
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from framework.config.base import Model
from framework.config.job import Job
from framework.config.keys import fields_of, model_in
from framework.config.lake import Lake

_HEAD = """\
# Job, lake and environment files

Made from the models: change these, then run
`python -m framework.config.reference > docs/reference/job.md`.

```
conf/lake.yaml          the lake: layers, catalog, what all jobs share
conf/env/<name>.yaml    an environment: the keys of lake.yaml that differ there
conf/jobs/**/*.yaml     the jobs, one per file
```

Later layers win: lake.yaml, the environment, the job's file, `--set`. Mappings merge key by key; lists and
plain values are replaced. `defaults:` in lake.yaml or in an environment gives jobs what their own files don't
say.
"""

_JOB_EXAMPLE = """\
```yaml
job: corebank.customers
read:
  format: dms
  path: raw/corebank/customers
  schema:
    customer_id: bigint
    income: decimal(12,2)
    hire_date: {type: date, format: d-MMM-yy}
changes:
  keys: [customer_id]
quality:
  rules:
    - IsComplete "customer_id"
    - ColumnValues "income" >= 0
write:
  table: standardized.corebank.customers
  partition_by: ["bucket(16, customer_id)"]
```
"""

_TAIL = """\
## Short shapes

| key | short | means |
|---|---|---|
| `read.schema` | `{id: bigint, hired: {type: date, format: d-MMM-yy}}` or `[id bigint]` | a list of columns |
| `read` | `{people: {format: table, ...}, accounts: {...}}` | several sources by name, for a transform |
| `quality.rules` | a list of texts | a ruleset with these rules |
| `layers` in an environment or `--set` | `{standardized: {format: delta}}` | changes of layers by name |

Only `true` and `false` are booleans (`no` and `on` are text), and dates and times stay text.

## Variables

| written | becomes |
|---|---|
| `${name}` | the variable, from `variables:` of lake.yaml or of the environment |
| `${env:NAME}` | the environment variable; refused if it isn't set |
| `${env:NAME:-default}` | the environment variable, or the default |
| `${lake.root}` | a value of the lake |
| `$${` | a plain `${` |

## Secrets

Files hold references, never values; a password that is written out is refused. A reference is resolved only
by the run that needs it, and is shown as `***`.

| reference | where the secret lies |
|---|---|
| `env://NAME` | the environment variable, else the git-ignored file `.env` of the working folder |
| `file:///run/secrets/db` | a file that only its owner may read (mode 0600) |
| `secret://vault/path` | what a package registers as `vault` in the entry point group `sluice.secrets` |

## On the command line

| `--set` | changes |
|---|---|
| `lake.parallel=4` | the lake |
| `jobs.corebank.customers.write.format=delta` | one job |
| `write.format=delta` | the jobs selected for this run, all if none is named |

One `--set` may hold several, separated by `;`. Values are written as in YAML. What follows `spark`,
`options`, `properties` or `variables` is one key: `--set lake.spark.spark.sql.shuffle.partitions=8`.

## In an editor

`python -m framework.config.schema job` prints a JSON Schema (`lake` and `env` too).
"""


def reference() -> str:
    """The whole page."""
    parts = [_HEAD, "## The job\n", _JOB_EXAMPLE, *_tables(Job), "## The lake\n", *_tables(Lake), _TAIL]
    return "\n".join(parts)


def _tables(model: type[Model]) -> Iterator[str]:
    yield _table(model)
    for path, below in _below(model, ""):
        yield f"### `{path}`\n"
        yield _table(below)


def _below(model: type[Model], above: str) -> Iterator[tuple[str, type[Model]]]:
    for key, field in fields_of(model).items():
        found = model_in(field.annotation)
        if found is not None and above + key != "land.from":
            yield above + key, found
            yield from _below(found, f"{above}{key}.")


def _table(model: type[Model]) -> str:
    rows = []
    for key, field in fields_of(model).items():
        cells = (f"`{key}`", _kind(key, field.annotation), _default(field), field.description or "")
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(["| key | value | default | meaning |", "|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _kind(key: str, annotation: Any) -> str:
    """What may stand there, in plain words."""
    if key == "read":
        return "a source (`read`), or sources by name"
    if key == "from":
        return "a source, as in `read`"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind("", arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind("", item) for item in arguments if item is not type(None))
    if origin is Literal:
        return ", ".join(f"`{item}`" for item in arguments)
    if origin is list:
        return f"list of {_plural(arguments[0])}"
    if origin is dict:
        return "mapping of names to values"
    return _simple(annotation)


def _plural(annotation: Any) -> str:
    found = model_in(annotation)
    return f"{found.__name__.lower()}s" if found else "texts" if annotation is str else _kind("", annotation)


def _simple(annotation: Any) -> str:
    if annotation is str:
        return "text"
    if annotation is bool:
        return "true or false"
    if annotation is int:
        return "whole number"
    if annotation is float:
        return "number"
    return "mapping, see below" if model_in(annotation) else "anything"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.default
    if default is None or default is PydanticUndefined or default in ({}, []) or isinstance(default, Model):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, list):
        return ", ".join(f"`{getattr(item, 'name', item)}`" for item in default)
    return f"`{default}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
