"""Why a model predicts what it does: parts of the molecule, and the training compounds that are like it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molgen.attribution.gradients import MAX_STEPS, can_integrate, integrate_gradients
from molgen.attribution.masking import mask_atoms
from molgen.attribution.report import write_explanations
from molgen.attribution.result import Explanation, Neighbour, TaskExplanation, parts_table
from molgen.bundle import Bundle, Scores
from molgen.chem.neighbours import NearestRows
from molgen.chem.parse import Mol
from molgen.chem.standardize import canonical_smiles
from molgen.data.tasks import Task, logit, spans
from molgen.errors import ConfigError
from molgen.experts.domain import pack_bits
from molgen.featurizers.base import as_rows
from molgen.screening.output import check_outputs, write_frame
from molgen.threads import one_torch_thread

__all__ = ["Method", "explain"]

#: How parts of a molecule are told apart: by gradients through networks, or by putting something neutral in an atom's place.
Method = Literal["auto", "gradients", "masking"]


@one_torch_thread()
def explain(
    smiles: Any,
    model: str | Path | Bundle,
    output: str | Path | None = None,
    *,
    report: str | Path | None = None,
    tasks: Sequence[str] = (),
    method: Method = "auto",
    steps: int = 64,
    neighbours: int = 3,
    overwrite: bool = False,
) -> list[Explanation]:
    """Say what predictions rest on: the parts of a molecule, and the training compounds that are like it.

    Parameters
    ----------
    smiles
        One compound or several: SMILES, or parsed molecules.
    model
        A bundle, its file, or the name of one that comes along.
    output
        Table of all parts to write: CSV, or Parquet if it ends in ``.parquet``.
    report
        HTML page of drawings to write.
    tasks
        Those of its tasks to explain; all, if none is named.
    method
        ``"gradients"``: integrated gradients, which add up to the prediction, for graph networks. ``"masking"``: what the
        prediction loses with each atom, for any model. ``"auto"`` takes gradients where they can be had.
    steps
        Points of the integral of the gradients.
    neighbours
        How many of the nearest training compounds to name, where the model keeps them (``store_structures``).
    overwrite
        Replace outputs that exist.

    Returns
    -------
    list of Explanation
        One for each compound, in order; one that cannot be scored says why.

    Raises
    ------
    ConfigError
        If the model has no such task, gradients cannot be had, or it reads columns beside the structure.
    InputError
        If an output exists, or would replace the model.

    Examples
    --------
    >>> molgen.explain("CCO", "admet-fast", tasks=["herg"])[0].tasks[0].atoms  # doctest: +SKIP
    """
    check_outputs([output, report], [] if isinstance(model, Bundle) else [model], overwrite=overwrite)
    bundle = model if isinstance(model, Bundle) else Bundle.load(model)
    found = _explain(as_rows([smiles] if isinstance(smiles, str | Chem.Mol) else smiles), bundle, tasks, method, steps, neighbours)
    if output is not None:
        write_frame(parts_table(found), Path(output))
    if report is not None:
        write_explanations(Path(report), found, "the model" if isinstance(model, Bundle) else Path(model).name)
    return found


def _explain(
    rows: Sequence[Any], bundle: Bundle, tasks: Sequence[str], method: Method, steps: int, neighbours: int
) -> list[Explanation]:
    _ = bundle.molecules  # what reads something else has no atoms
    wanted = _choose(bundle, tasks)
    methods = {task.name: _settle(bundle, task, method) for task in wanted}
    if bundle.columns:
        raise ConfigError("a model that reads columns beside the structure cannot be explained", got=", ".join(bundle.columns))
    if not 1 <= steps <= MAX_STEPS or neighbours < 0:
        expected = f"steps of 1 to {MAX_STEPS:,}, and neighbours not negative"
        raise ConfigError("steps or neighbours out of range", expected=expected, got=f"{steps}, {neighbours}")
    compounds = bundle.read(rows)
    scored = canonical_smiles(compounds.items)
    # Atoms are numbered as in a SMILES that is told, also where a salt was taken off.
    compounds.items = [None if mol is None else _in_order(mol) for mol in compounds.items]
    scores = bundle.score(compounds.items)
    warnings = {row: [note] for row, note in bundle.warnings(scores).items()}
    near = _nearest(bundle, compounds.items, neighbours)
    explained = []
    for row, mol in enumerate(compounds.items):
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
        notes = "; ".join([*compounds.notes.get(row, []), *warnings.get(row, [])])
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
    references = bundle.read(kept.texts).items
    known = [at for at, mol in enumerate(references) if mol is not None]
    nearest = NearestRows(pack_bits(featurizer, [mols[row] for row in queries]), top=top)
    nearest.add(pack_bits(featurizer, [references[at] for at in known]), np.array(known, dtype=np.int64))
    for query, row in enumerate(queries):
        for similarity, at in zip(*nearest.found(query), strict=True):
            labels = {
                task.name: _label(task, float(label))
                for task, label in zip(bundle.tasks, kept.labels[at], strict=True)
                if not np.isnan(label)
            }
            found[row].append(Neighbour(kept.ids[at], kept.texts[at], float(similarity), labels))
    return found


def _label(task: Task, value: float) -> float | str:
    if task.kind != "multiclass":
        return value
    return task.classes[int(value)] if 0 <= value < len(task.classes) else ""
