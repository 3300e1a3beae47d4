"""The links between nodes of a local cluster, led through this process so that they can be cut, reset and healed.

Owns one listener for each node, at the address that the node advertises. A link that is cut swallows nothing: bytes
wait, as behind packets that are sent again, and go on when it is healed. Knows who dials by the process that has the
socket (Linux, /proc). Where a node's own port is closed, its door here is closed as well: who dials a process that is
gone is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab.machines.sockets import inode_of, listening_ports

CHUNK_BYTES: Final = 65_536
LOOK_S: Final = 0.03

Pair = frozenset[str]


def holds(pid: int, inode: int) -> bool:
    """Tell whether a process has the socket of this inode."""
    named = f"socket:[{inode}]"
    with contextlib.suppress(OSError):  # it has ended, or closed one meanwhile
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(descriptor.readlink()) == named:
                    return True
    return False


class LinkDoor:
    """A node's link port as the others reach it. `behind` is where the node listens, `pid` its process now."""

    def __init__(self, address: str, behind: int, pid: Callable[[], int]) -> None:
        self.address = address
        self.behind = behind
        self.pid = pid
        self.server: asyncio.Server | None = None


class _Line:
    """One connection through a door: `target` is the node dialled, `dialler` who dials (empty: it has gone again)."""

    def __init__(self, target: str, dialler: str) -> None:
        self.target = target
        self.dialler = dialler
        self.writers: list[asyncio.StreamWriter] = []

    def joins(self, pair: Pair) -> bool:
        """Tell whether it is a link between these two."""
        return pair == {self.dialler, self.target}

    def reset(self) -> None:
        """End both halves at once."""
        for writer in self.writers:
            found = writer.get_extra_info("socket")
            if found is not None:
                with contextlib.suppress(OSError, ValueError):  # it has ended by itself
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()


class LinkMesh:
    """All doors of a cluster. `add` before the node starts; `close` at the end."""

    def __init__(self) -> None:
        self._doors: dict[str, LinkDoor] = {}
        self._lines: set[_Line] = set()
        self._cut: set[Pair] = set()
        self._healed = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def add(self, address: str, behind: int, pid: Callable[[], int]) -> None:
        """Lead what is sent to `address` (HOST:PORT) to the port `behind`, while somebody listens there."""
        self._doors[address] = LinkDoor(address, behind, pid)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="doors of the links")

    async def close(self) -> None:
        """End every line and listen no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        self.heal()
        for line in list(self._lines):
            line.reset()
        for door in self._doors.values():
            if door.server is not None:
                door.server.close()

    # ---- what is done to links

    def others(self, node: str) -> list[Pair]:
        """Return the pairs of a node with each other one."""
        return [frozenset((node, other)) for other in self._doors if other != node]

    def cut(self, pairs: Sequence[Pair]) -> None:
        """Let nothing through between these nodes until `heal`."""
        self._cut.update(pairs)

    def heal(self) -> None:
        """Let everything through again."""
        self._cut.clear()
        event, self._healed = self._healed, asyncio.Event()
        event.set()

    def reset(self, pairs: Sequence[Pair]) -> int:
        """End the connections between these nodes with a reset; return how many there were."""
        found = [line for line in self._lines if any(line.joins(pair) for pair in pairs)]
        for line in found:
            line.reset()
        return len(found)

    # ---- doors and lines

    async def _look(self) -> None:
        while True:
            listening = listening_ports()
            for door in self._doors.values():
                if door.behind in listening and door.server is None:
                    host, _, port = door.address.rpartition(":")
                    came = functools.partial(self._came, door)
                    door.server = await asyncio.start_server(came, host, int(port))
                elif door.behind not in listening and door.server is not None:
                    door.server.close()
                    door.server = None
            await asyncio.sleep(LOOK_S)

    async def _came(self, door: LinkDoor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inode = inode_of(writer.get_extra_info("peername"), writer.get_extra_info("sockname"))
        others = ((at, other) for at, other in self._doors.items() if inode and other is not door)
        dialler = next((at for at, other in others if holds(other.pid(), inode)), "")
        line = _Line(door.address, dialler)
        line.writers.append(writer)
        self._lines.add(line)
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", door.behind)
            line.writers.append(outer)
            ways = [
                asyncio.create_task(self._lead(line, reader, outer), name=f"to {door.address}"),
                asyncio.create_task(self._lead(line, inner, writer), name=f"from {door.address}"),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)
        except OSError:
            pass  # the node has just gone: who dialled finds the line reset
        finally:
            self._lines.discard(line)
            line.reset()

    async def _lead(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                while any(line.joins(pair) for pair in self._cut):
                    await self._healed.wait()
                writer.write(data)
                await writer.drain()
