"""conformed.party.person: customers and employees as people."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def build(customers: DataFrame, employees: DataFrame) -> DataFrame:
    """One row per person and role.

    customers   7, Grace, O'Brien, ...   ->   C-7     customer   Grace O'Brien   ...
    employees   102, Smith, John, ...    ->   E-102   employee   John Smith      ...
    """
    return _people(
        customers, "C-", "customer_id", "customer", F.col("email"), F.col("segment"), "opened_at"
    ).unionByName(_people(employees, "E-", "employee_id", "employee", _unknown(), _unknown(), "hire_date"))


def _people(
    df: DataFrame, prefix: str, key: str, role: str, email: Column, segment: Column, since: str
) -> DataFrame:
    return df.select(
        F.concat(F.lit(prefix), F.col(key).cast("string")).alias("person_id"),
        F.lit(role).alias("role"),
        F.concat_ws(" ", "first_name", "last_name").alias("full_name"),
        email.alias("email"),
        F.col("city"),
        segment.alias("segment"),
        F.to_date(since).alias("since"),
    )


def _unknown() -> Column:
    return F.lit(None).cast("string")
