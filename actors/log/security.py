"""What a log wants to know to prove who we are, and to know whom it talks to. Pure; for Kafka alone.

Owns the settings of `[log.security]` and whether they go together. Reads no file and no secret: that is the adapter's
(`actors.log.kafka.security`).
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Security(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[log.security]` of the configuration; for Kafka alone.

    `ca_file` is what the brokers' certificates are checked against (empty: the authorities that the system trusts),
    `certificate_file` and `key_file` are our own for brokers that ask for one. `mechanism` is how we log in where
    `protocol` begins with SASL: PLAIN and the SCRAMs by `username` and password, OAUTHBEARER by a token (its file is
    read anew for every connection, so that it may be renewed), GSSAPI by the ticket of the process (`kinit`, keytab).
    """

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    key_password_file: str = ""
    check_hostname: bool = True
    mechanism: Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI", "OAUTHBEARER"] = ""
    username: str = ""
    password_file: str = ""
    token_file: str = ""
    kerberos_service: str = "kafka"
    kerberos_domain: str = ""


def problem(security: Security) -> str:
    """Return which settings do not go together, beginning with the name of one; empty if they do. Reads no file."""
    tls, sasl = security.protocol.endswith("SSL"), security.protocol.startswith("SASL")
    for name in ("ca_file", "certificate_file", "key_file", "key_password_file"):
        if getattr(security, name) and not tls:
            return f"{name} is given, but protocol is {security.protocol}: allowed with SSL and SASL_SSL"
    if security.certificate_file and not security.key_file:
        return "key_file is empty: needed with certificate_file"
    if security.key_file and not security.certificate_file:
        return "certificate_file is empty: needed with key_file"
    if security.mechanism and not sasl:
        return f"mechanism is {security.mechanism}, but protocol is {security.protocol}: allowed with SASL_..."
    if sasl and not security.mechanism:
        return (
            f"mechanism is empty: with {security.protocol} it is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or "
            "OAUTHBEARER"
        )
    if (security.mechanism == "PLAIN" or security.mechanism.startswith("SCRAM")) and not security.username:
        return f"username is empty: needed with {security.mechanism}"
    return ""
