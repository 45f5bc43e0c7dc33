"""Rows that are sequences of nucleic acids or proteins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from molgen.bio.alphabets import ALPHABETS, called, get_alphabet
from molgen.bio.batch import check_letters, read_sequences
from molgen.errors import ConfigError
from molgen.rows import ReadRows
from molgen.subjects.base import Subject

__all__ = ["MAX_LETTERS", "SequenceSubject", "find_alphabet"]

#: Letters above which a row is ``too_large``: no protein is so long, and of a chromosome one asks for stretches.
MAX_LETTERS = 1_000_000
_MOST_LETTERS = 2**31 - 1
#: Share of rows that may be no sequences of the alphabet that is found for them.
_STRANGE = 0.1
#: Share of letters that may stand for several, or none, before it is noted; letters from which on chance writes no DNA.
_UNCLEAR, _LONG = 0.1, 20


@dataclass(frozen=True, slots=True)
class SequenceSubject(Subject):
    """Sequences of one alphabet.

    Attributes
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.
    max_letters
        Letters above which a sequence is ``too_large``.
    length
        Letters of all sequences that a model was trained on, where they were of one length.
    """

    kind: ClassVar[str] = "sequence"
    noun: ClassVar[str] = "sequence"
    columns: ClassVar[tuple[str, ...]] = ("sequence",)

    alphabet: str = "dna"
    max_letters: int = MAX_LETTERS
    length: int | None = None

    def __post_init__(self) -> None:
        get_alphabet(self.alphabet)
        if type(self.max_letters) is not int or not 1 <= self.max_letters <= _MOST_LETTERS:
            raise ConfigError("max_letters is out of range", expected=f"1 to {_MOST_LETTERS:,}", got=repr(self.max_letters)[:40])

        if self.length is not None and (type(self.length) is not int or not 1 <= self.length <= self.max_letters):
            raise ConfigError("length is out of range", expected=f"1 to {self.max_letters:,}", got=repr(self.length)[:40])

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read sequences in upper case.

        A row with a letter that is no IUPAC code of the alphabet, or without one that stands for itself, is invalid. Where more
        than a tenth of the letters stand for several, or none, or a protein has the letters of DNA alone, that is noted.
        """
        batch, reasons = read_sequences([row.strip() if isinstance(row, str) else row for row in rows])
        reasons |= check_letters(batch, get_alphabet(self.alphabet))
        texts: list[str | None] = [letters.decode().upper() for letters in batch]
        read = ReadRows(list(texts), ["ok"] * len(texts))
        read.refuse("invalid", dict(sorted(reasons.items())))
        long = np.flatnonzero(batch.lengths > self.max_letters).tolist()
        words = {row: f"too large: {batch.lengths[row]:,} letters, the limit is {self.max_letters:,}" for row in long}
        read.refuse("too_large", {row: why for row, why in words.items() if row not in reasons})
        self._look_at_letters(read)
        return read

    def _look_at_letters(self, read: ReadRows) -> None:
        """Refuse rows that say nothing, and note what is odd about others."""
        plain, nucleic = get_alphabet(self.alphabet).letters.encode(), b"ACGTUN"
        for row, text in enumerate(read.items):
            if text is None:
                continue
            letters = text.encode()
            unclear = len(letters.translate(None, plain))
            if unclear == len(letters):
                read.refuse("invalid", {row: "no letter that stands for itself"})
            elif unclear > _UNCLEAR * len(letters):
                read.notes[row] = [f"unclear letters: {unclear:,} of {len(letters):,}"]
            elif self.alphabet == "protein" and len(letters) >= _LONG and not letters.translate(None, nucleic):
                read.notes[row] = ["letters of DNA or RNA alone, read as amino acids"]

    def keys(self, items: Sequence[Any]) -> list[str | None]:
        """Return the letters themselves."""
        return list(items)

    @property
    def example(self) -> str:
        """All letters, five times."""
        return get_alphabet(self.alphabet).letters * 5

    @property
    def limit(self) -> str:
        """Letters."""
        return f"more than {self.max_letters:,} letters"

    @property
    def facts(self) -> dict[str, str]:
        """Size and alphabet."""
        trained = "" if self.length is None else f", trained on {self.length:,} letters each"
        return {"Sequences": f"{called(get_alphabet(self.alphabet))}, up to {self.max_letters:,} letters{trained}"}


def find_alphabet(rows: Sequence[str]) -> str:
    """Return the alphabet that at least nine tenths of some sequences are written in, else that of most.

    Of several that serve, DNA comes before RNA and proteins: all letters of DNA are amino acids, too.
    """
    batch, _ = read_sequences([row.strip() for row in rows])
    strange = {name: len(check_letters(batch, get_alphabet(name))) for name in ALPHABETS}
    few = [name for name in ALPHABETS if strange[name] <= _STRANGE * len(rows)]
    return few[0] if few else min(ALPHABETS, key=lambda name: strange[name])
