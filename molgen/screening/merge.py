"""Shards of a screen, scored on several machines, to the files that one run would have written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from molgen.bundle import Bundle
from molgen.errors import ConfigError, InputError
from molgen.screening.folder import End, PartsFolder
from molgen.screening.gather import Outputs, Results
from molgen.screening.manifest import Manifest, Shard, file_sha256, refuse_other_run
from molgen.screening.objective import DESIRABILITY, Objective, read_objective
from molgen.screening.output import check_outputs
from molgen.screening.parts import PART_BLOCKS
from molgen.screening.schema import output_schema
from molgen.screening.screen import ScreenResult, make_cascade, ranking_task

__all__ = ["merge"]


def merge(
    shards: Sequence[str | Path],
    output: str | Path,
    *,
    model: str | Path | None = None,
    hits: str | Path | None = None,
    top: int = 100,
    rank_by: str | None = None,
    objective: str | Path | Objective | None = None,
    rescore: int | None = None,
    rescore_with: str | Path | None = None,
    report: str | Path | None = None,
    overwrite: bool = False,
) -> ScreenResult:
    """Put the shards of a screen together: the same bytes as of one run over the whole library.

    Parameters
    ----------
    shards
        The folders that :func:`~molgen.screening.screen.screen` left with ``shard=``, in any order. They stay as they are.
    output
        Table to write.
    model
        The bundle, if it is no longer where the shards were scored from; hits and report need it.
    hits, top, rank_by, objective, rescore, rescore_with, report, overwrite
        As for :func:`~molgen.screening.screen.screen`.

    Raises
    ------
    InputError
        If a shard is missing, not finished or damaged, or a file cannot be written.
    ConfigError
        If shards are of different screens, or one is named twice.
    """
    if not shards:
        raise ConfigError("no shard is named")
    targets = check_outputs((output, hits, report), (model,), overwrite=overwrite)
    if top < 1:
        raise ConfigError("top must be at least 1", got=str(top))
    folders = _in_order([Path(shard) for shard in shards])
    manifest = folders[0].manifest
    end = _common_end(folders)
    results = Results.described(manifest, _parts(folders, end))
    wishes = read_objective(objective) if isinstance(objective, str | Path) else objective
    bundle = _bundle(manifest, model) if hits or report or rank_by or rescore or rescore_with else None
    cascade = None if bundle is None else make_cascade(rescore, rescore_with, rank_by, bundle)
    task = None if bundle is None else ranking_task(bundle, rank_by, wishes)
    annotations: list[str] = []
    if bundle is not None and task is not None:
        computed = results.schema.names
        looked_at = ["id", *bundle.subject.columns, *([task.name] if task is not DESIRABILITY else [])]
        looked_at += wishes.wishes if wishes else ()
        if report:
            annotations = manifest.run["screen"]["annotated"]
            looked_at += [*output_schema(bundle.tasks, (), about=bundle.subject.about).scores, *annotations]
        lacking = [name for name in looked_at if name not in computed]
        if lacking:
            raise ConfigError(f"the shards lack the column {lacking[0]!r}", remedy="screen them again with it among --columns")
    asked = Outputs(
        targets[0],
        None if hits is None else Path(hits),
        None if report is None else Path(report),
        top,
        task,
        objective=wishes,
        cascade=cascade,
    )
    libraries = [each["file"] for each in manifest.run["library"] or ()]
    summary, found = results.write(asked, bundle, libraries, annotations)
    return ScreenResult(summary, found, Path(output), end.notes)


def _in_order(paths: list[Path]) -> list[PartsFolder]:
    """Return the shards' folders by their number, each there once and all of one screen."""
    for path in paths:
        if not path.is_dir():
            raise InputError("no such folder", where=str(path), expected="a folder that molgen screen --shard has left")
    manifests = [(path, PartsFolder(path).manifest) for path in paths]
    where, first = manifests[0]
    known: dict[int, Path] = {}
    for path, manifest in manifests:
        number, of = manifest.shard
        if of != first.shard.of:
            raise ConfigError(
                "shards of different divisions",
                expected=f"shards of {first.shard.of}, as {where} is",
                got=f"{path} is {number} of {of}",
            )
        refuse_other_run(first._replace(shard=Shard()), manifest._replace(shard=Shard()), path, f"{where} is of the other one")
        if number in known:
            raise ConfigError(f"shard {number} of {of} is named twice", got=f"{known[number]} and {path}")
        known[number] = path
    lacking = [number for number in range(1, first.shard.of + 1) if number not in known]
    if lacking:
        several = "shards" if len(lacking) > 1 else "shard"
        names = ", ".join(map(str, lacking[:20])) + (" ..." if len(lacking) > 20 else "")
        verb = "are" if len(lacking) > 1 else "is"
        remedy = f"run molgen screen with --shard {lacking[0]}/{first.shard.of}"
        raise InputError(f"{several} {names} of {first.shard.of} {verb} missing", remedy=remedy)
    return [PartsFolder(known[number]) for number in sorted(known)]


def _common_end(folders: list[PartsFolder]) -> End:
    ends: list[End] = []
    for folder in folders:
        end = folder.end
        if end is None:
            raise InputError("the shard is not finished", where=str(folder.path), remedy="run its command again: it goes on")
        if end[:2] != (ends or [end])[0][:2]:
            got = f"{end.rows:,} rows, and {ends[0].rows:,} in {folders[0].path}"
            raise InputError("the shards read libraries of different lengths", where=str(folder.path), got=got)
        ends.append(end)
    return ends[0]


def _parts(folders: list[PartsFolder], end: End) -> list[Path]:
    parts = []
    for number in range(-(-end.blocks // PART_BLOCKS)):
        part = folders[number % len(folders)].part(number)
        if not part.is_file():
            raise InputError(
                "a part of the shard is missing", where=str(part), remedy="delete end.json beside it, and run its command"
            )
        parts.append(part)
    return parts


def _bundle(manifest: Manifest, model: str | Path | None) -> Bundle:
    path = Path(manifest.model if model is None else model)
    if not path.is_file():
        raise ConfigError("the model is not there", where=str(path), remedy="say where it is with --model")
    if file_sha256(path) != manifest.run["model"]["sha256"]:
        raise ConfigError("not the model that scored the shards", where=str(path), remedy="name that one with --model")
    return Bundle.load(path)
