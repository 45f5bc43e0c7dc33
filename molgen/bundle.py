"""The saved predictor: everything from SMILES to calibrated values in one file that runs no code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np
from numpy.typing import NDArray

from molgen.archive import read_archive, read_json, write_archive, write_json
from molgen.data.counts import Counts
from molgen.data.tasks import Task, check_names, n_outputs, output_names, per_output, spans
from molgen.datasets import find_bundle
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import Expert, Numbers, StoredValues, compute_features
from molgen.experts.blend import Mixing, blend
from molgen.experts.calibration import Calibration, calibrate
from molgen.experts.domain import Domain
from molgen.experts.kinds import EXPERT_KINDS
from molgen.experts.percentiles import Percentiles, check_percentile_names, percentile_name
from molgen.experts.sequence import predict_shares, with_tracks
from molgen.experts.structures import Structures
from molgen.featurizers import Columns, Featurizer
from molgen.featurizers.base import as_rows
from molgen.members import one_line
from molgen.rows import ReadRows
from molgen.subjects import MoleculeSubject, Subject, subject_from_json
from molgen.threads import one_torch_thread

if TYPE_CHECKING:
    import pandas as pd
    import torch

__all__ = ["FORMAT", "Bundle", "Scores", "load"]

#: Raised when a file that older versions cannot read is written; every format up to this one stays readable.
FORMAT = 3

#: Rows that are featurized and scored together: a block of a screen.
_CHUNK = 1024


@dataclass(slots=True)
class Scores:
    """Predictions for a batch of rows.

    Attributes
    ----------
    values
        float64 ``[rows, outputs]`` in task units: a column a task, or one a class where there are several; NaN for a row that
        could not be read or with an error.
    lower, upper
        Conformal 90 % interval, ``[rows, outputs]``; NaN for classes and where it is not known.
    domain
        float32 ``[rows]``, highest Tanimoto similarity to the reference compounds; ``None`` if it was not asked for.
    errors
        Row number -> reason for each row that a featurizer refused.
    """

    values: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    domain: NDArray[np.float32] | None
    errors: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Bundle:
    """A trained predictor and the record of how it was made.

    Attributes
    ----------
    tasks
        What it predicts.
    experts
        Its predictors.
    weights
        ``[experts, tasks]``, non-negative, each task's add up to 1.
    calibration
        One a task.
    domain
        What the training compounds were like.
    card
        The record: data and its checksum, split, configuration, metrics, baselines, versions, licence.
    subject
        What its rows are, and how they are read: as those it was trained on were.
    mixing
        How the experts' probabilities are averaged; files of format 1 average them as they are.
    structures
        The training compounds, where they were asked to be kept; the domain has their fingerprints alone.
    percentiles
        Where predictions stand among those for a library that training was told of.
    """

    tasks: list[Task]
    experts: list[Expert]
    weights: NDArray[np.float64]
    calibration: list[Calibration]
    domain: Domain
    card: dict[str, Any]
    subject: Subject = field(default_factory=MoleculeSubject)
    mixing: Mixing = "log-odds"
    structures: Structures | None = None
    percentiles: Percentiles | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the user's own numbers that it reads beside the structure."""
        read = [each for expert, _ in self.heard for each in expert.featurizers if isinstance(each, Columns)]
        return list(dict.fromkeys(name for each in read for name in each.columns))

    @property
    def molecules(self) -> MoleculeSubject:
        """How molecules are read.

        Raises
        ------
        ConfigError
            If the model reads no molecules.
        """
        if not isinstance(self.subject, MoleculeSubject):
            raise ConfigError(f"the model scores {self.subject.noun}s, no molecules")
        return self.subject

    @property
    def tracks(self) -> dict[str, int]:
        """Tracks whose counts it predicts letter by letter -> their strands; of most models none."""
        return next((expert.tracks for expert in with_tracks(self.experts)), {})

    def predict(self, rows: Iterable[Any], numbers: Numbers | None = None, *, percentiles: bool = False) -> pd.DataFrame:
        """Predict from SMILES (or parsed molecules), or from sequences, as the model was trained.

        Parameters
        ----------
        rows
            One compound, or sequence, a row.
        numbers
            For a model that reads columns beside the structure (:attr:`columns`): column -> one number a row; a DataFrame will do.
        percentiles
            Add a column ``<task>_percentile`` for each task, for a model that knows them (:attr:`percentiles`).

        Returns
        -------
        pandas.DataFrame
            One row for each input row, in order: its text (``smiles`` or ``sequence``), ``status, reason, notes``, then for each
            task its value (in its unit, the probability of the positive class, or the likeliest of several classes), for regression
            ``<task>_lower`` and ``<task>_upper``, for several classes the probability ``<task>_<class>`` of each, and
            ``domain``. A row that could not be scored has NaN there and says why in ``status`` and ``reason``.
        """
        import pandas as pd

        given = as_rows(rows)
        read = self.read(given)
        scores = self.score(read.items, numbers)
        read.refuse("invalid", scores.errors)
        for row, note in self.warnings(scores).items():
            read.notes.setdefault(row, []).append(note)
        frame = pd.DataFrame({**self.subject.named(given), **read.columns(), **self.named_columns(scores)})
        return frame if percentiles else frame.drop(columns=self.percentile_columns)

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Read the texts of rows as those it was trained on were; no row raises."""
        return self.subject.read(rows)

    def to(self, device: torch.device) -> Self:
        """Compute on a device from now on; the values agree with a CPU's to the precision of float32."""
        for expert in self.experts:
            expert.to(device)
        return self

    @property
    def percentile_columns(self) -> list[str]:
        """The columns of percentiles: one for each task of one output column, if the model knows any."""
        return [] if self.percentiles is None else [percentile_name(task.name) for task in self.tasks if task.width == 1]

    def named_columns(self, scores: Scores) -> dict[str, NDArray[Any]]:
        """Return scores by output column, in the order of the output."""
        columns: dict[str, NDArray[Any]] = {}
        for task, span in zip(self.tasks, spans(self.tasks), strict=True):
            values = scores.values[:, span]
            further = [scores.lower[:, span], scores.upper[:, span]] if task.is_regression else []
            if task.kind == "multiclass":
                further = list(values.T)
                values = _likeliest(task, values)
            columns |= dict(zip(output_names(task), [values.reshape(-1), *(each.reshape(-1) for each in further)], strict=True))
            if self.percentiles is not None and task.width == 1:
                columns[percentile_name(task.name)] = self.percentiles.of(values.reshape(-1), span.start)
        if scores.domain is not None:
            columns["domain"] = scores.domain
        return columns

    def warnings(self, scores: Scores) -> dict[int, str]:
        """Return a note for each row that is unlike what the model was trained on, where it knows how unlike is too much."""
        if scores.domain is None:
            return {}
        outside = np.flatnonzero(self.domain.outside(scores.domain)).tolist()
        return dict.fromkeys(outside, f"unlike the training {self.subject.noun}s")

    @property
    def heard(self) -> list[tuple[Expert, NDArray[np.float64]]]:
        """The experts that have a weight, each with its weights; what others would say is not computed."""
        return [(expert, weights) for expert, weights in zip(self.experts, self.weights, strict=True) if weights.any()]

    def featurizers(self, *, with_domain: bool = True) -> list[Featurizer]:
        """Return each featurizer whose values :meth:`score` needs, once."""
        of_experts = [featurizer for expert, _ in self.heard for featurizer in expert.featurizers]
        return list(dict.fromkeys([*of_experts, *([self.domain.featurizer] if with_domain else [])]))

    @one_torch_thread()
    def score(
        self,
        items: Sequence[Any],
        numbers: Numbers | None = None,
        stored: StoredValues | None = None,
        *,
        with_domain: bool = True,
    ) -> Scores:
        """Score what was read already (see :meth:`read`).

        Parameters
        ----------
        items
            Molecules, or letters; a ``None`` gets a row of NaN.
        numbers
            Each of :attr:`columns` -> one number a row; a row where one is not finite is refused.
        stored
            What was computed before; see :func:`~molgen.experts.base.compute_features`.
        with_domain
            Whether to compare with the reference compounds, which costs a fingerprint a row.

        Raises
        ------
        ConfigError
            If one of :attr:`columns` is missing, or has another number of rows.
        """
        own = _own_numbers(self.columns, numbers, len(items))
        starts = range(0, len(items), _CHUNK) or [0]
        parts = [
            self._score_chunk(
                self.subject.batch(items[start : start + _CHUNK]),
                {name: values[start : start + _CHUNK] for name, values in own.items()},
                None if stored is None else stored.take(np.arange(start, min(start + _CHUNK, len(items)))),
                with_domain,
            )
            for start in starts
        ]
        half_width = per_output(self.tasks, np.array([c.half_width for c in self.calibration]))
        values = np.concatenate([values for values, _, _ in parts])
        return Scores(
            values,
            values - half_width,
            values + half_width,
            np.concatenate([domain for _, domain, _ in parts]) if with_domain else None,
            {start + row: why for start, (_, _, errors) in zip(starts, parts, strict=True) for row, why in errors.items()},
        )

    @one_torch_thread()
    def expected_shares(self, items: Sequence[str]) -> NDArray[np.float32]:
        """Return how counts are spread over letters that were read already, all of one length, of a model of tracks.

        Returns
        -------
        numpy.ndarray
            ``[rows, strands of all tracks, length]``: the shares of a track of a row add up to 1.
        """
        needed = dict.fromkeys(featurizer for expert in with_tracks(self.experts) for featurizer in expert.featurizers)
        features, _ = compute_features(needed, self.subject.batch(items))
        return predict_shares(self.experts, features)

    def expected_counts(self, items: Sequence[str]) -> Counts:
        """Return how many counts each letter is expected to have: what a track's task says of a row, spread over its letters."""
        values = self.score(items, with_domain=False).values
        counts = Counts(self.tracks, self.expected_shares(items))
        by_name = {task.name: values[:, span] for task, span in zip(self.tasks, spans(self.tasks), strict=True)}
        for name, places in counts.of_tracks().items():
            places[...] *= np.maximum(np.expm1(by_name[name]), 0)[:, :, np.newaxis].astype(np.float32)
        return counts

    def _score_chunk(
        self, items: Sequence[Any], numbers: dict[str, NDArray[np.float64]], stored: StoredValues | None, with_domain: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], dict[int, str]]:
        if not len(items):
            return np.zeros((0, n_outputs(self.tasks))), np.zeros(0, np.float32), {}
        features, errors = compute_features(self.featurizers(with_domain=with_domain), items, numbers, stored)
        experts, weights = zip(*self.heard, strict=True)
        predicted = np.stack([expert.predict(features) for expert in experts])
        mixed = blend(self.tasks, predicted, np.stack(weights), self.mixing)
        values = calibrate(self.tasks, self.calibration, mixed)
        self.subject.release(items)
        unscored = [row for row, item in enumerate(items) if item is None or row in errors]
        values[unscored] = np.nan
        domain = self.domain.similarity(features[self.domain.featurizer]) if with_domain else np.zeros(0, np.float32)
        if with_domain:
            domain[unscored] = np.nan
        return values, domain, errors

    # --- file ---------------------------------------------------------------------------------------------------

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the bundle; the same bundle gives the same bytes."""
        manifest = {
            "format": FORMAT,
            "tasks": [task.to_json() for task in self.tasks],
            "experts": [{"name": expert.name, "kind": expert.kind} for expert in self.experts],
            "weights": self.weights.tolist(),
            "calibration": [calibration.to_json() for calibration in self.calibration],
            "subject": self.subject.to_json(),
            "mixing": self.mixing,
        }
        members = {"manifest.json": write_json(manifest), "card.json": write_json(self.card)}
        for at, expert in enumerate(self.experts):
            members |= {f"experts/{at}/{name}": data for name, data in expert.to_members().items()}
        members |= {f"domain/{name}": data for name, data in self.domain.to_members().items()}
        if self.structures is not None:
            members |= {f"structures/{name}": data for name, data in self.structures.to_members().items()}
        if self.percentiles is not None:
            members |= {f"percentiles/{name}": data for name, data in self.percentiles.to_members().items()}
        write_archive(path, members, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a bundle; everything in it is checked before it is used.

        Parameters
        ----------
        path
            The file, or the name of a model that comes with the package.

        Raises
        ------
        BundleError
            If the file is damaged, of a newer format, or holds anything that does not fit.
        """
        where = str(path)
        members = read_archive(find_bundle(path))
        manifest = read_json(members, "manifest.json", where)
        if not isinstance(manifest, dict) or manifest.get("format") not in range(1, FORMAT + 1):
            found = manifest.get("format") if isinstance(manifest, dict) else None
            raise BundleError(
                "a bundle of another format",
                where=where,
                expected=f"format 1 to {FORMAT}",
                got=repr(found)[:40],
                remedy="use the molgen version that wrote it, or a newer one",
            )
        try:
            tasks = [Task.from_json(task) for task in manifest["tasks"]]
            check_names(tasks)
            described = [(str(expert["name"]), str(expert["kind"])) for expert in manifest["experts"]]
            calibration = [Calibration.from_json(each) for each in manifest["calibration"]]
            weights = np.array(manifest["weights"], dtype=np.float64)
            subject = subject_from_json(manifest["subject"] if manifest["format"] > 2 else _molecules(manifest))
            mixing: Mixing = manifest["mixing"] if manifest["format"] > 1 else "probabilities"
            if mixing not in get_args(Mixing):
                raise ValueError(f"mixing is {mixing!r}")
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise BundleError("the manifest does not hold", where=where, got=one_line(f"{type(error).__name__}: {error}")) from None
        _check_manifest(tasks, described, calibration, weights, where)
        experts = [
            EXPERT_KINDS[kind].from_members(_below(members, f"experts/{at}/"), name, tasks, f"{where}: experts/{at}")
            for at, (name, kind) in enumerate(described)
        ]
        domain = Domain.from_members(_below(members, "domain/"), f"{where}: domain")
        _check_inputs(experts, domain, subject, where)
        _check_tracks(experts, tasks, subject, where)
        kept = _below(members, "structures/")
        structures = Structures.from_members(kept, len(tasks), f"{where}: structures") if kept else None
        ranked = _below(members, "percentiles/")
        percentiles = Percentiles.from_members(ranked, n_outputs(tasks), f"{where}: percentiles") if ranked else None
        if percentiles is not None:
            try:
                check_percentile_names(tasks)
            except ConfigError as error:
                raise BundleError("the percentiles do not go with the tasks", where=where, got=str(error)[:200]) from None
        card = read_json(members, "card.json", where)
        return cls(tasks, experts, weights, calibration, domain, card, subject, mixing, structures, percentiles)


def load(path: str | Path) -> Bundle:
    """Read a bundle; see :meth:`Bundle.load`."""
    return Bundle.load(path)


def _check_manifest(
    tasks: list[Task],
    experts: list[tuple[str, str]],
    calibration: list[Calibration],
    weights: NDArray[np.float64],
    where: str,
) -> None:
    problem = None
    if not tasks or not experts:
        problem = "no task or no expert"
    elif unknown := {kind for _, kind in experts} - set(EXPERT_KINDS):
        problem = f"an expert of unknown kind {sorted(unknown)[0]!r}"
    elif len(calibration) != len(tasks):
        problem = "a calibration for each task is missing"
    elif weights.shape != (len(experts), len(tasks)):
        problem = f"weights of shape {weights.shape} for {len(experts)} experts and {len(tasks)} tasks"
    elif not (np.isfinite(weights).all() and (weights >= 0).all() and np.allclose(weights.sum(axis=0), 1, atol=1e-6)):
        problem = "weights that are negative or do not add up to 1"
    if problem:
        raise BundleError("the manifest does not hold", where=where, got=problem)


def _check_tracks(experts: Sequence[Expert], tasks: Sequence[Task], subject: Subject, where: str) -> None:
    """Refuse tracks whose numbers of counts no task predicts, or of which experts differ."""
    several = [expert.tracks for expert in with_tracks(experts)]
    if not several:
        return
    quantities = {task.name for task in tasks if task.is_regression}
    alike = all(list(each.items()) == list(several[0].items()) for each in several)
    if not alike or not set(several[0]) <= quantities or getattr(subject, "length", None) is None:
        raise BundleError("the tracks do not go with the tasks", where=where, got=", ".join(several[0])[:80])


def _check_inputs(experts: Sequence[Expert], domain: Domain, subject: Subject, where: str) -> None:
    """Refuse experts that read something else than the rows are."""
    for featurizer in [each for expert in experts for each in expert.featurizers] + [domain.featurizer]:
        if not isinstance(featurizer, Columns) and featurizer.reads not in subject.columns:
            got = f"{type(featurizer).__name__}, and rows that are {subject.noun}s"
            raise BundleError("an expert reads something else than the rows are", where=where, got=got)


def _molecules(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the subject of a file of format 1 or 2, which knew molecules alone."""
    return {"kind": MoleculeSubject.kind, "max_atoms": manifest["max_atoms"], "neutralize": manifest["neutralize"]}


def _own_numbers(columns: Sequence[str], given: Numbers | None, n: int) -> dict[str, NDArray[np.float64]]:
    """Return the numbers that a model reads, one a row."""
    numbers = {}
    for name in columns:
        if given is None or name not in given:
            there = ", ".join(map(repr, given)) if given is not None and len(given) else "none"
            raise ConfigError(f"the model reads the column {name!r} beside the structure", expected="a number a row", got=there)
        try:
            numbers[name] = np.asarray(given[name], dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            raise ConfigError("not numbers", where=f"column {name!r}", got=repr(given[name])[:80]) from None
        if len(numbers[name]) != n:
            got = f"{len(numbers[name]):,}"
            raise ConfigError("another number of rows", where=f"column {name!r}", expected=f"{n:,} numbers", got=got)
    return numbers


def _likeliest(task: Task, probabilities: NDArray[np.float64]) -> NDArray[Any]:
    """Return the word of the likeliest class of each row; ``None`` where nothing is known."""
    words = np.array([*task.classes, None], dtype=object)
    unknown = np.isnan(probabilities).any(axis=1)
    return np.asarray(words[np.where(unknown, len(task.classes), np.nan_to_num(probabilities).argmax(axis=1))])


def _below(members: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {name.removeprefix(folder): data for name, data in members.items() if name.startswith(folder)}
