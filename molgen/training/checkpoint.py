"""What a run needs to go on after it was killed: finished experts, and each network's state after its last epoch.

A folder of archives, each renamed into place whole; JSON and arrays, nothing that runs. A run that goes on from one gives the
numbers that it would have given undisturbed, so a folder of another run is refused.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from molgen.archive import read_archive, read_json, read_tensors, write_archive, write_json, write_tensors
from molgen.bio.profiles import Profile
from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.tasks import Task
from molgen.errors import BundleError, ConfigError, InputError
from molgen.experts.base import Expert
from molgen.experts.kinds import EXPERT_KINDS
from molgen.plain import first_difference
from molgen.training.loop import Epoch, LoopState
from molgen.training.recipe import Recipe

__all__ = ["Checkpoint", "NetworkStore", "describe_run", "run_versions"]

_FORMAT = 2
#: Settings that change no number.
_FREE = ("n_jobs",)


def describe_run(dataset: Dataset, splits: Sequence[Split], recipe: Recipe) -> dict[str, Any]:
    """Return what decides a run's numbers: data and its parts, configuration, the models its networks start from, and versions."""
    config = recipe.config
    labels = dataset.labels
    numbers = [labels.values, labels.bounds, labels.weights, *dataset.numbers.values()]
    numbers += [] if dataset.counts is None else [dataset.counts.values]
    digest = hashlib.sha256("\n".join(map(str, dataset.texts)).encode())
    for profile in _profiles(dataset):  # a profile's text is but its name
        digest.update("\n".join(profile.names).encode())
        numbers.append(profile.values)
    for part in numbers:
        digest.update(np.ascontiguousarray(part).tobytes())
    parts = hashlib.sha256()
    for split in splits:
        for rows in (split.train, split.valid, split.test):
            parts.update(np.append(rows, -1).astype(np.int64).tobytes())
    configuration = {key: value for key, value in config.model_dump(mode="json").items() if key not in _FREE}
    return {
        "format": _FORMAT,
        "data": {"compounds": len(dataset), "sha256": digest.hexdigest()},
        "parts": parts.hexdigest(),
        "parents": {expert: source["sha256"] for expert, source in recipe.parents.items()},
        "given": hashlib.sha256(write_json(dict(recipe.ingredients.architecture))).hexdigest(),
        "configuration": configuration,
        "versions": run_versions(),
    }


def _profiles(dataset: Dataset) -> list[Profile]:
    """Return the profiles that rows have, each once."""
    sides = (side for text in dataset.texts if isinstance(text, tuple) for side in text)
    return list({id(side): side for side in sides if isinstance(side, Profile)}.values())


def run_versions() -> dict[str, str]:
    """Return the versions of what decides a run's numbers."""
    return {name: importlib.metadata.version(name) for name in ("molgen-toolkit", "torch", "lightgbm")}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The folder of a run, or of a part of it such as one fold.

    Attributes
    ----------
    folder
        Where the archives are.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path, run: dict[str, Any]) -> Self:
        """Begin a folder for a run, or go on with the one that is there.

        Raises
        ------
        ConfigError
            If the folder is of another run; the message names what differs.
        InputError
            If it cannot be written, or holds something else.
        """
        folder = Path(folder)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError("the checkpoint folder cannot be made", where=str(folder), got=error.strerror) from None
        path = folder / "run.zip"
        if not path.exists():
            if any(folder.iterdir()):
                raise InputError("the folder holds something else than a checkpoint", where=str(folder), remedy="name an empty one")
            write_archive(path, {"run.json": write_json(run)})
        saved = read_json(read_archive(path), "run.json", path)
        difference = first_difference(saved, run)
        if difference is not None:
            key, before, now = difference
            raise ConfigError(
                f"the checkpoint is of another run: {key} differs",
                where=str(folder),
                expected=repr(before)[:80],
                got=repr(now)[:80],
                remedy="name another folder, or delete this one",
            )
        return cls(folder)

    def part(self, name: str) -> Checkpoint:
        """Return the checkpoint of a part of the run."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Checkpoint(folder)

    def save_choice(self, chosen: int) -> None:
        """Keep which of several recipes the run has chosen."""
        write_archive(self.folder / "choice.zip", {"choice.json": write_json({"chosen": chosen})})

    def load_choice(self, of: int) -> int | None:
        """Return which of so many recipes the run has chosen; ``None`` if it has not yet."""
        path = self.folder / "choice.zip"
        if not path.exists():
            return None
        chosen = read_json(read_archive(path), "choice.json", path).get("chosen")
        if type(chosen) is not int or not 0 <= chosen < of:
            raise BundleError("the checkpoint is damaged", where=str(path), got=repr(chosen)[:40])
        return chosen

    def save_trials(self, part: str, trials: list[dict[str, Any]]) -> None:
        """Keep what a search of settings has tried."""
        write_archive(self.folder / f"search-{part}.zip", {"trials.json": write_json({"trials": trials})}, overwrite=True)

    def load_trials(self, part: str) -> list[dict[str, Any]]:
        """Return what a search of settings has tried; nothing before its first trial ended."""
        path = self.folder / f"search-{part}.zip"
        if not path.exists():
            return []
        trials = read_json(read_archive(path), "trials.json", path).get("trials")
        if not isinstance(trials, list):
            raise BundleError("the checkpoint is damaged", where=str(path))
        return trials

    def save_expert(self, expert: Expert, histories: list[list[Epoch]]) -> None:
        """Keep a finished expert; the states of its networks on the way are removed."""
        members = {name.replace("expert.json", "described.json"): data for name, data in expert.to_members().items()}
        members["expert.json"] = write_json({"kind": expert.kind, "histories": [_to_json(history) for history in histories]})
        write_archive(self._expert(expert.name), members, overwrite=True)
        for path in self.folder.glob(f"{_file_name(expert.name)}-network-*.zip"):
            path.unlink()

    def load_expert(self, name: str, tasks: list[Task]) -> tuple[Expert, list[list[Epoch]]] | None:
        """Return a finished expert and its networks' epochs; ``None`` if it is not finished."""
        path = self._expert(name)
        if not path.exists():
            return None
        members = read_archive(path)
        about = read_json(members, "expert.json", path)
        members["expert.json"] = members.pop("described.json")
        try:
            expert = EXPERT_KINDS[about["kind"]].from_members(members, name, tasks, str(path))
            return expert, [_from_json(history) for history in about["histories"]]
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError("the checkpoint is damaged", where=str(path), got=str(error)[:200]) from None

    def save_network(self, name: str, member: int, state: LoopState) -> None:
        """Keep the state of a network's training after an epoch."""
        network = state.network.state_dict()
        arrays: dict[str, Tensor] = {f"network.{key}": value for key, value in network.items()}
        arrays |= {f"best.{key}": value for key, value in state.best_state.items()}
        for at, values in state.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{at}.{key}": value for key, value in values.items()}
        arrays["rng.cpu"] = torch.get_rng_state()
        device = next(state.network.parameters()).device
        if device.type == "cuda":
            arrays["rng.cuda"] = torch.cuda.get_rng_state(device)
        about = {
            "history": _to_json(state.history),
            "best_epoch": state.best_epoch,
            "step": state.step,
            "order": state.order.bit_generator.state,
            "scaler": state.scaler.state_dict(),
        }
        tensors = {key: value.detach().cpu().numpy() for key, value in arrays.items()}
        members = {"state.json": write_json(about), "state.safetensors": write_tensors(tensors)}
        write_archive(self._network(name, member), members, overwrite=True)

    def load_network(self, name: str, member: int, state: LoopState) -> None:
        """Put a network's training back to where it was after its last epoch; nothing is changed if there was none."""
        path = self._network(name, member)
        if not path.exists():
            return
        members = read_archive(path)
        about = read_json(members, "state.json", path)
        arrays = {key: torch.from_numpy(value.copy()) for key, value in read_tensors(members, "state.safetensors", path).items()}
        try:
            state.network.load_state_dict(_below(arrays, "network."))
            state.best_state = _below(arrays, "best.")
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in _below(arrays, "optimizer.").items():
                at, _, what = key.partition(".")
                moments.setdefault(int(at), {})[what] = value
            groups = state.optimizer.state_dict()["param_groups"]
            state.optimizer.load_state_dict({"state": moments, "param_groups": groups})
            state.history = _from_json(about["history"])
            state.best_epoch, state.step = int(about["best_epoch"]), int(about["step"])
            state.order.bit_generator.state = about["order"]
            state.scaler.load_state_dict(about["scaler"])
            torch.set_rng_state(arrays["rng.cpu"])
            if "rng.cuda" in arrays:
                torch.cuda.set_rng_state(arrays["rng.cuda"], next(state.network.parameters()).device)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise BundleError("the checkpoint is damaged", where=str(path), got=" ".join(str(error).split())[:200]) from None

    def _expert(self, name: str) -> Path:
        return self.folder / f"{_file_name(name)}.zip"

    def _network(self, name: str, member: int) -> Path:
        return self.folder / f"{_file_name(name)}-network-{member}.zip"


@dataclass(frozen=True, slots=True)
class NetworkStore:
    """Keeps the state of one network's training in a checkpoint."""

    checkpoint: Checkpoint
    expert: str
    member: int

    def load(self, state: LoopState) -> None:
        """Put the state back to that of the last epoch, if there was one."""
        self.checkpoint.load_network(self.expert, self.member, state)

    def save(self, state: LoopState) -> None:
        """Keep the state."""
        self.checkpoint.save_network(self.expert, self.member, state)


def _file_name(expert: str) -> str:
    return f"expert-{expert.replace('+', '-and-')}"


def _below(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}


def _to_json(history: list[Epoch]) -> list[list[float | None]]:
    return [[value if np.isfinite(value) else None for value in epoch] for epoch in history]


def _from_json(rows: list[list[float | None]]) -> list[Epoch]:
    return [Epoch(*(float("nan") if value is None else float(value) for value in row)) for row in rows]
