"""Drawings of molecules as small pieces of SVG that stand in a page as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D
from scipy.spatial.distance import pdist

from molgen.chem.parse import Mol, parse_batch
from molgen.errors import ConfigError

__all__ = ["MAX_DRAWN_ATOMS", "depict_svg", "lay_out"]

#: Atoms, hydrogens of the molecular graph included, above which a drawing is a tangle and costs seconds.
MAX_DRAWN_ATOMS = 300

_SIZES = range(16, 4097)
_BOND_LENGTH = 26
#: Angstroms between atoms, a third of a bond, below which a drawing cannot be read.
_OVERLAP = 0.5
_BLACK = (0.0, 0.0, 0.0)
#: Discs behind atoms: what raises a value and what lowers it, told apart by readers who do not see red or green too.
_RAISES, _LOWERS = (0.15, 0.50, 0.75), (0.90, 0.45, 0.05)
_DENSEST, _DISC = 0.6, 0.42
# By atomic number, -1 for all others. Mid-tones, as far from white as from near-black paper; what is black here takes the
# colour of the text around the drawing in the end.
_PALETTE = {
    -1: _BLACK,
    0: _BLACK,
    1: _BLACK,
    6: _BLACK,
    7: (0.23, 0.49, 0.89),
    8: (0.87, 0.29, 0.27),
    9: (0.13, 0.58, 0.35),
    15: (0.82, 0.44, 0.07),
    16: (0.67, 0.52, 0.05),
    17: (0.13, 0.58, 0.35),
    35: (0.71, 0.40, 0.20),
    53: (0.58, 0.37, 0.80),
}

_BEFORE_DRAWING = re.compile(r"\A.*?<svg\b[^>]*>\s*(?:<!--.*?-->\s*)*", re.DOTALL)
_CLASS = re.compile(r" class='[^']*'")
# Style properties that say what SVG does anyway.
_DEFAULTS = re.compile(r"(?:stroke-opacity:1|stroke-linecap:butt|stroke-linejoin:miter|fill-rule:evenodd)(?:;|(?='))")


def depict_svg(
    smiles_or_mol: str | Mol, *, width: int = 240, height: int = 180, shades: Sequence[float] | None = None
) -> str | None:
    """Draw a molecule as an ``<svg>`` element that can be put into HTML.

    The background is transparent. Carbon and bonds take the colour of the text around (``currentColor``), and hetero atoms
    have colours that can be read on light and on dark. Letters are drawn as outlines: no font is needed.

    Parameters
    ----------
    smiles_or_mol
        SMILES or a molecule, which is left as it was.
    width, height
        Size in pixels, 16 to 4096; CSS can scale the drawing without loss.
    shades
        One number an atom, -1 to 1: a disc behind it, orange below zero and blue above, the denser the further from it.

    Returns
    -------
    str or None
        The element, without an XML prolog; ``None`` for what is no molecule, has more than ``MAX_DRAWN_ATOMS`` atoms or
        cannot be laid out.

    Raises
    ------
    ConfigError
        If the size is out of range; never because of the molecule.
    """
    if width not in _SIZES or height not in _SIZES:
        raise ConfigError("the size of a drawing is out of range", expected="16 to 4096 pixels", got=f"{width} x {height}")
    mol = parse_batch([smiles_or_mol]).mols[0]
    if mol is None or mol.GetNumAtoms() > MAX_DRAWN_ATOMS:
        return None
    try:
        with rdBase.BlockLogs():
            drawing = _draw(_drawable(mol), width, height, [] if shades is None else shades)
    except (ValueError, RuntimeError):  # what RDKit's exceptions and broken invariants arrive as
        return None
    return _as_fragment(drawing, width, height)


def lay_out(mol: Mol) -> Mol:
    """Return a copy with coordinates in the plane, whatever coordinates it had: those of a conformer may be seen from anywhere.

    Raises
    ------
    ValueError, RuntimeError
        If RDKit cannot lay it out.
    """
    mol = Chem.Mol(mol)
    rdDepictor.Compute2DCoords(mol)
    if _closest(mol) < _OVERLAP:
        # Bridged rings (triptycene) and crowded metals can fall on top of each other; CoordGen, slower, keeps most apart.
        other = Chem.Mol(mol)
        with rdDepictor.UsingCoordGen(True):
            rdDepictor.Compute2DCoords(other)
        mol = max(mol, other, key=_closest)
    return mol


def _drawable(mol: Mol) -> Mol:
    drawable = rdMolDraw2D.PrepareMolForDrawing(lay_out(mol))
    rdDepictor.StraightenDepiction(drawable)
    return drawable


def _closest(mol: Mol) -> float:
    """Return the least distance of two atoms in the plane, in angstroms."""
    places = mol.GetConformer().GetPositions()[:, :2]
    return float(pdist(places).min(initial=np.inf))


def _draw(mol: Mol, width: int, height: int, shades: Sequence[float]) -> str:
    canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
    options: Any = canvas.drawOptions()  # the stubs of RDKit have the types of its fields wrong
    options.clearBackground = False
    options.prepareMolsBeforeDrawing = False
    options.fixedBondLength = _BOND_LENGTH
    options.bondLineWidth = 1.5
    options.padding = 0.04
    options.minFontSize = 9
    options.flagCloseContactsDist = -1  # no red marks for the overlaps that are left
    options.setAtomPalette(_PALETTE)
    options.setSymbolColour(_BLACK)
    options.circleAtoms = True
    options.highlightRadius = _DISC
    shaded = {at: (*(_RAISES if shade > 0 else _LOWERS), _DENSEST * min(1.0, abs(shade))) for at, shade in enumerate(shades)}
    canvas.DrawMolecule(mol, highlightAtoms=list(shaded), highlightAtomColors=shaded, highlightBonds=[])
    canvas.FinishDrawing()
    return str(canvas.GetDrawingText())


def _as_fragment(drawing: str, width: int, height: int) -> str:
    """Leave out what only a file of its own needs, and classes that could meet those of the page."""
    body = _DEFAULTS.sub("", _CLASS.sub("", _BEFORE_DRAWING.sub("", drawing))).replace("#000000", "currentColor")
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' viewBox='0 0 {width} {height}'>"
    return f"{head}\n{body.strip()}"
