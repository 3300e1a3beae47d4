"""Every bound of the server towards its clients, in one table with units and reasons; overridden in `[limits]`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from actors.shard.dedup import ANSWERS_MAX


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds. Names end in their unit."""

    frame_bytes_max: int = 16 * 1024
    request_head_bytes_max: int = 8 * 1024
    definition_bytes_max: int = 640 * 1024
    hello_s: float = 10.0
    http_s: float = 30.0
    hello_bytes_max: int = 24 * 1024
    commands_per_s: float = 20.0
    commands_burst: int = 40
    command_bytes_mean: int = 4 * 1024
    control_frames_per_s: float = 10.0
    control_frames_burst: int = 100
    unanswered_max: int = 16
    floors_max: int = 64
    bad_frames_max: int = 20
    rate_refusals_max: int = 200
    connections_max: int = 50_000
    connections_per_address: int = 20_000
    connections_per_player: int = 8
    connections_per_link: int = 500
    sockets_waiting_per_address: int = 512
    sockets_per_s_per_address: float = 2_000.0
    handshakes_per_s: float = 5_000.0
    handshakes_per_s_per_address: float = 1_000.0
    guests_per_minute: float = 1_200.0
    uploads_per_minute: float = 120.0
    wrong_codes_burst_per_player: int = 10
    wrong_codes_per_minute_per_player: float = 2.0
    wrong_codes_burst_per_address: int = 200
    wrong_codes_per_minute_per_address: float = 30.0
    wrong_invites_burst_per_hunt: int = 1_000
    wrong_invites_per_minute_per_hunt: float = 300.0
    sign_ins_per_minute: float = 20.0
    bodies_bytes_max: int = 32 * 1024 * 1024
    bodies_bytes_per_address: int = 4 * 1024 * 1024
    medium_bytes_max: int = 32 * 1024 * 1024
    photo_bytes_max: int = 16 * 1024 * 1024
    media_bodies_bytes_max: int = 96 * 1024 * 1024
    media_bytes_per_s: int = 16 * 1024
    media_served_max: int = 256
    outbox_soft_bytes: int = 64 * 1024
    outbox_hard_bytes: int = 1024 * 1024
    outbox_behind_s: float = 10.0
    ring_bytes_max: int = 16 * 1024 * 1024
    rings_bytes_max: int = 256 * 1024 * 1024
    tail_pushes_max: int = 300
    tail_bytes_max: int = 256 * 1024
    slice_sockets: int = 64
    news_ms: int = 100
    news_listeners: int = 8
    board_ms: int = 250
    board_teams_ms: int = 5000
    board_rows: int = 50
    ping_s: float = 30.0
    silence_s: float = 120.0
    goodbye_s: float = 2.0
    drain_s: float = 5.0
    hunts_per_session: int = 20


REASONS: dict[str, str] = {
    "frame_bytes_max": "a command is small; larger things go up by PUT",
    "request_head_bytes_max": "a handshake is small",
    "definition_bytes_max": "500 clues with texts of 1 KB and hints; a definition is one record, of 800 KB at most",
    "hello_s": "a connection that says nothing costs memory",
    "commands_per_s": "a person does not do more",
    "commands_burst": "an offline outbox that is sent at once",
    "hello_bytes_max": "before hello nothing else is said: more is not read",
    "command_bytes_mean": "times the rate of commands: bytes of a connection; past them it is read more slowly",
    "control_frames_per_s": "pings, pongs and fragments: a client sends one now and then",
    "control_frames_burst": "the same, at once; past it the connection is closed",
    "unanswered_max": "nothing queues without a bound; also the width of the key window, at most 16",
    "floors_max": "hunts of which a session remembers how far it has seen",
    "bad_frames_max": "a broken client is told often enough",
    "rate_refusals_max": "in a row: then the client is not listening and is told to come back later",
    "http_s": "a definition over a slow line, and its answer",
    "connections_max": "memory: some 10 KiB a connection",
    "connections_per_address": "schools and phone networks share addresses",
    "connections_per_player": "devices of one person",
    "connections_per_link": "screens and guests that watch a board by one link",
    "handshakes_per_s": "a handshake costs 0.1-0.3 ms; storms are spread with 503",
    "sockets_waiting_per_address": "sockets without hello: past it the oldest makes way, after a second",
    "sockets_per_s_per_address": "a socket costs descriptors and a turn, whatever it says",
    "handshakes_per_s_per_address": "a school behind one address comes back at once; nobody else waits for it",
    "wrong_codes_burst_per_player": "wrong invite and pairing codes in a hunt that one may type at once",
    "wrong_codes_per_minute_per_player": "the same, after that: a person reads the code again",
    "wrong_codes_burst_per_address": "codes of clues and check-ins too: a school mistypes, many guests try codes",
    "wrong_codes_per_minute_per_address": "the same, after that: four digits take five hours",
    "wrong_invites_burst_per_hunt": "of all addresses together, until those that had a wrong one wait",
    "wrong_invites_per_minute_per_hunt": "the same, after that: one of 200 teams is found in 300 hours",
    "uploads_per_minute": "per address: a definition costs milliseconds to check",
    "sign_ins_per_minute": "per address: a host signs in once a week, and codes cannot be guessed",
    "bodies_bytes_max": "memory for bodies that are on their way, of all",
    "bodies_bytes_per_address": "the same, of one address",
    "medium_bytes_max": "a picture of a phone has 3 to 8 MB, a minute of video at 4 Mbit/s 30 MB",
    "photo_bytes_max": "a photo that a team sends; the page makes it 2,048 pixels wide first, some 500 KB",
    "media_bodies_bytes_max": "memory for media and photos that are sent, of all; before that one is told to wait",
    "media_bytes_per_s": "a host that sends a medium more slowly than this gives the place to others",
    "media_served_max": "media that are on their way to players at once, each with 128 KiB of memory; then 503",
    "guests_per_minute": "per address: a school of 1,000; a guest leaves nothing in the log before the first join",
    "outbox_soft_bytes": "past it conflated state is dropped and a snapshot follows",
    "outbox_hard_bytes": "past it the client is told to come back",
    "outbox_behind_s": "the same, by time",
    "ring_bytes_max": "per hunt: what a resume can be answered from",
    "rings_bytes_max": "all hunts together: rings nobody listens to go first",
    "tail_pushes_max": "a longer tail is slower to apply than a snapshot",
    "tail_bytes_max": "the same, by size",
    "slice_sockets": "a broadcast in one go blocks the loop for milliseconds",
    "news_ms": "what other teams did is told to many at most so often, all of it in one write a socket",
    "news_listeners": "so few are told each thing as it happens: nothing is won by waiting",
    "board_ms": "the leaderboard is conflated to this",
    "board_teams_ms": "the same, when only teams without points have come",
    "board_rows": "rows of the leaderboard that everybody gets",
    "ping_s": "phones and proxies drop silent connections",
    "silence_s": "no frame of any kind for so long: gone",
    "goodbye_s": "a closed socket is read on for so long, so that the close code is not lost to a reset",
    "drain_s": "reconnects of a planned stop are spread over this",
    "hunts_per_session": "hunts one connection listens to",
}


class LimitError(ValueError):
    """An override names no limit, or a value that it cannot have."""


def override(limits: Any, overrides: dict[str, int | float]) -> Any:
    """Return limits with values of the table replaced by name. Raises `LimitError`."""
    fields = {f.name: f.type for f in msgspec.structs.fields(limits)}
    known = {name: value for name, value in overrides.items() if name in fields}
    for name, value in known.items():
        if not math.isfinite(value) or (value <= 0 and name != "ring_bytes_max"):
            raise LimitError(f"limits.{name} is {value}, allowed are positive numbers")
        if name == "unanswered_max" and value > ANSWERS_MAX:
            raise LimitError(
                f"limits.{name} is {value}, allowed are 1 to {ANSWERS_MAX}: so many answers are remembered"
            )
        if fields[name] is int and not float(value).is_integer():
            raise LimitError(f"limits.{name} is {value}, allowed are whole numbers")
    return msgspec.structs.replace(limits, **{n: fields[n](v) for n, v in known.items()})


class LimitRow(NamedTuple):
    """One line of the table."""

    name: str
    value: float
    reason: str


def table(limits: Any, reasons: Mapping[str, str]) -> list[LimitRow]:
    """Return the table of these limits, or of the runtime's (`actors.limits`)."""
    return [LimitRow(name, getattr(limits, name), reasons[name]) for name in limits.__struct_fields__]
