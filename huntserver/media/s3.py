"""Media in an S3-compatible store: one object for each digest. Implements the port `MediaStore`.

Maps what botocore raises, here alone. Keys, profiles and roles are found as AWS' own tools find them.
"""

from __future__ import annotations

from typing import Any, Final

from huntserver.media.store import MediaStoreError, NoRoomError

CONNECT_S: Final = 5
READ_S: Final = 20
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
        if self.holds(digest):
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

    def holds(self, digest: str) -> bool:
        """Tell whether the bytes are there. Raises `MediaStoreError`."""
        try:
            self._client.head_object(**self._of(digest))
        except self._refused as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _ABSENT:
                return False
            raise MediaStoreError(f"s3:{self._bucket}: cannot be asked ({code})") from error
        except self._failed as error:
            raise MediaStoreError(f"s3:{self._bucket}: {error}") from error
        return True
