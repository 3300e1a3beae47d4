"""The shared broker, for tests of the group."""

from tests.actors.log.conftest import kafka, prefix

__all__ = ["kafka", "prefix"]
