"""The files of the page as they are served: their version, their kinds, what a browser may keep, and for how long."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from huntserver.gateway.pages import AT_THE_ROOT, ENTRIES, Pages, pages
from lab.rigs.gateway import Rig, turn
from tests.gateway.test_door import Caller


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.gateway.close()


def asked(rig: Rig, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a path; return status, headers and body."""
    caller = Caller(rig)
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    caller.give(f"GET {path} HTTP/1.1\r\nHost: play.test\r\n{lines}\r\n".encode())
    head, _, body = b"".join(caller.wire.written).partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in rest)}, body


def shell(name: str) -> str:
    return f"/shell/{pages().version}/{name}"


@pytest.mark.parametrize(
    ("path", "kind", "holds"),
    [
        ("/", "text/html; charset=utf-8", b'<script type="module" src="shell/'),
        ("/?hunt=mine&code=K7WQ2M", "text/html; charset=utf-8", b'<script type="module" src="shell/'),
        ("/index.html", "text/html; charset=utf-8", b"<!doctype html>"),
        ("/sw.js", "text/javascript; charset=utf-8", b"importScripts"),
        ("/shell.js", "text/javascript; charset=utf-8", b"self.SHELL"),
        ("/manifest.webmanifest", "application/manifest+json", b"start_url"),
        ("/icon.svg", "image/svg+xml", b"<svg"),
        ("/icon-192.png", "image/png", b"PNG"),
        ("SHELL/client.js", "text/javascript; charset=utf-8", b"export class Client"),
        ("SHELL/player.css", "text/css; charset=utf-8", b"font"),
    ],
)
async def test_the_players_page_is_served_and_may_load_nothing_from_elsewhere(
    rig: Rig, path: str, kind: str, holds: bytes
) -> None:
    status, headers, body = asked(rig, path.replace("SHELL/", shell("")))
    assert (status, headers["content-type"]) == (200, kind)
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert holds in body


async def test_every_file_of_the_page_is_served_under_its_path(rig: Rig) -> None:
    assert len(pages().paths()) > 30
    for path in pages().paths():
        status, headers, body = asked(rig, path)
        assert (status, int(headers["content-length"])) == (200, len(body)), path


async def test_what_names_a_version_is_kept_for_ever_and_the_rest_is_asked_for(rig: Rig) -> None:
    _, kept, _ = asked(rig, shell("client.js"))
    assert "immutable" in kept["cache-control"]
    _, front, _ = asked(rig, "/")
    assert front["cache-control"] == "no-cache"
    status, again, body = asked(rig, "/", if_none_match=front["etag"])
    assert (status, body) == (304, b"")
    assert again["etag"] == front["etag"]
    assert asked(rig, "/", if_none_match='"another"')[0] == 200


@pytest.mark.parametrize(
    ("path", "link"),
    [
        ("/?hunt=mine&code=K7WQ2M", "<hunts/mine>; rel=preload; as=fetch; crossorigin"),
        ("/?hunt=%3Cb%3E", None),
        ("/?hunt=a%0D%0Ax:y", None),
        ("/", None),
        ("/host?hunt=mine", None),
    ],
)
async def test_the_front_page_sends_for_the_hunt_that_its_link_names(rig: Rig, path: str, link: str | None) -> None:
    assert asked(rig, path)[1].get("link") == link


async def test_a_file_is_sent_compressed_to_those_who_take_it(rig: Rig) -> None:
    _, plain, body = asked(rig, shell("client.js"))
    assert "content-encoding" not in plain
    _, packed, small = asked(rig, shell("client.js"), accept_encoding="br, gzip;q=0.8")
    assert packed["content-encoding"] == "gzip"
    assert gzip.decompress(small) == body
    assert packed["vary"] == "accept-encoding"


async def test_a_connection_brings_one_file_after_the_other_also_when_all_are_asked_for_at_once(rig: Rig) -> None:
    caller = Caller(rig)
    names = ("client.js", "player.css", "nothing.js")
    caller.give(b"".join(f"GET {shell(name)} HTTP/1.1\r\nHost: play.test\r\n\r\n".encode() for name in names))
    for _ in names:
        await turn()
    answers = b"".join(caller.wire.written).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"200", b"404"]
    assert caller.wire.closed  # the last answer was none of a file


async def test_a_file_of_another_version_is_not_taken_for_this_ones(rig: Rig) -> None:
    assert asked(rig, "/shell/0123456789abcdef/client.js")[0] == 404
    assert asked(rig, "/client.js")[0] == 404


def test_another_text_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<script src="shell/VERSION/a.js">')
    (tmp_path / "a.js").write_text("1")
    first = Pages(tmp_path)
    (tmp_path / "a.js").write_text("2")
    second = Pages(tmp_path)
    assert first.version != second.version
    assert f"shell/{second.version}/a.js".encode() in second.find("/").body  # type: ignore[union-attr]
    assert first.find(f"/shell/{second.version}/a.js") is None


def test_a_phone_keeps_each_module_once_in_its_bundle_and_the_consoles_not_at_all() -> None:
    listed = pages().find("/shell.js")
    assert listed is not None
    kept = {name.partition("/")[2].partition("/")[2] for name in msgspec.json.decode(listed.body[13:-2])["files"]}
    assert {*ENTRIES, "player.css", "strings/game/de.js", "vendor/qr/decode.js"} <= kept
    assert (
        kept & {"player/clues.js", "client.js", "host/app.js", "board/app.js", "vendor/lit-html/lit-html.js"} == set()
    )


def test_what_must_lie_at_a_fixed_place_is_there() -> None:
    assert [name for name in AT_THE_ROOT if pages().find("/" + name) is None] == []
