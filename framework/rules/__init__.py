"""Decisions: pure, total, deterministic functions. Nothing here reads a clock, a file, a network or a random source."""
