"""Sequences: alphabets, readers, strands and translation, words. Imports neither torch nor rdkit."""

from molgen.bio.alphabets import ALPHABETS, Alphabet, get_alphabet
from molgen.bio.records import Record, read_records
from molgen.bio.strands import CODONS, reverse_complement, translate

__all__ = [
    "ALPHABETS",
    "CODONS",
    "Alphabet",
    "Record",
    "get_alphabet",
    "read_records",
    "reverse_complement",
    "translate",
]
