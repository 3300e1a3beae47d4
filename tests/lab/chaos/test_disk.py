"""The disks of campaigns that can be hurt."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.machines.disk import Disk, missing


def test_a_disk_comes_back_though_others_made_themselves_a_mount_namespace(tmp_path: Path) -> None:
    """As `ip netns exec` of a campaign beside this one does: what it copied would keep the disk as it was."""
    if why := missing("ext4"):
        pytest.skip(why)
    disk = Disk(tmp_path, "ext4", 16)
    disk.make()
    other = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", "echo here; read _"]
    with subprocess.Popen(other, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as beside:
        assert beside.stdin is not None
        assert beside.stdout is not None
        try:
            assert beside.stdout.readline() == b"here\n"
            (disk.path / "kept").write_text("before")
            disk.cut_power()
            with pytest.raises(OSError, match="Input/output error"):
                (disk.path / "lost").write_text("after")
            disk.unmount()
            disk.mount()
            (disk.path / "new").write_text("after")
        finally:
            beside.stdin.close()
            disk.remove()
    assert list(disk.path.iterdir()) == []
