"""Numbers that nobody can mean, for every input of the decision core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TimeInForce, TrailType
from framework.domain.venue import VENUES
from framework.errors import ConfigError
from framework.rules.execution.pricing import ABSOLUTE, BPS, OffsetPolicy
from framework.rules.pretrade.standing import AccountStanding, Standing
from framework.rules.sizing.sizers import Candidates

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.rules.execution.rebalance import RebalancePolicy
    from tests.properties.dice import Dice

SYMBOLS = ("AAPL", "FB", "IBM")
NAMES = tuple(VENUES.values())


def number(dice: Dice) -> float:
    """A float, most often a bad one."""
    return dice.number(1e-6, 1e6) * dice.one_of((1.0, -1.0))


def micros(dice: Dice) -> int:
    """An integer that fits the books, most often a bad one."""
    return dice.one_of((0, 1, -1, 2**62, -(2**62), dice.count(-(10**6), 10**6), dice.count(-(2**62), 2**62)))


def maybe(dice: Dice, draw: Callable[[Dice], Any]) -> Any:
    """That, or nothing."""
    return draw(dice) if dice.chance(0.7) else None


def rows(dice: Dice, count: int) -> Candidates:
    """Rows for the sizer."""
    return Candidates(*(np.array([number(dice) for _ in range(count)], dtype=np.float64) for _ in range(5)))


def order(dice: Dice) -> Order:
    """What a broken caller may hand to the door."""
    kind, force, role, unit = (dice.one_of(tuple(each)) for each in (OrderType, TimeInForce, OrderRole, TrailType))
    prices = {name: maybe(dice, micros) for name in ("limit_micros", "stop_micros", "trail_micros")}
    side = dice.one_of(tuple(OrderSide))
    return Order("order-1", dice.one_of(SYMBOLS), side, micros(dice), kind, 7, **prices, trail_type=unit, time_in_force=force, role=role)


def standing(dice: Dice) -> Standing:
    """Books that cannot be."""
    money = [micros(dice) for _ in range(7)]
    counts = [dice.count(0, 1_000) for _ in range(3)]
    account = AccountStanding(*money, *counts, micros(dice), {"unknown": micros(dice)}, maybe(dice, micros))
    floats = {name: maybe(dice, number) for name in ("var", "correlation", "market_cap")}
    ints = {name: maybe(dice, micros) for name in ("risk_per_share", "at_risk", "average_volume")}
    return Standing(account, micros(dice), micros(dice), micros(dice), micros(dice), **floats, **ints)


def policy(dice: Dice, kind: type[OffsetPolicy | RebalancePolicy]) -> Any:
    """A policy of the numbers that it accepts; what it refuses is refused as configuration."""
    mode = {"offset_mode": dice.one_of((BPS, ABSOLUTE))} if kind is OffsetPolicy else {}
    drawn = {name: number(dice) for name in kind.__slots__ if name != "offset_mode"}
    sound = {}
    for name, value in drawn.items():
        try:
            kind(**{name: value})
        except ConfigError:
            continue
        sound[name] = value
    return kind(**mode, **sound)
