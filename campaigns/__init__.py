"""Campaigns against real processes: faults while load runs, then the checker's verdict. Not part of the product."""
