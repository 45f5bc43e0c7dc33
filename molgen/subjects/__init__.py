"""What rows are about: molecules, sequences, samples, or pairs of a molecule and one of the others."""

from __future__ import annotations

from molgen.subjects.base import Subject
from molgen.subjects.molecule import MoleculeSubject
from molgen.subjects.pair import AnyPairSubject, PairSubject, ResponseSubject
from molgen.subjects.profile import ProfileSubject
from molgen.subjects.sequence import SequenceSubject

__all__ = [
    "AnyPairSubject",
    "MoleculeSubject",
    "PairSubject",
    "ProfileSubject",
    "ResponseSubject",
    "SequenceSubject",
    "Subject",
    "subject_from_json",
]

_KINDS: dict[str, type[Subject]] = {cls.kind: cls for cls in (MoleculeSubject, SequenceSubject, PairSubject, ResponseSubject)}


def subject_from_json(described: object) -> Subject:
    """Rebuild a subject from :meth:`Subject.to_json`.

    Raises
    ------
    ConfigError, KeyError, TypeError, ValueError
        If it is none.
    """
    if not isinstance(described, dict) or not isinstance(described.get("kind"), str) or described["kind"] not in _KINDS:
        raise ValueError(f"a subject of unknown kind: {described!r}"[:80])
    settings = {name: value for name, value in described.items() if name != "kind"}
    return _KINDS[described["kind"]].from_settings(settings)
