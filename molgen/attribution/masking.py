"""What a prediction loses with each atom: for models of any kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase

from molgen.bundle import Bundle
from molgen.chem.parse import Mol
from molgen.data.tasks import logit, spans

__all__ = ["mask_atom", "mask_atoms"]

_CARBON = 6
_VALENCE = 4


def mask_atoms(bundle: Bundle, mol: Mol) -> NDArray[np.float64]:
    """Predict a molecule with each of its atoms masked in turn; see :func:`mask_atom`.

    Parameters
    ----------
    bundle
        Any model.
    mol
        A molecule as :meth:`~molgen.bundle.Bundle.read` gives it.

    Returns
    -------
    ``[outputs, n_atoms]``: the prediction minus that without the atom; of probabilities, in log-odds. NaN where nothing can take
    the atom's place.
    """
    masked = [mask_atom(mol, at) for at in range(mol.GetNumAtoms())]
    values = bundle.score([mol, *masked], with_domain=False).values
    for task, span in zip(bundle.tasks, spans(bundle.tasks), strict=True):
        if not task.is_regression:
            values[:, span] = logit(values[:, span])
    lost: NDArray[np.float64] = (values[0] - values[1:]).T
    return lost


def mask_atom(mol: Mol, at: int) -> Mol | None:
    """Return a molecule with something neutral in an atom's place, so that it stays one that a chemist could draw.

    Hydrogen for an atom at an end, a carbon with the same bonds for another that is none, and for a carbon one that is saturated.
    Leaving the atom out would tear rings and chains apart, into molecules unlike any that a model has seen.

    Parameters
    ----------
    mol
        A molecule, which is left as it was.
    at
        Number of the atom.

    Returns
    -------
    The changed molecule; ``None`` where there is none: the only atom, or one of more than four bonds.
    """
    edited = Chem.RWMol(mol)
    atom = edited.GetAtomWithIdx(at)
    with rdBase.BlockLogs():
        try:
            Chem.Kekulize(edited, clearAromaticFlags=True)
            if atom.GetDegree() > 1 and atom.GetAtomicNum() == _CARBON:
                for bond in atom.GetBonds():
                    bond.SetBondType(Chem.BondType.SINGLE)
            for each in (atom, *atom.GetNeighbors()):
                each.SetNoImplicit(False)
                each.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
            if atom.GetDegree() > 1:
                _make_carbon(atom)
            else:
                edited.RemoveAtom(at)
            Chem.SanitizeMol(edited)
        except (ValueError, RuntimeError):  # what RDKit's exceptions and broken invariants arrive as
            return None
    masked = edited.GetMol()
    return masked if masked.GetNumAtoms() else None


def _make_carbon(atom: Chem.Atom) -> None:
    if sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds()) > _VALENCE:
        raise ValueError("a carbon has no more than four bonds")
    atom.SetAtomicNum(_CARBON)
    for reset in (atom.SetFormalCharge, atom.SetIsotope, atom.SetNumExplicitHs, atom.SetNumRadicalElectrons):
        reset(0)
