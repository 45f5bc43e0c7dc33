"""Settings found by trying: what a configuration leaves open is searched with Optuna, on the validation rows alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.targets import Targets, excess
from molgen.data.tasks import Task, fit_scaling, probability_of, spans
from molgen.errors import BundleError, ConfigError
from molgen.experts.base import FeatureTable
from molgen.extras import import_extra
from molgen.featurizers.base import take_rows
from molgen.training.checkpoint import Checkpoint
from molgen.training.config import TrainConfig
from molgen.training.experts import fit_network_expert, fit_tabular_expert, member_seed
from molgen.training.fit import Progress
from molgen.training.loop import Epoch
from molgen.training.recipe import Recipe
from molgen.training.run_config import RunConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    import optuna

__all__ = ["Search", "search_settings"]

#: Trials of random settings before others are modelled on them, and before one is stopped for being worse than most.
_AT_RANDOM = 8
#: Share of the epochs in which no trial is stopped.
_SPARED = 0.2
_LEAST_PROBABILITY = 1e-6

#: Setting -> what suggests it for a trial.
Space: TypeAlias = "Mapping[str, Callable[[optuna.Trial], Any]]"
#: The validation loss of settings; what it is given is told of each epoch, and may end the trial.
Loss: TypeAlias = Callable[[Mapping[str, Any], Callable[[int, float], None]], float]

_NETWORK_SPACE: Space = {
    "width": lambda trial: trial.suggest_categorical("width", [64, 128, 256]),
    "steps": lambda trial: trial.suggest_int("steps", 2, 5),
    "dropout": lambda trial: trial.suggest_float("dropout", 0.0, 0.4, step=0.1),
    "learning_rate": lambda trial: trial.suggest_float("learning_rate", 2e-4, 4e-3, log=True),
    "batch_size": lambda trial: trial.suggest_categorical("batch_size", [32, 64, 128, 256]),
    "weight_decay": lambda trial: trial.suggest_categorical("weight_decay", [0.0, 0.001, 0.01, 0.1]),
}
_TABULAR_SPACE: Space = {
    "rounds": lambda trial: trial.suggest_int("rounds", 100, 1500, step=100),
    "learning_rate": lambda trial: trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
    "leaves": lambda trial: trial.suggest_int("leaves", 7, 127, log=True),
    "columns": lambda trial: trial.suggest_float("columns", 0.05, 0.5, log=True),
    "min_rows_in_leaf": lambda trial: trial.suggest_int("min_rows_in_leaf", 3, 50, log=True),
}


class SearchPart(Protocol):
    """Searches a space from default settings, and returns the best; a setting without a default is not searched."""

    def __call__(self, part: str, default: Mapping[str, Any], space: Space, loss: Loss, spared: int = 0) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Search:
    """What one search came to.

    Attributes
    ----------
    part
        ``"graph"``, ``"sequence"`` or ``"tabular"``.
    trials, pruned
        Settings that were tried, and how many of them were given up before the last epoch.
    default, best
        Lowest validation loss with the configuration's own settings, which are tried first, and with the best.
    settings
        The best.
    """

    part: str
    trials: int
    pruned: int
    default: float
    best: float
    settings: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {key: getattr(self, key) for key in ("part", "trials", "pruned", "default", "best", "settings")}


def search_settings(
    recipe: Recipe,
    dataset: Dataset,
    features: FeatureTable,
    split: Split,
    trials: int,
    tell: Progress,
    kept: Checkpoint | None = None,
) -> tuple[Recipe, list[Search]]:
    """Return a recipe with better settings, where better ones are found, and what was tried.

    Networks that start afresh share one search, trees have another; what the configuration sets stays as it is, and so does the
    network that starts from an encoder. Of networks the first kind is tried, one of it, and a trial that falls behind the median
    of those before is given up; a second kind takes over what is found, but for the dropout, as extremely randomised trees do of
    what is found for the others.

    Parameters
    ----------
    recipe, dataset, features, split
        What is trained, and on what. Test rows are not looked at.
    trials
        Settings that each search tries.
    tell
        Told of each trial.
    kept
        Where the trials are kept: a run that goes on tries what is left, and finds the same.

    Raises
    ------
    MissingExtraError
        If Optuna is not installed.
    ConfigError
        If everything is set.
    BundleError
        If the trials that were kept are damaged.
    """
    tasks = fit_scaling(dataset.tasks, dataset.targets[split.train])
    found = []

    def search(part: str, default: Mapping[str, Any], space: Space, loss: Loss, spared: int = 0) -> dict[str, Any]:
        if not default:
            return {}
        found.append(_search(part, default, space, loss, trials, recipe.config.seed, spared, kept, tell))
        return found[-1].settings

    recipe = _with_networks(recipe, tasks, dataset, features, split, search)
    recipe = _with_trees(recipe, tasks, dataset, features, split, search)
    if not found:
        raise ConfigError("nothing is left to search", got="all settings are set, or taken over from another model")
    return recipe, found


def _with_networks(
    recipe: Recipe, tasks: list[Task], dataset: Dataset, features: FeatureTable, split: Split, search: SearchPart
) -> Recipe:
    """Search the settings of the first network, and let others that start afresh have them, too."""
    fresh = {name: network for name, network in recipe.networks.items() if network.parent is None}
    if not fresh:
        return recipe
    first, network = next(iter(fresh.items()))

    def loss(settings: Mapping[str, Any], report: Callable[[int, float], None]) -> float:
        _, (epochs,) = fit_network_expert(
            first,
            tasks,
            network.with_settings(settings),
            features,
            dataset.labels_and_counts,
            split,
            on_epoch=lambda number, epoch: report(number, epoch.valid),
        )
        return _lowest(epochs)

    # The configuration says what is open; what is tried first is the network's own, whose dropout its kind decides.
    asked = recipe.config.network_settings(network.kind)
    default = {name: getattr(network.settings, name) for name in _open(asked, _NETWORK_SPACE)}
    found = search(network.kind, default, _NETWORK_SPACE, loss, int(_SPARED * asked.epochs))
    # Dropout is each kind's own: a network that sees all descriptors needs more.
    common = {key: value for key, value in found.items() if key != "dropout"}
    changed = {name: each.with_settings(found if name == first else common) for name, each in fresh.items()}
    return replace(recipe, networks={**recipe.networks, **changed})


def _with_trees(
    recipe: Recipe, tasks: list[Task], dataset: Dataset, features: FeatureTable, split: Split, search: SearchPart
) -> Recipe:
    """Search the settings of the trees."""
    if not recipe.tabular:
        return recipe

    def with_settings(settings: Mapping[str, Any]) -> TrainConfig:
        return recipe.config.model_copy(update={"tabular": recipe.config.tabular.model_copy(update=dict(settings))})

    def loss(settings: Mapping[str, Any], _report: Callable[[int, float], None]) -> float:
        tried = with_settings(settings)
        trees = fit_tabular_expert("tabular", tasks, recipe.tabular, features, dataset.labels, split, tried)
        rows = {each: take_rows(features[each], split.valid) for each in trees.featurizers}
        return _loss(tasks, trees.predict(rows), dataset.labels.take(split.valid))

    default = {name: getattr(recipe.config.tabular, name) for name in _open(recipe.config.tabular, _TABULAR_SPACE)}
    return replace(recipe, config=with_settings(search("tabular", default, _TABULAR_SPACE, loss)))


def _open(settings: RunConfig, space: Space) -> list[str]:
    """Return what the user has left to be searched."""
    return [name for name in space if name not in settings.model_fields_set]


def _search(
    part: str,
    default: Mapping[str, Any],
    space: Space,
    loss: Loss,
    trials: int,
    seed: int,
    spared: int,
    kept: Checkpoint | None,
    tell: Progress,
) -> Search:
    """Try the default, then what seems best by the trials before."""
    optuna = import_extra("optuna", "search")
    from optuna.trial import TrialState

    with _quiet(optuna):
        study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=_AT_RANDOM, n_warmup_steps=spared))
        study.add_trials(map(_from_json, [] if kept is None else kept.load_trials(part)))
        for number in range(len(study.trials), trials):
            tell(f"searching {part} settings", number + 1, trials)
            # A seed a trial: what is tried depends on the trials before alone, and not on whether the run was interrupted.
            study.sampler = optuna.samplers.TPESampler(seed=member_seed(seed, number), n_startup_trials=_AT_RANDOM)
            if number == 0:
                study.enqueue_trial({name: value for name, value in default.items() if value is not None})
            trial = study.ask()
            try:
                value = loss({name: space[name](trial) for name in default}, partial(_report, trial))
            except optuna.TrialPruned:
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, _number(value))
            if kept is not None:
                kept.save_trials(part, [_to_json(each) for each in study.trials])
        pruned = sum(trial.state == TrialState.PRUNED for trial in study.trials)
        first = study.trials[0].values[0]
        return Search(part, len(study.trials), pruned, float(first), float(study.best_value), dict(study.best_params))


def _to_json(trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    from optuna.distributions import distribution_to_json

    return {
        "state": trial.state.name,
        "params": trial.params,
        "distributions": {name: distribution_to_json(each) for name, each in trial.distributions.items()},
        "epochs": sorted(trial.intermediate_values),
        "losses": [_finite(trial.intermediate_values[epoch]) for epoch in sorted(trial.intermediate_values)],
        "value": None if trial.value is None else _finite(trial.value),
    }


def _from_json(kept: dict[str, Any]) -> optuna.trial.FrozenTrial:
    """Rebuild a trial that ended.

    Raises
    ------
    BundleError
        If what was kept is none.
    """
    from optuna.distributions import json_to_distribution
    from optuna.trial import TrialState, create_trial

    try:
        losses = {int(epoch): _number(loss) for epoch, loss in zip(kept["epochs"], kept["losses"], strict=True)}
        state = TrialState[kept["state"]]
        return create_trial(
            state=state,
            value=_number(kept["value"]) if state == TrialState.COMPLETE else None,
            params=kept["params"],
            distributions={name: json_to_distribution(each) for name, each in kept["distributions"].items()},
            intermediate_values=losses,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError("the checkpoint is damaged: no trial of a search", got=" ".join(str(error).split())[:80]) from None


def _finite(loss: float) -> float | None:
    return loss if np.isfinite(loss) else None


def _report(trial: optuna.Trial, epoch: int, loss: float) -> None:
    """Tell Optuna of an epoch, and stop where it has seen enough."""
    trial.report(_number(loss), epoch)
    if trial.should_prune():
        import optuna

        raise optuna.TrialPruned


def _number(loss: float | None) -> float:
    return loss if loss is not None and np.isfinite(loss) else float("inf")


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Let Optuna tell of trouble alone."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)


def _lowest(epochs: list[Epoch]) -> float:
    losses = [epoch.valid for epoch in epochs if np.isfinite(epoch.valid)]
    return min(losses, default=float("inf"))


def _loss(tasks: list[Task], predictions: NDArray[np.float64], targets: Targets) -> float:
    """Return the mean over tasks of the squared error, in spreads of the training labels, or of the cross-entropy."""
    losses = []
    for at, (task, span) in enumerate(zip(tasks, spans(tasks), strict=True)):
        labels = targets.of_task(at)
        known = ~np.isnan(labels.values)
        values, labels = predictions[known, span], labels.take(known)
        if task.is_regression:
            errors = (excess(labels.values, labels.bounds, values[:, 0]) / task.scale) ** 2
        else:
            errors = -np.log(np.clip(probability_of(task, values, labels.values), _LEAST_PROBABILITY, 1.0))
        losses.append(np.average(errors, weights=labels.weights))
    return float(np.mean(losses))
