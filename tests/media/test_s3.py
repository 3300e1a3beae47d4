"""Media in an S3-compatible store, against moto's server."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest

from huntserver.config import Config, MediaChoice
from huntserver.media.s3 import S3Store
from huntserver.media.store import MediaStore, MediaStoreError
from huntserver.media.stores import media_store
from tests.media.contract import BODY, DIGEST, StoreContract

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # half a second, of every process that collects tests

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


class TestS3(StoreContract):
    @pytest.fixture
    def store(self, endpoint: str) -> MediaStore:
        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="hunts")
        for held in client.list_objects_v2(Bucket="hunts").get("Contents", []):
            client.delete_object(Bucket="hunts", Key=held["Key"])
        return media_store(Config(media=MediaChoice(store="s3:hunts/media", endpoint=endpoint)))


def test_a_bucket_that_is_not_there_is_said(endpoint: str) -> None:
    store = S3Store("nowhere", endpoint=endpoint)
    with pytest.raises(MediaStoreError, match="nowhere"):
        store.write(DIGEST, BODY)
