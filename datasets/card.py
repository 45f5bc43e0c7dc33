"""What there is to know about a data set before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["DataCard", "DataFile"]


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a data set.

    Attributes
    ----------
    name
        What it is called once it is there.
    sha256
        Of its content, unpacked if it is kept or published gzipped.
    bytes
        Size of its content; ``None`` if not known.
    rows
        Number of records; ``None`` if not known.
    urls
        Where it can be downloaded, the first that answers is taken. None where it was never published in this form.
    gz_sha256
        Of what the URLs that end in ``.gz`` give.
    original
        Its name in a folder of data, where that is neither ``name`` nor the end of a URL.
    """

    name: str
    sha256: str
    bytes: int | None = None
    rows: int | None = None
    urls: tuple[str, ...] = ()
    gz_sha256: str | None = None
    original: str = ""


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
        Its files, the main table first.
    source
        Where the files come from.
    licence
        Terms of use.
    columns
        Column -> meaning, of those whose name does not say it.
    rows
        Number of records of the main table; ``None`` if not known.
    tasks
        Label column -> ``"regression"`` or ``"binary"``.
    smiles
        Column with the structures; empty if there is none, or it is not known.
    citation
        What to cite.
    """

    name: str
    about: str
    files: tuple[DataFile, ...]
    source: str
    licence: str
    columns: Mapping[str, str]
    rows: int | None = None
    tasks: Mapping[str, str] = field(default_factory=dict)
    smiles: str = ""
    citation: str = ""

    @property
    def bytes(self) -> int | None:
        """Size of all files; ``None`` if that of one is not known."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)
