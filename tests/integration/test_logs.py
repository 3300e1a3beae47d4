"""What a real server writes: ids that join up, figures of every kind, and no answer, token or private text at all."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect as open_socket

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import main
from huntserver.client import Refused, connect, guest_token
from huntserver.client.http import http, http_base
from lab.machines.servers import LocalServer, serving

SECRETS = {
    "answer": "xylophonist", "partial": "almostxylo", "reply": "warmerwarmer", "code": "QUARTZ-9917",
    "hint": "thinkofmusic", "ending": "bravissimo", "guess": "blunderbuss", "player": "Zenobia", "team": "Quokkas",
    "announcement": "gatheratdusk", "reason": "forkindness", "number": "8675309", "draft": "notyetknown",
}  # fmt: skip
LAT, LON = 48.853412, 2.348821
HUNT = f"""
title = "Secrets"
[teams]
mode = "teams"
[[clues]]
id = "c1"
title = "First"
answers = ["{SECRETS["answer"]}", {{ number = {SECRETS["number"]} }}]
partial = [{{ text = "{SECRETS["partial"]}", reply = "{SECRETS["reply"]}" }}]
hints = [{{ id = "h", text = "{SECRETS["hint"]}" }}]
solved_text = "{SECRETS["ending"]}"
[[clues]]
id = "c2"
title = "Second"
kind = "code"
codes = ["{SECRETS["code"]}"]
[[clues]]
id = "c3"
title = "Third"
kind = "location"
location = {{ lat = {LAT}, lon = {LON} }}
"""
CONFIG = '[telemetry]\nlevel = "debug"\nformat = "json"\n'

pytestmark = pytest.mark.xdist_group("logs")  # one evening for all of them


class Played:
    """One evening: what the server wrote, the tokens used, and the sessions and commands as the clients saw them."""

    def __init__(self, live: LocalServer) -> None:
        self.live = live
        self.tokens: list[str] = []
        self.invite = ""
        self.asked: list[dict[str, Any]] = []
        self.metrics = ""
        self.session = ""


async def play(played: Played) -> None:
    """Play to the end, with wrong guesses, bad frames, forged tokens and a host's operations between."""
    live = played.live
    mint = Tokens(load_key(live.folder / "data" / "token.key", make=False))
    host, guest = mint.mint("host", "hanna", "Hanna"), guest_token(live.url, SECRETS["player"])
    forged, expired = guest[:-3] + "abc", mint.mint("player", "late", SECRETS["player"], ttl_s=-9)
    played.tokens = [host, guest, forged, expired]
    async with connect(live.url, host) as client:
        await client.command("create", hunt="secrets")
        headers = {"authorization": f"Bearer {host}", "content-type": "application/toml"}
        address = f"{http_base(live.url)}/hunts/secrets/definition"
        bad = f'{HUNT}\n{SECRETS["draft"]} = "{SECRETS["draft"]}"'.encode()
        assert (await asyncio.to_thread(http, "PUT", address, bad, headers))[0] == 422
        assert (await asyncio.to_thread(http, "PUT", address, HUNT.encode(), headers))[0] == 200
        await client.command("publish", hunt="secrets")
        await client.command("start", hunt="secrets")
        await client.command("announce", hunt="secrets", text=SECRETS["announcement"])
    for token in (forged, expired):
        with pytest.raises(Refused):
            async with connect(live.url, token):
                pass
    await by_hand(played, guest)
    async with connect(live.url, guest) as client:
        page = await client.question("page", hunt="secrets")
        played.invite = page["team"]["invite"]
        await client.command("scan", hunt="secrets", code=SECRETS["code"])
        await client.command("checkin", hunt="secrets", lat=LAT, lon=LON)
    async with connect(live.url, host) as client:
        await client.command("adjust", hunt="secrets", team="t1", points=3, reason=SECRETS["reason"])
        await client.command("end", hunt="secrets")


async def by_hand(played: Played, guest: str) -> None:
    """Send single frames, good and bad."""
    frames: list[dict[str, Any]] = [
        {"op": "hello", "token": guest, "epoch": "phone1"},
        {"op": "join", "hunt": "secrets", "team": SECRETS["team"], "key": 1},
        {"op": "guess", "hunt": "secrets", "clue": "c1", "text": SECRETS["guess"], "key": 2},
        {"op": "guess", "hunt": "secrets", "clue": "c1", "text": SECRETS["guess"], "key": 3},
        {"op": "guess", "hunt": "secrets", "clue": "c1", "text": SECRETS["partial"], "key": 4},
        {"op": "hint", "hunt": "secrets", "clue": "c1", "hint": "h", "key": 5},
        {"op": "guess", "hunt": "secrets", "clue": "c1", "text": [SECRETS["answer"]], "key": 6},
        {"op": SECRETS["answer"]},
        {"op": "scan", "hunt": "secrets", "code": "NOPE-" + SECRETS["code"], "key": 7},
        {"op": "checkin", "hunt": "secrets", "lat": LAT + 1, "lon": LON, "key": 8},
        {"op": "guess", "hunt": "nowhere", "clue": "c1", "text": SECRETS["answer"], "key": 9},
        {"op": "guess", "hunt": "secrets", "clue": "c1", "text": SECRETS["answer"], "key": 10},
    ]
    async with open_socket(played.live.url, max_size=None) as socket:
        for number, frame in enumerate(frames, 1):
            await socket.send(json.dumps({"id": number, **frame}))
            while True:
                reply = json.loads(await asyncio.wait_for(socket.recv(), 60))
                if reply.get("id") == number:
                    break
            played.asked.append({**frame, "id": number, "reply": reply})
        played.session = played.asked[0]["reply"]["ok"]["session"]
        await socket.send(SECRETS["answer"] + "{")
        await socket.send(b"\xff" + SECRETS["answer"].encode())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder: Path = tmp_path_factory.mktemp("logs")
    (folder / "config.toml").write_text(CONFIG)
    with serving(folder) as live:
        made = Played(live)
        asyncio.run(play(made))
        made.metrics = live.http("GET", "/metrics")[1].decode()
        live.signal(signal.SIGKILL)
        live.wait()
        live.launch()
        live.until_ready()
        live.stop()
        yield made


def test_no_answer_token_or_private_text_is_in_any_line(played: Played) -> None:
    assert all(word.lower() not in ("", "secrets") for word in SECRETS.values())
    written = (played.live.stderr.read_text() + played.live.stdout.read_text()).lower()
    found = [what for what, word in SECRETS.items() if word.lower() in written]
    found += [token for token in played.tokens if token.lower() in written or token.split(".")[2].lower() in written]
    found += [str(at) for at in (LAT, LON, LAT + 1) if str(at) in written]
    assert played.invite
    assert found == []
    assert played.invite.lower() not in written
    assert "eyj" not in written  # how every token begins


def test_no_answer_or_private_text_is_in_the_metrics(played: Played) -> None:
    assert [what for what, word in SECRETS.items() if word.lower() in played.metrics.lower()] == []


def test_request_session_hunt_shard_and_command_join_up_from_the_client_to_the_log(played: Played) -> None:
    lines = [line for line in played.live.lines() if line.get("session") == played.session]
    assert next(line["event"] for line in lines) == "session_opened"
    assert "session_ended" in [line["event"] for line in lines]
    by_request = {line["request"]: line for line in lines if line["event"] == "answered"}
    log = f"sqlite:{played.live.folder}/hunts.db"
    dump = played.live.folder / "dump"
    assert CliRunner().invoke(main, ["replay", "--log", log, "--dump", str(dump)]).exit_code == 0
    records = [json.loads(line) for line in dump.read_text().splitlines()]
    keyed = {(r["record"].get("by"), r["record"].get("key")): r for r in records if r["record"].get("key")}
    joined = 0
    for asked in played.asked[1:]:
        line, reply = by_request.get(asked["id"]), asked["reply"]
        if line is None:
            assert reply["err"]["code"] in ("bad_field", "unknown_op")
            assert any(at.get("request") == asked["id"] and at["event"] == "turned_back" for at in lines)
            continue
        assert (line["op"], line["hunt"]) == (asked["op"], asked["hunt"])
        assert line["code"] == ("ok" if "ok" in reply else reply["err"]["code"])
        if "ok" in reply:
            record = keyed[line["by"], line["key"]]
            assert record["shard"] == line["shard"]
            assert record["record"]["entity"] == f"hunt/{line['hunt']}"
            assert record["record"]["pos"] == line["pos"] == reply["pos"]
            joined += 1
    assert joined >= 5


def test_every_line_names_its_run_and_a_restart_is_another_one(played: Played) -> None:
    lines = played.live.lines()
    runs = list(dict.fromkeys(line["run"] for line in lines))
    assert len(runs) == 2
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    recovered = [line for line in lines if line["event"] == "shard_recovered" and line["records"]]
    assert recovered
    assert all(line["run"] == runs[1] and "shard" in line for line in recovered)


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("command latency", r"^huntserver_command_seconds_count [0-9.]+$"),
        ("batch latency", r'^huntserver_batch_seconds_count\{kind="hunt"\} [1-9]'),
        ("batch size", r'^huntserver_records_appended_total\{kind="hunt"\} [1-9]'),
        ("commands", r'^huntserver_commands_decided_total\{kind="hunt"\} [1-9]'),
        ("mailbox depth", r'^huntserver_mailbox_depth_max\{kind="hunt"\} '),
        ("undurable effects", r'^huntserver_effects_held\{kind="hunt"\} '),
        ("commands waiting for a recovery", r'^huntserver_commands_waiting\{kind="hunt"\} '),
        ("reactions not delivered", r'^huntserver_reactions_pending\{kind="hunt"\} '),
        ("timers", r'^huntserver_timers_pending\{kind="hunt"\} '),
        ("outbox, sockets in line", r"^huntserver_outboxes_queued "),
        ("outbox, slow readers", r"^huntserver_connections_behind "),
        ("unanswered requests", r"^huntserver_requests_unanswered "),
        ("connections", r"^huntserver_connections_accepted_total [1-9]"),
        ("refused tokens", r"^huntserver_tokens_refused_total 2\.0$"),
        ("rooms", r"^huntserver_records_published_total [1-9]"),
        ("recovery", r'^huntserver_recoveries_total\{kind="hunt"\} [1-9]'),
        ("replayed records", r'^huntserver_records_replayed_total\{kind="hunt"\} '),
        ("log errors", r"^huntserver_log_faults_total 0\.0$"),
        ("log queue", r"^huntserver_log_batches_queued "),
        ("failed batches", r'^huntserver_batch_failures_total\{kind="hunt"\} '),
        ("snapshots", r'^huntserver_entities_dirty\{kind="hunt"\} '),
        ("contained bugs", r'^huntserver_bugs_contained_total\{kind="hunt"\} 0\.0$'),
        ("loop lag", r"^huntserver_loop_lag_worst_seconds [0-9.]+"),
        ("memory", r"^process_resident_memory_bytes "),
    ],
)
def test_there_is_a_metric_of(played: Played, what: str, pattern: str) -> None:
    assert re.search(pattern, played.metrics, re.MULTILINE), f"{what}: nothing like {pattern}"


def test_the_whole_page_of_metrics_keeps_the_conventions_of_prometheus(played: Played) -> None:
    ran = subprocess.run(
        ["promtool", "check", "metrics"], input=played.metrics, capture_output=True, text=True, check=False
    )
    assert (ran.stdout + ran.stderr, ran.returncode) == ("", 0)
