"""The treasure-hunt server built on `actors`."""

__version__ = "0.1.0"
