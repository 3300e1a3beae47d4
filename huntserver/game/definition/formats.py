"""The formats of hunt files: TOML, JSON and YAML, read into plain values; what a file seems to be that is none. Pure.

YAML is read by PyYAML's safe loader: no tags, no objects. Dates stay texts with their offset, as JSON has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import yaml

from huntserver.game.definition.part import Problem

ALIASES_MAX: Final = 100
"""Of a YAML file: each may stand for a large part of it, so a few could stand for more than the memory holds."""
# No two repetitions side by side may share a sign: a long run of it would take hours, with the whole server waiting.
_YAML: Final = re.compile(
    r"(?m)\A(?:[^\S\n]*+(?:#[^\n]*)?\n|---[^\S\n]*\n|%YAML[^\n]*\n)*+"
    r"(?:- +)?[\"']?[A-Za-z_]\w*[\"']?:(?:\s|$)"
)
_TOML: Final = re.compile(r"(?m)^[^\S\n]*+(?:\[\[?\w|\w++\s*+=)")
_JSON5: Final = re.compile(r"[{,]\s*(?:[A-Za-z_$][\w$]*|'[^']*'|[“”][^“”]*[“”])\s*:")
_CURLY: Final = re.compile(r"(?m)^[^\S\n]*+[\w-]++\s*+[=:]\s*+\[?\s*+[“”„]")
_HEADER: Final = re.compile(r"[\w\"' ./-]+(?:[,;\t][\w\"' ./-]*)+")
SAVE: Final = "save the file as UTF-8"
_MARKS: Final = (
    (b"\xff\xfe\0\0", "UTF-32"),
    (b"\0\0\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""Byte order marks."""
_BINARY: Final = (
    (b"PK\x03\x04", "a zip, or a document of an office program"),
    (b"\xd0\xcf\x11\xe0", "a document of an office program"),
    (b"%PDF-", "a PDF"),
    (b"\x1f\x8b", "gzip"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"SQLite format 3", "a database (SQLite)"),
)
_XML: Final = {"<gpx": "GPX", "<kml": "KML", "<html": "HTML", "<svg": "SVG"}
_COMMENT: Final = re.compile(r"(?m)(?:^|[\s,])(?://|/\*|#)|,\s*[}\]]")
NAMES: Final = {"toml": "TOML", "json": "JSON", "yaml": "YAML"}
BY_SUFFIX: Final = {".toml": "toml", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def style_of(suffix: str) -> str:
    """Return the format of a file by its name's end; TOML if that says nothing."""
    return BY_SUFFIX.get(suffix.lower(), "toml")


def syntax(data: bytes, style: str) -> Any | Problem:
    """Read a file's bytes into dicts, lists and plain values, or say what is wrong with its syntax."""
    if problem := _no_text(data):
        return problem
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Problem("$", f"byte {error.start} (line {line}) is not UTF-8", SAVE)
    if not text.strip():
        return Problem("$", "the file is empty", "write the hunt as TOML, JSON or YAML")
    try:
        if style == "yaml":
            tree = _yaml(text)
        elif style == "toml":
            tree = msgspec.toml.decode(text)
        else:
            tree = msgspec.json.decode(text)
            json.loads(text, object_pairs_hook=_once)  # msgspec takes the last of two
        seen = "" if isinstance(tree, dict) and "features" not in tree else seems(text, style)
        return Problem("$", f"this is {seen}, read as {NAMES[style]}", _cure(seen)) if seen else tree
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: also endless numbers
        seen = seems(text, style)
        if seen:
            return Problem("$", f"this is {seen}, read as {NAMES[style]}", _cure(seen))
        what, cure = _in_words(" ".join(str(error).split())[:300], style, text)
        return Problem("$", f"not valid {NAMES[style]}: {what}", cure)


_LINE: Final = re.compile(r"line (\d+)")


def _in_words(what: str, style: str, text: str) -> tuple[str, str]:
    """Return a parser's message, in other words where people meet it, and a cure."""
    found = _LINE.search(what)
    lines = text.split("\n")
    line = lines[int(found[1]) - 1].strip() if found and int(found[1]) <= len(lines) else ""
    key = re.match(r"[\w-]+", line)
    if "Cannot overwrite a value" in what and key and found:
        return f"{key[0]!r} stands twice in one table, the second time in line {found[1]}", "leave out one of them"
    if "recursion" in what:
        return "its lists and tables lie too deep in one another", "write the hunt as the manual shows it"
    if "Illegal character '\\n'" in what:
        return what, 'close the text on its line, or put """ before and behind a text of several lines'
    if "Unescaped '\\'" in what or "Invalid hex value" in what:
        return what, "write \\\\ for each \\, or put the text in single quotes"
    if "Expected newline or end of document" in what and line.count("'") > 2:
        return what, 'put a text that holds an apostrophe in double quotes: "It\'s"'
    if style == "yaml" and "'\\t'" in what:
        return "a tab stands where YAML wants spaces" + (f", line {found[1]}" if found else ""), "indent with spaces"
    if style == "yaml" and "mapping values are not allowed" in what:
        return what, 'put a text that holds a colon in double quotes: title: "Part 1: the gate"'
    return what, "mend the file's syntax"


def _no_text(data: bytes) -> Problem | None:
    """Say what a file is that is no text, or one in an encoding of two or four bytes a letter."""
    for start, name in _BINARY:
        if data.startswith(start):
            return Problem("$", f"this is {name}, no text", "write the hunt as TOML, JSON or YAML in a plain text file")
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Problem("$", f"this is {name}, not UTF-8", SAVE)
    head = data[:200]
    if len(head) >= 4 and head.count(0) * 5 >= len(head) * 2:
        return Problem("$", f"this is {'UTF-16' if head.count(0) * 5 <= len(head) * 3 else 'UTF-32'}, not UTF-8", SAVE)
    return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if (key := _twice(key for key, _ in pairs)) is not None:
        raise ValueError(f"the key {key!r} stands twice in one table")
    return dict(pairs)


def _twice(keys: Iterable[str]) -> str | None:
    """Return the first key that stands a second time; None if none does."""
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def seems(text: str, style: str) -> str:
    """Return what a text seems to be, if not the format that it was read as, or ""."""
    start = text.lstrip()[:2000]
    if start.startswith("<"):
        return next((name for mark, name in _XML.items() if mark in start.lower()), "XML")
    if start.startswith("{\\rtf"):
        return "RTF"
    if '"FeatureCollection"' in start and '"features"' in text:
        return "GeoJSON"
    if style == "json" and start.startswith(("//", "/*", "#")) and "{" in start:
        return "JSON with comments or a comma too many"
    if start.startswith(("{", "[")) and not start.startswith("[["):
        if style == "json":
            bare = _COMMENT.search(text) or _JSON5.search(text)
            return "JSON with comments or a comma too many" if bare else ""
        return "JSON" if start.startswith("{") else ""
    if _CURLY.search(text):
        return "a text with typographic quotes"
    if style == "toml" and "\r" in text.replace("\r\n", ""):
        return "a text with the line ends of old Macs (CR)"
    if style != "yaml" and _YAML.match(text):
        return "YAML"
    if style != "toml" and _TOML.search(text):
        return "TOML"
    if sign := _table_of(text):
        return f"CSV (parted by {sign})"
    return ""


def _table_of(text: str) -> str:
    """Return what parts the columns of a sheet, in words; "" if it is none."""
    lines = [line for line in text.splitlines() if line.strip()][:5]
    for sign, name in ((",", "commas"), (";", "semicolons"), ("\t", "tabs")):
        columns = [line.count(sign) for line in lines]
        if len(lines) > 1 and 0 < columns[0] <= min(columns) and _HEADER.fullmatch(lines[0]):
            return name
    return ""


def _cure(seen: str) -> str:
    if seen.startswith("JSON with"):
        return "put keys and texts in double quotes; remove comments, and commas before } and ]"
    if seen.startswith("a text with typographic"):
        return 'put " for each of them: write in a plain text editor'
    if seen.startswith("a text with the line ends"):
        return "save the file with the line ends of Unix or Windows"
    if seen == "GPX" or seen == "GeoJSON" or seen.startswith("CSV"):
        return "make a hunt file of it with huntserver import FILE --out HUNT.toml"
    for ending, style in BY_SUFFIX.items():
        if NAMES[style] == seen:
            return f"call the file *{ending}, or send it with the content type application/{style}"
    return "write the hunt as TOML, JSON or YAML"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types
    """Leaves dates as they are written: a date without an offset must be seen as such."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: Any, node: Any, deep: bool = False) -> Any:
    """Refuse a key that stands twice in one table: the first value would be lost without a word."""
    keys = (key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge")
    if (key := _twice(key.value for key in keys if isinstance(key.value, str))) is not None:
        raise ValueError(f"the key {key!r} stands twice in one table, line {node.start_mark.line + 1} and below")
    return yaml.SafeLoader.construct_yaml_map(loader, node)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _yaml(text: str) -> Any:
    if len(re.findall(r"(?<![\w&])\*\w", text)) > ALIASES_MAX:
        raise ValueError(f"more than {ALIASES_MAX} aliases")
    return yaml.load(text, _Loader)
