"""Featurizers: text in, packed arrays out, and a reason for each row that failed. Imports neither torch nor scikit-learn.

A featurizer is known by its presence: a file in this folder with a class under :func:`register` needs no other mention.
"""

from importlib import import_module
from pkgutil import iter_modules

from molgen.featurizers.atom_pair import AtomPair
from molgen.featurizers.avalon import Avalon
from molgen.featurizers.base import Features, Featurizer, available, from_spec, register
from molgen.featurizers.blosum import Blosum
from molgen.featurizers.codon import Codon
from molgen.featurizers.columns import Columns
from molgen.featurizers.composition import Composition
from molgen.featurizers.concat import Concat
from molgen.featurizers.conformers3d import Conformers3D
from molgen.featurizers.descriptors import Descriptors
from molgen.featurizers.descriptors3d import Descriptors3D
from molgen.featurizers.erg import ErG
from molgen.featurizers.feature_morgan import FeatureMorgan
from molgen.featurizers.files import StoredFeatures, load_features
from molgen.featurizers.kmer import Kmer
from molgen.featurizers.learned import Embedding
from molgen.featurizers.maccs import MACCS
from molgen.featurizers.minimizer import Minimizer
from molgen.featurizers.molgraph import MolGraph
from molgen.featurizers.morgan import Morgan
from molgen.featurizers.one_hot import OneHot
from molgen.featurizers.pharmacophore import PharmacophoreFingerprint
from molgen.featurizers.placed_kmer import PlacedKmer
from molgen.featurizers.profile_numbers import ProfileNumbers
from molgen.featurizers.rdkit_fingerprint import RDKitFingerprint
from molgen.featurizers.reading_frames import ReadingFrames
from molgen.featurizers.selfies import Selfies
from molgen.featurizers.sequence_graph import SequenceGraph
from molgen.featurizers.smiles_tokens import SmilesTokens
from molgen.featurizers.tokens import Tokens
from molgen.featurizers.topological_torsion import TopologicalTorsion

# The imports above tell type checkers the names; this finds what is in the folder.
for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "MACCS",
    "AtomPair",
    "Avalon",
    "Blosum",
    "Codon",
    "Columns",
    "Composition",
    "Concat",
    "Conformers3D",
    "Descriptors",
    "Descriptors3D",
    "Embedding",
    "ErG",
    "FeatureMorgan",
    "Features",
    "Featurizer",
    "Kmer",
    "Minimizer",
    "MolGraph",
    "Morgan",
    "OneHot",
    "PharmacophoreFingerprint",
    "PlacedKmer",
    "ProfileNumbers",
    "RDKitFingerprint",
    "ReadingFrames",
    "Selfies",
    "SequenceGraph",
    "SmilesTokens",
    "StoredFeatures",
    "Tokens",
    "TopologicalTorsion",
    "available",
    "from_spec",
    "load_features",
    "register",
]
