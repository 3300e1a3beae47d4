"""What is personal at rest: a key per person, which can be destroyed (ADR 0022)."""
