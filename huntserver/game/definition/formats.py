"""The formats of hunt files: TOML, JSON and YAML, read into plain values; what a file seems to be that is none. Pure.

YAML is read by PyYAML's safe loader: no tags, no objects. Dates stay texts with their offset, as JSON has them.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import yaml

from huntserver.game.definition.part import Problem

ALIASES_MAX: Final = 100
"""Of a YAML file: each may stand for a large part of it, so a few could stand for more than the memory holds."""
_YAML: Final = re.compile(r"(?m)\A(?:\s*#[^\n]*\n|\s*\n|---\s*\n)*[A-Za-z_]\w*:(?:\s|$)")
_TOML: Final = re.compile(r"(?m)^\s*(?:\[\[?\w|\w+\s*=)")
_COMMENT: Final = re.compile(r"(?m)(?:^|[\s,])(?://|/\*|#)|,\s*[}\]]")
NAMES: Final = {"toml": "TOML", "json": "JSON", "yaml": "YAML"}
BY_SUFFIX: Final = {".toml": "toml", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}


def style_of(suffix: str) -> str:
    """Return the format of a file by its name's end; TOML if that says nothing."""
    return BY_SUFFIX.get(suffix.lower(), "toml")


def syntax(data: bytes, style: str) -> Any | Problem:
    """Read a file's bytes into dicts, lists and plain values, or say what is wrong with its syntax."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return Problem("$", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    try:
        if style == "yaml":
            return _yaml(text)
        return msgspec.toml.decode(text) if style == "toml" else msgspec.json.decode(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: also endless numbers
        seen = seems(text, style)
        if seen:
            return Problem("$", f"this is {seen}, read as {NAMES[style]}", _cure(seen))
        what = " ".join(str(error).split())[:300]
        return Problem("$", f"not valid {NAMES[style]}: {what}", "mend the file's syntax")


def seems(text: str, style: str) -> str:
    """Return what a text seems to be, if not the format that it was read as, or ""."""
    start = text.lstrip()[:2000]
    if start.startswith("<"):
        return "GPX" if "<gpx" in start else "HTML" if "<html" in start.lower() else "XML"
    if start.startswith(("{", "[")) and not start.startswith("[["):
        if style == "json":
            return "JSON with comments or a comma too many" if _COMMENT.search(text) else ""
        return "JSON" if start.startswith("{") else ""
    if style != "yaml" and _YAML.match(text):
        return "YAML"
    if style != "toml" and _TOML.search(text):
        return "TOML"
    return ""


def _cure(seen: str) -> str:
    if seen.startswith("JSON with"):
        return "remove comments, and commas before } and ]"
    for ending, style in BY_SUFFIX.items():
        if NAMES[style] == seen:
            return f"call the file *{ending}, or send it with the content type application/{style}"
    return "write the hunt as TOML, JSON or YAML; places of a GPX file go into clues of kind location"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types
    """Leaves dates as they are written: a date without an offset must be seen as such."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml(text: str) -> Any:
    if len(re.findall(r"(?<![\w&])\*\w", text)) > ALIASES_MAX:
        raise ValueError(f"more than {ALIASES_MAX} aliases")
    return yaml.load(text, _Loader)
