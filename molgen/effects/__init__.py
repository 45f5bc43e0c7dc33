"""What changes in a sequence change in its predictions: variants of a genome, and every single substitution."""

from __future__ import annotations

from molgen.effects.scan import ScanResult, scan
from molgen.effects.variants import VariantResult, variants

__all__ = ["ScanResult", "VariantResult", "scan", "variants"]
