"""Accounts, positions and portfolios as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.amounts import fixed
from brokers.robinhood.testing.clock import iso
from brokers.robinhood.testing.hours import new_york_date
from brokers.robinhood.testing.market import derived_id
from brokers.robinhood.testing.views.addresses import API, account_url, instrument_url, position_url
from framework.domain.values import MICRO, notional, rounded_quotient

if TYPE_CHECKING:
    from brokers.robinhood.testing.accounts import Account, Holding
    from brokers.robinhood.testing.book import Book
    from brokers.robinhood.testing.interest import Charge
    from brokers.robinhood.testing.market import Listing, Market


def account_json(account: Account, book: Book, now: int, *, is_default: bool) -> dict[str, Any]:
    """An account with its money, four decimals."""
    held, power = book.held_cash(account), book.buying_power(account)
    balances = {
        "buying_power": fixed(power, 4),
        "cash": fixed(account.cash, 4),
        "cash_held_for_orders": fixed(held, 4),
        "cash_available_for_withdrawal": fixed(max(0, account.cash - held - account.unsettled_at(now)), 4),
        "unsettled_funds": fixed(account.unsettled_at(now), 4),
        "unsettled_debit": "0.0000",
        "uncleared_deposits": "0.0000",
    }
    margin = {"day_trade_buying_power": balances["buying_power"], "overnight_buying_power": balances["buying_power"]}
    return {
        "url": account_url(account.number),
        "account_number": account.number,
        "type": account.kind,
        "brokerage_account_type": account.brokerage_type,
        "nickname": account.nickname,
        "is_default": is_default,
        "agentic_allowed": account.agentic,
        "management_type": "self_directed",
        "state": "active",
        "deactivated": account.deactivated,
        "locked": account.locked,
        "only_position_closing_trades": account.closing_only,
        "eligible_for_fractionals": True,
        "portfolio_cash": balances["cash"],
        "cash_balances": dict(balances) if account.kind == "cash" else None,
        "margin_balances": {**balances, **margin, "margin_limit": fixed(account.margin, 4)} if account.kind == "margin" else None,
        "portfolio": f"{API}/portfolios/{account.number}/",
        "sma": "0.0000",
        "crypto_buying_power": "0.0000",
        **balances,
    }


def position_json(account: Account, held: Holding, listing: Listing, book: Book, now: int) -> dict[str, Any]:
    """A position. ``average_buy_price`` is that of today's purchases only: 0 once they have settled."""
    average = rounded_quotient(held.cost * MICRO, held.shares) if held.shares > 0 else 0
    promised = book.held_shares(account, held.symbol)
    today = new_york_date(held.updated) == new_york_date(now)
    return {
        "url": position_url(account.number, listing.id),
        "instrument": instrument_url(listing.id),
        "instrument_id": listing.id,
        "symbol": held.symbol,
        "account": account_url(account.number),
        "account_number": account.number,
        "type": "long" if held.shares > 0 else "short" if held.shares < 0 else "empty",
        "quantity": fixed(held.shares),
        "average_buy_price": fixed(average if today else 0, 4),
        "clearing_average_cost": fixed(average),
        "clearing_cost_basis": fixed(held.cost),
        "clearing_running_quantity": fixed(held.shares),
        "pending_average_buy_price": fixed(average, 4),
        "shares_held_for_buys": "0.00000000",
        "shares_held_for_sells": fixed(promised),
        "shares_available_for_sells": fixed(held.shares - promised),
        "avg_cost_affected": False,
        "is_pnl_accurate": True,
        "instrument_is_halted": listing.halted,
        "created_at": iso(held.opened),
        "updated_at": iso(held.updated),
    }


def portfolio_json(account: Account, market: Market) -> dict[str, Any]:
    """What an account is worth at the last prices."""
    held = account.holdings.values()
    worth = sum(notional(one.shares, market.listings[one.symbol].quote.last) for one in held)
    before = sum(notional(one.shares, market.listings[one.symbol].previous_close) for one in held)
    equity, market_value = fixed(account.cash + worth, 4), fixed(worth, 4)
    return {
        "url": f"{API}/portfolios/{account.number}/",
        "account": account_url(account.number),
        "equity": equity,
        "market_value": market_value,
        "extended_hours_equity": equity,
        "extended_hours_market_value": market_value,
        "last_core_equity": equity,
        "last_core_market_value": market_value,
        "equity_previous_close": fixed(account.cash + before, 4),
        "adjusted_equity_previous_close": fixed(account.cash + before, 4),
        "withdrawable_amount": fixed(account.cash, 4),
        "unwithdrawable_deposits": "0.0000",
        "excess_margin": None,
        "excess_maintenance": None,
        "start_date": "2020-01-02",
    }


def interest_json(number: str, charge: Charge) -> dict[str, Any]:
    """Interest that was taken from an account; no capture shows its other fields."""
    at = iso(charge.timestamp)
    return {"id": derived_id(number, charge.timestamp), "account": account_url(number), "amount": fixed(charge.amount, 2), "created_at": at}
