"""What is known of a saved predictor, in one dictionary of plain data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molgen.archive import read_archive, read_json
from molgen.bundle import FORMAT, Bundle
from molgen.experts.base import Expert
from molgen.experts.calibration import COVERAGE
from molgen.experts.graph import GraphExpert
from molgen.experts.tabular import TabularExpert
from molgen.members import one_line

__all__ = ["inspect"]

_PARTS = ("train", "valid", "test")
_MEASURES = (
    *("n", "rmse", "mae", "r2", "spearman", "accuracy", "balanced_accuracy", "auroc", "auprc", "brier", "mcc", "log_loss"),
    *("n_limits", "limits_kept"),
)


def inspect(model: str | Path | Bundle) -> dict[str, Any]:
    """Describe a bundle: what it predicts, from what, how well, and what it was trained on.

    Parameters
    ----------
    model
        A bundle, or its file.

    Returns
    -------
    dict
        Plain data, fit for JSON:

        ``file, bytes, format``
            The file's (the first two only if there is one).
        ``tasks``
            One a task: ``name, kind, unit, direction, positive, calibration``, and ``classes`` of several.
        ``experts``
            One an expert: ``name, kind, size, weights`` (by task), ``featurizers`` (their specs).
        ``domain``
            ``references, featurizer`` of the similarity that predictions come with.
        ``structures``
            Number of training compounds whose SMILES, names and labels it holds.
        ``max_atoms``
            Larger molecules are not scored.
        ``metrics``
            Part -> predictor -> task -> measure -> value, or ``null`` where it does not exist.
        ``data``
            ``file, sha256, compounds, left_out`` (rows of the file that were not used) of the training table.
        ``split``
            ``name`` and ``sizes`` by part.
        ``versions, licence, configuration``
            As training wrote them down.

        What is not known is ``None``, or an empty dictionary.

    Raises
    ------
    BundleError
        If the file is damaged or not safe to use.
    """
    about: dict[str, Any] = {"format": FORMAT}
    if isinstance(model, Bundle):
        bundle = model
    else:
        bundle, path = Bundle.load(model), Path(model)
        manifest = read_json(read_archive(path), "manifest.json", path)
        about = {"file": str(path), "bytes": path.stat().st_size, "format": manifest["format"]}
    card = _section({"card": _printable(bundle.card)}, "card")
    return {
        **about,
        "tasks": [_task(bundle, at) for at in range(len(bundle.tasks))],
        "experts": [_expert(bundle, at) for at in range(len(bundle.experts))],
        "domain": {"references": len(bundle.domain.references), "featurizer": _printable(bundle.domain.featurizer.spec())},
        "structures": 0 if bundle.structures is None else len(bundle.structures),
        "max_atoms": bundle.max_atoms,
        "metrics": _metrics(_section(card, "metrics"), bundle),
        **_record(card),
    }


def _task(bundle: Bundle, at: int) -> dict[str, Any]:
    task, calibration = bundle.tasks[at], bundle.calibration[at]
    described: dict[str, Any] = {name: one_line(getattr(task, name)) for name in ("name", "kind", "unit", "direction", "positive")}
    if task.is_regression:
        known = math.isfinite(calibration.half_width)
        return {
            **described,
            "calibration": {"half_width": calibration.half_width if known else None, "coverage": COVERAGE},
        }
    if task.kind == "multiclass":
        described["classes"] = [one_line(word) for word in task.classes]
        return {**described, "calibration": {"temperature": 1 / calibration.slope}}
    return {**described, "calibration": {"slope": calibration.slope, "intercept": calibration.intercept}}


def _expert(bundle: Bundle, at: int) -> dict[str, Any]:
    expert = bundle.experts[at]
    weights = {one_line(task.name): float(w) for task, w in zip(bundle.tasks, bundle.weights[at], strict=True)}
    return {
        "name": one_line(expert.name),
        "kind": expert.kind,
        "size": _size(expert),
        "weights": weights,
        "featurizers": [_printable(featurizer.spec()) for featurizer in expert.featurizers],
    }


def _size(expert: Expert) -> str:
    if isinstance(expert, GraphExpert):
        size = f"{sum(p.numel() for p in expert.networks[0].parameters()):,} parameters"
        return size if len(expert.networks) == 1 else f"{len(expert.networks)} networks of {size}"
    if isinstance(expert, TabularExpert):
        return f"{sum(booster.num_trees() for booster in expert.boosters):,} trees"
    return ""


def _record(card: dict[str, Any]) -> dict[str, Any]:
    """Return what a card says of how the bundle was made, each thing of the kind that is expected or not at all."""
    data, split = _section(card, "data"), _section(card, "split")
    sizes = {part: size for part, size in _section(split, "sizes").items() if type(size) is int}
    sizes = _ordered(sizes, _PARTS)
    return {
        "data": {
            "file": _if(str, data.get("file")),
            "sha256": _if(str, data.get("sha256")),
            "compounds": _if(int, data.get("compounds")),
            "left_out": _if(int, data.get("left_out_count")),
        },
        "split": {"name": _if(str, split.get("name")), "sizes": sizes},
        "versions": {name: version for name, version in _section(card, "versions").items() if isinstance(version, str)},
        "licence": _if(str, card.get("licence")),
        "configuration": _section(card, "configuration"),
    }


def _section(card: dict[str, Any], name: str) -> dict[str, Any]:
    value = card.get(name)
    return value if isinstance(value, dict) else {}


def _if(kind: type, value: Any) -> Any:
    return value if type(value) is kind else None


def _printable(value: Any) -> Any:
    """Make every text of a stranger's card one line without control characters, which could rewrite the terminal."""
    if isinstance(value, dict):
        return {one_line(key): _printable(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    return one_line(value) if isinstance(value, str) else value


def _metrics(metrics: dict[str, Any], bundle: Bundle) -> dict[str, dict[str, dict[str, dict[str, float | None]]]]:
    """Return the tables of metrics that hold together: the same tasks and measures for every predictor, and only numbers.

    Files keep their keys in alphabetical order; here baselines come first, then the experts, then the model.
    """
    tasks = [one_line(task.name) for task in bundle.tasks]
    ours = [*(one_line(expert.name) for expert in bundle.experts), "model"]
    tables = {}
    for part, table in _ordered(metrics, _PARTS).items():
        if _is_table(table, tasks):
            order = [*(name for name in table if name not in ours), *ours]
            tables[part] = {
                name: {task: _ordered(by_task[task], _MEASURES) for task in tasks}
                for name, by_task in _ordered(table, order).items()
            }
    return tables


def _ordered(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Put the keys that are named first, in the order of the names."""
    return {name: values[name] for name in names if name in values} | values


def _is_table(table: Any, tasks: list[str]) -> bool:
    if not isinstance(table, dict) or not table:
        return False
    measures: dict[str, set[str]] = {}
    for by_task in table.values():
        if not isinstance(by_task, dict) or set(by_task) != set(tasks):
            return False
        for task, values in by_task.items():
            if not isinstance(values, dict) or set(values) != measures.setdefault(task, set(values)):
                return False
            if not all(value is None or type(value) in (int, float) for value in values.values()):
                return False
    return True
