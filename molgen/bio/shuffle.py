"""Sequences with the same letters in another order."""

from __future__ import annotations

import numpy as np

__all__ = ["shuffle_dinucleotides"]


def shuffle_dinucleotides(sequence: str, rng: np.random.Generator) -> str:
    """Return a random sequence with the very same number of each pair of neighbouring letters.

    The first and the last letter stay. All such sequences are equally likely.

    Parameters
    ----------
    sequence
        Any text.
    rng
        Where the random numbers come from.

    References
    ----------
    S. F. Altschul, B. W. Erickson, Mol. Biol. Evol. 2 (1985) 526-538.
    """
    if len(sequence) < 4:
        return sequence
    letters, codes = np.unique(np.frombuffer(sequence.encode("utf-32-le"), np.uint32), return_inverse=True)
    followers = [codes[1:][codes[:-1] == letter] for letter in range(len(letters))]
    last = int(codes[-1])
    orders = []
    exits = _random_exits(followers, last, rng)
    for letter, following in enumerate(followers):
        if letter == last or not len(following):
            orders.append(iter(rng.permutation(following)))
            continue
        # The exit that leads on to the last letter is taken last, so that no follower is left over.
        kept = np.delete(following, int(np.flatnonzero(following == exits[letter])[0]))
        orders.append(iter(np.append(rng.permutation(kept), exits[letter])))
    path = [codes[0]]
    for _ in range(len(codes) - 1):
        path.append(next(orders[path[-1]]))
    return letters[path].astype("<u4").tobytes().decode("utf-32-le")


def _random_exits(followers: list[np.ndarray], last: int, rng: np.random.Generator) -> dict[int, int]:
    """Draw for each letter which follower it is left by for the last time, so that all exits lead to the last letter.

    Wilson's algorithm: random walks, without their loops, until they meet a letter whose way is known.
    """
    exits: dict[int, int] = {}
    done = {last}
    for start in range(len(followers)):
        if not len(followers[start]):
            continue
        at = start
        while at not in done:
            exits[at] = int(rng.choice(followers[at]))
            at = exits[at]
        at = start
        while at not in done:
            done.add(at)
            at = exits[at]
    return exits
