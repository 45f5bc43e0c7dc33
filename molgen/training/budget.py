"""Training within the time that is allowed: what is tried out first, and what is left out of the recipe."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molgen.data.dataset import Dataset
from molgen.data.splits import Split
from molgen.data.targets import Targets
from molgen.data.tasks import Task, fit_scaling
from molgen.experts.base import FeatureTable
from molgen.featurizers import Featurizer
from molgen.training.checkpoint import Checkpoint
from molgen.training.config import TrainConfig
from molgen.training.experts import fit_network_expert, fit_tabular_expert
from molgen.training.recipe import Recipe, make_recipe

__all__ = ["Costs", "measure_costs", "plans", "within_budget"]

#: Compounds and trees that costs are measured on.
_ROWS, _TREES = 512, 10
#: A network is not trained for fewer epochs than this to save time: it is left out.
_LEAST_EPOCHS = 8


def within_budget(
    recipe: Recipe,
    dataset: Dataset,
    features: FeatureTable,
    splits: Sequence[Split],
    seconds: float,
    kept: Checkpoint | None = None,
) -> Recipe:
    """Return the best recipe whose training takes no longer than is left.

    Parameters
    ----------
    recipe
        The one that is wanted.
    dataset, features, splits
        What it is trained on: one split, or one a fold.
    seconds
        What is left of the budget.
    kept
        Where the run is kept: one that goes on keeps to what it chose.
    """
    wanted = plans(recipe.config, recipe.ingredients.network)
    chosen = None if kept is None else kept.load_choice(len(wanted))
    if chosen is None:
        costs = measure_costs(recipe, dataset.tasks, features, dataset.labels, splits[0])
        tried = (make_recipe(config, recipe.ingredients, recipe.own) for config in wanted)
        fits = (costs.of(each, *_amounts(each.config, dataset, splits)) <= seconds for each in tried)
        chosen = next((at for at, fit in enumerate(fits) if fit), len(wanted) - 1)
        if kept is not None:
            kept.save_choice(chosen)
    return make_recipe(wanted[chosen], recipe.ingredients, recipe.own)


def _amounts(config: TrainConfig, dataset: Dataset, splits: Sequence[Split]) -> tuple[int, int]:
    """Return how many compounds each network is trained on, and how many labels the trees, in all that is trained."""
    known = (~np.isnan(dataset.targets)).sum(axis=1)
    if config.committee:
        rows = np.concatenate([splits[0].train, splits[0].valid])
        return len(rows) - len(rows) // config.committee, config.committee * int(known[rows].sum())
    parts = [split.train for split in splits]
    if config.folds:  # after cross-validation everything is trained once more, on all rows
        parts.append(np.arange(len(dataset)))
    if config.refit:
        parts += [np.concatenate([split.train, split.valid]) for split in splits]
    return sum(map(len, parts)), sum(int(known[rows].sum()) for rows in parts)


@dataclass(frozen=True, slots=True)
class Costs:
    """What training takes on this machine.

    Attributes
    ----------
    networks
        Graph expert -> seconds for a compound and an epoch of one network.
    trees, extra_trees
        Seconds for a labelled compound, of all trees of a task; and of all extremely randomised ones.
    """

    networks: Mapping[str, float]
    trees: float
    extra_trees: float

    def of(self, recipe: Recipe, compounds: int, labels: int) -> float:
        """Return the seconds that a recipe takes on training parts of so many compounds, and labels, together."""
        epochs = {name: network.settings.epochs for name, network in recipe.networks.items()}
        networks = sum(recipe.members * epochs[name] * self.networks[name] for name in recipe.networks)
        # Boosted trees are a baseline where they are no expert.
        trees = self.trees + (self.extra_trees if recipe.extra_trees else 0.0)
        return compounds * networks + labels * trees


def measure_costs(recipe: Recipe, tasks: Sequence[Task], features: FeatureTable, targets: Targets, split: Split) -> Costs:
    """Train each network of a recipe for an epoch on 512 of its compounds, and some trees, and see how long it takes.

    Parameters
    ----------
    recipe, features, targets, split
        What is to be trained, and on what.
    tasks
        Their scaling need not be fitted.
    """
    fitted = fit_scaling(tasks, targets.values[split.train])
    few = _some(split.train)
    networks = {}
    for name, network in recipe.networks.items():
        once = network.with_settings({"epochs": 1})
        start = time.perf_counter()
        fit_network_expert(name, fitted, once, features, targets, few)
        networks[name] = (time.perf_counter() - start) / len(few.train)
    tabular, extra = recipe.tabular or recipe.baseline_trees, recipe.extra_trees
    trees = _seconds_of_trees(recipe.config, fitted, tabular, features, targets, split)
    more = _seconds_of_trees(recipe.config, fitted, extra, features, targets, split, extra=True) if extra else 0.0
    return Costs(networks, trees, more)


def _seconds_of_trees(
    config: TrainConfig,
    tasks: list[Task],
    inputs: Sequence[Featurizer],
    features: FeatureTable,
    targets: Targets,
    split: Split,
    *,
    extra: bool = False,
) -> float:
    """Return the seconds for a labelled compound of all trees of the task that has most labels."""
    known = ~np.isnan(targets.values[split.train])
    most = int(known.sum(axis=0).argmax())
    labelled = _some(split.train[known[:, most]])
    one = Targets(targets.values[:, [most]], targets.bounds[:, [most]], targets.weights)

    def seconds(rounds: int) -> float:
        few = config.tabular.model_copy(update={"rounds": rounds, "extra_rounds": rounds})
        tried = config.model_copy(update={"tabular": few})
        start = time.perf_counter()
        fit_tabular_expert("trees", [tasks[most]], inputs, features, one, labelled, tried, extra_trees=extra)
        return time.perf_counter() - start

    seconds(1)  # the first of a process loads LightGBM
    # Columns are sorted into bins once, however many trees follow.
    bins = seconds(1)
    a_tree = max(0.0, seconds(1 + _TREES) - bins) / _TREES
    rounds = config.tabular.all_extra_rounds if extra else config.tabular.rounds
    return (bins + (rounds - 1) * a_tree) / len(labelled.train)


def _some(rows: NDArray[np.int64]) -> Split:
    return Split.of(rows[np.linspace(0, len(rows) - 1, min(_ROWS, len(rows))).astype(np.int64)], [], [])


def plans(config: TrainConfig, kind: str) -> list[TrainConfig]:
    """Return a configuration and what it becomes to save time, the least loss first.

    Parameters
    ----------
    config
        With epochs and ensemble settled.
    kind
        What its networks read, ``"graph"`` or ``"sequence"``.
    """
    whole = config.network_settings(kind).epochs
    halves = [epochs for epochs in (whole, whole // 2, whole // 4) if epochs >= _LEAST_EPOCHS]
    alone = config.model_copy(update={"ensemble": 1, "committee": 0})
    pair = [config.model_copy(update={"ensemble": 2, "committee": 0})] if config.committee else []
    found = [config, *pair, *(alone.with_network_settings(kind, {"epochs": epochs}) for epochs in halves or [whole])]
    if config.experts == "blend" and not config.tracks:  # which networks alone predict
        found.append(found[-1].model_copy(update={"pretrained": "none"}))
        found.append(alone.model_copy(update={"experts": "tabular"}))
    return found
