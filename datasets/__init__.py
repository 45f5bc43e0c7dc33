"""Data sets: a card for each (where it comes from, its licence, its columns), and the loader."""

from molgen.datasets.card import DataCard
from molgen.datasets.rdkit_wheel import FREE_WILSON, NCI, free_wilson_table, nci_library

__all__ = ["FREE_WILSON", "NCI", "DataCard", "free_wilson_table", "nci_library"]
