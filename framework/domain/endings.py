"""Why an order has ended, in the words that every simulated venue uses."""

from __future__ import annotations

BY_REQUEST = "canceled by request"
GTC_OVER = "gtc order at the end of its last day"
