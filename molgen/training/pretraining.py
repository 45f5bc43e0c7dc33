"""Pretraining: a graph network learns to tell descriptors, for which no compound has to be measured.

The recipe of CheMeleon (Burns, McGill, Zalte, Green, arXiv:2506.15792): standardised, winsorised descriptors of a large library,
and a loss that looks at a random part of them at each step. What the encoder has learnt of molecules that way, a network for
measured values starts from (``molgen train --from``).
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from molgen.bundle import Bundle
from molgen.chem.graph import GraphBatch
from molgen.chem.similarity import diverse_subset
from molgen.data.paths import expand_paths, is_prepared
from molgen.data.prepared.reader import PreparedRows, PreparedSource, read_prepared
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task, unscale
from molgen.device import choose_device
from molgen.errors import InputError
from molgen.experts.domain import MAX_REFERENCES, Domain
from molgen.experts.graph import GraphExpert
from molgen.experts.scaling import FeatureScaler
from molgen.featurizers import MolGraph, Morgan
from molgen.featurizers.base import take_rows
from molgen.nn.losses import MultiTaskLoss
from molgen.plain import plain
from molgen.threads import one_torch_thread
from molgen.training.assemble import fit_blend, measure
from molgen.training.checkpoint import Checkpoint, NetworkStore, run_versions
from molgen.training.config import UNSTATED_LICENCE
from molgen.training.expert_config import GraphConfig
from molgen.training.experts import architecture_of, feed_of
from molgen.training.fit import Progress, describe_history
from molgen.training.ingredients import DESCRIPTORS
from molgen.training.loop import Epoch, fit_network
from molgen.training.run_config import RunConfig

__all__ = ["PretrainConfig", "PretrainResult", "pretrain"]

_NAME = "graph"
_REFERENCE = Morgan(2, 1024)
#: Rows that the scaling of the descriptors, and the choice of reference compounds, are fitted on.
_SAMPLE = 50_000
_LEAST_COMPOUNDS = 20


class PretrainGraphConfig(GraphConfig):
    """The network and how it is pretrained: there are enough compounds for few epochs and large batches."""

    epochs: Annotated[int, Field(ge=1)] = 10
    patience: Annotated[int, Field(ge=1)] = 10
    batch_size: Annotated[int, Field(ge=1)] = 256


class PretrainConfig(RunConfig):
    """One pretraining run.

    Attributes
    ----------
    graph
        The network and how it is trained.
    share
        Share of the descriptors that the loss looks at in each step, drawn anew for each molecule.
    valid
        Share of the compounds that are kept from training, to tell how well descriptors are told; 20,000 at most.
    licence
        Terms of the model, for the record.
    seed, precision, device
        As for :class:`~molgen.training.config.TrainConfig`.
    """

    graph: PretrainGraphConfig = PretrainGraphConfig()
    share: Annotated[float, Field(gt=0, le=1)] = 0.15
    valid: Annotated[float, Field(gt=0, lt=1)] = 0.02
    seed: Annotated[int, Field(ge=0)] = 0
    licence: str = ""
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    device: str = "auto"


@dataclass(slots=True)
class PretrainResult:
    """A pretrained encoder.

    Attributes
    ----------
    bundle
        A model of the descriptors, which others start from.
    compounds
        How many it was trained on, and how many were kept from training.
    r2
        Descriptor -> share of its variance among the compounds kept from training that is told; those that do not vary are not
        there.
    """

    bundle: Bundle
    compounds: tuple[int, int]
    r2: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        train, valid = self.compounds
        return {"train": train, "valid": valid, "r2": self.r2}


@one_torch_thread()
def pretrain(
    library: str | Path | Sequence[str | Path],
    config: PretrainConfig | None = None,
    *,
    checkpoint: str | Path | None = None,
    progress: Progress | None = None,
) -> PretrainResult:
    """Train a graph network to tell the descriptors of a prepared library.

    Parameters
    ----------
    library
        One or several folders of prepared libraries that hold descriptors (``molgen prepare --store Descriptors``). All of it is
        held in memory: some 4 KB a compound.
    config
        How; see :class:`PretrainConfig`.
    checkpoint
        A folder where the run is kept after each epoch: after a kill the same call goes on from there, to the same result.
    progress
        Told what is going on.

    Raises
    ------
    InputError
        If the library is not prepared, holds no descriptors, or too few compounds.
    """
    config, tell = config or PretrainConfig(), progress or (lambda *_: None)
    sources = [_open(path) for path in expand_paths(library)]
    kept = None if checkpoint is None else Checkpoint.open(checkpoint, _describe(sources, config))
    tell("reading", 0, 0)
    corpus = _Corpus.read(sources)
    order = np.random.default_rng(config.seed).permutation(len(corpus.graphs))
    if len(order) < _LEAST_COMPOUNDS:
        where = ", ".join(source.name for source in sources)
        expected = f"{_LEAST_COMPOUNDS} or more"
        raise InputError("too few compounds to pretrain on", where=where, expected=expected, got=str(len(order)))
    n_valid = min(20_000, max(2, round(config.valid * len(order))), len(order) - 2)
    valid, train = np.sort(order[:n_valid]), np.sort(order[n_valid:])
    tasks, targets = _targets(corpus, order[n_valid:][:_SAMPLE])
    expert = GraphExpert(_NAME, tasks, architecture_of(config.graph))
    torch.manual_seed(config.seed)
    network = expert.make_network().to(choose_device(config.device))
    history = fit_network(
        network,
        feed_of(expert, network, {expert.graph: corpus.graphs}, None, Split.of(train, valid, []), config.graph.batch_size),
        targets,
        _RandomShareLoss(len(tasks), config.share),
        config.graph,
        seed=config.seed,
        precision=config.precision,
        store=None if kept is None else NetworkStore(kept, _NAME, 0),
        on_epoch=lambda epoch, _: tell("pretraining", epoch, config.graph.epochs),
    )
    expert.networks[0] = network.cpu()
    bundle = _bundle(expert, corpus, targets, valid, config)
    bundle.card |= _card(sources, config, len(train), n_valid, history)
    measured = bundle.card["metrics"]["valid"]["model"]
    r2 = {name: measures["r2"] for name, measures in measured.items() if measures["r2"] is not None}
    return PretrainResult(bundle, (len(train), n_valid), r2)


def _bundle(expert: GraphExpert, corpus: _Corpus, targets: Targets, valid: NDArray[np.int64], config: PretrainConfig) -> Bundle:
    """Calibrate and measure on the compounds that were kept from training; the card has the figures alone."""
    tasks, rows = expert.tasks, np.arange(len(valid))
    held = Targets.exact(unscale(tasks, targets.values[valid]))
    predictions = expert.predict({expert.graph: take_rows(corpus.graphs, valid)})[np.newaxis]
    mixing = fit_blend(tasks, predictions, held, rows)
    metrics = measure(tasks, {"model": mixing.predict(predictions)}, held, {"valid": rows})
    domain = Domain(_REFERENCE, corpus.references[diverse_subset(corpus.references, MAX_REFERENCES, seed=config.seed)])
    return Bundle(tasks, [expert], mixing.weights, mixing.calibration, domain, {"metrics": plain(metrics)})


def _card(
    sources: Sequence[PreparedSource], config: PretrainConfig, n_train: int, n_valid: int, history: list[Epoch]
) -> dict[str, Any]:
    return {
        "data": {
            "file": ", ".join(source.folder.name for source in sources),
            "sha256": ", ".join(source.manifest.sha256() for source in sources),
            "compounds": n_train + n_valid,
        },
        "split": {"name": "random", "sizes": {"train": n_train, "valid": n_valid}},
        "configuration": config.model_dump(mode="json"),
        "versions": {"python": platform.python_version(), **run_versions()} | {"rdkit": importlib.metadata.version("rdkit")},
        "pretraining": True,
        "training": {_NAME: [describe_history(history)]},
        "licence": config.licence or UNSTATED_LICENCE,
    }


class _RandomShareLoss(MultiTaskLoss):
    """In training, look at a random part of the targets of each row."""

    def __init__(self, n_tasks: int, share: float) -> None:
        super().__init__(torch.zeros(n_tasks, dtype=torch.bool), torch.ones(n_tasks))
        self.share = share

    def forward(self, outputs: Tensor, targets: Tensor, bounds: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        if self.training:
            targets = torch.where(torch.rand_like(targets) < self.share, targets, torch.nan)
        return super().forward(outputs, targets, bounds, weights)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """The compounds of prepared libraries, each once, in memory.

    Attributes
    ----------
    graphs
        Of all compounds.
    names, values
        Descriptors, float32 ``[compounds, descriptors]``.
    references
        Packed fingerprints of the first compounds.
    """

    graphs: GraphBatch
    names: list[str]
    values: NDArray[np.float32]
    references: NDArray[np.uint8]

    @classmethod
    def read(cls, sources: Sequence[PreparedSource]) -> Self:
        graphs: list[GraphBatch] = []
        values: list[NDArray[np.float32]] = []
        references: list[NDArray[np.uint8]] = []
        seen: set[str | None] = set()
        for source in sources:
            for block in source.blocks():
                rows = read_prepared(block).rows
                # A compound in several libraries counts once, as one that is in several rows of one does.
                first: dict[str | None, int] = {}
                for row in np.flatnonzero(rows.complete).tolist():
                    first.setdefault(rows.canonical[row], row)
                at = np.array([row for compound, row in first.items() if compound not in seen], dtype=np.int64)
                seen.update(first)
                graphs.append(take_rows(rows.values[MolGraph()], at))
                with np.errstate(over="ignore"):
                    values.append(rows.values[DESCRIPTORS][at].astype(np.float32))
                if sum(map(len, references)) < _SAMPLE:
                    references.append(_fingerprints(rows)[at])
        names = [str(name) for name in DESCRIPTORS.get_feature_names_out()]
        if not graphs:
            return cls(MolGraph().featurize([]).values, names, np.zeros((0, len(names)), np.float32), np.zeros((0, 0), np.uint8))
        return cls(GraphBatch.concatenate(graphs), names, np.concatenate(values), np.concatenate(references))


def _fingerprints(rows: PreparedRows) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = rows.find(Morgan(_REFERENCE.radius, _REFERENCE.size, output="packed"))
    return found


def _targets(corpus: _Corpus, sample: NDArray[np.int64]) -> tuple[list[Task], Targets]:
    """Return a task for each descriptor that is not the same everywhere, and its standardised, winsorised values."""
    scaler = FeatureScaler.fit(corpus.values[sample].astype(np.float64))
    varied = np.flatnonzero(scaler.high > scaler.low)
    chosen = FeatureScaler(*(getattr(scaler, key)[varied] for key in ("low", "high", "mean", "spread")))
    values = np.empty((len(corpus.values), len(varied)), dtype=np.float32)
    for start in range(0, len(values), _SAMPLE):
        part = corpus.values[start : start + _SAMPLE, varied]
        values[start : start + _SAMPLE] = np.where(np.isnan(part), np.nan, chosen.transform(part.astype(np.float64)))
    tasks = [
        Task(corpus.names[at], "regression", mean=float(mean), scale=float(spread))
        for at, mean, spread in zip(varied, chosen.mean, chosen.spread, strict=True)
    ]
    return tasks, Targets.exact(values)


def _open(path: str | Path) -> PreparedSource:
    remedy = "prepare it with --store Descriptors"
    if not is_prepared(path):
        raise InputError("not a prepared library", where=str(path), remedy=remedy)
    source = PreparedSource(path)
    if DESCRIPTORS not in [featurizer for featurizer, _ in source.manifest.features]:
        raise InputError("no descriptors to learn are stored", where=str(path), remedy=remedy)
    return source


def _describe(sources: Sequence[PreparedSource], config: PretrainConfig) -> dict[str, Any]:
    return {
        "format": 1,
        "data": [source.manifest.sha256() for source in sources],
        "configuration": config.model_dump(mode="json"),
        "versions": run_versions(),
    }
