"""Which signs of an answer carry meaning, and stay where all others are dropped: 3.5, 1/2, C++, -5, 10:30, 50 %. Pure.

Works on folded text (small letters, ASCII digits, one sign for each kind of dash, quote and slash). A sign that stays
is held as a private-use character until everything else is dropped.

A point or a comma before three digits can be read in two ways. `Reading` says which; `folding` tries both on guesses.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

SIGNS: Final = "./+-#%‰^=<>≤≥≠:'° √∛∜±∞≈∑∏∫∂¬∈∪∩*"
_FIRST: Final = 0xF700
KEPT: Final = {sign: chr(_FIRST + i) for i, sign in enumerate(SIGNS)}
"""The signs that can stay, each with its stand-in; the space parts a whole number and its fraction."""

_SHOWN: Final = {ord(stand_in): sign for sign, stand_in in KEPT.items()}
_STAND_INS: Final = frozenset(KEPT.values())
_DIGIT: Final = re.compile("[0-9]").search
_SIGN: Final = re.compile("[^\\w\\s]").search
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")

UNIFIED: Final = {
    **dict.fromkeys(map(ord, "‐‑‒–—―−⁻₋˗﹘﹣－⸺⸻〜⁃➖"), "-"),
    **dict.fromkeys(map(ord, "‘’‚‛ʹʻʼʽ′´`＇‹›"), "'"),
    **dict.fromkeys(map(ord, "“”„‟″＂«»〝〞〟「」『』"), '"'),
    **dict.fromkeys(map(ord, "⁄∕／"), "/"),
    **dict.fromkeys(map(ord, "⁎∗＊"), "*"),
    **dict.fromkeys(map(ord, "·⋅∙・･"), "·"),
    **dict.fromkeys(map(ord, "،、﹐，"), ","),
    ord("×"): "x",
    ord("✕"): "x",
    ord("✖"): "x",
    ord("➕"): "+",
    ord("♯"): "#",
    ord("♭"): "b",
    ord("٫"): ".",
    ord("٬"): "'",
    ord("٪"): "%",
    ord("؉"): "‰",
    ord("："): ":",
    ord("∶"): ":",
    ord("˚"): "°",
    ord("…"): "...",
}
"""Signs that phones, keyboards and typesetters put for one another."""

MEANT: Final = re.compile(
    r"[+#=<>%^*]|-(?!\w)|(?:^|[(\[=:;,\s])[-.]\s?\.?\d|\d\s*[./:,'-]\s*\d|\d/|/\d|\d\s+\d+\s*/"
).search  # not re.ASCII: its spaces lack the separators U+001C to U+001F, which are spaces to the steps
"""Finds, in ASCII text, all that could be a sign that stays, and some that is none. Without a hit all signs go."""


class Reading(Enum):
    """How a point or a comma before exactly three digits is read."""

    USUAL = "a comma parts thousands, a point begins decimals"
    GROUPED = "both part thousands"
    DECIMAL = "both begin decimals"


def keep(text: str, reading: Reading = Reading.USUAL) -> str:
    """Return the text with a stand-in for each sign that stays."""
    text = _PRIVATE.sub("", text)
    if _SIGN(text) is None:
        return text
    if _DIGIT(text) is not None:
        text = _numbers(text, reading)
    for needle, pattern, sign in _RULES:
        if needle in text:
            text = pattern.sub(sign, text)
    return text


def kept(c: str) -> bool:
    """Tell whether a character stands for a sign that stays."""
    return c in _STAND_INS


def shown(text: str) -> str:
    """Return the text with the signs in place of their stand-ins."""
    return text.translate(_SHOWN)


_DATE: Final = re.compile(r"(?<![\d./-])(\d{1,4})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?!\d|[./-]\d)")
_POINTED: Final = re.compile(r"\d+(?:[.,']\d+)+")
_LEADING: Final = re.compile(r"(?:(?<=^)|(?<=[\s(\[=-]))\.(?=\d)")
_GROUPS: Final = re.compile(r"[1-9]\d{0,2}(?:\d{3})*\Z")


def _numbers(text: str, reading: Reading) -> str:
    text = _DATE.sub(_date, text)
    text = _LEADING.sub("0.", text)
    return _POINTED.sub(lambda found: _pointed(found[0], reading), text)


def _date(found: re.Match[str]) -> str:
    a, sign, b, c = found.groups()
    parts = [int(a), int(b), int(c)]
    years = [i for i, part in enumerate((a, b, c)) if len(part) == 4]
    days = [part for i, part in enumerate(parts) if i not in years]
    fits = all(1 <= part <= 31 for part in days[:2]) and min(days[:2]) <= 12
    if len(years) == 1 and years[0] != 1 and fits and 1000 <= parts[years[0]] <= 2999:
        return KEPT["."].join(map(str, parts))
    if not years and sign != "-" and fits and max(len(a), len(b), len(c)) == 2:
        return KEPT["."].join(map(str, parts))
    return found[0]


def _pointed(token: str, reading: Reading) -> str:
    """Return a run of digits with points, commas and apostrophes: as a number where it is one."""
    groups = re.split(r"[.,']", token)
    marks = re.findall(r"[.,']", token)
    kinds = set(marks)
    if len(marks) == 1:
        return _one_mark(groups, marks[0], reading)
    if len(kinds) == 1 and _thousands(groups):
        return "".join(groups)
    if marks == [".", ",", "."]:  # 48.8584,2.2945
        point = KEPT["."]
        return f"{groups[0]}{point}{groups[1]}{KEPT[' ']}{groups[2]}{point}{groups[3]}"
    if len(kinds) == 2 and marks.count(marks[-1]) == 1 and marks[-1] != "'" and _thousands(groups[:-1]):
        return "".join(groups[:-1]) + KEPT["."] + groups[-1]
    return "".join(g + (KEPT[m] if m in ".'" else "") for g, m in zip(groups, [*marks, ","], strict=True))


def _one_mark(groups: list[str], mark: str, reading: Reading) -> str:
    whole, rest = groups
    if len(rest) == 3 and len(whole) <= 3 and whole[0] != "0":
        parts_thousands = mark == "'" or reading is Reading.GROUPED or (mark == "," and reading is Reading.USUAL)
        if parts_thousands:
            return whole + rest
    return whole + (KEPT["'"] if mark == "'" else KEPT["."]) + rest


def _thousands(groups: list[str]) -> bool:
    """Tell whether groups of digits are one number: by threes, or as in India (12,34,567)."""
    first, *middle, last = groups
    if not 1 <= len(first) <= 3 or first[0] == "0" or len(last) != 3:
        return False
    widths = {len(group) for group in middle}
    return widths <= {3} or (widths <= {2} and len(first) <= 2)


def ambiguous(text: str) -> bool:
    """Tell whether a point or a comma stands where it can be read in two ways."""
    return re.search(r"(?<![\d.,])[1-9]\d{0,2}[.,]\d{3}(?![\d.,]*\d)", text) is not None


def round_thousands(text: str) -> bool:
    """Tell whether such a point or comma is followed by three zeros, so that it parts thousands for most readers."""
    return re.search(r"(?<![\d.,])[1-9]\d{0,2}[.,]000(?![\d.,]*\d)", text) is not None


def _rules() -> list[tuple[str, re.Pattern[str], str]]:
    """Return, in their order, what each sign is looked for by, where it stays, and its stand-in."""
    k = KEPT
    table = [
        ("/", r"(?<=\d)\s+(?=\d+\s*/\s*\d+(?!\s*[\d/]))", k[" "]),  # 1 1/2
        (k["."], rf"({k['.']}\d+)[\s,;]+(?=\d)", rf"\1{k[' ']}"),  # 48.85 2.35
        (k["."], rf"(?<=\d)[\s,;]+(?=\d+{k['.']})", k[" "]),
        ("/", r"(?<=\d)\s*/\s*(?=\d)|(?<=\d)/(?=\w)|(?<=\w)/(?=\d)", k["/"]),
        (":", r"(?<=\d)(?:\s+:\s+|:)(?=\d)", k[":"]),  # 3 : 2, but not 3: 2 chairs
        ("*", r"(?<=\d)\s*\*\s*(?=\d)", "x"),
        ("*", r"(?<![^\W_])([^\W\d_])\*(?![\w*])", rf"\1{k['*']}"),  # A*
        ("·", r"(?<=\d)·(?=10\^)", "x"),
        ("·", r"(?<=\d)·(?=\d)", k["."]),  # 3·5 as older British books write it: never 35
        ("^", r"(?<=\d)\^-(?=\d)", k["^"] + k["-"]),
        ("^", r"(?<=\d)\^(?=\d)", k["^"]),
        ("'", r"(?<=\d)\s*'\s*(?=\d)", k["'"]),
        ("°", r"(?<=\d)\s*°\s*(?=\d)", k["°"]),
        ("%", r"(?<=\d)\s*%", k["%"]),
        ("‰", r"(?<=\d)\s*‰", k["‰"]),
        ("-", r"(?:^\s*|(?<=[(\[=:;,<>])\s*)-\s?(?=\d|√)", k["-"]),
        ("-", r"(?<![^\W_])([^\W\d_]{1,2})-(?![\w-])", rf"\1{k['-']}"),  # A-, Cl-
        ("+", r"(?<=\d)\s*\+\s*(?=\d)", k["+"]),
        ("+", r"(?<![^\W_])([^\W_])\+(?=\w)|(?<=\w)\+(?=[^\W_](?![^\W_]))", rf"\1{k['+']}"),  # a+b
        ("+", r"(?<=\w)\s?\+\+(?!\w)|(?<=[^\W\d_])\+\+(?=\d)", k["+"] * 2),  # C++, C++17
        ("+", r"(?<=\w)\+(?!\w)|(?<=\w) \+(?=\s*\Z)", k["+"]),
        ("#", r"(?<=\w)#(?!\d)|(?<=\w) #(?!\w)|(?<![^\W_])([^\W\d_])#(?=\d)", rf"\1{k['#']}"),  # not Room#5
    ]
    for sign in "=<>≤≥≠":
        table.append((sign, rf"(?<=\w)\s*{sign}\s*(?=[=<>≤≥≠]?\s*[\w{k['-']}])", k[sign]))
    table += [(sign, re.escape(sign), k[sign]) for sign in "√∛∜±∞≈∑∏∫∂¬∈∪∩"]
    return [(needle, re.compile(pattern), sign) for needle, pattern, sign in table]


_RULES: Final = _rules()
