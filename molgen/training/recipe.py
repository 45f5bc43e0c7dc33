"""Which experts are trained: what each of them reads, how long, and what it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from molgen.data.splits import get_splitter
from molgen.errors import ConfigError
from molgen.featurizers import Featurizer, ReadingFrames
from molgen.training.config import TrainConfig
from molgen.training.expert_config import NetworkConfig
from molgen.training.finetune import Parent
from molgen.training.ingredients import Ingredients

__all__ = ["Network", "Recipe", "make_recipe", "sized"]

#: Rows up to which several networks of each kind are worth their time: a committee of five compounds' networks (what these see does
#: not grow with the rows, but all other experts are fitted six times), or an ensemble of two.
_COMMITTEE_ROWS, _COMMITTEE = 10_000, 5
_ENSEMBLE_ROWS, _ENSEMBLE = 5_000, 2
#: Rows that a network sees in all its epochs, repeated ones included, and the least number of epochs.
_SEEN, _LEAST_EPOCHS = 300_000, 12
#: Pairs are many, but of few molecules and sequences, and cost little each.
_SEEN_PAIRS = 6_000_000


class Network(NamedTuple):
    """An expert of networks to train.

    Attributes
    ----------
    kind
        ``"graph"``, ``"sequence"``, ``"pair"`` or ``"response"``: which expert, and which settings are its own.
    extras
        What joins at the read-out.
    config
        Everything else.
    given
        Arguments of the network that the rows decide.
    parent
        What its networks start from.
    """

    kind: str
    extras: list[Featurizer]
    config: TrainConfig
    given: Mapping[str, Any]
    parent: Parent | None = None

    @property
    def settings(self) -> NetworkConfig:
        """The network, and how it is trained."""
        return self.config.network_settings(self.kind)

    def with_settings(self, changes: Mapping[str, Any]) -> Network:
        """Return the same network with other settings."""
        return self._replace(config=self.config.with_network_settings(self.kind, changes))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which experts are fitted, and how, whatever the rows.

    Attributes
    ----------
    ingredients
        What can be read of the rows.
    networks
        Experts of networks, by name.
    tabular, extra_trees, linear, kernel, similarity
        Inputs of the boosted trees, of the extremely randomised ones, of the linear expert, of the kernel expert and of the
        similarity expert; none where there is no such expert.
    members
        Networks of each expert.
    config
        Everything else.
    own
        What reads the user's own numbers; all experts do.
    """

    ingredients: Ingredients
    networks: Mapping[str, Network]
    tabular: Sequence[Featurizer]
    extra_trees: Sequence[Featurizer]
    linear: Sequence[Featurizer]
    kernel: tuple[Featurizer, Featurizer] | None
    similarity: Sequence[Featurizer]
    members: int
    config: TrainConfig
    own: Sequence[Featurizer] = ()

    @property
    def parents(self) -> dict[str, dict[str, str]]:
        """File name and SHA-256 of what the networks of each expert start from."""
        return {name: network.parent.source for name, network in self.networks.items() if network.parent is not None}

    @property
    def baseline_trees(self) -> list[Featurizer]:
        """Inputs of the boosted trees that stand beside the experts; none where an expert is just that."""
        return [] if self.tabular and not self.config.fast else [*self.ingredients.tabular, *self.own]

    @property
    def baselines(self) -> dict[str, list[Featurizer]]:
        """Inputs of the linear baselines, by name."""
        return {name: [*inputs, *self.own] for name, inputs in self.ingredients.baselines.items()}


def sized(config: TrainConfig, ingredients: Ingredients, rows: int) -> TrainConfig:
    """Settle what is left open by the size of the data set: of many rows a network learns as much in fewer epochs."""
    changes: dict[str, Any] = {}
    blend = config.experts == "blend"
    if config.committee is None:
        few = ingredients.network == "graph" and rows <= _COMMITTEE_ROWS
        asked = config.ensemble or config.folds or config.curve or get_splitter(config.split, **config.split_options).forward
        changes["committee"] = _COMMITTEE if blend and few and not asked else 0
    if config.ensemble is None:
        changes["ensemble"] = changes.get("committee", config.committee) or (_ENSEMBLE if blend and rows <= _ENSEMBLE_ROWS else 1)
    config = config.model_copy(update=changes)
    settings = config.network_settings(ingredients.network)
    if "epochs" not in settings.model_fields_set:
        seen = _SEEN_PAIRS if ingredients.kernel is not None else _SEEN
        epochs = min(settings.epochs, max(_LEAST_EPOCHS, seen // max(1, rows)))
        config = config.with_network_settings(ingredients.network, {"epochs": epochs})
    return config


def make_recipe(config: TrainConfig, ingredients: Ingredients, own: Sequence[Featurizer]) -> Recipe:
    """Return the recipe of a configuration; ``own`` reads the user's own numbers.

    Raises
    ------
    BundleError, ConfigError
        If a network cannot start from the model that is named.
    """
    parent = None
    if config.parent is not None:
        if ingredients.network != "graph":
            raise ConfigError("networks of molecules alone start from another model", where="--from", got=config.parent)
        parent = Parent.load(config.parent)
        config = parent.settle(config)
    if ingredients.kernel is not None and own:
        raise ConfigError("a model of pairs reads no columns beside them", where="--feature", remedy="leave it out")
    if ingredients.network == "response" and config.pair_network.reader is not None:
        raise ConfigError("samples have no letters to read", where="--network", got=config.pair_network.reader)
    tabular, careful = config.experts in ("tabular", "blend"), config.experts == "blend" and not config.fast
    inputs = ingredients.tabular_fast if config.fast else ingredients.tabular
    return Recipe(
        ingredients,
        _networks(config, ingredients, parent, own),
        [*inputs, *own] if tabular else [],
        [*ingredients.extra_trees, *own] if careful and ingredients.extra_trees and config.tabular.all_extra_rounds else [],
        [*ingredients.linear, *own] if tabular and ingredients.linear else [],
        ingredients.kernel if tabular else None,
        [*ingredients.similarity, *own] if careful and ingredients.similarity else [],
        config.ensemble or 1,
        config,
        own,
    )


def _networks(
    config: TrainConfig, ingredients: Ingredients, parent: Parent | None, own: Sequence[Featurizer]
) -> dict[str, Network]:
    """Return the networks to train, by name."""
    if config.experts == "tabular":
        return {}
    kind, cheap = ingredients.network, [*ingredients.extras, *own]
    if kind == "sequence" and config.sequence_network.strands != "forward":
        # Frames tell the strands apart that the network takes for one.
        cheap = [each for each in cheap if not isinstance(each, ReadingFrames)]
    given = ingredients.architecture
    networks = {kind: Network(kind, cheap, _with_dropout(config, kind, 0.0), given, parent)}
    if config.experts == "blend":
        if not config.fast:
            # The trees need all descriptors anyway: a second network that sees them errs differently from both.
            further = {name: [*extras, *own] for name, extras in ingredients.further.items()}
            careful = _with_dropout(config, kind, 0.2)
            networks |= {name: Network(kind, extras, careful, given, parent) for name, extras in further.items()}
        if kind == "graph" and config.pretrained != "none" and parent is None:
            encoder = Parent.load(config.pretrained)
            networks["pretrained"] = Network(kind, cheap, _with_dropout(encoder.adopt(config), kind, 0.0), given, encoder)
    return networks


def _with_dropout(config: TrainConfig, kind: str, dropout: float) -> TrainConfig:
    """Settle the dropout of a network, where it is left open."""
    if config.network_settings(kind).dropout is not None:
        return config
    return config.with_network_settings(kind, {"dropout": dropout})
