"""Copying what a source delivers into the raw layer, once, unchanged, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from framework.config.places import is_local
from framework.errors import ConfigError
from framework.raw.manifest import LandedFile, Landing, Manifest, free_name
from framework.readers import find_reader
from framework.readers.paths import as_item, lake_path, list_files, source_path, storage_of

if TYPE_CHECKING:
    from framework.config.job import Job
    from framework.context import RunContext
    from framework.state.storage import FileInfo, Storage

T = TypeVar("T")
_STAGING = "_staging"
_COPIES = 8
"""So many files are copied at once where a file system is far away."""


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
        landed += _carry_out(ctx, folder, manifest, manifest.pending, resumed=True)
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
    there = list_files(storage_of(ctx, path), path, known=bool(manifest.landings))
    return [info for info in there if not manifest.has(as_item(info))]


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
    days = [f"{datetime.fromtimestamp(info.modified_ms / 1000, UTC):%Y/%m/%d}" for info in infos]
    taken = {file.path for file in manifest.files}
    for day in sorted(set(days)):
        there = storage_of(ctx, folder).all_files(f"{folder}/{day}")
        taken |= {f"{day}/{info.path.rpartition('/')[2]}" for info in there}
    placed = []
    own = [info.path.rpartition("/")[2] for info in infos]
    for info, day, name in zip(infos, days, names or own, strict=True):
        path = free_name(f"{day}/{name}", taken)
        taken.add(path)
        placed.append(LandedFile(info.path, info.size, info.modified_ms, path))
    return tuple(placed)


def _carry_out(
    ctx: RunContext, folder: str, manifest: Manifest, plan: Landing, *, resumed: bool = False
) -> list[LandedFile]:
    copies = _copied(plan.files, folder, lambda file: _landed(ctx, folder, plan, file, resumed=resumed))
    done = [found for found in copies if found is not None]
    # after a kill between the two steps of `finish` everything is in the manifest already
    new = [
        file
        for file in done
        if not manifest.has({"path": file.source, "size": file.size, "modified_ms": file.modified_ms})
    ]
    manifest.finish(replace(plan, files=tuple(new)))
    return new


def _copied(files: Sequence[LandedFile], folder: str, copy: Callable[[LandedFile], T]) -> list[T]:
    """Every file copied, in order; several at once where copying is mostly waiting for another machine."""
    if is_local(folder) and all(is_local(file.source) for file in files):
        return [copy(file) for file in files]
    with ThreadPoolExecutor(_COPIES, "sluice-land") as pool:
        return list(pool.map(copy, files))


def _landed(
    ctx: RunContext, folder: str, plan: Landing, file: LandedFile, *, resumed: bool
) -> LandedFile | None:
    """The file's copy; None if the source changed before it could be copied (the next landing takes it)."""
    target = f"{folder}/{file.path}"
    storage = _storage_between(ctx, file.source, target)
    known = _copied_before(ctx, file, target) if resumed else None
    if known is not None:
        return replace(file, sha256=known)
    if _is_still(ctx, file):
        size, sha256 = storage.copy(file.source, target)
        if size == file.size and _is_still(ctx, file):
            return replace(file, sha256=sha256)
        storage.delete(target)
    ctx.listener.note(plan.job, f"{file.source} changed while it was landed; the next run takes it")
    return None


def _copied_before(ctx: RunContext, file: LandedFile, target: str) -> str | None:
    """The checksum of the copy that a landing made before it was killed; None without one, or without a true one.

    It isn't made again: an object would get a new time by that, and be a new file for jobs that read it before.
    """
    there = storage_of(ctx, target)
    if not there.exists(target):
        return None
    size, sha256 = there.digest(target)
    if size != file.size:
        return None
    # while the source is what it was, it can be asked; later on the copy is all there is
    same = not _is_still(ctx, file) or storage_of(ctx, file.source).digest(file.source)[1] == sha256
    return sha256 if same else None


def _is_still(ctx: RunContext, file: LandedFile) -> bool:
    now = storage_of(ctx, file.source).files(file.source)
    return [(info.size, info.modified_ms) for info in now] == [(file.size, file.modified_ms)]


def _storage_between(ctx: RunContext, source: str, target: str) -> Storage:
    """One storage that reaches both."""
    return storage_of(ctx, source if is_local(target) else target)


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
        data.write.mode("overwrite").parquet(f"file:{staging}" if is_local(staging) else staging)
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
