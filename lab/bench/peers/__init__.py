"""Servers of the obvious kind, to be measured beside ours."""
