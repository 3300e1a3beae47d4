"""What time it is, for records: the wall clock as far as boot time and the log bear it out.

A wall clock may be wrong when a process starts, and may jump while it runs; a record's time is for ever, and what fell
due by it (an end, for good) is done. So no record's time is the wall clock's word alone. `Timekeeper` is a node's: it
holds the wall clock against boot time before every run of decisions, and against the log's time with every answer. A
clock that jumped is told, and time goes on by boot time. Where the log's clock is ours (the embedded log), a start
after a long stop cannot tell a wrong clock from a long night: until the kernel says that the clock is synchronised, or
for a grace period, time goes on from the log's last record by boot time. So play goes on at once, and what may have
fallen due meanwhile, an end that cannot be undone among it, does not happen before the clock is believed. Reads clocks
through their port, and writes through it what is remembered.
"""

from __future__ import annotations

from typing import Final

from actors.clock import Clock
from actors.reporter import Reporter

JUMP_MS: Final = 1_000
"""Wall and boot time of one machine run at one rate: they part by a step alone, and a leap second is none."""
VOUCHED_S: Final = 10.0
"""For so long the word of another node holds: it says it again several times meanwhile."""


class Timekeeper:
    """The time of one node.

    `independent`: the log's time is another machine's. `most_ms`: how far two clocks may be apart. `grace_s`: how long
    after the start a clock that nothing vouches for is not believed.
    """

    def __init__(self, clock: Clock, *, independent: bool, most_ms: int, grace_s: float, report: Reporter) -> None:
        self.off_ms = 0  # the wall clock's distance from the time, while it is not believed
        self.steps = 0  # how often the time was set anew: what was worked out against it before holds no longer
        self._clock = clock
        self._independent = independent
        self._most_ms = most_ms
        self._grace_ns = int(grace_s * 1e9)
        self._report = report
        self._started_ns = clock.boot_ns()
        self._drift_ms = 0  # the wall clock's distance from the base while it was believed
        self._both_set = False  # the log's clock jumped with ours: one machine, or both corrected
        self._told_off = self._holds_back = self._remembered = False
        self._borne_ms: int | None = None  # while in doubt: the time that the logs bear out, as it was at `_borne_ns`
        self._borne_ns = 0
        held = None if independent else clock.remembered_ms()
        self._base_ms, self._base_ns = clock.wall_ms() if held is None else held, self._started_ns
        self.proved = not independent  # by the log's time, where that is another's
        self.doubted = not independent and held is None and not clock.synchronised()
        self._known_ns = -1  # boot time when the wall clock was last known good; never yet
        self._vouched: tuple[int, int] | None = None  # wall and boot time when another node bore the wall clock out

    def now_ms(self) -> int:
        """Return the time in ms since 1970. Unproved it is the wall clock's: nothing may be written by it."""
        wall = self._clock.wall_ms()
        if not self.proved:
            return wall
        if self.doubted and self._borne_ms is not None:
            return self._borne_ms + (self._clock.boot_ns() - self._borne_ns) // 1_000_000
        expected = self._base_ms + (self._clock.boot_ns() - self._base_ns) // 1_000_000
        off = wall - expected
        if -JUMP_MS <= off <= JUMP_MS:
            self.off_ms = 0
            self._drift_ms = off
            return wall
        self.off_ms = off
        return expected + self._drift_ms

    def is_told(self) -> bool:
        """Tell whether anything has told the time: the log, a record of it, another node, or what vouches for the
        clock."""
        return (self.proved and not (self.doubted and self._borne_ms is None)) or self._is_vouched_for()

    def vouch(self, other_ms: int) -> None:
        """Take the time of another node, to which the log has told it: if the wall clock agrees, it is taken to be
        right for a while, though this node owns no shard and so hears nothing of the log. Nothing is written by it."""
        wall = self._clock.wall_ms()
        if self._independent and self._fits(wall, other_ms, 0):
            self._vouched = wall, self._clock.boot_ns()
            if not self.off_ms:
                self._known_ns = self._vouched[1]

    def _is_vouched_for(self) -> bool:
        if self._vouched is None:
            return False
        gone_ms = (self._clock.boot_ns() - self._vouched[1]) / 1e6
        off_ms = self._clock.wall_ms() - self._vouched[0] - gone_ms
        return gone_ms <= VOUCHED_S * 1000 and -JUMP_MS <= off_ms <= JUMP_MS

    def heard(self, log_ms: int, waited_ms: int) -> bool:
        """Take the log's time out of an answer that was at most so long on the way; False: we and it disagree."""
        if not log_ms or not self._independent:
            return True
        wall, now = self._clock.wall_ms(), self.now_ms()
        if self._fits(wall, log_ms, waited_ms):
            self._both_set = self.proved and abs(self.off_ms) > self._most_ms
            if not self._both_set:
                self.steps += self.off_ms != 0  # the time moves by a step: a shard's lead was over what it was before
                self._believe(wall)
                self._known_ns = self._clock.boot_ns()
            return True
        self._both_set = False
        return self.proved and self._fits(now, log_ms, waited_ms)

    def would_agree(self, log_ms: int) -> bool:
        """Tell whether an answer of the log with this time, that came at once, would be taken now."""
        wall = self._clock.wall_ms()
        return self._fits(wall, log_ms, 0) or (self.proved and self._fits(self.now_ms(), log_ms, 0))

    def _fits(self, ours_ms: int, log_ms: int, waited_ms: int) -> bool:
        return -self._most_ms <= ours_ms - log_ms <= self._most_ms + waited_ms

    def _believe(self, wall_ms: int) -> None:
        self._base_ms, self._base_ns = wall_ms, self._clock.boot_ns()
        self._drift_ms = self.off_ms = 0
        self.proved = True

    def bear_out(self, last_ms: int, *, timers: bool) -> None:
        """Take the time of a shard's last record: while the clock is in doubt, time goes on from the latest of them.

        `timers`: something of the shard may have fallen due since, and is held back then; that is told, once.
        """
        if not self.doubted or not last_ms:
            return
        wall = self._clock.wall_ms()
        gap_ms = wall - last_ms
        if abs(gap_ms) <= self._most_ms:  # the log's last record vouches for it, as it is now
            self._believe(wall)
            self._end_doubt()
            return
        left_s = (self._grace_ns - (self._clock.boot_ns() - self._started_ns)) / 1e9
        if self._synchronised() or left_s <= 0:
            return
        if self._borne_ms is None or last_ms > self.now_ms():
            self._borne_ms, self._borne_ns = last_ms, self._clock.boot_ns()
            self.steps += 1
        if gap_ms > 0 and timers and not self._holds_back:  # by a clock that is behind nothing fell due
            self._holds_back = True
            self._report.warn(
                "clock_waits",
                why=f"the last record is {gap_ms // 1000} s old by a clock that is not synchronised: play goes on from "
                f"its time, and what fell due meanwhile waits, {left_s:.0f} s at most; set the clock by NTP",
            )

    def _synchronised(self) -> bool:
        if not self._clock.synchronised():
            return False
        self._take()
        self._end_doubt()
        return True

    def _end_doubt(self) -> None:
        self.doubted = False
        self.steps += 1

    def _take(self) -> None:
        off_ms = self._clock.wall_ms() - self.now_ms() if self.doubted else self.off_ms
        if off_ms:
            self._report.note("clock_set", ms=off_ms)
            self.steps += 1
        self._remembered = False
        self._believe(self._clock.wall_ms())

    # ---- now and then

    def look(self) -> None:
        """Tell what changed; take a step of the clock that the kernel vouches for. Called a few times a second."""
        self.now_ms()
        if not self._independent and not self.off_ms and self._clock.synchronised():
            self._known_ns = self._clock.boot_ns()
        if self.doubted and not self._synchronised():
            if self._clock.boot_ns() - self._started_ns >= self._grace_ns:
                self._end_doubt()
                self._report.warn("clock_taken", why="nothing vouches for the clock; the grace period is over")
        elif self.off_ms and (self._both_set or not self._independent) and self._clock.synchronised():
            self._take()
        if bool(self.off_ms) != self._told_off:
            self._told_off = bool(self.off_ms)
            if self.off_ms:
                self._report.warn("clock_jumped", ms=self.off_ms, why=self.why())
            else:
                self._report.note("clock_right")
        if self.proved and not (self.off_ms or self._remembered or (self.doubted and self._borne_ms is not None)):
            self._remembered = True  # what this run goes by, the next one of this boot need not doubt
            self._clock.remember(self.now_ms())

    def known(self) -> tuple[float, str]:
        """Return how long ago the wall clock was last known good, in s (since the start, if never), and in words why it
        is in doubt now; empty: it is not. On a log of other machines their time vouches for it, else the kernel."""
        never = self._known_ns < 0
        age_s = (self._clock.boot_ns() - (self._started_ns if never else self._known_ns)) / 1e9
        if why := self.why():
            return age_s, why
        if self.doubted:
            return age_s, "nothing vouches for the wall clock since the start: what falls due waits; set it by NTP"
        if never:
            of = (
                "the log's time has not been heard" if self._independent else "the kernel does not call it synchronised"
            )
            return age_s, f"nothing vouches for the wall clock: {of}; times shown may be wrong"
        return age_s, ""

    def why(self) -> str:
        """Return what is wrong with the clock, in words; empty: nothing."""
        if self.off_ms:
            way = "ahead" if self.off_ms > 0 else "behind"
            return (
                f"the wall clock is {abs(self.off_ms) / 1000:.1f} s {way} of the time that has passed since it was "
                "right: play goes on by boot time; set the clock by NTP"
            )
        return ""


class ShardTime:
    """One shard's time: the node's, or further on where the shard's records are already. It never stands still.

    Remembers the log's time when that and ours did not agree: to ask anew writes nothing.
    """

    def __init__(self, time: Timekeeper, clock: Clock, most_ms: int, ask_again_s: float) -> None:
        self.lead_ms = 0  # how far the shard's time is ahead of the world's: a wrong clock was written once
        self._time = time
        self._clock = clock
        self._most_ms = most_ms
        self._ask_again_ms = int(ask_again_s * 1000)
        self._steps = 0  # of the node's time, when the lead was worked out
        self._seen: tuple[int, int] | None = None  # the log's time when it did not agree, and the boot time then

    def now_ms(self) -> int:
        """Return the time for records, in ms since 1970."""
        if self._steps != self._time.steps:
            self._steps, self.lead_ms = self._time.steps, 0  # `keep_up` finds what is left of it
        return self._time.now_ms() + self.lead_ms

    def replayed(self, last_ms: int) -> int:
        """Take the time of the last record there is; return how far it is ahead of the world's, 0 if hardly."""
        self._steps, ahead_ms = self._time.steps, last_ms - self._time.now_ms()
        self.lead_ms = ahead_ms if ahead_ms > self._most_ms else 0
        return self.lead_ms

    def keep_up(self, last_ms: int) -> None:
        """Take the time of the shard's last record so far, now and then: what was written by a clock that was then set
        back for good would stand still until the world's time has come there."""
        ahead_ms = last_ms - self.now_ms()
        if ahead_ms > self._most_ms:
            self.lead_ms += ahead_ms

    def broken(self, log_ms: int, waited_ms: int) -> bool:
        """Tell whether they differ too much, by an answer of the log that was at most so long on the way."""
        if self._time.heard(log_ms, waited_ms):
            self._seen = None
            return False
        self._seen = (log_ms, self._clock.boot_ns())
        return True

    def still_broken(self) -> bool:
        """Tell whether they must differ still, by what was seen last; after a while it is the log that must say so."""
        if self._seen is None:
            return False
        log_ms, then_ns = self._seen
        gone_ms = (self._clock.boot_ns() - then_ns) // 1_000_000
        return gone_ms < self._ask_again_ms and not self._time.would_agree(log_ms + gone_ms)
