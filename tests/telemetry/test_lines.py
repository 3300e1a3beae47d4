"""Logs: one shape for our lines and the libraries', and nothing private in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from huntserver.telemetry import LogReporter, configure
from huntserver.telemetry.lines import RepeatFilter


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_with_its_event_and_fields(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    LogReporter(run="r1").note("shard_recovered", shard="hunts-3", records=7)
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["shard"], line["records"], line["run"]) == ("shard_recovered", "hunts-3", 7, "r1")


def test_private_fields_are_blanked(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    LogReporter().warn("odd", token="eyJhbGciOi", text="mona lisa", shard="hunts-1")
    said = capfd.readouterr().err
    assert "eyJ" not in said
    assert "mona" not in said
    assert "hunts-1" in said


def test_a_librarys_line_has_the_same_shape(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info", "r1")
    logging.getLogger("aiokafka").warning("Unable to connect to %s", "127.0.0.1:1")
    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["library"], line["run"]) == ("library_message", "aiokafka", "r1")
    assert line["message"] == "Unable to connect to 127.0.0.1:1"


def test_an_error_carries_its_type_and_text(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    reporter = LogReporter()
    reporter.fault("recovery_failed", OSError("no such file"), shard="hunts-1")
    assert "OSError: no such file" in capfd.readouterr().err
    assert reporter.counts == {"recovery_failed": 1}


def test_what_a_bug_raises_is_told_by_type_and_place_without_its_text(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    try:
        raise KeyError("what a player wrote")
    except KeyError as error:
        LogReporter().fault("bug_contained", error, shard="hunts-1")
    said = capfd.readouterr().err
    assert "player wrote" not in said
    line = json.loads(said)
    assert line["error"] == "KeyError"
    assert "test_lines.py" in line["trace"][0]


def test_a_library_that_repeats_itself_is_heard_once(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    for port in (1, 1, 2, 1):
        logging.getLogger("aiokafka").error("Unable to connect to 127.0.0.1:%d", port)
    lines = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert lines == ["Unable to connect to 127.0.0.1:1", "Unable to connect to 127.0.0.1:2"]
    sparing = RepeatFilter()
    record = logging.makeLogRecord({"msg": "again", "created": 100.0})
    assert [sparing.filter(record), sparing.filter(record)] == [True, False]
    record.created = 111.0
    assert sparing.filter(record)


def test_a_library_whose_words_do_not_fit_raises_at_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    logging.getLogger("aiokafka").warning("%d of %s", "one", "two")
    LogReporter().note("still_here")
    assert "still_here" in capfd.readouterr().err


def test_a_line_that_cannot_be_made_is_counted_and_raises_nothing() -> None:
    class Unspeakable:
        def __repr__(self) -> str:
            raise RuntimeError

    configure("json", "info")
    reporter = LogReporter()
    reporter.warn("odd", value=Unspeakable())
    assert (reporter.counts, reporter.unsaid) == ({"odd": 1}, 1)
