"""The sequence as a graph, joined along itself and to where it is alike, with messages passed along both."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from molgen.nn.message_passing.gine import GraphIsomorphismWithBonds
from molgen.nn.sequence import MaskedConv, SequenceTrunk, positions

__all__ = ["WordGraph", "similar_words"]

_MOTIF = 15
_WORD = 5
_NEIGHBOURS = 3
_PAIRS = 8
#: How far apart words may be that are compared, and words that are compared at a time: a row costs as much a letter however long.
_REACH, _BLOCK = 512, 256


class WordGraph(SequenceTrunk):
    """Filters of 15 letters, and GINE over the graph of ``SequenceGraph("knn", k=5, neighbours=3)``.

    Each letter is a node, joined to the next and to the three others, up to 512 letters away, around which the word of five letters
    differs least. Edges have no direction, so nodes know their surroundings (the filters) and how far they are from the middle. The
    graph is made of the letters as a batch is read: the other strand, or a mutant, has a graph of its own.
    """

    at_each_letter: ClassVar[bool] = True

    def __init__(self, channels: int, width: int, steps: int, dropout: float = 0.0) -> None:
        super().__init__(channels, width, steps, dropout)
        self.motifs = MaskedConv(channels, width, _MOTIF)
        self.place = nn.Conv1d(2 * _PAIRS, width, 1, bias=False)
        nn.init.zeros_(self.place.weight)
        # The next letter, and words that differ in none to all of their letters.
        self.embed_edges = nn.Embedding(_WORD + 2, width)
        self.message_passing = GraphIsomorphismWithBonds(width, steps, dropout)

    def forward(self, letters: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Read letters ``[n, channels, length]``."""
        n, _, length = letters.shape
        vectors = (functional.relu(self.motifs(letters, there)) + self.place(positions(there, _PAIRS))) * there
        after = there[:, 0, 1:].nonzero()
        nodes = after[:, 0] * length + after[:, 1]
        alike, differ = similar_words(letters, there, _WORD, _NEIGHBOURS)
        ends = torch.cat([torch.stack([nodes, nodes + 1], dim=1), alike])
        edges = self.embed_edges(torch.cat([torch.zeros_like(nodes), 1 + differ]))
        heard = self.message_passing(vectors.transpose(1, 2).reshape(n * length, self.width), edges, ends)
        return heard.view(n, length, self.width).transpose(1, 2) * there, there


@torch.no_grad()
def similar_words(letters: Tensor, there: Tensor, k: int, neighbours: int) -> tuple[Tensor, Tensor]:
    """Join the middles of words to those of the words near them that are most alike.

    Parameters
    ----------
    letters, there
        See :meth:`~molgen.nn.sequence.SequenceTrunk.forward`. Letters that stand for several, or none, are alike.
    k
        Letters of a word, odd; words that overlap are left out.
    neighbours
        How many others a word is joined to: those that differ in fewest letters, of equal ones the nearest, then the earlier.

    Returns
    -------
    ends, differ
        ``[m, 2]``, place ``p`` of row ``r`` being ``r * length + p``, the earlier first, each edge once; and the letters in which
        the words of each edge differ, ``[m]``.
    """
    n, _, length = letters.shape
    n_words = max(0, length - k + 1)
    plain = (letters == 1).float()
    unclear = there - plain.sum(dim=1, keepdim=True)
    words = torch.cat([plain, unclear], dim=1).unfold(2, k, 1).transpose(1, 2).flatten(2) if n_words else plain
    whole = there[:, 0, k - 1 :] > 0
    found = [torch.zeros(0, dtype=torch.int64, device=letters.device)]
    for start in range(0, n_words, _BLOCK):
        stop, first, last = min(n_words, start + _BLOCK), max(0, start - _REACH), min(n_words, start + _BLOCK + _REACH)
        same = torch.bmm(words[:, start:stop], words[:, first:last].transpose(1, 2)).float()
        after = torch.arange(first, last, device=same.device) - torch.arange(start, stop, device=same.device)[:, None]
        near = (after.abs() >= k) & (after.abs() <= _REACH)
        # One number orders by all three, and no two words of a row have the same: what is chosen does not hang on the batch.
        keys = (k - same) * (2 * _REACH + 2) + (2 * after.abs() + (after > 0))
        keys = keys.masked_fill(~(near & whole[:, start:stop, None] & whole[:, None, first:last]), torch.inf)
        best, others = keys.topk(min(neighbours, last - first), dim=2, largest=False)
        row, word, nth = best.isfinite().nonzero(as_tuple=True)
        own = row * length + start + word
        other = row * length + first + others[row, word, nth]
        differ = (best[row, word, nth] // (2 * _REACH + 2)).long()
        found.append((torch.minimum(own, other) * (n * length) + torch.maximum(own, other)) * (k + 1) + differ)
    edges: Tensor = torch.unique(torch.cat(found))
    pairs = edges // (k + 1)
    return torch.stack([pairs // (n * length), pairs % (n * length)], dim=1) + k // 2, edges % (k + 1)
