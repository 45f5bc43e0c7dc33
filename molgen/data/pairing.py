"""A library of molecules against proteins: every molecule with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

from molgen.bio.records import Record, read_records
from molgen.data.library import BLOCK_ROWS, AnyBlock, Block, Library, load_block
from molgen.data.paths import expand_paths
from molgen.errors import InputError
from molgen.streams.source import Source

__all__ = ["PROTEIN", "PairedLibrary", "read_proteins"]

#: The column that names the protein of each row.
PROTEIN = "protein"


@dataclass(frozen=True, slots=True)
class PairedLibrary(Library):
    """A library whose rows are pairs: each row of it with each of some sequences, one after the other.

    Attributes
    ----------
    proteins
        The sequences, with ids.
    """

    proteins: list[Record] = field(default_factory=list)

    @classmethod
    def of(cls, library: Library, proteins: Sequence[Record]) -> Self:
        """Pair a library with sequences.

        Raises
        ------
        InputError
            If it has a column of the name that tells sequences apart.
        """
        if PROTEIN in library.extras:
            raise InputError(f"the library has a column {PROTEIN!r} already", where=library.sources[0].name, remedy="rename it")
        return cls(library.sources, [PROTEIN, *library.extras], library.notes, list(proteins))

    def deferred_blocks(self, size: int = BLOCK_ROWS) -> Iterator[AnyBlock]:
        """Iterate over blocks of about as many pairs; prepared libraries are read from their texts."""
        n, (_, *extras) = len(self.proteins), self.extras
        names = [protein.id for protein in self.proteins]
        for job in Library(self.sources, extras, self.notes).deferred_blocks(max(1, size // n)):
            block = load_block(job, extras)
            yield Block(
                block.number,
                block.source,
                _each(block.rows, n),
                _each(block.ids, n),
                [(smiles, protein.sequence) for smiles in block.texts for protein in self.proteins],
                {at * n + which: problem for at, problem in block.problems.items() for which in range(n)},
                [names * len(block.rows), *(cells and _each(cells, n) for cells in block.extras)],
            )


def _each(values: Sequence[Any], n: int) -> list[Any]:
    """Repeat each value."""
    return list(chain.from_iterable([value] * n for value in values))


def read_proteins(paths: str | Path | Sequence[str | Path]) -> tuple[list[Record], list[str]]:
    """Read the sequences that a library is screened against.

    Parameters
    ----------
    paths
        FASTA, FASTQ or GenBank files, plain or packed.

    Returns
    -------
    records, digests
        The sequences, each with an id of its own, and the SHA-256 of each file.

    Raises
    ------
    InputError
        If a file cannot be read, a record is damaged or empty, or two have one id: what would be screened against is not clear.
    """
    found: list[Record] = []
    digests = []
    for path in expand_paths(paths):
        source = Source(path)
        for record in read_records(source):
            problem = record.problem or ("" if record.sequence else "an empty sequence")
            if problem:
                raise InputError(problem, where=f"{source.name}, record {record.number}", remedy="mend or remove the record")
            found.append(record if record.id else record._replace(title=f"protein_{len(found) + 1}"))
        digests.append(source.sha256())
    names = [record.id for record in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not found:
        what = "no sequence" if not found else f"two sequences are called {twice!r}"
        raise InputError(what, where=", ".join(map(str, expand_paths(paths)))[:200], remedy="give each a name of its own")
    return found, digests
