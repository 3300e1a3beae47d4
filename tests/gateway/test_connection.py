"""A connection from hello to close, without a socket."""

from __future__ import annotations

import pytest

from actors.entity import Rejected
from huntserver.game.features.announcing import Announce
from lab.rigs.frames import frame
from lab.rigs.gateway import HOST, Peer, Rig, turn


@pytest.mark.parametrize("packed", [False, True])
async def test_a_player_says_hello_joins_guesses_and_hears_everything_once(packed: bool) -> None:
    rig = Rig()
    ada = Peer(rig, packed)
    (hello,) = await ada.hello("ada", epoch="e1")
    assert hello["ok"]["player"] == "p:ada"
    assert hello["pos"] == 0
    request = ada.send("join", hunt="h1", key=1, team="Lovelace")
    joined, resumed, snapshot = await ada.heard()
    assert joined["id"] == request
    assert joined["ok"]["team"] == "t1"
    assert resumed == {"t": "sys", "op": "resumed", "hunt": "h1", "recovered": False, "seq": joined["pos"]}
    assert snapshot["data"]["team"]["name"] == "Lovelace"
    assert snapshot["channels"] == {"hunt": 4, "team:t1": 0}
    reply = await ada.ask("guess", hunt="h1", key=2, clue="c1", text="no")
    assert reply["ok"]["verdict"] == "incorrect"
    assert (reply["ch"], reply["prev"], reply["pos"]) == ("team:t1", 0, 6)  # the reply is the push
    reply = await ada.ask("guess", hunt="h1", key="e1:3", clue="c1", text="still no")
    assert (reply["prev"], reply["pos"]) == (6, 7)
    assert [key for _, key in rig.system.submitted[-2:]] == [("e1", 2), ("e1", 3)]


async def test_an_answer_tells_no_push_to_a_session_that_does_not_hear_the_channel() -> None:
    rig = Rig()
    (await rig.playing("ada")).lost()
    ada = Peer(rig)
    await ada.hello("ada")
    reply = await ada.ask("guess", hunt="h1", clue="c1", text="no")
    assert "ch" not in reply
    assert reply["ok"]["verdict"] == "incorrect"


async def test_another_session_of_the_team_gets_the_push_and_the_sender_does_not() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    second = Peer(rig)
    await second.hello("ada", device="second", resume=[{"hunt": "h1", "seq": 5, "pos": 5}])
    reply = await ada.ask("guess", hunt="h1", clue="c1", text="no")
    (push,) = await second.heard()
    assert (push["t"], push["ch"], push["seq"], push["prev"]) == ("event", reply["ch"], reply["pos"], reply["prev"])
    assert push["events"][0]["verdict"] == "incorrect"


async def test_a_right_answer_reaches_the_team_and_the_hunt_in_the_order_of_the_log() -> None:
    rig = Rig()
    ada, bob = await rig.playing("ada"), await rig.playing("bob")
    ada.send("guess", hunt="h1", clue="c1", text="right c1")
    messages = await ada.heard()
    assert messages[0]["ok"]["verdict"] == "correct"
    assert "ch" not in messages[0]
    assert [(m["ch"], m["events"][0]["type"]) for m in messages[1:]] == [
        ("team:t1", "solved"),
        ("hunt", "first_finder"),
    ]
    assert [m["ch"] for m in await bob.heard()] == ["hunt"]


async def test_joining_again_is_answered_with_ok_and_a_fresh_snapshot() -> None:
    ada = await Rig().playing("ada")
    ada.send("join", hunt="h1", team="other")
    reply, resumed, snapshot = await ada.heard()
    assert reply["ok"] == {"again": True}
    assert resumed["recovered"] is False
    assert snapshot["t"] == "snapshot"


async def test_nothing_goes_before_hello_and_a_client_that_insists_is_closed() -> None:
    peer = Peer(Rig(bad_frames_max=3))
    for _ in range(2):
        assert (await peer.ask("guess", hunt="h1", clue="c1", text="x"))["err"]["code"] == "hello_first"
    peer.send("ping")
    await peer.heard()
    assert peer.close_code == 4002


async def test_a_second_hello_is_refused() -> None:
    peer = Peer(Rig())
    await peer.hello()
    assert (await peer.ask("hello", token="any"))["err"]["code"] == "hello_twice"


async def test_a_forged_token_is_refused_and_the_connection_told_not_to_come_back() -> None:
    rig = Rig()
    peer = Peer(rig)
    token = rig.tokens.mint("player", "ada")
    assert (await peer.ask("hello", token=token[:-2] + "AA"))["err"]["code"] == "bad_token"
    assert peer.close_code == 4000
    assert peer.wire.ended


async def test_an_expired_token_is_named_as_such() -> None:
    rig = Rig()
    peer = Peer(rig)
    token = rig.tokens.mint("player", "ada", ttl_s=-5)
    assert (await peer.ask("hello", token=token))["err"]["code"] == "token_expired"


@pytest.mark.parametrize(
    ("payload", "code", "id", "word"),
    [
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"x"', "bad_frame", 0, "JSON"),
        (b"hello?", "bad_frame", 0, "JSON"),
        (b'{"id":7,"op":"dance"}', "unknown_op", 7, "claim"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":5}', "bad_field", 7, "text"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1"}', "bad_field", 7, "text"),
        (b'{"id":7,"op":"guess","hunt":"","clue":"c1","text":"x"}', "bad_field", 7, "hunt"),
        (b'{"id":7,"op":"guess","hunt":"%b","clue":"c1","text":"x"}' % (b"h" * 65), "bad_field", 7, "hunt"),
        (b'{"id":"7","op":"ping"}', "bad_field", 0, "id"),
        (b'{"id":-1,"op":"ping"}', "bad_field", 0, "id"),
        (b'{"id":99999999999999999999999,"op":"ping"}', "bad_field", 0, "id"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"x","key":0}', "bad_field", 7, "key"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"x","key":1.5}', "bad_field", 7, "key"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"x","key":"nonsense"}', "bad_key", 7, "EPOCH"),
        (b'{"id":7,"op":"guess","hunt":"h1","clue":"c1","text":"x","key":5}', "bad_key", 7, "EPOCH"),
        (b'{"id":7}', "bad_field", 7, "op"),
        (b"[1,2]", "bad_field", 0, "array"),
        (b"[" * 9000, "bad_field", 0, "array"),
        (b'{"id":7,"op":"ping","x":' + b"[" * 9000, "bad_frame", 0, ""),
    ],
)
async def test_what_is_no_message_gets_an_err_that_says_why(payload: bytes, code: str, id: int, word: str) -> None:
    peer = Peer(Rig())
    await peer.hello()
    peer.raw(frame(payload))
    (reply,) = await peer.heard()
    assert reply["id"] == id
    assert reply["err"]["code"] == code
    assert word in reply["err"]["msg"]
    assert (await peer.ask("ping"))["ok"]["ts"] > 0  # nothing else is touched


async def test_too_many_bad_frames_close_the_connection() -> None:
    peer = Peer(Rig(bad_frames_max=5))
    await peer.hello()
    for _ in range(6):
        peer.raw(frame(b"noise"))
    assert len(await peer.heard()) == 5
    assert peer.close_code == 4002


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"x" * 20_000), 1009),
        (frame(b"{}", masked=False), 1002),
        (frame(b'{"id":1,"op":"ping","x":"\xff"}'), 1007),
        (frame(b"\x03\xe8", 0x88), 1000),
    ],
)
async def test_a_frame_against_the_protocol_closes_and_is_read_away_until_the_peer_is_gone(
    data: bytes, code: int
) -> None:
    rig = Rig()
    peer = Peer(rig)
    await peer.hello()
    peer.raw(data)
    peer.send("ping")
    assert await peer.heard() == []
    assert peer.close_code == code
    assert peer.wire.ended
    assert not peer.wire.aborted
    rig.gateway.sweep(rig.gateway.clock.now_s + 1)
    rig.gateway.sweep(rig.gateway.clock.now_s + rig.limits.goodbye_s + 1)
    assert peer.wire.aborted


async def test_pings_and_fragments_are_taken_between_commands() -> None:
    peer = Peer(Rig())
    await peer.hello()
    ping = b'{"id":9,"op":"ping"}'
    peer.raw(frame(b"are you there", 0x89) + frame(ping[:5], 0x01) + frame(b"", 0x8A) + frame(ping[5:], 0x80))
    (reply,) = await peer.heard()
    assert reply["id"] == 9


async def test_too_many_commands_are_refused_with_the_time_to_wait_and_insisting_closes() -> None:
    rig = Rig(commands_per_s=10.0, commands_burst=3, rate_refusals_max=5)
    peer = Peer(rig)
    await peer.hello()
    assert [("ok" in await peer.ask("ping")) for _ in range(4)] == [True, True, True, False]
    refused = await peer.ask("ping")
    assert refused["err"]["code"] == "rate_limited"
    assert refused["err"]["retry"] is True
    assert 0 < refused["err"]["after_ms"] <= 101
    rig.gateway.sweep(rig.gateway.clock.now_s + 0.11)
    assert "ok" in await peer.ask("ping")
    for _ in range(6):
        peer.send("ping")
    await peer.heard()
    assert peer.close_code == 4102


async def test_hosts_operations_are_refused_to_players_before_they_reach_a_hunt() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    before = len(rig.system.submitted)
    assert (await ada.ask("end", hunt="h1"))["err"]["code"] == "not_allowed"
    assert (await ada.ask("end", hunt="h1", key="e:1"))["err"]["code"] == "not_allowed"
    assert len(rig.system.submitted) == before
    host = Peer(rig)
    await host.hello("host", "host")
    assert (await host.ask("pause", hunt="h1"))["ok"] is not None


async def test_a_new_hunt_needs_an_id_that_can_stand_in_an_address() -> None:
    host = Peer(Rig())
    await host.hello("host", "host")
    assert (await host.ask("create", hunt="../etc"))["err"]["code"] == "bad_field"
    assert (await host.ask("create", hunt="new-1"))["ok"] == {"phase": "draft"}


async def test_sixteen_unanswered_stop_the_reading_and_the_rest_waits_in_order() -> None:
    rig = Rig()
    ada = await rig.playing("ada", epoch="e")
    rig.system.held = []
    before = len(rig.system.submitted)
    guesses = [
        frame(ada.payload({"id": 100 + i, "op": "guess", "hunt": "h1", "clue": "c1", "text": f"no {i}"}))
        for i in range(30)
    ]
    ada.raw(b"".join(guesses))
    await turn()
    assert len(rig.system.submitted) - before == 16
    assert not ada.wire.reading
    rig.system.release()
    await turn()
    assert len(rig.system.submitted) - before == 30
    assert ada.wire.reading
    rig.system.release()
    assert [m["id"] for m in await ada.heard()] == list(range(100, 130))


async def test_an_id_in_use_is_refused_until_its_answer() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    ada.send("guess", id=50, hunt="h1", clue="c1", text="a")
    ada.send("guess", id=50, hunt="h1", clue="c1", text="b")
    ada.send("page", id=50, hunt="h1")
    assert [m["err"]["code"] for m in await ada.heard()] == ["bad_field", "bad_field"]
    rig.system.release()
    rig.system.held = None
    assert [m["id"] for m in await ada.heard()] == [50]
    assert "ok" in await ada.ask("guess", id=50, hunt="h1", clue="c1", text="b")


async def test_questions_count_as_unanswered_too() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    for _ in range(16):
        ada.send("page", hunt="h1")
    assert not ada.wire.reading


async def test_a_profile_is_shown_to_players_alone() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    profile = await ada.ask("profile")
    assert [h["hunt"] for h in profile["ok"]["hunts"]] == ["h1"]
    host = Peer(rig)
    await host.hello("host", "host")
    assert (await host.ask("profile"))["err"]["code"] == "not_allowed"


async def test_a_treasure_is_told_to_every_session_of_its_player() -> None:
    rig = Rig()
    rig.system.now_ms = rig.gateway.clock.wall_ms()
    ada = await rig.playing("ada")
    second = Peer(rig)
    await second.hello("ada", device="second")
    ada.send("claim", hunt="h1", treasure="coin")
    pushed = [m for m in await ada.heard() if m.get("ch") == "player:ada"]
    assert [e["type"] for e in pushed[0]["events"]] == ["awarded"]
    assert [m["ch"] for m in await second.heard()] == ["player:ada"]


async def test_a_leaver_hears_no_more() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    assert (await ada.ask("leave", hunt="h1"))["ok"] == {}
    rig.system.play(Announce("hear ye"), HOST)
    assert await ada.heard() == []
    ada.send("resume", hunt="h1", seq=4, pos=4)
    await ada.heard()
    rig.system.play(Announce("again"), HOST)
    assert [m["events"][0]["text"] for m in await ada.heard()] == ["again"]


async def test_answers_that_come_after_the_end_go_nowhere() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.held = []
    ada.send("guess", hunt="h1", clue="c1", text="a")
    ada.send("page", hunt="h1")
    ada.send("join", hunt="h2")
    ada.lost()
    rig.system.release()
    assert await ada.heard() == []
    assert rig.gateway.statistics().connections == 0
    assert rig.gateway.statistics().greeted == 0


async def test_a_refusal_without_an_entity_is_passed_on_and_frees_the_request() -> None:
    rig = Rig()
    ada = await rig.playing("ada")
    rig.system.refuse_with = Rejected("busy", "later", retry=True, after_ms=50)
    reply = await ada.ask("guess", hunt="h1", clue="c1", text="a")
    assert reply["err"] == {"code": "busy", "msg": "later", "retry": True, "after_ms": 50}
    assert ada.connection.session.unanswered == {}
