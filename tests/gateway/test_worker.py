"""What takes long is done beside the loop: it answers in the end, and no more of it waits than is allowed."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec

from huntserver.game.definition import solvability, unlocks
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import LOOKS_MAX, check_definition
from huntserver.game.features.authoring import Create
from huntserver.game.plan import plan_of
from huntserver.gateway.site import prepared
from huntserver.gateway.worker import WAITING_MAX, WorkerThread
from lab.rigs.gateway import DEFINITION, HOST, Rig
from tests.gateway.test_door import put


class FaultLines:
    """A reporter that keeps faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def note(self, event: str, **fields: Any) -> None:
        """Nothing to keep."""

    def warn(self, event: str, **fields: Any) -> None:
        """Nothing to keep."""

    def fault(self, event: str, error: BaseException | None = None, **fields: Any) -> None:
        """Keep it."""
        self.faults.append(event)


async def test_work_is_done_in_its_order_off_the_loop_and_a_bug_in_it_is_told() -> None:
    lines = FaultLines()
    worker = WorkerThread(lines)
    seen: list[Any] = []
    end = asyncio.Event()
    here = threading.get_ident()
    assert worker.run(threading.get_ident, seen.append, end.set)
    assert worker.run(lambda: 1 // 0, seen.append, lambda: seen.append("failed"))

    def last(got: Any) -> None:
        seen.append(got)
        end.set()

    assert worker.run(lambda: 3, last, end.set)
    await asyncio.wait_for(end.wait(), 60)
    worker.close()
    assert seen[0] != here
    assert seen[1:] == ["failed", 3]
    assert lines.faults == ["work_failed"]


async def test_no_more_waits_for_the_thread_than_is_allowed() -> None:
    worker = WorkerThread(FaultLines())
    go = threading.Event()
    done: list[Any] = []
    end = asyncio.Event()

    def one(got: Any) -> None:
        done.append(got)
        if len(done) == WAITING_MAX:
            end.set()

    taken = [worker.run(lambda: go.wait(60), one, end.set) for _ in range(WAITING_MAX + 2)]
    assert taken == [True] * WAITING_MAX + [False] * 2
    go.set()
    await asyncio.wait_for(end.wait(), 60)
    worker.close()


async def test_a_definition_is_told_to_come_later_when_too_many_are_being_checked() -> None:
    rig = Rig()
    rig.run = lambda *_: False  # type: ignore[method-assign, assignment]
    status, said = put(rig, DEFINITION.encode())
    assert (status, said["code"]) == (503, "busy")
    assert rig.gateway.statistics().refusals == {"checks": 1}


def window(count: int, width: int, price: int) -> bytes:
    """Return a hunt in which each clue needs all of so many before it, and has a hint with a price."""
    letters = "abcdefghijklmnpqrstuvxyz"
    ids = [letters[i // 24] + letters[i % 24] + "z" for i in range(count)]
    clues = [
        {
            "id": id, "title": "t", "text": "x", "kind": "text", "answers": ["a"], "points": 10,
            "unlock": f"{len(ids[max(0, i - width) : i])} of ({','.join(ids[max(0, i - width) : i])})" if i else "",
            "hints": [{"id": "h", "text": "x", "price": price}],
        }
        for i, id in enumerate(ids)
    ]  # fmt: skip
    return msgspec.json.encode({"title": "t", "clues": clues})


def test_a_definition_made_to_be_slow_is_judged_in_a_bounded_number_of_steps(monkeypatch: Any) -> None:
    looked = [0]
    compile_rule = unlocks.compile_rule

    def counting(rule: Any, index: Any, things: Any) -> Any:
        opens = compile_rule(rule, index, things)

        def look(solved: int, elapsed_s: int, own: Any) -> bool:
            looked[0] += 1
            return opens(solved, elapsed_s, own)

        return look

    monkeypatch.setattr(solvability, "compile_rule", counting)
    assert isinstance(check_definition(window(500, 120, 1), "json"), list)  # the first has nothing to pay with
    assert looked[0] < 5_000
    looked[0] = 0
    check_definition(window(500, 120, 1_000_000), "json")
    assert looked[0] <= LOOKS_MAX + 5_000


def test_what_nobody_can_pay_is_still_found_in_an_ordinary_hunt() -> None:
    found = check_definition(window(10, 3, 45), "json")
    assert not isinstance(found, Definition)
    assert all(isinstance(problem, Problem) for problem in found)
    # The k-th clue can be paid for with the points of those before it: 45 is too much for the first five.
    assert [p.path for p in found] == [f"clues[{i}].hints[0].price" for i in range(5)]


async def test_what_a_hunt_derives_from_a_definition_is_made_ready_beside_the_loop() -> None:
    rig = Rig()
    rig.system.play(Create(), HOST, "h2")
    body = window(200, 100, 0)
    text = prepared(body, "json")
    assert isinstance(text, Definition)
    before = [cache.cache_info().misses for cache in (solvability._judged, unlocks.parse, plan_of)]
    assert put(rig, body, kind="application/json")[0] == 200
    assert [cache.cache_info().misses for cache in (solvability._judged, unlocks.parse, plan_of)] == before
