"""Media of a hunt: what one is, what texts name, and how a text is shown with their addresses. Pure.

A text names a medium as CommonMark does, `![alt](gate.jpg)` or `[the plan](plan.pdf)`. It is shown with the address in
that place: `hunts/HUNT/media/KEY/NAME#TYPE,BYTES,WIDTHxHEIGHT`. The key is random and stands in the log and in texts
that are shown, nowhere else: nobody can ask for a medium before a text that names it is open to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Clue, Definition

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
ENDINGS: Final[dict[str, tuple[str, ...]]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg", "oga", "opus"),
    "audio/wav": ("wav",),
    "audio/mp4": ("m4a",),
    "audio/flac": ("flac",),
    "video/mp4": ("mp4", "m4v"),
    "video/webm": ("webm",),
    "application/pdf": ("pdf",),
    "application/zip": ("zip",),
    "text/plain": ("txt", "md"),
    "text/csv": ("csv",),
    "application/gpx+xml": ("gpx",),
}
"""The types that are taken, with the endings that their names may have."""
_KNOWN: Final = frozenset(ending for endings in ENDINGS.values() for ending in endings)
_DESTINATION: Final = re.compile(r"(\]\([ \t]*<?)([^\s()<>]+)(?=[\s)>])")
_PICTURE: Final = re.compile(r"!\[([^\[\]]*)\]\([ \t]*<?([^\s()<>]+)(?=[\s)>])")
Addresses: TypeAlias = tuple[tuple[str, str], ...]
"""The address of each medium by its name, sorted: a plan is kept by it."""
NO_MEDIA: Final[Addresses] = ()


class Medium(msgspec.Struct, frozen=True, omit_defaults=True):
    """One medium of a hunt. `digest` is the SHA-256 of its bytes, `key` the secret part of its address; `width` and
    `height` are in pixels, 0 where they are not known."""

    digest: str
    bytes: int
    type: str
    key: str
    width: int = 0
    height: int = 0


def address(hunt: str, name: str, medium: Medium) -> str:
    """Return where a medium is, relative to the site, with what a page needs to leave room for it."""
    size = f",{medium.width}x{medium.height}" if medium.width and medium.height else ""
    return f"hunts/{hunt}/media/{medium.key}/{name}#{medium.type},{medium.bytes}{size}"


def ending(name: str) -> str:
    """Return the ending of a file's name in small letters."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def type_of(name: str) -> str:
    """Return the type that a name says; "" for one that says none."""
    return next((kind for kind, endings in ENDINGS.items() if ending(name) in endings), "")


def named(text: str) -> list[str]:
    """Return the names of media in a text, in order: destinations that are a name with an ending of a medium."""
    found = (match[2] for match in _DESTINATION.finditer(text)) if "](" in text else ()
    return [name for name in found if NAME.fullmatch(name) and ending(name) in _KNOWN]


def pictures(text: str) -> list[tuple[str, str]]:
    """Return (alt text, destination) of everything that a text shows in place."""
    return [(match[1].strip(), match[2]) for match in _PICTURE.finditer(text)] if "](" in text else []


def texts_of(d: Definition) -> Iterator[tuple[str, str]]:
    """Yield the path and the words of every text of a definition that may name media."""
    yield "intro", d.intro
    for i, clue in enumerate(d.clues):
        yield f"clues[{i}].text", clue.text
        yield f"clues[{i}].solved_text", clue.solved_text
        for j, part in enumerate(clue.parts):
            yield f"clues[{i}].parts[{j}].text", part.text
        yield f"clues[{i}].solution", clue.solution
        for j, hint in enumerate(clue.hints):
            yield f"clues[{i}].hints[{j}].text", hint.text
    for i, round_ in enumerate(d.rounds):
        yield f"rounds[{i}].text", round_.text
    for i, treasure in enumerate(d.treasures):
        yield f"treasures[{i}].text", treasure.text


def references(d: Definition) -> dict[str, str]:
    """Return the media that a definition names, each with the path of the first text that does."""
    found: dict[str, str] = {}
    for path, text in texts_of(d):
        for name in named(text):
            found.setdefault(name, path)
    return found


def missing(d: Definition, held: Mapping[str, object]) -> list[Problem]:
    """Return what a definition names and the hunt does not hold."""
    cure = "upload it (huntserver host media FILE --hunt ID, or in the editor), or take it out of the text"
    return [Problem(path, f"names {name!r}, which is not here", cure) for name, path in references(d).items()
            if name not in held]  # fmt: skip


def shown(text: str, addresses: Mapping[str, str]) -> str:
    """Return a text with the addresses of the media that it names."""
    if "](" not in text:
        return text
    return _DESTINATION.sub(lambda found: found[1] + addresses.get(found[2], found[2]), text)


def with_addresses(d: Definition, addresses: Addresses) -> Definition:
    """Return a definition whose texts are as they are shown; the same one if nothing is to be done."""
    if not addresses or not references(d):
        return d
    of = dict(addresses)

    def put(text: str) -> str:
        return shown(text, of)

    clues = [_clue(clue, put) for clue in d.clues]
    treasures = [msgspec.structs.replace(treasure, text=put(treasure.text)) for treasure in d.treasures]
    rounds = [msgspec.structs.replace(one, text=put(one.text)) for one in d.rounds]
    made: Definition = msgspec.structs.replace(d, intro=put(d.intro), clues=clues, treasures=treasures, rounds=rounds)
    return made


def _clue(clue: Clue, put: Callable[[str], str]) -> Clue:
    hints = [msgspec.structs.replace(h, text=put(h.text)) for h in clue.hints]
    parts = [msgspec.structs.replace(part, text=put(part.text)) for part in clue.parts]
    texts = {"text": put(clue.text), "solved_text": put(clue.solved_text), "solution": put(clue.solution)}
    made: Clue = msgspec.structs.replace(clue, **texts, hints=hints, parts=parts)
    return made
