"""Tokens and the key file: what is taken, what is refused, and in which words."""

from __future__ import annotations

import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.entity import Rejected
from actors.reporter import Silent
from actors.shard.actor import Caller
from actors.timekeeper import Timekeeper
from huntserver.auth import KeyFileError, Tokens, load_key
from huntserver.auth.tokens import ALGORITHM, RENEW_AFTER_S
from huntserver.auth.validity import IN_DOUBT, LEEWAY_S
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.sessions import NotGreeted, Sessions
from huntserver.limits import Limits
from huntserver.wire.messages import Hello
from tests.actors.rig import Clock

KEY = b"k" * 64
TOKENS = Tokens(KEY)


def code(token: str) -> str:
    verified = TOKENS.verify(token)
    return verified.code if isinstance(verified, Rejected) else "ok"


def signed(key: bytes = KEY, algorithm: str = ALGORITHM, **claims: object) -> str:
    whole = {"iss": "huntserver", "sub": "ada", "role": "player", "exp": time.time() + 86_400, **claims}
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, key, algorithm=algorithm)


@pytest.mark.parametrize("role", ["player", "host", "admin"])
def test_a_minted_token_says_who_it_was_minted_for(role: str) -> None:
    caller = TOKENS.verify(TOKENS.mint(role, "ada", "Ada"))
    assert isinstance(caller, Caller)
    assert (caller.by, caller.role, caller.name) == (("p:" if role == "player" else "h:") + "ada", role, "Ada")


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("", "bad_token"),
        ("a.b.c", "bad_token"),
        (signed(b"z" * 32), "bad_token"),
        (signed(algorithm="HS512"), "bad_token"),
        (
            jwt.encode({"iss": "huntserver", "sub": "ada", "role": "host", "exp": 9e9}, "", algorithm="none"),
            "bad_token",
        ),
        (signed(exp=time.time() - 60), "token_expired"),
        (signed(exp=None), "bad_token"),
        (signed(iss="another"), "bad_token"),
        (signed(role="king"), "bad_token"),
        (signed(role=None), "bad_token"),
        (signed(sub="a/b"), "bad_token"),
        (signed(sub=""), "bad_token"),
        (signed(sub="x" * 65), "bad_token"),
        (signed(name="n" * 41), "bad_token"),
        (signed(name=["Ada"]), "bad_token"),
        (signed(name="a\nb"), "bad_token"),
        (signed(), "ok"),
    ],
)
def test_what_is_no_token_of_ours_is_refused(token: str, wanted: str) -> None:
    assert code(token) == wanted


def test_why_a_token_is_refused_is_said_in_words() -> None:
    said = {}
    for token in ("a.b.c", signed(b"z" * 32), signed(iss="another"), signed(exp=None), signed(algorithm="HS512")):
        refused = TOKENS.verify(token)
        assert isinstance(refused, Rejected)
        said[refused.msg] = token
    assert [text.partition(": ")[2] for text in said] == [
        "it is no JWT, or a part of one: copy the whole of it",
        "another key signed it: is it another server's?",
        "its issuer is another one",
        "it has no 'exp'",
        "it is signed by a way that is not allowed here",
    ]


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda b: b.decode("latin-1")))
def test_any_text_is_refused_in_words_that_do_not_repeat_it(text: str) -> None:
    verified = TOKENS.verify(text)
    assert isinstance(verified, Rejected)
    assert len(text) < 6 or text not in verified.msg


@given(at=st.integers(0, 200), bit=st.integers(0, 6))
def test_a_token_with_one_character_changed_is_refused(at: int, bit: int) -> None:
    token = TOKENS.mint("player", "ada", "Ada")
    at %= len(token) - 1  # the last character of base64 has bits that mean nothing
    changed = token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
    assert code(changed) != "ok"


@given(
    st.fixed_dictionaries(
        {
            "iss": st.sampled_from(("huntserver", "another", None, 3)),
            "sub": st.sampled_from(("ada", "a/b", "", 7, None)),
            "role": st.sampled_from(("player", "host", "king", None)),
            "name": st.sampled_from(("Ada", "a\nb", None, ["Ada"])),
            "exp": st.sampled_from((9_000_000_000, 9e9, 1, None, "9000000000")),
            "iat": st.sampled_from((1, 1.5, 9_000_000_000, None, "x")),
        },
        optional={"guest": st.booleans(), "nbf": st.just(9_000_000_000), "aud": st.just("others"), "jti": st.just(5)},
    ),
    st.sampled_from((KEY, b"z" * 64)),
)
def test_the_short_way_takes_no_token_that_the_library_refuses(claims: dict[str, Any], key: bytes) -> None:
    class ByTheLibrary(Tokens):
        def _ours(self, token: str) -> None:
            return None

    try:
        token = jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm=ALGORITHM)
    except TypeError:  # the library does not sign it
        return
    short, long = TOKENS.verify(token), ByTheLibrary(KEY).verify(token)
    assert repr(short) == repr(long)
    if isinstance(short, Caller):
        assert (TOKENS.renewed(token) is None) == (ByTheLibrary(KEY).renewed(token) is None)


def test_our_own_tokens_go_the_short_way() -> None:
    assert TOKENS._ours(TOKENS.mint("host", "ada", "Ada")) is not None
    assert TOKENS._ours(TOKENS.guest("Ada")[1]) is not None
    assert TOKENS._ours(TOKENS.mint("player", "ada", ttl_s=-60)) is None


def test_a_guests_token_is_renewed_after_a_day_and_others_are_not() -> None:
    _, token = TOKENS.guest("Ada")
    assert TOKENS.renewed(token) is None
    old = signed(guest=True, name="Ada", iat=time.time() - RENEW_AFTER_S - 1)
    fresh = TOKENS.renewed(old)
    assert fresh is not None
    assert code(fresh) == "ok"
    assert TOKENS.renewed(signed(name="Ada", iat=time.time() - RENEW_AFTER_S - 1)) is None


JUMPS_S = (-40 * 365 * 86_400, -86_400, 6 * 3_600, 31 * 86_400, 30 * 365 * 86_400)


@pytest.mark.parametrize("jump_s", JUMPS_S)
@pytest.mark.parametrize("more", [{}, {"jti": "which the short way does not know"}])
def test_a_wall_clock_that_jumps_turns_nobody_away_whose_token_is_valid_by_the_servers_time(
    jump_s: int, more: dict[str, Any]
) -> None:
    now = time.time()
    tokens = Tokens(KEY)
    token = signed(iat=int(now), name="", exp=int(now + 3_600), **more)
    tokens.times = lambda: (now, now + jump_s)
    assert isinstance(tokens.verify(token), Caller)
    _, minted = tokens.guest("Ada")
    tokens.times = lambda: (now + 10 * 86_400, now + 10 * 86_400)  # and one that was given meanwhile is good later
    assert isinstance(tokens.verify(minted), Caller)


@pytest.mark.parametrize(
    ("claims", "wanted"),
    [
        ({"exp": 900, "iat": 100}, "token_expired"),
        ({"exp": 9_000, "iat": 2_000}, "bad_token"),
        ({"exp": 9_000, "nbf": 2_000}, "bad_token"),
        ({"exp": 9_000, "nbf": [1]}, "bad_token"),
        ({"exp": float("inf")}, "bad_token"),
        ({"exp": 1_000 - LEEWAY_S + 1, "iat": 1_000 + LEEWAY_S}, "ok"),
    ],
)
def test_what_is_valid_by_neither_time_is_refused(claims: dict[str, Any], wanted: str) -> None:
    tokens = Tokens(KEY)
    tokens.times = lambda: (1_000.0, 990.0)
    verified = tokens.verify(signed(**claims))
    assert (verified.code if isinstance(verified, Rejected) else "ok") == wanted


@pytest.mark.parametrize(
    "claims", [{"exp": 900, "iat": 100}, {"exp": 9_000, "iat": 2_000}, {"exp": 9_000, "nbf": 2_000}]
)
def test_while_the_servers_clock_is_in_doubt_no_token_is_refused_by_it_for_good(claims: dict[str, Any]) -> None:
    tokens = Tokens(KEY)
    tokens.times, tokens.in_doubt = (lambda: (1_000.0,)), (lambda: True)
    sessions = Sessions(tokens, Limits(), LoopClock())
    refused = sessions.greet(Mock(), Mock(), Hello(id=1, token=signed(**claims)))
    assert isinstance(refused, NotGreeted)
    assert (refused.rejected.code, refused.rejected.retry, refused.close) == ("busy", True, "")
    forged = tokens.verify(signed(**claims)[:-4] + "AAAA")
    assert isinstance(forged, Rejected)
    assert forged.code == "bad_token"


def test_until_a_server_has_read_its_own_log_no_token_is_refused_by_a_clock_that_nothing_vouches_for() -> None:
    clock, reads = Clock(), [True]
    keeper = Timekeeper(clock, independent=False, most_ms=5_000, grace_s=60.0, report=Silent())
    tokens = Tokens(KEY)
    tokens.go_by(keeper, has_read=lambda: not reads[0], wall=lambda: (clock.ms / 1000,))
    last_s = clock.ms / 1000 + 3 * 3_600  # the machine starts with a clock that is three hours behind
    token = signed(iat=int(last_s) - 60, exp=last_s + 86_400, name="")
    assert tokens.verify(token) is IN_DOUBT
    keeper.bear_out(int(last_s * 1000), timers=False)
    assert isinstance(tokens.verify(token), Caller)
    old = tokens.verify(signed(iat=1, exp=int(last_s) - 5 * 3_600, name=""))  # over by the log's time and the clock's
    assert isinstance(old, Rejected)
    assert old.code == "token_expired", "who comes with that is told so at once, in doubt of the clock as well"
    empty = Tokens(KEY)
    empty.go_by(Timekeeper(clock, independent=False, most_ms=5_000, grace_s=60.0, report=Silent()))
    assert not empty.in_doubt(), "a log without a record tells no time: guests are let in"


def test_while_the_servers_clock_is_in_doubt_no_token_is_renewed_by_it() -> None:
    tokens, ahead_s = Tokens(KEY), time.time() + 86_400
    old = signed(guest=True, name="Ada", iat=time.time() - RENEW_AFTER_S - 1)
    tokens.times, tokens.in_doubt = (lambda: (ahead_s,)), (lambda: True)
    assert isinstance(tokens.verify(old), Caller)
    assert tokens.renewed(old) is None  # it would begin tomorrow, and whoever holds it be refused until then
    tokens.in_doubt = lambda: False
    assert tokens.renewed(old) is not None


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "token.key"
    key = load_key(path, make=True)
    assert load_key(path, make=True) == load_key(path, make=False) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no token key there; make one with"):
        load_key(tmp_path / "none", make=False)
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key(tmp_path, make=True)
    with pytest.raises(KeyFileError, match="31 bytes, it needs 32"):
        Tokens(b"x" * 31)


def test_a_key_that_does_not_fit_on_the_disk_leaves_no_half_of_it(tmp_path: Path) -> None:
    script = (
        "import resource, sys, pathlib\n"
        "from huntserver.auth import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))\n"
        "try: load_key(pathlib.Path(sys.argv[1]), make=True)\n"
        "except KeyFileError as error: print(error)"
    )
    path = tmp_path / "token.key"
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{path}: cannot be made (File too large)\n"
    assert not path.exists()


@pytest.mark.parametrize("short", [True, False])
def test_clocks_may_be_some_seconds_apart(short: bool) -> None:
    more = {"name": "Ada", "iat": int(time.time()) + 3} if short else {"nbf": time.time() + 3}
    assert code(signed(exp=int(time.time()) + 60, **more)) == "ok"
    assert code(signed(exp=int(time.time()) - 3, name="Ada", iat=1)) == "ok"
    far = {"name": "Ada", "iat": int(time.time()) + 600} if short else {"nbf": time.time() + 600}
    assert code(signed(exp=int(time.time()) + 900, **far)) == "bad_token"
    assert LEEWAY_S >= 3
