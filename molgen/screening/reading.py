"""Libraries as a model reads them: molecules, sequences, or molecules paired with what the user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from molgen.bio.genome import Genome
from molgen.bundle import Bundle
from molgen.data.library import Library, open_library
from molgen.data.pairing import NAMED_BY, PROTEIN, SAMPLE, PairedLibrary, read_proteins
from molgen.data.paths import expand_paths, named_file
from molgen.data.profiles import read_profiles
from molgen.errors import ConfigError, InputError
from molgen.screening.manifest import file_sha256
from molgen.subjects import AnyPairSubject, SequenceSubject

__all__ = ["Reading", "open_for", "with_names"]


class Reading(NamedTuple):
    """How a user wants a library to be read; see :func:`~molgen.screening.screen.screen`."""

    smiles: str | None = None
    sequence: str | None = None
    ids: str | None = None
    protein: str | Path | Sequence[str | Path] = ()
    profiles: Sequence[str | Path] = ()
    genome: str | Path | None = None
    length: int | None = None

    @property
    def files(self) -> list[Path]:
        """What is read beside the library."""
        proteins = expand_paths(self.protein) if self.protein else []
        genome = [] if self.genome is None else [Path(self.genome)]
        return [*proteins, *(named_file(each)[1] for each in self.profiles), *genome]


def open_for(bundle: Bundle, paths: Sequence[Path], asked: Reading) -> tuple[Library, dict[str, Any]]:
    """Open a library as a model reads it.

    Returns
    -------
    library, as_read
        The library, and how it is read as plain data.

    Raises
    ------
    ConfigError
        If something is asked for that the model does not read.
    InputError
        If a file cannot be read, or what the model reads is not there.
    """
    about, paired = bundle.subject.about, bool(asked.protein or asked.profiles)
    _check_asked(about, asked)
    length = asked.length
    if asked.genome is not None and length is None and isinstance(bundle.subject, SequenceSubject):
        length = bundle.subject.length  # as in training
    try:
        opened = open_library(
            paths,
            smiles=asked.smiles,
            sequence=asked.sequence,
            ids=asked.ids,
            needed=bundle.columns,
            reads="smiles" if paired else about,
            genome=None if asked.genome is None else Genome(asked.genome),
            length=length,
        )
    except InputError as error:
        if about != "pair" or paired:
            raise
        remedy = "give --protein FILE, or a table with a column of SMILES and one of sequences"
        raise InputError(error.what, where=error.where, expected=error.expected, got=error.got, remedy=remedy) from None
    as_read: dict[str, Any] = {"smiles": asked.smiles, "id": asked.ids}
    if asked.sequence is not None:
        as_read["sequence"] = asked.sequence
    if asked.genome is not None:
        as_read |= {"genome": file_sha256(asked.genome), "length": length}
    if asked.protein:
        proteins, as_read["proteins"] = read_proteins(asked.protein)
        opened = PairedLibrary.of(opened, PROTEIN, proteins)
    if asked.profiles:
        found = read_profiles(asked.profiles)
        as_read["profiles"] = found.sha256
        opened = PairedLibrary.of(opened, SAMPLE, {str(profile): profile for profile in found.samples})
    return opened, as_read


def with_names(bundle: Bundle, columns: Sequence[str]) -> list[str]:
    """Put the names of partners in the place of what they are, in the columns of an output."""
    assert isinstance(bundle.subject, AnyPairSubject)
    partner = bundle.subject.partners.column
    name = NAMED_BY[partner]
    return [name if column == partner else column for column in columns if column != name]


def _check_asked(about: str, asked: Reading) -> None:
    """Refuse what says how rows are read that the model does not read, and a lack of what it reads."""
    flags = {
        "--smiles": asked.smiles,
        "--sequence": asked.sequence,
        "--protein": asked.protein or None,
        "--profiles": asked.profiles or None,
        "--genome": asked.genome,
        "--length": asked.length,
    }
    of_genomes = ("--genome", "--length")
    unread = {
        "smiles": ("--sequence", "--protein", "--profiles", *of_genomes),
        "sequence": ("--smiles", "--protein", "--profiles"),
        "pair": ("--profiles", *(("--sequence",) if asked.protein else ()), *of_genomes),
        "response": ("--sequence", "--protein", *of_genomes),
    }[about]
    named = next((flag for flag in unread if flags[flag] is not None), None)
    if named is not None:
        what = {"smiles": "SMILES", "sequence": "sequences", "pair": "pairs", "response": "responses of samples"}[about]
        got = flags[named]
        shown = ", ".join(map(str, got)) if isinstance(got, tuple | list) else str(got)
        raise ConfigError(f"the model reads {what}", where=named, got=shown[:200])
    if about == "response" and not asked.profiles:
        remedy = "give --profiles FILE, tables of what the model reads of samples"
        raise ConfigError("the model scores molecules with samples", where="--profiles", remedy=remedy)
    if asked.genome is not None and asked.sequence is not None:
        raise ConfigError("intervals of a genome have no columns to name", where="--sequence", got=asked.sequence)
    if asked.length is not None and asked.genome is None:
        raise ConfigError("a length needs a genome", where="--length", got=str(asked.length))
