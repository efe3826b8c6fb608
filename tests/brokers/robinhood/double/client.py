"""Parts of robin_stocks that the tests look into."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from robin_stocks.robinhood import authentication, helper, orders, stocks
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.testing.clock import SECOND
from brokers.robinhood.testing.otp import code_at

if TYPE_CHECKING:
    from brokers.robinhood.testing import LoopbackAdapter, RobinhoodDouble

FORM = "application/x-www-form-urlencoded; charset=utf-8"
USER, PASSWORD = "trader@example.com", "an-example-only"

__all__ = ["FORM", "PASSWORD", "SESSION", "USER", "authentication", "code_now", "helper", "orders", "pages", "posted", "stocks"]


def code_now(double: RobinhoodDouble) -> str:
    """What the authenticator app shows at the double's time."""
    return code_at(double.venue.gate.credentials.totp_secret, double.venue.clock.now() // SECOND)


def posted(adapter: LoopbackAdapter) -> list[dict[str, Any]]:
    """Order forms that left the client."""
    sent = [one for one in adapter.sent if one.method == "POST" and one.url.split("?")[0].endswith("/orders/")]
    return [json.loads(one.body) if "json" in one.headers["Content-Type"] else dict(parse_qsl(one.body)) for one in sent]


def pages(adapter: LoopbackAdapter) -> list[str]:
    """Method and path of each request, oldest first."""
    return [f"{one.method} {urlsplit(one.url).path}" for one in adapter.sent]
