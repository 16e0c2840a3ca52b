"""The lake as configuration: its layers, their table format and place, and the Iceberg catalog."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from framework.config.base import Model, Settings
from framework.config.places import absolute

TableFormatName = Literal["iceberg", "delta"]


Place = Annotated[str, AfterValidator(absolute)]
"""A folder or URI; relative ones and `file:` URIs become absolute paths, so that each place has one spelling."""


class Layer(Model):
    """One level of the lake; data moves forward only, in the order in which the layers are listed."""

    name: str = Field(description="Name of the layer, first part of every table's name in it.")
    aliases: list[str] = Field(default=[], description="Other names for the layer, such as bronze or silver.")
    format: TableFormatName = Field(default="iceberg", description="Format of tables that don't name one.")
    location: Place | None = Field(
        default=None, description="Where the layer's data lies; default `<root>/<name>`."
    )
    tables: bool = Field(default=True, description="False for a layer of files (raw).")
    same_layer: bool = Field(
        default=False, description="True if a job may read tables of the layer it writes to."
    )


class Catalog(Model):
    """The Iceberg catalog. `jdbc` on SQLite is the default of a local lake."""

    name: str = Field(default="lake", description="Name of the catalog in Spark SQL; never `spark_catalog`.")
    type: Literal["jdbc", "hadoop", "glue", "rest", "hive"] = Field(
        default="jdbc", description="Kind of the catalog."
    )
    uri: str | None = Field(default=None, description="jdbc, rest, hive: where the catalog answers.")
    warehouse: str | None = Field(default=None, description="Root of the tables; default `<root>`.")
    properties: Settings = Field(
        default={}, description="Any other property of the catalog, as Iceberg names it."
    )


class Lake(Model):
    """`lake.yaml`: what all jobs share."""

    name: str = Field(default="lake", description="Name of the lake, shown in reports and lineage.")
    root: Place = Field(description="Path or URI below which everything of the lake lies.")
    layers: list[Layer] = Field(
        min_length=1,
        description="All layers, in order. A mapping by name changes some of them: "
        "`layers: {raw: {location: ...}}`.",
        default=[
            Layer(name="raw", aliases=["landing"], tables=False),
            Layer(name="standardized", aliases=["bronze"]),
            Layer(name="conformed", aliases=["silver"]),
            Layer(name="enriched", aliases=["gold"]),
        ],
    )
    catalog: Catalog = Field(default=Catalog(), description="The Iceberg catalog.")
    spark: Settings = Field(default={}, description="Spark settings for every run of this lake.")
    parallel: int = Field(
        default=2, ge=1, le=64, description="How many jobs run side by side in one pipeline."
    )
    fold_ledger_after: int = Field(
        default=100,
        ge=0,
        description="So many runs' facts may wait before a run moves them into the ledger's tables at its end; 0: only "
        "`sluice ledger fold` does.",
    )
    variables: Settings = Field(default={}, description="Values for `${name}` in any file.")
    defaults: dict[str, Any] = Field(
        default={},
        description="Keys of every job that doesn't set them itself: changes, quality, spark, tags, write.",
    )
