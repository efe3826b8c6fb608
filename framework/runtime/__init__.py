"""Durable and ambient things: configuration, the clock, files of a run."""
