"""Accounts and standings for tests of the pre-trade checks; dollars and shares in, micros out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from framework.domain.order import Order, OrderRole, OrderSide, OrderType
from framework.domain.values import MICRO, to_micros
from framework.domain.venue import venue
from framework.rules.pretrade.risk_limits import PROFILES
from framework.rules.pretrade.standing import AccountStanding, Standing
from framework.rules.pretrade.validator import PreTradeValidator

GENERIC = venue("generic")
ROBINHOOD = venue("robinhood")
NOTHING = AccountStanding(
    equity=100_000 * MICRO,
    gross=0,
    entering=0,
    reserved=0,
    cash=100_000 * MICRO,
    unsettled=0,
    traded=0,
    positions=0,
    entries_in_bar=0,
    entries_today=0,
    var=0,
    sectors={},
)
#: Only cash; no collar, so that figures are round.
FREE = replace(PROFILES["venue"], entry_collar_pct=0.0, price_band_pct=None, min_order_value_dollars=None)


def order(shares: float, kind: OrderType = OrderType.MARKET, role: OrderRole = OrderRole.TARGET, **fields: Any) -> Order:
    """An order for ``shares`` of AAPL, negative to sell; ``limit`` and ``stop`` in dollars."""
    prices = {f"{name}_micros": to_micros(fields.pop(name)) for name in ("limit", "stop", "trail") if name in fields}
    side = OrderSide.BUY if shares > 0 else OrderSide.SELL
    return Order("order-1", "AAPL", side, to_micros(abs(shares)), kind, 7, role=role, **prices, **fields)


def standing(held: float = 0.0, price: float = 100.0, account: dict[str, Any] | None = None, **fields: Any) -> Standing:
    """AAPL in an account of 100,000 dollars that holds nothing else; money of ``account`` in dollars, counts as they are."""
    counts = {"positions", "entries_in_bar", "entries_today"}
    given = {name: value if name in counts or value is None else money(value) for name, value in (account or {}).items()}
    whole = NOTHING._replace(**{"gross": to_micros(abs(held) * price), "positions": int(held != 0), **given})
    micros = {"exits", "pending", "risk_per_share", "at_risk", "average_volume"}
    own = {name: to_micros(value) if name in micros and value is not None else value for name, value in fields.items()}
    return Standing(account=whole, held=to_micros(held), exits=own.pop("exits", 0), price=to_micros(price), **own)


def money(value: Any) -> Any:
    """Micro-dollars of dollars, also in a mapping."""
    return {name: to_micros(each) for name, each in value.items()} if isinstance(value, dict) else to_micros(value)


def validator(where: Any = GENERIC, **limits: Any) -> PreTradeValidator:
    """Only cash and the limits given."""
    return PreTradeValidator(replace(FREE, **limits), where)
