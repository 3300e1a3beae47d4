"""Mutual TLS of links, over real sockets: who shows another certificate gets no link, and is told why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from actors.cluster.links import frames as f
from huntserver.cluster.tls import LinkTls, link_tls
from huntserver.config import Cluster, ConfigError, parse
from tests.authority import Authority
from tests.integration.cluster.test_links import pair, until


def certified(folder: Path, authority: Authority, name: str, host: str = "127.0.0.1") -> LinkTls:
    key, certificate = authority.issue(name, host=host)
    (folder / f"{name}.key").write_bytes(key)
    (folder / f"{name}.pem").write_bytes(certificate)
    made = link_tls(
        Cluster(
            tls_certificate=str(folder / f"{name}.pem"),
            tls_key=str(folder / f"{name}.key"),
            tls_ca=str(authority.folder / "ca.pem"),
        )
    )
    assert made is not None
    return made


async def test_links_speak_tls_and_both_ends_show_a_certificate_of_the_clusters_authority(tmp_path: Path) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    good = [certified(tmp_path, ours, name) for name in ("a", "b")]
    async with pair({"tls": good[0]}, tls=good[1]) as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        link = one.links.link(two.me)
        assert link is not None
        link.send(f.LinkView(1, 3, b"abc"))
        await until(lambda: two.frames.numbers() == [[1]])
    stranger, elsewhere = certified(tmp_path, theirs, "c"), certified(tmp_path, ours, "d", host="127.0.0.9")
    for other, says in ((stranger, "certificate"), (elsewhere, "127.0.0.1")):
        async with pair({"tls": good[0]}, tls=other) as (one, two):
            await until(lambda one=one: "certificate" in one.reasons("link_failed"))  # type: ignore[misc]
            whys = [fields["why"] for name, fields in one.told.events if name == "link_failed"]
            assert re.search(says, whys[0]), whys
            assert not one.links.up
            assert not two.links.up
    async with pair({"tls": good[0]}) as (one, two):  # the other speaks plain
        await until(lambda: bool(one.reasons("link_failed") | two.reasons("link_failed")))
        assert not one.links.up


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tls_ca": "none.pem"}, "cluster.tls_ca: none.pem cannot be read"),
        ({"tls_certificate": "ca.pem", "tls_key": "ca.pem"}, "are no PEM certificate chain"),
        ({"tls_ca": "a.key"}, "holds no PEM certificate of an authority"),
    ],
)
def test_files_that_are_no_certificates_are_named(
    wrong: dict[str, str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    certified(tmp_path, Authority(tmp_path), "a")
    given = {"tls_certificate": "a.pem", "tls_key": "a.key", "tls_ca": "ca.pem"} | wrong
    with pytest.raises(ConfigError, match=says):
        link_tls(Cluster(**given))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"cluster\.tls_key is empty; TLS of links needs all of"):
        parse(b'[cluster]\ntls_certificate = "a.pem"\n', "c.toml")
