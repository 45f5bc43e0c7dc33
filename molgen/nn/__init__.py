"""Layers: embeddings of graph fields, message passing, pooling, heads and losses."""
