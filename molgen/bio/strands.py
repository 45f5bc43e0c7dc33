"""The other strand, and the protein that a strand is read as."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.errors import ConfigError

__all__ = ["CODONS", "amino_acids", "codon_numbers", "reverse_complement", "translate"]

#: The codons in the order of their numbers.
CODONS = tuple(a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT")

# Wherever in a codon it stands, one of its bits is shifted to the place of 64 or of 128.
_UNKNOWN = 0b01010100


@cache
def _complements(alphabet: str) -> bytes:
    known = get_alphabet(alphabet)
    if not known.complement:
        raise ConfigError("proteins have no other strand", where="alphabet", expected="dna or rna", got=alphabet)
    table = bytearray(range(256))
    for letter, other in known.complement.items():
        table[ord(letter)], table[ord(letter.lower())] = ord(other), ord(other.lower())
    return bytes(table)


def reverse_complement(letters: bytes, alphabet: str = "dna") -> bytes:
    """Return the other strand in its own direction; case and IUPAC codes are kept, and so is any byte that is no letter.

    Raises
    ------
    ConfigError
        If the alphabet has no complements.
    """
    return letters.translate(_complements(alphabet))[::-1]


def codon_numbers(letters: bytes) -> NDArray[np.uint8]:
    """Return the number in :data:`CODONS` of each whole codon; 64 or more for one with a letter that is none of ACGT (or U)."""
    numbers = get_alphabet("dna").table({"A": 0, "C": 1, "G": 2, "T": 3, "U": 3}, _UNKNOWN)
    whole = len(letters) - len(letters) % 3
    codons = np.frombuffer(letters[:whole].translate(numbers), np.uint8).reshape(-1, 3)
    first, second, third = np.array(codons.T, order="C")
    first <<= 4
    second <<= 2
    first |= second
    first |= third
    return np.asarray(first)


def translate(letters: bytes, *, table: int = 1) -> bytes:
    """Translate DNA or RNA from its first letter on, as Biopython does: stops are ``*``, three gaps one gap.

    A codon with ambiguous letters is what all that it may stand for have in common (``CTN`` is ``L``, ``RAY`` is ``B``), else
    ``X``; so is one with a letter that is no code. Letters after the last whole codon are left out.

    Parameters
    ----------
    letters
        The coding strand, in any case.
    table
        Number of the genetic code as NCBI counts them.

    Raises
    ------
    ConfigError
        If there is no such genetic code.
    """
    numbers = codon_numbers(letters)
    protein = numbers.tobytes().translate(amino_acids(table).encode().ljust(256, b"X"))
    unknown = np.flatnonzero(numbers >= len(CODONS))
    if not len(unknown):
        return protein
    resolved = np.frombuffer(protein, np.uint8).copy()
    first, second, third = np.frombuffer(letters[: 3 * len(numbers)], np.uint8).reshape(-1, 3)[unknown].T.astype(np.int32)
    distinct, which = np.unique(first << 16 | second << 8 | third, return_inverse=True)
    acids = b"".join(_resolve(int(codon).to_bytes(3, "big"), table) for codon in distinct)
    resolved[unknown] = np.frombuffer(acids, np.uint8)[which]
    return resolved.tobytes()


@cache
def amino_acids(table: int) -> str:
    """Return the amino acid, or ``*``, of each of :data:`CODONS`.

    Parameters
    ----------
    table
        Number of the genetic code as NCBI counts them.

    Raises
    ------
    ConfigError
        If there is no such genetic code.
    """
    from Bio.Data import CodonTable

    known = CodonTable.unambiguous_dna_by_id.get(table)
    if known is None:
        expected = ", ".join(map(str, sorted(CodonTable.unambiguous_dna_by_id)))
        raise ConfigError("unknown genetic code", expected=f"an NCBI table: {expected}", got=str(table))
    acids = {**dict.fromkeys(known.stop_codons, "*"), **known.forward_table}
    return "".join(acids[codon] for codon in CODONS)


@lru_cache(maxsize=1 << 16)
def _resolve(codon: bytes, table: int) -> bytes:
    """Translate a codon that is not of four letters alone."""
    from Bio.Data import CodonTable
    from Bio.Seq import Seq

    try:
        return str(Seq(codon).translate(table=table)).encode()
    except (CodonTable.TranslationError, UnicodeDecodeError):
        return b"X"
