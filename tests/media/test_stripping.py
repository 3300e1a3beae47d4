"""Photos as they are kept: upright, of a bounded size, and nothing beside the picture."""

from __future__ import annotations

import hashlib
import io

import pytest
from PIL import Image

from huntserver.media.stripping import NO_PICTURE, PIXELS_MAX, SIDE_MAX, stripped
from tests.media.test_sniffing import BODIES, png

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
        red, _, blue = shown.convert("RGB").getpixel((600, 1000))
        assert red < 20 < 100 < blue
    assert stripped(sent) == kept, "the same photo is the same medium"


def test_what_shines_through_is_white() -> None:
    out = io.BytesIO()
    Image.new("LA", (40, 30), (0, 0)).save(out, "PNG")
    kept = stripped(out.getvalue())
    assert not isinstance(kept, str)
    with Image.open(io.BytesIO(kept.body)) as shown:
        assert min(shown.getpixel((20, 15))) > 250


def test_what_is_no_picture_or_too_large_is_named() -> None:
    cut = photo()[:2000]
    for body in (b"", b"hello", cut, BODIES["application/pdf"], BODIES["video/mp4"], BODIES["image/gif"]):
        assert stripped(body) == NO_PICTURE, body[:20]
    side = int(PIXELS_MAX**0.5) + 10
    said = stripped(png(side, side))
    assert isinstance(said, str)
    assert f"{side} x {side} pixels, allowed are 50 million" in said
    assert stripped(png(30_000, 30_000)) == NO_PICTURE or "pixels" in str(stripped(png(30_000, 30_000)))
