"""Text to molecules, a batch at a time, with a reason in words for each row that is no molecule."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rdkit import Chem, rdBase

__all__ = ["Mol", "MolList", "ParsedBatch", "parse_batch"]

Mol = Chem.Mol

#: SMILES longer than this are refused before RDKit sees them: its parser and ring search can take minutes on them.
MAX_SMILES_LENGTH = 20_000

# Everything a SMILES may hold. Text that matches goes straight to RDKit; the rest is looked at and cleaned first.
_PLAIN = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$:/\\.%*~<>]+").fullmatch
_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x180E, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x2061, 0x2062, 0x2063, 0xFEFF, *range(0x202A, 0x202F)]
)
_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]").fullmatch
_CXSMILES = re.compile(r"\s*\|[^|]*\|\s*")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


class MolList(list[Mol | None]):
    """Molecules that are parsed already, and what was decoded of them: several featurizers of one batch share it.

    Attributes
    ----------
    graphs
        What :func:`~molgen.chem.graph.decode_graphs` made of them, once it has. The list must not change after that.
    plain
        What :func:`~molgen.chem.mol_batch.pack_plain` made of them, alike.
    """

    graphs: Any = None
    plain: Any = None

    def forget(self) -> None:
        """Let go of what was decoded.

        What is remembered of a batch refers to it in turn: left alone, its molecules would wait for the collector of cycles.
        """
        if self.plain is not None:
            self.plain[0].memory.clear()
        self.graphs = self.plain = None

    def select(self, rows: list[int]) -> MolList:
        """Return the molecules of some rows, in the order of the list, with what was decoded of them."""
        chosen = MolList(self[row] for row in rows)
        if self.graphs is not None:
            graphs, errors = self.graphs
            chosen.graphs = graphs.select(rows), {at: errors[row] for at, row in enumerate(rows) if row in errors}
        if self.plain is not None:
            batch, places = self.plain
            packed = {place: at for at, place in enumerate(places)}
            kept = [at for at, row in enumerate(rows) if row in packed]
            chosen.plain = batch.select([packed[rows[at]] for at in kept]), kept
        return chosen


@dataclass(slots=True)
class ParsedBatch:
    """What became of a batch of texts.

    Attributes
    ----------
    mols
        One sanitised molecule a row, in order; ``None`` where the row is no molecule.
    errors
        Row number (0-based) -> reason, for every ``None``. A reason reads ``kind`` or ``kind: detail``.
    notes
        Row number -> what was done to the text before it could be read.
    """

    mols: list[Mol | None]
    errors: dict[int, str] = field(default_factory=dict)
    notes: dict[int, list[str]] = field(default_factory=dict)


def parse_batch(rows: Iterable[Any], *, max_length: int = MAX_SMILES_LENGTH) -> ParsedBatch:
    """Parse SMILES into sanitised RDKit molecules; molecules that are parsed already pass through.

    Parameters
    ----------
    rows
        SMILES (or ``Chem.Mol``), one a row. ``None`` and NaN count as missing.
    max_length
        Longer texts are refused unread.

    Returns
    -------
    ParsedBatch
        As many rows as came in, in the same order. No row raises.
    """
    mols: list[Mol | None] = []
    batch = ParsedBatch(mols)
    from_smiles = Chem.MolFromSmiles
    # The lock is scoped: RDKit's own log stays as the user set it, and the reasons come back in ``errors`` instead.
    with rdBase.BlockLogs():
        for row, text in enumerate(rows):
            mol = None
            if type(text) is str and len(text) <= max_length and _PLAIN(text):
                mol = from_smiles(text)
            if mol is None:
                mol, reason, notes = _parse_with_care(text, max_length)
                if reason:
                    batch.errors[row] = reason
                if notes:
                    batch.notes[row] = notes
            mols.append(mol)
    return batch


def _parse_with_care(text: Any, max_length: int) -> tuple[Mol | None, str | None, list[str]]:
    if isinstance(text, Mol):
        return _accept(text)
    if text is None or (isinstance(text, float) and math.isnan(text)) or type(text).__name__ == "NAType":
        return None, "missing: no SMILES", []
    if not isinstance(text, str):
        return None, f"not text: {type(text).__name__} where a SMILES was expected", []
    if len(text) > max_length:
        return None, f"too long: {len(text):,} characters, the limit is {max_length:,}", []
    if "\n" in text.strip() or "\r" in text.strip():
        return None, "line break: a SMILES cell that goes on over lines, perhaps by a quote that is never closed", []
    cleaned, notes = _clean(text)
    if not cleaned:
        return None, "empty: no SMILES", []
    reason = _foreign(cleaned)
    if reason:
        return None, reason, []
    mol = Chem.MolFromSmiles(cleaned)
    if mol is None:
        return None, _why_refused(cleaned), []
    return mol, None, notes


def _accept(mol: Mol) -> tuple[Mol | None, str | None, list[str]]:
    """A molecule from elsewhere may be unsanitised or empty; it is copied before it is touched."""
    if mol.GetNumAtoms() == 0:
        return None, "empty: a molecule without atoms", []
    if not _is_sanitized(mol):
        mol = Chem.Mol(mol)
        try:
            Chem.SanitizeMol(mol)
        except ValueError as error:
            return None, f"not a possible molecule: {error}", []
    return mol, None, []


def _is_sanitized(mol: Mol) -> bool:
    if mol.NeedsUpdatePropertyCache():
        return False
    try:
        mol.GetRingInfo().NumRings()
    except RuntimeError:  # rings were never looked for
        return False
    return True


def _clean(text: str) -> tuple[str, list[str]]:
    """Strip what files leave around a SMILES: invisible characters, quotes, spaces, CXSMILES extensions, trailing names."""
    notes = []
    visible = text.translate(_INVISIBLE).replace("\u00a0", " ")
    if visible != text:
        notes.append("invisible characters removed")
    bare = visible.strip()
    if bare[:1] in _QUOTES or bare[-1:] in _QUOTES:
        bare = bare.strip(_QUOTES).strip()
        notes.append("quotes removed")
    without_extension = _CXSMILES.sub(" ", bare).strip()
    if without_extension != bare:
        notes.append("CXSMILES extension ignored")
    head, *tail = without_extension.split(None, 1)[:2] or [""]
    if tail and not _foreign(head):
        notes.append("text after the SMILES ignored")
        return head, notes
    return without_extension, notes


def _foreign(text: str) -> str | None:
    """Name what stands where a SMILES should, when it can be recognised."""
    if text.startswith(("InChI=", "1S/", "AuxInfo=")):
        return "InChI: a SMILES was expected"
    if _INCHIKEY(text):
        return "InChIKey: a SMILES was expected"
    if ">" in text.replace("->", "").replace("<-", ""):  # arrows are dative bonds
        return "reaction: a single molecule was expected"
    for position, character in enumerate(text, 1):
        if not character.isascii():
            name = unicodedata.name(character, "unnamed")
            return f"not SMILES: character U+{ord(character):04X} ({name}) at position {position}"
    return None


def _why_refused(smiles: str) -> str:
    raw = Chem.MolFromSmiles(smiles, sanitize=False)
    if raw is None:
        return f"not SMILES: cannot be read ({_shorten(smiles)})"
    if raw.GetNumAtoms() == 0:
        return "empty: a molecule without atoms"
    problems = [p.Message().strip() for p in Chem.DetectChemistryProblems(raw)]
    return f"not a possible molecule: {'; '.join(problems[:3]) or 'cannot be sanitised'}"


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
