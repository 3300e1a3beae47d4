"""A key for every person, out of one small ring, each of which can be destroyed for good. Pure but for its cache.

A tree of seeds in the manner of Goldreich, Goldwasser and Micali: each inner seed gives sixteen, a person's key is the
leaf that a digest of the id leads to. Who holds the root can make every key, so that no key has to be stored, sent to
another node, or be durable before it is used. To destroy one key is to *puncture* the ring: the seeds above it are
replaced by the seeds beside its path. All other keys can still be made; this one cannot, by anybody.

What is sealed is sealed with AES-SIV (RFC 5297): equal texts of one person look equal, and no nonce can be used twice.
Never writes a file (`ring_file`), never knows what a hunt is.
"""

from __future__ import annotations

import binascii
from hashlib import blake2b, blake2s
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

DEPTH: Final = 16
"""Steps of four bits: 64 bits of digest. Of a million ids, two share a leaf with a chance of one in 30 million."""
NIBBLES: Final = "0123456789abcdef"
SEED_BYTES: Final = 32
KEYS_KEPT: Final = 50_000
"""Keys in memory; one that is not there costs some 12 us to make."""
ID_LETTERS: Final = 4


class WrongRing(ValueError):
    """Something is sealed under a ring that is not this one, or is damaged. The text names both rings."""


class RingState(msgspec.Struct, frozen=True, kw_only=True):
    """A ring as it is stored. `salt` leads from ids to leaves, `seeds` are by path from the root, in hex digits.

    `barred` are ids whose erasure has begun: their keys are still there, they come in no more. `gone` are the leaves
    that were destroyed: copies of a ring tell each other by them.
    """

    version: int = 1
    salt: bytes
    seeds: dict[str, bytes]
    barred: list[str] = []
    gone: list[str] = []


class KeyRing:
    """Keys of persons, and of other *holders* of what may have to be erased: any text names one."""

    def __init__(self, state: RingState) -> None:
        self._keys: dict[str, AESSIV | None] = {}
        self.become(state)

    def become(self, state: RingState) -> None:
        """Take over another state of the ring. Raises ValueError for one that cannot be read."""
        if state.version != 1 or not all(len(seed) == SEED_BYTES for seed in state.seeds.values()):
            raise ValueError("these are no seeds that this version knows")
        self._salt = state.salt
        self._seeds = dict(state.seeds)
        self._barred = set(state.barred)
        self._gone = set(state.gone)
        self._keys.clear()
        self.id = blake2s(state.salt, person=b"ring").hexdigest()[:ID_LETTERS]

    def state(self) -> RingState:
        """Return the ring as it is stored."""
        return RingState(
            salt=self._salt, seeds=dict(sorted(self._seeds.items())), barred=self.barred(), gone=self.gone()
        )

    def barred(self) -> list[str]:
        """Return the ids whose erasure has begun."""
        return sorted(self._barred)

    def gone(self) -> list[str]:
        """Return the leaves that were destroyed; they tell nothing of whose they were but to who has the ring."""
        return sorted(self._gone)

    # ---- keys

    def _path(self, holder: str) -> str:
        return blake2s(holder.encode(), key=self._salt, digest_size=DEPTH // 2).hexdigest()

    def _above(self, path: str) -> str | None:
        """Return the path of the seed that a leaf is made from, None if there is none any more."""
        seeds = self._seeds
        return next((path[:depth] for depth in range(DEPTH + 1) if path[:depth] in seeds), None)

    def _key(self, holder: str) -> AESSIV | None:
        path = self._path(holder)
        above = self._above(path)
        if above is None:
            return None
        seed = self._seeds[above]
        for nibble in path[len(above) :]:
            seed = _child(seed, nibble)
        return AESSIV(blake2b(seed, digest_size=64, person=b"holder").digest())

    def _kept_key(self, holder: str) -> AESSIV | None:
        keys = self._keys
        key = self._key(holder)
        if len(keys) >= KEYS_KEPT:
            del keys[next(iter(keys))]
        keys[holder] = key
        return key

    def destroy(self, holder: str) -> bool:
        """Puncture the ring: the holder's key can never be made again. Returns False if it could not before."""
        return self.destroy_leaf(self._path(holder))

    def destroy_leaf(self, path: str) -> bool:
        """Puncture the ring at a leaf. Raises ValueError for what is none."""
        if len(path) != DEPTH or not set(path) <= set(NIBBLES):
            raise ValueError(f"{path[:40]!r} is no leaf")
        self._keys.clear()
        self._barred = {person for person in self._barred if self._path(person) != path}
        self._gone.add(path)
        above = self._above(path)
        if above is None:
            return False
        seed = self._seeds.pop(above)
        for depth in range(len(above), DEPTH):
            at, on = path[:depth], path[depth]
            self._seeds.update({at + nibble: _child(seed, nibble) for nibble in NIBBLES if nibble != on})
            seed = _child(seed, on)
        return True

    def is_destroyed(self, holder: str) -> bool:
        """Tell whether the holder's key cannot be made any more."""
        return self._above(self._path(holder)) is None

    def bar(self, person: str) -> None:
        """Note that a person's erasure has begun."""
        if not self.is_destroyed(person):
            self._barred.add(person)

    def is_erased(self, person: str) -> bool:
        """Tell whether a person is erased, or is being erased: nobody comes in under this id."""
        return person in self._barred or self.is_destroyed(person)

    # ---- sealing

    def seal(self, holder: str, plain: bytes) -> str:
        """Return the bytes sealed under the holder's key, as text; "" if that key is destroyed: nothing is kept."""
        keys = self._keys
        key = keys[holder] if holder in keys else self._kept_key(holder)
        if key is None:
            return ""
        return self.id + binascii.b2a_base64(key.encrypt(plain, None), newline=False).decode()

    def open(self, holder: str, sealed: str) -> bytes | None:
        """Return what was sealed; None if the key is destroyed. Raises `WrongRing` for another ring's, or damage."""
        if sealed[:ID_LETTERS] != self.id:
            raise WrongRing(
                f"sealed under the key ring {sealed[:ID_LETTERS]!r}, this server has {self.id!r}: "
                "give it the key file that this log was written with ([privacy] key_file)"
            )
        keys = self._keys
        key = keys[holder] if holder in keys else self._kept_key(holder)
        if key is None:
            return None
        try:
            return key.decrypt(binascii.a2b_base64(sealed[ID_LETTERS:]), None)
        except (InvalidTag, ValueError) as error:
            raise WrongRing(f"what is sealed under the key of {holder!r} is damaged") from error


def _child(seed: bytes, nibble: str) -> bytes:
    return blake2s(nibble.encode(), key=seed).digest()


def new_ring(salt: bytes, root: bytes) -> KeyRing:
    """Return a ring with all keys, of 32 random bytes each."""
    return KeyRing(RingState(salt=salt, seeds={"": root}))
