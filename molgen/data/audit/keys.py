"""Lists of compounds that training must not see, known by keys that do not tell which compounds they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rdkit import Chem, rdBase

from molgen.chem.parse import Mol, parse_batch
from molgen.data.tables import open_table
from molgen.errors import ConfigError, InputError

__all__ = ["list_keys", "read_held_out", "skeleton"]

_KEY = re.compile(r"[0-9a-f]{20}", re.IGNORECASE).fullmatch


def skeleton(mol: Mol) -> str | None:
    """Return the first block (14 letters) of the InChIKey, ``None`` where InChI gives none."""
    with rdBase.BlockLogs():
        return Chem.MolToInchiKey(mol)[:14] or None


def list_keys(blocks: Sequence[str | None], written: Mapping[int, str]) -> list[frozenset[str]]:
    """Return the keys by which each row may stand on a list of held-out compounds.

    A key is the first 20 hexadecimal digits of the SHA-256 of an InChIKey's first block: of the molecule as written, of its largest
    fragment (by heavy atoms) and of its parent. A list can be published without telling which compounds are on it.

    Parameters
    ----------
    blocks
        First block of each row's parent molecule; ``None`` where there is none.
    written
        Row -> SMILES, for the rows whose parent is not the molecule as written.
    """
    found: list[frozenset[str]] = [frozenset() if block is None else frozenset({_hash(block)}) for block in blocks]
    for row, mol in zip(written, parse_batch(written.values()).mols, strict=True):
        if mol is not None:
            fragments = Chem.GetMolFrags(mol, asMols=True)
            largest = max(fragments, key=lambda fragment: fragment.GetNumHeavyAtoms())
            others = (skeleton(each) for each in ([mol, largest] if len(fragments) > 1 else [mol]))
            found[row] |= {_hash(block) for block in others if block is not None}
    return found


def read_held_out(path: str | Path, endpoint: str | None = None) -> frozenset[str]:
    """Read the keys that are held out for an endpoint.

    Parameters
    ----------
    path
        A table with a column ``key`` and, if it serves several endpoints, a column ``endpoint``; plain or gzipped.
    endpoint
        Whose keys to read; needed where the table has several.

    Raises
    ------
    InputError
        If the table has no such column, or a key is none.
    ConfigError
        If the endpoint is not in the table, or none was named and there are several.
    """
    table = open_table(path, header=True)
    names = [name.strip().casefold() for name in table.columns]
    if "key" not in names:
        raise InputError("no column 'key'", where=str(path), expected="columns endpoint, key", got=", ".join(table.columns))
    key_at = names.index("key")
    endpoint_at = names.index("endpoint") if "endpoint" in names else None
    by_endpoint: dict[str, set[str]] = {}
    for row in table.rows():
        key = row.values[key_at].strip()
        if not _KEY(key):
            raise InputError("no key", where=f"{path}, line {row.line}", expected="20 hexadecimal digits", got=repr(key[:80]))
        by_endpoint.setdefault("" if endpoint_at is None else row.values[endpoint_at].strip(), set()).add(key.lower())
    if endpoint is None and len(by_endpoint) > 1:
        raise ConfigError(
            "the keys are of several endpoints",
            where=str(path),
            expected=f"one of {', '.join(by_endpoint)}",
            remedy="name it with --endpoint",
        )
    if endpoint is not None and endpoint_at is not None and endpoint not in by_endpoint:
        raise ConfigError(f"no keys of endpoint {endpoint!r}", where=str(path), expected=f"one of {', '.join(by_endpoint)}")
    chosen = endpoint if endpoint in by_endpoint else next(iter(by_endpoint), "")
    return frozenset(by_endpoint.get(chosen, ()))


def _hash(block: str) -> str:
    return hashlib.sha256(block.encode()).hexdigest()[:20]
