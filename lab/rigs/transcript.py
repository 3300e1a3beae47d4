"""The worked examples of the host's manual: a hunt, and what is said in it line by line, played on a `Table`.

    ann: guess flag "blue"     -> incorrect            a command, its fields in order or as name=value; its verdict
    ann: guess flag "green"    -> cool_down            ... or the code of its refusal, or `ok`
    ann: guess flag "red"      -> correct points=10    ... and fields of the answer
    host: extend 600           -> ok
    wait 10:00                                         minutes and seconds pass
    board                      -> Ann 10, Bob 0        the standings, as a host sees them
    ann: board                 -> Ann 10, Bob 0        ... as a player does
    amend rejudge OLD NEW      -> ok                   the file with NEW instead of OLD goes up, for existing=rejudge

Players join by their own command; the hunt is published, and starts by the host's command or its schedule. A line
that begins with # is a remark. Teams are named by their names, also where an operation wants an id.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, get_args

import msgspec

from actors.entity import Rejected
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.amending import Existing
from huntserver.game.features.authoring import Define
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.hunt import TAKES
from lab.rigs.game import OWNER, Table, hand_in

_BOARD = re.compile(r"(?:(\w+): )?board ?(.*)")
OPERATIONS = {str(row.command.__struct_config__.tag): row.command for row in TAKES}


def play(toml: str, transcript: str) -> list[str]:
    """Play a transcript in a published hunt; return every line that came out otherwise, with what came."""
    return play_on(Table(toml).published(), transcript)


def play_on(table: Table, transcript: str) -> list[str]:
    """Play a transcript on a table whose hunt is published."""
    differ = []
    for line in transcript.strip().splitlines():
        step, _, wanted = (part.strip() for part in line.partition(" -> "))
        if not step or step.startswith("#"):
            continue
        got = _step(table, step, wanted)
        if got != wanted:
            differ.append(f"{line.strip()}    # got: {got}")
    return differ


def _step(table: Table, step: str, wanted: str) -> str:
    if step.startswith("wait "):
        minutes, _, seconds = step.removeprefix("wait ").partition(":")
        table.tick(int(minutes) * 60 + int(seconds))
        return ""
    if asked := _BOARD.fullmatch(step):
        who = asked[1] or "host"
        by, role = (OWNER, "host") if who == "host" else (f"p:{who}", "player")
        rows = table.ask(BoardQuery(asked[2] or None), by, role).rows
        return ", ".join(f"{row.name} {row.score}" for row in rows)
    if step.startswith("amend "):
        _, existing, *texts = shlex.split(step)
        old, new = (text.replace("\\n", "\n") for text in texts)
        assert old in table.toml, old
        found = check_definition(table.toml.replace(old, new).encode(), "toml")
        if isinstance(found, list):
            return "bad_definition"
        table.toml = table.toml.replace(old, new)
        return _told(table.host(Define(source(found), msgspec.convert(existing, Existing))), wanted)
    who, _, said = step.partition(": ")
    op, *words = shlex.split(said)
    command = _command(table, op, words)
    answer = table.host(command) if who == "host" else table.send(command, f"p:{who}")
    return _told(answer, wanted)


def _command(table: Table, op: str, words: list[str]) -> Any:
    if op == "hand_in":  # a clue and the name of a picture
        return hand_in(*words)
    of = OPERATIONS[op]
    fields = sorted(msgspec.structs.fields(of), key=lambda field: not field.required)
    given: dict[str, Any] = {}
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        named = next((f for f in fields if equals and f.name == name), None)
        field = named or fields[place]
        text = value if named else word
        there = [t for t in table.state.teams.values() if not t.is_dissolved]
        teams = [t.id for t in there if t.name == text]
        if field.name == "invite":
            text = next((t.invite for t in there if t.name == text), text)
        elif field.name.startswith("team") and op != "join" and len(teams) == 1:
            text = teams[0]
        given[field.name] = text if _is_text(field.type) else msgspec.json.decode(text)
    return msgspec.convert(given | {"op": op}, of)


def _is_text(kind: Any) -> bool:
    return kind is str or any(_is_text(part) for part in get_args(kind) if isinstance(part, type) or get_args(part))


def _told(answer: Any, wanted: str) -> str:
    """Return the answer as it was wanted: a verdict or `ok`, then the fields that are asked for."""
    if isinstance(answer, Rejected):
        return answer.code
    fields = msgspec.to_builtins(answer)
    first = fields.get("verdict", "ok") if wanted.partition(" ")[0] != "ok" else "ok"
    asked = re.findall(r"(\w+)=", wanted)
    given = {name: getattr(answer, name, fields.get(name)) for name in asked}  # also what is left out as usual
    return " ".join([first, *(f"{name}={_plain(value)}" for name, value in given.items())])


def _plain(value: Any) -> str:
    return f'"{value.replace(" ", "_")}"' if isinstance(value, str) else msgspec.json.encode(value).decode()
