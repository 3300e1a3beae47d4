"""A device's keys: never the same twice, over any number of runs and crashes."""

from __future__ import annotations

from pathlib import Path

from huntserver.client import Device


def test_no_key_is_used_twice_over_runs_that_end_without_a_word(tmp_path: Path) -> None:
    seen: set[tuple[str, int]] = set()
    for _ in range(5):
        device = Device(tmp_path / "device")
        for _ in range(130):
            key = (device.epoch, device.next())
            assert key not in seen
            seen.add(key)


def test_a_broken_file_makes_a_new_epoch(tmp_path: Path) -> None:
    (tmp_path / "device").write_text("{")
    assert Device(tmp_path / "device").epoch != Device(tmp_path / "other").epoch
