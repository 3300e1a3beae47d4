"""Who is to serve what: evenly, with few moves, and never against the roles."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actors.cluster.member import Member
from actors.cluster.table import NOBODY, Held, Report, ShardTable, assign
from actors.log.port import ShardId

SHARDS = {"hunts": 8, "players": 5}


def member(n: int, roles: tuple[str, ...] = ("gateway", "hunts", "players")) -> Member:
    return Member(f"10.0.0.{n}:7000", f"run{n}", roles)


def reports_of(table: ShardTable, members: list[Member], leaving: frozenset[Member] = frozenset()) -> list[Report]:
    """Return what members report that have opened a tenure on all that they were given."""
    return [
        Report(m, table.version, tuple(Held(s.topic, s.index, "n", 10) for s in table.shards_of(m)), m in leaving)
        for m in members
    ]


def moves(before: ShardTable, after: ShardTable) -> int:
    shards = [ShardId(topic, i) for topic, count in SHARDS.items() for i in range(count)]
    return sum(before.owner(s) is not None and before.owner(s) != after.owner(s) for s in shards)


def test_the_first_member_gets_all_and_each_that_joins_takes_its_share_and_no_more() -> None:
    members = [member(1)]
    table = assign(reports_of(ShardTable(), members), SHARDS)
    assert len(table.shards_of(members[0])) == 13
    for n in (2, 3, 4):
        before = table
        members.append(member(n))
        table = assign(reports_of(before, members), SHARDS)
        mine = table.shards_of(members[-1])
        assert moves(before, table) == len(mine)
        assert Counter(s.topic for s in mine)["hunts"] == 8 // n
        assert table.version == before.version + 1


def test_what_does_not_divide_evenly_goes_to_different_members_in_different_topics() -> None:
    table = assign([Report(member(n)) for n in (1, 2, 3)], {"hunts": 4, "players": 4})
    assert sorted(len(table.shards_of(m)) for m in table.members) == [2, 3, 3]


def test_what_a_member_that_is_gone_had_is_shared_out_and_nothing_else_moves() -> None:
    members = [member(n) for n in (1, 2, 3)]
    before = assign(reports_of(ShardTable(), members), SHARDS)
    after = assign(reports_of(before, members[1:]), SHARDS)
    assert moves(before, after) == len(before.shards_of(members[0]))


def test_who_leaves_gets_nothing_and_gives_all_and_the_last_one_keeps_what_it_serves() -> None:
    members = [member(1), member(2)]
    before = assign(reports_of(ShardTable(), members), SHARDS)
    after = assign(reports_of(before, members, frozenset({members[0]})), SHARDS)
    assert after.shards_of(members[0]) == []
    assert len(after.shards_of(members[1])) == 13
    last = assign(reports_of(after, members, frozenset(members)), SHARDS)
    assert last.owners == after.owners


def test_of_two_that_report_a_shard_the_tenure_further_on_in_the_log_counts() -> None:
    one, two = member(1), member(2)
    reports = [
        Report(one, 5, (Held("hunts", 0, "a", 90),)),
        Report(two, 4, (Held("hunts", 0, "b", 91), Held("hunts", 1))),
    ]
    table = assign(reports, {"hunts": 2})
    assert table.owner(ShardId("hunts", 0)) == two
    assert table.owner(ShardId("hunts", 1)) == one  # two has its share
    assert [(table.members[at.member], at.held.offset) for at in table.located] == [(two, 91)]
    assert table.version == 6


def test_a_topic_goes_to_members_with_its_role_alone_and_without_one_to_nobody() -> None:
    hunts, gateway = member(1, ("hunts",)), member(2, ("gateway",))
    table = assign([Report(hunts), Report(gateway)], SHARDS)
    assert set(table.owners["hunts"]) == {table.members.index(hunts)}
    assert set(table.owners["players"]) == {NOBODY}
    assert table.owner(ShardId("players", 0)) is None


@st.composite
def clusters(draw: st.DrawFn) -> tuple[list[Report], dict[str, int]]:
    shards = {"hunts": draw(st.integers(1, 12)), "players": draw(st.integers(1, 12))}
    places = st.builds(
        lambda topic, index, offset: Held(topic, index % shards[topic], "n", offset),
        st.sampled_from(["hunts", "players"]),
        st.integers(0, 11),
        st.integers(-1, 50),
    )
    roles = st.sampled_from([("hunts",), ("players",), ("gateway",), ("hunts", "players")])
    reports = [
        Report(
            member(n, draw(roles)),
            draw(st.integers(0, 9)),
            tuple(draw(st.lists(places, max_size=12))),
            draw(st.booleans()),
        )
        for n in range(draw(st.integers(1, 6)))
    ]
    return reports, shards


@given(clusters())
def test_whatever_is_reported_shares_differ_by_one_at_most_and_a_second_table_moves_nothing(
    cluster: tuple[list[Report], dict[str, int]],
) -> None:
    reports, shards = cluster
    table = assign(reports, shards)
    for topic, count in shards.items():
        able = [r.member for r in reports if topic in r.member.roles and not r.leaving]
        shares = [sum(s.topic == topic for s in table.shards_of(m)) for m in able]
        assert len(table.owners[topic]) == count
        if able:
            assert sum(shares) == count
            assert max(shares) - min(shares) <= 1
    leaving = frozenset(r.member for r in reports if r.leaving)
    assert assign(reports_of(table, [r.member for r in reports], leaving), shards).owners == table.owners
    assert assign(reports[::-1], shards).owners == table.owners
