"""Faults of the runtime: what went wrong outside the rules, each with a code and whether a retry can help.

A refusal by the rules is a value (`entity.Rejected`), never one of these. A bug is an assertion.
"""

from __future__ import annotations


class Fault(Exception):
    """Root of the tree. `code` is stable and documented; `retriable` says whether the same call may work later."""

    code = "fault"
    retriable = False


class NotWritten(Fault):
    """The batch was certainly not written: it was never handed to the log. The caller may append it again."""

    code = "not_written"
    retriable = True


class OutcomeUnknown(Fault):
    """The batch may or may not be in the log, now or later. Only reading the log past a newer record decides."""

    code = "outcome_unknown"


class RecordTooLarge(NotWritten):
    """One record, or one part of a snapshot, is larger than the log takes. Never retriable: measured beforehand."""

    code = "record_too_large"
    retriable = False


class BatchTooLarge(NotWritten):
    """The records of a batch are together more than the log takes at once. Never retriable as it is: cut it."""

    code = "batch_too_large"
    retriable = False


class LogUnavailable(Fault):
    """The log cannot be reached (no broker answers, the file cannot be opened). The text names address and cure."""

    code = "log_unavailable"
    retriable = True


class LogMisconfigured(Fault):
    """A broker or topic setting would break a promise. The text names the setting, the value seen, the value needed."""

    code = "log_misconfigured"


class LogLocked(Fault):
    """Another process holds the embedded log."""

    code = "log_locked"


class LogFull(NotWritten):
    """The disk under the log is full; nothing of the batch was written."""

    code = "log_full"


class LogDamaged(Fault):
    """A record cannot be trusted: its checksum is wrong, it cannot be decoded, or it does not fit the one before.

    The text names shard and offset. Never skipped in silence.
    """

    code = "log_damaged"


class LogShorterThanSnapshots(LogDamaged):
    """A snapshot, marker or tenure lies past the log's end: acknowledged records were lost below us."""

    code = "log_shorter_than_snapshots"


class LogLostItsEnd(LogDamaged):
    """A record that was known to be in the log is not there: acknowledged records were cut off below us.

    The shard stays closed until the record is back, or an operator accepts the loss (`huntserver accept-loss`).
    """

    code = "log_lost_its_end"


class ClockSkewed(Fault):
    """Our clock and the log's are more than the limit apart; the owner stops intake and releases its shards."""

    code = "clock_skewed"


class SpillFailed(Fault):
    """The spill file of passivated entities cannot be read or written: what lies there is taken from the log again."""

    code = "spill_failed"
    retriable = True
