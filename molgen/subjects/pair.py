"""Rows that are pairs of a molecule and a sequence: what binds what."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from molgen.errors import ConfigError
from molgen.rows import ReadRows
from molgen.subjects.base import Subject
from molgen.subjects.molecule import MoleculeSubject
from molgen.subjects.sequence import SequenceSubject

__all__ = ["Pair", "PairBatch", "PairSubject", "Part"]


class Pair(NamedTuple):
    """A molecule and the letters of a sequence; pairs of the same molecule share one object."""

    molecule: Any
    sequence: str


class Part(NamedTuple):
    """One side of pairs.

    Attributes
    ----------
    items
        What is different among them, each once.
    of_row
        int64 ``[pairs]``: which of them each pair has; -1 for a pair that is none.
    """

    items: Sequence[Any]
    of_row: NDArray[np.int64]


class PairBatch(list[Pair | None]):
    """Pairs, and each side of them with what turns up several times worked out once.

    Attributes
    ----------
    parts
        Column -> side.
    """

    def __init__(self, pairs: Sequence[Pair | None], subject: PairSubject) -> None:
        super().__init__(pairs)
        molecules = _part([None if pair is None else pair.molecule for pair in pairs], key=id)
        sequences = _part([None if pair is None else pair.sequence for pair in pairs])
        self.parts = {
            subject.molecules.column: molecules._replace(items=subject.molecules.batch(molecules.items)),
            subject.sequences.column: sequences._replace(items=subject.sequences.batch(sequences.items)),
        }


@dataclass(frozen=True, slots=True)
class PairSubject(Subject):
    """A molecule and a sequence each.

    Attributes
    ----------
    molecules, sequences
        How each side is read.
    """

    kind: ClassVar[str] = "pair"
    noun: ClassVar[str] = "pair"
    columns: ClassVar[tuple[str, ...]] = ("smiles", "sequence")

    molecules: MoleculeSubject = field(default_factory=MoleculeSubject)
    sequences: SequenceSubject = field(default_factory=lambda: SequenceSubject("protein"))

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read pairs of a SMILES (or molecule) and a sequence, each different one once; the molecule's faults are told first."""
        read = ReadRows([None] * len(rows), ["ok"] * len(rows))
        wrong = [at for at, row in enumerate(rows) if not (isinstance(row, tuple | list) and len(row) == 2)]
        pairs = [("", "") if at in set(wrong) else row for at, row in enumerate(rows)] if wrong else rows
        sides = [_read_once(subject, [pair[at] for pair in pairs]) for at, subject in enumerate(self._sides)]
        (molecules, of_molecule), (sequences, of_sequence) = sides
        for at, places in enumerate(zip(of_molecule.tolist(), of_sequence.tolist(), strict=True)):
            told = list(zip((molecules, sequences), places, strict=True))
            bad = next((side for side in told if side[0].statuses[side[1]] != "ok"), None)
            if bad is not None:
                read.statuses[at], read.reasons[at] = bad[0].statuses[bad[1]], bad[0].reasons[bad[1]]
                continue
            read.items[at] = Pair(molecules.items[places[0]], sequences.items[places[1]])
            if notes := [note for side, place in told for note in side.notes.get(place, [])]:
                read.notes[at] = notes
        read.refuse("invalid", {at: f"not a pair: {type(rows[at]).__name__}" for at in wrong})
        return read

    @property
    def _sides(self) -> tuple[MoleculeSubject, SequenceSubject]:
        return self.molecules, self.sequences

    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return canonical SMILES and letters, a blank between them."""
        batch = PairBatch(items, self)
        keys = []
        for subject in self._sides:
            part = batch.parts[subject.column]
            of_items = subject.keys(part.items)
            keys.append([None if at < 0 else of_items[at] for at in part.of_row])
        return [None if smiles is None else f"{smiles} {letters}" for smiles, letters in zip(*keys, strict=True)]

    @property
    def example(self) -> tuple[str, str]:
        """One of each."""
        return self.molecules.example, self.sequences.example

    @property
    def limit(self) -> str:
        """That of either side."""
        return f"{self.molecules.limit}, or {self.sequences.limit}"

    @property
    def facts(self) -> dict[str, str]:
        """Those of both sides."""
        return {**self.molecules.facts, **self.sequences.facts}

    def batch(self, items: Sequence[Any]) -> PairBatch:
        """Return pairs of which each side is featurized once."""
        return items if isinstance(items, PairBatch) else PairBatch(items, self)

    def release(self, batch: Sequence[Any]) -> None:
        """Free what was worked out of the molecules."""
        if isinstance(batch, PairBatch):
            self.molecules.release(batch.parts[self.molecules.column].items)

    def side(self, items: Sequence[Any], column: str) -> list[Any]:
        """Return the molecules, or the sequences."""
        at = self.columns.index(column)
        return [None if item is None else item[at] for item in items]

    def named(self, texts: Sequence[Any]) -> dict[str, list[Any]]:
        """Return the two columns of texts."""
        return {column: [pair[at] for pair in texts] for at, column in enumerate(self.columns)}

    def to_json(self) -> dict[str, Any]:
        """Return both sides' settings."""
        return {"kind": self.kind, "molecules": self.molecules.to_json(), "sequences": self.sequences.to_json()}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """Rebuild it from what :meth:`to_json` gave."""
        if set(settings) != {"molecules", "sequences"}:
            raise ConfigError("a pair has molecules and sequences", got=", ".join(settings)[:80])
        molecules, sequences = ({**settings[name]} for name in ("molecules", "sequences"))
        if (molecules.pop("kind", None), sequences.pop("kind", None)) != (MoleculeSubject.kind, SequenceSubject.kind):
            raise ConfigError("a pair has molecules and sequences", got=repr(settings)[:80])
        return cls(MoleculeSubject(**molecules), SequenceSubject(**sequences))


def _part(items: Sequence[Any], key: Any = None) -> Part:
    """Number what is different among items, in the order of its first turn; ``None`` is -1."""
    places: dict[Hashable, int] = {}
    found: list[Any] = []
    index = np.full(len(items), -1, dtype=np.int64)
    for at, item in enumerate(items):
        if item is None:
            continue
        known = item if key is None else key(item)
        place = places.get(known)
        if place is None:
            place = places[known] = len(found)
            found.append(item)
        index[at] = place
    return Part(found, index)


def _read_once(subject: Subject, texts: Sequence[Any]) -> tuple[ReadRows, NDArray[np.int64]]:
    """Read what is different among texts (or molecules), and say which of it each row has."""
    part = _part(texts, key=lambda text: text if isinstance(text, str | bytes) else id(text))
    return subject.read(part.items), part.of_row
