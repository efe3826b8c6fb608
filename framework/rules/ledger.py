"""What does an event do to the books? The only writer of cash and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.book import Book, Position
from framework.domain.values import notional, rounded_quotient

if TYPE_CHECKING:
    from framework.domain.fill import Dividend, Fill


def post_fill(book: Book, fill: Fill) -> int:
    """Book ``fill``; returns the gain realised by it in micro-dollars, fees not included.

    Cash changes by exactly ``-signed notional - fees``. Shares closed leave at average cost.
    """
    signed = fill.side.sign * fill.quantity_micros
    value = notional(signed, fill.price_micros)
    book.cash_micros -= value + fill.fees_micros
    book.fees_micros += fill.fees_micros
    book.traded_micros += abs(value)
    book.slippage_micros += value - notional(signed, fill.reference_micros)
    position = book.positions.setdefault(fill.symbol, Position(fill.symbol))
    quantity, cost, realized = moved(position.quantity_micros, position.cost_micros, signed, value)
    position.quantity_micros = quantity
    position.cost_micros = cost
    position.realized_micros += realized
    return realized


def moved(held: int, cost: int, signed: int, value: int) -> tuple[int, int, int]:
    """A position of ``held`` shares that cost ``cost``, after ``signed`` shares worth ``value`` were added (all in micros).

    Returns (quantity, cost, gain realised). One formula for long, short, adding, reducing and crossing zero:
    the part of the trade that closes leaves at average cost, the rest joins at its own.
    """
    closing = 0 if held * signed >= 0 else min(abs(held), abs(signed))
    if closing == 0:
        return held + signed, cost + value, 0
    closed_cost = cost if closing == abs(held) else _share(cost, closing, abs(held))
    closed_value = value if closing == abs(signed) else _share(value, closing, abs(signed))
    return held + signed, cost - closed_cost + value - closed_value, -closed_value - closed_cost


def _share(amount: int, part: int, whole: int) -> int:
    return rounded_quotient(amount * part, whole)


def post_dividend(book: Book, dividend: Dividend) -> None:
    """Book cash received for shares held long, or owed for shares held short."""
    book.cash_micros += dividend.amount_micros
    book.dividends_micros += dividend.amount_micros
