"""Hosts' texts in a terminal: CommonMark as Rich styles, one line a line. Only words, links and styles come out.

What a terminal would obey instead of showing is refused in hunt files; other texts are cleaned here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.style import Style
from rich.text import Text

from huntserver.game.definition.part import CONTROL

_READER: Final = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).disable(
    ["code", "lheading", "html_block", "html_inline", "reference", "entity"]
)
"""As the page reads it: no HTML, no code by indenting, no underlined headings."""
_STYLES: Final = {
    "strong_open": Style(bold=True), "em_open": Style(italic=True), "heading_open": Style(bold=True, underline=True),
    "blockquote_open": Style(dim=True),
}  # fmt: skip
_MARKED: Final = re.compile(r"[*_`[\]\\#>]|^[ \t]*(?:[-+]|\d{1,9}[.)])[ \t]|^ {0,3}-{3,}[ \t]*$", re.MULTILINE)
"""What may be more than words; without it a text is shown as it was written."""
_BLANKS: Final = re.compile(r"^[ \t]*_[_ \t]*$", re.MULTILINE)


def shown(text: str) -> Text:
    """Return a text as a terminal shows it: styled, lists with their marks, links and media with their addresses."""
    text = CONTROL.sub("", text)
    if not _MARKED.search(text):
        return Text(text)
    blanks = _BLANKS.sub(lambda line: line[0].replace("_", r"\_"), text)
    out = Text()
    styles: list[Style] = []
    marks: list[int | None] = []  # of the lists that are open: the next number, None for bullets
    for token in _READER.parse(blanks):
        if token.type in ("ordered_list_open", "bullet_list_open"):
            marks.append(int(token.attrs.get("start", 1)) if token.type.startswith("ordered") else None)
        elif token.type in ("ordered_list_close", "bullet_list_close"):
            marks.pop()
        elif token.type == "list_item_open":
            _begin(out, 1)
            number = marks[-1]
            out.append("  " * (len(marks) - 1) + ("- " if number is None else f"{number}. "))
            marks[-1] = number if number is None else number + 1
        elif token.type == "hr":
            _begin(out, 2)
            out.append("---")
        elif token.type in ("fence", "code_block"):
            _begin(out, 2)
            out.append(token.content.rstrip("\n"), Style(bold=True))
        elif token.type == "inline":
            for part, style in _inline(token.children or ()):
                out.append(part, Style.combine([*styles, style]))
        elif token.type in _STYLES or token.type == "paragraph_open":
            if not token.hidden and not out.plain.endswith((". ", "- ")):
                _begin(out, 2)
            if token.type in _STYLES:
                styles.append(_STYLES[token.type])
        elif token.type.endswith("_close") and token.type.replace("_close", "_open") in _STYLES:
            styles.pop()
    return out


def _begin(out: Text, newlines: int) -> None:
    """End what stands before, with an empty line between paragraphs."""
    have = len(out.plain) - len(out.plain.rstrip("\n"))
    if out.plain and have < newlines:
        out.append("\n" * (newlines - have))


def _inline(tokens: Sequence[Token]) -> Iterator[tuple[str, Style]]:
    styles: list[Style] = []
    hrefs: list[str] = []
    for token in tokens:
        style = Style.combine(styles) if styles else Style()
        if token.type in ("softbreak", "hardbreak"):
            yield "\n", style
        elif token.type == "image":
            yield f"[{token.content}: {_address(str(token.attrs.get('src', '')))}]", style
        elif token.type == "code_inline":
            yield token.content, style + Style(bold=True)
        elif token.type == "link_open":
            hrefs.append(str(token.attrs.get("href", "")))
            styles.append(Style(underline=True))
        elif token.type == "link_close":
            href = hrefs.pop()
            styles.pop()
            if token.markup != "autolink":
                yield f" ({_address(href)})", style
        elif token.type in _STYLES:
            styles.append(_STYLES[token.type])
        elif token.type.endswith("_close"):
            styles.pop()
        else:
            yield token.content, style


def _address(href: str) -> str:
    """Return an address without what only pages need behind it."""
    return href if href.startswith(("http://", "https://")) else href.partition("#")[0]
