"""What a file is, by its bytes."""

from __future__ import annotations

import struct
import zlib

import pytest

from huntserver.game.media import ENDINGS
from huntserver.media.sniffing import Sniffed, sniffed


def png(width: int, height: int) -> bytes:
    """Return a picture of one grey."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


BODIES = {
    "image/png": png(3, 2),
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/gif": b"GIF89a\x03\x00\x02\x00\x00\x00\x00",
    "image/webp": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "image/avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "audio/ogg": b"OggS\x00\x02",
    "audio/wav": b"RIFF\x10\x00\x00\x00WAVEfmt ",
    "audio/mp4": b"\x00\x00\x00\x1cftypM4A \x00\x00\x00\x00",
    "audio/flac": b"fLaC\x00\x00\x00\x22",
    "video/mp4": b"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00",
    "video/webm": b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm",
    "application/pdf": b"%PDF-1.7\n",
    "application/zip": b"PK\x03\x04\x14\x00",
    "text/plain": "Grüße\n".encode(),
    "text/csv": b"a,b\n1,2\n",
    "application/gpx+xml": b'<?xml version="1.0"?>\n<gpx version="1.1"/>',
}


def test_every_type_that_is_taken_is_known_by_its_bytes() -> None:
    assert BODIES.keys() == ENDINGS.keys()
    for kind, body in BODIES.items():
        for ending in ENDINGS[kind]:
            seen = sniffed(f"x.{ending}", body)
            assert isinstance(seen, Sniffed), seen
            assert seen.type == kind


def test_pictures_have_their_size() -> None:
    assert sniffed("x.png", png(3, 2)) == Sniffed("image/png", 3, 2)
    assert sniffed("x.gif", BODIES["image/gif"]) == Sniffed("image/gif", 3, 2)
    assert sniffed("x.png", png(3, 2)[:20]) == Sniffed("image/png")  # cut off: shown without one


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("gate.jpg", png(1, 1), "its bytes are image/png; name it gate.png"),
        ("gate.svg", b"<svg onload='x'/>", "is no picture, sound, video or file of a type that is taken"),
        ("page.txt", b"\n<!DOCTYPE html><script>", "is no picture"),
        ("run.png", b"MZ\x90\x00", "is no picture"),
        ("data.txt", b"a\0b", "is no picture"),
        ("x.png", b"", "is empty"),
        ("../x.png", png(1, 1), "a name has letters"),
        ("gate one.png", png(1, 1), "a name has letters"),
        ("wide.png", png(20_001, 1), "20001 x 1 pixels, allowed are 20000 a side"),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_named_with_the_cure(name: str, body: bytes, said: str) -> None:
    assert said in str(sniffed(name, body))
