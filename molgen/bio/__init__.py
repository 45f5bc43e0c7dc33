"""Sequences: alphabets, readers, genomes, strands and translation, words. Imports neither torch nor rdkit."""

from molgen.bio.alphabets import ALPHABETS, Alphabet, get_alphabet
from molgen.bio.genome import Genome
from molgen.bio.intervals import Interval, read_intervals
from molgen.bio.records import Record, read_records
from molgen.bio.strands import CODONS, reverse_complement, translate
from molgen.bio.variants import Variant, check_reference, read_variants

__all__ = [
    "ALPHABETS",
    "CODONS",
    "Alphabet",
    "Genome",
    "Interval",
    "Record",
    "Variant",
    "check_reference",
    "get_alphabet",
    "read_intervals",
    "read_records",
    "read_variants",
    "reverse_complement",
    "translate",
]
