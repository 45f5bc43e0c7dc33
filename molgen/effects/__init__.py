"""What changes in a sequence change in its predictions: variants of a genome, every single substitution, and motifs."""

from __future__ import annotations

from molgen.effects.motifs import FoundMotif, find_motifs
from molgen.effects.scan import ScanResult, scan
from molgen.effects.variants import VariantResult, variants

__all__ = ["FoundMotif", "ScanResult", "VariantResult", "find_motifs", "scan", "variants"]
