"""A device's keys: never the same twice, over any number of runs and crashes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from huntserver.client import Device


def next_key(device: Device) -> tuple[str, int]:
    device.used(device.n + 1)
    return device.epoch, device.n


def test_no_key_is_used_twice_over_runs_that_end_without_a_word(tmp_path: Path) -> None:
    seen: set[tuple[str, int]] = set()
    epochs = set()
    for _ in range(5):
        device = Device(tmp_path / "device")
        epochs.add(device.epoch)
        for _ in range(130):
            key = next_key(device)
            assert key not in seen
            seen.add(key)
        device.close()
    assert len(epochs) == 1


def test_two_runs_at_once_are_two_devices(tmp_path: Path) -> None:
    one, two = Device(tmp_path / "device"), Device(tmp_path / "device")
    keys = [next_key(device) for _ in range(150) for device in (one, two)]
    assert len(set(keys)) == 300
    epoch = one.epoch
    one.close()
    two.close()
    with closing(Device(tmp_path / "device")) as again:
        assert again.epoch == epoch


def test_a_broken_file_makes_a_new_epoch(tmp_path: Path) -> None:
    (tmp_path / "device").write_text("{")
    with closing(Device(tmp_path / "device")) as one, closing(Device(tmp_path / "other")) as other:
        assert one.epoch != other.epoch
