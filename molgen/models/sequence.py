"""What a sequence does, from its letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from molgen.bio.alphabets import get_alphabet
from molgen.data.counts import check_tracks, swapped_strands
from molgen.errors import ConfigError
from molgen.featurizers import Tokens
from molgen.nn.heads import read_out
from molgen.nn.parts import SEQUENCE, find_part
from molgen.nn.sequence import MaskedConv, SequenceTrunk

__all__ = ["STRANDS", "LetterBatch", "SequenceEncoder", "SequenceNetwork", "WithPlaces"]

#: What a network makes of the two strands of a nucleic acid.
STRANDS = ("forward", "augment", "average", "share")
#: Ways to attend to places: where a window is cut around a site, what stands where matters.
_HEADS = 8
#: Letters that the head of tracks looks at around each place, as BPNet's does.
_TRACK_FILTER = 25


class LetterBatch(NamedTuple):
    """Letters, and numbers of whole rows, of the same rows.

    Attributes
    ----------
    letters
        int64 ``[rows, length]``: the tokens of :class:`~molgen.featurizers.Tokens`, 0 where a row has ended.
    features
        float32 ``[rows, features]``; ``None`` for a model that reads the letters alone.
    """

    letters: Tensor
    features: Tensor | None

    def to(self, device: torch.device) -> LetterBatch:
        """Copy to a device."""
        ahead = device.type == "cuda"
        features = None if self.features is None else self.features.to(device, non_blocking=ahead)
        return LetterBatch(self.letters.to(device, non_blocking=ahead), features)


class SequenceEncoder(nn.Module):
    """Read letters, and pool over the places.

    Parameters
    ----------
    alphabet
        ``"dna"``, ``"rna"`` or ``"protein"``.
    network
        What reads the letters: the name of a file in ``molgen/nn/sequence``.
    width, steps, dropout
        Size of the vectors, layers, and share of entries dropped in training.

    Raises
    ------
    ConfigError
        If there is no such network or alphabet.
    """

    def __init__(
        self, *, alphabet: str = "dna", network: str = "dilated", width: int = 64, steps: int = 4, dropout: float = 0.0
    ) -> None:
        super().__init__()
        known = get_alphabet(alphabet)
        tokens = Tokens(None, ends=False, output="packed", alphabet=alphabet).vocabulary()
        meaning = torch.zeros(len(tokens), len(known.letters))
        for number, token in enumerate(tokens):
            for letter in known.codes.get(token, ""):
                meaning[number, known.letters.index(letter)] = 1 / len(known.codes[token])
        self.register_buffer("meaning", meaning, persistent=False)
        self.tokens = tokens
        trunk = find_part(SEQUENCE, network, SequenceTrunk)  # type: ignore[type-abstract]
        self.encoder = trunk(len(known.letters), width, steps, dropout)
        self.attention = nn.Conv1d(width, _HEADS, 1)

    @property
    def out_width(self) -> int:
        """Length of the vector of a row."""
        return (2 + _HEADS) * self.encoder.width

    def places(self, letters: Tensor) -> tuple[Tensor, Tensor]:
        """Return a vector a place, and which places there are; see :class:`~molgen.nn.sequence.SequenceTrunk`."""
        embedded: Tensor = self.meaning[letters].transpose(1, 2)  # type: ignore[index]
        vectors, there = self.encoder(embedded, (letters > 0)[:, None].to(embedded.dtype))
        return vectors, there

    def encode(self, letters: Tensor) -> Tensor:
        """Return a vector a row, ``[rows, out_width]``: the mean, the largest and eight means by attention of its places."""
        return self.pool(*self.places(letters))

    def pool(self, vectors: Tensor, there: Tensor) -> Tensor:
        """Return what :meth:`encode` does from what :meth:`places` gave."""
        gone = there == 0
        weights = torch.softmax(self.attention(vectors).masked_fill(gone, -1e4), dim=2) * there
        largest = vectors.masked_fill(gone, -1e4).amax(dim=2)
        empty = gone.all(dim=2)
        mean = vectors.sum(dim=2) / there.sum(dim=2).clamp(min=1)
        attended = torch.bmm(weights, vectors.transpose(1, 2)).flatten(1)
        return torch.cat([mean, largest.masked_fill(empty, 0.0), attended], dim=1)


class SequenceNetwork(SequenceEncoder):
    """Encode sequences, and read off every task at once.

    Parameters
    ----------
    outputs
        Number of tasks.
    n_features
        Number of features of whole rows that join at the read-out.
    alphabet, network, width, steps, dropout
        See :class:`SequenceEncoder`.
    strands
        ``"forward"``: the strand as it is given. ``"augment"``: in training either strand, by chance. ``"average"``: the same, and
        predictions are the mean of both strands'. ``"share"``: both strands are read by the same layers, and their vectors
        added before the read-out. With the last two the other strand is predicted exactly the same.
    tracks
        Name -> 1, or 2 where each strand is counted by itself: how counts are spread over the letters of a row is predicted, too,
        of rows that are all of one length.

    Raises
    ------
    ConfigError
        If there is no such network, strands of what has but one, or tracks of a network that takes letters together.
    """

    def __init__(
        self,
        outputs: int,
        *,
        n_features: int = 0,
        alphabet: str = "dna",
        network: str = "dilated",
        width: int = 64,
        steps: int = 4,
        dropout: float = 0.0,
        strands: str = "forward",
        tracks: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(alphabet=alphabet, network=network, width=width, steps=steps, dropout=dropout)
        if strands not in STRANDS:
            raise ConfigError("unknown way to treat strands", expected=f"one of {', '.join(STRANDS)}", got=repr(strands)[:80])
        complement = get_alphabet(alphabet).complement
        if strands != "forward" and not complement:
            raise ConfigError("proteins have no other strand", expected="strands 'forward'", got=repr(strands))
        other = [self.tokens.index(complement.get(token, token)) for token in self.tokens]
        self.strands = strands
        self.register_buffer("other", torch.tensor(other), persistent=False)
        self.head = read_out(self.out_width + n_features, 2 * width, outputs, dropout)
        tracks = {} if tracks is None else tracks
        check_tracks(tracks)
        sides = list(tracks.values())
        if sides and not self.encoder.at_each_letter:
            raise ConfigError(f"{network!r} takes letters together: it predicts no tracks", where="network", expected="'bpnet'")
        self.track_head = MaskedConv(width, sum(sides), _TRACK_FILTER) if sides else None
        self.swapped = swapped_strands(tracks)

    def other_strand(self, letters: Tensor) -> Tensor:
        """Return the reverse complement of each row; rows begin at the first place, as before."""
        lengths = (letters > 0).sum(dim=1, keepdim=True)
        places = lengths - 1 - torch.arange(letters.shape[1], device=letters.device)[None]
        turned: Tensor = self.other[letters.gather(1, places.clamp(min=0))]  # type: ignore[index]
        return turned * (places >= 0)

    def read_off(self, rows: Tensor, features: Tensor | None) -> Tensor:
        """Return raw outputs from the vectors of rows and, for a network that reads some, their features."""
        out: Tensor = self.head(rows if features is None else torch.cat([rows, features], dim=1))
        return out

    def forward(self, batch: LetterBatch) -> Tensor:
        """Return raw outputs ``[rows, tasks]``: standardised values, or logits of binary tasks."""
        return self.forward_with_places(batch)[0]

    def forward_with_places(self, batch: LetterBatch) -> tuple[Tensor, Tensor]:
        """Return raw outputs, and logits of the places of tracks.

        Returns
        -------
        outputs, places
            ``[rows, tasks]`` and ``[rows, strands of all tracks, length]``: the softmax of a track's logits, over its strands and
            places together, is the share of its counts that is expected there.
        """
        letters = batch.letters
        if self.strands == "share":
            own, other = self._encode(letters), self._encode(self.other_strand(letters))
            return self.read_off(own[0] + other[0], batch.features), own[1] + self._turned(other[1])
        if self.strands == "average" and not self.training:
            own, other = self._encode(letters), self._encode(self.other_strand(letters))
            outputs = [self.read_off(rows, batch.features) for rows, _ in (own, other)]
            return (outputs[0] + outputs[1]) / 2, (own[1] + self._turned(other[1])) / 2
        if self.strands == "forward" or not self.training:
            rows, places = self._encode(letters)
            return self.read_off(rows, batch.features), places
        turned = torch.rand(len(letters), 1, device=letters.device) < 0.5
        rows, places = self._encode(torch.where(turned, self.other_strand(letters), letters))
        return self.read_off(rows, batch.features), torch.where(turned[:, :, None], self._turned(places), places)

    def _encode(self, letters: Tensor) -> tuple[Tensor, Tensor]:
        """Return a vector a row, and the logits of places; none without tracks."""
        vectors, there = self.places(letters)
        return self.pool(vectors, there), vectors[:, :0] if self.track_head is None else self.track_head(vectors, there)

    def _turned(self, places: Tensor) -> Tensor:
        """Return logits of the places of one strand as those of the other."""
        return places[:, self.swapped].flip(2)


class WithPlaces(nn.Module):
    """A network of tracks while it is trained: the logits of places stand behind its outputs, ``[rows, tasks + places]``."""

    def __init__(self, network: SequenceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, batch: LetterBatch) -> Tensor:
        """Return both side by side."""
        outputs, places = self.network.forward_with_places(batch)
        return torch.cat([outputs, places.flatten(1)], dim=1)
