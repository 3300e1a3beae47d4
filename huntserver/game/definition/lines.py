"""On which line of a hunt file a fault stands: from its path, or from what a parser said. Pure.

Reads no values and judges nothing: a line is a help for people, and where none is found the nearest part's is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from huntserver.game.definition.part import Problem

_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")
_SAID: Final = re.compile(r"line (\d+)")
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_HEAD: Final = re.compile(r"\s*+(\[\[?)([^\]]++)\]\]?\s*+(?:#.*)?$")
_KEY: Final = re.compile(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=\s*(.*)""", re.DOTALL)
_QUOTES: Final = ('"""', "'''")
Path = tuple[Any, ...]


def lines_of(problems: Sequence[Problem], text: str, style: str) -> list[int]:
    """Return the line of each fault, from 1; 0 where nothing is known of it."""
    found: dict[Path, int] | None = None  # looked for once: to parse a long file takes a second
    lines = []
    for problem in problems:
        if problem.path == "$":
            lines.append(_said(problem.what, text))
            continue
        if found is None:
            found = places(text, style)
        lines.append(_nearest(problem.path, found))
    return lines


def _said(what: str, text: str) -> int:
    """Return the line that a parser has named."""
    if said := _SAID.search(what):
        return int(said[1])
    if "end of document" in what:
        return text.rstrip().count("\n") + 1
    if byte := _BYTE.search(what):
        return text.encode()[: int(byte[1])].count(b"\n") + 1
    return 0


def _nearest(named: str, found: Mapping[Path, int]) -> int:
    """Return the line of a part, or of the innermost one around it that has a line."""
    path: Path = tuple(int(i) if i else key for key, i in _STEP.findall(named))
    while path and path not in found and (*path, 0) not in found:
        path = path[:-1]
    return found.get(path) or found.get((*path, 0), 0)


def places(text: str, style: str) -> dict[Path, int]:
    """Return the line of every part of a file, by its path; of a file that cannot be read, nothing."""
    if style == "toml":
        return _toml(text)
    try:
        return _tree(yaml.compose(text, yaml.SafeLoader))  # JSON is YAML, as far as lines go
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}


def _tree(root: Any) -> dict[Path, int]:
    found: dict[Path, int] = {}
    seen: set[int] = set()
    waiting: list[tuple[Path, Any]] = [((), root)]
    while waiting:
        path, node = waiting.pop()
        if path:
            found.setdefault(path, node.start_mark.line + 1)
        if id(node) in seen:  # an alias: its parts were looked at where they stand
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                found.setdefault((*path, key.value), key.start_mark.line + 1)
                waiting.append(((*path, key.value), value))
        elif isinstance(node, yaml.SequenceNode):
            waiting += [((*path, i), value) for i, value in enumerate(node.value)]
    return found


def _toml(text: str) -> dict[Path, int]:
    """Return the lines of tables and keys. Parsers of TOML keep no places, so headers and keys are looked for."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    quote, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if not depth:
            if head := _HEAD.match(line):
                table = _entered(counts, head[2].strip(), head[1] == "[[")
                found.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if key is None:
                continue
            found.setdefault((*table, *(part.strip("\"' ") for part in key[1].split("."))), number)
            line = key[2]
        quote, opened = _scanned(line)
        depth = max(0, depth + opened)
    return found


def _entered(counts: dict[Path, int], name: str, is_list: bool) -> Path:
    """Return the path of a table's header; in a list of tables the one that was opened last."""
    path: Path = ()
    parts = [part.strip("\"' ") for part in name.split(".")]
    for i, part in enumerate(parts):
        path = (*path, part)
        if is_list and i == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _scanned(line: str) -> tuple[str, int]:
    """Return the quote of a text that goes on after a line, and how many brackets more are open."""
    depth, at = 0, 0
    while at < len(line):
        if line[at : at + 3] in _QUOTES:
            quote = line[at : at + 3]
            end = line.find(quote, at + 3)
            if end < 0:
                return quote, depth
            at = end + 3
        elif line[at] in "\"'":
            at = _closed(line, at)
        elif line[at] == "#":
            break
        else:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(line[at], 0)
            at += 1
    return "", depth


def _closed(line: str, at: int) -> int:
    """Return where a text of one line ends that begins at a place."""
    quote, at = line[at], at + 1
    while at < len(line) and line[at] != quote:
        at += 2 if line[at] == "\\" and quote == '"' else 1
    return at + 1
