"""Media in an S3-compatible store: one object for each digest. Implements the port `MediaStore`.

Maps what botocore raises, here alone. Keys, profiles and roles are found as AWS' own tools find them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from huntserver.media.store import MediaStoreError, NoRoomError, StoredBytes

CONNECT_S: Final = 5
READ_S: Final = 20
FRESH_S: Final = 86_400
"""An object that is older is written once more: it counts as written now."""
DIGEST_LENGTH: Final = 64
_ABSENT: Final = ("404", "NoSuchKey", "NotFound")
_FULL: Final = ("QuotaExceeded", "XMinioStorageFull", "EntityTooLarge", "AccessDenied", "403")


class S3Store:
    """Objects of a bucket under a prefix. The bucket is there already. Raises ImportError without boto3."""

    def __init__(self, bucket: str, prefix: str = "", *, endpoint: str = "", region: str = "") -> None:
        import boto3  # an extra: who keeps media in a folder does without it
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self._refused: type[Any] = ClientError
        self._failed: type[Exception] = BotoCoreError
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        waits = Config(connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "max_attempts": 3})
        self._client: Any = boto3.client("s3", endpoint_url=endpoint or None, region_name=region or None, config=waits)

    def _of(self, digest: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + digest}

    def write(self, digest: str, body: bytes) -> None:
        """Keep bytes, durably. Raises `NoRoomError`, `MediaStoreError`."""
        found = self._head(digest)
        if found is not None and time.time() - found.written_s < FRESH_S:
            return
        try:
            self._client.put_object(**self._of(digest), Body=body)
        except self._refused as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            kind = NoRoomError if code in _FULL else MediaStoreError
            raise kind(f"s3:{self._bucket}: cannot be written ({code})") from error
        except self._failed as error:
            raise MediaStoreError(f"s3:{self._bucket}: {error}") from error

    def read(self, digest: str, start: int, stop: int) -> bytes:
        """Return bytes. Raises `MediaStoreError`."""
        try:
            found = self._client.get_object(**self._of(digest), Range=f"bytes={start}-{stop - 1}")
            body = bytes(found["Body"].read())
        except (self._refused, self._failed) as error:
            raise MediaStoreError(f"s3:{self._bucket}/{digest}: {error}") from error
        if len(body) != stop - start:
            raise MediaStoreError(f"s3:{self._bucket}/{digest}: ends before byte {stop}")
        return body

    def held(self) -> Iterator[StoredBytes]:
        """Yield what is there. Raises `MediaStoreError`."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for one in page.get("Contents", ()):
                    digest = one["Key"].removeprefix(self._prefix)
                    if len(digest) == DIGEST_LENGTH:
                        yield StoredBytes(digest, one["Size"], one["LastModified"].timestamp())
        except (self._refused, self._failed) as error:
            raise MediaStoreError(f"s3:{self._bucket}: cannot be listed ({error})") from error

    def remove(self, held: StoredBytes) -> bool:
        """Remove an object that was not written again since. Raises `MediaStoreError`."""
        found = self._head(held.digest)
        if found is not None and found.written_s != held.written_s:
            return False
        try:
            self._client.delete_object(**self._of(held.digest))
        except (self._refused, self._failed) as error:
            raise MediaStoreError(f"s3:{self._bucket}: cannot be removed ({error})") from error
        return True

    def delete(self, digest: str) -> None:
        """Let bytes go. Raises `MediaStoreError`."""
        try:
            self._client.delete_object(**self._of(digest))
        except (self._refused, self._failed) as error:
            raise MediaStoreError(f"s3:{self._bucket}/{digest}: cannot be deleted ({error})") from error

    def holds(self, digest: str) -> bool:
        """Tell whether the bytes are there. Raises `MediaStoreError`."""
        return self._head(digest) is not None

    def _head(self, digest: str) -> StoredBytes | None:
        try:
            found = self._client.head_object(**self._of(digest))
        except self._refused as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _ABSENT:
                return None
            raise MediaStoreError(f"s3:{self._bucket}: cannot be asked ({code})") from error
        except self._failed as error:
            raise MediaStoreError(f"s3:{self._bucket}: {error}") from error
        return StoredBytes(digest, found["ContentLength"], found["LastModified"].timestamp())
