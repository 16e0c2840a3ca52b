"""conformed.nyc.delays: flights with carrier, destination, plane and weather beside them."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def build(
    flights: DataFrame, airlines: DataFrame, airports: DataFrame, planes: DataFrame, weather: DataFrame
) -> DataFrame:
    """One row per flight, whatever is known of the rest: each table is joined on its key, from the left.

    17 % of the planes, four airports and some hours of weather are in no table: NULL, and the flight stays.
    """
    carriers = airlines.select("carrier", F.col("name").alias("carrier_name"))
    places = airports.select(F.col("faa").alias("dest"), F.col("name").alias("dest_name"))
    models = planes.select("tailnum", F.col("year").alias("plane_year"), "manufacturer", "model", "seats")
    hours = weather.select("origin", "time_hour", "temp", "wind_speed", "precip", "visib")
    return (
        flights.join(F.broadcast(carriers), "carrier", "left")
        .join(F.broadcast(places), "dest", "left")
        .join(F.broadcast(models), "tailnum", "left")
        .join(F.broadcast(hours), ["origin", "time_hour"], "left")
        .select(
            F.make_date("year", "month", "day").alias("date"),
            "month",
            "carrier",
            "carrier_name",
            "flight",
            "tailnum",
            "plane_year",
            "manufacturer",
            "model",
            "seats",
            "origin",
            "dest",
            "dest_name",
            "distance",
            "dep_delay",
            "arr_delay",
            F.col("dep_time").isNull().alias("cancelled"),
            "temp",
            "wind_speed",
            "precip",
            "visib",
            ((F.col("precip") > 0) | (F.col("visib") < 3)).alias("bad_weather"),
            "time_hour",
        )
    )
