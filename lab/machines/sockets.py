"""Which TCP ports of this machine are listened on, and which socket has a port: asked of the kernel by netlink (Linux).

`/proc/net/tcp` says the same, but to read it the kernel walks its whole table, some 10 ms each time: at 30 readings a
second that is a third of a campaign's loop. Sources: `sock_diag(7)`, `linux/inet_diag.h`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST: Final = 0x001
_DUMP: Final = 0x300
_HEADER: Final = struct.Struct("=IHHII")  # length, type, flags, seq, port id
_ASKED: Final = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ID: Final = struct.Struct("!HH4s12x4s12x")  # source port, destination port, their addresses
_REST: Final = struct.Struct("=I8s")  # interface, cookie
_ANY_COOKIE: Final = b"\xff" * 8
_LISTEN: Final = 1 << 10
_EVERY_STATE: Final = 0xFFF
_INODE_AT: Final = 4 + _ID.size + _REST.size + 16  # of an answer: after state, id, expiry, queues and user


def listening_ports() -> set[int]:
    """Return the TCP ports (of IPv4) that somebody on this machine listens on. Raises `OSError`."""
    nobody = ("0.0.0.0", 0)
    return {_ID.unpack_from(answer, 4)[0] for answer in _ask(_DUMP, _LISTEN, nobody, nobody)}


def inode_of(local: tuple[str, int], remote: tuple[str, int]) -> int:
    """Return the inode of the socket between these addresses (host, port), 0 when there is none. Raises `OSError`."""
    for answer in _ask(0, _EVERY_STATE, local, remote):
        return int(struct.unpack_from("=I", answer, _INODE_AT)[0])
    return 0


def _ask(flags: int, states: int, local: tuple[str, int], remote: tuple[str, int]) -> Iterator[bytes]:
    id = _ID.pack(local[1], remote[1], socket.inet_aton(local[0]), socket.inet_aton(remote[0]))
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, states) + id + _REST.pack(0, _ANY_COOKIE)
    length = _HEADER.size + len(asked)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.send(_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _REQUEST | flags, 0, 0) + asked)
        while True:
            told = kernel.recv(1 << 18)
            while told:
                size, kind, *_ = _HEADER.unpack_from(told)
                if kind != _SOCK_DIAG_BY_FAMILY:  # done, or an error: there is none
                    return
                yield told[_HEADER.size : size]
                told = told[(size + 3) & ~3 :]
            if not flags:
                return
