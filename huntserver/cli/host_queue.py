"""`huntserver host queue`: what teams wait for, oldest first, with what they tried."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, Final

TURNS: Final = {"host": "waits", "team": "the team is to answer", "": "answered"}


def lines(seen: dict[str, Any]) -> Iterator[str]:
    """Yield the queue in lines: each item with its id, team, clue and state, then its thread."""
    yield f"{seen['waiting']} wait for a host"
    for item in seen["items"]:
        yield _head(item, seen["now_ms"])
        for at_ms, _, name, text, host in item["thread"]:
            said = json.dumps(text, ensure_ascii=False)
            yield f"    {time.strftime('%H:%M', time.gmtime(at_ms / 1000))} {'host' if host else name}: {said}"


def _head(item: dict[str, Any], now_ms: int) -> str:
    state = TURNS[item.get("turn", "")]
    if state == "waits":
        since = item["photo"]["at_ms"] if "photo" in item else item["thread"][-1][0]
        state = f"waits {max(0, now_ms - since) // 1000} s"
    held = f", {item.get('by_name') or item['by']} looks at it" if item.get("by") else ""
    tried = ", ".join(json.dumps(text, ensure_ascii=False) for text in item.get("tried", ()))
    wrong = f", {item['wrong']} wrong{f' ({tried})' if tried else ''}" if item.get("wrong") else ""
    state = f"a photo {state}, GET /{item['photo']['address']}" if "photo" in item else state
    part = item["photo"].get("part") if "photo" in item else ""
    clue = f"{item['clue']}.{part}" if part else item["clue"]
    return f"  {item['id']:5} {item['team']} {item['name']}, {clue}: {state}{held}{wrong}"
