"""The bytes of media: what they are, and where they lie."""
