"""Molecules through RDKit: parsing, standardising, decoding, descriptors, fingerprints, similarity, scaffolds, pictures."""
