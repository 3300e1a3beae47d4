"""Logs: one shape for our lines and the libraries', and nothing private in them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from huntserver.telemetry import LogReporter, Sparing, configure


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_with_its_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    LogReporter(run="r1").note("shard_recovered", shard="hunts-3", records=7)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["shard"], line["records"], line["run"]) == ("shard_recovered", "hunts-3", 7, "r1")


def test_private_fields_are_blanked(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    LogReporter().warn("odd", token="eyJhbGciOi", text="mona lisa", shard="hunts-1")
    said = capsys.readouterr().err
    assert "eyJ" not in said
    assert "mona" not in said
    assert "hunts-1" in said


def test_a_librarys_line_has_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    logging.getLogger("aiokafka").warning("Unable to connect to %s", "127.0.0.1:1")
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "Unable to connect to 127.0.0.1:1"


def test_an_error_carries_its_type_and_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    reporter = LogReporter()
    reporter.fault("recovery_failed", OSError("no such file"), shard="hunts-1")
    assert "OSError: no such file" in capsys.readouterr().err
    assert reporter.counts == {"recovery_failed": 1}


def test_what_a_bug_raises_is_told_by_type_and_place_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    try:
        raise KeyError("what a player wrote")
    except KeyError as error:
        LogReporter().fault("bug_contained", error, shard="hunts-1")
    said = capsys.readouterr().err
    assert "player wrote" not in said
    line = json.loads(said)
    assert line["error"] == "KeyError"
    assert "test_telemetry.py" in line["trace"][0]


def test_a_library_that_repeats_itself_is_heard_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    for port in (1, 1, 2, 1):
        logging.getLogger("aiokafka").error("Unable to connect to 127.0.0.1:%d", port)
    lines = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["Unable to connect to 127.0.0.1:1", "Unable to connect to 127.0.0.1:2"]
    sparing = Sparing()
    record = logging.makeLogRecord({"msg": "again", "created": 100.0})
    assert [sparing.filter(record), sparing.filter(record)] == [True, False]
    record.created = 111.0
    assert sparing.filter(record)
