"""Compositions of layers: each a network that answers one kind of question."""
