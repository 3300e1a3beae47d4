"""The queue in the terminal: who waits, where, for how long, and what the team tried."""

from __future__ import annotations

import msgspec

from huntserver.cli.host_queue import lines
from huntserver.game.features.answering import Answer
from huntserver.game.features.asking import Ask
from huntserver.game.features.queueing import QueueQuery, TakeUp
from lab.rigs.game import OWNER, SMALL, Table, hand_in


def test_the_queue_is_printed_with_what_a_team_tried_and_who_looks_at_it() -> None:
    table = Table(SMALL.replace("[schedule]", "[help]\nopen_max = 2\n[schedule]")).running("ann", "bob")
    table.guess("uno")
    table.send(Ask("c1", "Is it a number?"))
    table.send(Ask("c1", "And a\nverse?"), "p:bob")
    table.host(Answer("q1", "Say more.", back=True))
    table.host(TakeUp("q2"))
    table.tick(30)
    printed = list(lines(msgspec.json.decode(msgspec.json.encode(table.ask(QueueQuery(), OWNER, "host")))))
    assert printed == [
        "1 wait for a host",
        "  q2    t2 Bob, c1: waits 30 s, Owner looks at it",
        '    17:46 Bob: "And a\\nverse?"',
        '  q1    t1 Ann, c1: the team is to answer, 1 wrong ("uno")',
        '    17:46 Ann: "Is it a number?"',
        '    17:46 host: "Say more."',
    ]


def test_a_photo_stands_in_the_queue_with_where_it_is_had() -> None:
    clue = '[[clues]]\nid = "vane"\ntitle = "Vane"\nkind = "photo"\n[[treasures]]'
    table = Table(SMALL.replace("[[treasures]]", clue, 1)).running("ann")
    table.send(hand_in("vane", "roof"))
    table.tick(30)
    printed = list(lines(msgspec.json.decode(msgspec.json.encode(table.ask(QueueQuery(), OWNER, "host")))))
    assert printed[1:] == ["  p1    t1 Ann, vane: a photo waits 30 s, GET /hunts/h1/photos/key-of-roof"]
