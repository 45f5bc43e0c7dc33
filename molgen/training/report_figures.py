"""Figures of one task in a training report: one function a figure, one list a kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.experts.calibration import COVERAGE
from molgen.reporting.html import Html
from molgen.reporting.plots import Axis, Plot, figure, robust_limits, sample_rows
from molgen.reporting.structures import LOW_SIMILARITY
from molgen.reporting.words import of_task, plural, share
from molgen.training.diagnostics import (
    Bins,
    coverage_curve,
    error_by,
    expected_calibration_error,
    gains,
    labels_histogram,
    reliability,
)
from molgen.training.held_out import HeldOut, Neighbours, Part

__all__ = ["FIGURES", "loss_curve"]

_CURVE_POINTS = 200
_CLASS_BINS = 20
_LABEL_BINS = 24

Figure = Callable[[HeldOut, Neighbours, Sequence[int]], Html | None]


# --- regression -------------------------------------------------------------------------------------------------------


def parity(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Predicted against measured values, with the interval and the worst predictions."""
    if not data.parts:
        return None
    low, high = robust_limits(np.concatenate([np.append(part.labels, part.predicted) for _, _, part in data.parts]))
    unit = f" ({data.task.unit})" if data.task.unit else ""
    plot = Plot(Axis(low, high, f"measured{unit}"), Axis(low, high, f"predicted{unit}"), height=300)
    ends = np.array([low, high])
    plot.line(ends, ends, "even")
    key = [(colour, f"{name}, {len(part):,}") for name, colour, part in data.parts[::-1]]
    if np.isfinite(data.half_width):
        for sign in (-1, 1):
            inside = np.clip(ends, low + max(-sign, 0) * data.half_width, high - max(sign, 0) * data.half_width)
            plot.line(inside, inside + sign * data.half_width, "edge")
        key.append(("edge", f"{share(COVERAGE, 1)} interval, \u00b1 {of_task(data.task, data.half_width)}"))
    for _, colour, part in data.parts:
        drawn = sample_rows(len(part))
        plot.points(part.labels[drawn], part.predicted[drawn], colour)
    _mark_worst(plot, data, worst)
    name, part = data.judged
    return figure(
        "Predicted and measured",
        plot.svg(f"Predicted against measured {data.task.name}, {plural(len(part), name + ' compound')}"),
        key=key,
        facts=_sampled(data) + ("Numbers mark the worst predictions below." if worst else ""),
    )


def residuals(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Distribution of the errors, with the interval and the share that it holds."""
    name, part = data.judged
    if not len(part):
        return None
    width = data.half_width if np.isfinite(data.half_width) else 0.0
    reach = max(robust_limits(np.abs(part.errors))[1], width) * 1.05 or 1.0
    edges = np.linspace(-reach, reach, _LABEL_BINS + 2)
    heights = labels_histogram(part.errors, -reach, reach, _LABEL_BINS + 1)
    unit = f" ({data.task.unit})" if data.task.unit else ""
    y = Axis(0, float(heights.max()) * 1.05, f"share of {name} compounds", percent=True)
    plot = Plot(Axis(-reach, reach, f"predicted \u2212 measured{unit}"), y, height=300)
    key, held = [("bars-blue", f"{name}, {len(part):,}")], ""
    if width:
        plot.band(-width, width)
        inside = float((np.abs(part.errors) <= width).mean())
        key.append(("band", f"interval, \u00b1 {of_task(data.task, width)}"))
        held = f" The {share(COVERAGE, 1)} interval holds {share(inside, 1)} of the {name} compounds."
    plot.bars(edges, heights, "blue")
    bias = f"Mean error {of_task(data.task, float(part.errors.mean()))}, median size {_median(data, part)}."
    return figure("Errors", plot.svg(f"Distribution of the errors of {data.task.name}. {bias}{held}"), key=key, facts=bias + held)


def bias(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Errors along the scale: whether high or low values are drawn to the middle."""
    name, part = data.judged
    if not len(part):
        return None
    low, high = robust_limits(part.predicted)
    reach = max(robust_limits(np.abs(part.errors))[1], 1e-9)
    unit = f" ({data.task.unit})" if data.task.unit else ""
    plot = Plot(Axis(low, high, f"predicted{unit}"), Axis(-reach, reach, f"predicted \u2212 measured{unit}"), height=300)
    plot.line(np.array([low, high]), np.zeros(2), "even")
    drawn = sample_rows(len(part))
    plot.points(part.predicted[drawn], part.errors[drawn], "grey")
    bins = error_by((part.predicted - low) / (high - low), part.errors)
    x = low + bins.x * (high - low)
    plot.line(x, bins.y, "blue")
    plot.points(x, bins.y, "blue", kind="dots")
    key = [("blue", "mean"), ("grey", f"{name}, {len(part):,}")]
    return figure("Errors along the scale", plot.svg(f"Errors of {data.task.name} against its predictions"), key=key)


def coverage(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Which share of test labels intervals of each nominal coverage hold."""
    if not len(data.test):
        return None
    nominal, observed = coverage_curve(np.abs(data.valid.errors), np.abs(data.test.errors))
    if len(nominal) < 5:
        return None
    plot = Plot(Axis(0, 1, "coverage that is stated", percent=True), Axis(0, 1, "test labels inside", percent=True), height=300)
    plot.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "even")
    plot.line(nominal, observed, "blue")
    plot.points(nominal, observed, "blue", kind="dots")
    gap = float((observed - nominal).mean())
    facts = (
        f"On average {share(abs(gap), 1)} {'more' if gap >= 0 else 'less'} than stated. Widths come from the validation compounds."
    )
    return figure("Do intervals hold?", plot.svg(f"Observed against stated coverage of {data.task.name}. {facts}"), facts=facts)


# --- binary -----------------------------------------------------------------------------------------------------------


def roc(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Receiver operating characteristic."""
    from sklearn.metrics import roc_auc_score, roc_curve

    plot = Plot(Axis(0, 1, "false positive rate", percent=True), Axis(0, 1, "true positive rate", percent=True), height=300)
    plot.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "even")
    key = []
    for name, colour, part in _with_both_classes(data):
        x, y, _ = roc_curve(part.labels, part.predicted)
        plot.line(*_thinned(x, y), colour)
        key.append((colour, f"{name}, AUROC {roc_auc_score(part.labels, part.predicted):.3f}"))
    if not key:
        return None
    said = f"ROC curve of {data.task.name}: {'; '.join(words for _, words in key)}"
    return figure("ROC curve", plot.svg(said), key=[*key[::-1], ("even", "chance")])


def precision_recall(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Precision against recall, beside that of chance."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    plot = Plot(Axis(0, 1, "recall", percent=True), Axis(0, 1, "precision", percent=True), height=300)
    key = []
    for name, colour, part in _with_both_classes(data):
        precision, recall, _ = precision_recall_curve(part.labels, part.predicted)
        base = float(part.labels.mean())
        plot.line(np.array([0.0, 1.0]), np.array([base, base]), "even")
        plot.line(*_thinned(recall, precision), colour)
        area = average_precision_score(part.labels, part.predicted)
        key.append((colour, f"{name}, AUPRC {area:.3f}, chance {base:.3f}"))
    if not key:
        return None
    said = f"Precision-recall curve of {data.task.name}: {'; '.join(words for _, words in key)}"
    return figure("Precision and recall", plot.svg(said), key=key[::-1])


def calibration(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Reliability diagram: how often what is given a probability is so."""
    plot = Plot(Axis(0, 1, "probability given", percent=True), Axis(0, 1, "share that is positive", percent=True), height=300)
    plot.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "even")
    key = []
    for name, colour, part in data.parts:
        bins = reliability(part.predicted, part.labels)
        brier = float((part.errors**2).mean())
        plot.line(bins.x, bins.y, colour)
        plot.points(bins.x, bins.y, colour, kind="dots")
        key.append((colour, f"{name}, Brier {brier:.3f}, ECE {expected_calibration_error(bins):.3f}"))
    if not key:
        return None
    said = f"Reliability of {data.task.name}: {'; '.join(words for _, words in key)}"
    facts = "Means of ten bins; on the dashed line, probabilities can be taken at their word."
    return figure("Do probabilities hold?", plot.svg(said), key=key[::-1], facts=facts)


def enrichment(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Share of the positives among the compounds ranked first: what a screen with this model would find."""
    plot = Plot(
        Axis(0, 1, "compounds tested, most probable first", percent=True), Axis(0, 1, "positives found", percent=True), height=300
    )
    plot.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), "even")
    key = []
    for name, colour, part in _with_both_classes(data):
        tested, found = gains(part.predicted, part.labels)
        plot.line(*_thinned(tested, found), colour)
        early = float(np.interp(0.1, tested, found))
        key.append((colour, f"{name}: the first 10 % hold {share(early, 1)}"))
    if not key:
        return None
    said = f"Positives of {data.task.name} found: {'; '.join(words for _, words in key)}"
    return figure("Positives found early", plot.svg(said), key=[*key[::-1], ("even", "chance")])


def class_scores(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Distribution of the probabilities given to each class."""
    name, part = data.judged
    if not len(part):
        return None
    shares = {
        label: labels_histogram(part.predicted[part.labels == label], 0.0, 1.0, _CLASS_BINS)
        for label in (0.0, 1.0)
        if (part.labels == label).any()
    }
    highest = max(float(each.max()) for each in shares.values())
    plot = Plot(
        Axis(0, 1, "probability given", percent=True), Axis(0, highest * 1.05, "share of the class", percent=True), height=300
    )
    edges = np.linspace(0, 1, _CLASS_BINS + 1)
    key = []
    positive = data.task.positive if data.task.positive not in ("", "1") else "positive"
    if 0.0 in shares:
        plot.bars(edges, shares[0.0], "grey")
        key.append(("bars-grey", f"others, {int((part.labels == 0).sum()):,}"))
    if 1.0 in shares:
        plot.steps(edges, shares[1.0], "blue")
        key.insert(0, ("blue", f"{positive}, {int((part.labels == 1).sum()):,}"))
    return figure("Are the classes parted?", plot.svg(f"Probabilities that {name} compounds of each class are given"), key=key)


# --- both -------------------------------------------------------------------------------------------------------------


def labels(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Distribution of the labels in each part."""
    if not len(data.train_labels):
        return None
    low, high = robust_limits(np.concatenate([data.train_labels, *(part.labels for _, _, part in data.parts)]))
    edges = np.linspace(low, high, _LABEL_BINS + 1)
    trained = labels_histogram(data.train_labels, low, high, _LABEL_BINS)
    others = {colour: labels_histogram(part.labels, low, high, _LABEL_BINS) for _, colour, part in data.parts}
    highest = max(float(each.max()) for each in (trained, *others.values()))
    unit = f" ({data.task.unit})" if data.task.unit else ""
    y = Axis(0, highest * 1.05, "share of the compounds", percent=True)
    plot = Plot(Axis(low, high, f"measured{unit}"), y, height=300)
    plot.bars(edges, trained, "grey")
    for colour, heights in others.items():
        plot.steps(edges, heights, colour)
    key = [("bars-grey", f"training, {len(data.train_labels):,}")]
    key += [(colour, f"{name}, {len(part):,}") for name, colour, part in data.parts]
    ends = [of_task(data.task, float(value)) for value in np.quantile(data.train_labels, [0.05, 0.5, 0.95])]
    facts = f"Training labels: median {ends[1]}, nine in ten between {ends[0]} and {ends[2]}."
    return figure("Labels", plot.svg(f"Distribution of the labels of {data.task.name}. {facts}"), key=key, facts=facts)


def similarity(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html | None:  # noqa: ARG001
    """Size of the error against the similarity to the nearest training compound."""
    rows = np.concatenate([part.rows for _, _, part in data.parts]) if data.parts else np.zeros(0, np.int64)
    errors = np.concatenate([np.abs(part.errors) for _, _, part in data.parts]) if data.parts else np.zeros(0)
    like = near.similarity[rows]
    known = ~np.isnan(like)
    if not known.any():
        return None
    like, errors = like[known], errors[known]
    bins = error_by(like, errors)
    unit = f" ({data.task.unit})" if data.task.unit else ""
    high = 1.0 if not data.task.is_regression else max(robust_limits(errors)[1], 1e-9)
    label = f"size of the error{unit}" if data.task.is_regression else "gap between probability and class"
    plot = Plot(Axis(0, 1, "similarity to the nearest training compound"), Axis(0, high, label), height=300)
    plot.band(0, LOW_SIMILARITY)
    drawn = sample_rows(len(like))
    plot.points(like[drawn], errors[drawn], "grey")
    plot.line(bins.x, bins.y, "blue")
    plot.points(bins.x, bins.y, "blue", kind="dots")
    key = [("blue", "mean"), ("grey", f"held-out compounds, {len(like):,}"), ("band", f"below {LOW_SIMILARITY}: extrapolation")]
    facts = _near_and_far(data, bins)
    return figure("Errors far from the training set", plot.svg(f"{label} against similarity. {facts}"), key=key, facts=facts)


def loss_curve(title: str, epochs: NDArray[np.float64], losses: Mapping[str, NDArray[np.float64]], best: float) -> Html | None:
    """Training and validation loss of each epoch of a network, and the epoch that was kept."""
    known = {part: values for part, values in losses.items() if np.isfinite(values).any()}
    if not known or not np.isfinite(epochs).all() or np.ptp(epochs) == 0:
        return None
    values = np.concatenate([each[np.isfinite(each)] for each in known.values()])
    low, high = robust_limits(values)
    plot = Plot(Axis(float(epochs.min()), float(epochs.max()), "epoch"), Axis(min(low, 0.0) if low < 0 else 0.0, high, "loss"))
    colours = {"train": "grey", "valid": "orange"}
    for part, curve in known.items():
        there = np.isfinite(curve)
        plot.line(epochs[there], curve[there], colours[part])
    key = [(colours[part], {"train": "training", "valid": "validation"}[part]) for part in known]
    facts = ""
    at = int(np.abs(epochs - best).argmin())
    if "valid" in known and epochs[at] == best:
        plot.mark(float(epochs[at]), float(known["valid"][at]), "kept")
        facts = f"Epoch {best:.0f} of {epochs.max():.0f} has the lowest validation loss, and was kept."
    return figure(title, plot.svg(f"Losses of {title} by epoch. {facts}"), key=key, facts=facts)


#: What a report draws of a task, by its kind.
FIGURES: dict[str, list[Figure]] = {
    "regression": [parity, residuals, coverage, bias, similarity, labels],
    "multiclass": [similarity],
    "binary": [roc, precision_recall, enrichment, calibration, class_scores, similarity],
}


def _mark_worst(plot: Plot, data: HeldOut, worst: Sequence[int]) -> None:
    _, part = data.judged
    at = {int(row): place for place, row in enumerate(part.rows)}
    for number, row in enumerate(worst, start=1):
        plot.mark(float(part.labels[at[row]]), float(part.predicted[at[row]]), str(number))


def _with_both_classes(data: HeldOut) -> list[tuple[str, str, Part]]:
    return [each for each in data.parts if len(np.unique(each[2].labels)) == 2]


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = sample_rows(len(x), _CURVE_POINTS)
    return x[kept], y[kept]


def _sampled(data: HeldOut) -> str:
    cut = [f"{len(sample_rows(len(part))):,} of the {len(part):,} {name} compounds" for name, _, part in data.parts]
    shown = [words for words, (_, _, part) in zip(cut, data.parts, strict=True) if len(sample_rows(len(part))) < len(part)]
    return f"Shown are {' and '.join(shown)}. " if shown else ""


def _median(data: HeldOut, part: Part) -> str:
    return of_task(data.task, float(np.median(np.abs(part.errors))))


def _near_and_far(data: HeldOut, bins: Bins) -> str:
    if len(bins.x) < 2:
        return ""
    far, near = (f"{of_task(data.task, float(value))}" for value in (bins.y[0], bins.y[-1]))
    return f"Mean {near} at a similarity of {bins.x[-1]:.2f}, {far} at {bins.x[0]:.2f}."
