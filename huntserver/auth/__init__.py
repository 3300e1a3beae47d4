"""Who connects, in which role: tokens of our own, and tokens of issuers that the configuration trusts."""

from huntserver.auth.issuers import IssuerError, Issuers, KeySet
from huntserver.auth.key_file import KeyFileError, load_key
from huntserver.auth.sign_in import LinkClaims, SignIn, is_code_id, link_code
from huntserver.auth.tokens import Tokens

__all__ = [
    "IssuerError",
    "Issuers",
    "KeyFileError",
    "KeySet",
    "LinkClaims",
    "SignIn",
    "Tokens",
    "is_code_id",
    "link_code",
    "load_key",
]
