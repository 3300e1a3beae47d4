"""How many copies the cluster keeps of each partition, against what was asked of it. Pure but for `Watch`, its end.

A topic keeps the copies that it was made with: another setting, or a broker that was away while it was made, changes
nothing by itself. So every partition of every topic is looked at, at the start and now and then, and what is short is
said with the command that cures it. Never changes a topic.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from actors.faults import Fault
from actors.reporter import Reporter

COPIES_MAX: Final = 3
"""Asked for where nobody says a number: one may be lost while another is away for maintenance."""
CHECK_S: Final = 60.0
STOP_S: Final = 2.0
AGAIN_S: Final = 900.0
"""What is still short is told again after this."""


class Finding(NamedTuple):
    """What is wrong with the copies of one topic. `code` is the event it is told as; `text` names the cure.

    `lasting`: no broker that comes back cures it.
    """

    code: str
    topic: str
    text: str
    lasting: bool


class Survey(NamedTuple):
    """What all topics have. `short` partitions have fewer copies than asked, `behind` fewer in step than they have."""

    asked: int
    short: int
    behind: int
    findings: list[Finding]


Described = Mapping[str, Mapping[str, Any]]
"""Topics by name, as aiokafka's administrator describes them."""


def copies_asked(replication: int | None, brokers: Iterable[int], described: Described) -> int:
    """Return how many copies each partition should have: as configured, else three or as many as there are brokers.

    A broker that is away counts while partitions name it.
    """
    if replication is not None:
        return replication
    known = set(brokers)
    for topic in described.values():
        for partition in topic["partitions"]:
            known |= set(partition["replicas"])
    return max(min(COPIES_MAX, len(known)), 1)


def survey(bootstrap: str, described: Described, asked: int) -> Survey:
    """Look at every partition of every topic."""
    findings: list[Finding] = []
    short = behind = 0
    for name, topic in sorted(described.items()):
        partitions = sorted(topic["partitions"], key=lambda partition: int(partition["partition"]))
        few = [partition for partition in partitions if len(partition["replicas"]) < asked]
        away = [partition for partition in partitions if len(partition["isr"]) < len(partition["replicas"])]
        short += len(few)
        behind += len(away)
        if few:
            fewest = min(len(partition["replicas"]) for partition in few)
            findings.append(Finding("log_copies_short", name, _short(bootstrap, name, few, fewest, asked), True))
        if away:
            missing = sorted({node for partition in away for node in {*partition["replicas"]} - {*partition["isr"]}})
            text = (
                f"topic {name}: partitions {ranges(_numbers(away))} have copies out of step, on broker "
                f"{', '.join(map(str, missing))}; start it again, or look at its disk and log"
            )
            findings.append(Finding("log_copies_behind", name, text, False))
    return Survey(asked, short, behind, findings)


def _short(bootstrap: str, name: str, few: Sequence[Any], fewest: int, asked: int) -> str:
    return (
        f"topic {name}: partitions {ranges(_numbers(few))} keep {fewest} copies, asked are {asked}; "
        f"cure: huntserver copies --log kafka:{bootstrap} >copies.json, then kafka-reassign-partitions.sh "
        f"--bootstrap-server {bootstrap} --reassignment-json-file copies.json --execute"
    )


def _numbers(partitions: Iterable[Any]) -> list[int]:
    return [int(partition["partition"]) for partition in partitions]


def ranges(numbers: Sequence[int]) -> str:
    """Return rising numbers as a person writes them: `0-5, 9`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in found)


def reassignment(described: Described, brokers: Iterable[int], asked: int) -> str:
    """Return what gives every short partition its copies, as `kafka-reassign-partitions.sh` reads it.

    The copies that are there stay first, so that no leader moves; the further ones go round the brokers.
    """
    nodes = sorted(brokers)
    moved: list[dict[str, Any]] = []
    for name, topic in sorted(described.items()):
        for partition in sorted(topic["partitions"], key=lambda one: int(one["partition"])):
            have = list(partition["replicas"])
            turn = int(partition["partition"]) % max(len(nodes), 1)
            others = [node for node in nodes[turn:] + nodes[:turn] if node not in have]
            if len(have) < asked and others:
                wanted = [*have, *others[: asked - len(have)]]
                moved.append({"topic": name, "partition": int(partition["partition"]), "replicas": wanted})
    return json.dumps({"version": 1, "partitions": moved})


class Watch:
    """Looks now and then, and tells what is new, and what still stands after a while. Owns its task."""

    def __init__(self, look: Callable[[], Awaitable[Survey]], report: Reporter, first: Survey) -> None:
        self._look = look
        self._report = report
        self._told: dict[Finding, float] = {}
        self._task: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self.last = first
        self.failed = 0
        self.wrong = ""  # the setting, or what else, that breaks a promise, with its cure
        self._good_s = asyncio.get_running_loop().time()  # when all was last seen to be as it has to be
        self.tell(first)

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="watch the copies of the log")

    async def stop(self) -> None:
        """End the task."""
        task, self._task = self._task, None
        self._ended.set()  # a look that is under way ends by itself: cut short, it would leave connections open
        for _ in range(2):  # cancelled while it closes its client, it takes that for the client's
            if task is None or task.done():
                return
            await asyncio.wait({task}, timeout=STOP_S)
            task.cancel()

    def tell(self, seen: Survey) -> None:
        """Tell what is new or was told long ago, and when all is well again."""
        now = asyncio.get_running_loop().time()
        for finding in seen.findings:
            if now - self._told.get(finding, -AGAIN_S) >= AGAIN_S:
                self._told[finding] = now
                self._report.warn(finding.code, topic=finding.topic, why=finding.text)
        gone = self._told.keys() - set(seen.findings)
        for finding in gone:
            del self._told[finding]
        if gone and not self._told:
            self._report.note("log_copies_whole", copies=seen.asked)
        self.last = seen

    def settings(self) -> tuple[float, str]:
        """Return how long ago the topics were last seen as they have to be, in s, and what is wrong with them now."""
        return asyncio.get_running_loop().time() - self._good_s, self.wrong

    async def look_now(self) -> None:
        """Look, and tell."""
        try:
            self.tell(await self._look())
        except Fault as fault:  # the log itself is away: whoever appends or reads says so
            self.failed += 1
            if fault.code == "log_misconfigured":
                self.wrong = str(fault)
            if self.failed == 1 or fault.code == "log_misconfigured":
                self._report.warn("log_check_failed", code=fault.code, why=str(fault))
        else:
            self.failed, self.wrong = 0, ""
            self._good_s = asyncio.get_running_loop().time()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), CHECK_S)
                return
            await self.look_now()
