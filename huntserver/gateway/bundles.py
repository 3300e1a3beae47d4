"""Modules in one response: an entry of the page is served with all that it imports in it.

A browser learns of a module from the one that imports it, and asks for six at a time: on a phone's network that is
seconds. Here each module becomes a block of its own, in the order in which they are needed: its imports become
constants, what it exports goes into the table `modules`. Nothing is renamed, so the text reads as it was written. A
later entry takes the table from the first one. Never made: bindings that change after the module has run, and circles
of imports; both are refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Final

_IMPORT: Final = re.compile(
    r"""(?:^|(?<=[;}]))import\s*(?:(?:(?P<whole>[\w$]+)|\*\s*as\s+(?P<space>[\w$]+)|\{(?P<names>[^}]*)\})\s*from\s*)?"""
    r"""(["'])(?P<path>\.[^"']+)\4;?""",
    re.MULTILINE,
)
_DEFAULT: Final = re.compile(r"^export default ", re.MULTILINE)
_DECLARED: Final = re.compile(r"^export (?P<what>const|class|(?:async )?function\*?) (?P<name>[\w$]+)", re.MULTILINE)
_LISTED: Final = re.compile(r"(?:^|(?<=[;}]))export\s*\{(?P<names>[^}]*)\};?", re.MULTILINE)
_UNKNOWN: Final = re.compile(r"^(?:export|import)\b(?! *\()[^\n]*", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*(?:(?!\*/).)*\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
_MAP: Final = re.compile(r"^//# sourceMappingURL=[^\n]*\n?", re.MULTILINE)
_RELATIVE: Final = re.compile(r"""await import\(|import\.meta|(?<=[ =(])import\([`"']\./""")
_AS_IS: Final = "vendor/"
"""Licences stand in comments: what others published keeps its own."""


class NotBundled(Exception):
    """A module uses what cannot be put into a bundle; the text names the module and the line."""


def bundles(sources: Mapping[str, bytes], entries: Sequence[str]) -> dict[str, tuple[bytes, list[str]]]:
    """Return each entry's text, and the paths of the modules in it in their order; `sources` are all files by path.

    An entry that is not there is left out. Raises `NotBundled`.
    """
    made: dict[str, tuple[bytes, list[str]]] = {}
    known: dict[str, str] = {}  # module -> the entry whose bundle it is in
    first = ""
    for entry in entries:
        if entry not in sources:
            continue
        order: list[str] = []
        _walk(entry, sources, known, order, ())
        known.update(dict.fromkeys(order, entry))
        from_first = posixpath.relpath(first, posixpath.dirname(entry)) if first else ""
        head = f'import {{ modules }} from "./{from_first}";\n' if first else "export const modules = {};\n"
        blocks = [_block(name, sources[name].decode(), posixpath.dirname(entry)) for name in order]
        outside = ", ".join(_exported(sources[entry].decode()))
        tail = f"export const {{ {outside} }} = modules[{entry!r}];\n" if outside else ""
        made[entry] = ((head + "".join(blocks) + tail).encode(), order)
        first = first or entry
    return made


def _walk(
    name: str, sources: Mapping[str, bytes], known: Mapping[str, str], order: list[str], way: tuple[str, ...]
) -> None:
    """Append a module behind those that it imports."""
    if name in way:
        raise NotBundled(f"{name}: is imported in a circle by way of {' -> '.join(way[way.index(name) :])}")
    if name in known or name in order:
        return
    if name not in sources:
        raise NotBundled(f"{name}: is imported by {way[-1]} and not there")
    for found in _IMPORT.finditer(sources[name].decode()):
        _walk(_beside(name, found["path"]), sources, known, order, (*way, name))
    order.append(name)


def _beside(name: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _block(name: str, text: str, folder: str) -> str:
    """Return a module as a block; `folder` is where its bundle lies."""
    if not name.startswith(_AS_IS):
        text = without_comments(text)
    if posixpath.dirname(name) != folder and (found := _RELATIVE.search(text)):
        raise NotBundled(f"{name}: {found[0]} would be read from {folder}/")
    exported = _exported(text)
    text = _MAP.sub("", text)
    text = _IMPORT.sub(lambda found: _constants(name, found), text)
    text = _DECLARED.sub(r"\g<what> \g<name>", text)
    text = _LISTED.sub("", text)
    text = _DEFAULT.sub("const default_ = ", text)
    if found := _UNKNOWN.search(text):
        raise NotBundled(f"{name}: {found[0]!r} is not known to a bundle")
    table = ", ".join(here if here == there else f"{there}: {here}" for there, here in exported.items())
    return f"{{\n{text.strip()}\nmodules[{name!r}] = {{ {table} }};\n}}\n"


def _constants(name: str, found: re.Match[str]) -> str:
    source = f"modules[{_beside(name, found['path'])!r}];"
    if found["space"]:
        return f"const {found['space']} = {source}"
    if found["whole"]:
        return f"const {{ default: {found['whole']} }} = {source}"
    if found["names"] is None:
        return ""  # imported for what it does
    pairs = (part.split(" as ") for part in found["names"].split(",") if part.strip())
    return f"const {{ {', '.join(': '.join(one.strip() for one in pair) for pair in pairs)} }} = {source}"


def without_comments(text: str) -> str:
    """Return a module without the comments that stand on lines of their own."""
    return _COMMENT.sub("", text)


def _exported(text: str) -> dict[str, str]:
    """Return what a module exports: the name outside -> the name inside."""
    found = {one["name"]: one["name"] for one in _DECLARED.finditer(text)}
    for one in _LISTED.finditer(text):
        for part in filter(str.strip, one["names"].split(",")):
            here, _, there = (word.strip() for word in part.partition(" as "))
            found[there or here] = here
    if _DEFAULT.search(text):
        found["default"] = "default_"
    return found
