"""What every store of media keeps to."""

from __future__ import annotations

import hashlib

import pytest

from huntserver.media.store import MediaStore, MediaStoreError

BODY = bytes(range(256)) * 40
DIGEST = hashlib.sha256(BODY).hexdigest()


class StoreContract:
    """Subclass it with a fixture `store`."""

    def test_what_is_written_is_read_in_any_part(self, store: MediaStore) -> None:
        assert not store.holds(DIGEST)
        store.write(DIGEST, BODY)
        store.write(DIGEST, BODY)
        assert store.holds(DIGEST)
        for start, stop in ((0, len(BODY)), (0, 1), (5000, 5100), (len(BODY) - 1, len(BODY))):
            assert store.read(DIGEST, start, stop) == BODY[start:stop]

    def test_what_is_not_there_is_said(self, store: MediaStore) -> None:
        with pytest.raises(MediaStoreError):
            store.read("0" * 64, 0, 1)
        assert not store.holds("0" * 64)

    def test_what_is_held_is_listed_with_its_size_and_removed_unless_it_was_written_again(
        self, store: MediaStore
    ) -> None:
        store.write(DIGEST, BODY)
        (held,) = store.held()
        assert held[:2] == (DIGEST, len(BODY))
        assert not store.remove(held._replace(written_s=held.written_s - 10)), "somebody has written it since"
        assert store.remove(held)
        assert store.remove(held), "it is gone, whoever removed it"
        assert list(store.held()) == []
        assert not store.holds(DIGEST)
