"""Photos as they are kept: upright, of a bounded size, and nothing beside the picture."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from huntserver.media.stripping import NO_PICTURE, PIXELS_MAX, SIDE_MAX, stripped
from tests.media.test_sniffing import BODIES

GPS, ORIENTATION, TURNED = 0x8825, 0x0112, 6
SECRET = b"secret place"


def photo(kind: str = "JPEG", width: int = 3000, height: int = 2000) -> bytes:
    """Return a photo of a phone that was held upright, with where it was taken written in every way."""
    picture = Image.new("RGB", (width, height), "navy")
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(GPS)[29] = SECRET.decode()
    out = io.BytesIO()
    beside = {"comment": SECRET, "xmp": b"<x:xmpmeta>" + SECRET} if kind == "JPEG" else {}
    picture.save(out, kind, exif=exif, **beside)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_upright_and_small_without_where_it_was_taken(kind: str) -> None:
    sent = photo(kind)
    assert SECRET in sent
    kept = stripped(sent)
    assert not isinstance(kept, str)
    assert (kept.width, kept.height) == (1365, SIDE_MAX)
    assert kept.digest == hashlib.sha256(kept.body).hexdigest()
    assert [mark for mark in (SECRET, b"Exif", b"xmpmeta", b"GPS") if mark in kept.body] == []
    with Image.open(io.BytesIO(kept.body)) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (1365, SIDE_MAX), {})
        assert shown.convert("RGB").crop((600, 1000, 601, 1001)).tobytes()[2] > 100, "it is blue"
    assert stripped(sent) == kept, "the same photo is the same medium"


def header_of(side: int) -> bytes:
    """Return the beginning of a PNG that says it has so many pixels a side."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", b"")]
    parts = [struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_what_shines_through_is_white() -> None:
    out = io.BytesIO()
    Image.new("LA", (40, 30), (0, 0)).save(out, "PNG")
    kept = stripped(out.getvalue())
    assert not isinstance(kept, str)
    with Image.open(io.BytesIO(kept.body)) as shown:
        assert min(shown.tobytes()) > 250


def test_what_is_no_picture_or_too_large_is_named() -> None:
    cut = photo()[:2000]
    for body in (b"", b"hello", cut, BODIES["application/pdf"], BODIES["video/mp4"], BODIES["image/gif"]):
        assert stripped(body) == NO_PICTURE, body[:20]
    side = int(PIXELS_MAX**0.5) + 10
    said = stripped(header_of(side))
    assert isinstance(said, str)
    assert f"{side} x {side} pixels, allowed are 50 million" in said
    assert stripped(header_of(30_000)) == NO_PICTURE, "a bomb"
