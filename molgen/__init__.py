"""molgen: train property models on your compounds, and screen libraries with them.

``molgen.train(...)``, ``molgen.load(...).predict(...)``, ``molgen.screen(...)`` and ``molgen.evaluate(...)`` are the library calls
behind the commands of the same names. They are imported when they are first used: importing molgen itself costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molgen.api import cross_validate, evaluate, pretrain, screen, train
    from molgen.attribution.explain import explain
    from molgen.bundle import Bundle, load
    from molgen.card import inspect
    from molgen.curation import audit, split_table
    from molgen.deployment.export import export
    from molgen.deployment.onnx_model import OnnxModel
    from molgen.effects import find_motifs, predict_tracks, scan, variants
    from molgen.featurization import featurize
    from molgen.preparation import prepare
    from molgen.screening.merge import merge
    from molgen.screening.sift import filter_library
    from molgen.search.diverse import diverse
    from molgen.search.match import match
    from molgen.search.similar import similar
    from molgen.training.scored import evaluate_scores

__all__ = [
    "Bundle",
    "OnnxModel",
    "audit",
    "cross_validate",
    "diverse",
    "evaluate",
    "evaluate_scores",
    "explain",
    "export",
    "featurize",
    "filter_library",
    "find_motifs",
    "inspect",
    "load",
    "match",
    "merge",
    "predict_tracks",
    "prepare",
    "pretrain",
    "scan",
    "screen",
    "similar",
    "split_table",
    "train",
    "variants",
]
__version__ = "0.1.0"

_HOMES = {
    "Bundle": "molgen.bundle",
    "OnnxModel": "molgen.deployment.onnx_model",
    "audit": "molgen.curation",
    "cross_validate": "molgen.api",
    "diverse": "molgen.search.diverse",
    "evaluate": "molgen.api",
    "evaluate_scores": "molgen.training.scored",
    "explain": "molgen.attribution.explain",
    "export": "molgen.deployment.export",
    "featurize": "molgen.featurization",
    "filter_library": "molgen.screening.sift",
    "find_motifs": "molgen.effects",
    "inspect": "molgen.card",
    "load": "molgen.bundle",
    "match": "molgen.search.match",
    "merge": "molgen.screening.merge",
    "predict_tracks": "molgen.effects",
    "prepare": "molgen.preparation",
    "pretrain": "molgen.api",
    "scan": "molgen.effects",
    "screen": "molgen.api",
    "similar": "molgen.search.similar",
    "split_table": "molgen.curation",
    "train": "molgen.api",
    "variants": "molgen.effects",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'molgen' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
