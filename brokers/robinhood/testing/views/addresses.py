"""Addresses as the venue writes them into its answers: always its own host, never the double's."""

from __future__ import annotations

API = "https://api.robinhood.com"


def account_url(number: str) -> str:
    """Of an account."""
    return f"{API}/accounts/{number}/"


def instrument_url(instrument_id: str) -> str:
    """Of a stock."""
    return f"{API}/instruments/{instrument_id}/"


def order_url(order_id: str) -> str:
    """Of an order."""
    return f"{API}/orders/{order_id}/"


def position_url(number: str, instrument_id: str) -> str:
    """Of a position."""
    return f"{API}/positions/{number}/{instrument_id}/"
