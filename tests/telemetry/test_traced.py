"""The coats that parts wear while traces are on hide nothing of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.entity import Push
from actors.shard.actor import NO_SINK, Sink
from huntserver.telemetry.spans import CommandTrace, Tracing
from huntserver.telemetry.traced import Coats, TracedSink


class Rooms:
    def __init__(self) -> None:
        self.origins: list[Sink | None] = []

    def publish(self, kind: str, id: str, seq: int, at_ms: int, pushes: Sequence[Push], origin: Sink | None) -> None:
        self.origins.append(origin)

    def regained(self, kind: str, since: Any) -> None:
        pass

    def rewind(self, kind: str, seq: Any) -> None:
        pass

    def tell(self, kind: str, id: str, seq: int, sink: Sink, channel: str, prev: int) -> bool:
        self.origins.append(sink)
        return True

    def heard(self, kind: str, id: str) -> int:
        return 7


class Emitter:
    def emit(self, trace: CommandTrace) -> Any:
        return None

    def close(self) -> None:
        pass


def test_who_was_told_by_the_answer_is_not_shown_the_push_again_whether_or_not_the_entity_lives_here() -> None:
    tracing = Tracing(Emitter(), 1.0)
    trace = tracing.begin("guess", "p:ada", "e:1")
    sink = TracedSink(NO_SINK, trace, tracing)
    rooms = Rooms()
    for listeners in (Coats(tracing).publisher(rooms), Coats(None).publisher(rooms)):
        assert listeners.heard("hunt", "h") == 7  # a cluster's watches ask this of what the coat is over
    Coats(tracing).publisher(rooms).publish("hunt", "h", 1, 0, (), sink)
    assert Coats(tracing).publisher(rooms).tell("hunt", "h", 2, sink, "all", 1)
    assert rooms.origins == [NO_SINK, NO_SINK]
