"""How early a ranking finds the actives: what counts when only the top of a screen is ever bought."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MEASURES", "Enrichment", "bedroc", "enrichment", "enrichment_factor", "log_auc", "roc_auc"]

Floats = NDArray[np.float64]

#: Weight of the beginning in BEDROC: with 20, the first 8 % of the ranking make up 80 % of the score.
ALPHA = 20.0
#: Share of inactives from which on logAUC counts: one in a thousand.
LOWEST = 0.001


class Enrichment(NamedTuple):
    """A measure of early recognition, and how far it can be trusted.

    Attributes
    ----------
    value
        What the ranking reaches; NaN without actives or without inactives.
    lower, upper
        The confidence interval by bootstrap: actives and inactives drawn again, each among their own.
    """

    value: float
    lower: float
    upper: float


class _Ranked(NamedTuple):
    """A ranking in which compounds of one score share a step.

    Attributes
    ----------
    actives, others
        Actives and inactives in each step, best first; each row of them is a ranking of its own.
    """

    actives: Floats
    others: Floats


def enrichment(
    labels: NDArray[np.float64], scores: NDArray[np.float64], *, samples: int = 1000, confidence: float = 0.95, seed: int = 0
) -> dict[str, Enrichment]:
    """Measure how early a ranking finds the actives.

    Parameters
    ----------
    labels
        1 for active, 0 for inactive, ``[n]``; rows without a label or a score (NaN) are left out.
    scores
        The higher, the likelier active, ``[n]``.
    samples
        Bootstrap samples; 0 for no interval.
    confidence
        Share of the samples within the interval.
    seed
        Of the samples.

    Returns
    -------
    Measure -> value and interval: ``auroc``; ``ef1`` and ``ef5``, how many times more actives the first 1 % and 5 % of the
    compounds hold than as many drawn at random; ``bedroc`` with alpha 20; ``log_auc``, the area under the ROC curve over the
    logarithm of the share of inactives from 0.001 on, 1 for a perfect and 0.145 for a random ranking.

    Notes
    -----
    Compounds of one score count as if they stood in every order: their place would otherwise be that in the file.

    References
    ----------
    Truchon & Bayly, J. Chem. Inf. Model. 2007, 47, 488 (BEDROC, enrichment factor); Mysinger & Shoichet, J. Chem. Inf. Model. 2010,
    50, 1561 (logAUC).
    """
    known = ~(np.isnan(labels) | np.isnan(scores))
    active, values = labels[known] > 0, -scores[known]
    if not active.any() or active.all():
        return dict.fromkeys(MEASURES, Enrichment(np.nan, np.nan, np.nan))
    step = np.unique(values, return_inverse=True)[1]
    steps = int(step.max()) + 1
    counts = [np.bincount(step[which], minlength=steps).astype(np.float64) for which in (active, ~active)]
    whole = _Ranked(counts[0][None], counts[1][None])
    tails = (1 - confidence) / 2
    drawn = [_draw(counts, part, seed) for part in _parts(samples, steps)]
    found = {}
    for name, measure in MEASURES.items():
        spread = np.concatenate([measure(each) for each in drawn]) if drawn else np.full(1, np.nan)
        lower, upper = np.quantile(spread, [tails, 1 - tails])
        found[name] = Enrichment(float(measure(whole)[0]), float(lower), float(upper))
    return found


def roc_auc(ranked: _Ranked) -> Floats:
    """Return the share of pairs of an active and an inactive in which the active comes first; a tie is half."""
    before = np.cumsum(ranked.others, axis=1) - ranked.others / 2
    return np.asarray(1 - (ranked.actives * before).sum(axis=1) / (_total(ranked.actives) * _total(ranked.others)))


def enrichment_factor(ranked: _Ranked, share: float) -> Floats:
    """Return how many times more actives the first share of the compounds holds than it would at random.

    As many compounds are looked at as the share comes to when rounded up.
    """
    sizes = ranked.actives + ranked.others
    total = _total(sizes)
    wanted = np.ceil(total * share - 1e-9)
    before = np.cumsum(sizes, axis=1) - sizes
    # Of the step in which the share ends, actives count by the part that is inside.
    inside = np.clip(wanted[:, None] - before, 0, sizes) / np.maximum(sizes, 1)
    return np.asarray((ranked.actives * inside).sum(axis=1) / _total(ranked.actives) / (wanted / total))


def bedroc(ranked: _Ranked, alpha: float = ALPHA) -> Floats:
    """Return the Boltzmann-enhanced discrimination of ROC, 0 to 1."""
    sizes = ranked.actives + ranked.others
    total, actives = _total(sizes), _total(ranked.actives)
    decay = np.exp(-alpha / total)[:, None]
    before = np.cumsum(sizes, axis=1) - sizes
    # An active's weight is exp(-alpha * rank / total), and within a step the mean over its ranks.
    steps = decay**before * decay * (1 - decay**sizes) / (1 - decay) / np.maximum(sizes, 1)
    found = (ranked.actives * steps).sum(axis=1)
    decay, ratio = decay[:, 0], actives / total
    at_random = ratio * (1 - np.exp(-alpha)) / (np.exp(alpha / total) - 1)
    scale = ratio * np.sinh(alpha / 2) / (np.cosh(alpha / 2) - np.cosh(alpha / 2 - alpha * ratio))
    # Rounding must not take it out of its range.
    return np.asarray(np.clip(found / at_random * scale + 1 / (1 - np.exp(alpha * (1 - ratio))), 0, 1))


def log_auc(ranked: _Ranked, lowest: float = LOWEST) -> Floats:
    """Return the area under the ROC curve over the logarithm of the false positive rate, from ``lowest`` to 1."""
    found = _with_origin(np.cumsum(ranked.actives, axis=1) / _total(ranked.actives)[:, None])
    false = _with_origin(np.cumsum(ranked.others, axis=1) / _total(ranked.others)[:, None])
    # Each piece of the curve is a line y = a + b x, whose integral over dln(x) is a ln(x1 / x0) + b (x1 - x0).
    x0, x1 = np.maximum(false[:, :-1], lowest), np.maximum(false[:, 1:], lowest)
    width = false[:, 1:] - false[:, :-1]
    rise = np.divide(found[:, 1:] - found[:, :-1], width, out=np.zeros_like(width), where=width > 0)
    level = found[:, :-1] - rise * false[:, :-1]
    return np.asarray((level * np.log(x1 / x0) + rise * (x1 - x0)).sum(axis=1) / np.log(1 / lowest))


#: The measures by name.
MEASURES: dict[str, Callable[[_Ranked], Floats]] = {
    "auroc": roc_auc,
    "ef1": lambda ranked: enrichment_factor(ranked, 0.01),
    "ef5": lambda ranked: enrichment_factor(ranked, 0.05),
    "bedroc": bedroc,
    "log_auc": log_auc,
}


def _draw(counts: list[Floats], part: range, seed: int) -> _Ranked:
    """Draw rankings again: as many actives and inactives as there are, each with repetition; a sample has a seed of its own."""
    draws = [np.empty((len(part), len(each))) for each in counts]
    for at, sample in enumerate(part):
        rng = np.random.default_rng([seed, sample])
        for drawn, each in zip(draws, counts, strict=True):
            total = int(each.sum())
            drawn[at] = rng.multinomial(total, each / total)
    return _Ranked(*draws)


def _parts(samples: int, steps: int) -> list[range]:
    """Divide samples so that those looked at together take some 30 MB."""
    size = max(1, 2_000_000 // steps)
    return [range(start, min(start + size, samples)) for start in range(0, samples, size)]


def _total(counts: Floats) -> Floats:
    return np.asarray(counts.sum(axis=1))


def _with_origin(curve: Floats) -> Floats:
    return np.concatenate([np.zeros((len(curve), 1)), curve], axis=1)
