"""What is fuzzed: one function a decoder. Each takes any bytes and raises if a promise about them is broken.

The same functions run under the coverage-guided fuzzer (`python -m lab.fuzz`) and over the corpus in `make test`.
`noted` is called with what a decoder said, so that a fuzzer that cannot look into a C decoder sees that it said
something new.
"""

from __future__ import annotations

import re
import struct
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.entity import Context, Decision, Rejected
from actors.faults import LogDamaged
from actors.log.codec import Done, RecordDecoder, Tenure, encode
from actors.log.port import ShardId
from actors.shard.actor import Caller
from actors.shard.dedup import Dedup, split_key
from actors.shard.fence import TenureFold
from actors.snapshots.format import Header, Marker, decode_header, decode_marker, encode_sealed
from huntserver.config import Config, ConfigError
from huntserver.config import parse as parse_config
from huntserver.errors import REFUSALS
from huntserver.game.answers import GUESS_MAX
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.definition.unlocks import RULE_MAX, RuleError, compile_rule, parse
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.checking_in import CheckIn
from huntserver.game.features.guessing import Guess
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.page import MembershipQuery, PageQuery
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import Publish, Start
from huntserver.game.features.treasures import Claim
from huntserver.game.hunt import HuntEvent
from huntserver.game.judging.answer import Answer
from huntserver.game.judging.expression import problems
from huntserver.game.judging.judge import TextJudge
from huntserver.game.player.entity import PlayerType
from huntserver.game.player.events import AnyPlayerEvent
from huntserver.limits import Limits
from huntserver.wire import codecs
from huntserver.wire.messages import IS_COMMAND, IS_QUERY, ROUTE, UNDECODABLE, decode_json, decode_msgpack, explain
from huntserver.wire.session import Session
from lab.fuzz.door import statuses
from lab.fuzz.link import exchanged
from lab.rigs.frames import agree
from lab.rigs.game import HUNT, START_MS, Table

SHARD: Final = ShardId("hunts", 0)
MATCH_S_MAX: Final = 2.0
"""A guess is judged within this, on a slow and busy machine too; a runaway expression takes years."""

noted: Callable[[str], None] = lambda text: None  # noqa: E731
_NUMBERS: Final = re.compile(r"\d+")
_same_json: Final = msgspec.json.Encoder().encode
_same_msgpack: Final = msgspec.msgpack.Encoder().encode


def note(text: str) -> None:
    """Tell the fuzzer what a decoder said, numbers apart."""
    noted(_NUMBERS.sub("0", text)[:80])


def lane(data: bytes) -> None:
    """Frames: the fast lane and the Sans-I/O protocol give the same messages, pongs and close. First byte: chunks."""
    if not data:
        return
    stream = data[1:1500]
    step = data[0]
    agree(stream, list(range(step, len(stream), step)) if step else [])


# ---- commands

PLAYER: Final = Caller("p:ann", "player", "Ann")
OWNER: Final = Caller("h:owner", "host", "Owner")
_table: Table | None = None


def _running() -> Table:
    """Return a hunt in the middle of play; its state is never changed."""
    global _table
    if _table is None:
        _table = Table().running("ann", "bob")
        _table.guess("one")
        _table.tick(20)
    return _table


def _context(caller: Caller) -> Context:
    ctx = Context()
    ctx.by, ctx.role, ctx.name = caller.by, caller.role, caller.name
    ctx.now_ms, ctx.roll, ctx.seq = START_MS + 20_000, lambda: 12345, _running().seq + 1
    return ctx


def command_json(data: bytes) -> None:
    """Commands in JSON."""
    _command(data, packed=False)


def command_msgpack(data: bytes) -> None:
    """Commands in MessagePack."""
    _command(data, packed=True)


def _command(data: bytes, *, packed: bool) -> None:
    """Bytes are a frame or a refusal that can be sent; a frame survives its encoding, and the hunt judges it."""
    decode: Any = decode_msgpack if packed else decode_json
    try:
        frame = decode(data)
    except UNDECODABLE as error:
        request, rejected = explain(error, data, packed)
        assert 0 <= request <= 1 << 53
        assert rejected.code in ("bad_frame", "unknown_op", "bad_field")
        assert "\n" not in rejected.msg
        _sendable(request, rejected)
        note(rejected.msg)
        return
    note(type(frame).__name__)
    for encoder, decoder in ((_same_json, decode_json), (_same_msgpack, decode_msgpack)):
        try:
            once = encoder(frame)
        except OverflowError:  # MessagePack has no such numbers; the hunt judges them below
            continue
        if b"null" not in once:  # JSON has no NaN and writes null for it
            assert encoder(decoder(once)) == once
    for caller in (PLAYER, OWNER):
        session = Session(Limits())
        assert session.welcome(caller, "phone", 0.0) is None
        if ROUTE[type(frame)] == IS_COMMAND:
            _judge_command(session, frame, caller)
        elif ROUTE[type(frame)] == IS_QUERY:
            view = HUNT.query(_running().state, frame, _context(caller))
            _sendable(frame.id, view) if isinstance(view, Rejected) else _both(codecs.view, frame.id, view)


def _judge_command(session: Session, frame: Any, caller: Caller) -> None:
    key = session.admit(frame)
    if isinstance(key, Rejected):
        _sendable(frame.id, key)
        return
    assert session.unanswered == {frame.id: frame}
    if key is not None:
        assert split_key(f"{key[0]}:{key[1]}") == key
    state = _running().state
    decision = HUNT.decide(state, frame, _context(caller))
    if isinstance(decision, Rejected):
        assert decision.code in REFUSALS, decision
        _sendable(frame.id, decision)
        return
    assert isinstance(decision, Decision)
    answer = _same_json(decision.answer)
    assert len(answer) <= 200
    _record(
        HuntEvent, Done("n", 1, START_MS, "hunt/h1", 1, caller.by, "e:1", list(decision.events), msgspec.Raw(answer))
    )
    copy = HUNT.decode("h1", list(HUNT.encode(state)))
    seq, now_ms = _running().seq + 1, START_MS + 20_000
    for event in decision.events:
        HUNT.apply(copy, event, seq, now_ms)
    for push in HUNT.pushes(copy, decision.events, seq, now_ms):
        _same_msgpack(msgspec.json.decode(_same_json(push.events)))
    parts = list(HUNT.encode(copy))
    assert list(HUNT.encode(HUNT.decode("h1", parts))) == parts


def _sendable(request: int, rejected: Rejected) -> None:
    assert rejected.code in REFUSALS
    _both(codecs.err, request, rejected)


def _both(made: Callable[..., bytes], request: int, what: Any) -> None:
    as_json = msgspec.json.decode(made(request, what, 7, packed=False))
    as_msgpack = msgspec.msgpack.decode(made(request, what, 7, packed=True))
    assert as_json == as_msgpack, (as_json, as_msgpack)


# ---- hunt files


def hunt_file(data: bytes) -> None:
    """Hunt files: problems in one line each, or a definition that survives its encoding and can be played.

    First byte: T for TOML, J for JSON.
    """
    style = "json" if data[:1] == b"J" else "toml"
    found = check_definition(data[1:], style)
    if isinstance(found, list):
        assert found
        for problem in found:
            assert isinstance(problem, Problem)
            assert all(problem), problem
            note(str(problem))
        return
    text = source(found)
    again = check_definition(text.encode(), "json")
    assert isinstance(again, Definition), again
    assert source(again) == text
    note("can be played")
    _play(text)


def _play(text: str) -> None:
    """Take a definition through a hunt's life."""
    table = Table()
    table.host(Create())
    assert not isinstance(table.host(Define(text)), Rejected)
    published = table.host(Publish())
    if isinstance(published, Rejected):
        assert published.code in ("wrong_phase", "too_late"), published
        return
    table.join("ann", team="Owls", bracket=None)
    table.host(Start())
    plan = table.state.plan
    for clue in plan.clues[:5]:
        for raw in ("x", "1", clue.title):
            table.send(Guess(clue.id, raw[:GUESS_MAX]))
        for answer in clue.answers[:2]:
            if isinstance(answer, str):
                table.send(Guess(clue.id, answer))
            elif answer.number is not None:
                table.send(Guess(clue.id, str(answer.number)))
        for code in clue.codes[:2]:
            table.send(Scan(code))
        if clue.location is not None:
            table.send(CheckIn(clue.location.lat, clue.location.lon))
    for treasure in plan.treasures[:3]:
        table.send(Claim(treasure.id))
    for query in (PageQuery(), BoardQuery(), MembershipQuery()):
        view = table.ask(query)
        assert isinstance(view, Rejected) or msgspec.json.encode(view)
    parts = list(HUNT.encode(table.state))
    assert list(HUNT.encode(HUNT.decode("h1", parts))) == parts
    assert list(HUNT.encode(table.replay())) == parts


def pattern(data: bytes) -> None:
    """Regular expressions: what is allowed judges every guess in time. Before the line's end: the expression."""
    text, _, guess = data.decode(errors="replace").partition("\n")
    faults = problems([(text, "typed")])
    note(faults[0][1] if faults else "")
    if faults or not text:
        return
    judge = TextJudge([Answer(regex=text)])
    seeds = {guess[:GUESS_MAX], "a" * GUESS_MAX, "ab" * (GUESS_MAX // 2), "a" * (GUESS_MAX - 1) + "!"}
    longest = max((w for w in re.findall(r"\w+", text)), key=len, default="a")
    seeds.add((longest * GUESS_MAX)[: GUESS_MAX - 1] + "!")
    for seed in sorted(seeds):
        began = time.thread_time()  # of the CPU: what else the machine does is nobody's fault here
        judge.fits(seed)
        assert time.thread_time() - began < MATCH_S_MAX, f"{text!r} runs for too long on {seed!r}"


def rule(data: bytes) -> None:
    """Unlock rules: a rule that opens with solves and time and never closes again, or an error that says where."""
    text = data.decode(errors="replace")
    try:
        made = parse(text)
    except RuleError as error:
        why = str(error)
        assert why
        note(why)
        return
    assert len(text) <= RULE_MAX or not text.strip()
    index = {id: i for i, id in enumerate(made.ids)}
    opens = compile_rule(made, index)
    last_s = max(made.after_s, default=0)
    assert opens((1 << len(index)) - 1, last_s), "a rule that all solves and all time do not open"
    for i in range(min(len(index), 8)):
        solved = (1 << i) - 1
        assert opens(solved, 0) <= opens(solved | 1 << i, 0) <= opens(solved | 1 << i, last_s)


# ---- what is stored

_HUNTS: Final = RecordDecoder(HuntEvent)
_PLAYERS: Final = RecordDecoder(AnyPlayerEvent)
_PLAYER_TYPE: Final = PlayerType()


def record(data: bytes) -> None:
    """Records: one that survives its encoding, or `LogDamaged` that names shard and offset. First byte: H or P."""
    players = data[:1] == b"P"
    try:
        made = (_PLAYERS if players else _HUNTS).decode(SHARD, 17, data[1:])
    except LogDamaged as damaged:
        why = str(damaged)
        assert "offset 17" in why
        assert "hunts" in why
        note(why[50:])
        return
    note(type(made).__name__)
    _record(AnyPlayerEvent if players else HuntEvent, made)
    fold = TenureFold()
    fold.tenure(0, "n", "a#1")
    if isinstance(made, Tenure):
        fold.tenure(17, made.nonce, made.node)
    else:
        fold.record(made.nonce, made.seq)
    assert fold.state().next_seq >= 1


def _record(event_type: Any, made: Any) -> None:
    body = encode(made)
    again = RecordDecoder(event_type).decode(SHARD, 0, body)
    assert encode(again) == body
    assert b"\n" not in body


def snapshot(data: bytes) -> None:
    """Snapshots' parts: a state, or ValueError and nothing else. First byte: which decoder."""
    which, parts = data[:1], cut(data[1:])
    try:
        match which:
            case b"D":
                dedup = Dedup.decode(parts)
                dedup.weight()
                once = list(dedup.encode())
                assert list(Dedup.decode(once).encode()) == once
            case b"H":  # parts that contradict each other are the digest's to find: no more than "does not fall over"
                list(HUNT.encode(HUNT.decode("h1", parts)))
            case b"P":
                once = list(_PLAYER_TYPE.encode(_PLAYER_TYPE.decode("p", parts)))
                assert list(_PLAYER_TYPE.encode(_PLAYER_TYPE.decode("p", once))) == once
            case b"M":
                _sealed(decode_marker, msgspec.msgpack.Decoder(Marker).decode(parts[0]), parts[0])
            case _:
                _sealed(decode_header, msgspec.msgpack.Decoder(Header).decode(parts[0]), parts[0])
    except ValueError as error:
        note(str(error))
    else:
        note(f"whole {which!r}")


def _sealed(decode: Callable[[bytes], Any], item: Any, data: bytes) -> None:
    """What is sealed comes back; what is not is refused, whatever it says."""
    once = encode_sealed(item)
    assert encode_sealed(decode(once)) == once
    decode(data)


def cut(data: bytes) -> list[bytes]:
    """Cut bytes into parts, each behind its size in two bytes."""
    parts: list[bytes] = []
    while len(data) >= 2 and len(parts) < 8:
        (size,) = struct.unpack_from(">H", data)
        parts.append(data[2 : 2 + size])
        data = data[2 + size :]
    return parts or [b""]


def joined(parts: list[bytes]) -> bytes:
    """Return what `cut` cuts into these parts."""
    return b"".join(struct.pack(">H", len(part)) + part for part in parts)


def config(data: bytes) -> None:
    """Configurations: one that can be used, or `ConfigError` in words that name the file."""
    try:
        assert isinstance(parse_config(data, "some.toml"), Config)
        note("good")
    except ConfigError as error:
        why = str(error)
        assert why.startswith("some.toml: ")
        note(why)


def request(data: bytes) -> None:
    """HTTP requests and handshakes: an answer with a status, never a traceback or silence. First byte: chunks."""
    if data:
        note(f"statuses {[f'x{status}x' for status in statuses(data[1:], data[0])]}")


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "link": lambda data: exchanged(data, note),
    **{
        target.__name__: target
        for target in (lane, command_json, command_msgpack, hunt_file, pattern, rule, record, snapshot, config, request)
    },
}

__all__ = ["TARGETS", "cut", "joined", "note"]
