"""Fuzzing of everything that reads bytes from outside: `make fuzz [TARGET=..] [SECONDS=n]`."""
