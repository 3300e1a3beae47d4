"""How clients of Kafka prove who they are, and know whom they talk to: TLS and SASL, by configuration.

Secrets are named by file or by environment variable and never stand in the configuration itself. What is read is held
as `Secret`, which shows itself to nobody: not in a log line, not in a traceback, not in a `repr`. Source of the names:
the security chapter of Apache Kafka's documentation; RFC 4616 (PLAIN), 5802 (SCRAM), 7628 (OAUTHBEARER), 4752 (GSSAPI).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from actors.faults import LogMisconfigured
from actors.log.security import Security, problem

TOKEN_BYTES_MAX: Final = 64 * 1024
ENVIRONMENT: Final = {
    "password_file": "HUNTSERVER_KAFKA_PASSWORD",
    "key_password_file": "HUNTSERVER_KAFKA_KEY_PASSWORD",
    "token_file": "HUNTSERVER_KAFKA_TOKEN",
}
"""The variable that is asked for a secret when no file is named."""


class Secret(str):
    """A text that only whoever needs it gets to see: it can be joined and encoded, and is shown as `***`."""

    __slots__ = ()

    def reveal(self) -> str:
        """Return the text itself, for whoever would format it."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"


def connecting(security: Security, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the options that every client of aiokafka takes. Reads the secrets.

    Raises `LogMisconfigured` naming the setting, the file or variable, and the cure; never what a secret holds.
    """
    wrong = problem(security)
    if wrong:
        raise LogMisconfigured(f"log.security.{wrong}")
    if security.protocol == "PLAINTEXT":
        return {}
    keep_from_log_lines()
    options: dict[str, Any] = {"security_protocol": security.protocol}
    if security.protocol.endswith("SSL"):
        options["ssl_context"] = tls_context(security, environ)
    if security.protocol.startswith("SASL"):
        options |= _login(security, environ)
    return options


def tls_context(security: Security, environ: Mapping[str, str]) -> ssl.SSLContext:
    """Return the settings of TLS. Raises `LogMisconfigured`."""
    try:
        context = ssl.create_default_context(cafile=security.ca_file or None)
    except (OSError, ssl.SSLError) as why:
        raise LogMisconfigured(
            f"log.security.ca_file: {security.ca_file} cannot be used ({_reason(why)}); a PEM file of the "
            "authority that signed the brokers' certificates is needed"
        ) from None
    context.check_hostname = security.check_hostname
    if not security.certificate_file:
        return context

    def password() -> str:  # asked for only if the key is encrypted
        return secret(security, "key_password_file", environ).reveal()

    try:
        context.load_cert_chain(security.certificate_file, security.key_file, password)
    except (OSError, ssl.SSLError) as why:
        raise LogMisconfigured(
            f"log.security: {security.certificate_file} with {security.key_file} cannot be used ({_reason(why)}); "
            "a PEM certificate and its own key are needed, and for an encrypted key its password"
        ) from None
    return context


def _reason(why: OSError) -> str:
    return why.strerror or type(why).__name__


def _login(security: Security, environ: Mapping[str, str]) -> dict[str, Any]:
    mechanism = security.mechanism
    options: dict[str, Any] = {"sasl_mechanism": mechanism}
    if mechanism == "GSSAPI":
        _need_gssapi()
        options["sasl_kerberos_service_name"] = security.kerberos_service
        options["sasl_kerberos_domain_name"] = security.kerberos_domain or None
    elif mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = _tokens(security, environ)
    else:
        options["sasl_plain_username"] = security.username
        options["sasl_plain_password"] = secret(security, "password_file", environ)
    return options


def _need_gssapi() -> None:
    if importlib.util.find_spec("gssapi") is None:  # aiokafka looks for it by itself
        raise LogMisconfigured(
            "log.security.mechanism: GSSAPI needs the Python package gssapi, which is not installed; "
            "`pip install gssapi` (on Debian with libkrb5-dev)"
        )


def _tokens(security: Security, environ: Mapping[str, str]) -> Any:
    """Return what aiokafka asks for a token at each login."""
    from aiokafka.abc import AbstractTokenProvider

    class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
        """Reads the token anew: somebody else renews it."""

        async def token(self) -> str:
            return secret(security, "token_file", environ).reveal()

    secret(security, "token_file", environ)  # a missing one is said at the start, not at the first login
    return Tokens()


def secret(security: Security, setting: str, environ: Mapping[str, str]) -> Secret:
    """Return a secret out of the file that the setting names, else of its variable. Raises `LogMisconfigured`."""
    name, variable = getattr(security, setting), ENVIRONMENT[setting]
    if not name:
        given = environ.get(variable, "")
        if not given:
            raise LogMisconfigured(
                f"log.security.{setting} is empty and {variable} is not set: one of them is needed with "
                f"{security.mechanism or 'an encrypted key'}"
            )
        return Secret(given)
    try:
        with Path(name).open("rb") as file:
            read = file.read(TOKEN_BYTES_MAX + 1)
    except OSError as why:
        raise LogMisconfigured(f"log.security.{setting}: {name} cannot be read ({why.strerror})") from None
    try:
        text = read.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(read) > TOKEN_BYTES_MAX:
        raise LogMisconfigured(
            f"log.security.{setting}: {name} holds {len(read)} bytes; one line of text is needed, up to "
            f"{TOKEN_BYTES_MAX} bytes"
        )
    return Secret(text)


def keep_from_log_lines() -> None:
    """Turn off the lines in which aiokafka shows every request as it is sent, the login among them."""
    logging.getLogger("aiokafka.conn").setLevel(logging.INFO)
