"""Day trades as brokers counted them: shares bought and sold again on one day; four in five days marked an account.

FINRA's rule ended on 2026-06-04, and brokers may keep theirs until 2027-10-20 (Regulatory Notice 26-10), so it is off until an account has
``day_trades_protection``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.testing.hours import neighbor, new_york_date
from framework.domain.values import notional

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from brokers.robinhood.testing.accounts import Account
    from brokers.robinhood.testing.market import Listing
    from brokers.robinhood.testing.orders import Order

DAYS = 5
MOST = 3
#: An account that is worth as much may trade as often as it likes; micro-dollars.
ENOUGH = 25_000_000_000


class DayTrade(NamedTuple):
    """Shares of ``symbol`` were bought and then sold on ``day``."""

    day: date
    symbol: str


def recent_day_trades(orders: Iterable[Order], account: Account, now: int) -> list[DayTrade]:
    """The day trades of the last five trading days, oldest first; a symbol counts once a day."""
    first = new_york_date(now)
    for _ in range(DAYS - 1):
        first = neighbor(first, -1)
    trades = sorted(
        (one.timestamp, order.form.symbol, order.form.is_buy)
        for order in orders
        if order.account == account.number
        for one in order.executions
    )
    bought: set[DayTrade] = set()
    found: dict[DayTrade, None] = {}
    for timestamp, symbol, is_buy in trades:
        one = DayTrade(new_york_date(timestamp), symbol)
        if is_buy:
            bought.add(one)
        elif one in bought and one.day >= first:
            found[one] = None
    return list(found)


def would_mark(symbol: str, account: Account, orders: Iterable[Order], listings: Mapping[str, Listing], now: int) -> bool:
    """Whether a sale of ``symbol`` now would be the fourth day trade in five days of an account that is worth too little for that."""
    if not account.day_trades_protection or account.kind != "margin":
        return False
    worth = account.cash + sum(notional(one.shares, listings[one.symbol].quote.last) for one in account.holdings.values())
    mine = [one for one in orders if one.account == account.number]
    recent, today = recent_day_trades(mine, account, now), new_york_date(now)
    if worth >= ENOUGH or len(recent) < MOST or DayTrade(today, symbol) in recent:
        return False
    purchases = (one for one in mine if one.form.is_buy and one.form.symbol == symbol)
    return any(new_york_date(execution.timestamp) == today for one in purchases for execution in one.executions)
