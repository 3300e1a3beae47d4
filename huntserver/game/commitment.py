"""What a hunt's answers and draws are, committed to before play begins: a hash that is shown, of what is not. Pure.

    commitment = SHA-256("huntserver commitment 1 " + secret + " " + hex(SHA-256(definition, JSON text in normal form)))

The secret is drawn when the hunt is published and shown by nobody before the end (a bundle has it): without it, nobody
finds an answer by trying. What teams draw follows from it. An amended definition is committed to anew, with its time.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from actors.entity import Context


class Committed(msgspec.Struct, array_like=True):
    """What was committed to: the secret, and every commitment, as (ms, hex)."""

    secret: str
    made: list[tuple[int, str]]


def secret_of(ctx: Context) -> str:
    """Draw a secret: 159 bits, hex."""
    return "".join(f"{ctx.roll():014x}" for _ in range(3))


def commitment(secret: str, definition: str) -> str:
    """Return the commitment to a definition, hex."""
    text = f"huntserver commitment 1 {secret} {sha256(definition.encode()).hexdigest()}"
    return sha256(text.encode()).hexdigest()


def seed_of(secret: str) -> int:
    """Return the seed of what teams draw, 53 bits."""
    return int.from_bytes(sha256(f"huntserver draws 1 {secret}".encode()).digest()[:7], "big") >> 3
