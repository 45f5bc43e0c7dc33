"""What a prepared library says of itself: a JSON file beside its shards, written last."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from molgen.data.paths import MANIFEST
from molgen.data.prepared.columns import Layout
from molgen.errors import ConfigError, InputError
from molgen.featurizers import Featurizer, from_spec
from molgen.members import one_line

__all__ = ["FORMAT", "Manifest", "Shard", "read_manifest"]

#: Raised when older versions cannot read what is written; every format up to this one stays readable.
FORMAT = 1

_SHARD_NAME = re.compile(r"part-\d{5,}\.parquet").fullmatch


@dataclass(frozen=True, slots=True)
class Shard:
    """One Parquet file.

    Attributes
    ----------
    file
        Its name in the folder.
    groups
        Rows of each of its row groups: each is a block of rows, of one source file.
    sha256
        Of its bytes.
    """

    file: str
    groups: list[int]
    sha256: str

    @property
    def rows(self) -> int:
        """Its number of rows."""
        return sum(self.groups)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A prepared library's table of contents.

    Attributes
    ----------
    features
        Featurizers whose values are stored, and how.
    extras
        The source files' other columns, as they are named there.
    max_atoms
        Heavy atoms above which rows are ``too_large``.
    tautomers
        Whether tautomers were settled.
    shards
        Its files, in the order of their rows.
    sources
        Name, SHA-256 and rows of each source file.
    counts
        Rows by status.
    duplicates
        Rows whose compound stands in an earlier row.
    notes
        What was unusual about the source files.
    versions
        Of molgen and RDKit.
    """

    features: list[tuple[Featurizer, Layout]]
    extras: list[str]
    max_atoms: int
    tautomers: bool
    shards: list[Shard]
    sources: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all shards."""
        return sum(shard.rows for shard in self.shards)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "format": FORMAT,
            "rows": self.rows,
            "counts": self.counts,
            "duplicates": self.duplicates,
            "sources": self.sources,
            "extras": self.extras,
            "max_atoms": self.max_atoms,
            "tautomers": self.tautomers,
            "features": [{"spec": featurizer.spec(), "layout": layout.to_json()} for featurizer, layout in self.features],
            "shards": [{"file": each.file, "groups": each.groups, "sha256": each.sha256} for each in self.shards],
            "versions": self.versions,
            "notes": self.notes,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild it; ConfigError, KeyError, TypeError or ValueError if it does not hold."""
        shards = [Shard(str(each["file"]), _counts(each["groups"]), str(each["sha256"])) for each in data["shards"]]
        for shard in shards:
            if not _SHARD_NAME(shard.file):
                raise ValueError(f"a shard is named {shard.file!r}"[:200])
        extras = [str(name) for name in data["extras"]]
        if len(set(extras)) < len(extras):
            raise ValueError("two columns of one name")
        return cls(
            features=[(from_spec(each["spec"]), Layout.from_json(each["layout"])) for each in data["features"]],
            extras=extras,
            max_atoms=int(data["max_atoms"]),
            tautomers=bool(data["tautomers"]),
            shards=shards,
            sources=list(data.get("sources", [])),
            counts={str(name): int(n) for name, n in data.get("counts", {}).items()},
            duplicates=int(data.get("duplicates", 0)),
            notes=[str(note) for note in data.get("notes", [])],
            versions={str(name): str(version) for name, version in data.get("versions", {}).items()},
        )

    def sha256(self) -> str:
        """Return what tells this library from every other: it covers the shards by their own."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()


def read_manifest(folder: str | Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    InputError
        If it is missing, damaged or of a newer format.
    """
    path = Path(folder) / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = data["format"] if isinstance(data, dict) else None
    except OSError as error:
        raise InputError("the library's table of contents cannot be read", where=str(path), got=error.strerror) from None
    except (KeyError, ValueError) as error:
        raise _damaged(path, error) from None
    if found not in range(1, FORMAT + 1):
        raise InputError(
            "a prepared library of another format",
            where=str(path),
            expected=f"format 1 to {FORMAT}",
            got=repr(found)[:40],
            remedy="prepare it anew, or use a newer molgen",
        )
    try:
        return Manifest.from_json(data)
    except (AttributeError, ConfigError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    got = one_line(f"{type(error).__name__}: {error}")[:200]
    return InputError("the library's table of contents does not hold", where=str(path), got=got, remedy="prepare it anew")


def _counts(values: Sequence[Any]) -> list[int]:
    if not all(type(each) is int and 0 < each <= 1 << 20 for each in values):
        raise ValueError("a row group has no sensible number of rows")
    return list(values)
