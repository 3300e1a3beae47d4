"""Traces of a real server at a real receiver, which decodes what OTLP says with the library's own package."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.reporter import Silent
from huntserver.client import Refused, connect
from huntserver.telemetry.spans import trace_id_of
from lab.machines.collector import TraceReceiver
from lab.machines.servers import LocalServer
from tests.integration.test_read_models import HUNT, token, until

pytestmark = pytest.mark.xdist_group("traces")


@pytest.fixture
def receiver() -> Iterator[TraceReceiver]:
    made = TraceReceiver()
    yield made
    made.close()


def server(folder: Path, url: str, ratio: float = 1.0) -> LocalServer:
    (folder / "small.toml").write_text(HUNT)
    (folder / "t.toml").write_text(f'[telemetry]\ntraces = "{url}"\ntraces_ratio = {ratio}\n')
    made = LocalServer(folder, "--config", "t.toml", "--data", str(folder / "data"), "--hunt", "small.toml")
    made.start()
    return made


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: a.value.string_value or a.value.int_value for a in span.attributes}


async def solve(live: LocalServer) -> str:
    """Join, guess wrong and right; return the epoch."""
    async with connect(live.url, token(live, "player", "ada")) as ada:
        await ada.join("small", team="Owls")
        with pytest.raises(Refused):
            await ada.command("guess", hunt="small", clue="c9", text="canary-guess")
        await ada.command("guess", hunt="small", clue="c1", text="canary-answer")
        return str(ada._session.epoch)


def test_the_spans_of_one_command_tell_where_its_time_went(receiver: TraceReceiver, tmp_path: Path) -> None:
    live = server(tmp_path, receiver.url)
    epoch = asyncio.run(solve(live))
    solved = trace_id_of("p:ada", f"{epoch}:3")
    names = ["session", "mailbox", "decide", "batch", "append", "release", "answer", "push", "write"]
    until(lambda: {"guess", "reaction credit_solve"} <= set(receiver.of(solved)))
    spans = receiver.of(solved)
    root = spans["guess"]
    assert not root.parent_span_id
    named = attributes(root)
    assert (named["huntserver.entity"], named["huntserver.code"]) == ("hunt/small", "ok")
    assert named["huntserver.key"] == f"{epoch}:3"
    assert named["huntserver.shard"].startswith("hunts-")
    whole = [span for span in receiver.spans if span.trace_id == root.trace_id]
    steps = {span.name: span for span in whole if span.parent_span_id == root.span_id}
    assert set(steps) == {*names, "reaction credit_solve"}
    for name in names:
        assert root.start_time_unix_nano <= steps[name].start_time_unix_nano <= steps[name].end_time_unix_nano
        assert steps[name].end_time_unix_nano <= root.end_time_unix_nano
    began = [steps[name].start_time_unix_nano for name in names[:7]]
    assert began == sorted(began)
    reaction = steps["reaction credit_solve"]
    within = {span.name for span in whole if span.parent_span_id == reaction.span_id}
    assert within == {"mailbox", "decide", "batch", "append"}
    assert attributes(reaction)["huntserver.entity"] == "player/ada"
    refused = receiver.of(trace_id_of("p:ada", f"{epoch}:2"))
    assert attributes(refused["guess"])["huntserver.code"] == "locked"
    assert "append" not in refused
    said = b"".join(span.SerializeToString() for span in receiver.spans)
    assert b"canary" not in said
    assert live.stop() == 0


def test_a_collector_that_is_gone_costs_no_answer_and_no_clean_end(tmp_path: Path) -> None:
    live = server(tmp_path, "http://127.0.0.1:1")
    asyncio.run(solve(live))
    assert live.stop() == 0
    assert {"traces_dropped", "stopped"} <= {line["event"] for line in live.lines()}


def test_a_part_of_the_commands_is_looked_at_and_each_server_looks_at_the_same(receiver: TraceReceiver) -> None:
    from huntserver.telemetry.spans import Tracing

    keys = [(f"phone{i}", n) for i in range(100) for n in range(1, 101)]
    one, other = Tracing(None, 0.1), Tracing(None, 0.1)  # type: ignore[arg-type]
    assert [one.sampled(*key) for key in keys] == [other.sampled(*key) for key in keys]
    assert 800 < sum(one.sampled(*key) for key in keys) < 1200
    assert all(Tracing(None, 1.0).sampled(*key) for key in keys)  # type: ignore[arg-type]


def test_without_traces_nothing_of_them_is_loaded_or_put_on(tmp_path: Path) -> None:
    from huntserver.telemetry.traced import coats

    plain = coats("", 0.01, node="n", run="r", version="1", report=Silent())
    part = object()
    assert plain.log(part) is plain.system(part) is plain.publisher(part) is part
    began = time.monotonic()
    plain.close()
    assert time.monotonic() >= began
