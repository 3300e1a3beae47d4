"""Pages whose texts come over HTTP: whole, in their place among the pushes, whatever becomes of the texts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from huntserver.client import reading
from huntserver.client.errors import Unreachable
from huntserver.client.reading import PageReader

BLOCK = {"clues": [{"id": "c1", "title": "One", "text": "Look up."}]}
PAGE = {"hunt": "h", "channels": {"hunt": 4}, "texts": ["d1"], "own": [{"id": "c1", "number": 1, "points": 10}]}
WHOLE = {"hunt": "h", "channels": {"hunt": 4}, "clues": [{**BLOCK["clues"][0], "number": 1, "points": 10}]}


class Reading:
    """A reader, what it told, and the answers that its requests get in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
        self.told: list[dict[str, Any]] = []
        self.failed: list[Exception] = []
        self.asked: list[str] = []
        self._answers = list(answers)
        self._tasks: list[asyncio.Task[None]] = []
        monkeypatch.setattr(reading, "http", self._http)
        monkeypatch.setattr(reading, "WAIT_S", 0.0)
        self.reader = PageReader(
            "ws://x/ws", self.told.append, ask_page=self._page, spawn=self._spawn, fail=self.failed.append
        )

    def _http(self, method: str, url: str, body: Any, headers: Any) -> Any:
        self.asked.append(url)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _page(self, hunt: str) -> dict[str, Any]:
        return {**WHOLE, "channels": {"hunt": 6}}

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def done(self) -> list[tuple[Any, ...]]:
        """Wait until nothing is read; return what was told."""
        await asyncio.gather(*self._tasks)
        return [(m["t"], m.get("seq")) for m in self.told]


def snapshot() -> dict[str, Any]:
    return {"t": "snapshot", "hunt": "h", "seq": 4, "channels": {"hunt": 4}, "data": PAGE}


def event(seq: int, hunt: str = "h") -> dict[str, Any]:
    return {"t": "event", "hunt": hunt, "ch": "hunt", "seq": seq, "prev": seq - 1, "events": []}


async def test_a_page_is_told_whole_and_what_came_meanwhile_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Reading(monkeypatch, (200, BLOCK))
    for message in (snapshot(), event(5), event(9, "other"), event(6)):
        one.reader.take(message)
    assert await one.done() == [("event", 9), ("snapshot", 4), ("event", 5), ("event", 6)]
    assert one.told[1]["data"] == WHOLE
    assert one.asked == ["http://x/hunts/h/texts/d1"]
    one.reader.take(snapshot())  # its texts are here
    assert one.told[-1]["data"] == WHOLE
    assert len(one.asked) == 1


async def test_texts_that_are_gone_come_with_the_page_and_what_it_has_heard_is_not_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Reading(monkeypatch, (404, {"code": "bad_frame", "msg": "gone"}))
    for message in (snapshot(), event(5), event(6), event(7)):
        one.reader.take(message)
    assert await one.done() == [("snapshot", 4), ("event", 7)]
    assert one.told[0]["channels"] == one.told[0]["data"]["channels"] == {"hunt": 6}


async def test_a_network_that_fails_for_a_while_is_tried_again_and_one_that_is_gone_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = Unreachable("no server")
    one = Reading(monkeypatch, gone, (503, {"code": "unavailable", "msg": ""}), (200, BLOCK))
    one.reader.take(snapshot())
    assert await one.done() == [("snapshot", 4)]
    other = Reading(monkeypatch, *[gone] * reading.TRIES)
    other.reader.take(snapshot())
    assert await other.done() == []
    assert other.failed == [gone]
