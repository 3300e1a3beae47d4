"""Measurements of whole servers against ceilings and peers of the same run. `make bench`."""
