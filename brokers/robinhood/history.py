"""Bars of the past. Robinhood keeps few: five minutes for a week, hours for three months, days for five years."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.amounts import micros, moment
from framework.domain.market import ShortBar
from framework.domain.request import Priority
from framework.domain.values import MICRO
from framework.errors import BadDataError, ConfigError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from brokers.robinhood.reader import Reader

#: Resolution -> (the venue's interval, the longest span it has of it, ns of a bar; 0 where a bar is a session).
_MINUTE = 60 * 1_000_000_000
DEPTHS = MappingProxyType(
    {
        "5m": ("5minute", "week", 5 * _MINUTE),
        "10m": ("10minute", "week", 10 * _MINUTE),
        "1h": ("hour", "3month", 60 * _MINUTE),
        "60m": ("hour", "3month", 60 * _MINUTE),
        "1d": ("day", "5year", 0),
    }
)
_BATCH = 75


class PastBar(NamedTuple):
    """One bar; ``when`` is the date of a daily bar, or the close of a shorter one in ns UTC. Prices in dollars, split-adjusted."""

    when: str | int
    open: float
    high: float
    low: float
    close: float
    volume: float


def five_minutes(reader: Reader, symbols: Sequence[str], now: int) -> dict[str, list[ShortBar]]:
    """The bars of five minutes of the last week that had closed ``now`` (ns UTC), made-up ones too, oldest first.

    Raises:
        MissingDataError: Robinhood did not answer.
        BadDataError: A bar cannot be read.
    """
    found: dict[str, list[ShortBar]] = {}
    for start in range(0, len(symbols), _BATCH):
        for row in _rows(reader, symbols[start : start + _BATCH], "5minute", "week"):
            found[row["symbol"]] = [one for one in map(_five_minutes, row.get("historicals") or ()) if one.begins + 5 * _MINUTE <= now]
    return found


def _five_minutes(one: Mapping[str, Any]) -> ShortBar:
    try:
        opened, high, low, close = (micros(one[f"{name}_price"]) / MICRO for name in ("open", "high", "low", "close"))
        return ShortBar(moment(one["begins_at"]), opened, high, low, close, float(one["volume"]), not one.get("interpolated"))
    except (KeyError, TypeError, ValueError) as error:
        raise BadDataError(f"a past bar of Robinhood's cannot be read ({error})") from None


def past_bars(reader: Reader, symbols: Sequence[str], resolution: str, now: int, open_days: frozenset[str]) -> dict[str, list[PastBar]]:
    """All bars Robinhood has of ``symbols`` that had closed ``now``, oldest first; bars it made up are left out.

    Args:
        reader: To the venue.
        symbols: Any number.
        resolution: 5m, 10m, 1h or 1d.
        now: ns UTC.
        open_days: Dates whose session has not closed yet: their daily bars still move.

    Raises:
        ConfigError: It has no bars of this resolution.
        MissingDataError: It did not answer, or has none of a symbol.
        BadDataError: A bar cannot be read.
    """
    if resolution not in DEPTHS:
        raise ConfigError(f"[data] resolution = {resolution!r}: Robinhood has {', '.join(dict.fromkeys(DEPTHS))}")
    found: dict[str, list[PastBar]] = {}
    for start in range(0, len(symbols), _BATCH):
        found |= _batch(reader, symbols[start : start + _BATCH], resolution, now, open_days)
    missing = [symbol for symbol in symbols if not found.get(symbol)]
    if missing:
        raise MissingDataError(f"{missing[0]}: Robinhood has no bars of it ({resolution})")
    return found


def _batch(reader: Reader, symbols: Sequence[str], resolution: str, now: int, open_days: frozenset[str]) -> dict[str, list[PastBar]]:
    interval, span, length = DEPTHS[resolution]
    rows = _rows(reader, symbols, interval, span)
    return {row["symbol"]: list(_bars(row, length, now, open_days)) for row in rows}


def _rows(reader: Reader, symbols: Sequence[str], interval: str, span: str) -> list[dict[str, Any]]:
    """What is shown of each of ``symbols`` that is known; by its own name, since the places of unknown ones are empty."""
    query = {"symbols": ",".join(symbols), "interval": interval, "span": span, "bounds": "regular"}
    reply = reader.read("/quotes/historicals/", query, Priority.DATA)
    rows = reply.fields.get("results")
    if not reply.is_good or not isinstance(rows, list):
        raise MissingDataError(f"Robinhood did not show past bars: {reply.reason or 'no list of them'}")
    return [row for row in rows if isinstance(row, dict) and row.get("symbol") in symbols]


def _bars(row: Mapping[str, Any], length: int, now: int, open_days: frozenset[str]) -> Iterator[PastBar]:
    for one in row.get("historicals") or ():
        try:
            begins = moment(one["begins_at"])
            # A daily bar carries its date, at midnight UTC, which is no moment of trading.
            when: str | int = begins + length if length else str(one["begins_at"])[:10]
            if one.get("interpolated") or (isinstance(when, int) and when > now) or when in open_days:
                continue
            opened, high, low, close = (micros(one[f"{name}_price"]) / MICRO for name in ("open", "high", "low", "close"))
            yield PastBar(when, opened, high, low, close, float(one["volume"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BadDataError(f"{row.get('symbol')}: a past bar of Robinhood's cannot be read ({error})") from None
