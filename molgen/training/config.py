"""Everything that decides a training run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from molgen.chem.standardize import MAX_ATOMS
from molgen.data.splits import get_splitter
from molgen.training.expert_config import GraphConfig, NetworkConfig, PairConfig, SequenceConfig, TabularConfig
from molgen.training.run_config import RunConfig

__all__ = ["UNSTATED_LICENCE", "TrainConfig"]

#: What the record of a model says whose terms nobody has stated.
UNSTATED_LICENCE = "not stated: a bundle inherits the terms of the data it was trained on"

_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smh])\s*")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
#: What networks read -> where the configuration has their settings.
_NETWORKS = {"graph": "graph", "sequence": "sequence_network", "pair": "pair_network", "response": "pair_network"}


class TrainConfig(RunConfig):
    """One training run.

    Attributes
    ----------
    targets
        Label columns.
    smiles, sequence, ids
        Column names; ``None`` to guess.
    alphabet
        Of sequences; ``"auto"`` is that which most of them are written in.
    labels
        A table of labels that finds its rows by their id, where the data has none itself.
    joins
        Further tables, each joined to the rows by the column that both have.
    negatives
        Files whose rows are the other class of what the data are, or ``"dinucleotide"`` or ``"gc"`` for such that are drawn; see
        :func:`~molgen.data.labelled.open_labelled`.
    sample, profiles
        The column that names the sample (cell line) of each row, and tables of what was measured of samples; see
        :func:`~molgen.data.profiles.read_profiles`.
    gene_graph
        A table of two columns of genes that networks pass messages between, such as STRING's.
    tracks
        ``NAME=FILE``, or ``NAME=PLUS,MINUS``: what was counted along the genome (bedGraph or bigWig), which is learnt letter by
        letter.
    genome, length
        Where BED files are read; letters of every row, around the middle of its interval.
    kind
        Kind of the tasks; ``"auto"`` reads it off the labels.
    directions, units
        One for all targets, or one each.
    positives
        The class that counts as positive of two, or that hits are ranked by of several; one for all targets or one each.
    relations
        Columns of ``=``, ``<`` and ``>``, one for all targets or one each.
    convert, unit_columns
        Target -> ``FROM:TO`` for labels that are learnt in another unit, such as ``nM:p``; columns that say the unit of each row.
    weight
        Column of how much each row counts in training.
    features
        Columns of numbers that the experts read beside the structure; what is screened later needs them too.
    replicates
        ``"aggregate"`` makes one compound of the rows that measure it, ``"first"`` takes the first label, ``"keep"`` leaves them,
        ``"error"`` refuses them. Unless they are kept, no compound is in two parts of a split by column.
    split
        The splitter: ``"scaffold"``, ``"random"``, ``"column"``, ``"time"`` or another; see :mod:`molgen.data.splits`.
    split_column
        The column that the splitter reads, if it reads one.
    split_options
        Options of the splitter, such as ``similarity`` of ``"butina"``.
    fractions
        Shares of training, validation and test rows.
    experts
        ``"network"`` (or ``"graph"``, for one of molecules), ``"tabular"`` or ``"blend"``.
    fast
        Leave out of a blend what reads all descriptors, which cost more than everything else in a screen: trees see the Morgan
        fingerprint and the cheap descriptors that networks read.
    ensemble
        Networks of each kind, which differ in their seeds and are averaged; ``None`` for as many as a committee has, or two in a
        blend of up to 5,000 rows, else one.
    committee
        Networks of each kind, each trained without another part of the training and validation rows, for all its epochs; experts
        are weighed by what those say that have not seen a row. ``0`` for none, ``None`` for five in a blend of up to 10,000
        molecules, where ``ensemble`` is left open and the split is not by time.
    precision
        ``"fp32"``, ``"bf16"`` or ``"fp16"`` (on a GPU) in matrix products while networks are trained; ``"auto"`` is fp32
        on a CPU and 16 bits on a GPU.
    parent
        A bundle whose networks those of this run start from.
    pretrained
        A bundle whose network a further one of a blend starts from (:func:`molgen.pretrain`), with its architecture: the encoder
        that comes along, or another; ``"none"`` for no such network. There is none either where a parent is named.
    freeze
        Layers that keep the parent's weights: ``"encoder"`` for all but the head, or how many from the input (1 the
        embeddings, each step of message passing one more).
    folds
        Cross-validate on this many folds of the split, then train on all rows; ``None`` for one split by ``fractions``.
    refit
        Train once more, on the training and the validation part, when the latter has chosen epochs and weights; with folds, each
        fold's experts.
    curve
        Train on 10, 20, 40 and 80 % of the training rows too, and tell how the error falls.
    balance
        Weigh the classes of a task alike in training, however rare; probabilities are calibrated after.
    max_atoms
        Larger molecules are neither trained on nor scored.
    charges
        ``"neutral"`` settles charges that a proton can settle, in training and in screening; ``"drawn"`` leaves them; ``"auto"``
        leaves them where at least 5 % of the training compounds are drawn charged.
    store_structures
        Keep SMILES, names and labels of the training compounds in the bundle, which then tells them to whoever has it.
    budget
        Time that training may take, such as ``"10m"``: where the recipe would take longer, fewer epochs are trained, and then fewer
        experts. What is chosen depends on the machine; the card tells it.
    search
        Settings of networks and of trees to try on the validation rows; what is set stays as it is.
    percentiles_of
        A library of well-known compounds (approved drugs, say), among whose predictions later ones are told as percentiles.
    seed
        Decides everything that is random.
    device
        ``"auto"`` takes a GPU where there is one.
    n_jobs
        Processes that featurize.
    """

    targets: tuple[str, ...] = ()
    smiles: str | None = None
    sequence: str | None = None
    alphabet: Literal["auto", "dna", "rna", "protein"] = "auto"
    ids: str | None = None
    labels: str | None = None
    joins: tuple[str, ...] = ()
    negatives: str | None = None
    sample: str | None = None
    profiles: tuple[str, ...] = ()
    gene_graph: str | None = None
    tracks: tuple[str, ...] = ()
    genome: str | None = None
    length: Annotated[int, Field(ge=1)] | None = None
    kind: Literal["auto", "regression", "binary", "multiclass"] = "auto"
    directions: tuple[Literal["high", "low"], ...] = ()
    units: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    licence: str = ""
    positives: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    convert: dict[str, str] = Field(default_factory=dict)
    unit_columns: tuple[str, ...] = ()
    weight: str | None = None
    features: tuple[str, ...] = ()
    replicates: Literal["aggregate", "keep", "first", "error"] = "aggregate"
    split: str = "auto"
    split_column: str | None = None
    split_options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    experts: Literal["graph", "network", "tabular", "blend"] = "blend"
    fast: bool = False
    ensemble: Annotated[int, Field(ge=1, le=100)] | None = None
    committee: Annotated[int, Field(ge=0, le=100)] | None = None
    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    parent: str | None = None
    pretrained: str = "encoder"
    freeze: Literal["encoder"] | int | None = None
    curve: bool = False
    folds: Annotated[int, Field(ge=1, le=100)] | None = None
    refit: bool = False
    balance: bool = False
    max_atoms: Annotated[int, Field(ge=1, le=100_000)] = MAX_ATOMS
    charges: Literal["auto", "neutral", "drawn"] = "auto"
    store_structures: bool = False
    budget: str | None = None
    search: Annotated[int, Field(ge=1, le=10_000)] | None = None
    percentiles_of: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    device: str = "auto"
    n_jobs: Annotated[int, Field(ge=-1)] = 1
    graph: GraphConfig = GraphConfig()
    sequence_network: SequenceConfig = SequenceConfig()
    pair_network: PairConfig = PairConfig()
    tabular: TabularConfig = TabularConfig()

    @field_validator("freeze", mode="before")
    @classmethod
    def _check_freeze(cls, value: Any) -> Any:
        if value in (None, "encoder") or (not isinstance(value, bool) and str(value).isdecimal() and 1 <= int(value) <= 33):
            return value
        raise ValueError("'encoder', or how many layers from the input")

    @field_validator("budget")
    @classmethod
    def _check_budget(cls, value: str | None) -> str | None:
        found = None if value is None else _TIME.fullmatch(value)
        if value is not None and (found is None or float(found[1]) == 0):
            raise ValueError("a time above 0 in seconds, minutes or hours, such as 90s, 10m or 1.5h")
        return value

    @property
    def seconds_allowed(self) -> float:
        """The budget in seconds; infinite without one."""
        found = _TIME.fullmatch(self.budget or "")
        return float("inf") if found is None else float(found[1]) * _SECONDS[found[2]]

    def network_settings(self, kind: str) -> NetworkConfig:
        """The settings of networks that read graphs, sequences or pairs."""
        settings: NetworkConfig = getattr(self, _NETWORKS[kind])
        return settings

    def with_network_settings(self, kind: str, changes: Mapping[str, Any]) -> Self:
        """Return the same configuration with other settings of networks of that kind.

        A copy, which remembers what was left open: what starts from a model has a learning rate of its own only then.
        """
        return self.model_copy(update={_NETWORKS[kind]: self.network_settings(kind).model_copy(update=dict(changes))})

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.split != "auto" and get_splitter(self.split, **self.split_options).needs_column != (self.split_column is not None):
            verb = "reads no column: leave split_column out" if self.split_column is not None else "needs split_column"
            raise ValueError(f"split {self.split!r} {verb}")
        if self.descriptions and len(self.descriptions) != len(self.targets):
            raise ValueError("descriptions: one for each target, or none")
        if min(self.fractions) < 0 or abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError("fractions must not be negative, and add up to 1")
        if self.freeze is not None and self.parent is None:
            raise ValueError("freeze keeps the weights of a parent: name one")
        if self.parent is not None and self.experts == "tabular":
            raise ValueError("a parent gives weights to networks, and experts is 'tabular'")
        if "pretrained" in self.model_fields_set and self.pretrained != "none" and (self.parent or self.experts != "blend"):
            raise ValueError("pretrained is what a network of a blend starts from that names no parent: leave it out")
        if self.refit and self.curve:
            raise ValueError("curve shows what training on one part comes to: leave refit out")
        if self.committee in (1, 2):
            raise ValueError("committee: 3 or more, each without another part, or 0 for none")
        if self.committee and (self.folds or self.curve or self.tracks):
            raise ValueError("committee: it divides the rows itself; leave folds, curve and tracks out")
        if self.committee and self.ensemble not in (None, self.committee):
            raise ValueError("committee: it has as many networks as parts; leave ensemble out")
        if self.folds and self.curve:
            raise ValueError("curve is measured on one split: leave folds out")
        if self.search and (self.folds or self.budget):
            raise ValueError("search chooses settings on one validation part, and takes its time: leave folds and budget out")
        if self.labels is not None and self.negatives is not None:
            raise ValueError("labels and negatives: rows have labels of their own, or are one of two classes")
        if self.gene_graph is not None and self.sample is None:
            raise ValueError("gene_graph joins genes of samples: give sample and profiles, too")
        if self.tracks and (self.genome is None or self.length is None):
            raise ValueError("tracks are counted in windows of a genome: give genome and length, too")
        if self.tracks and self.experts == "tabular":
            raise ValueError("tracks are what networks predict: experts is 'tabular'")
        if self.tracks and self.labels is not None and not self.targets:
            raise ValueError("labels beside tracks: name their columns as targets")
        # One for all targets they would be the tracks' as well, which are counted.
        of_labels = ("directions", "units", "positives", "relations", "convert", "unit_columns", "features", "kind")
        if self.tracks and (stated := [name for name in of_labels if getattr(self, name) not in ((), {}, "auto")]):
            raise ValueError(f"{stated[0]}: tracks are counted, leave it out")
        if self.percentiles_of is not None and self.features:
            raise ValueError("percentiles_of: a library has no columns of features")
        if self.n_jobs == 0:
            raise ValueError("n_jobs is a number of processes, or -1 for all cores")
        return self

    @classmethod
    def _completed(cls, settings: dict[str, Any]) -> dict[str, Any]:
        return {"split": "column", **settings} if settings.get("split_column") is not None else settings
