"""A model's record in a report: its figures beside those of its baselines, and the facts of its card."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from molgen.bundle import Bundle
from molgen.data.tasks import Task
from molgen.reporting.html import Html, tag
from molgen.reporting.words import dig, figure, file_name, share

__all__ = ["best_rival", "facts", "metric_table", "primary"]

# In the order of the table: the measure's name, and which of several values is best.
_MEASURES: dict[str, tuple[str, Callable[..., Any]]] = {
    "accuracy": ("Accuracy", max),
    "balanced_accuracy": ("Balanced accuracy", max),
    "auroc": ("AUROC", max),
    "auprc": ("AUPRC", max),
    "brier": ("Brier score", min),
    "ece": ("ECE", min),
    "mcc": ("MCC", max),
    "log_loss": ("Log loss", min),
    "rmse": ("RMSE", min),
    "mae": ("MAE", min),
    "r2": ("R\u00b2", max),
    "spearman": ("Spearman", max),
    "limits_kept": ("Limits kept", max),
    "nats": ("Nats a count", min),
    "jsd": ("Jensen-Shannon distance", min),
    "pearson": ("Pearson", max),
}
PARTS = {"test": "test", "valid": "validation", "folds": "out-of-fold"}
#: The measure that each kind of task is judged by first.
_PRIMARY = {"regression": "rmse", "binary": "auroc", "multiclass": "balanced_accuracy"}


def primary(task: Task) -> tuple[str, str]:
    """Return the measure that a task is judged by first, and its name."""
    measure = _PRIMARY[task.kind]
    return measure, _MEASURES[measure][0]


def best_rival(figures: Any, task: Task, experts: set[str]) -> tuple[str, float] | None:
    """Return the baseline that comes closest to the model, or passes it, and its value of the primary measure."""
    measure, _ = primary(task)
    known = {name: _number(dig(of, task.name, measure)) for name, of in _items(figures) if name not in (*experts, "model")}
    there = {name: value for name, value in known.items() if value is not None}
    if not there:
        return None
    name = _MEASURES[measure][1](there, key=there.__getitem__)
    return name, there[name]


def metric_table(figures: Any, task: Task, experts: set[str], part: str) -> Html:
    """Tabulate one part's measures of a task: the model, its experts, then the baselines.

    Parameters
    ----------
    figures
        Predictor -> task -> measure -> value, of a card, which may be of any shape.
    task
        The task.
    experts
        Names of the predictors that are parts of the model.
    part
        ``"test"``, ``"valid"`` or ``"folds"``.
    """
    rows = {name: of for name, by_task in _items(figures) if isinstance(of := dig(by_task, task.name), dict)}
    names = sorted(rows, key=lambda name: (name != "model", name not in experts))
    measures = [measure for measure in _MEASURES if any(measure in rows[name] for name in names)]
    best = {measure: _best(measure, [rows[name].get(measure) for name in names]) for measure in measures}
    head = [tag("th", _MEASURES[measure][0], scope="col") for measure in measures]
    lines = []
    for name in names:
        kind = "this" if name == "model" else "part" if name in experts else "rival"
        label = {"this": "this model", "part": f"{name} expert alone", "rival": f"baseline: {name}"}[kind]
        values = [(rows[name].get(measure), best[measure]) for measure in measures]
        cells = (tag("td", tag("b" if value is not None and value == top else "span", figure(value))) for value, top in values)
        lines.append(tag("tr", tag("th", label, scope="row"), *cells, class_=kind))
    counted = _number(dig(rows, names[0], "n")) if names else None
    number = f"{counted:,.0f} {PARTS[part]} compounds" if counted is not None else "no figures"
    caption = f"{task.name}: {number}, the best in bold"
    table = tag("table", tag("caption", caption), tag("thead", tag("tr", tag("td", ""), *head)), tag("tbody", *lines))
    return tag("div", table, class_="wide")


def facts(bundle: Bundle, tasks: Sequence[Task]) -> Html:
    """List what a card says of the model: its data, split, experts, terms and versions."""
    data, split = dig(bundle.card, "data"), dig(bundle.card, "split")
    names = [each.name for each in bundle.tasks]
    parts = {part: n for part in ("train", "valid", "test") if (n := dig(split, "sizes", part)) is not None}
    stated = {
        "Trained on": file_name(dig(data, "file") or ""),
        f"{bundle.subject.noun}s".capitalize(): dig(data, "compounds"),
        "Left out": dig(data, "left_out_count"),
        "Split": dig(split, "name"),
        f"{bundle.subject.noun}s in each part".capitalize(): parts,
        **{
            "Experts" if len(tasks) == 1 else f"Experts, {task.name}": {
                expert.name: share(float(bundle.weights[row, names.index(task.name)]), 1)
                for row, expert in enumerate(bundle.experts)
            }
            for task in tasks
        },
        "Seed": dig(bundle.card, "configuration", "seed"),
        "Domain": f"nearest of {len(bundle.domain.references):,} training {bundle.subject.noun}s",
        **bundle.subject.facts,
        "Licence": dig(bundle.card, "licence"),
        "Versions": dig(bundle.card, "versions"),
        "Data SHA-256": dig(data, "sha256"),
    }
    known = {name: value for name, value in stated.items() if value not in (None, "", {})}
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", figure(value))) for name, value in known.items()))


def _best(measure: str, values: Sequence[Any]) -> Any:
    known = [value for value in map(_number, values) if value is not None]
    return _MEASURES[measure][1](known, default=None)


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value == value else None  # noqa: PLR0124
