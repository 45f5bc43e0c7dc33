"""Why a model predicts what it does: parts of the molecule, and the training compounds that are like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.attribution.gradients import MAX_STEPS, can_integrate, integrate_gradients
from molgen.attribution.masking import mask_atoms
from molgen.bundle import Bundle, Scores
from molgen.chem.neighbours import NearestRows
from molgen.chem.parse import Mol
from molgen.chem.standardize import canonical_smiles
from molgen.data.tasks import Task, logit, spans
from molgen.errors import ConfigError
from molgen.featurizers.base import as_rows
from molgen.plain import plain
from molgen.threads import one_torch_thread

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Explanation", "Method", "Neighbour", "TaskExplanation", "explain"]

#: How parts of a molecule are told apart: by gradients through networks, or by putting something neutral in an atom's place.
Method = Literal["auto", "gradients", "masking"]


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
        """Return one row for each atom, bond and feature of each task: ``smiles, task, part, index, name, attribution``.

        ``index`` counts atoms and bonds from 0, as RDKit does; ``name`` is an atom's element, a bond's two atoms, or a feature's.
        """
        import pandas as pd

        rows = [
            (self.smiles, each.task.name, *part) for each in self.tasks for part in _parts(each, self.mol) if not np.isnan(part[-1])
        ]
        frame = pd.DataFrame(rows, columns=["smiles", "task", "part", "index", "name", "attribution"])
        return frame.astype({"index": "Int64", "attribution": np.float64})

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


@one_torch_thread()
def explain(
    smiles: Any,
    model: str | Path | Bundle,
    *,
    tasks: Sequence[str] = (),
    method: Method = "auto",
    steps: int = 64,
    neighbours: int = 3,
) -> list[Explanation]:
    """Say what predictions rest on.

    Parameters
    ----------
    smiles
        One compound or several: SMILES, or parsed molecules.
    model
        A bundle, its file, or the name of one that comes along.
    tasks
        Those of its tasks to explain; all, if none is named.
    method
        ``"gradients"``: integrated gradients, which add up to the prediction, for graph networks. ``"masking"``: what the
        prediction loses with each atom, for any model. ``"auto"`` takes gradients where they can be had.
    steps
        Points of the integral of the gradients.
    neighbours
        How many of the nearest training compounds to name, where the model keeps them (``store_structures``).

    Returns
    -------
    list of Explanation
        One for each compound, in order; one that cannot be scored says why.

    Raises
    ------
    ConfigError
        If the model has no such task, gradients cannot be had, or it reads columns beside the structure.

    Examples
    --------
    >>> molgen.explain("CCO", "admet-fast", tasks=["herg"])[0].tasks[0].atoms  # doctest: +SKIP
    """
    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    wanted = _choose(bundle, tasks)
    methods = {task.name: _settle(bundle, task, method) for task in wanted}
    if bundle.columns:
        raise ConfigError("a model that reads columns beside the structure cannot be explained", got=", ".join(bundle.columns))
    if not 1 <= steps <= MAX_STEPS or neighbours < 0:
        expected = f"steps of 1 to {MAX_STEPS:,}, and neighbours not negative"
        raise ConfigError("steps or neighbours out of range", expected=expected, got=f"{steps}, {neighbours}")
    rows = as_rows([smiles] if isinstance(smiles, str | Chem.Mol) else smiles)
    compounds = bundle.read(rows)
    scored = canonical_smiles(compounds.mols)
    # Atoms are numbered as in a SMILES that is told, also where a salt was taken off.
    compounds.mols = [None if mol is None else _in_order(mol) for mol in compounds.mols]
    scores = bundle.score(compounds.mols)
    near = _nearest(bundle, compounds.mols, neighbours)
    explained = []
    for row, mol in enumerate(compounds.mols):
        text = Chem.MolToSmiles(rows[row]) if isinstance(rows[row], Chem.Mol) else str(rows[row])
        reason = scores.errors.get(row) or compounds.reasons.get(row, "")
        if mol is None or reason:
            status = compounds.statuses[row] if mol is None else "invalid"
            explained.append(Explanation(text, status, reason))
            continue
        lost = mask_atoms(bundle, mol) if "masking" in methods.values() else np.zeros(0)
        of_tasks = [
            _by_gradients(bundle, mol, task, scores, row, steps)
            if methods[task.name] == "gradients"
            else _by_masking(bundle, task, scores, row, lost)
            for task in wanted
        ]
        domain = float("nan") if scores.domain is None else float(scores.domain[row])
        notes = "; ".join(compounds.notes.get(row, []))
        explained.append(Explanation(text, "ok", "", notes, scored[row] or "", mol, of_tasks, domain, near[row]))
    return explained


def _in_order(mol: Mol) -> Mol:
    """Number the atoms of a molecule as its canonical SMILES does."""
    Chem.MolToSmiles(mol)
    order = mol.GetProp("_smilesAtomOutputOrder").strip("[],").split(",")
    return Chem.RenumberAtoms(mol, [int(at) for at in order]) if mol.GetNumAtoms() > 1 else mol


def _choose(bundle: Bundle, names: Sequence[str]) -> list[Task]:
    by_name = {task.name: task for task in bundle.tasks}
    for name in names:
        if name not in by_name:
            raise ConfigError(f"the model has no task {name!r}", expected=f"one of {', '.join(map(repr, by_name))}")
    return [by_name[name] for name in names] or bundle.tasks


def _settle(bundle: Bundle, task: Task, method: Method) -> str:
    if method not in get_args(Method):
        raise ConfigError("unknown method", expected=f"one of {', '.join(get_args(Method))}", got=repr(method))
    possible = can_integrate(bundle, task)
    if method == "gradients" and not possible:
        got = f"{task.kind} task {task.name!r} of {', '.join(expert.kind for expert in bundle.experts)} experts"
        remedy = "use masking, which works for any model"
        raise ConfigError(
            "gradients go through graph networks that predict a quantity or one of two classes", got=got, remedy=remedy
        )
    return method if method != "auto" else "gradients" if possible else "masking"


def _output(bundle: Bundle, task: Task, scores: Scores, row: int) -> int:
    """Return the column that is explained: the task's, or that of the likeliest of several classes."""
    span = spans(bundle.tasks)[bundle.tasks.index(task)]
    return int(span.start + np.argmax(scores.values[row, span]))


def _by_gradients(bundle: Bundle, mol: Mol, task: Task, scores: Scores, row: int, steps: int) -> TaskExplanation:
    at = _output(bundle, task, scores, row)
    found = integrate_gradients(bundle, mol, task, steps)
    value, lower, upper = (float(each[row, at]) for each in (scores.values, scores.lower, scores.upper))
    predicted = value if task.is_regression else float(logit(np.array(value)))
    parts = found.atoms.sum() + found.bonds.sum() + sum(found.features.values())
    remainder = predicted - found.base - float(parts)
    return TaskExplanation(
        task, value, lower, upper, "", "gradients", found.atoms, found.bonds, found.features, found.base, remainder
    )


def _by_masking(bundle: Bundle, task: Task, scores: Scores, row: int, lost: NDArray[np.float64]) -> TaskExplanation:
    at = _output(bundle, task, scores, row)
    value, lower, upper = (float(each[row, at]) for each in (scores.values, scores.lower, scores.upper))
    label = task.classes[at - spans(bundle.tasks)[bundle.tasks.index(task)].start] if task.kind == "multiclass" else ""
    return TaskExplanation(task, value, lower, upper, label, "masking", lost[at])


def _nearest(bundle: Bundle, mols: Sequence[Mol | None], top: int) -> list[list[Neighbour]]:
    """Return the nearest of the training compounds that the bundle keeps for each molecule."""
    kept, featurizer = bundle.structures, bundle.domain.featurizer
    found: list[list[Neighbour]] = [[] for _ in mols]
    queries = [row for row, mol in enumerate(mols) if mol is not None]
    if kept is None or not top or not queries:
        return found
    references = bundle.read(kept.smiles).mols
    known = [at for at, mol in enumerate(references) if mol is not None]
    nearest = NearestRows(featurizer.pack([mols[row] for row in queries]), top=top)
    nearest.add(featurizer.pack([references[at] for at in known]), np.array(known, dtype=np.int64))
    for query, row in enumerate(queries):
        for similarity, at in zip(*nearest.found(query), strict=True):
            labels = {
                task.name: _label(task, float(label))
                for task, label in zip(bundle.tasks, kept.labels[at], strict=True)
                if not np.isnan(label)
            }
            found[row].append(Neighbour(kept.ids[at], kept.smiles[at], float(similarity), labels))
    return found


def _label(task: Task, value: float) -> float | str:
    if task.kind != "multiclass":
        return value
    return task.classes[int(value)] if 0 <= value < len(task.classes) else ""
