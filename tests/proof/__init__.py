"""Tests of what others can check of a hunt."""
