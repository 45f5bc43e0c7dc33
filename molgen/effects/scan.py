"""In-silico mutagenesis: what every single substitution of a sequence changes in its predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.records import Record, read_records
from molgen.bundle import Bundle
from molgen.data.paths import expand_paths
from molgen.data.tasks import Task, logit, score_views
from molgen.datasets import find_bundle
from molgen.errors import ConfigError, InputError
from molgen.plain import plain
from molgen.screening.output import check_outputs, write_frame
from molgen.subjects import PairSubject, SequenceSubject

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScanResult", "scan", "scan_records"]

#: Pictures that can be drawn.
PICTURES = (".png", ".svg", ".pdf")
#: Mutants that are scored together.
_ROWS = 1024


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The effects of all substitutions of one sequence.

    Attributes
    ----------
    id, sequence
        Its name and letters, in upper case; of a sequence that could not be scored as they were written.
    letters
        What is put in each place, in the order of the last axis of ``effects``.
    tasks
        What is predicted: a task, or a class of one of several.
    values
        float64 ``[tasks]``, what is predicted for the sequence itself, in task units.
    effects
        float64 ``[tasks, length, letters]``: the prediction for the mutant less that for the sequence itself; of probabilities in
        log-odds. 0 for the letter that is there, NaN where a mutant could not be scored.
    reason
        Why there are none, or nothing.
    """

    id: str
    sequence: str
    letters: str
    tasks: list[Task]
    values: NDArray[np.float64]
    effects: NDArray[np.float64]
    reason: str = ""

    @property
    def importance(self) -> NDArray[np.float64]:
        """How much the letters that are there raise the prediction, ``[tasks, length]``: what substitutions take on the average."""
        others = self.effects.shape[2] - 1
        taken: NDArray[np.float64] = -np.nansum(self.effects, axis=2) / max(1, others)
        return taken

    def table(self) -> pd.DataFrame:
        """Return a row a substitution: ``id, position`` (from 1), ``ref, alt``, the effect on each task, ``status, reason``.

        A sequence that could not be scored has one row, which says why.
        """
        import pandas as pd

        columns: dict[str, list[Any]] = {name: [] for name in ("id", "position", "ref", "alt")}
        if self.reason:
            blank = {"position": [None], "ref": [None], "alt": [None], **{f"{task.name}_effect": [np.nan] for task in self.tasks}}
            frame = pd.DataFrame({"id": [self.id], **blank, "status": ["invalid"], "reason": [self.reason]})
            return frame.astype({"position": "Int64"})
        places = [
            (place, at)
            for place, own in enumerate(self.sequence)
            for at, letter in enumerate(self.letters)
            if letter != own and (self.effects[0, place] == 0).any()  # of places that were not looked at nothing is known
        ]
        columns["id"] = [self.id] * len(places)
        columns["position"] = [place + 1 for place, _ in places]
        columns["ref"] = [self.sequence[place] for place, _ in places]
        columns["alt"] = [self.letters[at] for _, at in places]
        index = tuple(np.array(places, dtype=np.int64).reshape(-1, 2).T)
        effects = {f"{task.name}_effect": self.effects[number][index] for number, task in enumerate(self.tasks)}
        frame = pd.DataFrame({**columns, **effects, "status": "ok", "reason": None})
        return frame.astype({"position": "Int64", "reason": object})

    def to_json(self) -> dict[str, Any]:
        """Return what it comes to as plain data: the prediction, and the ten substitutions that change it most, by task."""
        told: dict[str, Any] = {"id": self.id, "length": len(self.sequence), "reason": self.reason}
        if not self.reason:
            table = self.table()
            told["tasks"] = {
                task.name: {
                    "value": float(self.values[at]),
                    "largest": table.reindex(table[f"{task.name}_effect"].abs().sort_values(ascending=False).index)
                    .head(10)[["position", "ref", "alt", f"{task.name}_effect"]]
                    .rename(columns={f"{task.name}_effect": "effect"})
                    .to_dict("records"),
                }
                for at, task in enumerate(self.tasks)
            }
        described: dict[str, Any] = plain(told)
        return described


def scan(
    sequences: str | Path | Sequence[str | Path] | Sequence[Record],
    model: str | Path | Bundle,
    output: str | Path | None = None,
    *,
    smiles: str | None = None,
    positions: tuple[int, int] | None = None,
    plot: str | Path | None = None,
    overwrite: bool = False,
) -> list[ScanResult]:
    """Predict what every single substitution of some sequences changes.

    Parameters
    ----------
    sequences
        FASTA, FASTQ or GenBank files, or records.
    model
        A bundle of sequences, or of pairs; its file, or the name of one that comes along.
    output
        Table to write, CSV or Parquet: one row a substitution.
    smiles
        For a model of pairs: the molecule whose binding is looked at.
    positions
        First and last place (from 1) to look at; all by default.
    plot
        Picture to write, PNG, SVG or PDF: a logo of the letters of each sequence, as high as they are important.
    overwrite
        Replace files that exist.

    Returns
    -------
    list
        One result a sequence, in order; one that cannot be scored says why.

    Raises
    ------
    ConfigError
        If the model reads no sequences, a molecule is missing or not asked for, or there are no such positions.
    InputError
        If a file cannot be used.

    Examples
    --------
    >>> molgen.scan("egfr.fasta", "kinases.molgen", smiles="COc1cc2ncnc(Nc3ccccc3)c2cc1OC")[0].importance  # doctest: +SKIP
    """
    given = [sequences] if isinstance(sequences, str | Path) else list(sequences)
    files = [each for each in given if isinstance(each, str | Path)]
    models = [model] if isinstance(model, str | Path) else []
    paths = expand_paths(files) if files else []
    check_outputs([output, plot], [*paths, *models], overwrite=overwrite)
    if plot is not None and Path(plot).suffix.lower() not in PICTURES:
        raise ConfigError("no picture of that kind", where="--plot", expected=f"a name in {', '.join(PICTURES)}", got=str(plot))
    bundle = model if isinstance(model, Bundle) else Bundle.load(find_bundle(model))
    subject = bundle.subject
    alphabet = subject.alphabet if isinstance(subject, SequenceSubject) else None
    if isinstance(subject, PairSubject):
        alphabet = subject.sequences.alphabet
        if smiles is None:
            raise ConfigError("a model of pairs needs a molecule", where="--smiles")
        if reason := subject.molecules.read([smiles]).reasons.get(0):
            raise ConfigError(f"no molecule to look at: {reason}", where="--smiles", got=repr(smiles[:80]))
    elif smiles is not None:
        raise ConfigError("the model reads no molecules", where="--smiles", got=smiles[:80])
    if alphabet is None or bundle.columns:
        raise ConfigError("substitutions are of sequences, and the model reads something else", got=subject.noun)
    records = [each for each in given if isinstance(each, Record)]
    records += [record for path in paths for record in read_records(path)]
    found = scan_records(bundle, records, smiles=smiles, positions=positions)
    if all(each.reason for each in found):
        got = f"{found[0].id}: {found[0].reason}" if found else "no record"
        raise InputError("no sequence could be scored", where=", ".join(map(str, paths))[:200] or None, got=got)
    if output is not None:
        import pandas as pd

        write_frame(pd.concat([each.table() for each in found], ignore_index=True), Path(output))
    if plot is not None:
        from molgen.effects.logo import draw_importance

        draw_importance(Path(plot), found, positions)
    return found


def scan_records(
    bundle: Bundle,
    records: Sequence[Record],
    progress: Callable[[int, float], None] | None = None,
    *,
    smiles: str | None = None,
    positions: tuple[int, int] | None = None,
) -> list[ScanResult]:
    """Scan records by a model that reads sequences, or pairs of them with a molecule; see :func:`scan`."""
    subject = bundle.subject.sequences if isinstance(bundle.subject, PairSubject) else bundle.subject
    assert isinstance(subject, SequenceSubject)
    letters = get_alphabet(subject.alphabet).letters
    found = []
    for number, record in enumerate(records, start=1):
        found.append(_scan(bundle, record, letters, smiles, positions))
        if progress:
            progress(number, number / len(records))
    return found


def _scan(bundle: Bundle, record: Record, letters: str, smiles: str | None, positions: tuple[int, int] | None) -> ScanResult:
    """Score all mutants of a sequence, some at a time."""
    views = [view for task in bundle.tasks for view in score_views(task)]
    name = record.id or f"sequence {record.number}"
    text = record.sequence.upper()

    def rows(texts: Sequence[str]) -> list[Any]:
        return list(texts) if smiles is None else [(smiles, each) for each in texts]

    read = bundle.read(rows([text]))
    scores = bundle.score(read.items, with_domain=False)
    reason = record.problem or read.reasons.get(0) or scores.errors.get(0) or ""
    if reason:
        nothing = np.zeros((len(views), 0, len(letters)))
        return ScanResult(name, record.sequence, letters, views, np.full(len(views), np.nan), nothing, reason)
    first, last = positions or (1, len(text))
    if not 1 <= first <= last <= len(text):
        got = f"{first} to {last}"
        raise ConfigError("no such places", where=f"--positions, {name}", expected=f"1 to {len(text):,}", got=got)
    effects = np.full((len(views), len(text), len(letters)), np.nan)
    effects[:, first - 1 : last] = 0.0
    wanted = [(place, at) for place in range(first - 1, last) for at, letter in enumerate(letters) if letter != text[place]]
    own = _comparable(views, scores.values)[0]
    for start in range(0, len(wanted), _ROWS):
        part = wanted[start : start + _ROWS]
        mutants = bundle.read(rows([text[:place] + letters[at] + text[place + 1 :] for place, at in part]))
        values = _comparable(views, bundle.score(mutants.items, with_domain=False).values)
        for (place, at), changed in zip(part, values, strict=True):
            effects[:, place, at] = changed - own
    return ScanResult(name, text, letters, views, scores.values[0], effects)


def _comparable(views: Sequence[Task], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return predictions as effects are told in: probabilities as log-odds."""
    columns = [values[:, at] if view.is_regression else logit(values[:, at]) for at, view in enumerate(views)]
    return np.stack(columns, axis=1)
