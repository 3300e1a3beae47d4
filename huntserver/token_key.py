"""The token key that a configuration names: where it lies, and what is minted with it.

Apart from `app`, so that a token is minted without loading a server.
"""

from __future__ import annotations

from pathlib import Path

from huntserver.auth import Issuers, Tokens, link_code, load_key
from huntserver.config import Config
from huntserver.privacy.keeper import KeyKeeper


def key_path(config: Config) -> Path:
    """Return where the token key lies."""
    return Path(config.auth.key_file) if config.auth.key_file else Path(config.data.dir) / "token.key"


def tokens(config: Config, *, make: bool, issuers: Issuers | None = None, keys: KeyKeeper | None = None) -> Tokens:
    """Return the token mint. Raises `auth.KeyFileError`."""
    return Tokens(load_key(key_path(config), make=make), issuers, keys.is_erased if keys else None)


def sign_in_link(config: Config, role: str, subject: str, name: str, *, url: str = "", port: int = 0) -> str:
    """Return a link that signs in at the console, once. `url`: the server's address as browsers reach it; `port`: where
    it listens, if not as configured. Raises `auth.KeyFileError`; ValueError for a role or subject that may not."""
    code = link_code(load_key(key_path(config), make=False), role=role, subject=subject, name=name)
    chosen = config.server
    scheme = "https" if chosen.tls_certificate else "http"
    here = "127.0.0.1" if chosen.host in ("0.0.0.0", "::", "") else chosen.host
    base = url or f"{scheme}://{f'[{here}]' if ':' in here else here}:{port or chosen.port}{chosen.path_prefix}"
    return f"{base.rstrip('/')}/host#{code}"
