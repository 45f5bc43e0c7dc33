"""Identifiers that occur more than once, found in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Repeats"]

#: Different identifiers that are remembered; a library may have millions, and each costs some 100 bytes.
MAX_KNOWN = 200_000


class Repeats:
    """Counts rows whose identifier was there before.

    Attributes
    ----------
    count
        Rows so far.
    first
        The first such identifier.
    whole
        Whether all identifiers so far are remembered; later ones are compared with the first 200,000 alone.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first = ""
        self.whole = True
        self._known: set[str] = set()

    def add(self, ids: Sequence[str]) -> None:
        """Look at some more identifiers; empty ones are none."""
        filled = len(ids) - ids.count("")
        new = set(ids) - self._known
        new.discard("")
        if len(new) < filled:
            self.count += filled - len(new)
            self.first = self.first or self._find(ids)
        if len(self._known) + len(new) <= MAX_KNOWN:
            self._known |= new
        else:
            self.whole = False

    def note(self) -> str | None:
        """Return what there is to say, if anything."""
        if not self.count:
            return None
        rows = "1 row has" if self.count == 1 else f"{self.count:,} rows have"
        return f"{'' if self.whole else 'at least '}{rows} an id that was there before, such as {self.first!r}"

    def _find(self, ids: Sequence[str]) -> str:
        seen = set(self._known)
        for each in ids:
            if each and each in seen:
                return each
            seen.add(each)
        return ""
