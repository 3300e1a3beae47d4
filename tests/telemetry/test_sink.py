"""The sink of log lines: whatever happens to stderr, it neither raises nor blocks, and says what was lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from huntserver.telemetry import sink as sinks
from huntserver.telemetry.sink import LineSink


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def drained(end: int) -> bytes:
    os.set_blocking(end, False)
    found = b""
    try:
        while part := os.read(end, 1 << 20):
            found += part
    except BlockingIOError:
        pass
    return found


def test_a_line_is_written_at_once(pipe: tuple[int, int]) -> None:
    LineSink(pipe[1]).write("one\n")
    assert drained(pipe[0]) == b"one\n"


def test_a_pipe_that_nobody_reads_blocks_nobody_and_every_line_comes_in_order_later(pipe: tuple[int, int]) -> None:
    sink = LineSink(pipe[1])
    lines = [f"{n} {'x' * 9000}\n" for n in range(40)]
    for line in lines:
        sink.write(line)
    assert sink.failing
    assert sink.pending
    found = b""
    while sink.pending:
        found += drained(pipe[0])
        sink.flush()
    found += drained(pipe[0])
    assert found == "".join(lines).encode()
    assert (sink.failing, sink.dropped) == (False, 0)


def test_lines_past_the_bound_are_dropped_counted_and_told_of(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "PENDING_LINES_MAX", 5)
    sink = LineSink(pipe[1])
    for _ in range(100):
        sink.write("y" * 9000 + "\n")
    assert sink.pending == 5
    assert sink.dropped > 0
    found = b""
    while sink.pending:
        found += drained(pipe[0])
        sink.flush()
    found += drained(pipe[0])
    assert found.count(b"y" * 9000 + b"\n") == 100 - sink.dropped
    assert b'"log_lines_dropped", "level": "warning", "count": %d}' % sink.dropped in found


def test_a_reader_that_goes_away_raises_nothing(pipe: tuple[int, int]) -> None:
    sink = LineSink(pipe[1])
    os.close(pipe[0])
    for _ in range(3):
        sink.write("gone\n")
    assert sink.failing


def test_a_descriptor_that_is_closed_raises_nothing(pipe: tuple[int, int]) -> None:
    sink = LineSink(pipe[1])
    os.close(pipe[1])
    sink.write("closed\n")
    assert sink.failing
    assert not sink.isatty()


def test_a_full_disk_raises_nothing() -> None:
    end = os.open("/dev/full", os.O_WRONLY)
    try:
        sink = LineSink(end)
        sink.write("full\n")
        assert sink.failing
    finally:
        os.close(end)


def test_text_that_is_no_unicode_is_written_with_escapes(pipe: tuple[int, int]) -> None:
    LineSink(pipe[1]).write("\ud800\n")
    assert drained(pipe[0]) == b"\\ud800\n"
