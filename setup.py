"""The package map: ``cli/`` and ``datasets/`` install as ``molgen.cli`` and ``molgen.datasets``."""

from setuptools import find_packages, setup

ROOTS = {"molgen": "molgen", "molgen.cli": "cli", "molgen.datasets": "datasets"}
setup(packages=[p for name, folder in ROOTS.items() for p in (name, *(f"{name}.{s}" for s in find_packages(folder)))])
