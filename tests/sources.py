"""The sources of every root, parsed once: what tests of architecture, tidiness and the docs look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from lab import ROOT

PRODUCT = ("actors", "huntserver")
ROOTS = (*PRODUCT, "lab", "tests")
TOGETHER = pytest.mark.xdist_group("sources")
"""Of the modules that look at all sources: one process parses them for all."""


def files(*roots: str) -> list[Path]:
    """Return the Python files of some roots."""
    return [path for root in roots for path in sorted((ROOT / root).rglob("*.py"))]


def modules(*roots: str) -> dict[str, str]:
    """Return the source of each module of some roots, by its dotted name."""
    return {dotted(path): path.read_text() for path in files(*roots)}


def dotted(path: Path) -> str:
    """Return the name under which a file is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def parsed(source: str) -> ast.Module:
    """Parse a module; once more where CPython before 3.11.5 counts its recursion wrong, as a collection makes it do."""
    try:
        return ast.parse(source)
    except SystemError:
        return ast.parse(source)


class Defined(NamedTuple):
    """A function or a class of a module, wherever it stands in it."""

    name: str
    is_class: bool
    is_top: bool
    lines: int
    docstring: str | None

    @property
    def is_test(self) -> bool:
        """Tell whether it is named as a test."""
        return not self.is_class and self.name.startswith("test_")


class Source(NamedTuple):
    """What is looked at of a module: its docstring, what it defines, and all that it imports (at its top, within
    functions, and for types alone)."""

    docstring: str | None
    defined: tuple[Defined, ...]
    imports: tuple[str, ...]


@cache
def read(source: str) -> Source:
    """Parse a module, once in this process."""
    tree = parsed(source)
    top = {id(node) for node in tree.body}
    defined: list[Defined] = []
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            is_class = isinstance(node, ast.ClassDef)
            defined.append(Defined(node.name, is_class, id(node) in top, lines, ast.get_docstring(node, clean=False)))
        elif isinstance(node, ast.Import):
            imported += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported += (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    return Source(ast.get_docstring(tree), tuple(defined), tuple(imported))


def names_of_tests(paths: Iterator[Path]) -> Iterator[str]:
    """Yield the names of the tests that files define."""
    for path in paths:
        yield from (defined.name for defined in read(path.read_text()).defined if defined.is_test)


def under(name: str, package: str) -> bool:
    """Tell whether a module is a package or lies in it."""
    return name == package or name.startswith(package + ".")
