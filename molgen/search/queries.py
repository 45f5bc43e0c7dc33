"""The molecules that a search is about, given as SMILES or as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from molgen.chem.standardize import read_compounds
from molgen.data.library import open_library
from molgen.errors import InputError
from molgen.featurizers.fingerprint import Fingerprint
from molgen.rows import ReadRows
from molgen.search.fingerprint import fingerprints
from molgen.search.reading import read_blocks

__all__ = ["Queries", "query_files", "read_queries"]


class Queries(NamedTuple):
    """Molecules to compare with.

    Attributes
    ----------
    names
        The id of each in its file, else its SMILES.
    fingerprints
        Packed bits ``[n, bytes]``.
    """

    names: list[str]
    fingerprints: NDArray[np.uint8]


def query_files(queries: Sequence[str | Path]) -> list[Path]:
    """Return those queries that are files: a path, or a text that is the name of a file that exists."""
    return [Path(each) for each in queries if _is_file(each)]


def read_queries(queries: Sequence[str | Path], fingerprint: Fingerprint) -> Queries:
    """Read queries; each must be a molecule, because a search that leaves one out would not say so in its table.

    Parameters
    ----------
    queries
        SMILES, and files of molecules.
    fingerprint
        What molecules are compared by.

    Raises
    ------
    InputError
        If there is none, one cannot be read, or one has no features to compare.
    """
    names: list[str] = []
    packed = []
    for query in queries:
        if _is_file(query):
            library = open_library(query)
            for block, compounds in read_blocks(library):
                places = [f"{block.source}, row {row}" for row in block.rows]
                packed.append(_read(compounds, fingerprint, places))
                names += [name or smiles for name, smiles in zip(block.ids, block.texts, strict=True)]
        else:
            packed.append(_read(read_compounds([str(query)]), fingerprint, [f"query {query}"]))
            names.append(str(query))
    if not names:
        raise InputError("there is no molecule to compare with", where="queries", expected="SMILES, or files of molecules")
    return Queries(names, np.concatenate(packed))


def _is_file(query: str | Path) -> bool:
    try:
        return isinstance(query, Path) or Path(query).is_file()
    except (OSError, ValueError):  # a SMILES too long for the name of a file
        return False


def _read(compounds: ReadRows, fingerprint: Fingerprint, places: Sequence[str]) -> NDArray[np.uint8]:
    packed, rows = fingerprints(fingerprint, compounds)
    for row, reason in compounds.reasons.items():
        more = f" ({len(compounds.reasons) - 1} more in this file)" if len(compounds.reasons) > 1 else ""
        raise InputError(f"{reason}{more}", where=places[row], expected="SMILES, or the name of a file that exists")
    empty = np.flatnonzero(~packed.any(axis=1))
    if len(empty):
        raise InputError(
            f"the molecule has no feature of {type(fingerprint).__name__}",
            where=places[rows[empty[0]]],
            remedy="choose another --fingerprint",
        )
    return packed
