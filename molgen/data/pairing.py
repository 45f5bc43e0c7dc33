"""A library of molecules against proteins, or samples: every molecule with each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Self

from molgen.bio.records import read_records
from molgen.data.library import BLOCK_ROWS, AnyBlock, Block, Library, load_block
from molgen.data.paths import expand_paths
from molgen.errors import InputError
from molgen.streams.source import Source

__all__ = ["NAMED_BY", "PROTEIN", "SAMPLE", "PairedLibrary", "read_proteins"]

#: The columns that name the protein, or the sample, of each row.
PROTEIN, SAMPLE = "protein", "sample"
#: What a model reads of partners -> the column that names them.
NAMED_BY = {"sequence": PROTEIN, "profile": SAMPLE}


@dataclass(frozen=True, slots=True)
class PairedLibrary(Library):
    """A library whose rows are pairs: each row of it with each of some partners, one after the other.

    Attributes
    ----------
    partners
        Name -> sequence, or profile.
    """

    partners: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library, column: str, partners: Mapping[str, str]) -> Self:
        """Pair a library with sequences or profiles, whose names are in a column.

        Raises
        ------
        InputError
            If it has a column of that name.
        """
        if column in library.extras:
            raise InputError(f"the library has a column {column!r} already", where=library.sources[0].name, remedy="rename it")
        return cls(library.sources, [column, *library.extras], library.notes, dict(partners))

    def deferred_blocks(self, size: int = BLOCK_ROWS) -> Iterator[AnyBlock]:
        """Iterate over blocks of about as many pairs; prepared libraries are read from their texts."""
        n, (_, *extras) = len(self.partners), self.extras
        names = list(self.partners)
        for job in Library(self.sources, extras, self.notes).deferred_blocks(max(1, size // n)):
            block = load_block(job, extras)
            yield Block(
                block.number,
                block.source,
                _each(block.rows, n),
                _each(block.ids, n),
                [(smiles, partner) for smiles in block.texts for partner in self.partners.values()],
                {at * n + which: problem for at, problem in block.problems.items() for which in range(n)},
                [names * len(block.rows), *(cells and _each(cells, n) for cells in block.extras)],
            )


def _each(values: Sequence[Any], n: int) -> list[Any]:
    """Repeat each value."""
    return list(chain.from_iterable([value] * n for value in values))


def read_proteins(paths: str | Path | Sequence[str | Path]) -> tuple[dict[str, str], list[str]]:
    """Read the sequences that a library is screened against.

    Parameters
    ----------
    paths
        FASTA, FASTQ or GenBank files, plain or packed.

    Returns
    -------
    sequences, digests
        The sequence of each id, and the SHA-256 of each file.

    Raises
    ------
    InputError
        If a file cannot be read, a record is damaged or empty, or two have one id: what would be screened against is not clear.
    """
    found: dict[str, str] = {}
    digests = []
    for path in expand_paths(paths):
        source = Source(path)
        for record in read_records(source):
            problem = record.problem or ("" if record.sequence else "an empty sequence")
            if problem:
                raise InputError(problem, where=f"{source.name}, record {record.number}", remedy="mend or remove the record")
            name = record.id or f"protein_{len(found) + 1}"
            if name in found:
                raise InputError(f"two sequences are called {name!r}", where=source.name, remedy="give each a name of its own")
            found[name] = record.sequence
        digests.append(source.sha256())
    if not found:
        raise InputError("no sequence", where=", ".join(map(str, expand_paths(paths)))[:200])
    return found, digests
