"""Featurizers: text in, packed arrays out, and a reason for each row that failed. Imports neither torch nor scikit-learn."""

from molgen.featurizers.base import Features, Featurizer, available, from_spec, register
from molgen.featurizers.concat import Concat
from molgen.featurizers.descriptors import Descriptors
from molgen.featurizers.files import StoredFeatures, load_features
from molgen.featurizers.molgraph import MolGraph
from molgen.featurizers.morgan import Morgan

__all__ = [
    "Concat",
    "Descriptors",
    "Features",
    "Featurizer",
    "MolGraph",
    "Morgan",
    "StoredFeatures",
    "available",
    "from_spec",
    "load_features",
    "register",
]
