"""Bars that cannot be: prices that are not prices, highs below lows, volumes that are not volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.finding import Finding, FindingKind
from data.spans import spans
from framework.domain.values import HIGHEST_PRICE, MICRO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from data.raw_bars import RawBars

    Mask = NDArray[np.bool_]

#: Dollars; a price up to here is 0 in the books, which count micro-dollars.
TOO_SMALL = 0.5 / MICRO


def broken_bars(raw: RawBars, price_names: tuple[str, ...]) -> dict[FindingKind, Mask]:
    """Which rows are broken and how: a mask (bool[n]) by kind; a row belongs to the first kind that fits; no kind where none is broken.

    ``price_names`` are the columns that must hold prices.
    """
    if all(_is_sound(raw, price_names, span) for span in spans(len(raw))):
        return {}
    prices = np.stack([getattr(raw, name) for name in price_names])
    nan: Mask = ~(np.abs(prices) <= HIGHEST_PRICE).all(axis=0)
    non_positive: Mask = ~nan & (prices <= TOO_SMALL).any(axis=0)
    whole = ~nan & ~non_positive
    outside = (raw.high < np.maximum(raw.open, raw.close)) | (raw.low > np.minimum(raw.open, raw.close))
    inverted = whole & outside
    bad_volume = whole & ~outside & ~(np.isfinite(raw.volume) & (raw.volume >= 0.0))
    return {
        FindingKind.NAN: nan,
        FindingKind.NON_POSITIVE: non_positive,
        FindingKind.INVERTED: inverted,
        FindingKind.BAD_VOLUME: bad_volume,
    }


def _is_sound(raw: RawBars, price_names: tuple[str, ...], span: slice) -> bool:
    """Whether no row of ``span`` is broken. What is NaN is neither above nor below anything."""
    prices = {name: getattr(raw, name)[span] for name in price_names}
    if not all(one.min() > TOO_SMALL and one.max() <= HIGHEST_PRICE for one in prices.values()):
        return False
    opened, high, low, close, volume = (getattr(raw, name)[span] for name in ("open", "high", "low", "close", "volume"))
    contained = (high >= opened) & (high >= close) & (low <= opened) & (low <= close)
    return bool(contained.all() and volume.min() >= 0.0 and volume.max() < np.inf)


def broken_findings(raw: RawBars, broken: Mapping[FindingKind, Mask], price_names: tuple[str, ...]) -> list[Finding]:
    """A finding for each broken row."""
    return [
        Finding(kind, raw.symbol, int(raw.when[index]), _detail(raw, kind, int(index), price_names), int(raw.row[index]), "dropped")
        for kind, mask in broken.items()
        for index in np.flatnonzero(mask)
    ]


def _detail(raw: RawBars, kind: FindingKind, index: int, price_names: tuple[str, ...]) -> str:
    values = {name: float(getattr(raw, name)[index]) for name in price_names}
    if kind is FindingKind.BAD_VOLUME:
        return f"volume is {raw.volume[index]:g}; allowed: a number of 0 or above"
    if kind is FindingKind.INVERTED:
        shown = ", ".join(f"{name} {values[name]:g}" for name in ("open", "high", "low", "close"))
        return f"{shown}: high and low do not contain open and close"
    wrong = {name: value for name, value in values.items() if not TOO_SMALL < value <= HIGHEST_PRICE}
    allowed = (
        f"a finite number up to {HIGHEST_PRICE:,.0f}" if kind is FindingKind.NAN else "a price above 0, in the books at least 0.000001"
    )
    return f"{', '.join(f'{name} is {value:g}' for name, value in wrong.items())}; allowed: {allowed}"


def zero_volume_findings(raw: RawBars) -> list[Finding]:
    """One finding for all bars of the symbol on which nothing was traded."""
    still = np.flatnonzero(raw.volume == 0.0)
    if len(still) == 0:
        return []
    first = still[0]
    detail = f"{len(still)} of {len(raw)} bars have volume 0; nothing fills on them"
    return [Finding(FindingKind.ZERO_VOLUME, raw.symbol, int(raw.when[first]), detail, int(raw.row[first]), "accepted")]
