"""Returns and holdings of every kind: fat tails, ties, hedges, symbols that repeat one another or stand still, all scales, broken ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.properties.dice import ODD

if TYPE_CHECKING:
    from tests.properties.dice import Dice


def returns(dice: Dice, length: int, odd: float = 0.0) -> np.ndarray:
    """Returns [length]; with the chance ``odd`` some of them are none."""
    drawn = _shape(dice, np.random.default_rng(dice.count(0, 2**32)), length)
    if length and dice.chance(odd):
        drawn[:: dice.count(1, length)] = dice.one_of(ODD)
    return drawn


def _shape(dice: Dice, rng: np.random.Generator, length: int) -> np.ndarray:
    scale = dice.one_of((0.01, 0.01, dice.spread(1e-9, 1e3)))
    kind = dice.count(0, 5)
    if kind == 0:
        return rng.standard_t(3, length) * scale
    if kind == 1:
        return rng.integers(-5, 6, length) * scale  # many ties
    if kind == 2:
        return np.full(length, scale * dice.one_of((-1.0, 0.0, 1.0)))  # stands still
    if kind == 3:
        return rng.exponential(scale, length) * dice.one_of((-1.0, 1.0))  # only loses, or only gains
    return rng.standard_normal(length) * scale + scale * dice.between(-0.5, 0.5)


def history(dice: Dice, days: int, symbols: int) -> np.ndarray:
    """Joint returns [days, symbols]: a common part and own ones, some columns the (mirror) image of others."""
    rng = np.random.default_rng(dice.count(0, 2**32))
    common = _shape(dice, rng, days)
    columns = [common * dice.between(-1.5, 1.5) + _shape(dice, rng, days) * dice.one_of((0.0, 0.3, 1.0)) for _ in range(symbols)]
    for place in range(1, symbols):
        if dice.chance(0.15):
            columns[place] = columns[place - 1] * dice.one_of((1.0, -1.0, 2.0))
    return np.column_stack(columns)


def values(dice: Dice, symbols: int) -> np.ndarray:
    """Dollars held [symbols]: long, short or nothing, cents to billions."""
    scale = dice.spread(1e-2, 1e9)
    return np.array([scale * dice.one_of((0.0, 1.0, 1.0, -1.0, dice.spread(1e-6, 1.0), -dice.spread(1e-6, 1.0))) for _ in range(symbols)])
