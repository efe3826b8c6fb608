"""Robinhood put together for those who use it."""
