"""Filters of molecules: one file each, known by being here, batch first, each with its cost and its source.

A filter is a file of this folder with a registered subclass of :class:`~molgen.filters.base.Filter`. Nothing else names it.
"""

from molgen.filters.base import Filter, register
from molgen.filters.pipeline import Pipeline, StageCount
from molgen.filters.registry import available, from_spec, from_text, resolve

__all__ = ["Filter", "Pipeline", "StageCount", "available", "from_spec", "from_text", "register", "resolve"]
