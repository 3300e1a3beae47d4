"""The formats of hunt files: TOML, JSON and YAML, read into plain values; what a file seems to be that is none. Pure.

YAML is read by PyYAML's safe loader: no tags, no objects. Dates stay texts with their offset, as JSON has them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
import yaml

from huntserver.game.definition.part import Problem
from huntserver.game.definition.slips import read_on

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


def style_of_text(data: bytes) -> str:
    """Return the format that a text without a name seems to have; TOML if that says nothing."""
    text = data[:100_000].decode("utf-8", "replace").removeprefix("\ufeff")
    seen = "JSON" if text.lstrip().startswith("{") else seems(text, "toml")
    return next((style for style, name in NAMES.items() if name == seen), "toml")


def syntax(data: bytes, style: str, *, further: bool = True) -> tuple[Any, list[Problem]]:
    """Read a file's bytes into dicts, lists and plain values, and say what is wrong with its syntax.

    What has slips that people make is read all the same, so that other faults are found too; None: nothing was read.
    `further`: also as what it seems to be, if that is another format.
    """
    if problem := _no_text(data):
        return None, [problem]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem("$", f"byte {error.start} (line {line}) is not UTF-8", SAVE)]
    if not text.strip():
        return None, [Problem("$", "the file is empty", "write the hunt as TOML, JSON or YAML")]
    try:
        tree = _PARSERS[style](text)
        seen = "" if isinstance(tree, dict) and "features" not in tree else seems(text, style)
        return (None, [_called(seen, style)]) if seen else (tree, [])
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: also endless numbers
        return _read_on(text, style, error, further=further)


def _called(seen: str, style: str) -> Problem:
    return Problem("$", f"this is {seen}, read as {NAMES[style]}", _cure(seen))


def _read_on(text: str, style: str, error: Exception, *, further: bool) -> tuple[Any, list[Problem]]:
    """Say what is wrong with a text that a parser refused, and read it as what it is meant to be."""
    what, cure = _in_words(_told(error), style, text)
    first = [Problem("$", f"not valid {NAMES[style]}: {what}", cure)]
    if further and (inner := _fenced(text)):
        kept = "keep what stands between the lines with ```, and leave out these lines"
        around = Problem("$", "a chat's answer stands around the hunt", kept)
        tree, problems = syntax(inner.encode(), style, further=False)
        return tree, [around, *problems]
    seen = seems(text, style)
    if further and seen in NAMES.values():  # of another format: its own faults are told beside
        other = next(other for other, name in NAMES.items() if name == seen)
        tree, problems = syntax(text.encode(), other, further=False)
        if tree is not None or style == "json":
            return tree, [_called(seen, style), *(problems if tree is not None else [])]
    try:
        if style == "toml" and seen in ("", _TYPOGRAPHIC, "YAML") and isinstance(error, ValueError):
            tree, slips, last = read_on(text, _toml, error)
            if tree is not None:
                return tree, slips or first
            if not slips:
                return None, [_called(seen, style)] if seen else first
            return None, [*slips, *syntax(last.encode(), style, further=False)[1]]
        if style == "json" and seen == _NEARLY_JSON:
            tree = _yaml(_COMMENTS.sub(lambda found: found[0] if found[0].startswith('"') else "", text))
            return tree if isinstance(tree, dict) else None, [_called(seen, style)]
        if style == "yaml" and not seen and (spaced := _ODD_INDENT.sub(_plain_indent, text)) != text:
            return syntax(spaced.encode(), style, further=False)[0], [*first, *_odd_indents(text)]
    except (ValueError, RecursionError, yaml.YAMLError):
        pass
    return None, [_called(seen, style)] if seen else first


def _told(error: Exception) -> str:
    """Return what a parser said, on one line; of YAML's what was wrong, and where."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark is not None:
        said = str(error.problem).replace("could not determine a constructor for the tag", "has the tag")
        said = said.replace("but found another document", "a second document begins")
        return f"{said}, line {error.problem_mark.line + 1}"
    return " ".join(str(error).split())[:300]


_TYPOGRAPHIC: Final = "a text with typographic quotes"
_NEARLY_JSON: Final = "JSON with comments or a comma too many"
_COMMENTS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_FENCE: Final = re.compile(r"(?m)^[ \t]*```\w*[ \t]*$")
_ODD: Final = "\u00a0\u2000-\u200b\u3000"
_ODD_INDENT: Final = re.compile(rf"(?m)^[ {_ODD}]{{0,40}}[{_ODD}][ {_ODD}]{{0,40}}(?=(?:- )?[A-Za-z_]+:)")


def _fenced(text: str) -> str:
    """Return what stands between two lines of ```, on the lines where it stands; "" if there are none."""
    fences = [found.span() for found in _FENCE.finditer(text)]
    if not fences:
        return ""
    begin, end = fences[0][1], fences[1][0] if len(fences) > 1 else len(text)
    return "\n" * text.count("\n", 0, begin) + text[begin:end] if text[begin:end].strip() else ""


def _plain_indent(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _odd_indents(text: str) -> list[Problem]:
    lines = [text.count("\n", 0, found.start()) + 1 for found in _ODD_INDENT.finditer(text)]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    what = f"no-break spaces stand at the begin of lines (line {lines[0]}{more})"
    return [Problem("$", f"not valid YAML: {what}", "indent with spaces typed anew")] if lines else []


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
    if style == "yaml" and "expected <block end>" in what:
        return f"line {found[1] if found else '?'} begins further in or out than those beside it", "indent both alike"
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
        return _NEARLY_JSON
    if start.startswith(("{", "[")) and not start.startswith("[["):
        if style == "json":
            bare = _COMMENT.search(text) or _JSON5.search(text)
            return _NEARLY_JSON if bare else ""
        return "JSON" if start.startswith("{") else ""
    if _CURLY.search(text):
        return _TYPOGRAPHIC
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


def _toml(text: str) -> Any:
    return msgspec.toml.decode(text)


def _json(text: str) -> Any:
    tree = msgspec.json.decode(text)
    json.loads(text, object_pairs_hook=_once)  # msgspec takes the last of two
    return tree


_PARSERS: Final[dict[str, Callable[[str], Any]]] = {"toml": _toml, "json": _json, "yaml": _yaml}
