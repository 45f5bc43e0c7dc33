"""Data sets: a card for each (where it comes from, its licence, its columns), and the loader; and the models that come along."""

from molgen.datasets.bundles import find_bundle, list_bundles
from molgen.datasets.card import DataCard, DataFile
from molgen.datasets.catalog import list_cards, load_card
from molgen.datasets.download import get
from molgen.datasets.rdkit_wheel import FREE_WILSON, NCI, free_wilson_table, nci_library

__all__ = [
    "FREE_WILSON",
    "NCI",
    "DataCard",
    "DataFile",
    "find_bundle",
    "free_wilson_table",
    "get",
    "list_bundles",
    "list_cards",
    "load_card",
    "nci_library",
]
