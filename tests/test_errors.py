"""The table of codes: what every client is fed from."""

from __future__ import annotations

import msgspec

from huntserver.errors import CLOSES, REFUSALS, RESENT_WITH_SAME_KEY, Resend, status
from huntserver.wire.asyncapi import encoded


def test_a_delay_stands_at_exactly_the_codes_that_a_client_sends_again_by_itself() -> None:
    assert {name for name, code in REFUSALS.items() if code.delay_ms > 0} == RESENT_WITH_SAME_KEY
    assert {"unknown", "unavailable", "busy"} <= RESENT_WITH_SAME_KEY
    assert all(code.retry for name, code in REFUSALS.items() if name in RESENT_WITH_SAME_KEY)


def test_a_code_that_is_final_is_never_sent_again_under_any_key() -> None:
    for name in ("already_solved", "lost", "too_late", "bad_token", "key_too_old"):
        assert REFUSALS[name].resend is Resend.NO
        assert not REFUSALS[name].retry


def test_every_status_is_one_for_refusals_and_unknown_codes_are_conflicts() -> None:
    assert {code.status for code in REFUSALS.values()} <= {
        400,
        401,
        403,
        404,
        409,
        412,
        413,
        415,
        422,
        429,
        500,
        503,
        507,
    }
    assert status("no_such_hunt") == 404
    assert status("never_heard_of") == 409


def test_the_protocol_document_shows_the_whole_table() -> None:
    document = msgspec.json.decode(encoded("1"))
    shown = document["x-error-codes"]
    assert shown.keys() == REFUSALS.keys()
    for name, code in REFUSALS.items():
        assert shown[name] == {
            "text": code.text,
            "retry": code.retry,
            "resend": code.resend,
            "delay_ms": code.delay_ms,
            "status": code.status,
        }
    assert {int(number) for number in document["x-close-codes"]} == {close.number for close in CLOSES.values()}
