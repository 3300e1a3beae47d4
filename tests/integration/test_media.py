"""A hunt with pictures over a real server: checked, sent from a folder, served to players, and not before its time."""

from __future__ import annotations

import http.client
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from huntserver.auth import Tokens, load_key
from huntserver.cli.main import FAILED, USAGE, main
from lab.machines.servers import LocalServer, serving
from tests.media.test_sniffing import BODIES, png

HUNT = """
title = "Harbour"
[[clues]]
id = "gate"
title = "Gate"
text = "![An iron gate](gate.png) [a chart](chart.pdf)"
answers = ["lion"]
[[clues]]
id = "bell"
title = "Bell"
text = "![Seven strokes](bell.mp3)"
answers = ["seven"]
unlock = "gate"
"""
BELL = BODIES["audio/mpeg"] + b"strokes" * 60_000
"""More than one piece of what is sent at once."""

pytestmark = pytest.mark.xdist_group("media")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    folder = tmp_path / "harbour"
    folder.mkdir()
    (folder / "hunt.toml").write_text(HUNT)
    (folder / "gate.png").write_bytes(png(40, 30))
    (folder / "chart.pdf").write_bytes(BODIES["application/pdf"])
    (folder / "bell.mp3").write_bytes(BELL)
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_check_names_what_is_wrong_with_the_media_of_a_folder_and_of_a_zip(harbour: Path, tmp_path: Path) -> None:
    assert run("check", harbour).stdout.endswith("2 clues, 0 treasures, can be played\n")
    assert "20 generated teams" in run("check", "--simulate", harbour).stdout
    packed = tmp_path / "harbour.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in harbour.iterdir():
            archive.write(file, f"harbour/{file.name}")
    assert run("check", packed).exit_code == 0
    (harbour / "bell.mp3").rename(harbour / "gong.mp3")
    (harbour / "gate.png").write_bytes(b"<svg/>")
    (harbour / "hunt.toml").write_text(HUNT.replace("[a chart]", "![]"))
    done = run("check", harbour)
    assert done.exit_code == FAILED
    assert "clues[0].text: gate.png is no picture, sound, video or file of a type that is taken" in done.stdout
    assert "clues[1].text: names 'bell.mp3', which is not here; put it beside the hunt file" in done.stdout
    (harbour / "gate.png").write_bytes(png(1, 1))
    (harbour / "bell.mp3").write_bytes(BELL)
    done = run("check", harbour)
    assert "warning: clues[0].text: 'chart.pdf' has no words for those who cannot see it" in done.stdout
    assert "warning: gong.mp3: no text names it" in done.stdout
    (harbour / "hunt.toml").rename(harbour / "hunt.md")
    assert run("check", harbour).exit_code == USAGE


def test_a_folder_is_sent_and_played_and_no_address_is_told_before_its_time(live: LocalServer, harbour: Path) -> None:
    mint = Tokens(load_key(live.folder / "data" / "token.key", make=False))
    token = mint.mint("host", "host", "Host")
    where = ("--url", live.url, "--token", token)
    said = run("host", "create", harbour, *where)
    assert (said.exit_code, said.stdout.count("bytes\n")) == (0, 3), said.output
    player = mint.mint("player", "ada", "Ada")
    held = {one["name"]: one["address"].partition("#") for one in asked(live, token, "media")["media"]}
    assert held["gate.png"][2] == f"image/png,{len(png(40, 30))},40x30"
    page = asked(live, player, "join", start=token)
    key = {name: address.split("/")[3] for name, (address, _, _) in held.items()}
    assert key["gate.png"] in page
    assert key["bell.mp3"] not in page
    assert key["bell.mp3"] in asked(live, player, "guess")

    # whoever has an address gets the bytes: whole, in parts, or not at all where they are there already
    bell = held["bell.mp3"][0]
    status, headers, body = get(live, bell)
    assert (status, body) == (200, BELL)
    assert headers["content-type"] == "audio/mpeg"
    assert headers["cache-control"].endswith("immutable")
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    for asked_for, part in (("bytes=0-3", BELL[:4]), ("bytes=200000-", BELL[200_000:]), ("bytes=-5", BELL[-5:])):
        status, more, body = get(live, bell, Range=asked_for)
        assert (status, body) == (206, part)
        assert more["content-range"].endswith(f"/{len(BELL)}")
    assert get(live, bell, Range=f"bytes={len(BELL)}-")[0] == 416
    assert get(live, bell, **{"If-None-Match": headers["etag"]})[::2] == (304, b"")
    assert get(live, held["chart.pdf"][0])[1]["content-disposition"] == "attachment"
    assert get(live, bell, method="HEAD")[::2] == (200, b"")
    assert get(live, bell.replace(key["bell.mp3"], "A" * 22))[0] == 404
    assert get(live, f"hunts/harbour/media/{key['bell.mp3']}/another-name.mp3")[0] == 200  # the key is the address

    # what may not be sent, in words
    (harbour / "gate.svg").write_text("<svg/>")
    assert "bad_medium: gate.svg: is no picture" in run("host", "media", harbour / "gate.svg", "--hunt", "harbour",
                                                        *where).stderr  # fmt: skip
    assert send(live, player, "x.png", png(1, 1)) == (403, "not_allowed")
    assert send(live, mint.mint("host", "other", "Other"), "x.png", png(1, 1)) == (403, "not_allowed")
    assert send(live, token, "gate.png", png(1, 1)) == (409, "wrong_phase")
    assert send(live, token, "x.png", b"\0" * (32 * 1024 * 1024 + 1)) == (413, "too_large")
    listed = run("host", "media", "--hunt", "harbour", *where).stdout.split()
    assert {"bell.mp3", "chart.pdf", "gate.png"} <= set(listed)


def asked(live: LocalServer, token: str, op: str, start: str = "") -> Any:
    """Do one thing in the hunt; return what was told, for players as the text of all that came."""
    import asyncio

    from huntserver.client import connect

    async def go() -> Any:
        heard: list[object] = []
        async with connect(live.url, token, on_message=heard.append) as client:
            if op == "media":
                return await client.question("media", hunt="harbour")
            page = await client.join("harbour")
            if start:
                async with connect(live.url, start) as host:
                    await host.command("start", hunt="harbour")
            if op == "guess":
                heard.append(await client.command("guess", fields={"hunt": "harbour", "clue": "gate", "text": "lion"}))
            heard += [page, await client.question("page", hunt="harbour")]
        return json.dumps(heard)

    return asyncio.run(go())


def get(live: LocalServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    line = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    line.request(method, f"/{path}", headers=headers)
    answer = line.getresponse()
    found: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        found.setdefault(name, []).append(value)
    body = answer.read()
    if answer.status in (200, 206):  # the connection goes on after it
        line.request("GET", "/healthz")
        assert line.getresponse().status == 200
    line.close()
    return answer.status, {name: ", ".join(values) for name, values in found.items()}, body


def send(live: LocalServer, token: str, name: str, body: bytes) -> tuple[int, str]:
    line = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    line.request("PUT", f"/hunts/harbour/media/{name}", body=body[:1000] if len(body) > 1e7 else body, headers={
        "Authorization": f"Bearer {token}", "Content-Length": str(len(body)),
    })  # fmt: skip
    answer = line.getresponse()
    said = json.loads(answer.read())
    line.close()
    return answer.status, said.get("code", "")
