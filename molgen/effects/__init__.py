"""What letters do: variants of a genome, every single substitution, motifs, and where counts are expected."""

from __future__ import annotations

from molgen.effects.motifs import FoundMotif, find_motifs
from molgen.effects.scan import ScanResult, scan
from molgen.effects.tracks import TrackResult, predict_tracks
from molgen.effects.variants import VariantResult, variants

__all__ = ["FoundMotif", "ScanResult", "TrackResult", "VariantResult", "find_motifs", "predict_tracks", "scan", "variants"]
