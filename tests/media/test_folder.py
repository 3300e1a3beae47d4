"""Media in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from huntserver.config import Config, ConfigError, MediaChoice
from huntserver.media.folder import FolderStore
from huntserver.media.store import MediaStore, MediaStoreError, NoRoomError
from huntserver.media.stores import media_store
from tests.media.contract import BODY, DIGEST, StoreContract


class TestFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> MediaStore:
        return FolderStore(tmp_path / "media", spare_bytes=0)


def test_a_disk_that_is_nearly_full_keeps_room_for_the_log(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, spare_bytes=shutil.disk_usage(tmp_path).total)
    with pytest.raises(NoRoomError, match="stay so for the log"):
        store.write(DIGEST, BODY)
    assert list(tmp_path.rglob("*")) == [tmp_path / DIGEST[:2]]


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NoRoomError, match="cannot be written"):
        FolderStore(tmp_path / "file").write(DIGEST, BODY)


def test_a_file_that_was_cut_off_is_not_served_as_if_it_were_whole(tmp_path: Path) -> None:
    store = FolderStore(tmp_path, spare_bytes=0)
    store.write(DIGEST, BODY)
    (tmp_path / DIGEST[:2] / DIGEST).write_bytes(BODY[:10])
    with pytest.raises(MediaStoreError, match="ends before byte 100"):
        store.read(DIGEST, 0, 100)


def test_a_store_that_is_a_file_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("x")
    with pytest.raises(ConfigError, match="which is a file; name a folder"):
        media_store(Config(media=MediaChoice(store=f"folder:{tmp_path / 'taken'}")))
