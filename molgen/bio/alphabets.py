"""Letters of nucleic acids and proteins: the IUPAC codes, what each may stand for, and complements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from Bio.Data import IUPACData

from molgen.errors import ConfigError

__all__ = ["ALPHABETS", "Alphabet", "called", "get_alphabet"]

#: The alphabets by name.
ALPHABETS = ("dna", "rna", "protein")

#: Written where letters of an alignment are missing.
_GAPS = "-."


@dataclass(frozen=True, eq=False)
class Alphabet:
    """The letters that sequences of a kind are written with; lower case is the same as upper case.

    Attributes
    ----------
    name
        ``"dna"``, ``"rna"`` or ``"protein"``.
    letters
        The letters that have a place of their own, in the order of their numbers.
    codes
        Every letter that may be written -> the ``letters`` it may stand for: one, several (``N``), or none (gaps, stops,
        selenocysteine).
    complement
        Letter -> the one across the helix; empty for proteins.
    """

    name: str
    letters: str
    codes: Mapping[str, str]
    complement: Mapping[str, str] = field(default_factory=dict)

    @property
    def written(self) -> bytes:
        """All letters that may be written, in both cases."""
        return "".join(self.codes).encode() + "".join(self.codes).lower().encode()

    def table(self, values: Mapping[str, int], default: int) -> bytes:
        """Return what :meth:`bytes.translate` turns letters into numbers with.

        Parameters
        ----------
        values
            Letter -> number, 0 to 255; a letter's lower case gets the same.
        default
            Number of every other byte.
        """
        numbers = bytearray([default]) * 256
        for letter, number in values.items():
            numbers[ord(letter)] = numbers[ord(letter.lower())] = number
        return bytes(numbers)

    @property
    def numbers(self) -> bytes:
        """The table of :meth:`bytes.translate` that numbers ``letters`` from 0; 255 is any other byte."""
        return self.table({letter: number for number, letter in enumerate(self.letters)}, 255)


@cache
def get_alphabet(name: str) -> Alphabet:
    """Return an alphabet by name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if name == "dna":
        return _nucleic(name, "ACGT", IUPACData.ambiguous_dna_values, IUPACData.ambiguous_dna_complement)
    if name == "rna":
        return _nucleic(name, "ACGU", IUPACData.ambiguous_rna_values, IUPACData.ambiguous_rna_complement)
    if name == "protein":
        letters = IUPACData.protein_letters
        several = {"B": "DN", "J": "IL", "Z": "EQ", "X": letters}
        none = dict.fromkeys("UO*" + _GAPS, "")  # selenocysteine and pyrrolysine are none of the twenty
        return Alphabet(name, letters, {**{letter: letter for letter in letters}, **several, **none})
    raise ConfigError("unknown alphabet", expected=f"one of {', '.join(ALPHABETS)}", got=repr(name))


def _nucleic(name: str, letters: str, values: Mapping[str, str], complements: Mapping[str, str]) -> Alphabet:
    codes = {code: "".join(sorted(meant)) for code, meant in values.items()} | dict.fromkeys(_GAPS, "")
    return Alphabet(name, letters, codes, {**complements, **dict(zip(_GAPS, _GAPS, strict=True))})


def called(alphabet: Alphabet) -> str:
    """Return what messages call the sequences of an alphabet."""
    return "proteins" if alphabet.name == "protein" else alphabet.name.upper()
