"""One block of rows to one batch of output: what every worker does, in whichever process it runs."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from molgen.bundle import Bundle
from molgen.chem.standardize import canonical_smiles
from molgen.data.library import Block
from molgen.screening.schema import OutputSchema

__all__ = ["ScoredBlock", "Scorer", "round_significant"]

_DIGITS = 6

#: The output of a block: all columns that a later stage needs, of which some may not be written.
ScoredBlock: TypeAlias = pa.RecordBatch


class Scorer:
    """Scores blocks with a bundle.

    Parameters
    ----------
    bundle
        The predictor.
    schema
        Which columns to make; what only a column that is not made needs is not computed.
    extras
        The library's further columns, in the order in which blocks hold them.
    """

    def __init__(self, bundle: Bundle, schema: OutputSchema, extras: list[str]) -> None:
        self.bundle = bundle
        self.schema = schema
        self.extras = extras

    def __call__(self, block: Block) -> ScoredBlock:
        """Score a block; every row comes out, in order."""
        compounds = self.bundle.read(["" if at in block.problems else text for at, text in enumerate(block.smiles)])
        for at, problem in block.problems.items():
            compounds.statuses[at], compounds.reasons[at] = "invalid", problem
        scores = self.bundle.score(compounds.mols, with_domain="domain" in self.schema.columns)
        for at, reason in scores.errors.items():
            compounds.statuses[at], compounds.reasons[at] = "invalid", reason
            compounds.mols[at] = None
        n = len(block.rows)
        columns: dict[str, Any] = {
            "row": block.rows,
            "source": [block.source] * n,
            "id": block.ids,
            "smiles": block.smiles,
            "status": compounds.statuses,
            "reason": [compounds.reasons.get(at) for at in range(n)],
            "notes": ["; ".join(compounds.notes[at]) if at in compounds.notes else None for at in range(n)],
        }
        if "canonical_smiles" in self.schema.columns:
            columns["canonical_smiles"] = canonical_smiles(compounds.mols)
        columns |= {name: _numbers(values) for name, values in self.bundle.named_columns(scores).items()}
        for name, values in zip(self.extras, block.extras, strict=True):
            if name in self.schema.extras:
                columns[self.schema.extras[name]] = [None] * n if values is None else values
        return pa.RecordBatch.from_pydict({name: columns[name] for name in self.schema.columns}, schema=self.schema.arrow)


def round_significant(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to six significant digits, so that text and binary outputs hold the same numbers."""
    out = np.asarray(values, dtype=np.float64).copy()
    usable = np.isfinite(out) & (out != 0)
    x = out[usable]
    places = np.clip(_DIGITS - 1 - np.floor(np.log10(np.abs(x))).astype(np.int64), -300, 300)
    # Powers of ten up to 22 are exact, and dividing by one rounds correctly: the result prints with six digits.
    large = 10.0 ** np.maximum(places, 0)
    small = 10.0 ** np.maximum(-places, 0)
    out[usable] = np.rint(x * large / small) / large * small
    return out


def _numbers(values: NDArray[Any]) -> pa.Array:
    rounded = round_significant(values.astype(np.float64))
    return pa.array(rounded, mask=~np.isfinite(rounded))
