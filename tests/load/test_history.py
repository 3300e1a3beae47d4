"""Histories come back from their files as they were written, and what is no history is refused."""

from __future__ import annotations

from math import inf
from pathlib import Path

import msgspec
import pytest

from actors.checker.history import Call, ReceivedPush
from huntserver.game.features.guessing import Guess
from huntserver.load.history import (
    NONE,
    NULL,
    OK,
    CommandLine,
    HistoryWriter,
    PlayerLine,
    PushLine,
    files,
    for_checker,
)

FRAME = msgspec.Raw(b'{"id":2,"op":"guess","hunt":"h","key":2,"clue":"c","text":"x"}')


def written(folder: Path, *lines: object) -> Path:
    path = folder / "history-0.jsonl"
    writer = HistoryWriter(path, "steady", "r")
    for line in lines:
        writer.write(line)  # type: ignore[arg-type]
    writer.close()
    return path


def test_a_history_is_read_in_the_words_of_the_checker(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        PlayerLine(7, "p:ada", "e", "h"),
        CommandLine(7, 1, 2, 10, 20, 2_000_000_000, OK, "", 5, 0, 1, msgspec.Raw(b'{"verdict":"incorrect"}'), FRAME),
        CommandLine(7, 1, 3, 10, 20, 0, NONE, "", -1, 0, 0, NULL, FRAME),
        PushLine(7, 1, "h", "team:t1", 5, 3),
        PushLine(7, 1, "", "player", 2, 1),
    )
    done, lost, push, own = list(for_checker(path))
    assert isinstance(done, Call)
    assert (done.by, done.entity, done.key, done.pos, done.answered_s) == ("p:ada", "hunt/h", "e:2", 5, 2.0)
    assert isinstance(done.command, Guess)
    assert isinstance(lost, Call)
    assert (lost.outcome, lost.answered_s, lost.answer) == (NONE, inf, None)
    assert push == ReceivedPush("p:ada", "hunt/h", "team:t1", 5, 3, None)
    assert own == ReceivedPush("p:ada/1", "player/ada", "player", 2, 1, None)


@pytest.mark.parametrize("text", [b"not json\n", b'["x",1]\n', b'["h",1,1,"h","c",1,0]\n', b'["r",9,"s","r",1,1]\n'])
def test_what_is_no_history_is_refused_with_file_and_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "history-0.jsonl"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"history-0\.jsonl"):
        list(for_checker(path))


def test_a_folder_without_histories_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no history-\*\.jsonl there"):
        files(tmp_path)
