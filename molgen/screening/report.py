"""What a screen came to as one HTML page: the funnel of rows, distributions, the best structures and the model's record."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.chem.clusters import butina_clusters
from molgen.chem.fingerprints import morgan_packed
from molgen.chem.parse import Mol
from molgen.data.tasks import Task, output_names, score_views
from molgen.experts.calibration import COVERAGE
from molgen.experts.structures import nearest_compounds
from molgen.reporting.bars import bar, bars, kinds_of
from molgen.reporting.html import Html, folded, section, tag, whole_text, write_page
from molgen.reporting.model import facts, metric_table
from molgen.reporting.plots import Axis, Plot, figure, robust_limits
from molgen.reporting.structures import LOW_SIMILARITY, drawing, similarity_line
from molgen.reporting.words import dig, file_name, label_words, listed, of_task, share, unit
from molgen.reporting.words import figure as figure_text
from molgen.screening.cascade import Recall
from molgen.screening.funnel import funnel
from molgen.screening.summary import Summary
from molgen.subjects import MoleculeSubject

__all__ = ["write_report"]

_BINS = 40
# Of what there can be hundreds, so many are shown.
_MAX_TASKS = 12
_MAX_OTHERS = 4
#: Tanimoto similarity from which on two hits are of one cluster.
_ALIKE = 0.5
_STATUSES = {
    "ok": "scored",
    "invalid": "invalid: no molecule can be read",
    "too_large": "too large",
    "timeout": "timeout: took too long",
    "filtered": "filtered: by a filter that was asked for",
}


def write_report(
    path: Path,
    bundle: Bundle,
    summary: Summary,
    hits: pa.Table,
    task: Task,
    libraries: Sequence[str | Path],
    *,
    annotations: Sequence[str] = (),
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
    annotations
        Further columns of the hits to show, such as alerts.
    """
    names = [Path(library).name for library in libraries]
    tasks = [task, *(view for other in bundle.tasks for view in score_views(other) if view.name != task.name)][:_MAX_TASKS]
    owner = next((each for each in bundle.tasks if task.name in output_names(each)), bundle.tasks[0])
    owners = [owner, *(other for other in bundle.tasks if other.name != owner.name)][:_MAX_TASKS]
    texts = zip(*(hits.column(name).to_pylist() for name in bundle.subject.columns), strict=True)
    items = bundle.read([text[0] if len(text) == 1 else text for text in texts]).items
    like = _likeness(bundle, hits, items, owner)
    drawn = isinstance(bundle.subject, MoleculeSubject)
    groups, top = (_clusters(items), "Top structures") if drawn else ([], "Top sequences")
    sections = [
        section("What became of the rows", None, _bars(summary, bundle.subject.limit), funnel(summary.funnel.values())),
        *([section("The cascade", None, *_cascade(summary.recall))] if summary.recall else []),
        section("How the scores spread", _missing(bundle, tasks), _figures(bundle, summary, hits, tasks)),
        section(
            top,
            _hits_explained(hits, task, bundle, groups),
            _hits(hits, items, tasks, like, groups, annotations),
        ),
        section("The model", None, _metrics(bundle, owners), facts(bundle, [owner])),
    ]
    write_page(
        path, f"Screen of {listed(names, 2)}", tag("div", _lead(bundle, task), _tiles(names, summary, hits, task, like)), sections
    )


def _cascade(recall: Recall) -> list[Html]:
    """Say what was rescored, and how much of the full model's own choice that keeps."""
    lines = [
        f"The best {recall.rescored:,} rows were scored again by the model that ranks the hits. "
        f"On a sample of {recall.sample:,} rows, scored by both models, the rank correlation is {recall.correlation:.2f}."
    ]
    lines += [
        f"Of that model's best {kept.share:.0%}, {kept.kept} of {kept.rows} sampled rows were let through: "
        f"{kept.kept / kept.rows:.0%} (95 % interval {kept.low:.0%} to {kept.high:.0%})."
        for kept in recall.kept
    ]
    return [tag("p", line) for line in lines]


def _lead(bundle: Bundle, task: Task) -> Html:
    data = dig(bundle.card, "data", "file")
    trained = f" trained on {file_name(data)}" if data else ""
    return tag("p", "Ranked by ", tag("b", task.name), f", {task.direction}est first, by a model{trained}.", class_="lead")


def _tiles(names: Sequence[str], summary: Summary, hits: pa.Table, task: Task, like: Sequence[_Likeness | None]) -> Html:
    scored = summary.statuses["ok"]
    tiles = [
        ("Rows read", f"{summary.rows:,}", listed(names, 4)),
        ("Scored", f"{scored:,}", f"{share(scored, summary.rows)} of the rows"),
    ]
    if len(hits):
        best = of_task(task, hits.column(task.name)[0].as_py())
        tiles.append((f"{task.direction}est".capitalize(), best, ", ".join(filter(None, [task.name, task.unit]))))
    if any(like):
        low = sum(each is not None and each.similarity < LOW_SIMILARITY for each in like)
        tiles.append(("Hits to trust less", f"{low} of {len(hits)}", f"similarity below {LOW_SIMILARITY}"))
    return tag("div", *(tag("p", label, tag("b", n), detail) for label, n, detail in tiles), class_="tiles")


# --- rows -------------------------------------------------------------------------------------------------------------


def _bars(summary: Summary, limit: str) -> Html:
    """Draw a bar for all rows, below it for kinds of note, and one for each status, below it for its kinds of reason."""
    drawn = [bar("rows read", summary.rows, summary.rows, "all"), *kinds_of(summary.notes.most_common(), summary.rows)]
    for status in sorted(summary.statuses, key=[*_STATUSES, *summary.statuses].index):
        label = _STATUSES.get(status, status)
        label += f" ({limit})" if status == "too_large" else ""
        drawn.append(bar(label, summary.statuses[status], summary.rows, "ok" if status == "ok" else "lost"))
        kinds = [(kind, n) for (of, kind), n in summary.reasons.most_common() if of == status]
        drawn += kinds_of(kinds, summary.rows)
    return bars(*drawn)


# --- scores -----------------------------------------------------------------------------------------------------------


def _missing(bundle: Bundle, tasks: Sequence[Task]) -> str | None:
    left = sum(task.width for task in bundle.tasks) - len(tasks)
    return f"The first {len(tasks)} tasks; {left} more are in the table of scores only." if left else None


def _figures(bundle: Bundle, summary: Summary, hits: pa.Table, tasks: Sequence[Task]) -> Html:
    figures = []
    for task in tasks:
        marked, key = None, ""
        if task is tasks[0] and len(hits):
            best = hits.column(task.name).to_numpy()
            marked = (float(best.min()), float(best.max()))
            key = f"the {len(hits)} hits: {of_task(task, marked[0])} to {of_task(task, marked[1])}"
        trained = dig(bundle.card, "labels", task.name)
        figures.append(_histogram(task, _sample(summary, task.name), summary.statuses["ok"], marked, key, trained))
    similarity = _sample(summary, "domain")
    if len(similarity):
        task = Task(f"Similarity to the training {bundle.subject.noun}s", "binary", unit="highest Tanimoto")
        low = share(int((similarity < LOW_SIMILARITY).sum()), len(similarity))
        key = f"below {LOW_SIMILARITY}, where a score is an extrapolation: {low}"
        figures.append(_histogram(task, similarity, summary.statuses["ok"], (0.0, LOW_SIMILARITY), key, None))
    return tag("div", *figures, class_="figures")


def _histogram(
    task: Task, values: NDArray[np.float64], scored: int, marked: tuple[float, float] | None, marking: str, trained: Any
) -> Html:
    """Draw the distribution of a column, with a marked range and, where the card has it, that of the training labels."""
    if not len(values):
        return figure(task.name, tag("p", "No row has a value.", class_="soft"), subtitle=unit(task))
    labels = _training_labels(task, trained)
    ends = np.concatenate([values, marked or [], labels[0][[0, -1]] if labels else []])
    low, high = robust_limits(ends) if task.is_regression else (0.0, 1.0)
    counts, edges = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    heights = counts / counts.sum()
    if labels:
        # Bars of another width: made as high as bars of this one would be.
        labels = labels[0], labels[1] * (edges[1] - edges[0]) / (labels[0][1] - labels[0][0])
    highest = max(float(heights.max()), float(labels[1].max()) if labels else 0.0)
    plot = Plot(Axis(low, high, unit(task) or task.name), Axis(0, highest * 1.05, "share of the rows", percent=True))
    if marked:
        plot.band(*marked)
    plot.bars(edges, heights, "blue")
    key = [("bars-blue", "scored rows")]
    if labels:
        plot.steps(*labels, "orange")
        key.append(("orange", f"training labels, {dig(trained, 'n'):,}"))
    if marking:
        key.append(("band", marking))
    beyond = int(((values < low) | (values > high)).sum())
    words = f"{len(values):,} rows" if len(values) >= scored else f"{len(values):,} rows, an even sample of {scored:,}"
    words += f", median {of_task(task, float(np.median(values)))}"
    words += f", {beyond:,} beyond the axis in its end bars" if beyond else ""
    words += _share_positive(trained)
    return figure(task.name, plot.svg(f"Distribution of {task.name}: {words}"), subtitle=unit(task), key=key, facts=words)


def _training_labels(task: Task, trained: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return edges and shares of a histogram of the training labels; nothing where the card has none, or one of another shape."""
    low, high, counts = dig(trained, "low"), dig(trained, "high"), dig(trained, "counts")
    if not task.is_regression or not isinstance(counts, list) or not counts or not all(type(n) is int and n >= 0 for n in counts):
        return None
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in (low, high)) or not low < high or not sum(counts):
        return None
    if type(dig(trained, "n")) is not int:
        return None
    return np.linspace(low, high, len(counts) + 1), np.array(counts, dtype=np.float64) / sum(counts)


def _share_positive(trained: Any) -> str:
    n, positive = dig(trained, "n"), dig(trained, "positive")
    if type(n) is not int or type(positive) is not int or not 0 <= positive <= n or not n:
        return ""
    return f"; {share(positive, n)} of the {n:,} training labels are positive"


def _sample(summary: Summary, name: str) -> NDArray[np.float64]:
    values = summary.scores[name].values() if name in summary.scores else np.zeros(0)
    return values[np.isfinite(values)]


# --- hits -------------------------------------------------------------------------------------------------------------


def _hits_explained(hits: pa.Table, task: Task, bundle: Bundle, groups: Sequence[int]) -> str:
    if not len(hits):
        return "No row could be scored, so there is nothing to rank."
    explained = f"The best {len(hits)}."
    if isinstance(bundle.subject, MoleculeSubject):
        charges = "neutral where they can be" if bundle.subject.neutralize else "with the charges they came with"
        explained = f"The best {len(hits)}, drawn as they were scored: without counter-ions, {charges}."
    if f"{task.name}_lower" in hits.column_names:
        explained += f" Ranges are {share(COVERAGE, 1)} intervals."
    if "domain" in hits.column_names or bundle.structures:
        to = (
            f"the nearest training {bundle.subject.noun}"
            if bundle.structures
            else f"the nearest of {len(bundle.domain.references):,} training {bundle.subject.noun}s"
        )
        explained += f" Similarity is Tanimoto's, to {to}."
    if len(groups) > 1:
        sizes = Counter(groups)
        explained += (
            f" They fall into {len(sizes)} clusters (Butina, Tanimoto {_ALIKE} and more of Morgan fingerprints); "
            f"the largest has {max(sizes.values())}."
        )
    return explained


def _clusters(mols: Sequence[Mol | None]) -> list[int]:
    """Return the number of each hit's cluster, from 1 in the order in which they are met; a hit without a molecule is alone."""
    labels = butina_clusters(morgan_packed(mols), _ALIKE).tolist() if mols else []
    seen = {label: number for number, label in enumerate(dict.fromkeys(labels), start=1)}
    return [seen[label] for label in labels]


def _hits(
    hits: pa.Table,
    items: Sequence[Any],
    tasks: Sequence[Task],
    like: Sequence[_Likeness | None],
    groups: Sequence[int],
    annotations: Sequence[str],
) -> Html:
    sizes = Counter(groups)
    clusters = [f"cluster {group}, {sizes[group]} hits" if sizes[group] > 1 else "" for group in groups]
    rows = zip(hits.to_pylist(), items, like, clusters or [""] * len(hits), strict=True)
    cards = (_hit(row, item, tasks, known, cluster, annotations) for row, item, known, cluster in rows)
    return tag("div", *cards, class_="hits")


class _Likeness(NamedTuple):
    """How like the training compounds a hit is, and what is known of the nearest one."""

    similarity: float
    nearest: str


def _likeness(bundle: Bundle, hits: pa.Table, items: Sequence[Any], task: Task) -> list[_Likeness | None]:
    """Compare hits with the training compounds where the bundle keeps them; else take the column ``domain`` if it is there."""
    kept = bundle.structures
    if kept is None or not len(kept) or not len(items):
        known = hits.column("domain").to_pylist() if "domain" in hits.column_names else [None] * len(hits)
        return [None if each is None else _Likeness(each, "") for each in known]
    similarity, index = nearest_compounds(bundle.domain.featurizer, items, bundle.read(kept.texts).items)
    column = [each.name for each in bundle.tasks].index(task.name)
    found: list[_Likeness | None] = []
    for like, at in zip(similarity.tolist(), index.tolist(), strict=True):
        label = float(kept.labels[at, column])
        words = f"nearest in training: {kept.ids[at]}" + ("" if math.isnan(label) else f", measured {label_words(task, label)}")
        found.append(None if math.isnan(like) else _Likeness(like, words))
    return found


def _hit(
    row: dict[str, Any], item: Any, tasks: Sequence[Task], like: _Likeness | None, cluster: str, annotations: Sequence[str]
) -> Html:
    task, *others = tasks
    lower, upper = row.get(f"{task.name}_lower"), row.get(f"{task.name}_upper")
    place = f"row {row['row']:,}"
    interval = f"{of_task(task, lower)} to {of_task(task, upper)}" if lower is not None and upper is not None else None
    known = [f"{other.name} {of_task(other, row[other.name])} {other.unit}" for other in others[:_MAX_OTHERS] if other.name in row]
    known += [f"{name}: {figure_text(row[name])}" for name in annotations if row.get(name) not in (None, "")]
    return tag(
        "article",
        None if "sequence" in row else drawing(item, f"Structure of {row['id'] or place}"),
        tag("h3", tag("b", row["rank"]), tag("span", row["id"] or place)),
        tag(
            "p",
            tag("b", of_task(task, row[task.name])),
            tag("span", unit(task)),
            " ",
            tag("span", interval) if interval else None,
        ),
        *(tag("p", fact, class_="soft") for fact in known),
        similarity_line(like.similarity) if like else None,
        tag("p", like.nearest, class_="soft") if like and like.nearest else None,
        tag("p", cluster, class_="soft") if cluster else None,
        tag("p", ", ".join(filter(None, [file_name(row["source"]), place])), class_="soft"),
        tag("p", row["notes"], class_="soft") if row["notes"] else None,
        tag("code", whole_text(row["sequence"] if "sequence" in row else row["smiles"])),
    )


# --- model ------------------------------------------------------------------------------------------------------------


def _metrics(bundle: Bundle, tasks: Sequence[Task]) -> Html:
    """Tabulate the model's figures beside those of its baselines; the ranked task's first, the others' folded."""
    found = {part: dig(bundle.card, "metrics", part) for part in ("test", "folds", "valid")}
    part = next((part for part, figures in found.items() if isinstance(figures, dict) and figures), None)
    if part is None:
        return tag("p", "Its record holds no figures on how good it is.", class_="soft")
    experts = {expert.name for expert in bundle.experts}
    first, *others = [metric_table(found[part], task, experts, part) for task in tasks]
    return tag("div", first, folded("Other tasks", *others) if others else None)
