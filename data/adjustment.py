"""Prices and volumes in the shares of the last bar."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data.finding import moment
from framework.domain.market import events_in
from framework.errors import ConfigError

if TYPE_CHECKING:
    from data.raw_bars import RawBars
    from framework.domain.market import Floats, Integers


def adjusted(raw: RawBars, method: str) -> RawBars:
    """``raw`` (in order) adjusted by ``method``; what is not a number stays so.

    ``splits``: prices and dividends before a split are divided by its ratio, volumes multiplied.
    ``adj_close``: open, high, low and close are scaled by adj_close / close and volume by its inverse, which keeps the value traded;
    dividends, which are inside such prices, become 0.
    ``none``: nothing is changed.

    Raises ``ConfigError`` for ``none`` when a split is declared, which says that the prices are not adjusted by it.
    """
    if method == "none":
        return _as_is(raw)
    if method == "adj_close":
        with np.errstate(divide="ignore", invalid="ignore"):
            return replace(_divided(raw, raw.close / raw.adj_close), dividend=np.zeros(len(raw)))
    if not len(events_in(raw.split, 1.0)):
        return raw
    shares = later_splits(raw.split)
    return replace(_divided(raw, shares), dividend=raw.dividend / shares)


def later_splits(split: Floats) -> Floats:
    """Product of the splits after each row, float64[n]: how many of the last bar's shares one share of that row became."""
    up_to_end = np.cumprod(split[::-1])[::-1]
    return np.concatenate([up_to_end[1:], [1.0]])


def _divided(raw: RawBars, by: Floats) -> RawBars:
    prices = {name: getattr(raw, name) / by for name in ("open", "high", "low", "close")}
    return replace(raw, **prices, volume=raw.volume * by)


def _as_is(raw: RawBars) -> RawBars:
    splits = events_in(raw.split, 1.0)
    if len(splits):
        index = splits[0]
        raise ConfigError(
            f'[data] adjust = "none": {raw.symbol} has a split of {raw.split[index]:g} at {moment(int(raw.when[index]))} '
            f"(row {raw.row[index]} of {raw.origin}), so that its prices are not in the shares of one day; "
            'set adjust = "splits", or remove the split if they are adjusted already'
        )
    return raw


def with_events_moved(raw: RawBars, keep: Integers) -> RawBars:
    """The rows at positions ``keep``; dividends and splits of the others move to the next row kept.

    ``raw`` is adjusted, so dividends of different rows are in the same shares and add up.
    """
    if len(keep) == len(raw):
        return raw
    target = np.searchsorted(keep, np.arange(len(raw)))
    dividend, split = np.zeros(len(keep) + 1), np.ones(len(keep) + 1)
    np.add.at(dividend, target, raw.dividend)
    np.multiply.at(split, target, raw.split)
    # Dividends that fall together are paid together, on the later of their days.
    pay_day = np.zeros(len(keep) + 1, dtype=np.int64)
    np.maximum.at(pay_day, target, raw.pay_day)
    return replace(raw.take(keep), dividend=dividend[:-1], split=split[:-1], pay_day=pay_day[:-1])
