"""Explicit-state models of the ownership rules, searched exhaustively within small bounds (ADR 0001)."""
