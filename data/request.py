"""What is asked of the data: symbols, source, range, calendar, adjustment and policies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
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

SOURCES = ("sample", "csv", "parquet", "catalog", "frames")
ADJUSTMENTS = ("splits", "adj_close", "none")
RESOLUTION_PATTERN = re.compile(r"^([1-9]\d{0,3})([mh])$")


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What to load.

    Attributes:
        symbols: At least one, no symbol twice.
        source: ``sample``, ``csv``, ``parquet``, ``catalog`` or ``frames``.
        path: The folder of ``SYMBOL.csv`` or ``SYMBOL.parquet`` files, or that of the catalogue (``catalog`` by default).
        resolution: ``1d``, or minutes or hours such as ``5m`` and ``1h``.
        start: First session traded, inclusive; ``None`` for the first there is.
        end: Last session traded, inclusive; ``None`` for the last there is.
        warmup: Bars of history before ``start`` for each symbol, as far as the source has them.
        calendar: Exchange calendar, a name of the exchange_calendars library.
        timezone: How times without an offset are read.
        adjust: ``splits`` back-adjusts raw prices by the declared splits; ``adj_close`` scales them by adj_close / close;
            ``none`` takes them as they are, adjusted by somebody else or without any split.
        policy: Finding kind -> policy; a kind left out has its default.
        actions: A file of corporate actions (``data.actions``), on top of those in the sources.
        finer: Resolution of the finer bars that fills walk along, such as ``5m``; ``None`` for none.
        finer_path: The folder of their files, another one than ``path``.
        is_finer: Whether this is the request for them.

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
    actions: Path | None = None
    finer: str | None = None
    finer_path: Path | None = None
    is_finer: bool = False

    def __post_init__(self) -> None:
        _check_symbols(self.symbols)
        _check_one_of("source", self.source, SOURCES)
        _check_one_of("adjust", self.adjust, ADJUSTMENTS)
        _check_resolution(self.resolution)
        _check_range(self.start, self.end, self.warmup)
        _check_timezone(self.timezone)
        check_policy(self.policy)
        if self.finer is not None:
            _check_finer(self, self.finer)
        elif self.finer_path is not None:
            raise ConfigError(f"[data] finer_path = {str(self.finer_path)!r} holds bars of which resolution? set finer, or remove it")

    @property
    def is_daily(self) -> bool:
        """Whether one bar is one session."""
        return self.resolution == "1d"

    @property
    def step(self) -> int:
        """Length of an intraday bar in ns; 0 for daily bars, whose length is the session's."""
        return bar_length(self.resolution)

    def key(self, name: str) -> str:
        """How the key ``name`` (path or resolution) of ``[data]`` is called for these bars."""
        return name if not self.is_finer else {"path": "finer_path", "resolution": "finer"}[name]

    def for_finer(self, resolution: str) -> DataRequest:
        """The request for the bars of ``resolution`` that these are made of.

        A bar that has none is walked as one, so that gaps are no reason to refuse; what lies outside of the sessions belongs to no bar.
        """
        policy = {FindingKind.GAP: "accept", FindingKind.NOT_A_SESSION: "drop", **self.policy}
        return replace(
            self,
            resolution=resolution,
            path=self.finer_path or (self.path if self.source == "catalog" else None),
            warmup=0,
            policy=policy,
            finer=None,
            finer_path=None,
            is_finer=True,
        )

    def action(self, kind: FindingKind) -> str:
        """The policy in force for ``kind``."""
        return action_for(kind, self.policy)


def bar_length(resolution: str) -> int:
    """Length of an intraday bar in ns; 0 for daily bars, whose length is the session's."""
    match = RESOLUTION_PATTERN.match(resolution)
    return 0 if match is None else int(match[1]) * {"m": 60, "h": 3600}[match[2]] * NS_PER_SECOND


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


def _check_finer(request: DataRequest, finer: str) -> None:
    length, whole = bar_length(finer), request.step
    if not length:
        raise ConfigError(f"[data] finer = {finer!r}; allowed: minutes or hours such as 1m, 5m, 1h")
    if whole and (whole <= length or whole % length):
        raise ConfigError(f"[data] finer = {finer!r}: bars of {request.resolution} are not made of them; choose a part of it, such as 1m")
    if request.source == "sample":
        raise ConfigError('[data] finer: the sample holds daily bars only; set source = "csv" or "parquet", or remove finer')
    if request.source not in {"frames", "catalog"} and request.finer_path in {None, request.path}:
        raise ConfigError(f"[data] finer = {finer!r} needs finer_path, a folder of its own with the files of those bars")


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
