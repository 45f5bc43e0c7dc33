"""Motifs that a model of DNA has found: stretches whose substitution takes most from its predictions, put on top of each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.bio.motifs import Motif, match_motif, read_motifs
from molgen.bio.records import read_records
from molgen.bundle import Bundle
from molgen.data.paths import expand_paths
from molgen.datasets import find_bundle
from molgen.effects.scan import ScanResult, scan_records
from molgen.errors import ConfigError, InputError
from molgen.files import replacing
from molgen.plain import plain
from molgen.screening.output import check_outputs
from molgen.subjects import SequenceSubject

__all__ = ["FoundMotif", "find_motifs"]

#: Letters of the stretches, how far they are shifted against each other, and how like they have to be.
_WIDTH, _SHIFT, _ALIKE = 21, 6, 0.5
#: Stretches of a sequence, and rounds in which they are put on top of each other.
_OF_A_SEQUENCE, _ROUNDS = 2, 4
#: Motifs that are looked for, and stretches that one needs.
_MOST, _LEAST = 5, 10
#: Places of a motif that say less than this many bits are cut off its ends.
_LEAST_BITS = 0.25


@dataclass(frozen=True, slots=True)
class FoundMotif:
    """A motif, and what is known like it.

    Attributes
    ----------
    motif
        Its letters.
    sites
        Stretches that it was found in.
    importance
        What the model's log-odds lose, in the mean over the sequences looked at, when single letters of it are substituted, summed
        over the motif's places: what motifs are ordered by.
    match, similarity
        The known motif that is most like it, and how much (:func:`~molgen.bio.motifs.similarity`); ``None`` where none are known.
    """

    motif: Motif
    sites: int
    importance: float
    match: Motif | None = None
    similarity: float = float("nan")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        told = {
            "consensus": self.motif.consensus,
            "sites": self.sites,
            "importance": self.importance,
            "match": None if self.match is None else {"id": self.match.id, "name": self.match.name},
            "similarity": self.similarity,
        }
        described: dict[str, Any] = plain(told)
        return described


class _Stretch(NamedTuple):
    """Letters as 0 and 1 ``[width, 4]``, each as high as it is important ``[width, 4]``, and the sum of that."""

    letters: NDArray[np.float64]
    weights: NDArray[np.float64]
    importance: float

    def turned(self) -> _Stretch:
        return _Stretch(self.letters[::-1, ::-1], self.weights[::-1, ::-1], self.importance)


def find_motifs(
    sequences: str | Path | Sequence[str | Path],
    model: str | Path | Bundle,
    output: str | Path | None = None,
    *,
    task: str | None = None,
    jaspar: str | Path | None = None,
    limit: int = 300,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int, float], None] | None = None,
) -> list[FoundMotif]:
    """Find what a model of DNA looks for.

    Every substitution of some sequences is predicted; stretches of 21 letters that lose most by it are put on top of each other,
    on either strand, where they are alike. So a motif is what the model responds to, and not what is merely common.

    Parameters
    ----------
    sequences
        FASTA, FASTQ or GenBank files: positives, say.
    model
        A bundle of DNA sequences, its file, or the name of one that comes along.
    output
        File to write, in the format of JASPAR.
    task
        Which task; needed if there are several.
    jaspar
        Known motifs to name those that are found by.
    limit
        Sequences to look at, drawn at random from more.
    seed
        Which.
    overwrite
        Replace ``output`` if it exists.
    progress
        Told how many sequences are done.

    Returns
    -------
    list
        The motifs, the most important first; at most five.

    Raises
    ------
    ConfigError
        If the model reads no DNA, or has no such task.
    InputError
        If a file cannot be used.
    """
    paths = expand_paths(sequences)
    check_outputs([output], [*paths, *([model] if isinstance(model, str | Path) else [])], overwrite=overwrite)
    bundle = model if isinstance(model, Bundle) else Bundle.load(find_bundle(model))
    if not isinstance(bundle.subject, SequenceSubject) or bundle.subject.alphabet != "dna" or bundle.columns:
        raise ConfigError("motifs are of DNA, and the model reads something else", got=bundle.subject.noun)
    known = [] if jaspar is None else read_motifs(jaspar)
    records = [record for path in paths for record in read_records(path) if not record.problem]
    chosen = np.sort(np.random.default_rng(seed).permutation(len(records))[:limit])
    results = [each for each in scan_records(bundle, [records[at] for at in chosen], progress) if not each.reason]
    if not results:
        raise InputError("no sequence could be scored", where=", ".join(path.name for path in paths)[:200])
    names = [each.name for each in results[0].tasks]
    if (task is None and len(names) > 1) or (task is not None and task not in names):
        raise ConfigError("which task is not clear", where="--task", expected=f"one of {', '.join(names)}", got=str(task))
    found = _found([stretch for each in results for stretch in _stretches(each, names.index(task or names[0]))], len(results))
    if known:
        found = [replace(each, match=like, similarity=score) for each in found for like, score in [match_motif(each.motif, known)]]
    if output is not None:
        with replacing(Path(output)) as temporary:
            temporary.write_text("".join(each.motif.to_jaspar() for each in found))
    return found


def _stretches(result: ScanResult, task: int) -> list[_Stretch]:
    """Return the most important stretches of a sequence that do not overlap."""
    importance = np.nan_to_num(result.importance[task])
    if len(importance) < _WIDTH:
        return []
    sums = np.convolve(importance, np.ones(_WIDTH), "valid")
    hot = np.array([[letter == own for letter in "ACGT"] for own in result.sequence], dtype=np.float64)
    found = []
    for _ in range(_OF_A_SEQUENCE):
        at = int(sums.argmax())
        if not sums[at] > 0:
            break
        place = slice(at, at + _WIDTH)
        found.append(_Stretch(hot[place], hot[place] * importance[place, None], float(sums[at])))
        sums[max(0, at - _WIDTH + 1) : at + _WIDTH] = -np.inf
    return found


def _found(stretches: list[_Stretch], n_sequences: int) -> list[FoundMotif]:
    """Put stretches on top of each other, the most important first, until too few are left."""
    left = sorted(stretches, key=lambda each: -each.importance)
    found: list[FoundMotif] = []
    for number in range(_MOST):
        if len(left) < _LEAST:
            break
        centre = left[0].weights
        for _ in range(_ROUNDS):
            placed = [_placed(centre, each) for each in left]
            members = [at for at, (alike, _) in enumerate(placed) if alike >= _ALIKE] or [0]
            centre = np.mean([placed[at][1].weights for at in members], axis=0)
        if len(members) >= _LEAST:
            letters = np.sum([placed[at][1].letters for at in members], axis=0)
            shares = (letters + 0.25) / (letters.sum(axis=1, keepdims=True) + 1)
            importance = float(np.sum([left[at].importance for at in members]) / n_sequences)
            found.append(FoundMotif(_trimmed(f"motif-{number + 1}", shares), len(members), importance))
        gone = set(members)
        left = [each for at, each in enumerate(left) if at not in gone]
    return sorted(found, key=lambda each: -each.importance)


def _placed(centre: NDArray[np.float64], stretch: _Stretch) -> tuple[float, _Stretch]:
    """Return how like a stretch is to a centre where it is most, and the stretch so shifted and turned."""
    best, chosen = -1.0, stretch
    length = float(np.linalg.norm(centre))
    for each in (stretch, stretch.turned()):
        for shift in range(-_SHIFT, _SHIFT + 1):
            moved = _moved(each.weights, shift)
            alike = float((moved * centre).sum()) / (length * float(np.linalg.norm(each.weights)) + 1e-12)
            if alike > best:
                best, chosen = alike, _Stretch(_moved(each.letters, shift), moved, each.importance)
    return best, chosen


def _moved(values: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    moved = np.zeros_like(values)
    if shift >= 0:
        moved[shift:] = values[: len(values) - shift]
    else:
        moved[:shift] = values[-shift:]
    return moved


def _trimmed(name: str, shares: NDArray[np.float64]) -> Motif:
    """Cut places off both ends that say next to nothing."""
    bits = 2 + (shares * np.log2(np.maximum(shares, 1e-9))).sum(axis=1)
    told = np.flatnonzero(bits >= _LEAST_BITS)
    kept = slice(int(told[0]), int(told[-1]) + 1) if len(told) else slice(None)
    return Motif(name, name, shares[kept])
