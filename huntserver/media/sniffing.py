"""What a file is, seen by its bytes; its name must say the same. Pure.

The signatures are those of the formats' own definitions (PNG: W3C, 5.2; JPEG: ITU-T T.81, B.1.1; GIF89a; RIFF; ISO
14496-12, 4.3 `ftyp`; Matroska/EBML; Ogg: RFC 3533; FLAC: RFC 9639; MPEG audio: ISO 11172-3, 2.4.1.3, or an ID3v2 tag
before it; PDF: ISO 32000; ZIP: APPNOTE 4.3.7).
"""

from __future__ import annotations

import io
import struct
from typing import Final, NamedTuple

import imagesize

from huntserver.game.media import ENDINGS, NAME, ending

_BRANDS: Final = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
_MARKUP: Final = (b"<svg", b"<html", b"<!doctype", b"<script")
_TEXTS: Final = ("text/plain", "text/csv", "application/gpx+xml")
SIDE_MAX: Final = 20_000
"""Pixels of a side beyond which phones give up."""


class Sniffed(NamedTuple):
    """A type that is taken; `width` and `height` in pixels, 0 where they are not known."""

    type: str
    width: int = 0
    height: int = 0


def sniffed(name: str, body: bytes) -> Sniffed | str:
    """Return what a medium is, or what is wrong with it, and what to do."""
    if not NAME.fullmatch(name):
        return f"{name[:80]!r}: a name has letters a-z, digits, '.', '_' and '-', 80 at most; rename the file"
    if not body:
        return f"{name}: is empty"
    kind = _type(body) or _text(body, ending(name))
    if kind is None:
        return f"{name}: is no picture, sound, video or file of a type that is taken; taken are {', '.join(_all())}"
    if ending(name) not in ENDINGS[kind]:
        return f"{name}: its bytes are {kind}; name it {name.rpartition('.')[0] or name}.{ENDINGS[kind][0]}"
    if not kind.startswith("image/"):
        return Sniffed(kind)
    width, height = _size(body)
    if max(width, height) > SIDE_MAX:
        return f"{name}: has {width} x {height} pixels, allowed are {SIDE_MAX} a side; make it smaller"
    return Sniffed(kind, width, height)


def _all() -> list[str]:
    return [one for endings in ENDINGS.values() for one in endings]


def _type(body: bytes) -> str | None:
    """Return the type by its signature."""
    match body[:4]:
        case b"\x89PNG":
            return "image/png" if body.startswith(b"\x89PNG\r\n\x1a\n") else None
        case b"GIF8":
            return "image/gif" if body[4:6] in (b"7a", b"9a") else None
        case b"RIFF":
            return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(body[8:12])
        case b"OggS":
            return "audio/ogg"
        case b"fLaC":
            return "audio/flac"
        case b"%PDF":
            return "application/pdf"
        case b"PK\x03\x04" | b"PK\x05\x06":
            return "application/zip"
        case b"\x1aE\xdf\xa3":
            return "video/webm" if b"webm" in body[:64] else None
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if body[4:8] == b"ftyp":
        return _BRANDS.get(body[8:12], "video/mp4")
    if body.startswith(b"ID3") or (body[0] == 0xFF and len(body) > 3 and body[1] & 0xE6 == 0xE2):
        return "audio/mpeg"
    return None


def _text(body: bytes, ending_: str) -> str | None:
    """Return the type of a text by its name: every text is one. Markup that a browser would run is none."""
    kind = next((kind for kind in _TEXTS if ending_ in ENDINGS[kind]), None)
    if kind is None:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    begin = text.lstrip("\ufeff \t\r\n")[:512].lower().encode()
    return None if "\0" in text or any(mark in begin for mark in _MARKUP) else kind


def _size(body: bytes) -> tuple[int, int]:
    """Return width and height in pixels, 0 where they cannot be told."""
    try:
        width, height = imagesize.get(io.BytesIO(body))
    except (
        ValueError,
        OSError,
        LookupError,
        TypeError,
        ArithmeticError,
        struct.error,
    ):  # a picture that is cut off or made up
        return 0, 0
    return max(0, int(width)), max(0, int(height))
