"""Every metric made from a `statistics()` field: its name, type, help and unit. To add a metric, add a field and a row.

Names follow the conventions of Prometheus: base units, `_total` for counters (added on the page), no type in a name.
A test holds the table against the statistics, so that no field is without a row and no row without a field.
"""

from __future__ import annotations

from typing import Final, NamedTuple

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
MS: Final = 1e-3


class MetricSpec(NamedTuple):
    """A metric. `name` is without the `huntserver_` in front; `scale` turns the field into the base unit.

    With a `label` the field is a mapping from the label's values to figures.
    """

    name: str
    type: str
    help: str
    scale: float = 1.0
    label: str = ""


ENTITY_KINDS: Final[dict[str, MetricSpec]] = {
    # shard
    "owned": MetricSpec("shards_owned", GAUGE, "Shards that this node owns and serves."),
    "given": MetricSpec(
        "shards_given", GAUGE, "Shards that this node is to serve; more than it owns while some recover."
    ),
    "live": MetricSpec("entities_live", GAUGE, "Entities with their state in memory."),
    "passivated": MetricSpec("entities_passivated", GAUGE, "Entities passivated to the local file."),
    "ready": MetricSpec("entities_ready", GAUGE, "Entities that have messages and wait for their turn."),
    "waiting": MetricSpec("commands_waiting", GAUGE, "Commands that wait for a shard to recover."),
    "decided": MetricSpec("commands_decided", COUNTER, "Commands accepted and staged for the log."),
    "refused": MetricSpec("commands_refused", COUNTER, "Commands refused by the rules or at a limit."),
    "contained": MetricSpec("bugs_contained", COUNTER, "Bugs in the rules that were contained in their command."),
    "recoveries": MetricSpec("recoveries", COUNTER, "Recoveries of shards, the first one at the start included."),
    "replayed": MetricSpec("records_replayed", COUNTER, "Records read and folded by recoveries."),
    "reactions": MetricSpec("reactions_pending", GAUGE, "Reactions not yet acknowledged by their target."),
    "timers": MetricSpec("timers_pending", GAUGE, "Entities with a timer that will fire."),
    "mailbox_deepest": MetricSpec("mailbox_depth_max", GAUGE, "Messages in the deepest mailbox now."),
    # commit
    "staged": MetricSpec("records_staged", GAUGE, "Records decided and not yet handed to the log."),
    "staged_bytes": MetricSpec(
        "records_staged_bytes", GAUGE, "Bytes of records decided and not yet handed to the log."
    ),
    "in_flight": MetricSpec("records_in_flight", GAUGE, "Records handed to the log and not yet acknowledged."),
    "held": MetricSpec("effects_held", GAUGE, "Answers, pushes and reactions that wait for what they rest on."),
    "batch_records": MetricSpec("records_appended", COUNTER, "Records acknowledged by the log."),
    "failures": MetricSpec("batch_failures", COUNTER, "Batches that failed or whose outcome was unknown."),
    "late": MetricSpec("shards_late", GAUGE, "Shards whose batch has waited for the log past the limit."),
    # snapshots
    "snapshot_dirty": MetricSpec("entities_dirty", GAUGE, "Entities with records that no durable snapshot holds."),
    "snapshot_writing": MetricSpec("snapshots_in_flight", GAUGE, "Snapshots on their way to the store."),
    "snapshot_taken": MetricSpec("snapshots_written", COUNTER, "Snapshots durably written."),
    "snapshot_markers": MetricSpec("markers_written", COUNTER, "Markers (checkpoints of a shard) durably written."),
    "snapshot_failures": MetricSpec("snapshot_failures", COUNTER, "Snapshots and markers that could not be written."),
}
"""By field of the shards' statistics (`snapshot_` in front of the snapshots' own); summed over shards, by kind."""

NOT_SHOWN: Final = frozenset({"mode", "batches", "wait_ns"})
"""Fields of the shards' statistics that the histogram of batches shows, or `shards_owned`."""

GATEWAY: Final[dict[str, MetricSpec]] = {
    "connections": MetricSpec("connections_open", GAUGE, "Sockets open now."),
    "greeted": MetricSpec("sessions_open", GAUGE, "Connections that said hello with a good token."),
    "accepted": MetricSpec("connections_accepted", COUNTER, "Sockets accepted."),
    "refused_tokens": MetricSpec("tokens_refused", COUNTER, "Tokens refused: forged, expired or malformed."),
    "closes": MetricSpec(
        "connections_closed", COUNTER, "WebSockets that the server closed, by reason.", label="reason"
    ),
    "refusals": MetricSpec(
        "door_refusals", COUNTER, "Sockets, handshakes and requests refused at the door, by reason.", label="reason"
    ),
    "wrong_codes": MetricSpec("wrong_codes", COUNTER, "Wrong codes, invites and check-ins, in all hunts."),
    "codes_held": MetricSpec("codes_held", COUNTER, "Codes and check-ins refused because of wrong ones before."),
    "in_line": MetricSpec("outboxes_queued", GAUGE, "Connections with bytes that wait to be written."),
    "unanswered": MetricSpec("requests_unanswered", GAUGE, "Requests that hunts have not answered yet."),
    "behind": MetricSpec("connections_behind", GAUGE, "Connections past the outbox's soft limit."),
}

ROOMS: Final[dict[str, MetricSpec]] = {
    "rooms": MetricSpec("rooms_open", GAUGE, "Rooms: one a hunt that somebody listens to or that was pushed to."),
    "ring_pushes": MetricSpec("replay_buffer_pushes", GAUGE, "Pushes kept for resumes."),
    "ring_bytes": MetricSpec("replay_buffer_bytes", GAUGE, "Bytes of pushes kept for resumes."),
    "published": MetricSpec("records_published", COUNTER, "Records shown to rooms."),
    "delivered": MetricSpec("pushes_delivered", COUNTER, "Frames given to listeners."),
    "dropped": MetricSpec("pushes_dropped", COUNTER, "Frames not taken by listeners that are behind."),
}

LOG: Final[dict[str, MetricSpec]] = {
    "queued": MetricSpec("log_batches_queued", GAUGE, "Batches that wait for the one before them."),
    "in_flight": MetricSpec("log_batches_in_flight", GAUGE, "Batches on their way to the log."),
    "late": MetricSpec("log_batches_late", GAUGE, "Batches in flight for longer than the request timeout."),
    "batches": MetricSpec("log_batches", COUNTER, "Batches acknowledged."),
    "records": MetricSpec("log_records", COUNTER, "Records acknowledged."),
    "unknown": MetricSpec("log_outcomes_unknown", COUNTER, "Batches whose outcome the log did not tell."),
    "late_total": MetricSpec("log_late_batches", COUNTER, "Batches that became late."),
    "late_answers": MetricSpec(
        "log_late_answers", COUNTER, "Acknowledgements that came after their batch was given up."
    ),
    "renewals": MetricSpec("log_renewals", COUNTER, "Fresh paths to the log taken for a shard."),
    "retries": MetricSpec("log_retries", COUNTER, "Batches sent once more."),
    "moves": MetricSpec("log_shard_moves", COUNTER, "Shards moved to another producer."),
    "producers": MetricSpec("log_producers", GAUGE, "Producers open now."),
    "producers_started": MetricSpec("log_producers_started", COUNTER, "Producers started."),
    "abandoned": MetricSpec("log_producers_abandoned", COUNTER, "Producers ended with batches on them."),
    "failed_stops": MetricSpec("log_producer_stop_failures", COUNTER, "Producers that could not be stopped in order."),
    "consumers": MetricSpec("log_consumers", GAUGE, "Consumers open now."),
    "snapshots": MetricSpec("log_snapshot_puts", COUNTER, "Keys written to the snapshot store."),
    "snapshots_pending": MetricSpec("log_snapshot_puts_pending", GAUGE, "Keys on their way to the snapshot store."),
    "snapshots_failed": MetricSpec("log_snapshot_put_failures", COUNTER, "Keys that could not be written."),
    "copies_short": MetricSpec("log_partitions_short", GAUGE, "Partitions with fewer copies than asked for."),
    "settings_wrong": MetricSpec(
        "log_settings_wrong", GAUGE, "1: a topic has settings that break a promise, such as a retention; see /readyz."
    ),
    "copies_behind": MetricSpec("log_partitions_behind", GAUGE, "Partitions with copies that are not in step."),
    "commits": MetricSpec("log_commits", COUNTER, "Transactions committed to the embedded log's file."),
    "faults": MetricSpec("log_faults", COUNTER, "Transactions of the embedded log that failed."),
    "reopened": MetricSpec("log_reopened", COUNTER, "Times the embedded log's file was opened again after a fault."),
    "checkpoints": MetricSpec(
        "log_wal_checkpoints", COUNTER, "Times the write-ahead file was folded into the database."
    ),
    "last_commit_ms": MetricSpec("log_last_commit_seconds", GAUGE, "Duration of the last transaction.", MS),
    "longest_commit_ms": MetricSpec("log_longest_commit_seconds", GAUGE, "Longest transaction since the start.", MS),
    "rests": MetricSpec("log_loop_yields", COUNTER, "Times the loop yielded the core to the embedded log's writer."),
}
"""Of both adapters; each shows the fields that it has."""

PROJECTOR: Final[dict[str, MetricSpec]] = {
    "running": MetricSpec("projector_running", GAUGE, "1 while this node's projector runs."),
    "starts": MetricSpec("projector_starts", COUNTER, "Times the projector was started, the first one included."),
    "records": MetricSpec(
        "projection_records", COUNTER, "Records folded into the read models by the present projector."
    ),
    "commits": MetricSpec(
        "projection_commits", COUNTER, "Batches committed to the read models by the present projector."
    ),
    "faults": MetricSpec("projection_faults", COUNTER, "Faults of log or store that the present projector waited out."),
    "lag_records": MetricSpec(
        "projection_lag_records", GAUGE, "Records of the log that the read models do not hold yet."
    ),
    "lag_s": MetricSpec("projection_lag_seconds", GAUGE, "Since the read models last held all of the log."),
    "feed_records": MetricSpec("feed_records", COUNTER, "Records written to the feed by the present projector."),
    "feed_lag_records": MetricSpec(
        "feed_lag_records", GAUGE, "Records of the log that the feed's writer has not read yet."
    ),
    "webhook_records": MetricSpec("webhook_records", COUNTER, "Records that addresses of webhooks have taken."),
    "webhook_failures": MetricSpec(
        "webhook_failures", COUNTER, "Requests to addresses of webhooks that they did not take."
    ),
}

CLUSTER: Final[dict[str, MetricSpec]] = {
    "members": MetricSpec("cluster_members", GAUGE, "Members in the newest table of the group, as this node has it."),
    "table": MetricSpec(
        "cluster_table_version", GAUGE, "Version of the newest table: on all nodes the same, in a healthy cluster."
    ),
    "shards_given": MetricSpec("cluster_shards_given", GAUGE, "Shards that the table gives to this node."),
    "shards_held": MetricSpec("cluster_shards_held", GAUGE, "Shards that this node serves."),
    "shards_standing_by": MetricSpec(
        "cluster_shards_standing_by", GAUGE, "Shards that this node follows for a takeover."
    ),
    "moves_in": MetricSpec("cluster_shard_moves_in", COUNTER, "Shards that this node began to serve."),
    "moves_out": MetricSpec("cluster_shard_moves_out", COUNTER, "Shards that this node ended to serve."),
    "tables": MetricSpec("cluster_tables", COUNTER, "Tables taken: one for each generation of the group."),
}

LINKS: Final[dict[str, MetricSpec]] = {
    "up": MetricSpec("links_up", GAUGE, "Links to other nodes that are up."),
    "wanted": MetricSpec("links_wanted", GAUGE, "Members that should have a link."),
    "lost": MetricSpec("links_lost", COUNTER, "Links that ended."),
    "refused": MetricSpec(
        "links_refused", COUNTER, "Links refused: another secret, cluster, version or count of shards."
    ),
    "frames_sent": MetricSpec("link_frames_sent", COUNTER, "Frames sent to other nodes."),
    "frames_received": MetricSpec("link_frames_received", COUNTER, "Frames received from other nodes."),
    "frames_unknown": MetricSpec("link_frames_unknown", COUNTER, "Frames of a later version, ignored."),
    "bytes_sent": MetricSpec("link_sent_bytes", COUNTER, "Bytes sent to other nodes."),
    "bytes_received": MetricSpec("link_received_bytes", COUNTER, "Bytes received from other nodes."),
    "waiting_bytes": MetricSpec("link_waiting_bytes", GAUGE, "Bytes that wait to be written to other nodes."),
}

REQUESTS: Final[dict[str, MetricSpec]] = {
    "waiting": MetricSpec(
        "link_requests_waiting", GAUGE, "Requests to other nodes that are not answered, or wait to be sent."
    ),
    "unanswered_most": MetricSpec(
        "link_requests_unanswered_most", GAUGE, "Requests without an answer, at the node that leaves most of them."
    ),
    "no_credit": MetricSpec(
        "link_requests_no_credit", COUNTER, "Requests refused with busy: a node had too many unanswered or unread."
    ),
    "given_up": MetricSpec(
        "link_requests_given_up", COUNTER, "Requests that a node left unanswered past their deadline."
    ),
}

MEDIA: Final[dict[str, MetricSpec]] = {
    "files": MetricSpec("media_files", GAUGE, "Files in the store of media, at its last sweep."),
    "bytes": MetricSpec("media_stored_bytes", GAUGE, "Bytes in the store of media, at its last sweep."),
    "orphans": MetricSpec("media_orphans", GAUGE, "Files that no record of the log named, at the last sweep."),
    "removed": MetricSpec("media_removed", COUNTER, "Files removed because no record named them."),
    "failures": MetricSpec("media_sweep_failures", COUNTER, "Sweeps of the store of media that failed."),
}

PARTS: Final = {
    "gateway": GATEWAY,
    "media": MEDIA,
    "rooms": ROOMS,
    "log": LOG,
    "projector": PROJECTOR,
    "cluster": CLUSTER,
    "links": LINKS,
    "requests": REQUESTS,
}
