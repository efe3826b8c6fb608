"""What is asked of the data: symbols, source, range, calendar, adjustment and policies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.finding import NS_PER_SECOND, FindingKind
from data.policy import action_for, check_policy, near
from framework.domain.values import SYMBOL_PATTERN
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

SOURCES = ("sample", "csv", "parquet", "frames")
ADJUSTMENTS = ("splits", "adj_close", "none")
RESOLUTION_PATTERN = re.compile(r"^([1-9]\d{0,3})([mh])$")


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What to load.

    Attributes:
        symbols: At least one, no symbol twice.
        source: ``sample``, ``csv``, ``parquet`` or ``frames``.
        path: The folder of ``SYMBOL.csv`` or ``SYMBOL.parquet`` files.
        resolution: ``1d``, or minutes or hours such as ``5m`` and ``1h``.
        start: First session traded, inclusive; ``None`` for the first there is.
        end: Last session traded, inclusive; ``None`` for the last there is.
        warmup: Bars of history before ``start`` for each symbol, as far as the source has them.
        calendar: Exchange calendar, a name of the exchange_calendars library.
        timezone: How times without an offset are read.
        adjust: ``splits`` back-adjusts raw prices by the declared splits; ``adj_close`` scales them by adj_close / close;
            ``none`` takes them as they are.
        policy: Finding kind -> policy; a kind left out has its default.

    Raises:
        ConfigError: A value that does not exist, or contradicts another.
    """

    symbols: tuple[str, ...]
    source: str = "sample"
    path: Path | None = None
    resolution: str = "1d"
    start: date | None = None
    end: date | None = None
    warmup: int = 252
    calendar: str = "XNYS"
    timezone: str = "America/New_York"
    adjust: str = "splits"
    policy: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_symbols(self.symbols)
        _check_one_of("source", self.source, SOURCES)
        _check_one_of("adjust", self.adjust, ADJUSTMENTS)
        _check_resolution(self.resolution)
        _check_range(self.start, self.end, self.warmup)
        _check_timezone(self.timezone)
        check_policy(self.policy)

    @property
    def is_daily(self) -> bool:
        """Whether one bar is one session."""
        return self.resolution == "1d"

    @property
    def step(self) -> int:
        """Length of an intraday bar in ns; 0 for daily bars, whose length is the session's."""
        match = RESOLUTION_PATTERN.match(self.resolution)
        return 0 if match is None else int(match[1]) * {"m": 60, "h": 3600}[match[2]] * NS_PER_SECOND

    def action(self, kind: FindingKind) -> str:
        """The policy in force for ``kind``."""
        return action_for(kind, self.policy)


def _check_symbols(symbols: tuple[str, ...]) -> None:
    if not symbols:
        raise ConfigError('[universe] symbols is empty: name at least one, such as ["AAPL"]')
    for symbol in symbols:
        if not SYMBOL_PATTERN.match(symbol):
            raise ConfigError(f"[universe] symbols: {symbol!r} is not a symbol; allowed are 1 to 5 capitals, such as AAPL or BRK.B")
        if symbols.count(symbol) > 1:
            raise ConfigError(f"[universe] symbols: {symbol} stands there {symbols.count(symbol)} times; name it once")


def _check_one_of(key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigError(f"[data] {key} = {value!r}{near(value, allowed)}; allowed: {', '.join(allowed)}")


def _check_resolution(resolution: str) -> None:
    if resolution != "1d" and not RESOLUTION_PATTERN.match(resolution):
        raise ConfigError(f"[data] resolution = {resolution!r}; allowed: 1d, or minutes or hours such as 1m, 5m, 1h")


def _check_range(start: date | None, end: date | None, warmup: int) -> None:
    if start is not None and end is not None and start > end:
        raise ConfigError(f"[data] start = {start} is after end = {end}; start must be the earlier one")
    if warmup < 0:
        raise ConfigError(f"[data] warmup = {warmup}; allowed: 0 or more bars")


def _check_timezone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"[data] timezone = {timezone!r} is unknown; allowed: IANA names such as America/New_York or UTC") from None
