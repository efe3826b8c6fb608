"""Where is the money at risk? Heat to the stops, concentration, and exposure by sector."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import LARGEST, fault_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.market import Floats

#: Sector of a symbol that the map does not know.
UNKNOWN_SECTOR = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """Money lost if every stop were hit now.

    ``dollars`` [N] for each position, >= 0; ``fraction`` is their sum over equity. NaN and a note where there is no answer.
    """

    dollars: Floats
    fraction: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unevenly gross value is spread: ``hhi`` is the sum of squared shares (1 / N to 1), ``largest`` the largest share.

    ``effective`` is 1 / hhi: the number of equal positions with the same concentration. NaN and a note for an empty book.
    """

    hhi: float
    largest: float
    effective: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class SectorExposure:
    """Value of a sector's positions as fractions of equity: ``net`` signed, ``gross`` the sum of sizes."""

    net: float
    gross: float


def portfolio_heat(quantity: Floats, price: Floats, stop: Floats, equity: float, gap: Floats | float = 0.0) -> Heat:
    """Open risk of positions to their stops.

    Formula: |quantity| (max(sign (price - stop), 0) + gap price) a position, a long's at most its value. Without a stop (NaN) a long counts
    with its whole value; a short without one has no bound, and then there is no answer. A stop fills at the open behind it, not at its
    price: ``gap`` is for that, for example the 99 % quantile of overnight gaps. Stops assumed hit together: right in a crash, too high on
    other days.

    Args:
        quantity: float64 [N], shares, shorts negative, 0 for none.
        price: float64 [N], dollars.
        stop: float64 [N], dollars; NaN where there is none.
        equity: Dollars, > 0.
        gap: Fraction of the price, >= 0; one number or [N].
    """
    nothing = np.full(quantity.size, math.nan)
    gaps = np.broadcast_to(np.asarray(gap, dtype=np.float64), quantity.shape) if np.ndim(gap) == 0 else np.asarray(gap)
    if fault := _fault_of_heat(quantity, price, stop, equity, gaps):
        return Heat(nothing, math.nan, fault)
    held = quantity != 0.0
    if fault := fault_of(price[held], 0) or fault_of(gaps[held], 0):
        return Heat(nothing, math.nan, f"among the held symbols: {fault}")
    sign = np.sign(quantity)
    bare = held & ~(np.abs(stop) <= LARGEST)
    if (bare & (sign < 0.0)).any():
        return Heat(nothing, math.nan, f"the short in row {int(np.argmax(bare & (sign < 0.0)))} has no stop: its risk has no bound")
    sound_price, sound_stop = np.where(held, price, 0.0), np.where(held & ~bare, stop, 0.0)
    distance = np.maximum(sign * (sound_price - sound_stop), 0.0) + np.where(held, gaps, 0.0) * sound_price
    dollars = np.abs(quantity) * np.where(sign > 0.0, np.minimum(distance, sound_price), distance)
    return Heat(dollars, float(dollars.sum()) / equity)


def _fault_of_heat(quantity: Floats, price: Floats, stop: Floats, equity: float, gaps: Floats) -> str:
    if not quantity.shape == price.shape == stop.shape == gaps.shape:
        return f"{quantity.shape} quantities, {price.shape} prices, {stop.shape} stops and {gaps.shape} gaps do not match"
    return fault_of(quantity, 0) or fault_of_equity(equity)


def fault_of_equity(equity: float) -> str:
    """Why ``equity`` (dollars) is refused; empty when it is above 0."""
    return "" if 1.0 / LARGEST <= equity <= LARGEST else f"equity is {equity}; dollars above 0 are needed"


def concentration(values: Floats) -> Concentration:
    """Herfindahl-Hirschman index and largest share of |value| [N], dollars."""
    fault = fault_of(values, 0)
    total = 0.0 if fault else float(np.abs(values).sum())
    if fault or not total > 1.0 / LARGEST:
        return Concentration(math.nan, math.nan, math.nan, fault or "there is no position")
    shares = np.abs(values) / total
    hhi = float((shares * shares).sum())
    return Concentration(hhi, float(shares.max()), 1.0 / hhi)


def sector_exposure(values: Floats, symbols: Sequence[str], sectors: Mapping[str, str], equity: float) -> dict[str, SectorExposure]:
    """Net and gross exposure of each sector that is held, by name.

    ``values`` [N] in dollars for ``symbols`` [N]; ``sectors`` maps symbol to sector, and a symbol it does not know counts under "unknown".
    A value that is not finite, or no usable equity, makes the figures it touches NaN; lists of two lengths make one NaN entry, "unknown".
    """
    if values.shape != (len(symbols),):
        return {UNKNOWN_SECTOR: SectorExposure(math.nan, math.nan)}
    known = math.nan if fault_of_equity(equity) else equity
    found: dict[str, SectorExposure] = {}
    for symbol, value in zip(symbols, values.tolist(), strict=True):
        if value == 0.0:
            continue
        share = value / known if abs(value) <= LARGEST else math.nan
        before = found.get(sector := sectors.get(symbol, UNKNOWN_SECTOR), SectorExposure(0.0, 0.0))
        found[sector] = SectorExposure(before.net + share, before.gross + abs(share))
    return dict(sorted(found.items()))
