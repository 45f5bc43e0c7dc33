"""Explanations as one HTML page: each compound with what raises and what lowers its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from molgen.attribution.result import Explanation, TaskExplanation
from molgen.data.tasks import Task
from molgen.reporting.html import Html, section, tag, whole_text, write_page
from molgen.reporting.structures import drawing, similarity_line
from molgen.reporting.words import label_words, of_task, plural, unit

__all__ = ["write_explanations"]

_METHODS = {
    "gradients": "What each atom adds, against a saturated carbon in its place: integrated gradients, which add up to it.",
    "masking": "What the prediction loses with each atom: hydrogen, or a saturated carbon, in its place.",
}
#: Features that a card names.
_MAX_FEATURES = 3


def write_explanations(path: Path, explanations: Sequence[Explanation], model: str) -> None:
    """Write a page of drawings, blue where an atom raises a prediction and orange where it lowers it.

    Parameters
    ----------
    path
        HTML file to write; it appears whole or not at all.
    explanations
        What :func:`~molgen.attribution.explain.explain` found.
    model
        What the page calls the model.
    """
    methods = sorted({task.method for each in explanations for task in each.tasks})
    told = [_METHODS[method] for method in methods]
    lead = tag(
        "p",
        f"{plural(len(explanations), 'compound')} explained. Blue raises a prediction, orange lowers it. ",
        *told,
        class_="lead",
    )
    write_page(
        path, f"Why {model} predicts what it does", lead, [_compound(at, each) for at, each in enumerate(explanations, start=1)]
    )


def _compound(number: int, explained: Explanation) -> Html:
    if explained.mol is None:
        return section(f"Compound {number}", f"{explained.status}: {explained.reason}", tag("code", whole_text(explained.smiles)))
    cards = [_card(explained, each) for each in explained.tasks]
    near = tag("div", similarity_line(explained.domain), *(tag("p", words, class_="soft") for words in _neighbours(explained)))
    return section(
        f"Compound {number}",
        explained.notes or None,
        tag("code", whole_text(explained.smiles)),
        tag("div", *cards, class_="hits"),
        near,
    )


def _card(explained: Explanation, of: TaskExplanation) -> Html:
    task = of.task
    largest = float(np.nanmax(np.abs(of.atoms), initial=0.0)) or 1.0
    shades = np.nan_to_num(of.atoms / largest).tolist()
    interval = f"{of_task(task, of.lower)} to {of_task(task, of.upper)}" if np.isfinite(of.lower) else None
    ends = "log-odds" if not task.is_regression else task.unit
    features = sorted(of.features.items(), key=lambda each: -abs(each[1]))[:_MAX_FEATURES]
    facts = [f"darkest: {largest:.2g} {ends}", *(f"{name}: {part:+.2g}" for name, part in features)]
    return tag(
        "article",
        drawing(explained.mol, f"Structure with the parts of {task.name}", shades=shades),
        tag("h3", tag("span", task.name)),
        tag(
            "p",
            tag("b", of_task(task, of.value)),
            tag("span", of.label or unit(task)),
            " ",
            tag("span", interval) if interval else None,
        ),
        *(tag("p", fact, class_="soft") for fact in facts),
    )


def _words(task: Task, label: float | str) -> str:
    return label if isinstance(label, str) else label_words(task, label)


def _neighbours(explained: Explanation) -> list[str]:
    tasks = [each.task for each in explained.tasks]
    lines = []
    for near in explained.neighbours:
        labels = [f"{task.name} {_words(task, near.measured[task.name])}" for task in tasks if task.name in near.measured]
        lines.append(
            f"similarity {near.similarity:.2f}: {near.id}, {near.smiles}, measured {', '.join(labels) or 'nothing of these'}"
        )
    return lines
