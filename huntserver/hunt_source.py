"""A hunt as people keep it: a file with its media beside it, a folder of both, or a zip of that.

Reads what is there and no more than the limits allow; judges media by their bytes. Knows no server.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from huntserver.game.definition.formats import style_of, style_of_text
from huntserver.game.definition.lines import lines_of
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.media import missing, references, type_of
from huntserver.limits import Limits
from huntserver.media.sniffing import Sniffed, sniffed

HUNT_FILES: Final = (".toml", ".json", ".yaml", ".yml")
MEDIA_FOLDER: Final = "media"
BYTES_MAX: Final = Limits().medium_bytes_max
FILES_MAX: Final = 2000


class SourceError(ValueError):
    """There is no hunt to read; the text says what was found and what is needed."""


class HuntSource(NamedTuple):
    """A hunt's file, and what lies beside it. `label` names the file in messages; `media`: size and bytes by name."""

    label: str
    data: bytes
    style: str
    media: Mapping[str, tuple[int, Callable[[], bytes]]]
    is_whole: bool
    """A folder or zip: what lies in it is the hunt's. Beside a single file lies what it does not name."""


def read_source(path: Path) -> HuntSource:
    """Read a hunt's file, folder or zip; `-` is standard input. Raises `SourceError`, OSError."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(BYTES_MAX + 1)
        return HuntSource("standard input", data, style_of_text(data), {}, False)
    if path.is_dir():
        return _of(str(path), _files_in(path), is_whole=True)
    if path.suffix.lower() == ".zip":
        return _of(str(path), _files_of_zip(path), is_whole=True)
    beside = {name: file for name, file in _files_in(path.parent).items() if type_of(name)}
    with path.open("rb") as file:
        data = file.read(BYTES_MAX + 1)  # of a file without end, too, no more than is refused
    return HuntSource(str(path), data, style_of(path.suffix), _media(beside), False)


_Files = dict[str, tuple[int, Callable[[], bytes]]]
_NOT_UNPACKED: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for an entry that is damaged, packed by a way that it does not know, or encrypted."""


def _files_in(folder: Path) -> _Files:
    found: _Files = {}
    for place in (folder, folder / MEDIA_FOLDER):
        if place.is_dir():
            for file in sorted(place.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    found.setdefault(file.name, (file.stat().st_size, file.read_bytes))
    return found


def _files_of_zip(path: Path) -> _Files:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path}: is no zip ({error})") from error
    if len(entries) > FILES_MAX:
        raise SourceError(f"{path}: has {len(entries)} files, allowed are {FILES_MAX}")

    def reader(name: str) -> Callable[[], bytes]:
        def read() -> bytes:
            try:
                with zipfile.ZipFile(path) as archive, archive.open(name) as file:
                    return file.read(BYTES_MAX + 1)  # whatever the entry says of its size
            except _NOT_UNPACKED as error:
                raise SourceError(f"{path}: {name} cannot be unpacked ({error}); pack it anew, unencrypted") from error

        return read

    found: _Files = {}
    for entry in entries:
        place = PurePosixPath(entry.filename)
        if not place.name.startswith(".") and "__MACOSX" not in place.parts:
            found.setdefault(place.name, (entry.file_size, reader(entry.filename)))
    return found


def _of(label: str, files: _Files, *, is_whole: bool) -> HuntSource:
    hunts = [name for name in files if PurePosixPath(name).suffix.lower() in HUNT_FILES]
    chosen = [name for name in hunts if PurePosixPath(name).stem == "hunt"] or hunts
    if len(chosen) != 1:
        what = f"holds {', '.join(sorted(chosen))}" if chosen else "holds no hunt file"
        raise SourceError(f"{label}: {what}; put one there, hunt.toml, hunt.yaml or hunt.json")
    (name,) = chosen
    size, read = files[name]
    if size > BYTES_MAX:
        raise SourceError(f"{label}/{name}: has {size} bytes")
    others = {other: file for other, file in files.items() if other not in hunts}
    return HuntSource(f"{label}/{name}", read(), style_of(PurePosixPath(name).suffix), _media(others), is_whole)


def _media(files: _Files) -> _Files:
    return {name: file for name, file in files.items() if type_of(name) or name.isascii()}


def placed(source: HuntSource, problems: list[Problem]) -> list[tuple[int, Problem]]:
    """Return faults with their lines (from 1; 0 where none is known), in the order of the file."""
    try:
        text = source.data.decode()
    except UnicodeDecodeError:
        text = source.data.decode("latin-1")  # every byte a letter: lines are the same
    return sorted(zip(lines_of(problems, text, source.style), problems, strict=True), key=lambda found: found[0])


def told(source: HuntSource, problems: list[Problem]) -> list[str]:
    """Return faults as lines for people, each with file and line before it."""
    return [f"{source.label}{f':{line}' if line else ''}: {p}" for line, p in placed(source, problems)]


def media_problems(source: HuntSource, d: Definition, bytes_max: int = BYTES_MAX) -> list[Problem]:
    """Return what is wrong with the media that a definition names: missing, too large, of a type that is not taken."""
    found = [p._replace(cure="put it beside the hunt file, or take it out of the text")
             for p in missing(d, source.media)]  # fmt: skip
    for name, path in references(d).items():
        if name not in source.media:
            continue
        size, read = source.media[name]
        if size > bytes_max:
            found.append(Problem(path, f"{name} has {size} bytes", f"allowed are {bytes_max}; make it smaller"))
            continue
        try:
            seen = sniffed(name, read())
        except SourceError as error:
            seen = f"{name}: {str(error).partition(f'{name} ')[2]}"
        if not isinstance(seen, Sniffed):
            what, _, cure = seen.removeprefix(f"{name}: ").partition("; ")
            found.append(Problem(path, f"{name} {what}", cure or "put another one there"))
    return found


def media_oddities(source: HuntSource, d: Definition) -> list[Problem]:
    """Return the media that lie in a hunt's folder and that no text names."""
    named = references(d)
    unused = [name for name in source.media if name not in named and type_of(name)] if source.is_whole else []
    cure = "name it in a text, or take it out of the folder"
    return [Problem(name, "no text names it", cure) for name in sorted(unused) if not name.lower().startswith("readme")]
