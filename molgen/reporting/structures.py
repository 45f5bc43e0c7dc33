"""Compounds as cards with a drawing."""

from __future__ import annotations

from collections.abc import Sequence

from molgen.chem.depict import depict_svg
from molgen.chem.parse import Mol
from molgen.reporting.html import Html, tag

__all__ = ["LOW_SIMILARITY", "drawing", "similarity_line"]

#: Atoms of a molecule beyond which a drawing of a card's size shows nothing, and costs 100 kB.
_MAX_ATOMS = 100
#: Highest Tanimoto similarity to the training compounds below which a prediction is an extrapolation.
LOW_SIMILARITY = 0.3


def drawing(mol: Mol | None, described: str, *, width: int = 240, height: int = 180, shades: Sequence[float] | None = None) -> Html:
    """Draw a molecule; ``described`` names it for those who cannot see it, ``shades`` are discs behind its atoms."""
    atoms = 0 if mol is None else mol.GetNumAtoms()
    svg = depict_svg(mol, width=width, height=height, shades=shades) if mol is not None and atoms <= _MAX_ATOMS else None
    if svg is None:
        return tag("div", f"{atoms} atoms: too large to draw" if atoms > _MAX_ATOMS else "cannot be drawn", class_="drawing")
    return tag("div", Html(svg), class_="drawing", role="img", aria_label=described)


def similarity_line(similarity: float) -> Html:
    """Say how like the training compounds a compound is, and warn where that is little."""
    low = similarity < LOW_SIMILARITY
    words = f"similarity {similarity:.2f}{': low' if low else ''}"
    return tag("p", words, class_="warn" if low else "near")
