"""Bringing rejected events in again: the selection, its fix, and the books of it in the quarantine.

A replay is a batch with an intent of its own. It reads the files again that the chosen rows came from, keeps those
records alone, and does with them what any batch does. The rows it took are claimed first (column `replay`) and deleted
last, after the target's commit, so that a stop in between neither loses an event nor counts one twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import and_

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import SRC
from framework.config.places import identity
from framework.errors import ConfigError, StateError
from framework.materialized import materialized
from framework.readers.base import Inputs
from framework.run.jobrun import JobRun
from framework.run.quarantine import REPLAY, read_quarantine
from framework.run.source import read_events
from framework.sql import literal, quote
from framework.state.intents import Intent, IntentLog, Repair
from framework.tables.base import MergeClauses

_COORDINATES = ("source", "source_partition", "position")


def check_repair(run: JobRun, repair: Repair) -> None:
    """Refuse what can't be brought in again exactly, before anything is done.

    Raises:
        ConfigError: the job's rows have no coordinates, a fix changes what tells events apart, `where` is no condition.
        TableError: nothing was ever rejected.
    """
    job = run.job
    if job.mode not in ("merge", "append") or job.changes.snapshot:
        raise ConfigError(
            f"job {job.job} writes its source as a whole, so rejected rows can't be added one by one",
            found="snapshots" if job.changes.snapshot else f"mode {job.mode}",
            fix="Mend the source or the rules, and run the job on its next delivery.",
        )
    if job.transform is not None:
        raise ConfigError(
            f"job {job.job} makes its rows by a transform, so they can't be read again one by one",
            fix="Mend the transform or its sources and run the job: it reads its sources whole.",
        )
    own = {name.lower() for name in (*job.changes.keys, *job.changes.sequence)}
    touched = [name for name in repair.fix if name.lower() in own]
    if touched and not repair.rekey:
        raise ConfigError(
            f"a fix of job {job.job} would change which event a row is, or its place among others",
            found=", ".join(touched),
            fix="Leave keys and sequence alone, or ask for it: --fix-keys.",
        )
    read_quarantine(run.fmt, run.quarantine, run.target.name, repair.where)


def inputs_of(run: JobRun, log: IntentLog, repair: Repair) -> Mapping[str, Inputs] | None:
    """What has to be read again for the chosen rows; None if there are none.

    Raises:
        StateError: no batch of the job tells where a row came from.
    """
    _forget_settled(run, log)
    chosen = _chosen(run, repair).select("source", "position").distinct().collect()
    if not chosen:
        return None
    if not run.job.keyed and any(row.position is None for row in chosen):
        raise ConfigError(
            f"job {run.job.job} appends rows without keys, and rejected rows have no position in their file",
            fix="Name keys (`changes: {keys: [...]}`), or mend the file and land it anew.",
        )
    wanted = {identity(row.source) for row in chosen if row.source is not None}
    found: dict[str, Inputs] = {}
    for name in run.job.sources:
        items = [item for item in log.files(name) if identity(str(item["path"])) in wanted]
        found[name] = Inputs(log.reader(name), tuple(items))
    wanted -= {identity(str(item["path"])) for inputs in found.values() for item in inputs.items}
    if wanted or not any(found.values()):
        raise StateError(
            f"job {run.job.job}: no batch tells where rejected rows came from",
            found=", ".join(sorted(wanted)[:3]) or "rows without a file",
            fix="Choose others with --where, or read the source again: `sluice run JOB --replay '*'`.",
        )
    return found


def claim(run: JobRun, intent: Intent) -> None:
    """Write into the chosen rows which batch brings them in; the same rows however often it is done."""
    assert intent.repair is not None
    if _claimed(run, intent.epoch, intent.n).limit(1).collect():
        return
    clauses = MergeClauses(
        on="t.`id` = s.`id`",
        update_when="true",
        update_set={REPLAY: literal(_name(intent.epoch, intent.n))},
    )
    # a merge whose source reads its own target has no plan in Spark 4.1
    chosen = materialized(_chosen(run, intent.repair).select("id"))
    run.fmt.merge(chosen, run.quarantine, clauses, None)


def events_of(run: JobRun, intent: Intent, *, positions: bool) -> DataFrame:
    """The batch's events in the normal form; of a replay those that were claimed, with their fix."""
    repair = intent.repair
    if repair is None:
        return read_events(run.ctx, run.job, intent.inputs, positions=positions)

    def mend(frame: DataFrame, has_columns: bool) -> DataFrame:
        taken = _only_claimed(run, intent, frame)
        return _with_fix(run, repair, taken) if has_columns and repair.fix else taken

    return read_events(run.ctx, run.job, intent.inputs, positions=True, mend=mend)


def _only_claimed(run: JobRun, intent: Intent, frame: DataFrame) -> DataFrame:
    """Of the records read again those that were claimed."""
    claimed = _claimed(run, intent.epoch, intent.n).select(
        *[F.col(name).alias(f"_its_{name}") for name in _COORDINATES]
    )
    where = dict(zip(_COORDINATES, ("name", "partition", "position"), strict=True))
    same = [F.col(SRC).getField(part).eqNullSafe(F.col(f"_its_{name}")) for name, part in where.items()]
    if len(run.job.sources) == 1:
        lost = claimed.join(frame.select(SRC), same, "left_anti").count()
        if lost:
            raise StateError(
                f"job {run.job.job}: {lost} rejected rows are not where they were read",
                fix="Their files were changed or are called otherwise now: choose other rows with --where.",
            )
    return frame.join(F.broadcast(claimed.distinct()), reduce(and_, same), "left_semi")


def _with_fix(run: JobRun, repair: Repair, frame: DataFrame) -> DataFrame:
    """The records with the fix's columns worked out anew, all from the record as it was.

    Raises:
        ConfigError: a fix is no SQL, or names a column that isn't there.
    """
    spelled = {name.lower(): name for name in frame.columns}
    unknown = [name for name in repair.fix if name.lower() not in spelled]
    if unknown:
        raise ConfigError(
            f"a fix of job {run.job.job} sets a column that its source doesn't have",
            found=", ".join(unknown),
            expected=", ".join(name for name in frame.columns if not name.startswith("_sluice_")),
        )
    texts = {spelled[name.lower()]: text for name, text in repair.fix.items()}
    try:
        return frame.select(
            *[
                F.expr(texts[name]).cast(frame.schema[name].dataType).alias(name)
                if name in texts
                else F.col(quote(name))
                for name in frame.columns
            ]
        )
    except (AnalysisException, ParseException) as error:
        raise ConfigError(
            f"a fix of job {run.job.job} is no SQL over the source's columns",
            found="; ".join(f"{name}={text}" for name, text in texts.items()),
            expected=str(error).splitlines()[0],
            fix="Correct --fix COLUMN=EXPRESSION.",
        ) from error


def release(run: JobRun, epoch: str, n: int) -> None:
    """Take back the claim of a batch that failed."""
    clauses = MergeClauses(on="t.`id` = s.`id`", update_when="true", update_set={REPLAY: "NULL"})
    claimed = materialized(_claimed(run, epoch, n).select("id"))
    run.fmt.merge(claimed, run.quarantine, clauses, None)


def settle(run: JobRun, epoch: str, n: int) -> None:
    """Delete the rows that a finished batch brought in; those it rejected again are claimed no more."""
    run.fmt.replace_where(
        run.fmt.read(run.quarantine).limit(0),
        run.quarantine,
        f"{REPLAY} = {literal(_name(epoch, n))}",
        None,
    )


def _forget_settled(run: JobRun, log: IntentLog) -> None:
    """What a stop between the target's commit and the end of its replay left behind."""
    rows = run.fmt.read(run.quarantine).filter(F.col(REPLAY).isNotNull()).select(REPLAY).distinct().collect()
    for row in rows:
        epoch, _, n = row[REPLAY].partition("/")
        # pending batches were finished before; those of another epoch went with a target that is gone
        done = settle if epoch == log.epoch else release
        done(run, epoch, int(n))


def _chosen(run: JobRun, repair: Repair) -> DataFrame:
    rows = read_quarantine(run.fmt, run.quarantine, run.target.name, repair.where)
    return rows.filter(F.col(REPLAY).isNull())


def _claimed(run: JobRun, epoch: str, n: int) -> DataFrame:
    return run.fmt.read(run.quarantine).filter(F.col(REPLAY) == _name(epoch, n))


def _name(epoch: str, n: int) -> str:
    return f"{epoch}/{n}"
