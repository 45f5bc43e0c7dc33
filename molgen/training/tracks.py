"""How well it is predicted where counts are, within each row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from molgen.data.counts import Counts
from molgen.experts.base import Expert, FeatureTable
from molgen.experts.sequence import predict_shares
from molgen.featurizers.base import take_rows

__all__ = ["TrackMetrics", "measure_tracks", "track_metrics"]

#: Predictor -> track -> measure -> value.
TrackMetrics = dict[str, dict[str, dict[str, float]]]


def measure_tracks(
    experts: Sequence[Expert], features: FeatureTable, counts: Counts, trained: NDArray[np.int64], rows: NDArray[np.int64]
) -> TrackMetrics:
    """Measure where experts expect the counts of some rows, beside the mean of the rows that they were trained on.

    Parameters
    ----------
    experts
        At least one of them predicts tracks.
    features, counts
        Of all rows.
    trained, rows
        What the mean is of, and what is measured.
    """
    seen = counts.take(rows)
    shares = predict_shares(experts, {each: take_rows(values, rows) for each, values in features.items()})
    mean = np.broadcast_to(_mean_shares(counts.take(trained)), shares.shape)
    return {"mean": track_metrics(mean, seen), "model": track_metrics(shares, seen)}


def track_metrics(shares: NDArray[np.float32], counts: Counts) -> dict[str, dict[str, float]]:
    """Return by track how well expected shares (of the shape of the counts) tell where counts are.

    ``n``, rows with counts; ``nats``, the cross-entropy of a count; ``jsd``, the Jensen-Shannon distance (0 to 1), and ``pearson``,
    the correlation over places, of rows, which weigh as many as their counts are: where there are few, chance says where.
    """
    expected = Counts(counts.strands, shares).of_tracks()
    return {name: _measures(_flat(expected[name]), _flat(seen)) for name, seen in counts.of_tracks().items()}


def _measures(shares: NDArray[np.float64], counts: NDArray[np.float64]) -> dict[str, float]:
    totals = counts.sum(axis=1)
    shares, counts, totals = (each[totals > 0] for each in (shares, counts, totals))
    if not len(totals):
        return {"n": 0, **dict.fromkeys(("nats", "jsd", "pearson"), float("nan"))}
    nats = -(counts * np.log(np.maximum(shares, 1e-12))).sum() / totals.sum()
    distance = np.average(_distances(shares, counts / totals[:, None]), weights=totals)
    return {"n": len(totals), "nats": float(nats), "jsd": float(distance), "pearson": _pearson(shares, counts)}


def _distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Jensen-Shannon distance of rows, 0 to 1."""
    from scipy.special import rel_entr

    middle = (first + second) / 2
    divergence = (rel_entr(first, middle) + rel_entr(second, middle)).sum(axis=1) / (2 * np.log(2))
    # Rows that are the same come out below 0 now and then.
    return np.asarray(np.sqrt(np.clip(divergence, 0.0, 1.0)))


def _pearson(shares: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
    """Return the mean correlation of rows, weighed by their counts; one where counts are the same everywhere has none."""
    first, second = (each - each.mean(axis=1, keepdims=True) for each in (shares, counts))
    norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    known = norms > 0
    if not known.any():
        return float("nan")
    return float(np.average((first * second).sum(axis=1)[known] / norms[known], weights=counts.sum(axis=1)[known]))


def _mean_shares(counts: Counts) -> NDArray[np.float32]:
    """Return the mean share of each place, ``[strands, length]``, as if there were one more row, with as much everywhere."""
    parts = []
    for track in counts.of_tracks().values():
        flat = _flat(track)
        totals = flat.sum(axis=1, keepdims=True)
        shares = (flat / np.maximum(totals, 1e-12))[totals[:, 0] > 0]
        parts.append(((shares.sum(axis=0) + 1 / flat.shape[1]) / (len(shares) + 1)).reshape(track.shape[1:]))
    return np.concatenate(parts).astype(np.float32)


def _flat(track: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the places of all strands side by side."""
    return track.reshape(len(track), -1).astype(np.float64)
