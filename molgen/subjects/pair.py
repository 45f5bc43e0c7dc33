"""Rows that are pairs of a molecule and something else: what binds which protein, what kills which cells."""

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
from molgen.subjects.profile import ProfileSubject
from molgen.subjects.sequence import SequenceSubject

__all__ = ["AnyPairSubject", "Pair", "PairBatch", "PairSubject", "Part", "ResponseSubject"]


class Pair(NamedTuple):
    """A molecule, and the letters of a sequence or the profile of a sample; pairs of the same molecule share one object."""

    molecule: Any
    partner: Any


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

    def __init__(self, pairs: Sequence[Pair | None], subject: AnyPairSubject) -> None:
        super().__init__(pairs)
        molecules = _part([None if pair is None else pair.molecule for pair in pairs], key=id)
        partners = _part([None if pair is None else pair.partner for pair in pairs])
        self.parts = {
            subject.molecules.column: molecules._replace(items=subject.molecules.batch(molecules.items)),
            subject.partners.column: partners._replace(items=subject.partners.batch(partners.items)),
        }


@dataclass(frozen=True, slots=True)
class AnyPairSubject(Subject):
    """A molecule each, and a partner that a subclass says more of.

    Attributes
    ----------
    molecules
        How that side is read.
    """

    partner_name: ClassVar[str]
    partner_type: ClassVar[type[Subject]]

    molecules: MoleculeSubject = field(default_factory=MoleculeSubject)

    @property
    def partners(self) -> Subject:
        """How the other side is read."""
        found: Subject = getattr(self, self.partner_name)
        return found

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read pairs of a SMILES (or molecule) and a partner, each different one once; the molecule's faults are told first."""
        read = ReadRows([None] * len(rows), ["ok"] * len(rows))
        pairs = [row if _is_pair(row) else ("", "") for row in rows]
        sides = [_read_once(subject, [pair[at] for pair in pairs]) for at, subject in enumerate(self._sides)]
        (molecules, of_molecule), (partners, of_partner) = sides
        for at, places in enumerate(zip(of_molecule.tolist(), of_partner.tolist(), strict=True)):
            told = list(zip((molecules, partners), places, strict=True))
            bad = next((side for side in told if side[0].statuses[side[1]] != "ok"), None)
            if bad is not None:
                read.statuses[at], read.reasons[at] = bad[0].statuses[bad[1]], bad[0].reasons[bad[1]]
                continue
            read.items[at] = Pair(molecules.items[places[0]], partners.items[places[1]])
            if notes := [note for side, place in told for note in side.notes.get(place, [])]:
                read.notes[at] = notes
        read.refuse("invalid", {at: f"not a pair: {type(row).__name__}" for at, row in enumerate(rows) if not _is_pair(row)})
        return read

    @property
    def _sides(self) -> tuple[MoleculeSubject, Subject]:
        return self.molecules, self.partners

    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return canonical SMILES and the partner's key, a blank between them."""
        batch = PairBatch(items, self)
        keys = []
        for subject in self._sides:
            part = batch.parts[subject.column]
            of_items = subject.keys(part.items)
            keys.append([None if at < 0 else of_items[at] for at in part.of_row])
        return [None if smiles is None else f"{smiles} {partner}" for smiles, partner in zip(*keys, strict=True)]

    @property
    def example(self) -> tuple[str, Any]:
        """One of each."""
        return self.molecules.example, self.partners.example

    @property
    def limit(self) -> str:
        """That of either side."""
        return ", or ".join(side.limit for side in self._sides if side.limit)

    @property
    def facts(self) -> dict[str, str]:
        """Those of both sides."""
        return {**self.molecules.facts, **self.partners.facts}

    def batch(self, items: Sequence[Any]) -> PairBatch:
        """Return pairs of which each side is featurized once."""
        return items if isinstance(items, PairBatch) else PairBatch(items, self)

    def release(self, batch: Sequence[Any]) -> None:
        """Free what was worked out of the molecules."""
        if isinstance(batch, PairBatch):
            self.molecules.release(batch.parts[self.molecules.column].items)

    def side(self, items: Sequence[Any], column: str) -> list[Any]:
        """Return the molecules, or the partners."""
        at = self.columns.index(column)
        return [None if item is None else item[at] for item in items]

    def named(self, texts: Sequence[Any]) -> dict[str, list[Any]]:
        """Return the two columns of texts."""
        return {column: [pair[at] if _is_pair(pair) else None for pair in texts] for at, column in enumerate(self.columns)}

    def to_json(self) -> dict[str, Any]:
        """Return both sides' settings."""
        return {"kind": self.kind, "molecules": self.molecules.to_json(), self.partner_name: self.partners.to_json()}

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Self:
        """Rebuild it from what :meth:`to_json` gave.

        Raises
        ------
        ConfigError
            If there are other settings, or a side is of another kind.
        """
        if set(settings) != {"molecules", cls.partner_name}:
            raise ConfigError(f"a {cls.noun} has molecules and {cls.partner_name}", got=", ".join(settings)[:80])
        molecules, partners = ({**settings[name]} for name in ("molecules", cls.partner_name))
        if (molecules.pop("kind", None), partners.pop("kind", None)) != (MoleculeSubject.kind, cls.partner_type.kind):
            raise ConfigError(f"a {cls.noun} has molecules and {cls.partner_name}", got=repr(settings)[:80])
        sides: dict[str, Any] = {"molecules": MoleculeSubject(**molecules), cls.partner_name: cls.partner_type(**partners)}
        return cls(**sides)


@dataclass(frozen=True, slots=True)
class PairSubject(AnyPairSubject):
    """A molecule and a sequence each.

    Attributes
    ----------
    sequences
        How sequences are read.
    """

    kind: ClassVar[str] = "pair"
    noun: ClassVar[str] = "pair"
    columns: ClassVar[tuple[str, ...]] = ("smiles", "sequence")
    partner_name: ClassVar[str] = "sequences"
    partner_type: ClassVar[type[Subject]] = SequenceSubject

    sequences: SequenceSubject = field(default_factory=lambda: SequenceSubject("protein"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSubject(AnyPairSubject):
    """A molecule and a sample each, such as a drug and a cell line.

    Attributes
    ----------
    profiles
        How samples are read.
    """

    kind: ClassVar[str] = "response"
    noun: ClassVar[str] = "response"
    columns: ClassVar[tuple[str, ...]] = ("smiles", "profile")
    partner_name: ClassVar[str] = "profiles"
    partner_type: ClassVar[type[Subject]] = ProfileSubject

    profiles: ProfileSubject


#: Stands for a side that a row lacks, which is read as any other, and refused.
_NOTHING = object()


def _is_pair(row: Any) -> bool:
    return isinstance(row, tuple | list) and len(row) == 2


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
    whole = [_NOTHING if text is None else text for text in texts]
    part = _part(whole, key=lambda text: text if isinstance(text, str | bytes) else id(text))
    return subject.read([None if text is _NOTHING else text for text in part.items]), part.of_row
