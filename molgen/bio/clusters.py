"""Clusters of sequences that share words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.bio.alphabets import get_alphabet
from molgen.bio.batch import read_sequences
from molgen.bio.kmers import kmer_numbers, other_strand_numbers

__all__ = ["WORD_LENGTHS", "cluster_sequences"]

#: Letters of the words that are compared: so long that hardly one turns up twice by chance in what is not related.
WORD_LENGTHS = {"dna": 11, "rna": 11, "protein": 5}
#: Rows compared with all others at a time.
_ROWS = 512
#: What a share times a number of words may be off by.
_EXACT = 1e-6


def cluster_sequences(sequences: Sequence[str], alphabet: str, share: float, *, both_strands: bool = False) -> NDArray[np.int64]:
    """Number the cluster of each sequence, in the order of their first members.

    Two sequences are in one cluster if they share so many of the words of the shorter one, or if others link them: no two
    sequences of different clusters are that similar.

    Parameters
    ----------
    sequences
        Rows of good letters.
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``; words have 11 letters, or 5 of proteins.
    share
        Above 0, up to 1.
    both_strands
        Whether words of the other strand count as the same.

    Returns
    -------
    int64 ``[n]``. A sequence shorter than a word, or without any, is with those of the very same letters.
    """
    from scipy.sparse import coo_matrix, csr_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(sequences):
        return np.zeros(0, np.int64)
    # Pairs have few sequences many times over: sorting those few is all there is to do.
    distinct = sorted(set(sequences))
    place = {letters: at for at, letters in enumerate(distinct)}
    row_of = np.array([place[letters] for letters in sequences])
    k = WORD_LENGTHS[alphabet]
    batch, _ = read_sequences(distinct)
    numbers, counts = kmer_numbers(batch, k, get_alphabet(alphabet))
    if both_strands:
        numbers = np.minimum(numbers, other_strand_numbers(numbers, k))
    _, columns = np.unique(numbers, return_inverse=True)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    n_columns = int(columns.max(initial=-1)) + 1
    words = csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=(len(distinct), n_columns))
    words.sum_duplicates()
    words.data[:] = 1.0
    sizes = np.diff(words.indptr)
    pairs: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    turned = words.T.tocsr()
    for start in range(0, len(distinct), _ROWS):
        common = (words[start : start + _ROWS] @ turned).tocoo()
        first, second = common.row + start, common.col
        near = common.data >= share * np.minimum(sizes[first], sizes[second]) - _EXACT
        pairs.append((first[near], second[near]))
    first, second = (np.concatenate(each) for each in zip(*pairs, strict=True))
    links = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(len(distinct), len(distinct)))
    _, cluster = connected_components(links, directed=False)
    of_rows = cluster[row_of]
    # In the order of the rows, and not of the sorted letters.
    _, first_rows, renumbered = np.unique(of_rows, return_index=True, return_inverse=True)
    rank = np.empty(len(first_rows), np.int64)
    rank[np.argsort(first_rows)] = np.arange(len(first_rows))
    return np.asarray(rank[renumbered], dtype=np.int64)
