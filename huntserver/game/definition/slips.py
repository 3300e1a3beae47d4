"""Slips in the syntax of TOML files that people make, chat programs too: each is called by its name, and put
right in passing, so that the faults behind it are found in the same run. Pure.

Nothing that was put right here is ever published: a file with a slip is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from huntserver.game.definition.part import Problem

LINE_MAX: Final = 2000
"""Letters of a line in which slips are looked for."""
PARSED_BYTES_MAX: Final = 1 << 21
"""What is parsed again and again to find one slip after the other, in all."""
_LINE: Final = re.compile(r"line (\d+)")
_SPACES: Final = re.compile("[\u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OPENS: Final = re.compile(r"([=\[{,(:]\s*)[“”„«»‘’‚‹]")
_CLOSES: Final = re.compile(r"[“”„«»‘’‚›](\s*(?:[,\]})=]|#.*|$))")
_MINUS: Final = re.compile(r"([=\[,]\s*)[−–—‒](?=\s*\d)\s*")
_DECIMAL: Final = re.compile(r"(=\s*-?\d+),(\d+)(?=\s*(?:[,}]|#|$))")
_WORD: Final = re.compile(r"(=\s*)(true|false|yes|no|on|off|ja|nein|oui|non)(?=\s*(?:[,}]|#|$))", re.IGNORECASE)
_TRUE: Final = frozenset({"true", "yes", "on", "ja", "oui"})
_TIME: Final = re.compile(r"(=\s*)(\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ][^#,}\n]*?)?)(?=\s*(?:[,}]|#|$))")
_CLOCK: Final = re.compile(r"(=\s*)(\d{1,2}:\d\d(?::\d\d)?\s*(?:[ap]\.?m\.?|uhr|h)?)(?=\s*(?:[,}]|#|$))", re.IGNORECASE)
_BARE: Final = re.compile(r"([={,]\s*[\w-]*\s*=\s*|^\s*[\w-]+\s*=\s*)([^\W_][^\"'\[\]{}=#,]*?)(?=\s*(?:[,}]|#|$))")
_BARE_LINE: Final = re.compile(r"^(\s*[\w-]+\s*=\s*)([^\W_][^\"\[\]{}=#]*?)\s*$")
_BARE_LIST: Final = re.compile(r"^(\s*[\w-]+\s*=\s*\[)([^\"'\[\]{}#]+)(\]\s*(?:#.*)?)$")
_NEIGHBOURS: Final = re.compile(r"""("(?:[^"\\]|\\.)*"|'[^']*')\s+(?=["'])""")
_COLON: Final = re.compile(r"^(\s*[\w-]+)\s*:\s*(?=[\"'\[{\dtf])")
_KEY: Final = re.compile(r"^(\s*)([^\W\d_][^=\"'\[\]{}#]*?)(\s*=)")
_HEADER: Final = re.compile(r"^(\s*\[+)\s*([^\[\]\"'=]+?)\s*(\]*)(\s*(?:#.*)?)$")
_APOSTROPHE: Final = re.compile(r"^(\s*[\w-]+\s*=\s*)'(.*)'(\s*(?:#.*)?)$")
_SECOND: Final = "the second of line "
"""Before the name of a table that was left out."""

Slip = Callable[[str], str]
"""Takes a line, returns it with the slip put right; the same if it has none."""


def _quoted(text: str) -> str:
    return '"' + text.strip().replace("\\", "\\\\").replace('"', "'") + '"'


def _header(line: str) -> str:
    """Close a header."""
    found = _HEADER.match(line)
    return found[1] + found[2] + "]" * found[1].count("[") + found[4] if found is not None else line


def _key(line: str) -> str:
    """Quote a key, or a header's, that has blanks or other letters than those of ASCII: it is told as unknown, too."""
    found = _KEY.match(line) or _HEADER.match(line)
    if found is None or re.fullmatch(r"[\w.-]+", found[2], re.ASCII):
        return line
    return found[1] + _quoted(found[2]) + line[found.end(2) :]


_TABLE: Final[tuple[tuple[str, str, Slip], ...]] = (
    ("a control character stands between the words", "remove it",
     lambda line: _CONTROL.sub(" ", line)),
    ("a no-break space, or another that is not the usual one, stands outside of a text", "type the space anew",
     lambda line: _SPACES.sub(" ", line)),
    ("a typographic quote stands where \" should", 'put " for each of them: write in a plain text editor',
     lambda line: _CLOSES.sub(r'"\1', _OPENS.sub(r'\1"', line))),
    ("a dash stands where a minus should", "write - before the number",
     lambda line: _MINUS.sub(r"\1-", line)),
    ("a value is no date and time", "write it as 2030-05-01T10:00:00+02:00",
     lambda line: _TIME.sub(r"\g<1>2030-05-01T10:00:00Z", line)),
    ("a time of day stands without quotes, or is none", 'write it in quotes, "14:30"',
     lambda line: _CLOCK.sub(r'\1"\2"', line)),
    ("a number has a comma for its decimals", "write a point: 48.85",
     lambda line: _DECIMAL.sub(r"\1.\2", line)),
    ("yes and no have other names in TOML", "write true or false, in small letters",
     lambda line: _WORD.sub(lambda f: f[1] + ("true" if f[2].lower() in _TRUE else "false"), line)),
    ("a colon stands between key and value", "write = between them",
     lambda line: _COLON.sub(r"\1 = ", line)),
    ("a text stands in single quotes and holds an apostrophe",
     'put a text that holds an apostrophe in double quotes: "It\'s"',
     lambda line: _APOSTROPHE.sub(lambda f: f[1] + _quoted(f[2]) + f[3], line) if line.count("'") > 2 else line),
    ("a comma is missing between two texts", 'write ["one", "two"]',
     lambda line: _NEIGHBOURS.sub(r"\1, ", line)),
    ("texts stand without quotes", 'write ["one", "two"]',
     lambda line: _BARE_LIST.sub(lambda f: f[1] + ", ".join(map(_quoted, f[2].split(","))) + f[3], line)),
    ("a text stands without quotes", 'put " before and behind it',
     lambda line: _BARE_LINE.sub(lambda f: f[1] + _quoted(f[2]), line)),
    ("a text stands without quotes", 'put " before and behind it',
     lambda line: _BARE.sub(lambda f: f[1] + _quoted(f[2]), line)),
    ("a header is not closed", "close it with as many brackets as open it: [[clues]]",
     lambda line: _header(line)),
    ("a key has blanks, or letters that are none of a to z", "call it as the manual does",
     lambda line: _key(line)),
)  # fmt: skip
"""What was slipped on, what to do, and the line put right."""


def read_on(text: str, parse: Callable[[str], Any], error: ValueError) -> tuple[Any, list[Problem], str]:
    """Parse a text that a parser refused, putting right one slip after the other.

    Returns what was read (None if something is left that has no name here), the slips by their lines, and the text as
    it was read last.
    """
    lines = text.split("\n")
    told: dict[tuple[str, str], list[int]] = {}
    tries = max(3, min(60, PARSED_BYTES_MAX // max(len(text), 1)))
    while tries:
        tries -= 1
        if not _put_right(lines, str(error), told):
            break
        try:
            tree = parse("\n".join(lines))
        except ValueError as next_error:
            error = next_error
        else:
            whole = {key: value for key, value in tree.items() if not key.startswith(_SECOND)}
            return whole, _problems(told), "\n".join(lines)
    return None, _problems(told), "\n".join(lines)


def _put_right(lines: list[str], error: str, told: dict[tuple[str, str], list[int]]) -> bool:
    """Put right what a parser stumbled over. Returns whether anything was."""
    found = _LINE.search(error)
    number = int(found[1]) if found else len(lines)
    if not 1 <= number <= len(lines):
        return False
    for at in (number - 1, number - 2):
        if at >= 0 and _joined(lines, at, told):
            return True
    line = lines[number - 1]
    if len(line) > LINE_MAX:
        return False
    if "Cannot declare" in error and (head := re.match(r"\s*\[\s*(clues|treasures|rounds|rotations)\s*\]", line)):
        told.setdefault((f"[{head[1]}] stands twice", f"write [[{head[1]}]] with two brackets"), []).append(number)
        header = re.compile(rf"^(\s*)\[\s*{head[1]}\s*\]")
        lines[:] = [header.sub(rf"\1[[{head[1]}]]", one) for one in lines]
        return True
    if "Cannot declare" in error and (head := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)):
        what = f"the header [{head[1]}] stands twice, the second time in line {number}"
        told.setdefault((what, "put its keys under the first one"), []).append(number)
        lines[number - 1] = f'["{_SECOND}{number}"]'
        return True
    if "\\" in line and ("Unescaped" in error or "hex value" in error):
        what, cure = r"a \ stands in a text in double quotes", r"write \\ for each, or put the text in single quotes"
        told.setdefault((what, cure), []).append(number)
        lines[number - 1] = line.replace("\\", "\\\\")
        return True
    if "Cannot overwrite a value" in error and (key := re.match(r"\s*([\w-]+)\s*=", line)):
        what = f"{key[1]!r} stands twice in one table, the second time in line {number}"
        told.setdefault((what, "leave out one of them"), []).append(number)
        lines[number - 1] = ""
        return True
    for what, cure, right in _TABLE:
        if (better := right(line)) != line:
            told.setdefault((what, cure), []).append(number)
            lines[number - 1] = better
            return True
    return False


def _joined(lines: list[str], at: int, told: dict[tuple[str, str], list[int]]) -> bool:
    """Put a table in braces on one line, and a comma between texts of a list that stand below each other."""
    line = lines[at].rstrip()
    if len(line) > LINE_MAX:
        return False
    if line.endswith("{") and "=" in line:
        end = next((i for i in range(at + 1, min(at + 30, len(lines))) if lines[i].strip().startswith("}")), 0)
        if not end:
            return False
        inner = ", ".join(part.strip().rstrip(",") for part in lines[at + 1 : end] if part.strip())
        lines[at] = f"{line} {inner} {lines[end].strip()}"
        lines[at + 1 : end + 1] = [""] * (end - at)
        told.setdefault(("a table in { } goes over several lines", "write it on one line"), []).append(at + 1)
        return True
    behind = lines[at + 1].strip() if at + 1 < len(lines) else ""
    if re.fullmatch(r"""\s*("[^"]*"|'[^']*')""", line) and behind[:1] in "\"'" and behind:
        lines[at] = line + ","
        told.setdefault(("a comma is missing behind a text of a list", 'write "one", "two"'), []).append(at + 1)
        return True
    return False


def _problems(told: dict[tuple[str, str], list[int]]) -> list[Problem]:
    """Return each slip once, with the lines where it was found."""
    found = []
    for (what, cure), lines in told.items():
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        where = f" (line {lines[0]}{more})" if _LINE.search(what) is None else ""
        found.append(Problem("$", f"not valid TOML: {what}{where}", cure))
    return found
