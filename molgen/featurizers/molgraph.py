"""Molecules as graphs, for graph networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molgen.chem.graph import decode_graphs
from molgen.chem.parse import MolList
from molgen.featurizers.base import Features, register
from molgen.featurizers.molecule import MoleculeFeaturizer

__all__ = ["MolGraph"]

#: Rows taken from text to graphs at a time: molecules that are soon freed cost a sixth less than ones that are kept.
_BLOCK = 256


@register
class MolGraph(MoleculeFeaturizer):
    """Atom and bond fields of PyG's ``from_smiles``, packed: 9 numbers an atom, 3 a bond, hydrogens implicit.

    ``featurize`` gives a :class:`~molgen.chem.graph.GraphBatch`; its ``to_pyg()`` is a ``torch_geometric.data.Batch``.
    A row that fails is an empty graph.

    Parameters
    ----------
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"`` (empty graph).
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.

    Examples
    --------
    >>> graphs = MolGraph().transform(["CCO", "c1ccccc1"])
    >>> len(graphs), graphs.atoms.shape, graphs.bonds.shape
    (2, (9, 9), (8, 2))
    """

    def __init__(self, *, errors: str = "raise", n_jobs: int = 1) -> None:
        self.errors = errors
        self.n_jobs = n_jobs

    def _featurize_rows(self, rows: Sequence[Any]) -> Features:
        if len(rows) <= _BLOCK or isinstance(rows, MolList):  # a slice of a MolList forgets what was decoded of it
            return super()._featurize_rows(rows)
        starts = range(0, len(rows), _BLOCK)
        blocks = [super(MolGraph, self)._featurize_rows(rows[start : start + _BLOCK]) for start in starts]
        errors = {start + row: why for start, block in zip(starts, blocks, strict=True) for row, why in block.errors.items()}
        return Features(self._stack([block.values for block in blocks]), errors)

    def _featurize(self, items: list[Any]) -> Features:
        return Features(*decode_graphs(items))
