"""From a job's sources to its events: read, decode, transform."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from framework.changes.columns import BAD, OP, PREFIX, RAW, SEQ, SRC
from framework.changes.envelopes import MESSAGES, find_decoder
from framework.config.job import Job, Read, Transform
from framework.context import RunContext
from framework.errors import ConfigError, SluiceError
from framework.readers import find_reader
from framework.readers.base import Inputs, StrictReader
from framework.readers.declared import parse_type
from framework.run.union import united
from framework.tables import table_format, table_ref

_TRANSPORT = (SRC, BAD, RAW)


def envelope_of(job: Job, source: Read) -> str:
    """The envelope the source's rows come in."""
    return job.changes.envelope or find_reader(source.format).envelope


def read_events(
    ctx: RunContext,
    job: Job,
    inputs: Mapping[str, Inputs],
    *,
    positions: bool,
    mend: Callable[[DataFrame, bool], DataFrame] | None = None,
) -> DataFrame:
    """What the inputs hold, in the normal form.

    `mend` makes the records to decode of those that were read, and is called again with the events, where the records
    are messages: its second argument says whether the columns of rows are there.
    """
    united_later = job.transform is None and len(job.sources) > 1
    frames = {
        name: (
            find_reader(source.format).read(ctx, _as_read(job, source), inputs[name], positions=positions)
            if inputs.get(name) or not united_later
            else _idle(ctx, job, name, source)
        )
        for name, source in job.sources.items()
    }
    if job.transform is not None:
        return _transformed(ctx, job, frames)
    events = [_mended(ctx, job, job.sources[name], frame, mend) for name, frame in frames.items()]
    return united(job.job, list(frames), events) if len(events) > 1 else events[0]


def read_strictly(ctx: RunContext, job: Job, inputs: Mapping[str, Inputs]) -> DataFrame | None:
    """The rows of the one source of a job that takes them as they are, stopping at the first that can't be read.

    None if the job does anything to its rows, or the source can't be read so: then `read_events` reads.
    """
    if job.transform is not None or len(job.sources) != 1:
        return None
    ((name, source),) = job.sources.items()
    reader = find_reader(source.format)
    if envelope_of(job, source) != "rows" or not isinstance(reader, StrictReader):
        return None
    return reader.read_strictly(ctx, source, inputs[name])


def _idle(ctx: RunContext, job: Job, name: str, source: Read) -> DataFrame:
    """A source that has nothing new: which columns its events don't carry has to be known all the same.

    Raises:
        ConfigError: it doesn't declare its columns.
    """
    if source.columns is None:
        raise ConfigError(
            f"job {job.job}: source {name} has nothing new, and nothing tells its columns",
            fix=f"Declare them in read.{name}.schema: the table must know which source carries what.",
        )
    # the text of a message
    fields = [StructField("value", StringType())]
    if envelope_of(job, source) not in MESSAGES:
        fields = [StructField(column.name, parse_type(column)) for column in source.columns]
    return _with_transport(ctx.spark.createDataFrame([], StructType(fields)))


def _mended(
    ctx: RunContext,
    job: Job,
    source: Read,
    frame: DataFrame,
    mend: Callable[[DataFrame, bool], DataFrame] | None,
) -> DataFrame:
    if mend is None:
        return _decoded(ctx, job, source, frame)
    messages = envelope_of(job, source) in MESSAGES
    events = _decoded(ctx, job, source, mend(frame, not messages))
    return mend(events, True) if messages else events


def _as_read(job: Job, source: Read) -> Read:
    """The source as its reader sees it: the columns of a message's row are none of the text's."""
    if envelope_of(job, source) in MESSAGES:
        return source.model_copy(update={"columns": None})
    return source


def _transformed(ctx: RunContext, job: Job, frames: Mapping[str, DataFrame]) -> DataFrame:
    """The transform's result as events; records that can't be read pass beside it."""
    bad = [
        frame.filter(frame[BAD].isNotNull()).select(*_TRANSPORT)
        for name, frame in frames.items()
        if _is_file(job, name)
    ]
    clean = {
        name: (frame.filter(frame[BAD].isNull()) if _is_file(job, name) else frame)
        for name, frame in frames.items()
    }
    single = next(iter(job.sources.values())) if len(frames) == 1 else None
    if single is not None and envelope_of(job, single) != "rows":
        ((name, frame),) = clean.items()
        result = _apply(ctx.spark, job, {name: _decoded(ctx, job, single, frame)})
        _require(job, result, (OP, SEQ))
    else:
        plain = {name: frame.drop(*_TRANSPORT) for name, frame in clean.items()}
        result = _with_transport(_apply(ctx.spark, job, plain))
        result = find_decoder("rows")(result, job, next(iter(job.sources.values())))
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), bad, result)


def _decoded(ctx: RunContext, job: Job, source: Read, frame: DataFrame) -> DataFrame:
    """The source's rows in the normal form; envelopes of messages may look at the table for types."""
    envelope = envelope_of(job, source)
    target = _target_schema(ctx, job) if envelope in MESSAGES else None
    return find_decoder(envelope)(frame, job, source, target)


def _target_schema(ctx: RunContext, job: Job) -> StructType | None:
    ref = table_ref(ctx.lake, job.write.table, job.write.format)
    fmt = table_format(ctx.spark, ref.format)
    return fmt.schema(ref) if fmt.exists(ref) else None


def _is_file(job: Job, name: str) -> bool:
    return job.sources[name].format not in ("table", "jdbc")


def _with_transport(df: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    stray = [name for name in df.columns if name.startswith(PREFIX)]
    source = "struct<name:string,partition:int,position:bigint>"
    return df.drop(*stray).select(
        "*",
        F.lit(None).cast(source).alias(SRC),
        F.lit(None).cast("string").alias(BAD),
        F.lit(None).cast("string").alias(RAW),
    )


def _require(job: Job, df: DataFrame, names: tuple[str, ...]) -> None:
    lost = [name for name in names if name not in df.columns]
    if lost:
        raise ConfigError(
            f"job {job.job}: the transform of a change feed lost the column {lost[0]}",
            fix="Keep the columns that begin with _sluice_, for example with `SELECT *, ...`.",
        )


def _apply(spark: SparkSession, job: Job, frames: Mapping[str, DataFrame]) -> DataFrame:
    transform = job.transform
    assert transform is not None
    try:
        if transform.sql is not None:
            for name, frame in frames.items():
                frame.createOrReplaceTempView(name)
            return spark.sql(transform.sql)
        return _python_function(job, transform)(**frames)
    except SluiceError:
        raise
    except Exception as error:
        raise ConfigError(
            f"the transform of job {job.job} failed",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            fix=f"Its sources are {', '.join(frames)}; see transform in the job's file.",
        ) from error


def _python_function(job: Job, transform: Transform):  # type: ignore[no-untyped-def]
    module, _, name = (transform.python or "").partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"job {job.job}: the transform {transform.python!r} can't be imported",
            found=str(error),
            expected="module:function",
            fix="Set transform.python, such as jobs.greatfin.person:build.",
        ) from error
