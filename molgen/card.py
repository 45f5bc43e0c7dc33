"""What is known of a saved predictor, in one dictionary of plain data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from molgen.archive import read_archive, read_json
from molgen.bundle import FORMAT, Bundle
from molgen.data.paths import is_prepared
from molgen.data.prepared.manifest import read_manifest
from molgen.datasets import find_bundle
from molgen.experts.base import Expert
from molgen.experts.calibration import COVERAGE
from molgen.experts.kronecker import KernelExpert
from molgen.experts.linear import LinearExpert
from molgen.experts.network import NetworkExpert
from molgen.experts.similarity import SimilarityExpert
from molgen.experts.tabular import TabularExpert
from molgen.members import one_line
from molgen.record import printable, read_record

__all__ = ["inspect"]


def inspect(model: str | Path | Bundle) -> dict[str, Any]:
    """Describe a bundle: what it predicts, from what, how well, and what it was trained on.

    Parameters
    ----------
    model
        A bundle, or its file; or the folder of a prepared library, of which the table of contents is returned: ``folder, bytes,
        format, rows, counts, duplicates, sources, extras, features, shards`` (their number), ``max_atoms, tautomers, versions,
        notes``.

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
        ``subject``
            What it scores, and how that is read: ``kind``, and ``max_atoms, neutralize`` of molecules or ``alphabet, max_letters``
            of sequences; ``noun`` and ``facts``, the same in words.
        ``metrics``
            Part -> predictor -> task -> measure -> value, or ``null`` where it does not exist.
        ``data``
            ``file, sha256, compounds, left_out`` (rows of the file that were not used) of the training table.
        ``split``
            ``name`` and ``sizes`` by part.
        ``training``
            Graph expert -> one a network: ``epochs`` that it was trained for, and ``best_epoch``, whose weights were kept.
        ``parent``
            ``file, sha256`` of the bundle that training started from.
        ``pretrained``
            The same of the bundle that the pretrained network started from.
        ``cross_validation``
            ``folds`` (sizes by part), ``metrics`` (predictor -> task -> measure -> ``mean, spread`` over the folds), ``epochs``
            (expert -> median of the best).
        ``tracks``
            Part -> predictor -> track -> measure -> value: how well it is predicted where counts are.
        ``learning_curve``
            One a share of the training compounds: ``rows``, and ``metrics`` as above.
        ``applicability``
            ``threshold``, a similarity, and ``errors`` (``inside`` or ``outside`` -> task -> ``n, error``) of unseen compounds.
        ``search``
            One a search of settings: ``part, trials, pruned, default, best, settings``.
        ``percentiles``
            ``of, compounds``: the library whose predictions others are ranked among.
        ``versions, licence, descriptions, configuration``
            As training wrote them down; ``descriptions`` says what each task is.

        What is not known is ``None``, or an empty dictionary or list.

    Raises
    ------
    BundleError
        If the file is damaged or not safe to use.
    """
    if not isinstance(model, Bundle) and is_prepared(model):
        return _library(Path(model))
    about: dict[str, Any] = {"format": FORMAT}
    if isinstance(model, Bundle):
        bundle = model
    else:
        path = find_bundle(model)
        bundle = Bundle.load(path)
        manifest = read_json(read_archive(path), "manifest.json", path)
        about = {"file": str(path), "bytes": path.stat().st_size, "format": manifest["format"]}
    tasks, experts = ([one_line(each.name) for each in of] for of in (bundle.tasks, bundle.experts))
    return {
        **about,
        "tasks": [_task(bundle, at) for at in range(len(bundle.tasks))],
        "experts": [_expert(bundle, at) for at in range(len(bundle.experts))],
        "domain": {"references": len(bundle.domain.references), "featurizer": printable(bundle.domain.featurizer.spec())},
        "structures": 0 if bundle.structures is None else len(bundle.structures),
        "percentiles": None
        if bundle.percentiles is None
        else {"of": one_line(bundle.percentiles.name), "compounds": bundle.percentiles.compounds},
        "subject": printable({**bundle.subject.to_json(), "noun": bundle.subject.noun, "facts": bundle.subject.facts}),
        **read_record(bundle.card, tasks, experts, list(map(one_line, bundle.tracks))),
    }


def _library(folder: Path) -> dict[str, Any]:
    manifest = read_manifest(folder).to_json()
    size = sum(each.stat().st_size for each in folder.iterdir())
    features = [each["spec"] for each in manifest["features"]]
    contents: dict[str, Any] = printable(manifest | {"features": features, "shards": len(manifest["shards"])})
    return {"folder": str(folder), "bytes": size, **contents}


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
        "featurizers": [printable(featurizer.spec()) for featurizer in expert.featurizers],
    }


def _size(expert: Expert) -> str:
    if isinstance(expert, NetworkExpert):
        size = f"{sum(p.numel() for p in expert.networks[0].parameters()):,} parameters"
        return size if len(expert.networks) == 1 else f"{len(expert.networks)} networks of {size}"
    if isinstance(expert, TabularExpert):
        return f"{sum(booster.num_trees() for booster in expert.boosters):,} trees"
    if isinstance(expert, LinearExpert):
        return f"{expert.coefficients.size:,} weights"
    if isinstance(expert, KernelExpert):
        return f"{len(expert.fingerprints):,} molecules and {len(expert.partners):,} partners"
    if isinstance(expert, SimilarityExpert):
        return f"{len(expert.known):,} compounds"
    return ""
