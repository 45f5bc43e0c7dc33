"""Motifs: matrices of letters, where they match, and which known one is like another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from Bio import motifs as bio_motifs
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.errors import InputError
from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["Motif", "MotifHit", "match_motif", "read_motifs", "scan_motif", "similarity"]

#: Columns that two motifs have in common at least when they are compared.
_LEAST_OVERLAP = 5
#: Added to each letter's share, so that what was never seen is unlikely and not impossible.
_PSEUDO = 0.05


@dataclass(frozen=True, slots=True)
class Motif:
    """How often each letter stands in each place.

    Attributes
    ----------
    id, name
        As its file has them.
    shares
        float64 ``[places, 4]`` in the order ACGT, each place adds up to 1.
    """

    id: str
    name: str
    shares: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.shares)

    @property
    def other_strand(self) -> Motif:
        """The same, read on the other strand."""
        return Motif(self.id, self.name, self.shares[::-1, ::-1])

    @property
    def consensus(self) -> str:
        """The commonest letter of each place, in lower case where fewer than half have it."""
        best = self.shares.argmax(axis=1)
        return "".join("ACGT"[at] if self.shares[place, at] >= 0.5 else "acgt"[at] for place, at in enumerate(best))

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """Bits by which each letter of each place speaks for the motif, against letters that are all as common."""
        shares = (self.shares + _PSEUDO) / (1 + 4 * _PSEUDO)
        bits: NDArray[np.float64] = np.log2(4 * shares)
        return bits

    def to_jaspar(self) -> str:
        """Return it in the format of JASPAR, as counts of a thousand."""
        counts = np.rint(1000 * self.shares).astype(int)
        rows = "".join(f"{letter} [ {' '.join(map(str, counts[:, at]))} ]\n" for at, letter in enumerate("ACGT"))
        return f">{self.id}\t{self.name}\n{rows}"


@dataclass(frozen=True, slots=True)
class MotifHit:
    """Where a motif matches best in a sequence: its first letter (0-based), its strand, and its score in bits."""

    start: int
    strand: str
    score: float


def read_motifs(path: str | Path) -> list[Motif]:
    """Read a file of motifs in the format of JASPAR, plain or packed, through Biopython.

    Raises
    ------
    InputError
        If it is missing, or holds no motif that can be read.
    """
    source = Source(path)
    lines = [line.text for line in read_lines(source)]
    try:
        found = bio_motifs.parse(iter([f"{line.rstrip()}\n" for line in lines if line.strip()]), "jaspar")
    except Exception as error:  # whatever Biopython makes of a broken file
        raise InputError("no motifs in the format of JASPAR", where=source.name, got=" ".join(str(error).split())[:200]) from None
    read = []
    for each in found:
        counts = np.array([each.counts[letter] for letter in "ACGT"], dtype=np.float64).T
        totals = counts.sum(axis=1, keepdims=True)
        if not len(counts) or (totals <= 0).any():
            raise InputError("a motif with a place without letters", where=f"{source.name}, {each.matrix_id}")
        read.append(Motif(str(each.matrix_id or each.name), str(each.name), counts / totals))
    if not read:
        raise InputError("no motifs in the format of JASPAR", where=source.name)
    return read


def scan_motif(motif: Motif, sequences: Sequence[str]) -> list[MotifHit | None]:
    """Find the best match of a motif in each sequence, on either strand; ``None`` for one that is shorter.

    A letter that may stand for several counts as nothing.
    """
    table = np.zeros((256, 4))
    for at, letter in enumerate(get_alphabet("dna").letters):
        table[[ord(letter), ord(letter.lower())], at] = 1.0
    found: list[MotifHit | None] = []
    strands = [("+", motif.log_odds), ("-", motif.other_strand.log_odds)]
    for letters in sequences:
        if len(letters) < len(motif):
            found.append(None)
            continue
        hot = table[np.frombuffer(letters.encode("ascii", "replace"), np.uint8)]
        windows = np.lib.stride_tricks.sliding_window_view(hot, len(motif), axis=0)
        scores = {strand: np.einsum("plk,kl->p", windows, bits) for strand, bits in strands}
        strand = max(scores, key=lambda each: float(scores[each].max()))
        start = int(scores[strand].argmax())
        found.append(MotifHit(start, strand, float(scores[strand][start])))
    return found


def similarity(one: Motif, other: Motif) -> float:
    """Return how like two motifs are, at the offset and on the strand where they are most: 1 for the same, 0 for nothing.

    The mean correlation of the places that overlap, five or more of them, weighed down by the share of the shorter motif that
    does not.
    """
    best = 0.0
    for turned in (other, other.other_strand):
        for offset in range(_LEAST_OVERLAP - len(turned), len(one) - _LEAST_OVERLAP + 1):
            first, second = max(0, offset), max(0, -offset)
            n = min(len(one) - first, len(turned) - second)
            a, b = one.shares[first : first + n] - 0.25, turned.shares[second : second + n] - 0.25
            lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
            alike = (a * b).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
            # Places that say much count for much.
            weights = np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1)
            best = max(best, float(np.average(alike, weights=weights + 1e-12)) * n / min(len(one), len(turned)))
    return best


def match_motif(motif: Motif, known: Sequence[Motif]) -> tuple[Motif, float]:
    """Return the known motif that is most like another, and how much."""
    scores = [similarity(motif, each) for each in known]
    best = int(np.argmax(scores))
    return known[best], scores[best]
