"""What a training run came to as one HTML page: data, measures beside the baselines, plots of each task, worst predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.tasks import Task
from molgen.experts.calibration import COVERAGE
from molgen.reporting.bars import bar, bars, kinds_of
from molgen.reporting.html import Html, folded, section, tag, write_page
from molgen.reporting.model import best_rival, facts, metric_table, primary
from molgen.reporting.structures import drawing, similarity_line
from molgen.reporting.words import DASH, dig, figure, file_name, label_words, listed, of_task, plural, share, signed, unit
from molgen.subjects import MoleculeSubject
from molgen.training.held_out import HeldOut, Neighbours, held_out
from molgen.training.report_figures import FIGURES, loss_curve
from molgen.training.train import TrainResult

__all__ = ["write_training_report"]

# Of what there can be hundreds, so many are shown.
_MAX_TASKS = 30
_OPEN_TASKS = 2
_MAX_NETWORKS = 5
_PREDICTED = {"regression": "predicted", "binary": "probability", "multiclass": "its probability"}
#: Drawings of worst predictions on a page, and at least and at most so many a task.
_DRAWINGS, _FEWEST, _MOST = 36, 2, 6
_PARTS = {"train": "training", "valid": "validation", "test": "test"}
_JUDGED = {"test": "test", "folds": "out-of-fold", "valid": "validation"}


def write_training_report(path: Path, result: TrainResult) -> None:
    """Write the report of a training run.

    Parameters
    ----------
    path
        HTML file to write; it appears whole or not at all.
    result
        What :func:`~molgen.training.train.train` gave.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    bundle = result.bundle
    names = [task.name for task in bundle.tasks]
    shown = bundle.tasks[:_MAX_TASKS]
    near = Neighbours.of(result)
    data = [held_out(result, at) for at in range(len(shown))]
    sections = [
        section("The data", None, _rows(result), _parts(result)),
        section("How good it is", _judged(result), _overview(result, bundle.tasks)),
        *_places(result),
        *_tasks(result, data, near),
        section("Learning curves", "Loss over all tasks, in units of the labels' spread.", _learning(bundle.card)),
        section("The model", None, facts(bundle, shown[:_OPEN_TASKS]), _configuration(bundle.card)),
    ]
    write_page(path, f"Training of {listed(names, 3)}", tag("div", _lead(result), _tiles(result, data)), sections)


# --- head -------------------------------------------------------------------------------------------------------------


def _lead(result: TrainResult) -> Html:
    experts = [expert.name for expert in result.bundle.experts]
    what = f"A blend of {len(experts)} experts ({', '.join(experts)})" if len(experts) > 1 else f"One expert ({experts[0]})"
    name = file_name(result.dataset.source.get("file", "a data set"))
    return tag("p", f"{what}, trained on ", tag("b", name), ".", class_="lead")


def _tiles(result: TrainResult, data: Sequence[HeldOut]) -> Html:
    sizes = result.split.sizes()
    left = len(result.dataset.dropped)
    tiles = [
        ("Compounds", f"{len(result.dataset):,}", f"{plural(left, 'row')} of the file left out"),
        ("Training", f"{sizes['train']:,}", f"validation {sizes['valid']:,}, test {sizes['test']:,}"),
    ]
    for each in data[: 2 if len(data) == 1 else 1]:
        part, figures = _judged_part(result)
        measure, title = primary(each.task)
        value = dig(figures, "model", each.task.name, measure)
        rival = best_rival(figures, each.task, _experts(result))
        beside = f", best baseline {figure(rival[1])}" if rival else ""
        tiles.append((f"{title}, {each.task.name}", figure(value), f"{_JUDGED[part]}{beside}"))
    if data and np.isfinite(data[0].half_width):
        width = of_task(data[0].task, data[0].half_width)
        tiles.append((f"{share(COVERAGE, 1)} interval", f"\u00b1 {width}", unit(data[0].task) or data[0].task.name))
    return tag("div", *(tag("p", label, tag("b", n), detail) for label, n, detail in tiles), class_="tiles")


# --- data -------------------------------------------------------------------------------------------------------------


def _rows(result: TrainResult) -> Html:
    """Draw what became of the rows of the file, and which labels could not be read."""
    dataset = result.dataset
    n, left = len(dataset), Counter(reason.split(":", 1)[0] for _, reason in dataset.dropped)
    total = n + len(dataset.dropped)
    unused = n - sum(result.split.sizes().values())
    drawn = [bar("rows read", total, total, "all"), bar("used", n - unused, total, "ok")]
    if dataset.dropped:
        drawn += [bar("left out", len(dataset.dropped), total, "lost"), *kinds_of(left.most_common(), total)]
    if unused:
        why = Counter(reason.split(":", 1)[0] for reason in result.unused.values())
        drawn += [bar("in no part of the split", unused, total, "lost"), *kinds_of(why.most_common(), total)]
    notes = [tag("p", f"Note: {note}.", class_="soft") for note in dataset.notes]
    if dataset.problems:
        line, reason = dataset.problems[0]
        count = plural(len(dataset.problems), "label")
        notes.append(tag("p", f"{count} could not be read and count as missing; the first, line {line}: {reason}", class_="soft"))
    if limits := sum(dataset.labels.count_limits()):
        notes.append(
            tag("p", f"{plural(limits, 'label')} are limits, such as >10; plots show measured values alone.", class_="soft")
        )
    if isinstance(dataset.subject, MoleculeSubject) and not dataset.subject.neutralize:
        notes.append(tag("p", f"Charges are left as drawn: {dataset.drawn_charged:.0%} of the compounds have them.", class_="soft"))
    return tag("div", bars(*drawn), *notes)


def _parts(result: TrainResult) -> Html:
    """Tabulate how many labels each part has, and what they are like."""
    tasks, measured = result.bundle.tasks[:_MAX_TASKS], result.dataset.labels.measured()
    rows: dict[str, NDArray[np.int64]] = {"train": result.split.train, "valid": result.split.valid, "test": result.split.test}
    head = [tag("th", f"{title} {len(rows[part]):,}", scope="col") for part, title in _PARTS.items()]
    lines = []
    for at, task in enumerate(tasks):
        cells = [tag("td", _labels_in_words(task, measured[of, at])) for of in rows.values()]
        lines.append(tag("tr", tag("th", task.name, scope="row"), *cells))
    caption = "Labels in each part of the split: how many, and their median, the share of positives or the commonest class"
    table = tag("table", tag("caption", caption), tag("thead", tag("tr", tag("td", ""), *head)), tag("tbody", *lines))
    return tag("div", table, class_="wide")


def _labels_in_words(task: Task, labels: NDArray[np.float64]) -> str:
    known = labels[~np.isnan(labels)]
    if not len(known):
        return "none"
    if task.kind == "multiclass":
        commonest = int(np.bincount(known.astype(np.int64)).argmax())
        like = f"{share(float((known == commonest).sum()), len(known))} {task.classes[commonest]}"
    else:
        like = of_task(task, float(np.median(known))) if task.is_regression else share(float((known == 1).sum()), len(known))
    return f"{len(known):,}, {like}"


# --- figures of merit -------------------------------------------------------------------------------------------------


def _judged_part(result: TrainResult) -> tuple[str, Any]:
    part = next((part for part in _JUDGED if part in result.metrics), "valid")
    return part, dig(result.bundle.card, "metrics", part)


def _experts(result: TrainResult) -> set[str]:
    return {expert.name for expert in result.bundle.experts}


def _judged(result: TrainResult) -> str:
    split = dig(result.bundle.card, "split", "name")
    if result.cross_validation is not None:
        n = len(result.cross_validation.folds)
        return f"Each compound is judged by the one of {n} models, on folds of the {split} split, that did not see it in training."
    test = "Test compounds had no part in training or in choosing anything. " if "test" in result.metrics else ""
    valid = "Validation compounds chose the epochs, the weights of the experts, and the calibration."
    return f"On compounds held out by the {split} split. {test}{valid}"


def _overview(result: TrainResult, tasks: Sequence[Task]) -> Html | None:
    """Tabulate the primary measure of each of several tasks beside that of the best baseline."""
    part, figures = _judged_part(result)
    if len(tasks) == 1:
        return _tables(result, tasks[0])
    lines = [_overview_row(figures, task, _experts(result), at) for at, task in enumerate(tasks)]
    heads = ("measure", f"{_JUDGED[part]} labels", "this model", "best baseline", "which")
    head = tag("thead", tag("tr", tag("td", ""), *(tag("th", each, scope="col") for each in heads)))
    table = tag("table", tag("caption", "The better one in bold"), head, tag("tbody", *lines))
    return tag("div", table, class_="wide")


def _overview_row(figures: Any, task: Task, experts: set[str], at: int) -> Html:
    measure, title = primary(task)
    n, value = dig(figures, "model", task.name, "n"), dig(figures, "model", task.name, measure)
    name, rival = best_rival(figures, task, experts) or (DASH, None)
    # A model that is no better than its baseline is not bold.
    better = value is not None and rival is not None and (value < rival if task.is_regression else value > rival)
    ours, theirs = figure(value), figure(rival)
    cells = (title, figure(int(n or 0)), tag("b", ours) if better else ours, theirs if better else tag("b", theirs), name)
    heading = tag("a", task.name, href=f"#{_task_anchor(at)}") if at < _MAX_TASKS else task.name
    return tag("tr", tag("th", heading, scope="row"), *(tag("td", cell) for cell in cells))


def _tables(result: TrainResult, task: Task) -> Html:
    metrics = dig(result.bundle.card, "metrics")
    parts = [part for part in _JUDGED if dig(metrics, part)]
    return tag("div", *(metric_table(dig(metrics, part), task, _experts(result), part) for part in parts), class_="tables")


def _places(result: TrainResult) -> list[Html]:
    """Tabulate how well it is predicted where counts are, for a model of tracks."""
    if not result.tracks:
        return []
    tasks = [task for task in result.bundle.tasks[:_MAX_TASKS] if task.name in result.bundle.tracks]
    tables = [metric_table(figures, task, set(), part) for part, figures in result.tracks.items() for task in tasks]
    return [
        section(
            "Where counts are", "Within the windows, beside the mean of those trained on.", tag("div", *tables, class_="tables")
        )
    ]


# --- tasks ------------------------------------------------------------------------------------------------------------


def _task_anchor(at: int) -> str:
    return f"task-{at + 1}"


def _tasks(result: TrainResult, data: Sequence[HeldOut], near: Neighbours) -> list[Html]:
    each = min(max(_DRAWINGS // max(len(data), 1), _FEWEST), _MOST)
    if len(data) == 1:
        worst = _worst(data[0], each)
        return [section("Plots", None, _figures(data[0], near, worst)), _worst_section(result, data[0], near, worst)]
    parts = [_task(result, one, near, at, each) for at, one in enumerate(data)]
    left = len(result.bundle.tasks) - len(data)
    explained = f"The first {len(data)} tasks; the figures of {left} more are in the table above." if left else None
    return [section("Task by task", explained, *parts)]


def _task(result: TrainResult, data: HeldOut, near: Neighbours, at: int, n: int) -> Html:
    worst = _worst(data, n)
    part, figures = _judged_part(result)
    measure, title = primary(data.task)
    value = dig(figures, "model", data.task.name, measure)
    summary = tag("span", f"{title} {figure(value)}, {_JUDGED[part]}")
    return folded(
        Html(f"{tag('b', data.task.name)} {summary}"),
        _tables(result, data.task),
        _figures(data, near, worst),
        tag("h4", "Worst predictions") if worst else None,
        _worst_cards(result, data, near, worst) if worst else None,
        opened=at < _OPEN_TASKS,
        id_=_task_anchor(at),
    )


def _figures(data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html:
    drawn = [draw(data, near, worst) for draw in FIGURES.get(data.task.kind, [])]
    return tag("div", *drawn, class_="figures")


def _worst(data: HeldOut, n: int) -> list[int]:
    """Return the rows that are predicted worst, the worst first."""
    _, part = data.judged
    order = np.argsort(-np.abs(part.errors), kind="stable")[:n]
    return [int(row) for row in part.rows[order]]


def _worst_section(result: TrainResult, data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html:
    explained = f"Of the {data.judged[0]} compounds, each beside its nearest training compound."
    return section("Worst predictions", explained, _worst_cards(result, data, near, worst) if worst else None)


def _worst_cards(result: TrainResult, data: HeldOut, near: Neighbours, worst: Sequence[int]) -> Html:
    return tag("div", *(_worst_card(result, data, near, row, at) for at, row in enumerate(worst, start=1)), class_="hits pairs")


def _worst_card(result: TrainResult, data: HeldOut, near: Neighbours, row: int, number: int) -> Html:
    dataset, task = result.dataset, data.task
    _, part = data.judged
    at = int(np.flatnonzero(part.rows == row)[0])
    size = of_task(task, abs(float(part.errors[at])))
    like, neighbour = float(near.similarity[row]), int(near.row[row])
    drawn = [tag("div", _drawn(dataset, row), f"this {dataset.subject.noun}")]
    known = None
    if neighbour >= 0:
        name = dataset.ids[neighbour]
        label = float(dataset.labels.measured()[neighbour, _column(result, task)])
        words = f"nearest in training: {name}" + ("" if np.isnan(label) else f", measured {label_words(task, label)}")
        drawn.append(tag("div", _drawn(dataset, neighbour), words))
        known = similarity_line(like) if not np.isnan(like) else None
    said = label_words(task, float(dataset.targets[row, _column(result, task)]))
    measured = f"measured {said}, {_PREDICTED[task.kind]} {of_task(task, float(part.predicted[at]))}"
    return tag(
        "article",
        tag("h3", tag("b", number), tag("span", dataset.ids[row])),
        tag("p", tag("b", signed(size)), tag("span", f"off: {measured}")),
        tag("div", *drawn, class_="drawings"),
        known,
        *(tag("code", text[0]) for text in dataset.subject.named([dataset.texts[row]]).values()),
    )


def _drawn(dataset: Dataset, row: int) -> Html | None:
    """Draw a molecule; of a sequence there is nothing to draw."""
    if not isinstance(dataset.subject, MoleculeSubject):
        return None
    return drawing(dataset.items[row], f"Structure of {dataset.ids[row]}")


def _column(result: TrainResult, task: Task) -> int:
    return [each.name for each in result.bundle.tasks].index(task.name)


# --- model ------------------------------------------------------------------------------------------------------------


def _learning(card: Any) -> Html | None:
    """Draw the losses of each network: an expert may have several."""
    record = dig(card, "training")
    drawn = []
    for name, members in record.items() if isinstance(record, dict) else ():
        several = isinstance(members, list) and len(members) > 1
        for at, member in enumerate(members[:_MAX_NETWORKS] if isinstance(members, list) else (), start=1):
            drawn.append(_losses(f"{name} expert, network {at}" if several else f"{name} expert", member))
    known = [each for each in drawn if each is not None]
    return tag("div", *known, class_="figures") if known else None


def _losses(title: str, member: Any) -> Html | None:
    columns = {key: dig(member, key) for key in ("epoch", "train", "valid")}
    lists = {key: np.array([_number(each) for each in of]) for key, of in columns.items() if isinstance(of, list) and of}
    epochs = lists.pop("epoch", np.zeros(0))
    losses = {key: values for key, values in lists.items() if len(values) == len(epochs)}
    return loss_curve(title, epochs, losses, _number(dig(member, "best_epoch"))) if losses else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _configuration(card: Any) -> Html | None:
    settings = dig(card, "configuration")
    if not isinstance(settings, dict):
        return None
    stated = {name: value for name, value in settings.items() if value not in (None, "", [], {})}
    rows = [tag("div", tag("dt", name), tag("dd", figure(value))) for name, value in stated.items()]
    return folded("Configuration", tag("dl", *rows))
