"""The market as the loop reads it, worked out once for all runs over the same bars."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from framework.compiled.risk_table import RiskTable
from framework.domain.market import events_in
from framework.domain.values import MICRO, to_micros
from framework.engine.market import each_bar, last_bars, session_times
from framework.engine.panel import Issued, is_same, issued, panel_of
from framework.rules.costs.regulatory import sec_rate, taf_rate
from framework.rules.pretrade.standing import UNKNOWN_SECTOR
from framework.rules.sizing.policy import FixedUnit, SizingMethod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from framework.domain.market import BarSeries, Floats, Integers
    from framework.engine.market import Market
    from framework.engine.panel import Panel
    from framework.rules.risk.models import RiskPolicy
    from framework.rules.sizing.policy import SizingPolicy

Column = TypeVar("Column", "Floats", "Integers", "NDArray[np.int32]")
#: Prices beyond which products with rates do not fit int64, dollars.
LARGEST_PRICE = 90_000.0
LARGEST_VOLUME = 1e15
_ONE = np.ones(1)
_ONE.flags.writeable = False
#: Bars that are gone through at once: they stay in the processor's cache.
SPAN = 1 << 15


class Bars(NamedTuple):
    """The columns of the market, in the order and with the fields of ``World``."""

    session: NDArray[np.int32]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    sec: Integers
    taf: Integers
    taf_most: Integers
    sector: Integers
    due_place: Integers
    due_row: Integers
    due_each: Integers


class Wished(NamedTuple):
    """The columns of what is wanted, and of the risks known then, likewise."""

    wish_place: Integers
    wish_row: Integers
    strength: Floats
    measure: Floats
    ordered: Integers
    risk_first: Integers
    risk_begin: Integers
    risk_place: Integers
    var: Floats


def objection(market: Market, first: int, bounds: Callable[[Integers], tuple[Integers, Integers]]) -> str:
    """Why the loop cannot play these bars from ``first`` (ns UTC) on; empty when it can.

    ``bounds`` are the open and the close of the sessions that times lie in, all ns UTC.
    """
    for one in market.adjusted:
        if len(events_in(one.split[np.searchsorted(one.timestamp, first) :], 1.0)):
            return f"{one.symbol} splits"
        if one.pay_day is not None and len(events_in(one.dividend, 0.0)):
            return f"{one.symbol} pays its dividends later than they go ex"
        if one.delisting is not None:
            return f"{one.symbol} is delisted"
        if not _is_usable(one):
            return f"{one.symbol} has prices or volumes that are no plain numbers, or prices above {LARGEST_PRICE:,.0f}"
        if not market.daily and not _is_regular(one, bounds):
            return f"{one.symbol} has bars outside of regular hours"
    return ""


def outage(market: Market, first: int, due: Callable[[Integers], Integers], most: int) -> str:
    """The symbol of which ``most`` bars in a row did not come from ``first`` (ns UTC) on, in words; empty where there is none.

    ``due`` counts the bars that were due up to each of some times.
    """
    end = max(int(one.timestamp[-1]) for one in market.adjusted)
    for number, one in enumerate(market.adjusted):
        if number and is_same(one.timestamp, market.adjusted[number - 1].timestamp):
            continue  # most symbols have the bars of their neighbor
        wide = np.array(wide_steps(one.timestamp, most, end), dtype=np.int64)
        inner = wide < len(one) - 1
        following = np.where(inner, one.timestamp[np.where(inner, wide + 1, 0)], end)
        missed = due(following) - due(one.timestamp[wide]) - inner
        out = np.flatnonzero((following >= first) & (missed >= most))
        if len(out):
            return f"{missed[out[0]]} bars of {one.symbol} in a row are missing, and [guards] max_missed_bars = {most} trips"
    return ""


def wide_steps(times: Integers, most: int, end: int) -> list[int]:
    """Positions of the ``times`` (ns UTC, ascending) after which ``most`` bars may be missing up to the next, or after the last to ``end``.

    So many bars take so much longer than the shortest step; most pairs of bars need no calendar.
    """
    spans = [slice(start, start + SPAN + 1) for start in range(0, len(times) - 1, SPAN)]
    least = most * min((int(np.diff(times[span]).min()) for span in spans), default=end)
    found = [span.start + place for span in spans for place in np.flatnonzero(np.diff(times[span]) >= least).tolist()]
    return [*found, len(times) - 1] if end - int(times[-1]) >= least else found


def _is_usable(series: BarSeries) -> bool:
    if not len(series):
        return False
    prices = ((one, math.ulp(0.0), LARGEST_PRICE) for one in (series.open, series.high, series.low, series.close))
    return all(_is_within(*one) for one in (*prices, (series.volume, 0.0, LARGEST_VOLUME)))


def _is_within(column: Floats, least: float, most: float) -> bool:
    """Whether all of ``column`` are numbers from ``least`` to ``most``."""
    spans = (column[start : start + SPAN] for start in range(0, len(column), SPAN))
    return all(np.minimum.reduce(span) >= least and np.maximum.reduce(span) <= most for span in spans)


def _is_regular(series: BarSeries, bounds: Callable[[Integers], tuple[Integers, Integers]]) -> bool:
    """Whether the first bar of every session closes inside of it; the others follow, since bars after its close belong to the next."""
    lasts = last_bars(series.timestamp)
    first, last = series.timestamp[np.concatenate(([0], lasts[:-1] + 1))], series.timestamp[lasts]
    opened, closed = bounds(first)
    return bool(((opened < first) & (last <= closed)).all())


class Prepared:
    """The bars of a market, and what was worked out of them: VaR, and CVaR for a sizer by ``tails``.

    Attributes:
        market: Whose bars.
        panel: They as strategies see them.
        bars: They as the loop sees them.
        start: Place of the first decision.
        first: The same as a time, ns UTC.
    """

    def __init__(
        self, market: Market, first: int, sectors: Mapping[str, str], risk: RiskPolicy, *, charges: bool, tails: bool = True
    ) -> None:
        self.market = market
        self.first = first
        self.panel = panel_of(market.adjusted, daily=market.daily, indicators=market.indicators)
        self.start = int(np.searchsorted(self.panel.timestamp, first))
        self.bars = _bars(self.panel, sectors, charges=charges)
        self._micros: dict[int, Integers] = {}
        self._table = RiskTable(market, self.panel, risk, tails=tails)

    def wished(self, signals: object, name: str, sizing: SizingPolicy) -> Wished:
        """What ``signals`` of the strategy called ``name`` ask for, and the VaR that is known at these times.

        Raises:
            StrategyError: As for ``panel.issued``.
        """
        found = issued(signals, self.panel, self.first, name)
        return self.asked(found, np.zeros(len(found.place), np.int64), sizing)

    def asked(self, found: Issued, ordered: Integers, sizing: SizingPolicy) -> Wished:
        """What is wanted, by place: first orders of so many micro-shares (signed), then, where that is 0, targets by row."""
        self._table.know(found.place)
        known = self._table.known
        return Wished(
            wish_place=read_only(found.place),
            wish_row=read_only(found.row),
            strength=read_only(found.strength),
            measure=read_only(self._measure(found, sizing)),
            ordered=read_only(ordered),
            risk_first=read_only(known.first),
            risk_begin=read_only(known.begin),
            risk_place=read_only(known.place),
            var=read_only(known.var),
        )

    def know_all(self) -> None:
        """Work out every risk that may be asked for."""
        self._table.know_all()

    def measure(self, place: int, row: int, sizing: SizingPolicy) -> float:
        """What the sizer sizes a target by, NaN where it needs nothing; ``know_all`` comes before it."""
        return float(self._measure(Issued(np.array([place]), np.array([row]), _ONE), sizing)[0])

    @cached_property
    def times(self) -> list[int]:
        """All places as ns UTC."""
        found: list[int] = self.panel.timestamp.tolist()
        return found

    def last_closes(self, row: int) -> Integers:
        """The last close of ``row`` at each place from the first decision on, micro-dollars, int64; 0 before its first bar."""
        if row not in self._micros:
            closes = self.panel.close[:, row]
            known = np.maximum.accumulate(np.where(np.isnan(closes), -1, np.arange(len(closes))))
            self._micros[row] = np.where(known >= 0, np.rint(closes[known] * MICRO), 0.0).astype(np.int64)[self.start :]
        return self._micros[row]

    def slices(self) -> Iterator[tuple[int, Sequence[int]]]:
        """Every decision time, ns UTC, with the rows that have a bar there."""
        times = self.times[self.start :]
        present = ~np.isnan(self.panel.close[self.start :])
        every = range(present.shape[1])
        whole: list[bool] = np.asarray(present.all(axis=1)).tolist()
        for number, now in enumerate(times):
            yield now, every if whole[number] else np.flatnonzero(present[number]).tolist()

    def _measure(self, found: Issued, sizing: SizingPolicy) -> Floats:
        if sizing.method in {SizingMethod.VAR, SizingMethod.CVAR}:
            return self._table.at(found, cvar=sizing.method is SizingMethod.CVAR)
        if sizing.method is SizingMethod.FIXED and sizing.fixed_unit is FixedUnit.SHARES:
            return np.asarray(np.rint(self._closes(found) * MICRO) / MICRO)
        return np.full(len(found.place), math.nan)

    def _closes(self, found: Issued) -> Floats:
        """The last close of each wish's symbol."""
        closes = self.panel.close[found.place, found.row]
        for index in np.flatnonzero(np.isnan(closes)).tolist():
            row = int(found.row[index])
            last = int(np.searchsorted(self.panel.places[row], found.place[index], side="right")) - 1
            closes[index] = self.panel.series[row].close[last]
        return closes


def _bars(panel: Panel, sectors: Mapping[str, str], *, charges: bool) -> Bars:
    last, numbers = session_times(panel.timestamp)
    names = sorted({sectors.get(symbol, UNKNOWN_SECTOR) for symbol in panel.symbols})
    sector = np.array([names.index(sectors.get(symbol, UNKNOWN_SECTOR)) for symbol in panel.symbols], dtype=np.int64)
    due = _dividends(panel)
    days: list[int] = numbers.tolist() if charges else []
    rates = np.array([(sec_rate(day), *taf_rate(day)) for day in days], dtype=np.int64).reshape(-1, 3).T
    sec, taf, taf_most = (each_bar(column, last) if charges else column for column in rates)
    return Bars(
        session=read_only(each_bar(numbers.astype(np.int32), last)),
        open=read_only(panel.open.T),
        high=read_only(panel.high.T),
        low=read_only(panel.low.T),
        close=read_only(panel.close.T),
        volume=read_only(panel.volume.T),
        sec=read_only(sec),
        taf=read_only(taf),
        taf_most=read_only(taf_most),
        sector=read_only(sector),
        due_place=read_only(due[0]),
        due_row=read_only(due[1]),
        due_each=read_only(due[2]),
    )


def _dividends(panel: Panel) -> Integers:
    """Place, row and micro-dollars a share of every dividend, by place, then by row: int64 [3, k]."""
    found = [
        (place, row, to_micros(amount))
        for row, (one, places) in enumerate(zip(panel.series, panel.places, strict=True))
        for place, amount in zip(*_paid(one, places), strict=True)
    ]
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 3).T


def _paid(series: BarSeries, places: Integers) -> tuple[list[int], list[float]]:
    """The places at which a symbol pays dividends, and dollars a share."""
    bars = events_in(series.dividend, 0.0)
    return places[bars].tolist(), series.dividend[bars].tolist()


def read_only(column: Column) -> Column:
    """``column`` as compiled code has been made for: contiguous, and not to be written to."""
    flags = column.flags
    if flags.c_contiguous and not flags.writeable:
        return column
    found: Column = np.ascontiguousarray(column).view()
    found.flags.writeable = False
    return found
