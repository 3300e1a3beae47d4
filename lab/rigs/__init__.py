"""Worlds in memory in which tests, simulation and fuzzers put single parts of the product."""
