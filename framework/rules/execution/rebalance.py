"""From target weights to what must be traded: only where the drift is worth it, sells first, and never more than the cash."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.fill import Refusal
from framework.domain.values import MICRO, floor_to_lot, notional, to_micros
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_PRICE = "no_price"
BAD_WEIGHT = "weight_not_a_number"
GROSS = "weights_above_gross_limit"
NO_EQUITY = "no_equity"
CASH = "insufficient_cash"
#: Weights are binary floats: 0.55 - 0.5 is a hair above 0.05.
NOISE = 1e-9


@dataclass(frozen=True, slots=True)
class RebalancePolicy:
    """When a drift is traded.

    Attributes:
        band: A position is left alone while its weight is at most this far from its target (0.01 is one percent of equity). An exit (target
            0) ignores band and minimum value: no remainder is kept.
        min_value: Changes worth less, in dollars, are not traded.
        max_gross: Largest sum of |weights|.
        cost_bps: Fees and slippage of a trade, in hundredths of a percent of its value, kept aside when cash is planned.

    Raises:
        ConfigError: A value is out of range.
    """

    band: float = 0.01
    min_value: float = 100.0
    max_gross: float = 1.0
    cost_bps: float = 10.0

    def __post_init__(self) -> None:
        for name, largest in (("band", 1.0), ("min_value", 1e9), ("max_gross", 10.0), ("cost_bps", 10_000.0)):
            value = getattr(self, name)
            if not 0.0 <= value <= largest:
                raise ConfigError(f"[rebalance] {name} = {value}; it must be a number from 0 to {largest:g}")


class Change(NamedTuple):
    """Micro-shares to buy (above 0) or sell, at a reference price of ``price`` micro-dollars; it only opens or only closes."""

    symbol: str
    quantity: int
    price: int


class _Planned(NamedTuple):
    change: Change
    opens: bool
    drift: float

    @property
    def rank(self) -> tuple[bool, bool, float, str]:
        """Sells before buys, closing before opening, the largest drift first, ties by symbol."""
        return self.change.quantity > 0, self.opens, -self.drift, self.change.symbol


def rebalanced(
    timestamp: int,
    weights: Mapping[str, float],
    held: Mapping[str, int],
    prices: Mapping[str, int],
    equity: int,
    cash: int,
    lot: int,
    policy: RebalancePolicy,
) -> tuple[tuple[Change, ...], tuple[Refusal, ...]]:
    """What to trade, in this order, so that the positions become ``weights`` of ``equity``; and what was refused or made smaller.

    Quantities are rounded towards what is held, to the lot, so that no target is overshot. A change through zero comes as two. Buys may
    spend ``cash`` and what the sells of long positions bring, both after costs; the proceeds of short sales are not spent. So the buys must
    wait for the sells to fill.

    Args:
        timestamp: Time of the decision, ns UTC.
        weights: Target fractions of equity, signed; a symbol held but not named is to be sold.
        held: Micro-shares, signed.
        prices: Reference prices, micro-dollars; a missing one, or 0, leaves the position as it is.
        equity: What the weights are fractions of, micro-dollars.
        cash: What may be spent, micro-dollars.
        lot: Smallest step of a quantity, micro-shares.
        policy: Band, minimum, gross limit and costs.
    """
    refusal = _unusable(timestamp, weights, equity, policy)
    if refusal is not None:
        return (), (refusal,)
    planned: list[_Planned] = []
    refusals: list[Refusal] = []
    for symbol in sorted({*weights, *(symbol for symbol, quantity in held.items() if quantity)}):
        price = prices.get(symbol, 0)
        if price > 0:
            planned += _planned(symbol, weights.get(symbol, 0.0), held.get(symbol, 0), price, equity, lot, policy)
        else:
            refusals.append(Refusal(timestamp, symbol, NO_PRICE, f"{symbol}: no price has been seen, the position is left as it is"))
    changes, short_of_cash = _affordable(timestamp, sorted(planned, key=lambda one: one.rank), cash, lot, policy)
    return tuple(changes), (*refusals, *short_of_cash)


def _unusable(timestamp: int, weights: Mapping[str, float], equity: int, policy: RebalancePolicy) -> Refusal | None:
    """Why nothing can be done with ``weights`` at all: a target portfolio is one thing, and half of it was not asked for."""
    if equity <= 0:
        return Refusal(timestamp, "", NO_EQUITY, f"equity is {equity / MICRO:.2f}; weights need one above 0", equity / MICRO, 0.0)
    for symbol in sorted(weights):
        if not math.isfinite(weights[symbol]):
            return Refusal(timestamp, symbol, BAD_WEIGHT, f"{symbol}: the target weight is {weights[symbol]}; nothing is traded")
    # Not fsum, which raises where the sum is beyond floats.
    gross = sum(abs(weights[symbol]) for symbol in sorted(weights))
    if gross > policy.max_gross + NOISE:
        detail = f"the weights sum to {gross:.4f} in size, allowed is {policy.max_gross:g} ([rebalance] max_gross); nothing is traded"
        return Refusal(timestamp, "", GROSS, detail, gross, policy.max_gross)
    return None


def _planned(symbol: str, weight: float, held: int, price: int, equity: int, lot: int, policy: RebalancePolicy) -> list[_Planned]:
    drift = abs(weight - notional(held, price) / equity)
    size = int(abs(weight) * equity) * MICRO // price
    change = floor_to_lot((size if weight > 0.0 else -size) - held, lot)
    if weight != 0.0 and (drift <= policy.band + NOISE or notional(abs(change), price) < to_micros(policy.min_value)):
        return []
    closing, opening = legs(held, change)
    if closing % lot:
        # A remainder the venue cannot trade stays, and nothing is opened on the other side of it.
        closing, opening = floor_to_lot(closing, lot), 0
    parts = ((closing, False), (opening, True))
    return [_Planned(Change(symbol, quantity, price), opens, drift) for quantity, opens in parts if quantity]


def legs(held: int, change: int) -> tuple[int, int]:
    """``change`` of a position of ``held`` as (what closes it, what opens): never more is closed than is held, and both add up to it."""
    closing = min(abs(held), abs(change)) if held * change < 0 else 0
    closing = closing if change >= 0 else -closing
    return closing, change - closing


def _affordable(
    timestamp: int, planned: list[_Planned], cash: int, lot: int, policy: RebalancePolicy
) -> tuple[list[Change], list[Refusal]]:
    """``planned`` with every buy cut to the cash that is left when its turn comes."""
    rate = to_micros(policy.cost_bps / 10_000)
    changes: list[Change] = []
    refusals: list[Refusal] = []
    for change, opens, _ in planned:
        value = notional(abs(change.quantity), change.price)
        costs = -(-value * rate // MICRO)
        if change.quantity < 0:
            cash += 0 if opens else value - costs
            changes.append(change)
            continue
        bought = change.quantity if value + costs <= cash else _fitting(change.price, cash, lot, rate, policy)
        if bought < change.quantity:
            refusals.append(_short_of_cash(timestamp, change.symbol, value + costs, cash))
        if bought:
            value = notional(bought, change.price)
            cash -= value - (-value * rate // MICRO)
            changes.append(change._replace(quantity=bought))
    return changes, refusals


def _fitting(price: int, cash: int, lot: int, rate: int, policy: RebalancePolicy) -> int:
    """The most micro-shares that ``cash`` pays with their costs; 0 where that is less than the minimum value."""
    # Value and costs are each rounded to a micro-dollar: two are kept back for that.
    size = max(cash - 2, 0) * MICRO * MICRO // (price * (MICRO + rate))
    bought = floor_to_lot(size, lot)
    return bought if notional(bought, price) >= to_micros(policy.min_value) else 0


def _short_of_cash(timestamp: int, symbol: str, needed: int, cash: int) -> Refusal:
    detail = f"buy {symbol}: needs {needed / MICRO:.2f} with costs, {max(cash, 0) / MICRO:.2f} is there when its turn comes"
    return Refusal(timestamp, symbol, CASH, detail, needed / MICRO, max(cash, 0) / MICRO)
