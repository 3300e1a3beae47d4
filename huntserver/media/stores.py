"""The store of media that a configuration names."""

from __future__ import annotations

from pathlib import Path

from huntserver.config import Config, ConfigError
from huntserver.media.folder import FolderStore
from huntserver.media.s3 import S3Store
from huntserver.media.store import MediaStore


def media_store(config: Config) -> MediaStore:
    """Return the store. Raises `ConfigError` for one that is named wrongly."""
    chosen = config.media.store or f"folder:{Path(config.data.dir) / 'media'}"
    scheme, _, rest = chosen.partition(":")
    if scheme == "folder" and rest:
        if Path(rest).exists() and not Path(rest).is_dir():
            raise ConfigError(f"media.store is {chosen!r}, which is a file; name a folder")
        return FolderStore(Path(rest))
    if scheme == "s3" and rest:
        bucket, _, prefix = rest.partition("/")
        try:
            return S3Store(bucket, prefix, endpoint=config.media.endpoint, region=config.media.region)
        except ImportError as error:
            raise ConfigError("media.store: S3 needs the package boto3; install huntserver[s3]") from error
    raise ConfigError(f"media.store is {chosen!r}, allowed are folder:PATH, s3:BUCKET and s3:BUCKET/PREFIX")
