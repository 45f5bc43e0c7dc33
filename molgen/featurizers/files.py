"""Features in a file, and back: packed arrays in an ``.npz``, columns in a ``.parquet``.

Both hold the spec of their featurizer, and one row (or graph) for every row that was featurized, with ``row`` (its 1-based
number in its file), ``source``, ``id``, ``smiles`` (or ``sequence``), ``status`` (``"ok"``, ``"invalid"``, ``"too_large"``,
``"timeout"``) and ``reason``. :func:`load_features` reads either.

An ``.npz`` is plain NumPy without pickles; text is stored as UTF-8 end to end with the bounds of each value (``id_utf8``,
``id_ptr``), and the featurizer as JSON (``featurizer``):

========= ==========================================================================================================
values    members
========= ==========================================================================================================
graphs    ``atoms, bonds, bond_fields, atom_ptr, bond_ptr``: the fields of :class:`~molgen.chem.graph.GraphBatch`
CSR       ``data, indices, indptr, shape, format``: what ``scipy.sparse.load_npz`` reads; an empty row where one failed
dense     ``values``; a row of NaN (zeros among integers) where one failed
packed    the fields of :class:`~molgen.packed.TokenBatch` or :class:`~molgen.packed.ConformerBatch`
========= ==========================================================================================================

A ``.parquet`` of dense features has a column for each feature, named by ``get_feature_names_out``, empty where there is no value.
Sparse features are two columns of lists, ``indices`` (int32) and ``values``; packed ones a column of lists for each array, such as
``tokens``. Graphs go to an ``.npz`` only.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from molgen.chem.graph import GraphBatch
from molgen.errors import ConfigError, InputError
from molgen.featurizers.base import Featurizer
from molgen.featurizers.stored import FORMAT, FeatureBlock, StoredFeatures, row_columns
from molgen.featurizers.stored_npz import read_npz, write_npz
from molgen.featurizers.stored_parquet import read_parquet, write_parquet

__all__ = ["FORMAT", "FeatureBlock", "StoredFeatures", "check_kind", "load_features", "row_columns", "write_features"]

_WRITERS = {".npz": write_npz, ".parquet": write_parquet}


def check_kind(path: str | Path, like: Any) -> str:
    """Return the kind of file that a name stands for, ``".npz"`` or ``".parquet"``.

    Parameters
    ----------
    path
        The file's name.
    like
        Values of the featurizer, of any rows.

    Raises
    ------
    ConfigError
        If the name says neither, or such a file cannot hold such values.
    """
    kind = Path(path).suffix.lower()
    if kind not in _WRITERS:
        raise ConfigError(
            "no file of features has this ending", where=str(path), expected=" or ".join(_WRITERS), got=kind or "none"
        )
    if kind == ".parquet" and isinstance(like, GraphBatch):
        raise ConfigError("a .parquet file cannot hold graphs", where=str(path), remedy="name the output .npz")
    return kind


def write_features(path: Path, kind: str, featurizer: Featurizer, blocks: Iterable[FeatureBlock], *, like: Any) -> None:
    """Write blocks of features as they come; memory does not grow with their number.

    Parameters
    ----------
    path
        The file; its name may be a temporary one.
    kind
        What :func:`check_kind` returned.
    featurizer
        What made the values.
    blocks
        Rows and values.
    like
        Values of the featurizer, of any rows.

    Raises
    ------
    ConfigError
        If two columns of a Parquet file would have one name.
    InputError
        If graphs have more than 2**31 atoms in all.
    """
    _WRITERS[kind](path, featurizer, blocks, like)


def load_features(path: str | Path) -> StoredFeatures:
    """Read a file that ``molgen featurize`` wrote.

    Parameters
    ----------
    path
        An ``.npz`` or ``.parquet`` file.

    Raises
    ------
    InputError
        If it is no such file, or a newer version of molgen wrote it.

    Examples
    --------
    >>> stored = load_features("library.npz")  # doctest: +SKIP
    >>> stored.features.values.shape, stored.rows["id"][0]  # doctest: +SKIP
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such file", where=str(path))
    with path.open("rb") as file:
        magic = file.read(4)
    try:
        if magic == b"PK\x03\x04":
            return read_npz(path)
        if magic == b"PAR1":
            return read_parquet(path)
    except (KeyError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError("not a file of features", where=str(path), got=" ".join(str(error).split())[:200]) from None
    raise InputError("not a file of features", where=str(path), expected="an .npz or .parquet that molgen wrote")
