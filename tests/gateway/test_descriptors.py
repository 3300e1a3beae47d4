"""How many sockets there may be, by the descriptors that the system allows."""

from __future__ import annotations

import resource

import pytest

from huntserver.gateway.descriptors import raise_limit


@pytest.mark.parametrize(("allowed", "sockets"), [(20, 1), (64, 32), (256, 192), (1_024, 768), (4_096, 3_840)])
def test_what_the_server_itself_needs_is_left_to_it(
    allowed: int, sockets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (allowed, allowed))
    assert raise_limit() == sockets
