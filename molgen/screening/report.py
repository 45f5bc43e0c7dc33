"""What a screen came to as one HTML page: counts, distributions, the best structures and the model's record.

The page holds all it needs and asks for nothing: no script, no font, no file beside it, and a policy that would refuse them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.chem.depict import depict_svg
from molgen.chem.standardize import read_compounds
from molgen.data.tasks import Task
from molgen.experts.calibration import COVERAGE
from molgen.screening.output import replacing
from molgen.screening.summary import Summary

__all__ = ["LOW_SIMILARITY", "write_report"]

#: Highest Tanimoto similarity to the training compounds below which a prediction is an extrapolation.
LOW_SIMILARITY = 0.3

_BINS = 48
_MAX_TASKS = 12
_MAX_KINDS = 8
_MAX_TEXT = 160
_LOWER_IS_BETTER = {"rmse", "mae", "brier"}
_STATUSES = {
    "ok": "scored",
    "invalid": "invalid: no molecule can be read",
    "too_large": "too large",
    "timeout": "timeout: took too long",
    "filtered": "filtered: by a filter that was asked for",
}


def write_report(
    path: Path, bundle: Bundle, summary: Summary, hits: pa.Table, task: Task, libraries: Sequence[str | Path]
) -> None:
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
    title = f"Screen of {_listed(names, 2)}"
    body = _e(
        "main",
        _header(title, names, bundle, summary, hits, task),
        _rows_section(summary, bundle),
        _scores_section(summary, bundle, hits, task),
        _hits_section(hits, bundle, task),
        _model_section(bundle, task),
    )
    page = f"{_HEAD}{_e('title', title)}<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    with replacing(path) as temporary:
        # A lone surrogate, which JSON may hold, cannot be written as UTF-8.
        temporary.write_bytes(page.encode("utf-8", errors="replace"))


# --- sections ---------------------------------------------------------------------------------------------------------


def _header(
    title: str, names: Sequence[str], bundle: Bundle, summary: Summary, hits: pa.Table, task: Task
) -> _Html:
    data = _dig(bundle.card, "data", "file")
    trained = f" trained on {_short(Path(str(data)).name)}" if data else ""
    scored = summary.statuses["ok"]
    tiles = [("Rows read", f"{summary.rows:,}", _listed(names, 4))]
    tiles.append(("Scored", f"{scored:,}", f"{_share(scored, summary.rows)} of the rows"))
    if len(hits):
        best = _show(task, hits.column(task.name)[0].as_py())
        tiles.append((f"Best {_quantity(task)}", best, task.unit or f"{task.direction}est is best"))
    if len(hits) and "domain" in hits.column_names:
        low = sum(_is_low(value) for value in hits.column("domain").to_pylist())
        tiles.append(("Hits to trust less", f"{low} of {len(hits)}", "unlike the training compounds"))
    return _e(
        "header",
        _e("h1", title),
        _e("p", "Ranked by ", _e("b", _short(task.name)), f", {task.direction}est first, with a model{trained}.", class_="lead"),
        _e("div", *[_tile(*tile) for tile in tiles], class_="tiles"),
    )


def _tile(label: str, figure: str, detail: str) -> _Html:
    return _e("div", _e("span", _short(label)), _e("strong", figure), _e("span", _short(detail)))


def _rows_section(summary: Summary, bundle: Bundle) -> _Html:
    """Bars for all rows, each status, the kinds of reason below it, and what was noted about rows that were scored."""
    bars = [_bar("rows read", summary.rows, summary.rows, "all")]
    known = [status for status in _STATUSES if status in summary.statuses]
    for status in [*known, *sorted(set(summary.statuses) - set(known))]:
        label = _STATUSES.get(status, status)
        if status == "too_large":
            label += f": more than {bundle.max_atoms:,} heavy atoms"
        bars.append(_bar(label, summary.statuses[status], summary.rows, "ok" if status == "ok" else "lost"))
        reasons = [(kind, n) for (of, kind), n in summary.reasons.most_common() if of == status]
        # A single kind that only repeats the status says nothing new.
        if [kind for kind, _ in reasons] != [label.split(":")[0]]:
            bars += _kind_bars(reasons, summary.rows)
        if status == "ok":
            bars += _kind_bars(summary.notes.most_common(), summary.rows)
    return _section("What became of the rows", None, _e("div", *bars, class_="bars"))


def _kind_bars(kinds: Sequence[tuple[str, int]], total: int) -> list[_Html]:
    bars = [_bar(kind, n, total, "kind") for kind, n in kinds[:_MAX_KINDS]]
    rest = kinds[_MAX_KINDS:]
    return bars + ([_bar(f"{len(rest)} more kinds", sum(n for _, n in rest), total, "kind")] if rest else [])


def _bar(label: str, n: int, total: int, kind: str) -> _Html:
    bar = _e("i", style=f"width:{100 * n / max(total, 1):.2f}%") if n else None
    cells = [("label", _short(label)), ("track", bar), ("n", f"{n:,}"), ("share", _share(n, total))]
    return _e("div", *[_e("span", cell, class_=name) for name, cell in cells], class_=f"bar {kind}")


def _scores_section(summary: Summary, bundle: Bundle, hits: pa.Table, task: Task) -> _Html:
    others = [other for other in bundle.tasks if other.name != task.name]
    shown = [task, *others[: _MAX_TASKS - 1]]
    scored = summary.statuses["ok"]
    figures = []
    for each in shown:
        marked = _range(hits.column(task.name)) if each is task else None
        name = "" if marked is None else f"the {len(hits)} hits: {_show(task, marked[0])} to {_show(task, marked[1])}"
        values = _sample(summary, each.name)
        limits = _limits(values, marked) if each.is_regression else (0.0, 1.0)
        figures.append(_histogram(each, f"{_quantity(each)}", values, limits, scored, marked, name))
    similarity = _sample(summary, "domain")
    if len(similarity):
        low = f"below {LOW_SIMILARITY}: {_share(int((similarity < LOW_SIMILARITY).sum()), len(similarity))} of the rows"
        described = Task("Similarity to the training compounds", "binary")
        figures.append(_histogram(described, "highest Tanimoto", similarity, (0.0, 1.0), scored, (0.0, LOW_SIMILARITY), low))
    missing = f"{len(bundle.tasks) - len(shown)} more tasks are not drawn." if len(bundle.tasks) > len(shown) else None
    return _section("How the scores spread", missing, _e("div", *figures, class_="figures"))


def _histogram(
    task: Task,
    what: str,
    values: NDArray[np.float64],
    limits: tuple[float, float],
    scored: int,
    marked: tuple[float, float] | None,
    mark: str,
) -> _Html:
    """Draw one distribution; bars are SVG that stretches, and the axis is text that does not."""
    heading = _e("figcaption", _e("h3", _short(task.name)), _e("span", _short(task.unit or what)))
    if not len(values):
        return _e("figure", heading, _e("p", "No row has a value.", class_="soft"))
    low, high = limits
    counts, _ = np.histogram(np.clip(values, low, high), bins=_BINS, range=limits)
    heights = 100 * counts / counts.max()
    bars = "".join(f"M{at} 100V{100 - height:.1f}h.9V100z" for at, height in enumerate(heights) if height)
    drawn = []
    if marked is not None:
        left, right = np.clip((np.array(marked) - low) / (high - low) * _BINS, 0, _BINS)
        drawn.append(_e("rect", x=f"{min(left, _BINS - 0.3):.2f}", y=0, width=f"{max(right - left, 0.3):.2f}", height=100))
    drawn.append(_e("path", d=bars))
    label = f"{task.name}: histogram from {low:.4g} to {high:.4g}"
    plot = _e("svg", *drawn, viewBox=f"0 0 {_BINS} 100", preserveAspectRatio="none", role="img", aria_label=_short(label))
    ticks = [
        _e("span", f"{tick:.10g}".replace("-", "\u2212"), style=f"left:{100 * (tick - low) / (high - low):.2f}%")
        for tick in _ticks(low, high)
    ]
    beyond = int(((values < low) | (values > high)).sum())
    facts = [
        f"{len(values):,} rows" if len(values) >= scored else f"even sample of {len(values):,} of {scored:,} rows",
        f"median {_show(task, float(np.median(values)))}",
        *([f"{beyond:,} beyond the axis, in its end bars"] if beyond else []),
    ]
    key = _e("span", _e("i", class_="key"), mark) if mark else None
    return _e(
        "figure", heading, plot, _e("div", *ticks, class_="axis"), _e("p", _e("span", ", ".join(facts)), key, class_="soft")
    )


def _hits_section(hits: pa.Table, bundle: Bundle, task: Task) -> _Html:
    if not len(hits):
        return _section("Top structures", "No row could be scored, so there is nothing to rank.")
    explained = f"The {len(hits)} best by {_short(task.name)}, drawn as they were scored. "
    if f"{task.name}_lower" in hits.column_names:
        explained += f"Ranges are {COVERAGE:.0%} intervals. ".replace("%", " %")
    if "domain" in hits.column_names:
        explained += "Similarity is the highest Tanimoto to a training compound: the lower, the more a prediction is a guess."
    rows = hits.to_pylist()
    mols = read_compounds([row["smiles"] for row in rows], max_atoms=bundle.max_atoms).mols
    others = [other for other in bundle.tasks if other.name != task.name and other.name in hits.column_names]
    cards = [_hit(row, depict_svg(mol) if mol else None, task, others) for row, mol in zip(rows, mols, strict=True)]
    return _section("Top structures", explained, _e("div", *cards, class_="hits"))


def _hit(row: dict[str, Any], drawing: str | None, task: Task, others: Sequence[Task]) -> _Html:
    place = f"row {row['row']:,}" if isinstance(row.get("row"), int) else ""
    source = _short(Path(row["source"]).name) if row.get("source") else ""
    lower, upper = row.get(f"{task.name}_lower"), row.get(f"{task.name}_upper")
    interval = f"{_show(task, lower)} to {_show(task, upper)}" if lower is not None and upper is not None else None
    extra = [_e("p", _e("span", _short(other.name)), " ", _show(other, row[other.name]), f" {other.unit}") for other in others[:4]]
    similarity = row.get("domain")
    trust = None
    if similarity is not None:
        words = ": low, unlike the training compounds" if _is_low(similarity) else ""
        trust = _e("p", f"similarity {similarity:.2f}{words}", class_="warn" if words else "near")
    return _e(
        "article",
        _e("div", _Html(drawing) if drawing else "cannot be drawn", class_="structure"),
        _e("h3", _e("span", row["rank"], class_="rank"), _e("span", _short(row.get("id") or place))),
        _e("p", _e("b", _show(task, row[task.name])), " ", _quantity(task, short=True), class_="value"),
        _e("p", interval, class_="soft") if interval else None,
        trust,
        *extra,
        _e("p", ", ".join(filter(None, (source, place))), class_="soft"),
        _e("p", _short(row["notes"]), class_="soft") if row.get("notes") else None,
        _e("code", row["smiles"]),
    )


def _model_section(bundle: Bundle, task: Task) -> _Html:
    card = bundle.card
    weights = {expert.name: float(weight) for expert, weight in zip(bundle.experts, bundle.weights[:, bundle.tasks.index(task)], strict=True)}
    versions, sizes = _dig(card, "versions"), _dig(card, "split", "sizes")
    facts = {
        "Data": _dig(card, "data", "file"),
        "Compounds": _dig(card, "data", "compounds"),
        "Left out": _dig(card, "data", "left_out_count"),
        "Split": ": ".join(filter(None, [str(_dig(card, "split", "name") or ""), _pairs(sizes)])),
        "Experts": ", ".join(f"{name} {weight:.0%}".replace("%", " %") for name, weight in weights.items()),
        "Data checksum": _dig(card, "data", "sha256"),
        "Licence": _dig(card, "licence"),
        "Versions": _pairs(versions),
    }
    listed = [_e("div", _e("dt", name), _e("dd", _plain(value))) for name, value in facts.items() if value not in (None, "")]
    part = next((part for part in ("test", "valid") if _dig(card, "metrics", part)), None)
    if part is None:
        return _section("The model", "Its record holds no figures on how good it is.", _e("dl", *listed))
    what = "test compounds, which training did not see" if part == "test" else "validation compounds; there was no test set"
    tables = [_metrics(card["metrics"][part], each, set(weights), what) for each in [task, *(t for t in bundle.tasks if t is not task)][:_MAX_TASKS]]
    return _section("The model", None, _e("div", _e("div", *tables), _e("dl", *listed), class_="model"))
