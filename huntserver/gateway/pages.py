"""The files of the page, read and compressed once, under a path that names their version.

Owns `huntserver/web/` as it is served. The shell (all files but those that a browser must find at a fixed place) lies
under `shell/VERSION/`: what stands there never changes, so it is kept for ever, and files of two versions never meet.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from huntserver.gateway.bundles import bundles

WEB: Final = Path(__file__).parent.parent / "web"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}
AT_THE_ROOT: Final = (
    "index.html", "host.html", "board.html", "sw.js", "manifest.webmanifest", "icon.svg", "icon-192.png",
    "icon-512.png",
)  # fmt: skip
"""A service worker rules the folder that it comes from; the rest is named in the manifest or by habit."""

NAMED: Final = {"/": "index.html", "/host": "host.html", "/board": "board.html"}
"""What is asked for without a file's name."""

OF_HOSTS: Final = ("host", "board.", "board/", "strings/host", "strings/queue", "strings/editor")
"""What phones need not keep to play without a network."""

ENTRIES: Final = ("player/app.js", "player/inside.js", "player/desk.js")
"""Modules that are served with what they import in them: what the entrance needs, then the rest of the game, then what
only some hunts have."""

ALONE: Final = ("host/app.js", "board/app.js")
"""Modules of hosts that are served so, each with all that it imports: these pages are opened on slow networks too."""

FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"
_MARK: Final = b"shell/VERSION/"
_PACKED_BYTES_MIN: Final = 256


class File(NamedTuple):
    """One file as it is sent: plain, and as gzip (None where that is not smaller)."""

    body: bytes
    packed: bytes | None
    kind: str
    etag: str
    cache: str


class Pages:
    """All files by their path, and the version of the whole."""

    def __init__(self, folder: Path = WEB) -> None:
        read = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES and path.is_file()
        }
        joined = bundles(read, ENTRIES)
        within = {name for _, order in joined.values() for name in order}
        alone = {entry: bundles(read, (entry,))[entry][0] for entry in ALONE if entry in read}
        read.update({name: text for name, (text, _) in joined.items()} | alone)
        digest = hashlib.blake2b(digest_size=8)
        for name, body in read.items():
            digest.update(b"%d %d " % (len(name), len(body)) + name.encode() + body)
        self.version = digest.hexdigest()
        prefix = f"shell/{self.version}/"
        of_players = [
            prefix + name
            for name in read
            if name in joined or not (name in within or name in AT_THE_ROOT or name.startswith(OF_HOSTS))
        ]
        listing = msgspec.json.encode({"version": self.version, "files": of_players})
        self._files: dict[str, File] = {}
        for name, body in read.items():
            if name in AT_THE_ROOT:
                self._files["/" + name] = _file(name, body.replace(_MARK, prefix.encode()), _ASK_FIRST)
            else:
                self._files[f"/{prefix}{name}"] = _file(name, body, FOR_EVER)
        for path, name in NAMED.items():
            if "/" + name in self._files:
                self._files[path] = self._files["/" + name]
        # Imported by the service worker: a browser looks whether it has changed, so a new version is noticed.
        self._files["/shell.js"] = _file("shell.js", b"self.SHELL = " + listing + b";\n", _ASK_FIRST)

    def find(self, path: str) -> File | None:
        """Return the file at a path of a URL, None if there is none."""
        return self._files.get(path)

    def paths(self) -> list[str]:
        """Return every path that there is."""
        return list(self._files)


def _file(name: str, body: bytes, cache: str) -> File:
    packed = gzip.compress(body, 9, mtime=0) if len(body) >= _PACKED_BYTES_MIN else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return File(body, packed, TYPES[Path(name).suffix], etag, cache)


@functools.cache
def pages() -> Pages:
    """Return the files of this installation, read at the first call."""
    return Pages()
