"""Every metric made from a `statistics()` field: its name, type, help and unit. To add a metric, add a field and a row.

Names follow the conventions of Prometheus: base units, `_total` for counters (added on the page), no type in a name.
A test holds the table against the statistics, so that no field is without a row and no row without a field.
"""

from __future__ import annotations

from typing import Final, NamedTuple

COUNTER: Final = "counter"
GAUGE: Final = "gauge"
MS: Final = 1e-3


class Row(NamedTuple):
    """A metric. `name` is without the `huntserver_` in front; `scale` turns the field into the base unit.

    With a `label` the field is a mapping from the label's values to figures.
    """

    name: str
    type: str
    help: str
    scale: float = 1.0
    label: str = ""


ENTITY_KINDS: Final[dict[str, Row]] = {
    # shard
    "owned": Row("shards_owned", GAUGE, "Shards that this node owns and serves."),
    "given": Row("shards_given", GAUGE, "Shards that this node is to serve; more than it owns while some recover."),
    "live": Row("entities_live", GAUGE, "Entities with their state in memory."),
    "passivated": Row("entities_passivated", GAUGE, "Entities passivated to the local file."),
    "ready": Row("entities_ready", GAUGE, "Entities that have messages and wait for their turn."),
    "waiting": Row("commands_waiting", GAUGE, "Commands that wait for a shard to recover."),
    "decided": Row("commands_decided", COUNTER, "Commands accepted and staged for the log."),
    "refused": Row("commands_refused", COUNTER, "Commands refused by the rules or at a limit."),
    "contained": Row("bugs_contained", COUNTER, "Bugs in the rules that were contained in their command."),
    "recoveries": Row("recoveries", COUNTER, "Recoveries of shards, the first one at the start included."),
    "replayed": Row("records_replayed", COUNTER, "Records read and folded by recoveries."),
    "reactions": Row("reactions_pending", GAUGE, "Reactions not yet acknowledged by their target."),
    "timers": Row("timers_pending", GAUGE, "Entities with a timer that will fire."),
    "mailbox_deepest": Row("mailbox_depth_max", GAUGE, "Messages in the deepest mailbox now."),
    # commit
    "staged": Row("records_staged", GAUGE, "Records decided and not yet handed to the log."),
    "staged_bytes": Row("records_staged_bytes", GAUGE, "Bytes of records decided and not yet handed to the log."),
    "in_flight": Row("records_in_flight", GAUGE, "Records handed to the log and not yet acknowledged."),
    "held": Row("effects_held", GAUGE, "Answers, pushes and reactions that wait for what they rest on."),
    "batch_records": Row("records_appended", COUNTER, "Records acknowledged by the log."),
    "failures": Row("batch_failures", COUNTER, "Batches that failed or whose outcome was unknown."),
    "late": Row("shards_late", GAUGE, "Shards whose batch has waited for the log past the limit."),
    # snapshots
    "snapshot_dirty": Row("entities_dirty", GAUGE, "Entities with records that no durable snapshot holds."),
    "snapshot_writing": Row("snapshots_in_flight", GAUGE, "Snapshots on their way to the store."),
    "snapshot_taken": Row("snapshots_written", COUNTER, "Snapshots durably written."),
    "snapshot_markers": Row("markers_written", COUNTER, "Markers (checkpoints of a shard) durably written."),
    "snapshot_failures": Row("snapshot_failures", COUNTER, "Snapshots and markers that could not be written."),
}
"""By field of the shards' statistics (`snapshot_` in front of the snapshots' own); summed over shards, by kind."""

NOT_SHOWN: Final = frozenset({"mode", "batches", "wait_ns"})
"""Fields of the shards' statistics that the histogram of batches shows, or `shards_owned`."""

GATEWAY: Final[dict[str, Row]] = {
    "connections": Row("connections_open", GAUGE, "Sockets open now."),
    "greeted": Row("sessions_open", GAUGE, "Connections that said hello with a good token."),
    "accepted": Row("connections_accepted", COUNTER, "Sockets accepted."),
    "refused_tokens": Row("tokens_refused", COUNTER, "Tokens refused: forged, expired or malformed."),
    "closes": Row("connections_closed", COUNTER, "WebSockets that the server closed, by reason.", label="reason"),
    "refusals": Row(
        "door_refusals", COUNTER, "Sockets, handshakes and requests refused at the door, by reason.", label="reason"
    ),
    "in_line": Row("outboxes_queued", GAUGE, "Connections with bytes that wait to be written."),
    "unanswered": Row("requests_unanswered", GAUGE, "Requests that hunts have not answered yet."),
    "behind": Row("connections_behind", GAUGE, "Connections past the outbox's soft limit."),
}

ROOMS: Final[dict[str, Row]] = {
    "rooms": Row("rooms_open", GAUGE, "Rooms: one a hunt that somebody listens to or that was pushed to."),
    "ring_pushes": Row("replay_buffer_pushes", GAUGE, "Pushes kept for resumes."),
    "ring_bytes": Row("replay_buffer_bytes", GAUGE, "Bytes of pushes kept for resumes."),
    "published": Row("records_published", COUNTER, "Records shown to rooms."),
    "delivered": Row("pushes_delivered", COUNTER, "Frames given to listeners."),
    "dropped": Row("pushes_dropped", COUNTER, "Frames not taken by listeners that are behind."),
}

LOG: Final[dict[str, Row]] = {
    "queued": Row("log_batches_queued", GAUGE, "Batches that wait for the one before them."),
    "in_flight": Row("log_batches_in_flight", GAUGE, "Batches on their way to the log."),
    "late": Row("log_batches_late", GAUGE, "Batches in flight for longer than the request timeout."),
    "batches": Row("log_batches", COUNTER, "Batches acknowledged."),
    "records": Row("log_records", COUNTER, "Records acknowledged."),
    "unknown": Row("log_outcomes_unknown", COUNTER, "Batches whose outcome the log did not tell."),
    "late_total": Row("log_late_batches", COUNTER, "Batches that became late."),
    "late_answers": Row("log_late_answers", COUNTER, "Acknowledgements that came after their batch was given up."),
    "renewals": Row("log_renewals", COUNTER, "Fresh paths to the log taken for a shard."),
    "retries": Row("log_retries", COUNTER, "Batches sent once more."),
    "moves": Row("log_shard_moves", COUNTER, "Shards moved to another producer."),
    "producers": Row("log_producers", GAUGE, "Producers open now."),
    "producers_started": Row("log_producers_started", COUNTER, "Producers started."),
    "abandoned": Row("log_producers_abandoned", COUNTER, "Producers ended with batches on them."),
    "failed_stops": Row("log_producer_stop_failures", COUNTER, "Producers that could not be stopped in order."),
    "consumers": Row("log_consumers", GAUGE, "Consumers open now."),
    "snapshots": Row("log_snapshot_puts", COUNTER, "Keys written to the snapshot store."),
    "snapshots_pending": Row("log_snapshot_puts_pending", GAUGE, "Keys on their way to the snapshot store."),
    "snapshots_failed": Row("log_snapshot_put_failures", COUNTER, "Keys that could not be written."),
    "copies_short": Row("log_partitions_short", GAUGE, "Partitions with fewer copies than asked for."),
    "copies_behind": Row("log_partitions_behind", GAUGE, "Partitions with copies that are not in step."),
    "commits": Row("log_commits", COUNTER, "Transactions committed to the embedded log's file."),
    "faults": Row("log_faults", COUNTER, "Transactions of the embedded log that failed."),
    "reopened": Row("log_reopened", COUNTER, "Times the embedded log's file was opened again after a fault."),
    "checkpoints": Row("log_wal_checkpoints", COUNTER, "Times the write-ahead file was folded into the database."),
    "last_commit_ms": Row("log_last_commit_seconds", GAUGE, "Duration of the last transaction.", MS),
    "longest_commit_ms": Row("log_longest_commit_seconds", GAUGE, "Longest transaction since the start.", MS),
    "rests": Row("log_loop_yields", COUNTER, "Times the loop yielded the core to the embedded log's writer."),
}
"""Of both adapters; each shows the fields that it has."""

PROJECTOR: Final[dict[str, Row]] = {
    "running": Row("projector_running", GAUGE, "1 while this node's projector runs."),
    "starts": Row("projector_starts", COUNTER, "Times the projector was started, the first one included."),
    "records": Row("projection_records", COUNTER, "Records folded into the read models by the present projector."),
    "commits": Row("projection_commits", COUNTER, "Batches committed to the read models by the present projector."),
    "faults": Row("projection_faults", COUNTER, "Faults of log or store that the present projector waited out."),
    "lag_records": Row("projection_lag_records", GAUGE, "Records of the log that the read models do not hold yet."),
    "lag_s": Row("projection_lag_seconds", GAUGE, "Since the read models last held all of the log."),
    "feed_records": Row("feed_records", COUNTER, "Records written to the feed by the present projector."),
    "feed_lag_records": Row("feed_lag_records", GAUGE, "Records of the log that the feed's writer has not read yet."),
    "webhook_records": Row("webhook_records", COUNTER, "Records that addresses of webhooks have taken."),
    "webhook_failures": Row("webhook_failures", COUNTER, "Requests to addresses of webhooks that they did not take."),
}

CLUSTER: Final[dict[str, Row]] = {
    "members": Row("cluster_members", GAUGE, "Members in the newest table of the group, as this node has it."),
    "table": Row(
        "cluster_table_version", GAUGE, "Version of the newest table: on all nodes the same, in a healthy cluster."
    ),
    "shards_given": Row("cluster_shards_given", GAUGE, "Shards that the table gives to this node."),
    "shards_held": Row("cluster_shards_held", GAUGE, "Shards that this node serves."),
    "shards_standing_by": Row("cluster_shards_standing_by", GAUGE, "Shards that this node follows for a takeover."),
    "moves_in": Row("cluster_shard_moves_in", COUNTER, "Shards that this node began to serve."),
    "moves_out": Row("cluster_shard_moves_out", COUNTER, "Shards that this node ended to serve."),
    "tables": Row("cluster_tables", COUNTER, "Tables taken: one for each generation of the group."),
}

LINKS: Final[dict[str, Row]] = {
    "up": Row("links_up", GAUGE, "Links to other nodes that are up."),
    "wanted": Row("links_wanted", GAUGE, "Members that should have a link."),
    "lost": Row("links_lost", COUNTER, "Links that ended."),
    "refused": Row("links_refused", COUNTER, "Links refused: another secret, cluster, version or count of shards."),
    "frames_sent": Row("link_frames_sent", COUNTER, "Frames sent to other nodes."),
    "frames_received": Row("link_frames_received", COUNTER, "Frames received from other nodes."),
    "frames_unknown": Row("link_frames_unknown", COUNTER, "Frames of a later version, ignored."),
    "bytes_sent": Row("link_sent_bytes", COUNTER, "Bytes sent to other nodes."),
    "bytes_received": Row("link_received_bytes", COUNTER, "Bytes received from other nodes."),
    "waiting_bytes": Row("link_waiting_bytes", GAUGE, "Bytes that wait to be written to other nodes."),
}

REQUESTS: Final[dict[str, Row]] = {
    "waiting": Row(
        "link_requests_waiting", GAUGE, "Requests to other nodes that are not answered, or wait to be sent."
    ),
    "unanswered_most": Row(
        "link_requests_unanswered_most", GAUGE, "Requests without an answer, at the node that leaves most of them."
    ),
    "no_credit": Row(
        "link_requests_no_credit", COUNTER, "Requests refused with busy: a node had too many unanswered or unread."
    ),
    "given_up": Row("link_requests_given_up", COUNTER, "Requests that a node left unanswered past their deadline."),
}

PARTS: Final = {
    "gateway": GATEWAY,
    "rooms": ROOMS,
    "log": LOG,
    "projector": PROJECTOR,
    "cluster": CLUSTER,
    "links": LINKS,
    "requests": REQUESTS,
}
