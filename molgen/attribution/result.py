"""Why a model predicts what it does, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.chem.parse import Mol
from molgen.data.tasks import Task
from molgen.plain import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation", "Neighbour", "TaskExplanation", "parts_table"]


class Neighbour(NamedTuple):
    """A training compound that is like the one explained.

    Attributes
    ----------
    id, smiles
        As the model keeps them.
    similarity
        Tanimoto similarity of Morgan bits.
    measured
        Task -> its label; without it where there is none. The word of the class for tasks of several.
    """

    id: str
    smiles: str
    similarity: float
    measured: dict[str, float | str]


@dataclass(frozen=True, slots=True)
class TaskExplanation:
    """What one prediction rests on.

    Attributes
    ----------
    task
        What is predicted.
    value, lower, upper
        The prediction, in the task's unit or as the probability of a class, and the interval of a quantity; NaN where there is
        none.
    label
        Of several classes the likeliest, which is explained; else empty.
    method
        ``"gradients"`` or ``"masking"``.
    atoms
        ``[n_atoms]``, in the task's unit; in log-odds where a probability is predicted. By gradients, each atom's part; by
        masking, what the prediction loses with the atom: several that are needed together lose it each. NaN for an atom whose place
        nothing can take.
    bonds
        ``[n_bonds]``: each bond's part; ``None`` by masking, which does not tell bonds apart.
    features
        Molecule-level feature that a network reads -> its part.
    base
        By gradients, the prediction where the path begins: every atom a CH2, every bond single, descriptors at the mean of the
        training compounds. With all parts it adds up to the prediction, to within ``remainder``.
    remainder
        What the parts fail to add up to.
    """

    task: Task
    value: float
    lower: float
    upper: float
    label: str
    method: str
    atoms: NDArray[np.float64]
    bonds: NDArray[np.float64] | None = None
    features: dict[str, float] = field(default_factory=dict)
    base: float = float("nan")
    remainder: float = float("nan")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the predictions for one compound rest on.

    Attributes
    ----------
    smiles
        As it was given; canonical, of a molecule.
    status, reason
        As of a screen: only ``"ok"`` compounds are explained.
    notes
        What was done to the compound before it was scored.
    scored
        SMILES of the parent compound that was scored.
    mol
        The molecule of ``scored``: atoms and bonds are numbered as there. ``None`` for what is not ``"ok"``.
    tasks
        One for each task.
    domain
        Similarity to the nearest reference compound.
    neighbours
        The nearest training compounds, nearest first, where the model keeps them.
    """

    smiles: str
    status: str
    reason: str = ""
    notes: str = ""
    scored: str = ""
    mol: Mol | None = None
    tasks: list[TaskExplanation] = field(default_factory=list)
    domain: float = float("nan")
    neighbours: list[Neighbour] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """Return one row for each atom, bond and feature of each task: see :func:`parts_table`."""
        return parts_table([self])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        tasks = [
            {
                "task": each.task.name,
                "value": each.value,
                "lower": each.lower,
                "upper": each.upper,
                "label": each.label,
                "method": each.method,
                "atoms": each.atoms.tolist(),
                "bonds": None if each.bonds is None else each.bonds.tolist(),
                "features": each.features,
                "base": each.base,
                "remainder": each.remainder,
            }
            for each in self.tasks
        ]
        neighbours = [each._asdict() for each in self.neighbours]
        described: dict[str, Any] = plain(
            {
                "smiles": self.smiles,
                "status": self.status,
                "reason": self.reason,
                "notes": self.notes,
                "scored": self.scored,
                "symbols": [] if self.mol is None else [atom.GetSymbol() for atom in self.mol.GetAtoms()],
                "tasks": tasks,
                "domain": self.domain,
                "neighbours": neighbours,
            }
        )
        return described


def parts_table(explanations: Sequence[Explanation]) -> pd.DataFrame:
    """Return one row for each atom, bond and feature of each task, and one for a compound that could not be explained.

    Columns are ``row`` (of the compounds, from 1), ``smiles, status, reason, task, part, index, name, attribution``. ``index``
    counts atoms and bonds from 0, as RDKit does; ``name`` is an atom's element, a bond's two atoms, or a feature's.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for row, each in enumerate(explanations, start=1):
        compound = (row, each.smiles, each.status, each.reason)
        rows += [
            (*compound, explained.task.name, *part)
            for explained in each.tasks
            for part in _parts(explained, each.mol)
            if not np.isnan(part[-1])
        ]
        if not each.tasks:
            rows.append((*compound, "", "", None, "", None))
    frame = pd.DataFrame(rows, columns=["row", "smiles", "status", "reason", "task", "part", "index", "name", "attribution"])
    return frame.astype({"index": "Int64", "attribution": np.float64})


def _parts(explained: TaskExplanation, mol: Mol | None) -> list[tuple[str, int | None, str, float]]:
    if mol is None:
        return []
    symbols = [atom.GetSymbol() for atom in mol.GetAtoms()]
    parts: list[tuple[str, int | None, str, float]] = [
        ("atom", at, symbol, float(part)) for at, (symbol, part) in enumerate(zip(symbols, explained.atoms, strict=True))
    ]
    if explained.bonds is not None:
        ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
        names = [f"{symbols[first]}{first}-{symbols[second]}{second}" for first, second in ends]
        parts += [("bond", at, name, float(part)) for at, (name, part) in enumerate(zip(names, explained.bonds, strict=True))]
    parts += [("feature", None, name, part) for name, part in explained.features.items()]
    return [*parts, ("base", None, "", explained.base), ("remainder", None, "", explained.remainder)]
