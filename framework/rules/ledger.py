"""What does an event do to the books? The only writer of cash and positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.account_event import (
    AccountEvent,
    CashInLieu,
    Delisted,
    Dividend,
    Entitlement,
    GoodFaithViolation,
    Interest,
    MarginCall,
    Split,
    TradeCorrection,
)
from framework.domain.book import Book, Position
from framework.domain.values import notional, opposed, rounded_share

if TYPE_CHECKING:
    from framework.domain.fill import Fill


def post_fill(book: Book, fill: Fill) -> int:
    """Book ``fill``; returns the gain realised by it in micro-dollars, fees not included.

    Cash changes by exactly ``-signed notional - fees``. Shares closed leave at average cost.
    """
    book.entries += 1
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
    closing = min(abs(held), abs(signed)) if opposed(held, signed) else 0
    if closing == 0:
        return held + signed, cost + value, 0
    closed_cost = cost if closing == abs(held) else rounded_share(cost, closing, abs(held))
    closed_value = value if closing == abs(signed) else rounded_share(value, closing, abs(signed))
    return held + signed, cost - closed_cost + value - closed_value, -closed_value - closed_cost


def post(book: Book, event: AccountEvent) -> int:
    """Book what happened to the account without a trade; returns the gain realised by it in micro-dollars."""
    book.entries += 1
    match event:
        case Split():
            book.positions.setdefault(event.symbol, Position(event.symbol)).quantity_micros = event.held_micros
        case Delisted():
            book.positions[event.symbol].quantity_micros = 0
            return _post_payout(book, event)
        case CashInLieu():
            return _post_payout(book, event)
        case Entitlement() | Dividend() | Interest():
            _post_income(book, event)
        case TradeCorrection():
            return _post_correction(book, event)
        case MarginCall() | GoodFaithViolation():
            pass  # found out, not booked
    return 0


def _post_income(book: Book, event: Entitlement | Dividend | Interest) -> None:
    amount = event.amount_micros
    if isinstance(event, Entitlement):
        book.receivable_micros += amount
        return
    book.cash_micros += amount
    if isinstance(event, Dividend):
        book.receivable_micros -= amount
        book.dividends_micros += amount
    else:
        book.interest_micros -= amount


def _post_correction(book: Book, event: TradeCorrection) -> int:
    """A trade of the corrected shares; the money of a corrected price joins the cost of what is held, or was gained where nothing is."""
    position = book.positions.setdefault(event.symbol, Position(event.symbol))
    quantity, cost, realized = moved(position.quantity_micros, position.cost_micros, event.quantity_micros, -event.amount_micros)
    if quantity == 0:
        realized, cost = realized - cost, 0
    position.quantity_micros = quantity
    position.cost_micros = cost
    position.realized_micros += realized
    book.cash_micros += event.amount_micros - event.fees_micros
    book.fees_micros += event.fees_micros
    return realized


def _post_payout(book: Book, event: CashInLieu | Delisted) -> int:
    """What was paid for leaves at average cost, as if it had been sold; all that is left of the cost when nothing else is held."""
    position = book.positions[event.symbol]
    held, part = abs(position.quantity_micros), abs(event.quantity_micros)
    cost = rounded_share(position.cost_micros, part, held + part) if held else position.cost_micros
    position.cost_micros -= cost
    position.realized_micros += event.amount_micros - cost
    book.cash_micros += event.amount_micros
    return event.amount_micros - cost
