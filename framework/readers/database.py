"""A database as an address: how it is connected to, how its names are written, what it says when it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError

from framework.config.secrets import hidden, literal_in_url, resolve, reveal, reveal_all
from framework.errors import ConfigError, ReadError
from framework.readers.failures import told

if TYPE_CHECKING:
    from pyspark.sql import DataFrameReader

    from framework.config.job import Read
    from framework.context import RunContext

_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "org.postgresql.Driver",
        "mysql": "com.mysql.cj.jdbc.Driver",
        "mariadb": "org.mariadb.jdbc.Driver",
        "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
        "oracle": "oracle.jdbc.OracleDriver",
    }
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*|\".*\"|`.*`|\[.*\]")
_REFUSALS = (
    (
        r"08|.*(UnknownHost|Communications link failure)",
        "cannot reach the database at {where}",
        "Check read.url, and that the server runs and lets this machine in.",
    ),
    (r"28", "the database at {where} refuses the user", "Check read.user and read.password."),
    (
        r".*ClassNotFoundException",
        "there is no driver for the database at {where}",
        "Add its jar to the session.",
    ),
)
"""SQL state and text of what a driver says, what that means, and what to do."""


def address_of(url: str) -> str:
    """Host and port of a JDBC address, never more.

    >>> address_of("jdbc:postgresql://me:secret@db.example:5432/bank?password=x")
    'db.example:5432'
    """
    found = re.search(r"//([^/?;]+)", url)
    return (
        found[1].rpartition("@")[2] if found else url.split(":")[1] if url.count(":") > 1 else "its address"
    )


def reader_of(ctx: RunContext, source: Read) -> DataFrameReader:
    """A reader that is connected to the source's database.

    Raises:
        ConfigError: there is no address, or it carries a password.
    """
    url = reveal(source.url)
    if not url:
        raise ConfigError(
            "a source of format jdbc has no address",
            fix="Set read.url, such as jdbc:postgresql://host:5432/db.",
        )
    if literal_in_url(str(source.url)):
        raise ConfigError(
            "the address of a database carries a password",
            found=hidden(str(source.url)),
            fix="Set read.user and read.password.",
        )
    options: dict[str, Any] = {"url": url, "fetchsize": "10000", **reveal_all(source.options)}
    driver = _DRIVERS.get(url.split(":")[1] if url.count(":") else "")
    if driver:
        options.setdefault("driver", driver)
    if source.user:
        options["user"] = reveal(source.user)
    if source.password:
        options["password"] = resolve(source.password).reveal()
    return ctx.spark.read.format("jdbc").options(**options)


def relation_of(source: Read) -> str:
    """The table or query, as SQL reads from it."""
    if source.query:
        return f"({source.query.strip().rstrip(';')}) sluice_query"
    if not source.table:
        raise ConfigError(
            "a source of format jdbc names nothing to read", fix="Set read.table or read.query."
        )
    # plain names stay as they are, so that the database folds their case as it does; others need quotes
    return ".".join(
        part if _PLAIN_NAME.fullmatch(part) else '"' + part.replace('"', '""') + '"'
        for part in source.table.split(".")
    )


def quoted_in(ctx: RunContext, source: Read, name: str) -> str:
    """A column's name in the database's own quotes."""
    dialects: Any = ctx.spark._jvm.org.apache.spark.sql.jdbc.JdbcDialects  # type: ignore[union-attr]
    return str(dialects.get(reveal(source.url)).quoteIdentifier(name))


def named(source: Read) -> str:
    """What is read, without anything secret: database, then table or query."""
    address = re.sub(r"[?;].*", "", hidden(str(source.url)))
    return f"{address} {source.table or 'query'}"


def refused(source: Read, error: Exception) -> ReadError:
    """Why a database didn't answer; its text without the password."""
    where = address_of(reveal(source.url) or "")
    state, said = _state(error)
    password = resolve(source.password).reveal() if source.password else ""
    said = hidden(said.replace(password, "***") if password else said)
    for condition, what, fix in _REFUSALS:
        if re.match(condition, f"{state}|{said}"):
            return ReadError(what.format(where=where), found=said, fix=fix)
    return ReadError(
        f"cannot read {source.table or 'the query'} from the database at {where}",
        found=said,
        fix="Check read.table, read.query and read.incremental.",
    )


def _state(error: Exception) -> tuple[str, str]:
    """SQL state and first line of the innermost SQL exception."""
    if not isinstance(error, Py4JJavaError):
        return "", told(error)
    cause: Any = error.java_exception
    while cause.getCause() is not None and "SQLException" not in cause.getClass().getName():
        cause = cause.getCause()
    state = cause.getSQLState() if "SQL" in cause.getClass().getSimpleName() else ""
    return state or "", str(cause.toString()).splitlines()[0]
