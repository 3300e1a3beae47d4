"""The fault campaign's parts that need no process: its menu, its command line, its ledger, its verdict's own rules."""

from __future__ import annotations

import asyncio
import random
import re
import time
from pathlib import Path

import pytest

from actors.checker.history import NONE, OK, REFUSED
from actors.limits import DEFAULT
from huntserver.config import load
from huntserver.game.features.guessing import Guess
from huntserver.load.frames import masked
from lab import ROOT
from lab.chaos import campaign as chaos
from lab.chaos.cluster_faults import CLUSTER_MENU
from lab.chaos.faults import MENU
from lab.chaos.players import CampaignPlayer, Crowd
from lab.chaos.talk import Asked, Talk
from lab.chaos.verdict import call
from lab.chaos.world import World
from lab.ledger import page

HELLO = b'{"id":0,"ok":{"now_ms":1},"pos":0}'


class Mute(Talk):
    """A player whose words go to a list."""

    def __init__(self, outstanding: int = 4) -> None:
        super().__init__(7, "hunt0", "token", 1, outstanding)
        self.said: list[bytes] = []
        self.left = 100

    def write(self, data: bytes) -> None:
        self.said.append(data)

    def connect(self) -> None:
        pass

    def hang_up(self) -> None:
        pass

    def woken(self) -> None:
        pass


def greeted(outstanding: int = 4) -> Mute:
    player = Mute(outstanding)
    player.start()
    player.connected()
    player.message(HELLO, 1)
    for _ in range(16):
        player.grant()
    return player


def test_a_player_joins_alone_and_then_keeps_so_many_commands_outstanding() -> None:
    player = greeted()
    player.flush()
    assert list(player.open) == [1]
    player.message(b'{"id":1,"ok":{"team":"t1"},"pos":5}', 2)
    player.flush()
    assert list(player.open) == [2, 3, 4, 5]


def test_a_player_never_sends_a_key_before_the_one_sixteen_below_it_is_answered() -> None:
    player = greeted(16)
    player.flush()
    player.message(b'{"id":1,"ok":{"team":"t1"},"pos":5}', 2)
    for _ in range(4):
        for _ in range(16):
            player.grant()
        player.flush()
        for n in list(player.open)[1:]:
            player.message(b'{"id":%d,"ok":{},"pos":9}' % n, 3)
    assert max(a.n for a in player.history) == 2 + 15


def test_what_was_not_answered_goes_again_with_the_same_bytes_on_the_next_connection() -> None:
    player = greeted()
    player.flush()
    first = player.said[-1]
    player.closed()
    player.do(player.session.hurry(time.monotonic_ns() // 1_000_000))
    player.connected()
    player.message(HELLO, 3)
    player.flush()
    assert player.said[-1] == first
    assert player.history[0].copies == 2


def test_a_history_is_told_to_the_checker_as_it_was() -> None:
    player = Mute()
    asked = Asked(
        3, masked(b'{"id":3,"op":"guess","hunt":"hunt0","key":3,"clue":"c9","text":"wrong 3"}'), 2_000_000_000, 4
    )
    assert call(player, asked).outcome == NONE
    asked.answered_ns, asked.pos = 3_000_000_000, 9
    assert call(player, asked)[:5] == ("p:player7", "p:player7", "player", "hunt/hunt0", "e7:3")
    assert (call(player, asked).outcome, call(player, asked).answered_s) == (OK, 3.0)
    asked.code = "duplicate"
    made = call(player, asked)
    assert made.outcome == REFUSED
    assert isinstance(made.command, Guess)


def test_the_page_on_campaigns_shows_every_kind_of_fault_with_its_promise_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \|.*\| (\d+) s \|$", (ROOT / "docs" / "proof" / "campaigns.md").read_text(), re.MULTILINE
    )
    assert {kind: float(within) for kind, within in rows} == {kind: fault.within_s for kind, fault in MENU.items()}


def test_the_commands_in_the_page_on_campaigns_are_targets_that_take_these_words() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = re.findall(
        r"^make ([a-z-]+)((?: [A-Z]+=\S+)*)", (ROOT / "docs" / "proof" / "campaigns.md").read_text(), re.MULTILINE
    )
    assert len(commands) >= 4
    for target, words in commands:
        recipe = makefile.split(f"\n{target}:", 1)[1].split("\n\n")[0]
        for word in words.split():
            name, _, value = word.partition("=")
            assert f"$({name}" in recipe or f"$(or $({name})" in recipe
            if name == "KINDS":
                assert set(value.split(",")) <= set(CLUSTER_MENU if target == "chaos-cluster" else MENU)


def test_the_page_shows_every_kind_of_fault_of_a_cluster_with_its_goal() -> None:
    text = (ROOT / "docs" / "proof" / "campaigns.md").read_text().split("\n## A cluster\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (.+?) \|$", text, re.MULTILINE))
    assert set(rows) == {*CLUSTER_MENU, "return"}
    for kind, fault in CLUSTER_MENU.items():
        assert rows[kind].startswith(f"{fault.goal_s:g} s at p99" if fault.goal_s else "none"), kind


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kinds", "kill,burn"], "burn"),
        (["--faults", "0"], "allowed is 1 to"),
        (["--rate", "1000000"], "allowed is 10 to 20000"),
        (["--log", "files"], "allowed are kafka, sqlite"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_named(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        chaos.parsed(words)
    assert said in capsys.readouterr().err


def test_what_cannot_be_done_is_left_out_with_its_reason() -> None:
    can, left_out = chaos.possible("kafka:127.0.0.1:9", ["kill", "broker-kill", "power"])
    assert list(can) == ["kill"]
    assert left_out == ["broker-kill: only on brokers of the campaign's own (--log kafka)", "power: only on SQLite"]


def test_the_ledgers_page_is_made_from_its_rows() -> None:
    row = {"campaign": "x", "amount": 1000, "faults": {"kill": 2}, "violations": 0, "commit": "c", "date": "d"}
    assert "| d | c | x | 1,000 | 2 kill | 0 | `make` |" in page([{**row, "command": "make"}])


async def test_a_player_that_was_asked_to_come_back_goes_elsewhere_when_the_server_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It went back to the address of a server that had ended for good, for ever."""
    crowd = Crowd(
        lambda name: "token", ["hunt0"], random.Random(1), size=1, rate_per_s=1, outstanding=1, commands_each=1
    )
    crowd.addresses = [("192.0.2.1", 1), ("192.0.2.2", 2)]
    player = CampaignPlayer(crowd, 0, "hunt0", "token", 1)
    player.left, player.stays = 1, True
    tried: list[str] = []

    async def refuse(make: object, host: str, port: int) -> None:
        tried.append(host)
        if len(tried) == 4:
            player.left = 0
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refuse)
    await player.live()
    assert tried == ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1"]


@pytest.mark.parametrize(
    ("words", "late_s", "give_up_s"), [([], 1.5, 5.0), (["--default-limits"], DEFAULT.late_s, DEFAULT.give_up_s)]
)
def test_pauses_are_measured_by_the_limits_that_the_server_runs_with(
    tmp_path: Path, words: list[str], late_s: float, give_up_s: float
) -> None:
    asked = chaos.parsed(["--log", "sqlite", "--disk", "plain", *words])
    made = World(chaos.setup_for(asked, {"pause-long": MENU["pause-long"]}), tmp_path)
    made._configured()
    server = load(tmp_path / "config.toml")
    assert (made.late_s, made.give_up_s) == (late_s, give_up_s)
    assert server.limits.get("late_s", DEFAULT.late_s) == late_s
    assert server.limits.get("give_up_s", DEFAULT.give_up_s) == give_up_s
