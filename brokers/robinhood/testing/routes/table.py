"""Every address of the double."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.robinhood.testing.routes import accounts, login, market, orders

if TYPE_CHECKING:
    from brokers.robinhood.testing.routes.route import Route

ROUTES: tuple[Route, ...] = (*login.ROUTES, *accounts.ROUTES, *orders.ROUTES, *market.ROUTES)
