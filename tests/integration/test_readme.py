"""The lines of the README, typed into a real server."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect

from huntserver.client import guest_token
from lab import ROOT
from lab.machines.servers import LocalServer, serving


def test_the_frames_of_the_readme_play_a_clue_by_hand(tmp_path: Path) -> None:
    frames = re.findall(r"^> (\{.*\})$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(frames) == 3

    async def type_them(live: LocalServer) -> list[dict[str, Any]]:
        token, replies = guest_token(live.url, "Ada"), []
        async with connect(live.url) as socket:
            for frame in frames:
                await socket.send(frame.replace('"token":"..."', f'"token":"{token}"'))
                while "id" not in (reply := json.loads(await socket.recv())):
                    pass
                replies.append(reply)
        return replies

    with serving(tmp_path, "--hunt", str(ROOT / "examples" / "museum.toml")) as live:
        replies = asyncio.run(type_them(live))
    assert [reply["id"] for reply in replies] == [1, 2, 3]
    assert replies[2]["ok"]["verdict"] == "partial"
