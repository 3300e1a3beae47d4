"""Every bound of the runtime, in one place, with its reason. Overridden by configuration, never by code elsewhere."""

from __future__ import annotations

from typing import Final

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one node's runtime. Units stand in the names."""

    mailbox_max: int = 20_000
    control_max: int = 20_000
    waiting_max: int = 50_000
    run_budget: int = 256
    staged_bytes_max: int = 128 * 1024
    record_bytes_max: int = 800_000
    late_s: float = 5.0
    give_up_s: float = 30.0
    proof_s: float = 1.0
    probe_s: float = 0.1
    clock_skew_ms: int = 5_000
    clock_grace_s: float = 60.0
    snapshot_records: int = 2_000
    marker_records: int = 50_000
    refusals_max: int = 20_000
    refused_senders_max: int = 50_000
    ghosts_max: int = 4_096
    memory_bytes: int = 256 * 1024 * 1024
    standby_bytes: int = 64 * 1024 * 1024
    restarts_max: int = 5
    restart_pause_s: float = 30.0
    cursor_every: int = 1_000
    recoveries_at_once: int = 8
    tail_records: int = 2_000


REASONS: Final = {
    "mailbox_max": "commands waiting for one entity: 10,000 clients that all send at once, twice",
    "control_max": "reaction messages waiting for one entity; a sender waits for its answer, so this is one a source",
    "waiting_max": "commands that wait while a shard recovers",
    "run_budget": "commands a shard decides before it lets other shards and sockets have the loop",
    "staged_bytes_max": (
        "bytes staged behind a batch in flight before deciding stops: what one message stages past it is cut to fit"
    ),
    "record_bytes_max": "one record: a definition of 640 KiB and its envelope",
    "late_s": "an append older than this is late: senders are told that the outcome is unknown, intake stops",
    "give_up_s": "a late append older than this is given up: fresh path to the log, fresh tenure, recovery",
    "proof_s": "age of the proof of ownership that a refusal or a read may rest on",
    "probe_s": (
        "between two probes for refusals that must miss nothing: those in between share the next one, or any batch"
    ),
    "clock_skew_ms": "difference between our clock and the log's at which an owner stops",
    "clock_grace_s": (
        "after a start: how long what may have fallen due waits for a clock that nothing vouches for (embedded log)"
    ),
    "snapshot_records": (
        "records of one entity between its snapshots; more for an entity with many senders (see `snapshots`)"
    ),
    "marker_records": "records of a shard between two checkpoints: what recovery replays at most, about",
    "refusals_max": (
        "refusals by key that one entity remembers in full; of senders refused longest ago only numbers are kept"
    ),
    "refused_senders_max": "senders of whom one entity remembers those numbers, with four devices each on average",
    "ghosts_max": (
        "refusals by key, and their senders, that a shard remembers of "
        "entities that do not exist: any id can be guessed at"
    ),
    "memory_bytes": "estimated memory of live entities per node; the idle ones past it are passivated",
    "standby_bytes": (
        "estimated memory of live entities of all shards that a node stands by for; past it they are passivated"
    ),
    "restarts_max": "recoveries of a shard within a minute before it stays closed for `restart_pause_s`",
    "restart_pause_s": "how long a shard stays closed then",
    "cursor_every": "acknowledged reactions between two cursor records",
    "recoveries_at_once": "shards that replay at the same time",
    "tail_records": "replayed records an entity hands to the rooms, so that clients can resume over a restart",
}

DEFAULT = Limits()
