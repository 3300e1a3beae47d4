"""Plays the museum hunt (huntserver serve --hunt examples/museum.toml): python examples/bot.py [ws://127.0.0.1:8080/ws]"""

import asyncio
import sys
from typing import Any

from huntserver.client import Client, Refused, connect, guest_token

KNOWS = {"cloakroom": "map", "legs": "42", "bones": "BONE-7319", "label": "dream", "portrait": "GAZE-2084",
         "sky": "astronomer", "moon": "1969", "safe": "41852"}  # fmt: skip


async def solve(client: Client, clue: dict[str, Any]) -> None:
    answer = KNOWS[clue["id"]]
    try:
        if clue["kind"] == "code":
            said = await client.command("scan", hunt="museum", code=answer)
        else:
            said = await client.command("guess", hunt="museum", clue=clue["id"], text=answer)
        print(clue["id"], said["verdict"])
    except Refused as refused:  # a cool-down names `after_ms`; people have to wait as well
        await asyncio.sleep((refused.after_ms or 1000) / 1000)


async def play(url: str) -> None:
    async with connect(url, guest_token(url, "Bot")) as client:
        page = await client.join("museum", team="The Machines")
        while clues := [clue for clue in page["clues"] if not clue.get("solved") and clue["id"] in KNOWS]:
            for clue in clues:
                await solve(client, clue)
            page = await client.question("page", hunt="museum")
        print(page["team"]["score"], "points")


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8080/ws"))
