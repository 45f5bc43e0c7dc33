"""What the featurizers of sequences share: one way in, and letters that are checked before they are counted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any, ClassVar

import numpy as np

from molgen.bio.alphabets import ALPHABETS, get_alphabet
from molgen.bio.batch import SequenceBatch, check_letters, read_sequences
from molgen.featurizers.base import Features, Featurizer
from molgen.featurizers.parameters import check_parameters, choice, parameters

__all__ = ["SequenceFeaturizer"]

#: Rows that are read, checked and featurized before the next ones are.
_ROWS = 1024


@parameters
class SequenceFeaturizer(Featurizer):
    """Base of featurizers whose rows are sequences: ``str``, ``bytes``, Biopython's objects, or records of :mod:`molgen.bio`.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``. Lower case is read as upper case; a row with a letter that is no IUPAC code fails.
    reverse_complement
        Featurize the other strand, in its own direction.
    errors
        What :meth:`transform` does with a row that fails: ``"raise"`` or ``"mask"``.
    n_jobs
        Processes to spread the rows over; ``-1`` for all cores.
    """

    reads: ClassVar[str] = "sequence"

    alphabet: str = choice(default="dna", options=ALPHABETS, kw_only=True)
    reverse_complement: bool = field(default=False, kw_only=True)
    errors: str = field(default="raise", kw_only=True)
    n_jobs: int = field(default=1, kw_only=True)

    @property
    def _exact(self) -> bool:
        """Whether letters that may stand for several, or none, are refused."""
        return False

    @abstractmethod
    def _encode(self, batch: SequenceBatch) -> Features:
        """Featurize rows of good letters; an empty one gets the row that stands for failure, and no entry in ``errors``."""

    def _read(self, rows: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
        return list(rows), {}

    def _featurize(self, items: list[Any]) -> Features:
        return self._collect(items, lambda _, batch: self._encode(batch))

    def _collect(self, rows: list[Any], encode: Callable[[int, SequenceBatch], Features]) -> Features:
        """Encode rows some at a time, given the number of the first of them, and join what becomes of them."""
        check_parameters(self)
        parts: list[Any] = []
        reasons: dict[int, str] = {}
        for start, batch, problems in self._batches(rows):
            features = encode(start, batch)
            if isinstance(features.values, np.ndarray):
                # Written to where they stay: joined in the end they would take twice the memory, and new memory is what takes time.
                parts = parts or [np.empty((len(rows), *features.values.shape[1:]), features.values.dtype)]
                parts[0][start : start + len(batch)] = features.values
            else:
                parts.append(features.values)
            reasons |= {start + row: reason for row, reason in {**features.errors, **problems}.items()}
        return Features(self._stack(parts) if len(parts) > 1 else parts[0], reasons)

    def _batches(self, rows: list[Any]) -> Iterator[tuple[int, SequenceBatch, dict[int, str]]]:
        """Iterate over rows, some at a time, so that they are still near when they are featurized; no rows are one batch.

        Yields
        ------
        tuple
            Number of the first row, the rows, those that are no sequences of the alphabet empty, and the reasons for these.
        """
        alphabet = get_alphabet(self.alphabet)
        for start in range(0, max(1, len(rows)), _ROWS):
            batch, reasons = read_sequences(rows[start : start + _ROWS])
            strange = check_letters(batch, alphabet, exact=self._exact)
            batch = batch.without(list(strange))
            yield start, batch.other_strands(self.alphabet) if self.reverse_complement else batch, reasons | strange
