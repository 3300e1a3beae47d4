"""Links that sign a host in: valid once, for a while, for hosts alone, and never as a token."""

from __future__ import annotations

import os
import secrets
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.auth import SignIn, Tokens, link_code
from huntserver.auth.sign_in import LINK_TTL_S

KEY = b"k" * 32


def made(role: str = "host", ttl_s: float = LINK_TTL_S) -> str:
    return link_code(KEY, role=role, subject="host", name="Host", ttl_s=ttl_s)


def exchange(sign_in: SignIn, code: str) -> dict[str, Any] | Rejected:
    found = sign_in.use(code, secrets.token_hex(16))
    return found if isinstance(found, Rejected) else sign_in.session(found)


def test_a_code_is_exchanged_for_a_token_of_whom_it_speaks_for(tmp_path: Path) -> None:
    found = exchange(SignIn(KEY, tmp_path / "links"), made())
    assert isinstance(found, dict)
    assert found["player"] == "h:host"
    caller = Tokens(KEY).verify(found["token"])
    assert isinstance(caller, Caller)
    assert (caller.by, caller.role, caller.name) == ("h:host", "host", "Host")


def test_a_token_for_a_link_is_dated_by_the_servers_time(tmp_path: Path) -> None:
    """One that a wrong wall clock had dated hours ahead was refused when the clock was set right: the host was out."""
    server_s = time.time() - 6 * 3_600
    tokens = Tokens(KEY)
    tokens.times = lambda: (server_s, time.time())
    found = exchange(SignIn(KEY, tmp_path, tokens), made())
    assert isinstance(found, dict)
    tokens.times = lambda: (server_s, server_s)
    assert isinstance(tokens.verify(found["token"]), Caller)


def test_a_code_is_good_once_also_over_a_restart(tmp_path: Path) -> None:
    code = made()
    assert isinstance(exchange(SignIn(KEY, tmp_path), code), dict)
    again = exchange(SignIn(KEY, tmp_path), code)
    assert isinstance(again, Rejected)
    assert "used already" in again.msg


def test_of_many_who_give_a_code_at_once_one_is_let_in(tmp_path: Path) -> None:
    code, told = made(), []
    sign_in = SignIn(KEY, tmp_path)
    start = threading.Barrier(8)

    def give() -> None:
        start.wait()
        told.append(exchange(sign_in, code))

    threads = [threading.Thread(target=give) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(one, dict) for one in told) == 1


def test_codes_that_are_old_foreign_or_tokens_are_refused_with_what_to_do(tmp_path: Path) -> None:
    sign_in = SignIn(KEY, tmp_path)
    strange = link_code(b"x" * 32, role="host", subject="host", name="")
    for code, reason in [
        (made(ttl_s=-60), "token_expired"),
        (strange, "bad_token"),
        (Tokens(KEY).mint("host", "host"), "bad_token"),
        ("", "bad_token"),
        ("../../etc/passwd", "bad_token"),
    ]:
        found = exchange(sign_in, code)
        assert isinstance(found, Rejected)
        assert found.code == reason
        assert "token --link" in found.msg
    assert list(tmp_path.iterdir()) == []


def test_a_code_is_no_token_and_players_have_none() -> None:
    assert isinstance(Tokens(KEY).verify(made()), Rejected)
    with pytest.raises(ValueError, match="player"):
        made("player")


def test_marks_of_codes_that_have_long_expired_are_removed_and_no_other_file(tmp_path: Path) -> None:
    sign_in = SignIn(KEY, tmp_path)
    exchange(sign_in, made())
    (old,) = tmp_path.iterdir()
    os.utime(old, (0, time.time() - 3 * LINK_TTL_S))
    (tmp_path / f".{'a' * 32}.{'b' * 16}").touch()  # of a server that was killed while it marked one
    os.utime(tmp_path / f".{'a' * 32}.{'b' * 16}", (0, time.time() - 3 * LINK_TTL_S))
    (tmp_path / "readme.txt").write_text("kept")
    os.utime(tmp_path / "readme.txt", (0, 0))
    exchange(sign_in, made())
    names = {path.name for path in tmp_path.iterdir()}
    assert old.name not in names
    assert "readme.txt" in names
    assert len(names) == 2


def test_a_mark_says_by_which_use_so_that_nodes_on_one_machine_may_share_them(tmp_path: Path) -> None:
    one, two = SignIn(KEY, tmp_path), SignIn(KEY, tmp_path)
    found = one.use(made(), "1" * 32)
    assert not isinstance(found, Rejected)
    assert [two.mark(found.id, use * 32) for use in "12"] == [True, False]
    assert two.used() == [found.id]
