"""How long deletes are remembered, and what becomes of events that are older than that memory.

Tombstones carry the newest commit time of the batch that wrote them. When that of a later batch is further on than
`changes.tombstone_retention`, older tombstones are purged, and the greatest sequence among them is the watermark from
then on, a property of the table of tombstones. An event not newer than the watermark may be one that a forgotten delete
should have ended: if its key is live, complete and newer, it is superseded; otherwise it is quarantined as `too_late`.
Time is the source's throughout, never the clock's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType, TimestampNTZType, TimestampType

from framework.changes.columns import MARK, REASONS, SEQ, STATE, TIME, VERDICT
from framework.changes.facts import ENDED
from framework.changes.sequence import as_json, of_json
from framework.run.jobrun import JobRun
from framework.run.judge import one_reason
from framework.sql import quote

WATERMARK, PURGED = "sluice.watermark", "sluice.purged_until"
"""Properties of a table of tombstones: the greatest sequence that was purged (JSON), and up to which time."""
# an observed time would come as an object of Java
_NEWEST = "newest_micros"
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_STEPS = 10
"""A purge costs a commit, so it waits until a tenth of the retention can be purged."""


def retention_of(text: str) -> timedelta | None:
    """`30 days` as a duration; None for 0, which is for ever.

    >>> retention_of("36 hours"), retention_of("0")
    (datetime.timedelta(days=1, seconds=43200), None)
    """
    number, unit = re.fullmatch(r"(\d+) *([a-z]*?)s?", text).groups()  # type: ignore[union-attr]
    return timedelta(seconds=int(number) * _UNITS[unit or "second"]) or None


def commit_time(events: DataFrame) -> Column | None:
    """When the source committed each event: as the envelope says, or the sequence's first part if that is a time."""
    if TIME in events.columns:
        return F.col(TIME)
    kind = events.schema[SEQ].dataType
    if isinstance(kind, TimestampType | TimestampNTZType):
        return F.col(SEQ).cast("timestamp")
    first = kind.fields[0] if isinstance(kind, StructType) and kind.fields else None
    if first is not None and isinstance(first.dataType, TimestampType | TimestampNTZType):
        return F.col(SEQ).getField(first.name).cast("timestamp")
    return None


def watermark(run: JobRun, sequence: DataType) -> Column | None:
    """The greatest sequence that tombstones were purged up to, as a literal; None if nothing was ever purged."""
    if run.job.changes.ordered or not run.fmt.exists(run.tombstones):
        return None
    text = run.fmt.properties(run.tombstones).get(WATERMARK)
    if text is None:
        return None
    return of_json(text, sequence)


def retention_figures(judged: DataFrame, mark: Column | None) -> list[Column]:
    """How many events are not newer than the watermark, and the newest commit time: see `newest_time`."""
    good = F.col(VERDICT) == "good"
    beyond = F.count_if(good & (F.col(SEQ) <= mark)) if mark is not None else F.count_if(F.lit(False))
    time = commit_time(judged)
    micros = F.unix_micros(time) if time is not None else F.lit(None).cast("bigint")
    return [beyond.alias("beyond"), F.max(F.when(good, micros)).alias(_NEWEST)]


def newest_time(figures: Mapping[str, int | None]) -> datetime | None:
    """The newest commit time of a batch, from its figures; None if its events have none.

    >>> newest_time({"newest_micros": 1_000_001})
    datetime.datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=datetime.timezone.utc)
    """
    micros = figures.get(_NEWEST)
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=micros) if micros is not None else None


def reject_too_late(
    judged: DataFrame, mark: Column, target: DataFrame | None, keys: list[str], *, versioned: bool
) -> DataFrame:
    """The events with those rejected that what was purged might have changed.

    In a table of versions that is all but the ones that it shows: any other is an event of the past, whose neighbours
    may be forgotten.
    """
    late = (F.col(VERDICT) == "good") & (F.col(SEQ) <= mark)
    if target is None:
        safe, joined = F.lit(False), judged
    else:
        told = _shown(target, keys) if versioned else _live(target, keys)
        its_seq = F.col("_sluice_its_seq")
        same = [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
        proves = its_seq == F.col(SEQ) if versioned else its_seq > F.col(SEQ)
        joined = judged.join(told, [late, *same, proves], "left")
        safe = its_seq.isNotNull()
    why = one_reason("too_late", "older than the deletes that are still remembered")
    rejected = late & ~safe
    return joined.select(
        *[F.col(quote(name)) for name in judged.columns if name not in (VERDICT, REASONS)],
        F.when(rejected, "rejected").otherwise(F.col(VERDICT)).alias(VERDICT),
        F.when(rejected, why).otherwise(F.col(REASONS)).alias(REASONS),
    )


def _live(target: DataFrame, keys: list[str]) -> DataFrame:
    """Keys whose rows live and are complete, and how new those are."""
    lives = F.col(MARK).isNull() if MARK in target.columns else F.lit(True)
    return target.filter(F.col(STATE).isNull() & lives).select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        F.col(SEQ).alias("_sluice_its_seq"),
    )


def _shown(versions: DataFrame, keys: list[str]) -> DataFrame:
    """Keys with the sequences of what opened and closed their versions."""
    seqs = F.array(F.col(SEQ), F.col(STATE).getField(ENDED).getField("seq"))
    told = versions.select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        F.explode(seqs).alias("_sluice_its_seq"),
    )
    return told.filter(F.col("_sluice_its_seq").isNotNull()).distinct()


def first_purge(run: JobRun, newest: datetime | None) -> dict[str, str]:
    """Properties of a new table of tombstones: from when on a purge may be worth its commit."""
    keep = retention_of(run.job.changes.tombstone_retention)
    return {PURGED: (newest - keep).isoformat()} if keep is not None and newest is not None else {}


def purge(run: JobRun, newest: datetime | None) -> int:
    """Forget tombstones that are older than the retention, reckoned from the newest commit time seen; their number."""
    keep = retention_of(run.job.changes.tombstone_retention)
    if keep is None or newest is None or run.job.changes.ordered or not run.fmt.exists(run.tombstones):
        return 0
    cutoff = newest - keep
    properties = run.fmt.properties(run.tombstones)
    before = properties.get(PURGED)
    if before is not None and cutoff - datetime.fromisoformat(before) < keep / _STEPS:
        return 0
    tombstones = run.fmt.read(run.tombstones)
    old = tombstones.filter(F.col(TIME) < F.lit(cutoff))
    found = old.agg(F.count(F.lit(1)).alias("n"), as_json(F.max(SEQ)).alias("greatest")).collect()[0]
    settings = {PURGED: cutoff.isoformat()}
    if found.n:
        settings[WATERMARK] = _greater(
            run, tombstones.schema[SEQ].dataType, properties.get(WATERMARK), found.greatest
        )
    # the watermark first: after a crash between the two, events are judged too strictly rather than wrongly
    run.fmt.set_properties(run.tombstones, settings)
    if found.n:
        condition = f"{quote(TIME)} < TIMESTAMP '{cutoff.isoformat()}'"
        run.fmt.replace_where(tombstones.limit(0), run.tombstones, condition, None)
    return int(found.n)


def _greater(run: JobRun, kind: DataType, known: str | None, found: str) -> str:
    if known is None:
        return found
    greatest = F.greatest(*[of_json(text, kind) for text in (known, found)])
    return str(run.ctx.spark.range(1).select(as_json(greatest).alias("text")).collect()[0].text)
