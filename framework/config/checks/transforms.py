"""Transforms: one of SQL and Python, and a function that is there."""

from __future__ import annotations

import ast
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from framework.config.checks.problem import problem
from framework.config.job import Job
from framework.config.project import Project
from framework.config.words import did_you_mean
from framework.errors import ConfigError

_REFERENCE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")


def check_transform(project: Project, job: Job) -> Iterator[ConfigError]:
    """A transform has SQL or Python; the Python function is found without importing its module."""
    transform = job.transform
    if transform is None:
        return
    if bool(transform.sql) == bool(transform.python):
        yield problem(
            project,
            job,
            "transform",
            "has " + ("both sql and python" if transform.sql else "neither sql nor python"),
            expected="one of them",
        )
    if transform.python:
        yield from _python(project, job, transform.python)


def _python(project: Project, job: Job, reference: str) -> Iterator[ConfigError]:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        yield problem(
            project,
            job,
            "transform.python",
            "is no function",
            found=reference,
            expected="module:function, such as jobs.greatfin.person:build",
        )
        return
    module, function = match.groups()
    source = module_source(module, [str(Path(project.conf).resolve().parent), ".", *sys.path])
    if source is None:
        yield problem(
            project,
            job,
            "transform.python",
            f"names a module that isn't there: {module}",
            expected=f"a file {module.replace('.', '/')}.py "
            f"beside `{Path(project.conf).name}` or on the Python path",
        )
        return
    try:
        names = defined_names(source)
    except SyntaxError as error:
        yield problem(
            project,
            job,
            "transform.python",
            f"names a module that isn't valid Python: {module}",
            found=f"{error.msg} in line {error.lineno}",
        )
        return
    if function not in names and "*" not in names:
        yield problem(
            project,
            job,
            "transform.python",
            f"names a function that module {module} doesn't have",
            found=function,
            fix=did_you_mean(function, [name for name in names if not name.startswith("_")]),
        )


def module_source(module: str, folders: list[str]) -> str | None:
    """The text of a module found as a file in one of the folders or zips; nothing is imported."""
    path = module.replace(".", "/")
    for folder in dict.fromkeys(folders):
        base = Path(folder or ".")
        for name in (f"{path}.py", f"{path}/__init__.py"):
            if (base / name).is_file():
                return (base / name).read_text(encoding="utf-8")
            if base.suffix in (".zip", ".egg") and base.is_file():
                with zipfile.ZipFile(base) as archive:
                    if name in archive.namelist():
                        return archive.read(name).decode("utf-8")
    return None


def defined_names(source: str) -> list[str]:
    """The names a module's top level makes; `*` if it takes in those of another module.

    >>> defined_names("import os\\nfrom x import y as z\\nA = 1\\ndef f(): ...")
    ['os', 'z', 'A', 'f']
    """
    return [name for node in ast.parse(source).body for name in _names(node)]


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    if isinstance(node, ast.If | ast.Try):
        return [
            name
            for below in ast.iter_child_nodes(node)
            if isinstance(below, ast.stmt)
            for name in _names(below)
        ]
    return []
