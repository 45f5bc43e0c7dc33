"""How a library is opened for a model: as the rows that it scores, with what was said of them checked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from molgen.bio.genome import Genome
from molgen.bundle import Bundle
from molgen.data.library import Library, open_library
from molgen.data.pairing import PROTEIN, PairedLibrary, read_proteins
from molgen.errors import ConfigError, InputError
from molgen.screening.manifest import file_sha256
from molgen.subjects import SequenceSubject

__all__ = ["check_asked", "open_for", "with_protein_names"]


def open_for(
    bundle: Bundle,
    paths: Sequence[Path],
    smiles: str | None,
    sequence: str | None,
    ids: str | None,
    protein: str | Path | Sequence[str | Path],
    genome: str | Path | None,
    length: int | None,
) -> tuple[Library, dict[str, Any]]:
    """Open a library as a model reads it; arguments as of :func:`~molgen.screening.screen.screen`.

    Returns
    -------
    library, as_read
        The library, and how it is read as plain data.

    Raises
    ------
    ConfigError
        If the model does not read what is named.
    InputError
        If a file cannot be used.
    """
    about = bundle.subject.about
    asked = {"--smiles": smiles, "--sequence": sequence, "--protein": protein or None, "--genome": genome, "--length": length}
    check_asked(about, asked)
    if genome is not None and length is None and isinstance(bundle.subject, SequenceSubject):
        length = bundle.subject.length  # as in training
    try:
        opened = open_library(
            paths,
            smiles=smiles,
            sequence=sequence,
            ids=ids,
            needed=bundle.columns,
            reads="smiles" if protein else about,
            genome=None if genome is None else Genome(genome),
            length=length,
        )
    except InputError as error:
        if about != "pair" or protein:
            raise
        remedy = "give --protein FILE, or a table with a column of SMILES and one of sequences"
        raise InputError(error.what, where=error.where, expected=error.expected, got=error.got, remedy=remedy) from None
    as_read: dict[str, Any] = {"smiles": smiles, "id": ids}
    if sequence is not None:
        as_read["sequence"] = sequence
    if genome is not None:
        as_read |= {"genome": file_sha256(genome), "length": length}
    if protein:
        proteins, as_read["proteins"] = read_proteins(protein)
        opened = PairedLibrary.of(opened, proteins)
    return opened, as_read


def with_protein_names(columns: Sequence[str]) -> list[str]:
    """Put the names of proteins in the place of their letters."""
    return [PROTEIN if name == "sequence" else name for name in columns if name != PROTEIN]


def check_asked(about: str, asked: Mapping[str, Any]) -> None:
    """Refuse what says how rows are read that a model does not read.

    Parameters
    ----------
    about
        What the model reads: ``"smiles"``, ``"sequence"`` or ``"pair"``.
    asked
        Option -> what was given; ``None`` where nothing was.

    Raises
    ------
    ConfigError
        If something is named that the model does not read.
    """
    of_genomes = ("--genome", "--length")
    unread = {
        "smiles": ("--sequence", "--protein", *of_genomes),
        "sequence": ("--smiles", "--protein"),
        "pair": ("--sequence", *of_genomes) if asked["--protein"] else of_genomes,
    }[about]
    named = next((flag for flag in unread if asked[flag] is not None), None)
    if named is not None:
        what = {"smiles": "SMILES", "sequence": "sequences", "pair": "pairs"}[about]
        got = asked[named]
        shown = ", ".join(map(str, got)) if isinstance(got, tuple | list) else str(got)
        raise ConfigError(f"the model reads {what}", where=named, got=shown[:200])
    if asked["--genome"] is not None and asked["--sequence"] is not None:
        raise ConfigError("intervals of a genome have no columns to name", where="--sequence", got=asked["--sequence"])
    if asked["--length"] is not None and asked["--genome"] is None:
        raise ConfigError("a length needs a genome", where="--length", got=str(asked["--length"]))
