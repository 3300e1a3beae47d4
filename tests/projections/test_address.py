"""What is shown of a store's address."""

from __future__ import annotations

import pytest

from huntserver.projections.address import shown_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://h:5432/d", "postgresql://h:5432/d"),
        ("postgresql://ann@h/d", "postgresql://ann@h/d"),
        ("postgresql://ann:s3cret@h/d", "postgresql://ann:***@h/d"),
        ("postgresql://ann:s3cret@x@h/d?a=b@c", "postgresql://ann:***@h/d?a=b@c"),
        ("postgresql://h/d?user=ann&password=s3cret", "postgresql://h/d?user=ann&password=***"),
        ("postgresql://h/d?sslpassword=s3cret&sslmode=require", "postgresql://h/d?sslpassword=***&sslmode=require"),
        ("sqlite:data/p.db", "sqlite:data/p.db"),
    ],
)
def test_a_stores_address_is_shown_without_its_passwords(address: str, shown: str) -> None:
    assert shown_address(address) == shown
