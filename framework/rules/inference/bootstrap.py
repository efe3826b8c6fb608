"""What else could have happened: histories drawn from the one there was, in blocks, so that what hangs together stays together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import fault_of

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers

MOST_PATHS = 100_000
_NUMBERS_AT_ONCE = 2_000_000
_YEAR = 252.0


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Figures of every path drawn, float64 [paths]; empty, with a note, where there is no answer.

    Attributes:
        growth: What one dollar became, less 1.
        sharpe: Annual Sharpe ratio (252 periods); 0 for a path without risk.
        drawdown: Deepest fall from a high, at most 0; the start counts as a high.
        note: Why there is no answer.
    """

    growth: Floats
    sharpe: Floats
    drawdown: Floats
    note: str = ""

    @property
    def loss_probability(self) -> float:
        """Share of the paths that lost money; NaN where there are none."""
        return float(np.mean(self.growth < 0.0)) if self.growth.size else math.nan


def block_places(length: int, block: float, paths: int, generator: np.random.Generator) -> Integers:  # noqa: TID251 - passed in, seeded
    """Places [paths, length] of a stationary bootstrap: blocks of random, geometric length, ``block`` on average, each from a random place.

    The history is closed to a circle, so that its ends are drawn as often as the rest. Source: Politis and Romano, The Stationary Bootstrap
    (1994). ``length`` >= 1, ``block`` >= 1; with 1 every place is drawn alone.
    """
    places = np.empty((paths, length), dtype=np.int64)
    fresh = generator.integers(0, length, (paths, length))
    jumps = generator.random((paths, length)) < 1.0 / block
    places[:, 0] = fresh[:, 0]
    for column in range(1, length):
        places[:, column] = np.where(jumps[:, column], fresh[:, column], (places[:, column - 1] + 1) % length)
    return places


def bootstrap_paths(
    returns: Floats,
    block: float,
    paths: int,
    generator: np.random.Generator,  # noqa: TID251 - passed in, seeded
    *,
    compound: bool = True,
) -> Paths:
    """Paths as long as ``returns``, drawn from them by :func:`block_places`.

    Assumes that the future is made of the past's parts: no path is worse than the worst stretch repeated, and what never happened does not
    happen. Dependence longer than a block is lost. Too kind where the returns were chosen as the best of many.

    Args:
        returns: float64 [n], n >= 2, simple, oldest first: of days, or of trades as fractions of the starting equity.
        block: Average length of a block, 1 to n; about 20 for days, 1 for trades that do not depend on one another.
        paths: 1 to 100,000.
        generator: Source of the draws; it is advanced.
        compound: Whether gains are reinvested (days); trades in dollars add up.
    """
    if fault := _fault(returns, block, paths):
        nothing = np.empty(0)
        return Paths(nothing, nothing, nothing, fault)
    rows = max(_NUMBERS_AT_ONCE // len(returns), 1)
    parts = [
        _figures(returns[block_places(len(returns), block, min(rows, paths - start), generator)], compound=compound)
        for start in range(0, paths, rows)
    ]
    growth, sharpe, drawdown = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Paths(growth, sharpe, drawdown)


def _fault(returns: Floats, block: float, paths: int) -> str:
    if fault := fault_of(returns, 2):
        return fault
    if not 1.0 <= block <= len(returns):
        return f"blocks of {block:g}; 1 to {len(returns)}, the number of returns, are allowed"
    return "" if 1 <= paths <= MOST_PATHS else f"{paths} paths; 1 to {MOST_PATHS:,} are allowed"


def _figures(drawn: Floats, *, compound: bool) -> tuple[Floats, Floats, Floats]:
    wealth: Floats = (np.cumprod(1.0 + drawn, axis=1) if compound else 1.0 + np.cumsum(drawn, axis=1)).astype(np.float64)
    highest = np.maximum.accumulate(np.maximum(wealth, 1.0), axis=1)
    spread = drawn.std(axis=1, ddof=1)
    ratio: Floats = (math.sqrt(_YEAR) * drawn.mean(axis=1) / np.where(spread > 0.0, spread, math.inf)).astype(np.float64)
    growth: Floats = wealth[:, -1] - 1.0
    drawdown: Floats = (wealth / highest - 1.0).min(axis=1)
    return growth, ratio, drawdown
