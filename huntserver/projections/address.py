"""The address of a store of read models, as it may be shown. Pure."""

from __future__ import annotations

import re
from typing import Final

_OF_USER: Final = re.compile(r"(//[^:/@]*):[^/]*@")
_AS_PARAMETER: Final = re.compile(r"([?&](?:ssl)?password=)[^&]*")


def shown_address(address: str) -> str:
    """Return a store's address without what libpq takes as a password in it, also as a parameter."""
    return _AS_PARAMETER.sub(r"\1***", _OF_USER.sub(r"\1:***@", address))
