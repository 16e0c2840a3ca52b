"""Copying what a source delivers into the raw layer, once, unchanged, whatever happens in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from framework.errors import ConfigError
from framework.raw.manifest import LandedFile, Landing, Manifest, free_name
from framework.readers import find_reader
from framework.readers.paths import as_item, lake_path, list_files, source_path, storage_of

if TYPE_CHECKING:
    from framework.config.job import Job
    from framework.context import RunContext
    from framework.state.storage import FileInfo, Storage

_STAGING = "_staging"


def land(ctx: RunContext, job: Job) -> list[LandedFile]:
    """Bring what is new at the job's source into its raw folder; what a killed landing began is finished first.

    Raises:
        ConfigError: the job lands nothing.
        ReadError: the source is missing or can't be reached.
    """
    if job.land is None:
        raise ConfigError(f"job {job.job} lands nothing", fix="Set land.from and land.to.")
    folder = lake_path(ctx.lake, job.land.to)
    manifest = Manifest(storage_of(ctx, folder), folder)
    landed: list[LandedFile] = []
    if manifest.pending is not None:
        ctx.listener.note(job.job, "a landing was found unfinished and is finished first")
        landed += _carry_out(ctx, folder, manifest, manifest.pending)
    manifest.prepare()
    source = job.land.source
    plan = (
        _extract(ctx, job, folder, manifest)
        if source.format == "jdbc"
        else _new_files(ctx, job, folder, manifest)
    )
    if plan.files:
        manifest.begin(plan)
        landed += _carry_out(ctx, folder, manifest, plan)
    _clear_staging(ctx, folder)
    return landed


def unlanded(ctx: RunContext, job: Job) -> tuple[dict[str, Any], ...]:
    """The source's files that the next landing would bring; touches nothing."""
    if job.land is None:
        return ()
    folder = lake_path(ctx.lake, job.land.to)
    manifest = Manifest(storage_of(ctx, folder), folder)
    return tuple(as_item(info) for info in _waiting(ctx, job, manifest))


def _waiting(ctx: RunContext, job: Job, manifest: Manifest) -> list[FileInfo]:
    assert job.land is not None
    path = source_path(ctx.lake, job.land.source)
    return [info for info in list_files(storage_of(ctx, path), path) if not manifest.has(as_item(info))]


def _new_files(ctx: RunContext, job: Job, folder: str, manifest: Manifest) -> Landing:
    new = _waiting(ctx, job, manifest)
    return Landing(ctx.run_id, job.job, ctx.clock().isoformat(), _placed(ctx, folder, manifest, new))


def _placed(
    ctx: RunContext,
    folder: str,
    manifest: Manifest,
    infos: Sequence[FileInfo],
    names: Sequence[str] | None = None,
) -> tuple[LandedFile, ...]:
    """Where each file goes: below its date, under its own name unless that is taken."""
    storage = storage_of(ctx, folder)
    taken = {file.path for file in manifest.files}
    placed = []
    for info, name in zip(infos, names or [info.path.rpartition("/")[2] for info in infos], strict=True):
        day = datetime.fromtimestamp(info.modified_ms / 1000, UTC).strftime("%Y/%m/%d")
        path = free_name(f"{day}/{name}", taken)
        while storage.exists(f"{folder}/{path}"):
            taken.add(path)
            path = free_name(f"{day}/{name}", taken)
        taken.add(path)
        placed.append(LandedFile(info.path, info.size, info.modified_ms, path))
    return tuple(placed)


def _carry_out(ctx: RunContext, folder: str, manifest: Manifest, plan: Landing) -> list[LandedFile]:
    done = [found for file in plan.files if (found := _landed(ctx, folder, manifest, plan, file)) is not None]
    # after a kill between the two steps of `finish` everything is in the manifest already
    new = [
        file
        for file in done
        if not manifest.has({"path": file.source, "size": file.size, "modified_ms": file.modified_ms})
    ]
    manifest.finish(replace(plan, files=tuple(new)))
    return new


def _landed(
    ctx: RunContext, folder: str, manifest: Manifest, plan: Landing, file: LandedFile
) -> LandedFile | None:
    """The file's copy; None if the source changed before it could be copied (the next landing takes it)."""
    target = f"{folder}/{file.path}"
    storage = _storage_between(ctx, file.source, target)
    if _is_still(storage, file):
        size, sha256 = storage.copy(file.source, target)
        if size == file.size and _is_still(storage, file):
            return replace(file, sha256=sha256)
        storage.delete(target)
    elif storage.exists(target):
        # copied before the kill, and since then the source is gone or another one
        scratch = f"{folder}/{_STAGING}/check"
        size, sha256 = storage.copy(target, scratch)
        storage.delete(scratch)
        if size == file.size:
            return replace(file, sha256=sha256)
    ctx.listener.note(plan.job, f"{file.source} changed while it was landed; the next run takes it")
    return None


def _is_still(storage: Storage, file: LandedFile) -> bool:
    now = storage.files(file.source)
    return [(info.size, info.modified_ms) for info in now] == [(file.size, file.modified_ms)]


def _storage_between(ctx: RunContext, source: str, target: str) -> Storage:
    """One storage that reaches both."""
    return storage_of(ctx, target if "://" in target else source)


def _extract(ctx: RunContext, job: Job, folder: str, manifest: Manifest) -> Landing:
    """A database's new rows as parquet files beside the raw folder's others, ready to be landed like any file."""
    assert job.land is not None
    source = job.land.source
    reader = find_reader("jdbc")
    inputs = reader.discover(ctx, source, manifest)
    files: tuple[LandedFile, ...] = ()
    scope = dict(inputs.items[0]) if inputs.items else None
    if inputs.items:
        staging = f"{folder}/{_STAGING}/extract"
        df = reader.read(ctx, source, inputs, positions=False)
        data = df.drop(*[name for name in df.columns if name.startswith("_sluice_")])
        data.write.mode("overwrite").parquet(staging if "://" in staging else f"file:{staging}")
        infos = storage_of(ctx, staging).files(staging)
        number = len(manifest.landings) + 1
        names = [f"extract-{number:08d}-{index:05d}.parquet" for index in range(1, len(infos) + 1)]
        files = _placed(ctx, folder, manifest, infos, names)
    return Landing(ctx.run_id, job.job, ctx.clock().isoformat(), files, scope)


def _clear_staging(ctx: RunContext, folder: str) -> None:
    staging = f"{folder}/{_STAGING}"
    storage = storage_of(ctx, folder)
    if storage.exists(staging):
        storage.delete(staging)
