"""Robinhood, through the robin_stocks client. Only this package imports it."""
