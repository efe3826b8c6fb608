"""Accounts, positions, portfolios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from brokers.robinhood.testing.amounts import fixed
from brokers.robinhood.testing.answers import Answer, Request, page
from brokers.robinhood.testing.daytrades import recent_day_trades
from brokers.robinhood.testing.routes.route import NOT_FOUND, Route
from brokers.robinhood.testing.views.accounts import account_json, interest_json, portfolio_json, position_json
from brokers.robinhood.testing.views.addresses import API, account_url

if TYPE_CHECKING:
    from brokers.robinhood.testing.accounts import Account
    from brokers.robinhood.testing.venue import Venue


def accounts(venue: Venue, request: Request) -> Answer:
    """All accounts, or without ``default_to_all_accounts`` the first."""
    found = list(venue.book.accounts.values())
    wanted = found if "default_to_all_accounts" in request.query else found[:1]
    return Answer.json(200, page([_account(venue, one) for one in wanted]))


def account(venue: Venue, _: Request, number: str) -> Answer:
    """One account."""
    found = venue.book.accounts.get(number)
    return NOT_FOUND if found is None else Answer.json(200, _account(venue, found))


def account_without_slash(venue: Venue, _: Request, number: str) -> Answer:
    """The address robin_stocks uses; it leads to the right one."""
    return Answer(301, b"", {"Location": account_url(number)}) if number in venue.book.accounts else NOT_FOUND


def day_trades(venue: Venue, _: Request, number: str) -> Answer:
    """Day trades of the last five trading days."""
    found = venue.book.accounts.get(number)
    if found is None:
        return NOT_FOUND
    trades = recent_day_trades(venue.book.orders.values(), found, venue.clock.now())
    told = [{"symbol": one.symbol, "date": one.day.isoformat()} for one in trades]
    return Answer.json(200, {"account_number": number, "equity_day_trades": told, "option_day_trades": []})


def buying_power(venue: Venue, _: Request, number: str) -> Answer:
    """Buying power and what it is made of."""
    found = venue.book.accounts.get(number)
    if found is None:
        return NOT_FOUND
    power = fixed(venue.book.buying_power(found), 4)
    return Answer.json(200, {"buying_power": power, "unleveraged_buying_power": power, "held_deposits": "0.0000", "breakdown": []})


def positions(venue: Venue, request: Request) -> Answer:
    """Positions of one account, by default of the first; ``nonzero`` leaves the empty ones out."""
    number = request.query.get("account_number") or next(iter(venue.book.accounts))
    found = venue.book.accounts.get(number)
    if found is None:
        return NOT_FOUND
    nonzero = request.query.get("nonzero", "").lower() == "true"
    held = [one for one in found.holdings.values() if one.shares or not nonzero]
    now = venue.clock.now()
    rows = [position_json(found, one, venue.market.listings[one.symbol], venue.book, now) for one in held]
    start = int(given) if (given := request.query.get("cursor", "0")).isdecimal() else 0
    more = start + venue.page_size < len(rows)
    following = f"{API}/positions/?{urlencode({**request.query, 'cursor': start + venue.page_size})}" if more else None
    return Answer.json(200, page(rows[start : start + venue.page_size], following))


def interest(venue: Venue, _: Request) -> Answer:
    """What borrowing has cost the accounts, newest first."""
    lent = [(number, one) for number, account in venue.book.accounts.items() if account.loan is not None for one in account.loan.charges]
    rows = sorted(lent, key=lambda pair: pair[1].timestamp, reverse=True)
    return Answer.json(200, page([interest_json(number, one) for number, one in rows]))


def portfolios(venue: Venue, _: Request) -> Answer:
    """Portfolios of all accounts."""
    return Answer.json(200, page([portfolio_json(one, venue.market) for one in venue.book.accounts.values()]))


def portfolio(venue: Venue, _: Request, number: str) -> Answer:
    """Portfolio of one account."""
    found = venue.book.accounts.get(number)
    return NOT_FOUND if found is None else Answer.json(200, portfolio_json(found, venue.market))


def _account(venue: Venue, one: Account) -> dict[str, Any]:
    first = next(iter(venue.book.accounts))
    return account_json(one, venue.book, venue.clock.now(), is_default=one.number == first)


ROUTES = (
    Route("GET", "/accounts/", accounts),
    Route("GET", "/accounts/([^/]+)/", account),
    Route("GET", "/accounts/([^/]+)", account_without_slash),
    Route("GET", "/accounts/([^/]+)/recent_day_trades/", day_trades),
    Route("GET", "/accounts/([^/]+)/buying_power_breakdown/?", buying_power),
    Route("GET", "/positions/", positions),
    Route("GET", "/cash_journal/margin_interest_charges/", interest),
    Route("GET", "/portfolios/", portfolios),
    Route("GET", "/portfolios/([^/]+)/?", portfolio),
)
