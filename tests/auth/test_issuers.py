"""Tokens of issuers that the configuration trusts: keys, rotation, claims, and what is refused."""

from __future__ import annotations

import base64
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from actors.entity import Rejected
from actors.shard.actor import Caller
from huntserver.auth import IssuerError, Issuers, KeySet, Tokens
from huntserver.auth.issuers import ASK_AGAIN_S, REFRESH_S
from huntserver.config import ConfigError, Issuer, parse
from tests.not_http import not_http

OURS = b"k" * 64
ISSUER = "https://id.example"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, kid: str) -> dict[str, Any]:
    kinds: dict[type, Any] = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}
    kind = next((k for base, k in kinds.items() if isinstance(key, base)), OKPAlgorithm)
    return {**json.loads(kind.to_jwk(key.public_key())), "kid": kid}


def key_set(*keys: dict[str, Any]) -> str:
    return json.dumps({"keys": list(keys)})


def issued(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "one", **claims: Any) -> str:
    whole = {"iss": ISSUER, "sub": "auth|42", "aud": "hunts", "name": "Ada", "exp": time.time() + 600, **claims}
    headers = {"kid": kid} if kid else {}
    return jwt.encode({k: v for k, v in whole.items() if v is not None}, key, algorithm=algorithm, headers=headers)


def mint(path: Path, **more: Any) -> Tokens:
    path.write_text(key_set(jwk(RSA, "one"), jwk(EC, "two"), jwk(ED, "three")))
    issuers = Issuers([Issuer(issuer=ISSUER, jwks=str(path), audience="hunts", **more)])
    for keys in issuers.key_sets():
        assert keys.load(time.monotonic()), keys.problem
    return Tokens(OURS, issuers)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "one"), (EC, "ES256", "two"), (ED, "EdDSA", "three")]
)
def test_a_token_of_a_trusted_issuer_speaks_for_its_subject(tmp_path: Path, key: Any, algorithm: str, kid: str) -> None:
    tokens = mint(tmp_path / "jwks.json")
    caller = tokens.verify(issued(key, algorithm, kid))
    assert isinstance(caller, Caller)
    assert (caller.role, caller.name) == ("player", "Ada")
    again = tokens.verify(issued(key, algorithm, kid, name="Ada L."))
    assert isinstance(again, Caller)
    assert again.by == caller.by
    assert tokens.renewed(issued(key, algorithm, kid, guest=True, iat=1)) is None


def test_subjects_of_an_issuer_never_meet_our_own(tmp_path: Path) -> None:
    tokens = mint(tmp_path / "jwks.json")
    ours, theirs = tokens.verify(tokens.mint("player", "ada")), tokens.verify(issued(sub="ada"))
    assert isinstance(ours, Caller)
    assert isinstance(theirs, Caller)
    assert ours.by != theirs.by


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        (lambda: issued(aud="others"), "bad_token"),
        (lambda: issued(aud=None), "bad_token"),
        (lambda: issued(exp=time.time() - 60), "token_expired"),
        (lambda: issued(exp=None), "bad_token"),
        (lambda: issued(iss="https://evil.example"), "bad_token"),
        (lambda: issued(sub=None), "bad_token"),
        (lambda: issued(EC, "ES256", "one"), "bad_token"),
        (lambda: issued(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "bad_token"),
        (
            lambda: jwt.encode({"iss": ISSUER, "sub": "x", "aud": "hunts", "exp": 9e9}, OURS, algorithm="HS256"),
            "bad_token",
        ),
        (
            lambda: jwt.encode({"iss": ISSUER, "sub": "x", "aud": "hunts", "exp": 9e9}, "", algorithm="none"),
            "bad_token",
        ),
    ],
)
def test_what_an_issuer_did_not_sign_for_us_is_refused(tmp_path: Path, token: Any, wanted: str) -> None:
    refused = mint(tmp_path / "jwks.json").verify(token())
    assert isinstance(refused, Rejected)
    assert refused.code == wanted


def test_a_public_key_is_no_shared_secret(tmp_path: Path) -> None:
    public = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, claims, _ = issued().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').rstrip(b"=").decode()
    signature = hmac.digest(public, f"{head}.{claims}".encode(), "sha256")
    forged = f"{head}.{claims}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert isinstance(mint(tmp_path / "jwks.json").verify(forged), Rejected)


def test_roles_come_from_a_claim_and_a_table(tmp_path: Path) -> None:
    tokens = mint(tmp_path / "jwks.json", role_claim="realm.roles", roles={"editors": "host", "ops": "admin"})

    def role(**claims: Any) -> str:
        caller = tokens.verify(issued(**claims))
        assert isinstance(caller, Caller)
        return caller.role

    assert role() == "player"
    assert role(realm={"roles": ["editors"]}) == "host"
    assert role(realm={"roles": ["editors", "ops"]}) == "admin"
    assert role(realm={"roles": "editors"}) == "host"
    assert role(**{"realm.roles": ["ops"]}) == "admin"
    assert role(realm=["host", {"x": 1}]) == "player"
    assert role(role="admin") == "player"


def test_a_name_that_cannot_be_shown_is_made_short_and_printable(tmp_path: Path) -> None:
    caller = mint(tmp_path / "jwks.json").verify(issued(name="A\x1b[31m" + "d" * 80))
    assert isinstance(caller, Caller)
    assert caller.name == "A[31m" + "d" * 35


def test_an_unknown_key_is_asked_for_and_found_after_the_rotation(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(key_set(jwk(EC, "old")))
    asked: list[KeySet] = []
    issuers = Issuers([Issuer(issuer=ISSUER, jwks=str(path), audience="hunts")], asked.append)
    (keys,) = issuers.key_sets()
    keys.load(time.monotonic() - ASK_AGAIN_S)
    path.write_text(key_set(jwk(EC, "old"), jwk(RSA, "one")))
    refused = Tokens(OURS, issuers).verify(issued())
    assert isinstance(refused, Rejected)
    assert refused.retry
    assert asked == [keys]
    keys.load(time.monotonic())
    assert isinstance(Tokens(OURS, issuers).verify(issued()), Caller)


def test_strangers_cannot_make_us_ask_more_often(tmp_path: Path) -> None:
    keys = KeySet(str(tmp_path / "none.json"))
    assert keys.due(0.0, unknown_key=True)
    assert not keys.load(100.0)
    assert "none.json: no usable JWK set (FileNotFoundError" in keys.problem
    assert not keys.due(100.0 + ASK_AGAIN_S / 2, unknown_key=True)
    assert keys.due(100.0 + ASK_AGAIN_S, unknown_key=False)
    (tmp_path / "none.json").write_text(key_set(jwk(RSA, "one")))
    assert keys.load(200.0)
    assert not keys.due(200.0 + ASK_AGAIN_S, unknown_key=False)
    assert keys.due(200.0 + REFRESH_S, unknown_key=False)
    (tmp_path / "none.json").write_text("{}")
    assert not keys.load(300.0)
    assert keys.find("one") is not None


def test_a_key_set_is_read_from_an_address() -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = key_set(jwk(ED, "three")).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        keys = KeySet(f"http://127.0.0.1:{server.server_port}/jwks")
        assert keys.load(0.0)
        assert keys.find("three") is not None
        assert keys.find(None) is not None
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_address_that_speaks_no_http_is_a_problem_as_any_other() -> None:
    with not_http() as address:
        keys = KeySet(f"http://{address}/jwks")
        assert not keys.load(0.0)
    assert "no usable JWK set (BadStatusLine" in keys.problem


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"issuer": ""}, "issuer is empty"),
        ({"issuer": "huntserver"}, "the server's own tokens"),
        ({"algorithms": ("HS256",)}, "'HS256' is not taken, allowed are RS256"),
        ({"algorithms": ()}, "algorithms is empty"),
        ({"roles": {"a": "king"}}, "roles.a is 'king', allowed are player, host, admin"),
        ({"jwks": "http://id.example/jwks"}, "neither a path nor an https:// address"),
        ({"jwks": "file:///etc/passwd"}, "neither a path nor an https:// address"),
    ],
)
def test_an_issuer_that_cannot_be_used_is_named_with_what_is_allowed(change: dict[str, Any], wanted: str) -> None:
    with pytest.raises(IssuerError, match=wanted):
        Issuers([Issuer(**{"issuer": ISSUER, "jwks": "keys.json", **change})])


def test_issuers_are_read_from_the_configuration() -> None:
    config = parse(b'[[auth.issuers]]\nissuer = "https://id.example"\njwks = "keys.json"\n', "c.toml")
    assert config.auth.issuers == [Issuer(issuer=ISSUER, jwks="keys.json")]
    with pytest.raises(ConfigError, match="issuers"):
        parse(b'[[auth.issuers]]\nissuer = "x"\njwk = "keys.json"\n', "c.toml")
