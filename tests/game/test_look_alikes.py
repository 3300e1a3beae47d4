"""Names that look alike are found, words that deceive are refused, and names that people have pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.features.joining import Join
from huntserver.game.features.naming import Rename
from huntserver.game.look_alikes import looks_of, skeleton, spoof
from huntserver.game.names import name_problem, shown_name
from lab.rigs.game import SMALL, TEAMS, Table, code
from tools.name_tables import FOLDER, tables

WIDE = TEAMS.replace("players_max = 5", "players_max = 50")
REAL = [
    "🏴‍☠️ Black Pearl", "👨‍👩‍👧‍👦 The Mills", "نمی‌دانم",
    "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scots", "Blue Jays", "🏴‍☠️", "علی‌رضا", "مُحَمَّد",
    "עִבְרִית", "שלום team", "क्षत्रिय", "क्‍ष", "ক্ষ", "ക്ഷ", "தமிழ்",
    "ภูมิ", "བོད་ཡིག", "日本 太郎", "ロボット工房", "한국팀", "ABC公司", "東京Owls",
    "Łódź", "Zoë", "O’Brien", "D'Arcy", "L‘Équipe", "Команда Alpha",
    "Моя IT-команда", "Δelta", "μTorrent", "π-rates", "Ωmega", "Яussia",
    "ΑΒΓ", "Кот", "X Æ A-12", "Team 1", "1️⃣", "❤️", "👩🏽‍🚀", "🇺🇦",
    "Mötley Crüe", "Ðorđe", "ɐʍəɹ",
]  # fmt: skip


def test_the_tracked_tables_are_made_of_the_pinned_source() -> None:
    for name, text in tables().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: run tools/name_tables.py"


@pytest.mark.parametrize("name", REAL)
def test_names_that_people_have_pass_in_any_hunt(name: str) -> None:
    assert (name_problem(shown_name(name)), spoof(name)) == ("", "")
    table = Table(WIDE).published()
    assert code(table.join("ann", team=name)) == ""


def test_real_names_do_not_exclude_one_another() -> None:
    table = Table(WIDE).published()
    for i, name in enumerate(REAL):
        assert code(table.join(f"p{i}", team=name)) == "", name


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("Ian", "lan"), ("Owls", "0wls"), ("Owls", "OWLS"), ("Bats 1", "Bats l"), ("Straße", "STRASSE"),
        ("Corner", "Comer"), ("СОВА", "COBA"), ("Cafe\u0301", "Café"), ("Night Owls", "Night  Owls"), ("❤️", "❤"),
        ("Ｏｗｌｓ", "Owls"), ("𝐎𝐰𝐥𝐬", "Owls"),
    ],
)  # fmt: skip
def test_a_name_that_looks_like_anothers_is_refused_and_says_whose(name: str, like: str) -> None:
    table = Table(WIDE).published()
    assert code(table.join("ann", team=name)) == ""
    refused = table.join("bob", team=like)
    assert code(refused) == "team_name_taken", like
    table.join("cid", team="Newts")
    assert code(table.host(Rename("Newts", like))) == "team_name_taken"
    assert code(table.host(Rename("t1", like))) == "", "a team may look like itself"


@pytest.mark.parametrize("name", ["Рaypal", "оwls", "Admіn", "Hоst", "gооgle", "ΑdmiN", "Team Ноst", "Кaтя"])
def test_a_word_of_two_scripts_that_deceives_is_refused_with_the_reason(name: str) -> None:
    refused = Table(WIDE).published().join("ann", team=name)
    assert code(refused) == "bad_text"
    assert "letters that look alike" in refused.msg


def test_who_plays_alone_is_told_apart_and_never_refused() -> None:
    table = Table(SMALL).published()
    for i, name in enumerate(["Anna", "anna", "Аnna", "x" * 40, "x" * 40, *["Bo"] * 12]):
        assert code(table.send(Join(), f"p:q{i}", name=name)) == ""
    names = [team.name for team in table.state.teams.values()]
    assert names[:3] == ["Anna", "anna 2", "Аnna 3"]
    assert len({look for name in names for look in looks_of(name)[1:]}) == len(names)
    assert max(map(len, names)) == 40


def test_a_name_is_free_again_when_its_team_has_another_or_is_no_more() -> None:
    table = Table(WIDE).published()
    table.join("ann", team="Owls")
    table.host(Rename("Owls", "Newts"))
    assert code(table.join("bob", team="0wls")) == ""
    assert code(table.join("cid", team="Owls")) == "team_name_taken"


@given(st.text(max_size=30))
def test_a_skeleton_is_its_own_and_any_text_has_one(text: str) -> None:
    once = skeleton(text)
    assert skeleton(once) == once
    assert spoof(text) == "" or "letters that look alike" in spoof(text)
    assert looks_of(text) == (skeleton(text), skeleton(text.casefold()))
