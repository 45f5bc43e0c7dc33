"""What decides the bytes of a screen's results: results that lie in a folder are gone on with only by a run of the same kind."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from molgen.errors import ConfigError, InputError
from molgen.plain import first_difference
from molgen.screening.parts import PART_BLOCKS

__all__ = ["Manifest", "Shard", "describe", "file_sha256", "read_manifest", "refuse_other_run", "versions"]

_FIXED_WIDTH = re.compile(r"fixed_size_binary\[(\d+)\]").fullmatch
#: Raised when folders that were begun before cannot be gone on with.
FORMAT = 1


class Shard(NamedTuple):
    """One of several machines' turns: of ``of`` consecutive parts, the ``number``-th (1-based) is its own."""

    number: int = 1
    of: int = 1

    def has(self, part: int) -> bool:
        """Tell whether a part (0-based) is its own."""
        return part % self.of == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read ``3/8``.

        Raises
        ------
        ConfigError
            If it is something else.
        """
        number, slash, of = text.partition("/")
        if slash and number.isascii() and of.isascii() and number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of):
            return cls(int(number), int(of))
        raise ConfigError("not a shard", where="--shard", expected="i/n with i from 1 to n, such as 3/8", got=repr(text)[:80])


class Manifest(NamedTuple):
    """The record in a folder of parts.

    Attributes
    ----------
    run
        What decides the results, as JSON: ``library`` (files and checksums; ``None`` of a pipe), ``model`` (checksum), ``screen``
        (columns, filters, limits), ``part_blocks`` and ``versions``.
    model
        Where the model was, which decides nothing.
    shard
        Which parts are in the folder.
    """

    run: dict[str, Any]
    model: str
    shard: Shard = Shard()

    @property
    def schema(self) -> pa.Schema:
        """The columns of the parts."""
        return pa.schema([(name, _type(kind)) for name, kind in self.run["screen"]["computed"]])

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        content = {"format": FORMAT, "run": self.run, "model": self.model, "shard": list(self.shard)}
        return json.dumps(content, indent=1).encode()


def _type(kind: str) -> pa.DataType:
    """Return the type of a column from what Arrow calls it."""
    width = _FIXED_WIDTH(kind)
    return pa.binary(int(width[1])) if width else pa.type_for_alias(kind)


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises
    ------
    InputError
        If it is none, or of a version of molgen whose folders this one cannot go on with.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise InputError(
                "the results of another version of molgen",
                where=str(path.parent),
                expected=f"format {FORMAT}",
                got=f"format {content['format']!r:.40}",
                remedy="use that version, or add --restart to begin again",
            )
        return Manifest(content["run"], content["model"], Shard(*content["shard"]))
    except FileNotFoundError:
        raise InputError("not the folder of a screen", where=str(path.parent), expected=f"a file {path.name}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        got = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        remedy = "molgen screen --restart begins again"
        raise InputError("not the manifest of a screen", where=str(path), got=got, remedy=remedy) from None


def refuse_other_run(before: Manifest, now: Manifest, where: Path, remedy: str) -> None:
    """Compare two runs.

    Raises
    ------
    ConfigError
        If they differ; the message names the first difference.
    """
    difference = first_difference({**before.run, "shard": str(before.shard)}, {**now.run, "shard": str(now.shard)})
    if difference is None:
        return
    key, was, is_now = difference
    raise ConfigError(
        f"the results there are of another run: {key} differs",
        where=str(where),
        expected=json.dumps(was)[:200],
        got=json.dumps(is_now)[:200],
        remedy=remedy,
    )


def describe(library: list[dict[str, str]] | None, model_sha256: str | None, screen: dict[str, Any]) -> dict[str, Any]:
    """Put together what decides the results, as it reads after a way through JSON.

    Parameters
    ----------
    library
        The library's fingerprint; ``None`` of a pipe.
    model_sha256
        Of the bundle's file, if there is a bundle.
    screen
        The settings. Those that :class:`~molgen.screening.gather.Results` reads: ``columns`` (to write), ``computed`` (names and
        types of the parts' columns), ``drop_duplicates``, and ``emptied`` (columns that a repetition leaves empty).
    """
    run = {
        "library": library,
        "model": {"sha256": model_sha256},
        "screen": screen,
        "part_blocks": PART_BLOCKS,
        "versions": versions(),
    }
    return json.loads(json.dumps(run))  # type: ignore[no-any-return]


def versions() -> dict[str, str]:
    """Return the versions of what makes numbers."""
    return {name: importlib.metadata.version(name) for name in ("molgen-toolkit", "rdkit", "torch", "lightgbm", "numpy")}


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
