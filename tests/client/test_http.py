"""The plain HTTP of the client."""

from __future__ import annotations

import pytest

from huntserver.client import Unreachable, guest_token
from tests.not_http import not_http


def test_a_port_of_something_else_is_no_huntserver() -> None:
    with not_http() as address, pytest.raises(Unreachable, match="no huntserver answers"):
        guest_token(f"ws://{address}/ws", "Ada")
