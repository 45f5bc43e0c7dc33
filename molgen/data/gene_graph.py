"""Which genes of profiles are joined, from a table of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from molgen.data.tables import open_table
from molgen.errors import InputError

__all__ = ["GeneEdges", "read_gene_graph"]


class GeneEdges(NamedTuple):
    """A graph over the numbers of samples, as :class:`~molgen.nn.gene_graph.GeneGraph` takes it.

    Attributes
    ----------
    genes
        A row a gene: which numbers are its own, -1 for one that was not measured.
    edges
        Pairs of genes.
    """

    genes: list[list[int]]
    edges: list[list[int]]


def read_gene_graph(path: str | Path, names: Sequence[str]) -> GeneEdges:
    """Read which genes are joined, such as those whose proteins interact.

    Parameters
    ----------
    path
        A table whose first two columns name genes as profiles do (``TP53`` is that of ``expression:TP53``). Other columns are not
        looked at; genes without numbers, and without neighbours, are left out.
    names
        What was measured of samples.

    Raises
    ------
    InputError
        If the file cannot be read, or joins no two genes of the profiles.
    """
    table = open_table(Path(path))
    if len(table.columns) < 2:
        raise InputError("two columns of genes are needed", where=table.name, got=", ".join(table.columns)[:80])
    parts = [name.rpartition(":") for name in names]
    kinds = {kind: at for at, kind in enumerate(dict.fromkeys(kind for kind, _, _ in parts))}
    known = {gene for _, _, gene in parts}
    # A first line that names two genes of the profiles is no header.
    lines = [table.columns, *(row.values for row in table.rows() if row.problem is None)]
    pairs = dict.fromkeys(
        tuple(sorted((first, second)))
        for first, second in ((cells[0].strip(), cells[1].strip()) for cells in lines)
        if first != second and first in known and second in known
    )
    if not pairs:
        got = f"{names[0]!r} and the like in the profiles"
        raise InputError("no two genes of the profiles are joined", where=table.name, expected="their names", got=got)
    number = {gene: at for at, gene in enumerate(dict.fromkeys(gene for pair in pairs for gene in pair))}
    genes = [[-1] * len(kinds) for _ in number]
    for at, (kind, _, gene) in enumerate(parts):
        if gene in number:
            genes[number[gene]][kinds[kind]] = at
    return GeneEdges(genes, [[number[first], number[second]] for first, second in pairs])
