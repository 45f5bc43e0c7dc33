"""Everything public says what it is, and what packages offer says what each parameter means."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("molgen", "cli", "datasets") for path in (ROOT / folder).rglob("*.py"))
PACKAGES = [
    "molgen",
    "molgen.curation",
    "molgen.data.audit",
    "molgen.data.splits",
    "molgen.datasets",
    "molgen.featurizers",
    "molgen.filters",
    "molgen.nn.message_passing",
    "molgen.nn.pooling",
]
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def undocumented(node: Documented, name: str) -> Iterator[str]:
    """Yield the names of what is public and has no docstring; a method of a subclass may leave it to its base."""
    if not ast.get_docstring(node):
        yield name
    for below in node.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
        if not isinstance(below, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or below.name.startswith("_"):
            continue
        inherits = isinstance(node, ast.ClassDef) and bool(node.bases)
        if not (inherits and isinstance(below, ast.FunctionDef)):
            yield from undocumented(below, f"{name}:{below.name}")


def test_everything_public_has_a_docstring() -> None:
    assert len(FILES) > 100
    assert [name for path in FILES for name in undocumented(ast.parse(path.read_text()), str(path.relative_to(ROOT)))] == []


def section(text: str) -> str:
    """Return the sections that name parameters, where a class lists the fields it is made of as attributes."""
    return "\n".join(
        re.findall(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[^\n]*\n-+$|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    )


def offered() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for name in importlib.import_module(package).__all__:
            yield package, name


@pytest.mark.parametrize(("package", "name"), list(offered()))
def test_parameters_are_documented(package: str, name: str) -> None:
    item = getattr(importlib.import_module(package), name)
    if not (inspect.isfunction(item) or inspect.isclass(item)):
        return
    text = section(inspect.getdoc(item) or "")
    named = set(re.findall(r"\w+", "\n".join(line for line in text.splitlines() if line and not line.startswith(" "))))
    parameters = [each for each in inspect.signature(item).parameters if each not in ("args", "kwargs")]
    # One parameter needs no list: the first sentence says what is done with it.
    if len(parameters) > 1:
        assert [each for each in parameters if each not in named] == []
