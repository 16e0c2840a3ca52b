"""JSON Schema of the files, so that an editor completes keys and marks mistakes while one types.

python -m framework.config.schema job > .vscode/job.schema.json

# yaml-language-server: $schema=../.vscode/job.schema.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Literal

from framework.config.base import Model
from framework.config.job import Job
from framework.config.lake import Lake
from framework.config.load import DEFAULTS

Kind = Literal["job", "lake", "env"]
Schema = dict[str, Any]

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{.+\}"}
"""What may stand for a value of any kind: `${variable}`."""
_FREE_TEXT: Schema = {"type": ["string", "number", "boolean"]}
_META = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Kind = "job") -> Schema:
    """The schema of a job's file, of lake.yaml, or of an environment's file.

    >>> sorted(json_schema("job")["required"])
    ['job', 'read', 'write']
    """
    makers: dict[str, Callable[[], Schema]] = {"job": _job, "lake": _lake, "env": _environment}
    return makers[kind]()


def _job() -> Schema:
    return _finished(_short_shapes(_model(Job)), "A job of Sluice")


def _lake() -> Schema:
    schema = _model(Lake)
    job = _finished(_short_shapes(_model(Job)), "")
    schema["$defs"] |= job.pop("$defs")
    schema["properties"]["defaults"] = _partial(
        {
            "type": "object",
            "properties": {key: job["properties"][key] for key in DEFAULTS},
            "additionalProperties": False,
        },
    )
    layers = schema["properties"]["layers"]
    change = _partial({**schema["$defs"]["Layer"]})
    schema["properties"]["layers"] = {
        "description": layers["description"],
        "anyOf": [
            {key: layers[key] for key in ("type", "items", "minItems")},
            {"type": "object", "additionalProperties": change},
        ],
    }
    schema["$defs"] |= {
        f"Default{name}": _partial(schema["$defs"][name]) for name in ("Changes", "Quality", "Write")
    }
    return _with_default_refs(_finished(schema, "The lake of Sluice (conf/lake.yaml)"))


def _environment() -> Schema:
    schema = _partial(_lake())
    return {**schema, "title": "An environment of Sluice (conf/env/<name>.yaml): what differs from lake.yaml"}


def _model(model: type[Model]) -> Schema:
    return model.model_json_schema(by_alias=True, mode="validation")


def _partial(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key != "required"}


def _with_default_refs(schema: Schema) -> Schema:
    """`defaults:` needs no `write.table`: its mappings are those of a job without required keys."""
    for key, name in (("changes", "Changes"), ("quality", "Quality"), ("write", "Write")):
        schema["properties"]["defaults"]["properties"][key] = {"$ref": f"#/$defs/Default{name}"}
    return schema


def _short_shapes(schema: Schema) -> Schema:
    """Adds the shapes that loading turns into the models': columns by name, rules as a list."""
    read, quality = schema["$defs"]["Read"]["properties"], schema["$defs"]["Quality"]["properties"]
    column = _partial(schema["$defs"]["Column"])
    by_name = {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, column]}}
    as_list = {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/Column"}, {"type": "string"}]}}
    read["schema"] = {"description": read["schema"].get("description", ""), "anyOf": [by_name, as_list]}
    quality["rules"] = {
        "description": quality["rules"].get("description", ""),
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    return schema


def _finished(schema: Schema, title: str) -> Schema:
    open_to_references = {
        key: _open(value) if key == "properties" or key == "$defs" else value for key, value in schema.items()
    }
    return {"$schema": _META, **open_to_references, "title": title}


def _open(node: Any) -> Any:
    """The schema with `${...}` allowed wherever a number, a boolean or one of several words is wanted."""
    if isinstance(node, list):
        return [_open(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") in ("integer", "number", "boolean") or "enum" in node:
        told = {key: node[key] for key in ("description", "default", "title") if key in node}
        return {**told, "anyOf": [{key: value for key, value in node.items() if key not in told}, _REFERENCE]}
    if node.get("type") == "object" and node.get("additionalProperties") == {"type": "string"}:
        return {**node, "additionalProperties": _FREE_TEXT}
    return {key: _open(value) for key, value in node.items()}


def main(arguments: list[str]) -> int:
    """Print the schema of `job` (default), `lake` or `env`."""
    kind = arguments[0] if arguments else "job"
    if kind not in ("job", "lake", "env"):
        sys.stderr.write("usage: python -m framework.config.schema [job | lake | env]\n")
        return 2
    sys.stdout.write(json.dumps(json_schema(kind), indent=2) + "\n")  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
