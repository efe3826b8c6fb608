"""What Robinhood shows of orders, positions, accounts and quotes, in our vocabulary; what cannot be read is a ``ValueError``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.amounts import micros, micros_or_none, moment
from framework.domain.book import Account, Position
from framework.domain.market import Quote
from framework.domain.order import OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.values import MICRO, from_micros, notional
from framework.domain.venue_order import Execution, VenueOrder
from framework.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Mapping

_S = OrderStatus
#: Robinhood's words for the state of an order. A word that is not here is UNKNOWN to us and counts as working.
STATES: Mapping[str, OrderStatus] = MappingProxyType(
    {
        "new": _S.ACCEPTED,
        "queued": _S.ACCEPTED,
        "unconfirmed": _S.ACCEPTED,
        "confirmed": _S.ACCEPTED,
        "locating": _S.ACCEPTED,
        "partially_filled": _S.PARTIALLY_FILLED,
        "filled": _S.FILLED,
        "cancelled": _S.CANCELED,
        "canceled": _S.CANCELED,
        "partially_filled_rest_cancelled": _S.CANCELED,
        "pending_cancelled": _S.PENDING_CANCEL,
        "rejected": _S.REJECTED,
        "failed": _S.REJECTED,
        "locate_failed": _S.REJECTED,
        "voided": _S.REJECTED,
    }
)
_FORCES = MappingProxyType({"gfd": TimeInForce.DAY, "gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "opg": TimeInForce.OPG})


def state_of(word: str, filled_micros: int) -> OrderStatus | None:
    """Robinhood's ``word`` in our vocabulary, ``None`` for one nobody knows; what is refused after a part of it has filled is ended."""
    status = STATES.get(word)
    return _S.CANCELED if status is _S.REJECTED and filled_micros > 0 else status


def venue_order(shown: Mapping[str, Any], symbol: str) -> VenueOrder:
    """One order; it carries no symbol of its own.

    Raises:
        ValueError: A field that matters is missing or cannot be read.
    """
    try:
        return _venue_order(shown, symbol)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"an order that cannot be read: {type(error).__name__}: {error}") from None


def _venue_order(shown: Mapping[str, Any], symbol: str) -> VenueOrder:
    trail, trail_type = _trail(shown.get("trailing_peg"))
    filled, word = micros(shown.get("cumulative_quantity") or "0"), _text(shown["state"])
    client_id = shown.get("ref_id")
    return VenueOrder(
        venue_order_id=_text(shown["id"]),
        client_id=None if client_id is None else _text(client_id),
        symbol=symbol,
        side=OrderSide(shown["side"]),
        quantity_micros=micros(shown["quantity"]) if shown["quantity"] is not None else filled,
        order_type=_type(shown),
        limit_micros=micros_or_none(shown.get("price")) if shown["type"] == "limit" else None,
        stop_micros=micros_or_none(shown.get("stop_price")),
        trail_micros=trail,
        trail_type=trail_type,
        time_in_force=_FORCES[shown["time_in_force"]],
        status=state_of(word, filled),
        word=word,
        cumulative_micros=filled,
        average_micros=micros_or_none(shown.get("average_price")),
        executions=tuple(_executions(shown)),
        created_at=moment(shown["created_at"]),
        updated_at=moment(shown["updated_at"]),
        reason=str(shown.get("reject_reason") or ""),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is no text")
    return value


def _type(shown: Mapping[str, Any]) -> OrderType:
    if shown.get("trailing_peg"):
        return OrderType.TRAILING_STOP
    kinds = {
        ("market", "immediate"): OrderType.MARKET,
        ("limit", "immediate"): OrderType.LIMIT,
        ("market", "stop"): OrderType.STOP_LOSS,
        ("limit", "stop"): OrderType.STOP_LIMIT,
    }
    return kinds[shown["type"], shown["trigger"]]


def _trail(peg: Mapping[str, Any] | None) -> tuple[int | None, TrailType | None]:
    if not peg:
        return None, None
    if peg["type"] == "percentage":
        return micros(peg["percentage"]), TrailType.PERCENTAGE
    return micros(peg["price"]["amount"]), TrailType.AMOUNT


def _executions(shown: Mapping[str, Any]) -> list[Execution]:
    """Executions that carry an id; one without is still to get it, and its shares are in the cumulative quantity."""
    return [
        Execution(
            execution_id=_text(one["id"]),
            quantity_micros=micros(one["quantity"]),
            price_micros=micros(one["price"]),
            timestamp=moment(one["timestamp"]),
            fees_micros=micros(one.get("fees") or "0"),
        )
        for one in shown.get("executions") or ()
        if one.get("id")
    ]


def position(shown: Mapping[str, Any], symbol: str) -> Position:
    """Shares of one symbol with what they cost; ``average_buy_price`` is 0 for what has settled, so that is not it.

    Raises:
        ValueError: It cannot be read.
    """
    quantity = micros(shown.get("quantity"))
    cost, average = micros_or_none(shown.get("clearing_cost_basis")), micros_or_none(shown.get("clearing_average_cost"))
    if cost is None or (cost == 0 and average):
        cost = notional(quantity, average) if average else 0
    return Position(symbol, quantity, abs(cost) if quantity > 0 else -abs(cost))


def account(shown: Mapping[str, Any], portfolio: Mapping[str, Any]) -> Account:
    """Cash, equity and what may be spent: of a cash account only what has settled.

    Raises:
        ValueError: It cannot be read.
    """
    balances = shown.get("cash_balances") or shown.get("margin_balances") or shown
    power = balances.get("buying_power") or shown.get("buying_power")
    equity = portfolio.get("extended_hours_equity") or portfolio.get("equity")
    number = _text(shown.get("account_number"))
    unsettled = micros_or_none(balances.get("unsettled_funds", shown.get("unsettled_funds")))
    cash, worth, spendable = (from_micros(micros(value)) for value in (shown.get("cash"), equity, power))
    return Account(number, cash, worth, spendable, None if unsettled is None else from_micros(unsettled))


def quote(shown: Mapping[str, Any]) -> Quote | None:
    """A quote that can be traded on; ``None`` where a side is missing, crossed or halted.

    The last trade is the regular session's, as in bars, and as stops at the venue have it; one outside of it only where there is no other.
    """
    if shown.get("trading_halted") or shown.get("state", "active") != "active":
        return None
    try:
        bid, ask = micros(shown["bid_price"]), micros(shown["ask_price"])
        last, at = _last_trade(shown)
        stamps = [moment(shown[name]) for name in ("updated_at", "venue_bid_time", "venue_ask_time") if shown.get(name)]
        return Quote(_text(shown["symbol"]), max(at, *stamps), bid / MICRO, ask / MICRO, last / MICRO)
    except (KeyError, ValueError, TypeError, BadDataError):
        return None


class LastTrade(NamedTuple):
    """A trade that was shown: ns UTC, dollars."""

    symbol: str
    timestamp: int
    price: float


def last_trade(shown: Mapping[str, Any]) -> LastTrade | None:
    """The last trade of the regular session; ``None`` where there is none that can be read."""
    try:
        at, price = moment(shown["venue_last_trade_time"]), micros(shown["last_trade_price"])
        return LastTrade(_text(shown["symbol"]), at, price / MICRO)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def day_volume(shown: Mapping[str, Any]) -> float | None:
    """Shares traded since the open; ``None`` where it cannot be read."""
    try:
        return micros(shown["volume"]) / MICRO
    except (KeyError, ValueError, TypeError):
        return None


def _last_trade(shown: Mapping[str, Any]) -> tuple[int, int]:
    pairs = (("last_trade_price", "venue_last_trade_time"), ("last_non_reg_trade_price", "venue_last_non_reg_trade_time"))
    price, at = next((names for names in pairs if shown.get(names[0])), pairs[0])
    return micros(shown[price]), moment(shown.get(at) or shown["updated_at"])
