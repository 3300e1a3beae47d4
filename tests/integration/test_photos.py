"""Photos over a real server: sent by a team, stripped, seen by it and its hosts alone, judged, and never doubled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.machines.servers import LocalServer, serving
from tests.media.test_stripping import SECRET, photo
from tests.pages.talker import Cast, Refusal

HUNT: dict[str, Any] = {
    "title": "Look up", "teams": {"mode": "teams"},
    "clues": [{"id": "vane", "title": "The vane", "kind": "photo"}, {"id": "b", "title": "B", "answers": ["tea"]}],
}  # fmt: skip


def asked(live: LocalServer, method: str, path: str, token: str, body: bytes = b"") -> tuple[int, bytes]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return live.http(method, path, body, **headers)


def test_a_photo_goes_from_a_team_to_its_hosts_and_to_nobody_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("photos")) as live:
        cast = Cast(live)
        hunt, host = cast.hunt(HUNT)
        ann, other = cast.player(hunt, "Ann", team="Reds"), cast.player(hunt, "Cy", team="Blues")
        path, sent = f"/hunts/{hunt}/photos/vane", photo(width=400, height=300)
        assert asked(live, "PUT", path, "", sent)[0] == 401
        assert asked(live, "PUT", f"/hunts/{hunt}/photos/b", ann.token, sent)[0] != 200
        status, said = asked(live, "PUT", path, ann.token, b"no picture")
        assert (status, json.loads(said)["code"]) == (415, "bad_medium")
        assert asked(live, "PUT", path, ann.token, sent)[0] == 200
        status, said = asked(live, "PUT", path, ann.token, sent)  # whoever heard no answer sends it again
        assert json.loads(said)["code"] == "photo_waiting"
        (item,) = host.ask("queue", hunt=hunt)["items"]
        assert (item["id"], item["photo"]["width"], item["photo"]["height"]) == ("p1", 300, 400)
        (own,) = ann.ask("page", hunt=hunt)["photos"]
        address = "/" + own["address"]
        for token in (ann.token, host.token):
            status, body = asked(live, "GET", address, token)
            assert status == 200
            assert SECRET not in body
            assert body.startswith(b"\xff\xd8\xff")
        for token, expected in ((other.token, 404), (cast.token("host"), 404), ("", 401)):
            assert asked(live, "GET", address, token)[0] == expected
        assert "photos" not in other.ask("page", hunt=hunt)
        host.ask("reject_photo", hunt=hunt, photo="p1", text="The cock is cut off.")
        assert json.loads(asked(live, "PUT", path, ann.token, sent)[1])["code"] == "duplicate"
        assert asked(live, "PUT", path, ann.token, photo(width=500, height=300))[0] == 200
        assert host.ask("accept_photo", hunt=hunt, photo="p2")["rank"] == 1
        with pytest.raises(Refusal, match="photo_judged"):
            host.ask("accept_photo", hunt=hunt, photo="p2")
        assert ann.ask("page", hunt=hunt)["photos"][0]["verdict"] == "accepted"
        log = b"".join(file.read_bytes() for file in live.folder.rglob("*") if file.is_file())
        assert SECRET not in log
        cast.close()
