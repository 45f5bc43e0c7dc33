"""Which experts are trained: what each of them reads, how long, and what it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from molgen.chem.descriptors import DESCRIPTORS_FAST
from molgen.featurizers import AtomPair, Descriptors, FeatureMorgan, Featurizer, Morgan, TopologicalTorsion
from molgen.training.config import TrainConfig
from molgen.training.finetune import Parent

__all__ = ["DESCRIPTORS", "FINGERPRINT", "GRAPH_EXTRAS", "TABULAR_INPUTS", "Network", "Recipe", "make_recipe", "sized"]

#: Boosted trees learn from counts of parts of several kinds: on scaffold folds of three sets that was worth 1 to 3 % of the error.
FINGERPRINT = Morgan(2, 1024, counts=True)
FINGERPRINTS: list[Featurizer] = [
    FINGERPRINT,
    FeatureMorgan(2, 1024, counts=True),
    AtomPair(1024, counts=True),
    TopologicalTorsion(1024, counts=True),
]
DESCRIPTORS = Descriptors()
#: What joins the graph at the read-out: cheap, and it tells a small data set much.
GRAPH_EXTRAS: list[Featurizer] = [Descriptors(DESCRIPTORS_FAST)]
TABULAR_INPUTS: list[Featurizer] = [*FINGERPRINTS, DESCRIPTORS]

#: Compounds up to which two networks of each kind are worth their time.
_FEW = 5_000
#: Compounds that a network sees in all its epochs, repeated ones included, and the least number of epochs.
_SEEN, _LEAST_EPOCHS = 300_000, 12


class Network(NamedTuple):
    """A graph expert to train.

    Attributes
    ----------
    extras
        What joins the graph at the read-out.
    config
        Everything else.
    parent
        What its networks start from.
    """

    extras: list[Featurizer]
    config: TrainConfig
    parent: Parent | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which experts are fitted, and how, whatever the rows.

    Attributes
    ----------
    networks
        Graph experts by name.
    tabular
        Inputs of the trees; none for no trees.
    members
        Networks of each graph expert.
    config
        Everything else.
    own
        What reads the user's own numbers; all experts do.
    """

    networks: Mapping[str, Network]
    tabular: Sequence[Featurizer]
    members: int
    config: TrainConfig
    own: Sequence[Featurizer] = ()

    @property
    def parents(self) -> dict[str, dict[str, str]]:
        """File name and SHA-256 of what the networks of each graph expert start from."""
        return {name: network.parent.source for name, network in self.networks.items() if network.parent is not None}

    @property
    def baseline_trees(self) -> list[Featurizer]:
        """Inputs of the boosted trees that stand beside the experts; none where an expert is just that."""
        return [] if self.tabular and not self.config.fast else [*TABULAR_INPUTS, *self.own]


def sized(config: TrainConfig, compounds: int) -> TrainConfig:
    """Settle what is left open by the size of the data set: of many compounds a network learns as much in fewer epochs."""
    changes: dict[str, Any] = {}
    if config.ensemble is None:
        changes["ensemble"] = 2 if config.experts == "blend" and compounds <= _FEW else 1
    if "epochs" not in config.graph.model_fields_set:
        epochs = min(config.graph.epochs, max(_LEAST_EPOCHS, _SEEN // max(1, compounds)))
        changes["graph"] = config.graph.model_copy(update={"epochs": epochs})
    return config.model_copy(update=changes)


def make_recipe(config: TrainConfig, own: Sequence[Featurizer]) -> Recipe:
    """Return the recipe of a configuration; ``own`` reads the user's own numbers.

    Raises
    ------
    BundleError, ConfigError
        If a network cannot start from the model that is named.
    """
    parent = None
    if config.parent is not None:
        parent = Parent.load(config.parent)
        config = parent.settle(config)
    inputs = [FINGERPRINT, *GRAPH_EXTRAS] if config.fast else TABULAR_INPUTS
    tabular = [*inputs, *own] if config.experts in ("tabular", "blend") else []
    return Recipe(_networks(config, parent, own), tabular, config.ensemble or 1, config, own)


def _networks(config: TrainConfig, parent: Parent | None, own: Sequence[Featurizer]) -> dict[str, Network]:
    """Return the networks to train, by name."""
    if config.experts == "tabular":
        return {}
    networks = {"graph": Network([*GRAPH_EXTRAS, *own], _with_dropout(config, 0.0), parent)}
    if config.experts == "blend":
        if not config.fast:
            # The trees need all descriptors anyway: a second network that sees them errs differently from both.
            networks["graph+descriptors"] = Network([DESCRIPTORS, *own], _with_dropout(config, 0.2), parent)
        if config.pretrained != "none" and parent is None:
            encoder = Parent.load(config.pretrained)
            networks["pretrained"] = Network([*GRAPH_EXTRAS, *own], _with_dropout(encoder.adopt(config), 0.0), encoder)
    return networks


def _with_dropout(config: TrainConfig, dropout: float) -> TrainConfig:
    """Settle the dropout of a network, where it is left open."""
    if config.graph.dropout is not None:
        return config
    return config.model_copy(update={"graph": config.graph.model_copy(update={"dropout": dropout})})
