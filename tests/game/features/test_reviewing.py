"""Photos: who may hand one in, who sees it, who judges it, when it counts, and what becomes of it."""

from __future__ import annotations

import msgspec
import pytest

from huntserver.game.desk import PhotoVerdict
from huntserver.game.features.amending import AwardSolve
from huntserver.game.features.handing_in import MayHandInQuery, PhotoQuery, TakeBack
from huntserver.game.features.merging import Merge
from huntserver.game.features.page import PageQuery
from huntserver.game.features.queueing import PutBack, QueueQuery, TakeUp
from huntserver.game.features.reopening import Reopen
from huntserver.game.features.reviewing import AcceptPhoto, RejectPhoto
from huntserver.game.features.roles import Grant, TakeRole
from huntserver.game.features.schedule import End, Pause, Start, Unpause
from huntserver.game.features.standing import Disqualify
from huntserver.game.photos import KEPT_MAX
from lab.rigs.game import HUNT, OWNER, Table, code, digest, hand_in

PHOTO = """
title = "Look"
[schedule]
duration_s = 3600
[[clues]]
id = "well"
title = "The well"
kind = "photo"
points = 10
first_bonus = [5]
decay_s = 100
points_min = 0
attempts = { free = 1, cool_down_s = 60 }
[[clues]]
id = "next"
title = "Next"
answers = ["one"]
unlock = "well"
"""


def handed(toml: str = PHOTO, *players: str) -> Table:
    """Return a hunt in which Ann handed in a photo, ten seconds into play."""
    table = Table(toml).running(*(players or ("ann", "bob")))
    table.tick(10)
    assert table.send(hand_in("well", "a")) == {"photo": "p1"}
    return table


def waiting(table: Table) -> list[str]:
    return [item.id for item in table.ask(QueueQuery(), OWNER, "host").items]


def test_a_photo_is_seen_by_its_team_and_those_who_run_the_hunt_and_nobody_else() -> None:
    table = handed()
    (photo,) = table.ask(PageQuery()).photos
    assert (photo.id, photo.address, photo.verdict) == ("p1", "hunts/h1/photos/key-of-a", "")
    assert table.pushes("team:t1")[-1].events[-1].photo == photo, "what is pushed is what a page shows"
    assert not table.ask(PageQuery(), "p:bob").photos
    assert table.ask(PhotoQuery("key-of-a")).digest
    assert table.ask(PhotoQuery("key-of-a"), OWNER, "host").digest
    for stranger, role in (("p:bob", "player"), ("", ""), ("h:other", "host")):
        assert not table.ask(PhotoQuery("key-of-a"), stranger, role).digest
    told = msgspec.json.encode([p.events for _, p in table.shown if p.channel in ("hunt", "team:t2")]).decode()
    assert "key-of" not in told
    assert digest(HUNT.decode("h1", list(HUNT.encode(table.state)))) == digest(table.replay())


def test_an_accepted_photo_counts_as_of_when_it_was_handed_in() -> None:
    table = handed()
    table.tick(50)
    table.host(Pause())
    table.tick(600)
    table.host(Unpause())
    table.tick(30)
    assert table.host(AcceptPhoto("p1")) == {"photo": "p1", "team": "t1", "points": 14, "rank": 1}
    team = table.state.teams["t1"]
    assert team.score_at == table.state.rest.desk.photos[1].at_ms  # type: ignore[union-attr]
    assert table.ask(PageQuery()).photos[0].verdict == PhotoVerdict.ACCEPTED
    assert [c.id for c in table.ask(PageQuery()).clues] == ["well", "next"]
    assert code(table.host(AcceptPhoto("p1"))) == "photo_judged"
    assert code(table.send(hand_in("well", "b"))) == "already_solved"


def test_a_rejected_photo_is_a_try_and_says_why_and_the_next_one_may_come() -> None:
    table = handed()
    assert code(table.send(hand_in("well", "b"))) == "photo_waiting"
    assert code(table.host(RejectPhoto("p1", " "))) == "bad_text"
    assert table.host(RejectPhoto("p1", "The bucket is missing."))["wait_ms"] == 0
    (photo,) = table.ask(PageQuery()).photos
    assert (photo.verdict, photo.why) == (PhotoVerdict.REJECTED, "The bucket is missing.")
    assert code(table.send(hand_in("well", "a"))) == "duplicate"
    table.send(hand_in("well", "b"))
    assert table.host(RejectPhoto("p2", "Still missing."))["wait_ms"] == 60_000
    assert code(table.ask(MayHandInQuery("well", "x"))) == "cool_down"
    assert table.host(AcceptPhoto("p2"))["points"] == 14, "a host may think twice"
    assert code(table.ask(MayHandInQuery("next", "x"), "p:bob")) == "locked"
    assert code(table.ask(MayHandInQuery("next", "x"))) == "wrong_kind"


def test_two_hosts_never_judge_the_same_photo() -> None:
    table = handed()
    offer = table.host(Grant("reviewer"))["code"]
    table.send(TakeRole(offer), "h:eve", "host")
    table.host(TakeUp("p1"))
    assert table.pushes("team:t1")[-1].events[-1].photo.held_until_ms == table.now_ms + 600_000
    assert code(table.send(AcceptPhoto("p1"), "h:eve", "host")) == "held"
    table.host(PutBack("p1"))
    assert table.send(AcceptPhoto("p1"), "h:eve", "host")["rank"] == 1
    assert code(table.host(RejectPhoto("p1", "No."))) == "photo_judged"
    assert code(table.send(AcceptPhoto("p1"))) == "not_allowed"


def test_photos_that_wait_at_the_end_are_judged_before_final_places_are_written() -> None:
    table = handed()
    table.host(End())
    table.tick(60)
    assert not table.state.placed
    assert waiting(table) == ["p1"]
    table.host(AcceptPhoto("p1"))
    table.tick(1)
    assert table.state.placed == 2
    assert next(r.events[0].results for r in table.log if r.events[0].__class__.__name__ == "Placed")[0][1:] == (1, 14)
    late = handed()
    late.host(End())
    late.host(Disqualify("t1", "shoes"))
    late.tick(1)
    assert late.state.placed == 2, "the photo of a team that is out holds nothing up"
    assert code(late.host(AcceptPhoto("p1"))) == "photo_judged"
    late.host(Reopen(600))
    late.host(Disqualify("t1", "sorry", back=True))
    assert waiting(late) == ["p1"]


@pytest.mark.parametrize("how", ["award", "take_back"])
def test_a_photo_waits_no_more_once_its_clue_is_solved_or_its_team_took_it_back(how: str) -> None:
    table = handed()
    if how == "award":
        table.host(AwardSolve("t1", "well"))
    else:
        assert code(table.send(TakeBack("p1"), "p:bob")) == "no_such_photo"
        table.send(TakeBack("p1"))
        assert not table.ask(PageQuery()).photos
        assert table.send(hand_in("well", "a")) == {"photo": "p2"}, "the same one may come again"
        table.host(AcceptPhoto("p2"))
    assert waiting(table) == []
    assert code(table.send(TakeBack("p1"))) in ("photo_judged", "no_such_photo")


def test_photos_go_along_when_teams_are_merged() -> None:
    table = Table(PHOTO.replace("[schedule]", '[teams]\nmode = "teams"\n[schedule]')).published()
    table.join("ann", team="Owls")
    table.join("bob", team="Bats")
    table.host(Start())
    table.send(hand_in("well", "b"), "p:bob")
    table.host(Merge("t1", "t2"))
    assert [p.id for p in table.ask(PageQuery()).photos] == ["p1"]
    assert table.host(AcceptPhoto("p1"))["team"] == "t1"


def test_a_hunt_keeps_a_bounded_number_of_photos() -> None:
    table = handed()
    photos = table.state.rest.desk.photos  # type: ignore[union-attr]
    for number in range(2, KEPT_MAX + 2):  # of others, judged long ago
        photos[number] = msgspec.structs.replace(
            photos[1], number=number, clue=f"c{number}", verdict=PhotoVerdict.REJECTED
        )
    table.state.rest.desk.handed_in = KEPT_MAX + 1  # type: ignore[union-attr]
    table.send(hand_in("well", "b"), "p:bob")
    assert len(photos) == KEPT_MAX
    assert waiting(table) == ["p1", f"p{KEPT_MAX + 2}"]
