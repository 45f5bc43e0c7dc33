"""Molecules to records of an SD file (CTfile formats, BIOVIA 2020): a mol block in the plane, and data items."""

from __future__ import annotations

from collections.abc import Mapping

from rdkit import Chem, rdBase

from molgen.chem.depict import lay_out
from molgen.chem.parse import Mol

__all__ = ["sd_record"]

_END = "$$$$"
#: Characters of a title line.
_MAX_TITLE = 80


def sd_record(mol: Mol, title: str, items: Mapping[str, object]) -> str:
    """Return one record, from its title to its end mark.

    Parameters
    ----------
    mol
        Drawn in the plane; a molecule of more than 999 atoms or bonds becomes a V3000 block.
    title
        First line, cut to 80 characters as the format has it.
    items
        Value by name. What is ``None`` or empty is left out: the format has no other way to say that there is no value. A line of
        a value that is empty, or could be taken for the end of the record or for the next item, gets a blank before it; angle
        brackets and line ends in names, which the format cannot hold, become ``_``; a name that begins with ``_``, which RDKit
        hides or takes for its own, gets ``column`` before it.
    """
    lines = [_mol_block(mol, title).rstrip("\n")]
    for name, value in items.items():
        if value is not None and (text := _value(str(value))):
            lines += [f">  <{_name(name)}>", text, ""]
    return "\n".join([*lines, _END, ""])


def _mol_block(mol: Mol, title: str) -> str:
    with rdBase.BlockLogs():
        try:
            placed = lay_out(mol)
        except (ValueError, RuntimeError):  # it keeps its bonds and stereo; all atoms are in one place
            placed = Chem.Mol(mol)
        placed.SetProp("_Name", _guarded(_one_line(title)[:_MAX_TITLE]))
        try:
            return Chem.MolToMolBlock(placed)
        except Chem.KekulizeException:
            return Chem.MolToMolBlock(placed, kekulize=False)


def _value(text: str) -> str:
    return "\n".join(map(_guarded, text.splitlines())) if text.strip() else ""


def _guarded(line: str) -> str:
    return f" {line}" if not line.strip() or line.startswith((_END, ">")) else line


def _name(name: str) -> str:
    held = "".join("_" if char in "<>" else char for char in _one_line(name)) or "_"
    return f"column{held}" if held.startswith("_") else held


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else "_" for char in text)
