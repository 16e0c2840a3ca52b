"""Rules that compare the data with other data."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.quality.columns import Columns, Found, shown
from framework.quality.dataset.question import Bench, Figures, Question, Verdict, against, ratio
from framework.quality.dataset.reference import reference
from framework.quality.nodes import Leaf
from framework.quality.references import PRIMARY, Aggregate, parse_aggregate, parse_integrity, parse_mapping

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def row_count_match(leaf: Leaf, bench: Bench) -> Question:
    """RowCountMatch: our rows over the reference's."""
    from pyspark.sql import functions as F

    condition, alias = leaf.condition, leaf.names[0]
    assert condition is not None
    reference(leaf, bench)
    rows = {"rows": F.count(F.lit(1))}

    def answer(figures: Figures) -> Verdict:
        ours, theirs = figures.scan["rows"], figures.references[alias]["rows"]
        return against(condition, _quotient(ours, theirs)) if theirs or not ours else _empty(alias)

    return Question(answer, rows, references={alias: rows})


def aggregate_match(leaf: Leaf, bench: Bench) -> Question:
    """AggregateMatch: one sum or average over another."""
    condition = leaf.condition
    assert condition is not None
    aggregates = [aggregate for aggregate in map(parse_aggregate, leaf.names) if aggregate]
    columns = [_aggregate(leaf, bench, aggregate) for aggregate in aggregates]
    scan: dict[str, Column] = {}
    references: dict[str, dict[str, Column]] = {}
    for number, (aggregate, column) in enumerate(zip(aggregates, columns, strict=True)):
        place = scan if aggregate.source == PRIMARY else references.setdefault(aggregate.source, {})
        place[f"a{number}"] = column

    def answer(figures: Figures) -> Verdict:
        found = {**figures.scan, **{k: v for part in figures.references.values() for k, v in part.items()}}
        first, second = found["a0"], found["a1"]
        if first is None or second is None:
            return Verdict(False, reason="there are no values to measure")
        return against(condition, _quotient(first, second))

    return Question(answer, scan, references=references)


def _aggregate(leaf: Leaf, bench: Bench, aggregate: Aggregate) -> Column:
    from pyspark.sql import functions as F

    ours = aggregate.source == PRIMARY
    columns = bench.columns if ours else Columns(reference(leaf, bench, aggregate.source).schema)
    value = columns.find(aggregate.column, leaf.kind).column.cast("double")
    return F.sum(value) if aggregate.function == "sum" else F.avg(value)


def _quotient(first: float, second: float) -> float:
    """Glue's: nothing against nothing is 1, something against nothing 0."""
    if not second:
        return 0.0 if first else 1.0
    return first / second


def _empty(alias: str) -> Verdict:
    return Verdict(False, reason=f"the reference {alias} has no rows")


def referential_integrity(leaf: Leaf, bench: Bench) -> Question:
    """ReferentialIntegrity: the share of rows whose values the reference has; NULL is found nowhere."""
    parsed = parse_integrity(*leaf.names)
    assert parsed is not None
    other = reference(leaf, bench, parsed.source)
    ours = [bench.find(leaf, name) for name in parsed.columns]
    theirs = [Columns(other.schema).find(name, leaf.kind) for name in parsed.reference_columns]
    return Question(lambda figures: _integrity(leaf, bench.df, ours, other, theirs))


def _integrity(
    leaf: Leaf, df: DataFrame, ours: list[Found], other: DataFrame, theirs: list[Found]
) -> Verdict:
    from pyspark.sql import functions as F

    text = F.concat_ws(", ", *(F.concat(F.lit(f"{found.name} = "), shown(found)) for found in ours))
    keys = [f"k{i}" for i in range(len(ours))]
    left = df.groupBy(*[found.column.alias(key) for found, key in zip(ours, keys, strict=True)]).agg(
        F.count(F.lit(1)).alias("n"), F.first(text).alias("example")
    )
    right = other.select(
        *[found.column.alias(f"r{key}") for found, key in zip(theirs, keys, strict=True)]
    ).distinct()
    found = left.join(right, _equal([(left[key], right[f"r{key}"]) for key in keys]), "left")
    hit = F.col("rk0").isNotNull()
    row = found.agg(
        F.coalesce(F.sum("n"), F.lit(0)).alias("rows"),
        F.coalesce(F.sum(F.when(hit, F.col("n"))), F.lit(0)).alias("good"),
        F.min(F.when(~hit, F.col("example"))).alias("example"),
    ).first()
    assert row is not None
    verdict = ratio(leaf.condition, row["good"], row["rows"])
    if verdict.passed:
        return verdict
    return Verdict(
        False, verdict.measured, f"{verdict.reason}; not found: {row['example']}", verdict.failed_rows
    )


def dataset_match(leaf: Leaf, bench: Bench) -> Question:
    """DatasetMatch: the share of rows that the reference has under the same key with the same values."""
    other = reference(leaf, bench)
    theirs = Columns(other.schema)
    keys = parse_mapping(leaf.names[1])
    values = parse_mapping(leaf.names[2]) if len(leaf.names) > 2 else _other_columns(bench, theirs, set(keys))
    key_pairs = [(bench.find(leaf, a), theirs.find(b, leaf.kind)) for a, b in keys.items()]
    value_pairs = [(bench.find(leaf, a), theirs.find(b, leaf.kind)) for a, b in values.items()]
    return Question(lambda figures: _match(leaf, bench.df, other, key_pairs, value_pairs))


def _other_columns(bench: Bench, theirs: Columns, keys: set[str]) -> dict[str, str]:
    ours = [name for name in bench.columns.names if name not in keys]
    known = {name.lower() for name in theirs.names}
    missing = [name for name in ours if name.lower() not in known]
    if missing:
        raise ConfigError("columns are missing in the reference", found=", ".join(missing[:20]))
    return {name: name for name in ours}


def _match(
    leaf: Leaf,
    df: DataFrame,
    other: DataFrame,
    keys: list[tuple[Found, Found]],
    values: list[tuple[Found, Found]],
) -> Verdict:
    from pyspark.sql import functions as F

    left = _by_key(df, [ours for ours, _ in keys], [ours for ours, _ in values], "l")
    right = _by_key(other, [theirs for _, theirs in keys], [theirs for _, theirs in values], "r")
    on = _equal([(F.col(f"lk{i}"), F.col(f"rk{i}")) for i in range(len(keys))])
    same = (
        _all([F.col(f"lv{i}").eqNullSafe(F.col(f"rv{i}")) for i in range(len(values))])
        & F.col("rn").isNotNull()
    )
    row = (
        left.join(right, on, "left")
        .agg(
            F.coalesce(F.sum("ln"), F.lit(0)).alias("rows"),
            F.count_if(same).alias("good"),
            F.count_if((F.col("ln") > 1) | (F.col("rn") > 1)).alias("double"),
        )
        .first()
    )
    assert row is not None
    if row["double"]:
        return Verdict(False, reason=f"the keys are not unique: {row['double']} occur more than once")
    return ratio(leaf.condition, row["good"], row["rows"])


def _by_key(df: DataFrame, keys: list[Found], values: list[Found], side: str) -> DataFrame:
    from pyspark.sql import functions as F

    kept = [F.first(found.column).alias(f"{side}v{i}") for i, found in enumerate(values)]
    grouped = df.groupBy(*[found.column.alias(f"{side}k{i}") for i, found in enumerate(keys)])
    return grouped.agg(F.count(F.lit(1)).alias(f"{side}n"), *kept)


def _equal(pairs: list[tuple[Column, Column]]) -> Column:
    return _all([left == right for left, right in pairs])


def _all(conditions: list[Column]) -> Column:
    from pyspark.sql import functions as F

    return reduce(lambda left, right: left & right, conditions, F.lit(True))
