"""Is this an order at all? From what a user typed to exact numbers, or a typed refusal that says what is wrong."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypedDict, TypeVar, Unpack

from framework.domain.order import Order, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.reasons import MIN_ORDER_VALUE
from framework.domain.values import MICRO, SYMBOL_PATTERN, floor_to_lot, from_micros, notional, shares_worth
from framework.errors import InvalidOrderError, UnsupportedOrderTypeError
from framework.rules.pretrade.violations import NO_PRICE, violation

if TYPE_CHECKING:
    from framework.domain.fill import Refusal

Number = int | float | Decimal | str


class Terms(TypedDict, total=False):
    """What can be said of an order beside symbol, side and quantity; prices in dollars."""

    order_type: str
    limit_price: Number | None
    stop_price: Number | None
    trail_amount: Number | None
    trail_type: str
    time_in_force: str
    extended_hours: bool


class Worth(NamedTuple):
    """An order asked for in dollars: micro-dollars, the price they are turned into shares at (0: none is known), and the lot."""

    notional_micros: int
    price_micros: int
    lot_micros: int

    @property
    def affordable_micros(self) -> int:
        """Micro-shares, on the lot, rounded down; 0 where the dollars buy less than one lot, or no price is known."""
        if self.price_micros <= 0:
            return 0
        return floor_to_lot(shares_worth(self.notional_micros, self.price_micros), self.lot_micros)

    @property
    def quantity_micros(self) -> int:
        """The same; the smallest lot where that is 0, for an order that is denied."""
        return self.affordable_micros or self.lot_micros

    @property
    def reason(self) -> str:
        """Why the order is for so many shares."""
        return f"explicit, for {from_micros(self.notional_micros)} dollars"


#: Quantities and prices above this cannot be meant and would not fit the books (int64).
LARGEST = 1_000_000_000


def positive_micros(value: Number, name: str, symbol: str) -> int:
    """``value`` in micros, to the nearest one, half to even.

    Raises:
        InvalidOrderError: Not a number, not finite, not above zero, less than half a millionth or absurdly large.
    """
    exact = _decimal(value, name, symbol)
    if not exact.is_finite() or exact <= 0:
        raise InvalidOrderError(
            f"{symbol}: {name} = {exact:.6g}; it must be a finite number above 0 (to sell, use sell with a positive quantity)"
        )
    if exact > LARGEST:
        raise InvalidOrderError(f"{symbol}: {name} = {exact:.6g} is above {LARGEST:,}, the largest that can be meant")
    # Floats of prices carry noise beyond the sixth decimal; shares and dollars have no finer unit here.
    micros = int((exact * MICRO).to_integral_value())
    if micros == 0:
        raise InvalidOrderError(f"{symbol}: {name} = {value!r} is below the smallest unit, 0.000001")
    return micros


def optional_micros(value: Number | None, name: str, symbol: str) -> int | None:
    """``value`` in micros, ``None`` where nothing is given; errors as ``positive_micros``."""
    return None if value is None else positive_micros(value, name, symbol)


def check_exits(symbol: str, side: OrderSide, entry: int, profit: int | None, stop: int | None) -> None:
    """Refuse exits that are not on their sides of ``entry``; prices in micro-dollars, ``entry`` 0 where it is not known.

    Raises:
        InvalidOrderError: Neither is given, or one is on the wrong side.
    """
    if profit is None and stop is None:
        raise InvalidOrderError(f"{symbol}: a bracket needs a take_profit, a stop_loss or both; for an entry without exits use buy or sell")
    known = [side.sign * price for price in (stop, entry or None, profit) if price is not None]
    if known == sorted(set(known)):
        return
    below, above = ("below", "above") if side is OrderSide.BUY else ("above", "below")
    where = f"the entry at {from_micros(entry)}" if entry else "the entry"
    given = (("stop_loss", stop, below), ("take_profit", profit, above))
    parts = [f"{name} = {from_micros(price)} must be {way} {where}" for name, price, way in given if price is not None]
    raise InvalidOrderError(f"{symbol}: {' and '.join(parts)}")


def _decimal(value: object, name: str, symbol: str) -> Decimal:
    if isinstance(value, bool):
        raise InvalidOrderError(f"{symbol}: {name} = {value!r} is not a number")
    try:
        return Decimal(value) if isinstance(value, int) else Decimal(str(value))
    except InvalidOperation:
        raise InvalidOrderError(f"{symbol}: {name} = {value!r} is not a number") from None


def checked_symbol(symbol: object) -> str:
    """``symbol`` if it looks like a US equity (AAPL, BRK.B).

    Raises:
        InvalidOrderError: It does not.
    """
    if not isinstance(symbol, str) or not SYMBOL_PATTERN.match(symbol):
        raise InvalidOrderError(f"symbol {symbol!r} is not a US equity symbol: 1 to 5 capital letters, with a class such as BRK.B at most")
    return symbol


_E = TypeVar("_E", bound=StrEnum)


def _choice(kind: type[_E], value: str, name: str) -> _E:
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        allowed = ", ".join(kind)
        error = UnsupportedOrderTypeError if kind is OrderType else InvalidOrderError
        raise error(f"{name} = {value!r} is not known; choose one of {allowed}") from None


def type_of(order_type: str) -> OrderType:
    """One of the five types.

    Raises:
        UnsupportedOrderTypeError: It is none of them.
    """
    return _choice(OrderType, order_type, "order_type")


def side_of(side: str) -> OrderSide:
    """``buy`` or ``sell``.

    Raises:
        InvalidOrderError: It is neither.
    """
    return _choice(OrderSide, side, "side")


def shares_asked(symbol: str, quantity: Number | None) -> Number:
    """The shares of an order that names no dollars.

    Raises:
        InvalidOrderError: It names no shares either.
    """
    if quantity is None:
        raise InvalidOrderError(f"{symbol}: an order needs a quantity (shares) or a notional (dollars)")
    return quantity


def worth_asked(symbol: str, quantity: Number | None, dollars: Number, price: int, lot: int) -> Worth:
    """What an order for ``dollars`` is for, at ``price`` micro-dollars (0: not known), on ``lot`` micro-shares.

    Raises:
        InvalidOrderError: Shares are named too, or the dollars are no positive number.
    """
    if quantity is not None:
        raise InvalidOrderError(f"{symbol}: quantity = {quantity!r} and notional = {dollars!r}; say shares or dollars, not both")
    return Worth(positive_micros(dollars, "notional", symbol), price, lot)


def new_order(
    order_id: str,
    created_at: int,
    symbol: str,
    side: OrderSide,
    quantity: Number | Worth,
    strategy: str,
    tag: str | None,
    **terms: Unpack[Terms],
) -> Order:
    """A valid order in state INITIALIZED; one for dollars that buy nothing has the smallest quantity, and ``buys_nothing`` says so.

    Raises:
        InvalidOrderError: A field is missing, contradictory or out of range; the message names it.
        UnsupportedOrderTypeError: ``order_type`` is not one of the five.
    """
    kind = type_of(terms.get("order_type", OrderType.MARKET))
    prices = {"limit_price": terms.get("limit_price"), "stop_price": terms.get("stop_price"), "trail_amount": terms.get("trail_amount")}
    _check_fields(symbol, kind, prices)
    micros = {name: optional_micros(value, name, symbol) for name, value in prices.items()}
    force = _choice(TimeInForce, terms.get("time_in_force", TimeInForce.GTC), "time_in_force")
    if force.is_momentary and kind not in {OrderType.MARKET, OrderType.LIMIT}:
        raise InvalidOrderError(f"{symbol}: a {kind} order waits for its price, so it cannot be {force}; use day or gtc")
    extended = terms.get("extended_hours", False)
    unit = _choice(TrailType, terms.get("trail_type", TrailType.PERCENTAGE), "trail_type")
    if kind is OrderType.TRAILING_STOP and unit is TrailType.PERCENTAGE and (micros["trail_amount"] or 0) >= 100 * MICRO:
        raise InvalidOrderError(f"{symbol}: trail_amount = {prices['trail_amount']} percent; it must be below 100 (5 means 5 %)")
    wanted, reason = _shares_of(symbol, quantity)
    return Order(
        order_id=order_id,
        symbol=checked_symbol(symbol),
        side=side,
        quantity_micros=wanted,
        order_type=kind,
        created_at=created_at,
        limit_micros=micros["limit_price"],
        stop_micros=micros["stop_price"],
        trail_micros=micros["trail_amount"],
        trail_type=unit,
        time_in_force=force,
        extended_hours=extended,
        strategy=strategy,
        tag=tag,
        reason=f"{reason}, extended hours" if extended else reason,
    )


def _shares_of(symbol: str, quantity: Number | Worth) -> tuple[int, str]:
    """Micro-shares, and why so many."""
    if isinstance(quantity, Worth):
        return quantity.quantity_micros, quantity.reason
    return positive_micros(quantity, "quantity", symbol), "explicit"


def buys_nothing(order: Order, quantity: Number | Worth) -> Refusal | None:
    """Why ``order``, asked for in dollars, is for no share: they are worth less than a lot, or no price is known."""
    if not isinstance(quantity, Worth) or quantity.affordable_micros:
        return None
    if quantity.price_micros <= 0:
        return violation(order, NO_PRICE, "no price has been seen yet that says how many shares the dollars are worth").refusal(
            order.created_at
        )
    lot, price = from_micros(quantity.lot_micros), from_micros(quantity.price_micros)
    detail = f"{from_micros(quantity.notional_micros)} dollars are less than the smallest lot, {lot} shares at {price}"
    least = notional(quantity.lot_micros, quantity.price_micros)
    return violation(order, MIN_ORDER_VALUE, detail, quantity.notional_micros / MICRO, least / MICRO).refusal(order.created_at)


_NEEDS = MappingProxyType(
    {
        OrderType.MARKET: frozenset[str](),
        OrderType.LIMIT: frozenset({"limit_price"}),
        OrderType.STOP_LOSS: frozenset({"stop_price"}),
        OrderType.STOP_LIMIT: frozenset({"limit_price", "stop_price"}),
        OrderType.TRAILING_STOP: frozenset({"trail_amount"}),
    }
)


def _check_fields(symbol: str, kind: OrderType, prices: dict[str, Number | None]) -> None:
    given = {name for name, value in prices.items() if value is not None}
    missing, surplus = sorted(_NEEDS[kind] - given), sorted(given - _NEEDS[kind])
    if missing:
        raise InvalidOrderError(f"{symbol}: a {kind} order needs {' and '.join(missing)}")
    if surplus:
        raise InvalidOrderError(
            f"{symbol}: a {kind} order takes no {' or '.join(surplus)}; order types and their prices: docs, 'How an order fills'"
        )


def weight_of(value: float, symbol: str) -> float:
    """A target weight, a fraction of equity; NaN and infinity pass, and are refused when the portfolio is looked at.

    Raises:
        InvalidOrderError: Not a number.
    """
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidOrderError(f"{symbol}: target weight {value!r} must be a number, a fraction of equity such as 0.25") from None


def tag_of(tag: object) -> str | None:
    """``tag``, which is a text that can be written down.

    Raises:
        InvalidOrderError: It is not.
    """
    if tag is None or (isinstance(tag, str) and tag.encode(errors="replace").decode() == tag):
        return tag
    raise InvalidOrderError(f"tag = {tag!r} must be a text that UTF-8 can hold, such as 'breakout'")


def strength_of(value: float, symbol: str) -> float:
    """A target strength in [-1, 1]; -0.0 is 0.0, or the same decision would be said in two ways.

    Raises:
        InvalidOrderError: Not a number, NaN, infinite or outside.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= 1.0:
        raise InvalidOrderError(f"{symbol}: target strength {value!r} must be a number from -1 (full short) over 0 (flat) to 1 (full long)")
    return number + 0.0
