"""The Spark settings of an Iceberg catalog, by its type.

Delta has `spark_catalog`; Iceberg lives under names of its own, and is never a `SparkSessionCatalog` beside Delta.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from framework.errors import SessionError
from framework.session.settings import CatalogSettings, SessionSettings, local_root, root_uri

SPARK_CATALOG = "org.apache.iceberg.spark.SparkCatalog"
_SQLITE = "jdbc:sqlite:"
# A commit waits for another one this long before SQLite says that the database is locked.
_BUSY_TIMEOUT_MS = "60000"


def catalog_conf(catalog: CatalogSettings, settings: SessionSettings) -> dict[str, str]:
    """The settings of one catalog.

    >>> lake = SessionSettings(app_name="a", lake_root="/lake")
    >>> catalog_conf(CatalogSettings("ice", "hadoop"), lake)["spark.sql.catalog.ice.warehouse"]
    '/lake'
    """
    prefix = f"spark.sql.catalog.{_checked_name(catalog)}"
    options = {**_by_type(catalog, settings), "cache-enabled": "false", **catalog.properties}
    return {prefix: SPARK_CATALOG, **{f"{prefix}.{key}": value for key, value in options.items()}}


def sqlite_file(catalog: CatalogSettings, settings: SessionSettings) -> Path | None:
    """The database file of a `jdbc` catalog on SQLite; None for every other catalog."""
    uri = jdbc_uri(catalog, settings) if catalog.type == "jdbc" else ""
    if not uri.startswith(_SQLITE):
        return None
    path = uri.removeprefix(_SQLITE).removeprefix("file:").split("?")[0]
    return Path(unquote(path)) if path and path != ":memory:" else None


def jdbc_uri(catalog: CatalogSettings, settings: SessionSettings) -> str:
    """The catalog's URI, by default a SQLite file inside the lake."""
    if catalog.uri:
        return catalog.uri
    root = local_root(settings)
    if root is None:
        raise SessionError(
            f"catalog {catalog.name} of type jdbc has no `uri`, and SQLite can't live in {settings.lake_root}",
            expected="the JDBC address of a database",
            fix=f"Set `uri:` of catalog {catalog.name}, e.g. jdbc:postgresql://host/db, or use type glue or rest.",
        )
    return f"{_SQLITE}file:{root}/_sluice/{catalog.name}.db"


def warehouse(catalog: CatalogSettings, settings: SessionSettings) -> str:
    """Where the catalog's tables are, by default below the lake's root."""
    return catalog.warehouse or root_uri(settings)


def _by_type(catalog: CatalogSettings, settings: SessionSettings) -> dict[str, str]:
    house = warehouse(catalog, settings)
    match catalog.type:
        case "hadoop":
            return {"type": "hadoop", "warehouse": house}
        case "jdbc":
            return _jdbc(jdbc_uri(catalog, settings), house)
        case "glue":
            implementation = {"catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog", "warehouse": house}
            return {**implementation, "io-impl": "org.apache.iceberg.aws.s3.S3FileIO"}
        case "hive":
            return {"type": "hive", "warehouse": house, **({"uri": catalog.uri} if catalog.uri else {})}
        case "rest":
            # A REST server knows its own warehouse: only a name that was given on purpose is passed on.
            named = {"warehouse": catalog.warehouse} if catalog.warehouse else {}
            return {"type": "rest", "uri": _required_uri(catalog), **named}


def _jdbc(uri: str, house: str) -> dict[str, str]:
    options = {"type": "jdbc", "uri": uri, "warehouse": house, "jdbc.schema-version": "V1"}
    return {**options, "jdbc.busy_timeout": _BUSY_TIMEOUT_MS} if uri.startswith(_SQLITE) else options


def _required_uri(catalog: CatalogSettings) -> str:
    if not catalog.uri:
        raise SessionError(
            f"catalog {catalog.name} of type {catalog.type} has no address",
            fix=f"Set `uri:` of catalog {catalog.name}.",
        )
    return catalog.uri


def _checked_name(catalog: CatalogSettings) -> str:
    if catalog.name == "spark_catalog" or not catalog.name.isidentifier():
        raise SessionError(
            "an Iceberg catalog has a name that it can't have",
            found=repr(catalog.name),
            expected="letters, digits and underscores, and not spark_catalog, which is Delta's",
            fix="Rename it under `catalogs:` of the lake.",
        )
    return catalog.name
