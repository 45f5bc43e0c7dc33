"""Rows of a prepared library on their way to a model: what is stored serves, and only what does not fit is read anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.chem.graph import GraphBatch
from molgen.chem.parse import Mol, parse_batch
from molgen.chem.standardize import NEUTRALIZED, read_compounds, too_large
from molgen.data.prepared.reader import PreparedRows
from molgen.experts.base import StoredValues
from molgen.featurizers import Featurizer, MolGraph
from molgen.rows import ReadRows

__all__ = ["compounds_of"]

#: Stands for a molecule that nobody will look at, since all that is read of it is stored.
_UNSEEN = Chem.Mol()


def compounds_of(
    texts: Sequence[str],
    prepared: PreparedRows,
    wanted: Sequence[Featurizer],
    *,
    max_atoms: int,
    neutralize: bool,
    with_mols: bool,
) -> tuple[ReadRows, StoredValues]:
    """Return the compounds of a block as reading its texts would have, and the stored values among those that are wanted.

    Parameters
    ----------
    texts
        SMILES of each row, as the source file has them.
    prepared
        What is stored of the same rows.
    wanted
        Featurizers whose values are needed.
    max_atoms, neutralize
        What the model asks for; rows that the library treated otherwise are read from their text.
    with_mols
        Whether molecules are looked at for more than the wanted values. If not, those whose values are all stored are not made.
    """
    notes = {row: [note] for row, note in enumerate(prepared.notes) if note}
    reasons = {row: reason for row, reason in enumerate(prepared.reasons) if reason}
    compounds = ReadRows(
        [_UNSEEN if status == "ok" else None for status in prepared.statuses], list(prepared.statuses), reasons, notes
    )
    again = {row for row, status in enumerate(prepared.statuses) if status == "ok" and not prepared.complete[row]}
    if not neutralize:
        again |= {row for row, (note,) in notes.items() if NEUTRALIZED in note}
    if max_atoms != prepared.max_atoms:
        again |= {row for row, status in enumerate(prepared.statuses) if status == "too_large"}
    found = {each: values for each in wanted if (values := prepared.find(each)) is not None}
    if with_mols or len(found) < len(wanted):
        again |= _parse(compounds, prepared, again)
    _read_again(compounds, texts, sorted(again), prepared, max_atoms=max_atoms, neutralize=neutralize)
    if max_atoms < prepared.max_atoms:
        _refuse_large(compounds, prepared.values[MolGraph()], max_atoms)
    return compounds, StoredValues(found, np.array(sorted(again), dtype=np.int64))


def _parse(compounds: ReadRows, prepared: PreparedRows, again: set[int]) -> set[int]:
    """Make the molecules of rows that are not read again; return those that their canonical SMILES does not give back."""
    rows = [row for row, mol in enumerate(compounds.items) if mol is not None and row not in again]
    mols: list[Mol | None] = parse_batch([prepared.canonical[row] for row in rows]).mols
    for row, mol in zip(rows, mols, strict=True):
        compounds.items[row] = mol
    return {row for row, mol in zip(rows, mols, strict=True) if mol is None}


def _read_again(
    compounds: ReadRows, texts: Sequence[str], rows: list[int], prepared: PreparedRows, *, max_atoms: int, neutralize: bool
) -> None:
    if not rows:
        return
    read = read_compounds([texts[row] for row in rows], max_atoms=max_atoms, neutralize=neutralize, tautomers=prepared.tautomers)
    for at, row in enumerate(rows):
        compounds.items[row], compounds.statuses[row] = read.items[at], read.statuses[at]
        compounds.reasons.pop(row, None)
        compounds.notes.pop(row, None)
        if at in read.reasons:
            compounds.reasons[row] = read.reasons[at]
        if at in read.notes:
            compounds.notes[row] = read.notes[at]


def _refuse_large(compounds: ReadRows, graphs: GraphBatch, max_atoms: int) -> None:
    for row in np.flatnonzero(_heavy_atoms(graphs) > max_atoms).tolist():
        if compounds.statuses[row] == "ok":
            too_large(compounds, row, int(_heavy_atoms(graphs.select([row]))[0]), max_atoms)


def _heavy_atoms(graphs: GraphBatch) -> NDArray[np.int64]:
    heavy = np.concatenate([[0], np.cumsum(graphs.atoms[:, 0] != 1)])
    return np.asarray(heavy[graphs.atom_ptr[1:]] - heavy[graphs.atom_ptr[:-1]], dtype=np.int64)
