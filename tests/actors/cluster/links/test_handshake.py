"""Two sides of a handshake, by table: who gets a link, who is refused and in which words."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec
import pytest

from actors.cluster.links import frames as f
from actors.cluster.links.handshake import Handshake, LinkRefusedByPeer
from actors.cluster.member import Member

SECRET = b"a secret of the cluster"
ONE, TWO = Member("one:1", "r1", ("gateway",)), Member("two:1", "r2", ("hunts",))


def side(me: Member, speaks: tuple[int, int] = (f.OLDEST, f.VERSION), **other: Any) -> Handshake:
    given: dict[str, Any] = {"cluster": "log", "shards": {"t": 4}, "secret": SECRET, "salt": me.run.encode() * 8}
    given |= other
    return Handshake(me, given["cluster"], given["shards"], given["secret"], given["salt"], speaks=speaks)


def shake(one: Handshake, two: Handshake, said: list[bytes] | None = None) -> None:
    """Carry frames between two sides until none says anything more. Raises what either raises."""
    to_two, to_one = one.begin(), two.begin()
    while to_two or to_one:
        frames, to_two = to_two, []
        for frame in frames:
            if said is not None:
                said.append(f.encode(frame))
            to_one += two.take(frame)  # type: ignore[arg-type]
        frames, to_one = to_one, []
        for frame in frames:
            if said is not None:
                said.append(f.encode(frame))
            to_two += one.take(frame)  # type: ignore[arg-type]


def test_two_nodes_of_one_cluster_learn_who_the_other_is_and_never_say_the_secret() -> None:
    one, two, said = side(ONE), side(TWO), list[bytes]()
    shake(one, two, said)
    assert (one.peer, two.peer) == (TWO, ONE)
    assert not any(SECRET in data for data in said)


@pytest.mark.parametrize(
    ("other", "code", "words"),
    [
        ({"secret": b"another secret of 16"}, "wrong_secret", "another cluster secret"),
        ({"cluster": "other"}, "other_cluster", "'other'"),
        ({"shards": {"t": 8}}, "other_shards", "{'t': 8}"),
        ({"shards": {"t": 4, "u": 1}}, "other_shards", "for life"),
        ({"salt": b"short"}, "protocol", "5 bytes"),
    ],
)
def test_a_node_of_another_kind_is_refused_in_words(other: dict[str, Any], code: str, words: str) -> None:
    one, two = side(ONE), side(TWO, **other)
    with pytest.raises(LinkRefusedByPeer) as refused:
        shake(one, two)
    assert refused.value.code == code
    assert words in str(refused.value) or other.get("secret") or code != "wrong_secret"
    assert one.peer is None or two.peer is None


def test_a_version_that_is_not_taken_is_refused_naming_both() -> None:
    hello = f.LinkHello(99, "log", "two:1", "r2", (), {"t": 4}, b"s" * 16)
    with pytest.raises(LinkRefusedByPeer, match=r"version 99.*this node version 1") as refused:
        side(ONE).take(hello)
    assert refused.value.code == "version"


def test_a_node_that_reaches_itself_is_told_of_its_address() -> None:
    one = side(ONE)
    with pytest.raises(LinkRefusedByPeer, match="leads back here"):
        one.take(side(ONE, salt=b"x" * 16).mine)


def test_a_proof_is_of_no_use_on_another_link_or_in_the_other_direction() -> None:
    one, two = side(ONE), side(TWO)
    [proof_of_one] = one.take(two.mine)
    [proof_of_two] = two.take(one.mine)
    again = side(ONE, salt=b"another salt 16!")
    again.take(two.mine)
    for stale in (proof_of_two, proof_of_one):  # recorded from the first link
        with pytest.raises(LinkRefusedByPeer) as refused:
            again.take(stale)  # type: ignore[arg-type]
        assert refused.value.code == "wrong_secret"
    with pytest.raises(LinkRefusedByPeer):
        one.take(proof_of_one)  # type: ignore[arg-type]  # mirrored


@pytest.mark.parametrize(
    "early",
    [
        f.LinkProof(b"x" * 32),
        f.LinkBeat(),
        f.LinkCommand(1, "k", "i", "n", b"", "p", "admin", "x"),
        f.LinkUnwatch("k", "i"),
    ],
)
def test_nothing_is_taken_before_the_handshake_is_done(early: f.AnyFrame) -> None:
    with pytest.raises(LinkRefusedByPeer) as refused:
        side(ONE).take(early)
    assert refused.value.code == "protocol"


def test_a_refusal_by_the_peer_is_said_with_its_reason() -> None:
    with pytest.raises(LinkRefusedByPeer, match="the peer refuses the link: full"):
        side(ONE).take(f.LinkRefusal("x", "full"))


@pytest.mark.parametrize(
    ("one", "two", "spoken"),
    [((1, 1), (1, 2), 1), ((1, 2), (2, 3), 2), ((2, 3), (2, 3), 3), ((1, 1), (2, 3), 0), ((3, 4), (1, 2), 0)],
)
def test_neighbouring_versions_speak_the_older_one_and_others_are_refused_in_words(
    one: tuple[int, int], two: tuple[int, int], spoken: int
) -> None:
    a, b = side(ONE, one), side(TWO, two)
    if spoken:
        shake(a, b)
        assert (a.version, b.version, a.peer, b.peer) == (spoken, spoken, TWO, ONE)
    else:
        with pytest.raises(LinkRefusedByPeer, match="upgrade through a version") as refused:
            shake(a, b)
        assert refused.value.code == "version"


class FirstHello(f.LinkFrame, tag="hi", frozen=True, gc=False):
    """A hello as the first nodes of version 1 knew it."""

    version: int
    cluster: str
    node: str
    run: str
    roles: tuple[str, ...]
    shards: dict[str, int]
    salt: bytes


def test_a_node_from_before_a_field_was_added_has_a_link_with_one_of_today() -> None:
    """It reads a hello without what it does not know, and its proof is over what it has read."""
    today = side(ONE)
    mine = FirstHello(1, "log", "two:1", "r2", ("hunts",), {"t": 4}, b"r2" * 8)
    [arrived] = f.decode(f.encode(mine))
    [proof] = today.take(arrived)
    theirs = msgspec.msgpack.decode(f.encode(today.mine)[4:], type=FirstHello)

    def mac(first: FirstHello, second: FirstHello) -> bytes:
        return hmac.new(SECRET, msgspec.msgpack.encode([first, second]), hashlib.sha256).digest()

    assert isinstance(proof, f.LinkProof)
    assert proof.mac == mac(theirs, mine)  # what the older one compares it with
    assert today.take(f.LinkProof(mac(mine, theirs))) == []
    assert (today.peer, today.version) == (TWO, 1)
