"""Mol blocks (V2000 and V3000 connection tables, CTfile formats) to SMILES, with a reason in words where that fails."""

from __future__ import annotations

import re

from rdkit import Chem

__all__ = ["mol_block_smiles"]

_COUNTS = re.compile(r"[ \d]{2}\d[ \d]{2}\d").match


def mol_block_smiles(block: str) -> tuple[str, str | None]:
    """Return the canonical isomeric SMILES of a mol block, as ``Chem.ForwardSDMolSupplier`` reads it, or why there is none.

    Hydrogens drawn as atoms are removed; stereo comes from wedges, or from the coordinates if they are three-dimensional.

    Parameters
    ----------
    block
        The lines from the title to ``M  END``.

    Returns
    -------
    tuple[str, str | None]
        SMILES and ``None``, or an empty text and a reason.
    """
    try:
        mol = Chem.MolFromMolBlock(block)
        if mol is None:
            return "", _why_refused(block)
        smiles: str = Chem.MolToSmiles(mol)
    except (RuntimeError, ValueError) as error:  # a failed invariant of RDKit
        return "", f"cannot be read: {' '.join(str(error).split())[:200]}"
    return (smiles, None) if smiles else ("", "empty: a molecule without atoms")


def _why_refused(block: str) -> str:
    raw = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
    if raw is not None:
        problems = [each.Message().strip() for each in Chem.DetectChemistryProblems(raw)]
        return f"not a possible molecule: {'; '.join(problems[:3]) or 'cannot be sanitised'}"
    lines = block.split("\n")
    counts = lines[3] if len(lines) > 3 else ""
    if not _COUNTS(counts):
        return f"not a mol block: no counts line, but {counts[:40]!r}, after the three header lines"
    if not any(line.startswith("M  END") for line in lines):
        return "not a mol block: it ends without M  END"
    if "V3000" not in counts:
        atoms, bonds = int(counts[:3]), int(counts[3:6])
        there = sum(not line.startswith(("M  ", "A  ", "V  ", "G  ", "S  ")) for line in lines[4:] if line.strip())
        if there < atoms + bonds:
            return f"not a mol block: {there} lines where the counts line has {atoms} atoms and {bonds} bonds"
    return "not a mol block that can be read: an atom, bond or property line is malformed"
