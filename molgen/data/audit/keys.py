"""Keys of compounds: what two rows share if they are the same, and lists of keys that training must not see."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem, rdBase

from molgen.chem.parse import Mol, parse_batch
from molgen.chem.standardize import canonical_smiles
from molgen.data.compounds import CompoundTable
from molgen.data.tables import open_table
from molgen.errors import ConfigError, InputError

__all__ = ["Keys", "compute_keys", "held_out_keys", "read_held_out", "skeleton"]

_KEY = re.compile(r"[0-9a-f]{20}", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class Keys:
    """What rows are compared by.

    Attributes
    ----------
    structure
        Canonical SMILES of each row's parent molecule; ``None`` where there is none.
    skeleton
        First block of the parent's InChIKey: the same for stereoisomers, most tautomers and charge states.
    """

    structure: list[str | None]
    skeleton: list[str | None]


def compute_keys(mols: Sequence[Mol | None]) -> Keys:
    """Compute the keys of parent molecules, about 0.35 ms each.

    Where InChI has no answer (some metal complexes), the canonical SMILES stands in.
    """
    structures = canonical_smiles(mols)
    skeletons = [None if mol is None else skeleton(mol) or smiles for mol, smiles in zip(mols, structures, strict=True)]
    return Keys(structures, skeletons)


def skeleton(mol: Mol) -> str | None:
    """Return the first block (14 letters) of the InChIKey, ``None`` where InChI gives none."""
    with rdBase.BlockLogs():
        return Chem.MolToInchiKey(mol)[:14] or None


def held_out_keys(table: CompoundTable, keys: Keys) -> list[frozenset[str]]:
    """Return the keys by which each row may stand on a list of held-out compounds.

    A key is the first 20 hexadecimal digits of the SHA-256 of an InChIKey's first block: of the molecule as written, of its largest
    fragment (by heavy atoms) and of its parent. A list can be published without telling which compounds are on it.
    """
    found = [frozenset() if block is None else frozenset({_hash(block)}) for block in keys.skeleton]
    changed = sorted(table.changed)
    written = parse_batch([table.smiles[row] for row in changed]).mols
    for row, mol in zip(changed, written, strict=True):
        if mol is not None:
            fragments = Chem.GetMolFrags(mol, asMols=True)
            largest = max(fragments, key=lambda fragment: fragment.GetNumHeavyAtoms())
            blocks = (skeleton(each) for each in ([mol, largest] if len(fragments) > 1 else [mol]))
            found[row] |= {_hash(block) for block in blocks if block is not None}
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
