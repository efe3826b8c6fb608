"""What a run should tell about its account when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.domain.account_event import Delisted, GoodFaithViolation, MarginCall, Split
from framework.domain.order_update import OrderUpdate
from framework.domain.values import from_micros
from framework.engine.margin import MARGIN_CALL
from framework.engine.market import last_bars, session_number, session_numbers
from framework.rules.account.daytrades import Traded, day_trades, pattern_day_trader_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from framework.domain.book import Book
    from framework.domain.market import BarSeries, Integers
    from framework.engine.journal import Journal
    from framework.engine.market import Market


def account_notes(market: Market, book: Book, journal: Journal, account_type: str) -> list[str]:
    """Warnings in plain words: data that ended, margin calls, broken good faith, and day trading."""
    lines = [*ended(market.adjusted, market.now, book.quantity), *_calls(journal), *_faith(journal)]
    return lines if account_type == "cash" else [*lines, *day_trading(market.adjusted, _traded(journal))]


def ended(bars: Iterable[BarSeries], now: int, quantity: Callable[[str], int]) -> Iterable[str]:
    """Symbols whose bars end before ``now`` (ns UTC), and nobody said why: what is held of them stands at its last price."""
    for series in bars:
        if series.delisting is None and len(series) and session_number(int(series.timestamp[-1])) < session_number(now):
            held = quantity(series.symbol)
            valued = f"; the {from_micros(held)} shares held are valued at that close, {series.close[-1]:g}" if held else ""
            yield (
                f"{series.symbol}: its bars end on {_date(session_number(int(series.timestamp[-1])))}, before the run{valued}; "
                "if it was delisted or renamed, say so in the file of [data] actions"
            )


def _calls(journal: Journal) -> Iterable[str]:
    calls = [event for event in journal.account_events if isinstance(event, MarginCall)]
    if calls:
        filled = sum(order.filled_micros > 0 for order in journal.orders if order.tag == MARGIN_CALL)
        met = f"positions were reduced by {filled} orders to meet it" if filled else "no order that was to meet it has filled"
        yield f"margin called {len(calls)} x, first on {_date(session_number(calls[0].timestamp))}: {met}"


def _faith(journal: Journal) -> Iterable[str]:
    found = [event for event in journal.account_events if isinstance(event, GoodFaithViolation)]
    if found:
        restrictions = sorted({event.restricted_until for event in found if event.restricted_until})
        until = f"; restricted to settled cash until {', '.join(map(_date, restrictions))}" if restrictions else ""
        first = _date(session_number(found[0].timestamp))
        yield f"good faith violations: {len(found)}, first on {first}: sold before the money that bought the shares had settled{until}"


def day_trading(bars: Iterable[BarSeries], fills: Traded) -> Iterable[str]:
    """When ``fills`` would have made the account one of a pattern day trader."""
    count = len(day_trades(fills))
    pattern = pattern_day_trader_on(fills, _sessions(bars)) if count else None
    if pattern is not None:
        yield (
            f"day trades: {count}; from {_date(pattern)} on the account would have been a pattern day trader's, "
            "which needs 25,000 dollars of equity (FINRA 4210, until 2026-06-03)"
        )


def _traded(journal: Journal) -> Traded:
    """Fills with the shares held before and after, splits and delistings in between."""
    held: dict[str, int] = {}
    symbols: dict[str, int] = {}
    found = []
    for event in journal.events:
        if isinstance(event, Split):
            held[event.symbol] = event.held_micros
        elif isinstance(event, Delisted):
            held[event.symbol] = 0
        elif isinstance(event, OrderUpdate) and event.fill is not None:
            fill = event.fill
            before = held.get(fill.symbol, 0)
            held[fill.symbol] = before + fill.side.sign * fill.quantity_micros
            number = symbols.setdefault(fill.symbol, len(symbols))
            found.append((session_number(fill.timestamp), number, before, held[fill.symbol]))
    return Traded(*np.array(found, dtype=np.int64).reshape(-1, 4).T)


def _sessions(series: Iterable[BarSeries]) -> Integers:
    return np.unique(np.concatenate([session_numbers(one.timestamp[last_bars(one.timestamp)]) for one in series]))


def _date(session: int) -> str:
    return str(np.datetime64(session, "D"))
