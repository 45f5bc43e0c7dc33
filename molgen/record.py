"""What a card says of how a bundle was made: each thing of the kind that is expected, or not at all.

Nobody has checked a card: whoever made the file could write anything into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from molgen.members import one_line

__all__ = ["printable", "read_record"]

_PARTS = ("train", "valid", "test")
_MEASURES = (
    *("n", "rmse", "mae", "r2", "spearman", "accuracy", "balanced_accuracy", "auroc", "auprc", "brier", "ece", "mcc"),
    *("log_loss", "coverage", "width"),
    *("nats", "jsd", "pearson"),
    *("n_limits", "limits_kept"),
)
#: Measures that not every predictor of a table has: only one with intervals, or whose probabilities are calibrated.
_OF_SOME = {"coverage", "width", "ece"}
#: Numbers up to this are ordinary ones: a card can hold integers that no float is.
_LARGEST = 1e30


def read_record(card: Any, tasks: Sequence[str], experts: Sequence[str], tracks: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a card says, as :func:`molgen.inspect` describes it.

    Parameters
    ----------
    card
        Any value that JSON can hold.
    tasks, experts, tracks
        Their names, printable: tables of metrics are those that have every task, or track.
    """
    card = _section({"card": printable(card)}, "card")
    data, split = _section(card, "data"), _section(card, "split")
    metrics = {part: _table(of, tasks, experts) for part, of in _ordered(_section(card, "metrics"), _PARTS).items()}
    places = {part: _table(of, tracks, ()) for part, of in _ordered(_section(card, "tracks"), _PARTS).items()}
    return {
        "metrics": {part: table for part, table in metrics.items() if table},
        "tracks": {part: table for part, table in places.items() if table},
        "data": {
            "file": _if(str, data.get("file")),
            "sha256": _if(str, data.get("sha256")),
            "compounds": _count(data.get("compounds")),
            "left_out": _count(data.get("left_out_count")),
        },
        "split": {"name": _if(str, split.get("name")), "sizes": _sizes(split.get("sizes"))},
        "training": _networks(_section(card, "training")),
        "parent": {name: text for name, text in _section(card, "parent").items() if isinstance(text, str)},
        "pretrained": {name: text for name, text in _section(card, "pretrained").items() if isinstance(text, str)},
        "cross_validation": _folds(_section(card, "cross_validation"), tasks, experts, tracks),
        "learning_curve": _points(card.get("learning_curve"), tasks, experts),
        "applicability": _applicability(_section(card, "applicability"), tasks),
        "search": [each for each in map(_search, _list(card.get("search"))) if each],
        "versions": {name: version for name, version in _section(card, "versions").items() if isinstance(version, str)},
        "licence": _if(str, card.get("licence")),
        "descriptions": {name: text for name, text in _section(card, "descriptions").items() if isinstance(text, str)},
        "configuration": _section(card, "configuration"),
    }


def printable(value: Any) -> Any:
    """Make every text of a stranger's card one line without control characters, which could rewrite the terminal."""
    if isinstance(value, dict):
        return {one_line(key): printable(below) for key, below in value.items()}
    if isinstance(value, list):
        return [printable(each) for each in value]
    return one_line(value) if isinstance(value, str) else value


def _networks(training: dict[str, Any]) -> dict[str, list[dict[str, int]]]:
    """Return the epochs of each network, of the experts of which they are known for all."""
    found = {}
    for name, members in training.items():
        entries = [_counts(each, ("epochs", "best_epoch")) for each in members] if isinstance(members, list) else []
        if entries and all(len(each) == 2 for each in entries):
            found[name] = entries
    return found


def _folds(validation: dict[str, Any], tasks: Sequence[str], experts: Sequence[str], tracks: Sequence[str]) -> dict[str, Any]:
    folds = validation.get("folds")
    sizes = [_sizes(fold) for fold in folds] if isinstance(folds, list) else []
    table = _table(validation.get("metrics"), tasks, experts, _is_mean_and_spread)
    if not (sizes and table):
        return {}
    epochs = _section(validation, "epochs")
    places = _table(validation.get("tracks"), tracks, (), _is_mean_and_spread)
    found = {"folds": sizes, "metrics": table, "epochs": _counts(epochs, list(epochs))}
    return found | ({"tracks": places} if places else {})


def _applicability(section: dict[str, Any], tasks: Sequence[str]) -> dict[str, Any]:
    """Return from which similarity on errors are larger, and how large they are on both sides."""
    threshold, errors = section.get("threshold"), _table(section.get("errors"), tasks, ())
    known = type(threshold) is float and 0 <= threshold <= 1 and set(errors) == {"inside", "outside"}
    return {"threshold": threshold, "errors": _ordered(errors, ("inside", "outside"))} if known else {}


def _search(entry: Any) -> dict[str, Any]:
    """Return what a search of settings came to, if all of it is there."""
    if not isinstance(entry, dict) or not isinstance(entry.get("part"), str):
        return {}
    counts, losses = _counts(entry, ("trials", "pruned")), {name: entry.get(name) for name in ("default", "best")}
    settings = _section(entry, "settings")
    numbers = all(loss is None or (type(loss) is float and _is_number(loss)) for loss in losses.values())
    if len(counts) != 2 or not numbers or None in settings.values() or not all(map(_is_number, settings.values())):
        return {}
    return {"part": entry["part"], **counts, **losses, "settings": settings}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _points(curve: Any, tasks: Sequence[str], experts: Sequence[str]) -> list[dict[str, Any]]:
    """Return the points of a learning curve, if they are measured alike."""
    points: list[dict[str, Any]] = []
    for point in curve if isinstance(curve, list) else ():
        rows = _count(point.get("rows")) if isinstance(point, dict) else None
        metrics = _ordered(_section(point, "metrics"), _PARTS) if rows is not None else {}
        tables = {part: _table({"model": of}, tasks, experts) for part, of in metrics.items()}
        if not all(tables.values()):
            return []
        points.append({"rows": rows, "metrics": {part: table["model"] for part, table in tables.items()}})
    shapes = {_shape(point["metrics"]) for point in points}
    return points if len(shapes) == 1 and points[0]["metrics"] else []


def _shape(tables: dict[str, dict[str, dict[str, Any]]]) -> str:
    return repr([(part, [(task, list(values)) for task, values in table.items()]) for part, table in tables.items()])


def _section(card: dict[str, Any], name: str) -> dict[str, Any]:
    value = card.get(name)
    return value if isinstance(value, dict) else {}


def _if(kind: type, value: Any) -> Any:
    return value if type(value) is kind else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and _is_number(value) else None


def _counts(entry: Any, names: Sequence[str]) -> dict[str, int]:
    found = {name: _count(entry.get(name)) for name in names} if isinstance(entry, dict) else {}
    return {name: number for name, number in found.items() if number is not None}


def _sizes(entry: Any) -> dict[str, int]:
    return _ordered(_counts(entry, list(entry)), _PARTS) if isinstance(entry, dict) else {}


def _is_number(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and abs(value) <= _LARGEST)


def _is_mean_and_spread(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"mean", "spread"} and all(map(_is_number, value.values()))


def _table(
    table: Any, tasks: Sequence[str], experts: Sequence[str], is_value: Callable[[Any], bool] = _is_number
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return a table of metrics that holds together: the same tasks and measures for every predictor, and only numbers.

    Files keep their keys in alphabetical order; here baselines come first, then the experts, then the model.
    """
    if not _holds_together(table, tasks, is_value):
        return {}
    ours = [*experts, "model"]
    order = [*(name for name in table if name not in ours), *ours]
    return {name: {task: _ordered(by_task[task], _MEASURES) for task in tasks} for name, by_task in _ordered(table, order).items()}


def _ordered(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Put the keys that are named first, in the order of the names."""
    return {name: values[name] for name in names if name in values} | values


def _holds_together(table: Any, tasks: Sequence[str], is_value: Callable[[Any], bool]) -> bool:
    if not isinstance(table, dict) or not table:
        return False
    measures: dict[str, set[str]] = {}
    for by_task in table.values():
        if not isinstance(by_task, dict) or set(by_task) != set(tasks):
            return False
        for task, values in by_task.items():
            if not isinstance(values, dict):
                return False
            shared = set(values) - _OF_SOME
            if shared != measures.setdefault(task, shared):
                return False
            if not all(map(is_value, values.values())):
                return False
    return True
