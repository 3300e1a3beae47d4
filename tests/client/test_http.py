"""The plain HTTP of the client."""

from __future__ import annotations

import pytest

from huntserver.client import Refused, Unreachable, guest_token, http
from tests.not_http import not_http


def test_a_port_of_something_else_is_no_huntserver() -> None:
    with not_http() as address, pytest.raises(Unreachable, match="no huntserver answers"):
        guest_token(f"ws://{address}/ws", "Ada")


def test_a_busy_server_is_asked_again_for_a_guests_token(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(503, {"code": "busy", "after_ms": 1}), (503, {"code": "busy", "after_ms": 1}), (200, {"token": "t"})]
    monkeypatch.setattr(http, "http", lambda *_: answers.pop(0))
    assert (http.guest_token("ws://here/ws", "Ada"), answers) == ("t", [])


@pytest.mark.parametrize("refusal", [{"code": "busy", "after_ms": 60_000}, {"code": "rate_limited", "after_ms": 1}])
def test_who_is_asked_to_come_back_much_later_hears_so(
    refusal: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "http", lambda *_: (503, refusal))
    with pytest.raises(Refused):
        http.guest_token("ws://here/ws", "Ada")
