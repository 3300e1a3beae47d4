"""Configuration: every wrong key or value is named with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from huntserver.config import Config, ConfigError, load, log_url, parse
from lab import ROOT


def test_the_file_in_the_repository_says_the_defaults() -> None:
    assert load(ROOT / "config.toml") == Config()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[server]\nprot = 1",
            "unknown key 'server.prot', allowed here are host, port, origins, tls_certificate, tls_key, "
            "trusted_proxies, proxy_header, path_prefix; did you mean 'port'?",
        ),
        ("[serve]\n", "unknown key 'serve', allowed here are server, log"),
        ("[server]\nport = 70000", "server.port is 70000, allowed is 0 to 65535"),
        ('[server]\nport = "x"', "server.port is a text in quotes, 'x'; give a whole number"),
        ("[log]\nhunt_shards = 0", "log.hunt_shards is 0, allowed is 1 to 1024"),
        ('[log]\nurl = "redis:x"', "log 'redis:x' is not known, allowed are sqlite:PATH and kafka:HOST:PORT"),
        ('[log]\nurl = "kafka:nowhere"', "Kafka address 'nowhere' is not HOST:PORT"),
        ("[data]\nmemory_mb = 1", "data.memory_mb is 1, allowed is 16 and more"),
        ('[telemetry]\nformat = "xml"', "telemetry.format is 'xml', allowed are auto, json, console"),
        ('[server]\nproxy_header = "x"', "server.proxy_header is 'x', allowed are auto, x-forwarded-for"),
        ('[log.security]\nmechanism = "MD5"', "log.security.mechanism is 'MD5', allowed are nothing, PLAIN"),
        ('[server]\nhost = ""', "server.host is empty; write 0.0.0.0"),
        (
            '[server]\norigins = ["https://x.org/"]',
            "server.origins has 'https://x.org/', allowed is what browsers send",
        ),
        ('[server]\norigins = ["x.org"]', "server.origins has 'x.org'"),
        ('[media]\nstore = "s3:b"\nendpoint = "minio"', "media.endpoint is 'minio', allowed is http[s]://HOST[:PORT]"),
        ("= 3", "not valid TOML"),
        ("server = 3", "server is 3, a whole number; give a table with keys"),
        ("[limits]\nconnections = true", "limits.connections is true; give a number"),
        ('[[webhooks]]\nurl = "x"', "webhooks[0].name is missing; give it"),
        ("[server]\norigins = [3]", "server.origins[0] is 3, a whole number; give a text in quotes"),
        ("x = " + "1" * 5000, "not valid TOML"),
        ("x = " + "[" * 5000, "not valid TOML"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_what_is_allowed(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text.encode(), "config.toml")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


MANY = """
colour = "red"
[server]
port = 99999
hots = "x"
[data]
dir = 5
[log]
url = "kafka"
replication = -3
[cluster]
roles = ["gatway"]
[privacy]
seal = "yes"
[limits]
connections = "x"
frame_byte_max = 5
"""


def test_every_fault_of_a_configuration_is_told_in_one_run() -> None:
    with pytest.raises(ConfigError) as error:
        parse(MANY.encode(), "config.toml")
    lines = str(error.value).splitlines()
    assert all(line.startswith("config.toml: ") for line in lines)
    told = " ".join(lines)
    for part in ("'colour'", "'server.hots'", "server.port is 99999", "data.dir is 5", "log 'kafka'",
                 "log.replication is -3", "cluster.roles has 'gatway'", "privacy.seal is", "limits.connections is",
                 "did you mean 'frame_bytes_max'?"):  # fmt: skip
        assert part in told
    assert len(lines) == 10


def test_a_missing_file_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match="--config"):
        load(Path("/nowhere/config.toml"))


def test_a_log_address_is_split() -> None:
    assert log_url("sqlite:a/b.db") == ("sqlite", "a/b.db")
    assert log_url("kafka:h1:9092,h2:9092") == ("kafka", "h1:9092,h2:9092")


def test_a_file_that_is_not_utf_8_is_no_toml() -> None:
    with pytest.raises(ConfigError, match=r"config\.toml: not valid TOML: 'utf-8' codec"):
        parse(b"[server]\nhost = '\xff'", "config.toml")
