"""Whatever is broken in a file, the answer is a message with a place, in plain words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from framework.config import yaml_file
from framework.config.tree import plain
from framework.config.validation import Validation

Check = Callable[..., Validation]
Path = tuple[str | int, ...]

LAKE = """
name: bank
root: /data/lake
layers:
  - {name: raw, aliases: [landing], tables: false, location: /data/raw}
  - {name: standardized, aliases: [bronze], format: delta, same_layer: false}
catalog: {name: lake, type: rest, uri: "https://catalog/x", warehouse: /w, properties: {a.b: c}}
spark: {spark.sql.shuffle.partitions: 4}
parallel: 2
variables: {bank: greatfin}
defaults:
  {write: {evolution: widen}, quality: {compat: strict}, changes: {on_tie: error}, spark: {a: b}, tags: [x]}
"""
JOB = """
job: corebank.customers
description: Customers
tags: [bank]
land:
  from:
    {format: jdbc, url: "jdbc:x://h/d", table: public.c, user: me, password: "env://P", incremental: id}
  to: raw/customers
read:
  format: dms
  path: raw/customers
  options: {header: true}
  schema:
    id: bigint
    at: {type: date, format: d-MMM-yy, comment: When, source: AT}
changes: {keys: [id], sequence: [seq], history: scd1, envelope: dms, on_tie: error, ordered: true}
transform: {sql: select 1}
quality:
  {rules: ['IsComplete "id"'], on_failure: drop, dataset_failure: warn, max_rejects: 3, max_reject_ratio: 0.5}
write:
  table: standardized.corebank.customers
  format: delta
  mode: merge
  partition_by: ["bucket(4, id)"]
  evolution: strict
  properties: {a: 1}
  comment: Customers
spark: {a: b}
enabled: true
"""
ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    "",
    "odd words",
    "a:b:c",
    "${",
    [],
    [None],
    [[]],
    {},
    {"odd": None},
    {"a": {"b": [1]}},
)
RAW = (
    "Input should",
    "Field required",
    "Extra inputs",
    "pydantic",
    "Traceback",
    "another value",
    "discriminator",
)


def _paths(data: Any, above: Path = ()) -> Iterator[Path]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield (*above, key)
        yield from _paths(item, (*above, key))


def _with(data: Any, path: Path, value: Any) -> Any:
    changed = copy.deepcopy(data)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return changed


def _misspelt(data: Any, path: Path) -> Any:
    changed = copy.deepcopy(data)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    name = str(path[-1])
    inner[name[:-1] + "zz" if len(name) > 3 else name + "z"] = inner.pop(path[-1])
    return changed


@pytest.mark.parametrize("file", ["lake.yaml", "jobs/x.yaml"])
def test_any_value_in_any_place_is_taken_or_refused_in_plain_words_with_its_place(
    file: str, check: Check
) -> None:
    files = {"lake.yaml": LAKE, "jobs/x.yaml": JOB}
    data = plain(yaml_file.read(files[file], file))
    for path in _paths(data):
        for odd in ODD:
            changed = json.dumps(_with(data, path, odd), indent=1)
            for problem in check({**files, file: changed}).problems:
                text = str(problem)
                assert not any(word in text for word in RAW), (path, odd, text)
                assert problem.where is not None and problem.where.startswith("conf/"), (path, odd, text)


FREE = {"options", "properties", "variables", "spark"}


@pytest.mark.parametrize("file", ["lake.yaml", "jobs/x.yaml"])
def test_any_misspelt_key_is_refused_with_the_right_one(file: str, check: Check) -> None:
    files = {"lake.yaml": LAKE, "jobs/x.yaml": JOB}
    data = plain(yaml_file.read(files[file], file))
    for path in _paths(data):
        name, above = path[-1], path[:-1]
        if isinstance(name, int) or set(above) & FREE or above[-1:] in (("schema",), ("layers",)):
            continue
        texts = [
            str(problem)
            for problem in check({**files, file: json.dumps(_misspelt(data, path), indent=1)}).problems
        ]
        assert any(f"Did you mean `{name}`?" in text for text in texts), (path, texts)
