"""Disks that can be hurt: a small tmpfs that is filled, and an ext4 image on a loop device whose power is cut.

Owns the mount it made, named after this process; what a killed campaign left is unmounted first. Needs root. The disk
hangs on a shared mount: who makes itself a mount namespace meanwhile (`ip netns exec` of another campaign) would else
keep it mounted when it is unmounted here, and a disk whose power was cut would never come back. The power cut is ext4's
own ioctl EXT4_IOC_SHUTDOWN with "do not flush": from then on nothing reaches the disk, and what was not forced to it
before is gone when the image is mounted again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

EXT4_IOC_SHUTDOWN: Final = 0x8004587D
NO_LOG_FLUSH: Final = 2
PREFIX: Final = "huntserver-chaos-"
BALLAST: Final = "ballast"


def missing(kind: str) -> str:
    """Return why this machine cannot mount such a disk ("tmpfs" or "ext4"), or ""."""
    if os.geteuid() != 0:
        return f"mounting a {kind} needs root"
    tools = ("mount", "umount") if kind == "tmpfs" else ("mount", "umount", "mkfs.ext4", "losetup")
    lacking = [tool for tool in tools if not shutil.which(tool)]
    if lacking:
        return f"a {kind} needs the command {lacking[0]}"
    if kind == "ext4" and not Path("/dev/loop-control").exists():
        return "this machine has no loop devices"
    return ""


class Disk:
    """A mounted disk of `mib` mebibytes at `folder/disk`. `kind`: tmpfs or ext4."""

    def __init__(self, folder: Path, kind: str, mib: int) -> None:
        self.kind = kind
        self._holder = folder / "disks"
        self.path = self._holder / "disk"
        self._image = folder / "disk.img"
        self._mib = mib
        self._holder.mkdir(exist_ok=True)

    def make(self) -> None:
        """Make and mount it. Raises OSError with the words of the tool that failed."""
        _run("mount", "--bind", str(self._holder), str(self._holder))
        _run("mount", "--make-shared", str(self._holder))
        self.path.mkdir(exist_ok=True)
        if self.kind == "ext4":
            with self._image.open("wb") as image:
                image.truncate(self._mib << 20)
            _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0", str(self._image))
        self.mount()

    def mount(self) -> None:
        """Mount it; ext4 replays its journal. Raises OSError, also when it is still the disk whose power was cut."""
        if self.kind == "tmpfs":
            _run("mount", "-t", "tmpfs", "-o", f"size={self._mib}m", f"{PREFIX}{os.getpid()}", str(self.path))
        else:
            _run("mount", "-o", "loop", str(self._image), str(self.path))
        (self.path / BALLAST).unlink(missing_ok=True)  # fails on a disk without power

    def unmount(self) -> None:
        """Unmount it. Raises OSError while something has files open there."""
        _run("umount", str(self.path))

    def cut_power(self) -> None:
        """From now on nothing reaches the disk. Raises OSError where the file system does not know the ioctl."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def fill(self) -> None:
        """Take every byte that is left."""
        with (self.path / BALLAST).open("ab") as file:
            while True:
                stat = os.statvfs(self.path)
                size = max(4096, stat.f_bavail * stat.f_frsize // 2)
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:
                    if size <= 4096:
                        return

    def free(self) -> None:
        """Give it back."""
        (self.path / BALLAST).unlink(missing_ok=True)

    def remove(self) -> None:
        """Unmount and forget it, also after a failure."""
        release(self._holder.parent)


def release(folder: Path) -> None:
    """Unmount what a disk of that folder left mounted, if anything."""
    for path in (folder / "disks" / "disk", folder / "disks"):
        subprocess.run(["umount", str(path)], capture_output=True, check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
