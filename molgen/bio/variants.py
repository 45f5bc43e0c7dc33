"""VCF files: variants of a genome, an allele at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from molgen.bio.alphabets import get_alphabet
from molgen.bio.genome import Genome
from molgen.errors import InputError
from molgen.streams.source import Source
from molgen.streams.text import read_lines

__all__ = ["Variant", "check_reference", "read_variants"]


class Variant(NamedTuple):
    """One alternative allele of a line of a VCF file.

    Attributes
    ----------
    number
        1-based, counting lines that are no headers; the alleles of a line share it.
    contig, position
        Its place; 1-based, that of the first letter of ``ref``. 0 where it cannot be read.
    id, ref, alt
        As they are written; ``.`` is no id.
    filter
        ``PASS``, what it failed, or ``.``.
    problem
        Why it has no effect that could be predicted, or nothing.
    """

    number: int
    contig: str
    position: int
    id: str
    ref: str
    alt: str
    filter: str = "."
    problem: str = ""

    @property
    def start(self) -> int:
        """0-based place of the first letter of ``ref``."""
        return self.position - 1

    @property
    def stop(self) -> int:
        """0-based place of the first letter after ``ref``."""
        return self.start + len(self.ref)


def read_variants(path: str | Path | Source) -> Iterator[Variant]:
    """Iterate over the alleles of a VCF file, plain or packed; ``-`` is standard input. A broken line comes out with a problem.

    Raises
    ------
    InputError
        The file is missing, empty, a folder or not text; or damaged, and then only after all lines before the damage.
    """
    number = 0
    for line in read_lines(path):
        if line.text.startswith("#") or not line.text.strip():
            continue
        number += 1
        cells = line.text.rstrip().split("\t")
        if len(cells) < 5:
            yield Variant(
                number, cells[0], 0, ".", "", "", problem=f"too few columns: {len(cells)}, where a VCF file has 8 or more"
            )
            continue
        contig, position, name, ref, alts = cells[:5]
        place = int(position) if re.fullmatch(r"[0-9]{1,18}", position) else 0
        passed = cells[6] if len(cells) > 6 else "."
        for alt in alts.split(","):
            problem = line.problem or ("" if place else f"no position: {position[:20]!r}") or _problem(ref, alt)
            yield Variant(number, contig, place, name, ref, alt, passed, problem)


def _problem(ref: str, alt: str) -> str:
    if alt in (".", "*", ""):
        return {"*": "an allele that is deleted by another variant"}.get(alt, "no alternative allele")
    if alt.startswith("<") or "[" in alt or "]" in alt:
        return f"a symbolic allele: {alt[:40]}"
    dna = get_alphabet("dna")
    for what, letters in (("reference", ref), ("alternative", alt)):
        strange = next((letter for letter in letters if letter.upper() not in dna.codes or letter in "-."), None)
        if strange or not letters:
            return f"the {what} allele is no DNA: {letters[:40]!r}"
    return "" if ref.upper() != alt.upper() else "the alternative allele is the reference"


def check_reference(variant: Variant, genome: Genome) -> str:
    """Compare the reference allele with the genome: nothing if they agree, else what is wrong, as a reason.

    Case does not matter; an ambiguous letter of either agrees with any letter that it may stand for.
    """
    try:
        found = genome.fetch(variant.contig, variant.start, variant.stop)
    except InputError as error:
        return str(error)
    codes = get_alphabet("dna").codes
    pairs = zip(variant.ref.upper(), found.upper(), strict=True)  # as many as were asked for
    if all(set(codes.get(one, one)) & set(codes.get(other, other)) for one, other in pairs):
        return ""
    return f"the reference allele is {variant.ref[:40]}, but {genome.name} has {found[:40]} there"
