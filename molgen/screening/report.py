"""What a screen came to as one HTML page: counts, distributions, the best structures and the model's record.

The page holds all it needs and asks for nothing: no script, no font, no file beside it, and a policy that would refuse them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.chem.depict import depict_svg
from molgen.data.tasks import Task, output_names, score_views
from molgen.experts.calibration import COVERAGE
from molgen.screening.output import replacing
from molgen.screening.page import HEAD, STYLE, Html, section, tag, whole_text
from molgen.screening.summary import Summary

__all__ = ["LOW_SIMILARITY", "write_report"]

#: Highest Tanimoto similarity to the training compounds below which a prediction is an extrapolation.
LOW_SIMILARITY = 0.3

_BINS = 48
# Of what there can be hundreds, so many are shown.
_MAX_TASKS = 12
_MAX_KINDS = 8
_MAX_OTHERS = 4
# In the order of the table: the measure's name, and which of several values is best.
_MEASURES: dict[str, tuple[str, Callable[..., Any]]] = {
    "accuracy": ("Accuracy", max),
    "balanced_accuracy": ("Balanced accuracy", max),
    "auroc": ("AUROC", max),
    "auprc": ("AUPRC", max),
    "brier": ("Brier score", min),
    "mcc": ("MCC", max),
    "log_loss": ("Log loss", min),
    "rmse": ("RMSE", min),
    "mae": ("MAE", min),
    "r2": ("R\u00b2", max),
    "spearman": ("Spearman", max),
    "limits_kept": ("Limits kept", max),
}
_MINUS, _DASH = "\u2212", "\u2013"
_STATUSES = {
    "ok": "scored",
    "invalid": "invalid: no molecule can be read",
    "too_large": "too large",
    "timeout": "timeout: took too long",
    "filtered": "filtered: by a filter that was asked for",
}


def write_report(path: Path, bundle: Bundle, summary: Summary, hits: pa.Table, task: Task, libraries: Sequence[str | Path]) -> None:
    """Write the report of a screen.

    Parameters
    ----------
    path
        HTML file to write; it appears whole or not at all.
    bundle
        What scored the rows.
    summary
        Counts and samples over all rows.
    hits
        The best rows, best first, with ``rank, row, source, id, smiles, status, reason, notes`` and the task's column; other
        columns are shown where they are there.
    task
        What the hits are ranked by.
    libraries
        The files that were screened, of which only the names are told.
    """
    names = [Path(library).name for library in libraries]
    tasks = [task, *(view for other in bundle.tasks for view in score_views(other) if view.name != task.name)][:_MAX_TASKS]
    owner = next(each for each in bundle.tasks if task.name in output_names(each))
    owners = [owner, *(other for other in bundle.tasks if other.name != owner.name)][:_MAX_TASKS]
    title = f"Screen of {_listed(names, 2)}"
    body = tag(
        "main",
        tag("header", tag("h1", title), _lead(bundle, task), _tiles(names, summary, hits, task)),
        section("What became of the rows", None, _bars(summary, bundle.max_atoms)),
        section("How the scores spread", _missing(bundle, tasks), _figures(summary, hits, tasks)),
        section("Top structures", _hits_explained(hits, task), _hits(hits, bundle, tasks)),
        section("The model", None, _metrics(bundle, owners), _facts(bundle, owner)),
    )
    page = f"{HEAD}{tag('title', title)}<style>{STYLE}</style></head><body>{body}</body></html>\n"
    with replacing(path) as temporary:
        # A lone surrogate, which JSON may hold, cannot be written as UTF-8.
        temporary.write_bytes(page.encode("utf-8", errors="replace"))


def _lead(bundle: Bundle, task: Task) -> Html:
    data = _dig(bundle.card, "data", "file")
    trained = f" trained on {_file(data)}" if data else ""
    return tag("p", "Ranked by ", tag("b", task.name), f", {task.direction}est first, by a model{trained}.", class_="lead")


def _tiles(names: Sequence[str], summary: Summary, hits: pa.Table, task: Task) -> Html:
    scored = summary.statuses["ok"]
    tiles = [
        ("Rows read", f"{summary.rows:,}", _listed(names, 4)),
        ("Scored", f"{scored:,}", f"{_share(scored, summary.rows)} of the rows"),
    ]
    if len(hits):
        best = _show(task, hits.column(task.name)[0].as_py())
        tiles.append((f"{task.direction}est".capitalize(), best, ", ".join(filter(None, [task.name, task.unit]))))
    if len(hits) and "domain" in hits.column_names:
        low = sum(_is_low(value) for value in hits.column("domain").to_pylist())
        tiles.append(("Hits to trust less", f"{low} of {len(hits)}", "unlike the training compounds"))
    return tag("div", *(tag("p", label, tag("b", n), detail) for label, n, detail in tiles), class_="tiles")


# --- rows -------------------------------------------------------------------------------------------------------------


def _bars(summary: Summary, max_atoms: int) -> Html:
    """Draw a bar for all rows and for each status, and below it for its kinds of reason, or of note if it was scored."""
    bars = [_bar("rows read", summary.rows, summary.rows, "all")]
    for status in sorted(summary.statuses, key=[*_STATUSES, *summary.statuses].index):
        label = _STATUSES.get(status, status)
        label += f" (more than {max_atoms:,} heavy atoms)" if status == "too_large" else ""
        bars.append(_bar(label, summary.statuses[status], summary.rows, "ok" if status == "ok" else "lost"))
        kinds = [(kind, n) for (of, kind), n in summary.reasons.most_common() if of == status]
        kinds += summary.notes.most_common() if status == "ok" else []
        bars += [_bar(kind, n, summary.rows, "kind") for kind, n in kinds[:_MAX_KINDS]]
        if rest := kinds[_MAX_KINDS:]:
            bars.append(_bar(f"{len(rest)} more kinds", sum(n for _, n in rest), summary.rows, "kind"))
    return tag("div", *bars, class_="bars")


def _bar(label: str, n: int, total: int, kind: str) -> Html:
    bar = tag("i", style=f"width:{100 * n / max(total, 1):.2f}%") if n else None
    return tag("p", tag("span", label), tag("u", bar), tag("b", f"{n:,}"), tag("em", _share(n, total)), class_=kind)


# --- scores -----------------------------------------------------------------------------------------------------------


def _missing(bundle: Bundle, tasks: Sequence[Task]) -> str | None:
    left = sum(task.width for task in bundle.tasks) - len(tasks)
    return f"The first {len(tasks)} tasks; {left} more are in the table of scores only." if left else None


def _figures(summary: Summary, hits: pa.Table, tasks: Sequence[Task]) -> Html:
    figures = []
    for task in tasks:
        marked, key = None, None
        if task is tasks[0] and len(hits):
            best = hits.column(task.name).to_numpy()
            marked = (float(best.min()), float(best.max()))
            key = f"the {len(hits)} hits: {_show(task, marked[0])} to {_show(task, marked[1])}"
        figures.append(_histogram(task, _sample(summary, task.name), summary.statuses["ok"], marked, key))
    similarity = _sample(summary, "domain")
    if len(similarity):
        task = Task("Similarity to the training compounds", "binary", unit="highest Tanimoto")
        low = _share(int((similarity < LOW_SIMILARITY).sum()), len(similarity))
        key = f"below {LOW_SIMILARITY}, where a score is an extrapolation: {low}"
        figures.append(_histogram(task, similarity, summary.statuses["ok"], (0.0, LOW_SIMILARITY), key))
    return tag("div", *figures, class_="figures")


def _histogram(task: Task, values: NDArray[np.float64], scored: int, marked: tuple[float, float] | None, key: str | None) -> Html:
    """Draw a distribution; the bars are SVG that stretches with the page, the axis is text that does not."""
    heading = tag("figcaption", tag("h3", task.name), tag("span", _unit(task)))
    if not len(values):
        return tag("figure", heading, tag("p", "No row has a value.", class_="soft"))
    low, high = _limits(np.append(values, marked or [])) if task.is_regression else (0.0, 1.0)
    counts, _ = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    bars = "".join(f"M{at + 0.05} 100v-{100 * n / counts.max():.1f}h.9V100z" for at, n in enumerate(counts) if n)
    band = None
    if marked:
        left, right = np.clip((np.array(marked) - low) / (high - low), 0, 1) * _BINS
        width = max(right - left, 0.3)
        band = tag("rect", x=f"{min(left, _BINS - width):.2f}", y=0, width=f"{width:.2f}", height=100)
    plot = tag("svg", band, tag("path", d=bars), viewBox=f"0 0 {_BINS} 100", preserveAspectRatio="none", aria_hidden="true")
    ticks = [tag("span", _tick(t), style=f"left:{100 * (t - low) / (high - low):.2f}%") for t in _ticks(low, high)]
    beyond = int(((values < low) | (values > high)).sum())
    facts = f"{len(values):,} rows" if len(values) >= scored else f"{len(values):,} rows, an even sample of {scored:,}"
    facts += f", median {_show(task, float(np.median(values)))}"
    facts += f", {beyond:,} beyond the axis in its end bars" if beyond else ""
    legend = tag("p", tag("i"), key, class_="key") if key else None
    return tag("figure", heading, plot, tag("div", *ticks, class_="axis"), legend, tag("p", facts, class_="soft"))


def _sample(summary: Summary, name: str) -> NDArray[np.float64]:
    values = summary.scores[name].values() if name in summary.scores else np.zeros(0)
    return values[np.isfinite(values)]


def _limits(values: NDArray[np.float64]) -> tuple[float, float]:
    """Choose the ends of an axis: a few wild values must not squeeze the others into one bar."""
    first, last = np.quantile(values, [0.005, 0.995])
    spare = (last - first) or abs(first) or 1.0
    low, high = max(values.min(), first - spare), min(values.max(), last + spare)
    return (float(low), float(high)) if high > low else (float(low - spare / 2), float(high + spare / 2))


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * min((1, 2, 5, 10), key=lambda factor: abs(factor * power - rough))
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _tick(value: float) -> str:
    return f"{value:.6g}".replace("-", _MINUS)


# --- hits -------------------------------------------------------------------------------------------------------------


def _hits_explained(hits: pa.Table, task: Task) -> str:
    if not len(hits):
        return "No row could be scored, so there is nothing to rank."
    explained = f"The best {len(hits)}, drawn as they were scored: without counter-ions, neutral where they can be."
    if f"{task.name}_lower" in hits.column_names:
        explained += f" Ranges are {_share(COVERAGE, 1)} intervals."
    if "domain" in hits.column_names:
        explained += " Similarity is the highest Tanimoto similarity to a training compound."
    return explained


def _hits(hits: pa.Table, bundle: Bundle, tasks: Sequence[Task]) -> Html:
    rows = hits.to_pylist()
    mols = bundle.read([row["smiles"] for row in rows]).mols
    drawings = [depict_svg(mol) if mol else None for mol in mols]
    return tag("div", *(_hit(row, drawing, tasks) for row, drawing in zip(rows, drawings, strict=True)), class_="hits")


def _hit(row: dict[str, Any], drawing: str | None, tasks: Sequence[Task]) -> Html:
    task, *others = tasks
    lower, upper, similarity = row.get(f"{task.name}_lower"), row.get(f"{task.name}_upper"), row.get("domain")
    place = f"row {row['row']:,}"
    interval = f"{_show(task, lower)} to {_show(task, upper)}" if lower is not None and upper is not None else None
    facts = [f"{other.name} {_show(other, row[other.name])} {other.unit}" for other in others[:_MAX_OTHERS] if other.name in row]
    trust = None
    if similarity is not None:
        low = _is_low(similarity)
        words = f"similarity {similarity:.2f}{': low, unlike the training compounds' if low else ''}"
        trust = tag("p", words, class_="warn" if low else "near")
    return tag(
        "article",
        tag("div", Html(drawing) if drawing else "cannot be drawn"),
        tag("h3", tag("b", row["rank"]), tag("span", row["id"] or place)),
        tag(
            "p",
            tag("b", _show(task, row[task.name])),
            tag("span", _unit(task)),
            " ",
            tag("span", interval) if interval else None,
        ),
        *(tag("p", fact, class_="soft") for fact in facts),
        trust,
        tag("p", ", ".join(filter(None, [_file(row["source"]), place])), class_="soft"),
        tag("p", row["notes"], class_="soft") if row["notes"] else None,
        tag("code", whole_text(row["smiles"])),
    )


# --- model ------------------------------------------------------------------------------------------------------------


def _metrics(bundle: Bundle, tasks: Sequence[Task]) -> Html:
    """Tabulate the model's figures beside those of its baselines; the ranked task's first, the others' folded."""
    found = {part: _dig(bundle.card, "metrics", part) for part in ("test", "valid")}
    part = next((part for part, figures in found.items() if isinstance(figures, dict) and figures), None)
    if part is None:
        return tag("p", "Its record holds no figures on how good it is.", class_="soft")
    experts = {expert.name for expert in bundle.experts}
    held_out = "test" if part == "test" else "validation"
    first, *others = [_metric_table(found[part], task, experts, held_out) for task in tasks]
    return tag("div", first, tag("details", tag("summary", "Other tasks"), *others) if others else None)


def _metric_table(figures: dict[str, Any], task: Task, experts: set[str], part: str) -> Html:
    rows = {name: of for name, by_task in figures.items() if isinstance(of := _dig(by_task, task.name), dict)}
    names = sorted(rows, key=lambda name: (name != "model", name not in experts))
    measures = [measure for measure in _MEASURES if any(measure in rows[name] for name in names)]
    best = {measure: _best(measure, [rows[name].get(measure) for name in names]) for measure in measures}
    head = [tag("th", _MEASURES[measure][0], scope="col") for measure in measures]
    lines = []
    for name in names:
        kind = "this" if name == "model" else "part" if name in experts else "rival"
        label = {"this": "this model", "part": f"{name} expert alone", "rival": f"baseline: {name}"}[kind]
        values = [(rows[name].get(measure), best[measure]) for measure in measures]
        cells = (tag("td", tag("b" if value is not None and value == top else "span", _figure(value))) for value, top in values)
        lines.append(tag("tr", tag("th", label, scope="row"), *cells, class_=kind))
    counted = _dig(rows, names[0], "n") if names else None
    number = f"{counted:,.0f} {part} compounds" if isinstance(counted, int | float) else "no figures"
    caption = f"{task.name}: {number}, the best in bold"
    return tag("table", tag("caption", caption), tag("thead", tag("tr", tag("td", ""), *head)), tag("tbody", *lines))


def _best(measure: str, values: Sequence[Any]) -> Any:
    known = [value for value in values if isinstance(value, int | float)]
    return _MEASURES[measure][1](known, default=None)


def _facts(bundle: Bundle, task: Task) -> Html:
    at = [each.name for each in bundle.tasks].index(task.name)
    data, split = _dig(bundle.card, "data"), _dig(bundle.card, "split")
    facts = {
        "Trained on": _file(_dig(data, "file") or ""),
        "Compounds": _dig(data, "compounds"),
        "Left out": _dig(data, "left_out_count"),
        "Split": _dig(split, "name"),
        "Compounds in each part": {part: n for part in ("train", "valid", "test") if (n := _dig(split, "sizes", part)) is not None},
        "Experts": {expert.name: _share(float(bundle.weights[row, at]), 1) for row, expert in enumerate(bundle.experts)},
        "Licence": _dig(bundle.card, "licence"),
        "Versions": _dig(bundle.card, "versions"),
        "Data SHA-256": _dig(data, "sha256"),
    }
    stated = {name: value for name, value in facts.items() if value not in (None, "")}
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", _figure(value))) for name, value in stated.items()))


# --- words and numbers ------------------------------------------------------------------------------------------------


def _dig(record: Any, *keys: str) -> Any:
    """Look up what may not be there: a record comes from a file."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _file(path: Any) -> str:
    return Path(str(path)).name


def _listed(names: Sequence[str], limit: int) -> str:
    more = len(names) - limit
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:limit])} and {more} more"


def _share(n: float, total: float) -> str:
    percent = 100 * n / total if total else 0.0
    return f"{percent:.0f} %" if percent >= 10 or not percent else f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def _is_low(similarity: float | None) -> bool:
    return similarity is not None and similarity < LOW_SIMILARITY


def _unit(task: Task) -> str:
    if task.is_regression or task.unit:
        return task.unit
    return f"probability of {task.positive}" if task.positive not in ("", "1") else "probability"


def _show(task: Task, value: float | None) -> str:
    """Write a value with as many decimals as its task's spread makes worth reading, so that values align."""
    if value is None or math.isnan(value):
        return "not known"
    places = 2 - math.floor(math.log10(task.scale)) if task.is_regression else 3
    text = f"{value:z,.{max(places, 0)}f}" if places <= 6 and abs(value) < 1e9 else f"{value:.3g}"
    return text.replace("-", _MINUS)


def _figure(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_figure(each)}" for name, each in value.items())
    if value is None:
        return _DASH
    if isinstance(value, float):
        return f"{value:.3f}".replace("-", _MINUS)
    return f"{value:,}" if isinstance(value, int) else str(value)
