"""What there is to know about a data set before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["DataCard"]


@dataclass(frozen=True, slots=True)
class DataCard:
    """The record of a data set.

    Attributes
    ----------
    name
        What it is called.
    about
        What it holds, and what is not known of it.
    files
        File name -> SHA-256 of the bytes it was described from.
    source
        Where the files come from.
    licence
        Terms of use.
    columns
        Column -> meaning, of the table that the loader gives.
    rows
        Number of compounds.
    """

    name: str
    about: str
    files: Mapping[str, str]
    source: str
    licence: str
    columns: Mapping[str, str]
    rows: int
