"""Judging answers as people write them: normal forms, numbers, dates, lists, near misses. Pure: no clock, no I/O."""
