"""Parts of robin_stocks that the tests look into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robin_stocks.robinhood import authentication, helper, orders, stocks
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.testing.clock import SECOND
from brokers.robinhood.testing.otp import code_at

if TYPE_CHECKING:
    from brokers.robinhood.testing import RobinhoodDouble

FORM = "application/x-www-form-urlencoded; charset=utf-8"
USER, PASSWORD = "trader@example.com", "an-example-only"

__all__ = ["FORM", "PASSWORD", "SESSION", "USER", "authentication", "code_now", "helper", "orders", "ref_ids", "stocks"]


def code_now(double: RobinhoodDouble) -> str:
    """What the authenticator app shows at the double's time."""
    return code_at(double.venue.gate.credentials.totp_secret, double.venue.clock.now() // SECOND)


def ref_ids(double: RobinhoodDouble) -> list[str]:
    """Of the orders in the double's book."""
    return [order["ref_id"] for order in double.book()["orders"]]
