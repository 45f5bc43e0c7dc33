"""Parts that are written down as keys, for others to divide their own copy of a table by."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from molgen.data.splits.base import Fractions, Split, SplitRows, Splitter, register
from molgen.data.tables import open_table
from molgen.errors import ConfigError, InputError
from molgen.subjects.molecule import MoleculeSubject
from molgen.subjects.pair import Pair

__all__ = ["KeysSplit", "PartKey", "find_keys", "keys_of"]

#: Sides of rows that are looked at to find the keys that tell parts, the first that do.
_OF_PAIRS = (("smiles",), ("sequence",), ("smiles", "sequence"), ("pair",))
_SIDES = ("smiles", "sequence", "pair")
_PARTS = ("train", "valid", "test", "")
_KEY = re.compile(r"[0-9a-f]{20}").fullmatch
#: Side -> key -> part.
_Known = Mapping[str, Mapping[str, str]]


class PartKey(NamedTuple):
    """A line of a file of keys: what of a row is known by the key (``smiles``, ``sequence``, ``pair``), and its part."""

    side: str
    key: str
    part: str


@register
@dataclass(frozen=True)
class KeysSplit(Splitter):
    """A file of keys says which part each molecule, sequence or pair is in; rows that it does not know are left out.

    Of pairs whose molecules and sequences are both in the file, those with both sides in one part are kept. Fractions and seed are
    not used.

    Parameters
    ----------
    file
        A table with the columns ``side`` (``smiles``, ``sequence`` or ``pair``), ``key`` and that of the parts.
    parts
        The column that says ``train``, ``valid`` or ``test``; keys with an empty cell are not asked for.
    """

    name: ClassVar[str] = "keys"
    file: str = ""
    parts: str = "part"

    def split(self, rows: SplitRows, fractions: Fractions, seed: int) -> Split:  # noqa: ARG002 - the file decides
        """Look each row up.

        Raises
        ------
        ConfigError
            If no file is named, or rows have no such sides.
        InputError
            If the file cannot be used, or knows no row of the training part.
        """
        if not self.file:
            raise ConfigError("split 'keys' needs a file", remedy="name it with --split-option file=KEYS")
        parts = _look_up(rows, _read(self.file, self.parts))
        found = {part: [row for row, each in enumerate(parts) if each == part] for part in _PARTS}
        if not found["train"]:
            raise InputError("no row has a key of the training part", where=self.file, expected="keys of this data set")
        return Split.of(found["train"], found["valid"], found["test"])


def keys_of(rows: SplitRows, side: str) -> list[str | None]:
    """Return the key of one side of each row: the first 20 hexadecimal digits of the SHA-256 of what it is.

    Parameters
    ----------
    rows
        The rows.
    side
        ``"smiles"``: RDKit's canonical SMILES of the parent molecule, charges settled. ``"sequence"``: the letters, in upper case.
        ``"pair"``: both, a blank between them.

    Raises
    ------
    ConfigError
        If rows have no such side.
    """
    if side == "smiles":
        return [_hashed(text) for text in _smiles(rows)]
    if side == "sequence":
        return _each(rows.sequences())
    if not all(isinstance(item, Pair) for item in rows.items):
        raise ConfigError("rows are no pairs", where="keys of pairs", remedy="name both columns")
    return [
        None if text is None else _hashed(f"{text} {letters}")
        for text, letters in zip(_smiles(rows), rows.sequences(), strict=True)
    ]


def find_keys(rows: SplitRows, parts: Sequence[str]) -> list[PartKey]:
    """Return keys from which each row gets the part that it has: of molecules, of sequences, of both, or else of pairs.

    Parameters
    ----------
    rows
        The rows.
    parts
        The part of each; empty for none.

    Returns
    -------
    Keys in an order that says nothing of the rows.

    Raises
    ------
    InputError
        If rows of the same key are in different parts.
    """
    first = rows.items[0] if len(rows) else None
    ways = _OF_PAIRS if isinstance(first, Pair) else ((("sequence",) if isinstance(first, str) else ("smiles",)),)
    keys = {side: keys_of(rows, side) for side in {side for way in ways for side in way}}
    for way in ways:
        known = {side: _parts_of(keys[side], parts) for side in way}
        if _agreed([keys[side] for side in way], [known[side] for side in way]) == list(parts):
            return sorted(PartKey(side, key, part) for side, each in known.items() for key, part in each.items())
    raise InputError(
        "no keys tell these parts apart",
        where="keys of a split",
        got="rows of one structure or pair in different parts",
        remedy="make one row of them first, or hold out by structure",
    )


def _parts_of(keys: Iterable[str | None], parts: Iterable[str]) -> dict[str, str]:
    return {key: part for key, part in zip(keys, parts, strict=True) if key is not None and part}


def _agreed(keys: Sequence[Sequence[str | None]], known: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the part that all sides of a row are in; empty where they differ, or one is not known."""
    sides = [[parts.get(key or "", "") for key in each] for each, parts in zip(keys, known, strict=True)]
    return [found[0] if len(set(found)) == 1 else "" for found in zip(*sides, strict=True)]


def _look_up(rows: SplitRows, known: _Known) -> list[str]:
    return _agreed([keys_of(rows, side) for side in known], list(known.values()))


def _each(texts: Sequence[str]) -> list[str | None]:
    """Hash what is different among texts once."""
    hashed = {text: _hashed(text) for text in set(texts)}
    return [hashed[text] for text in texts]


def _hashed(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()[:20]


def _smiles(rows: SplitRows) -> list[str | None]:
    """Return the SMILES of each row's parent, each object's once; charges are settled, however the rows were read."""
    molecules = rows.molecules()
    different = list({id(mol): mol for mol in molecules}.values())
    subject = MoleculeSubject(max_atoms=100_000)
    found = subject.keys(subject.read(different).items)
    smiles = {id(mol): text for mol, text in zip(different, found, strict=True)}
    return [smiles[id(mol)] for mol in molecules]


def _read(path: str, column: str) -> _Known:
    """Read a file of keys: side -> key -> part, for the sides that have any."""
    table = open_table(path)
    wanted = ("side", "key", column)
    if missing := [name for name in wanted if name not in table.columns]:
        got = ", ".join(map(repr, table.columns))[:200]
        raise InputError(f"no column {missing[0]!r}", where=table.name, expected=", ".join(wanted), got=got)
    places = [table.columns.index(name) for name in wanted]
    known: dict[str, dict[str, str]] = {}
    for row in table.rows():
        side, key, part = ("" if row.problem else row.values[at].strip() for at in places)
        if side not in _SIDES or not _KEY(key) or part not in _PARTS:
            expected = "smiles, sequence or pair, 20 hexadecimal digits, and train, valid, test or nothing"
            got = repr(f"{side},{key},{part}"[:60])
            raise InputError("no line of keys", where=f"{table.name}, line {row.line}", expected=expected, got=got)
        if part and known.setdefault(side, {}).setdefault(key, part) != part:
            raise InputError("a key is in two parts", where=f"{table.name}, line {row.line}", got=key)
    return known
