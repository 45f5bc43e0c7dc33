"""What the rows of a table are: which of its columns say so, and how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from molgen.bio.profiles import Profile
from molgen.chem.standardize import NEUTRALIZED
from molgen.data.profiles import ProfiledTable
from molgen.data.tables import AnyTable
from molgen.errors import InputError
from molgen.rows import ReadRows
from molgen.subjects import MoleculeSubject, PairSubject, ProfileSubject, ResponseSubject, SequenceSubject, Subject
from molgen.subjects.sequence import find_alphabet

__all__ = ["read_texts", "what_is_read"]

#: Share of compounds drawn charged from which on a table's charges are taken as its way to show protonation.
DRAWN_CHARGED = 0.05


def what_is_read(
    reads: str, subject: Subject | None, table: AnyTable, smiles: str | None, sequence: str | None, alphabet: str
) -> str:
    """Return what rows of a table are: what is told decides, then what the format leaves no doubt of."""
    if subject is not None:
        return subject.kind
    if reads == "auto" and isinstance(table, ProfiledTable):
        return "response"
    if reads == "auto" and smiles is not None and sequence is not None:
        return "pair"
    if reads == "auto":
        told = sequence is not None or alphabet != "auto" or (smiles is None and table.holds_sequences)
        return "sequence" if told else "molecule"
    return {"smiles": "molecule"}.get(reads, reads)


def read_texts(
    texts: Sequence[Any], subject: Subject | None, kind: str, max_atoms: int, charges: str, alphabet: str
) -> tuple[Subject, ReadRows, float]:
    """Return how rows are read, what they are, and the share of molecules that is drawn charged."""
    if subject is not None:
        return subject, subject.read(texts), 0.0
    if kind == "molecule":
        return _read_molecules(texts, max_atoms, charges)
    if kind == "sequence":
        sequences = SequenceSubject(find_alphabet(texts) if alphabet == "auto" else alphabet)
        read = sequences.read(texts)
        lengths = {len(item) for item in read.items if item is not None}
        return replace(sequences, length=lengths.pop() if len(lengths) == 1 else None), read, 0.0
    smiles, partners = (list(dict.fromkeys(column)) for column in zip(*texts, strict=True))
    molecules, _, charged = _read_molecules(smiles, max_atoms, charges)
    pairs: Subject
    if kind == "response":
        names = next((each.names for each in partners if isinstance(each, Profile)), None)
        if names is None:
            raise InputError("no row has a profile", expected="the names of samples", got=repr(partners[0])[:80])
        pairs = ResponseSubject(molecules=molecules, profiles=ProfileSubject(names))
    else:
        pairs = PairSubject(molecules, SequenceSubject(find_alphabet(partners) if alphabet == "auto" else alphabet))
    return pairs, pairs.read(texts), charged


def _read_molecules(smiles: Sequence[str], max_atoms: int, charges: str) -> tuple[MoleculeSubject, ReadRows, float]:
    """Return how molecules are read, the molecules, and the share that is drawn charged."""
    subject = MoleculeSubject(max_atoms)
    neutral = subject.read(smiles)
    drawn = sum(notes == [NEUTRALIZED] for notes in neutral.notes.values())
    share = drawn / max(1, neutral.statuses.count("ok"))
    if charges == "neutral" or (charges == "auto" and share < DRAWN_CHARGED):
        return subject, neutral, share
    as_drawn = MoleculeSubject(max_atoms, neutralize=False)
    return as_drawn, as_drawn.read(smiles), share
