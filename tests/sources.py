"""The sources of every root, read once: what tests of architecture and tidiness look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lab import ROOT

PRODUCT = ("actors", "huntserver")
ROOTS = (*PRODUCT, "lab", "tests")


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


def imports(source: str) -> Iterator[str]:
    """Yield all that a module imports: at its top, within functions, and for types alone."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(name: str, package: str) -> bool:
    """Tell whether a module is a package or lies in it."""
    return name == package or name.startswith(package + ".")
