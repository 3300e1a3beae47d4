"""Photos as they are kept: the picture alone, upright, of a bounded size; nothing that a camera writes beside it.

Where a photo was taken, when and by which device (EXIF, XMP, IPTC, comments, thumbnails) is left out, because the
picture is drawn anew. Blocks; called in a thread.
"""

from __future__ import annotations

import hashlib
import io
from typing import Final, NamedTuple

from PIL import Image, ImageOps

FORMATS: Final = ("JPEG", "PNG", "WEBP")
PIXELS_MAX: Final = 50_000_000
"""Of what is sent: more than phones' cameras make, and 150 MB while it is drawn anew."""
SIDE_MAX: Final = 2048
"""Pixels of the longer side of what is kept."""
QUALITY: Final = 85
PROFILE_BYTES_MAX: Final = 4096
"""A colour profile of a phone has some 500 bytes; a longer one is left out, and colours are taken as sRGB."""
NO_PICTURE: Final = "this is no picture that can be read; JPEG, PNG and WebP are taken"


class Stripped(NamedTuple):
    """A photo as it is kept, a JPEG: its bytes, their SHA-256, sides in pixels."""

    body: bytes
    digest: str
    width: int
    height: int


def stripped(body: bytes) -> Stripped | str:
    """Return a photo as it is kept, or what is wrong with it, and what to do."""
    try:
        with Image.open(io.BytesIO(body), formats=FORMATS) as opened:
            width, height = opened.size
            if width * height > PIXELS_MAX:
                most = PIXELS_MAX // 1_000_000
                return f"the picture has {width} x {height} pixels, allowed are {most} million; make it smaller"
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is read as small as will do
            return _drawn_anew(opened)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return NO_PICTURE


def _drawn_anew(opened: Image.Image) -> Stripped:
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    picture.thumbnail((SIDE_MAX, SIDE_MAX))
    if picture.mode != "RGB":
        seen = picture.convert("RGBA")
        picture = Image.new("RGB", seen.size, "white")
        picture.paste(seen, mask=seen.getchannel("A"))
    picture.info = {}
    out = io.BytesIO()
    kept = profile if isinstance(profile, bytes) and len(profile) <= PROFILE_BYTES_MAX else None
    picture.save(out, "JPEG", quality=QUALITY, optimize=True, icc_profile=kept)
    made = out.getvalue()
    return Stripped(made, hashlib.sha256(made).hexdigest(), *picture.size)
