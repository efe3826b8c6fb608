"""What has been seen so far: each symbol's bars up to now, and nothing after."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import numpy as np

from framework.domain.market import events_in
from framework.domain.values import MICRO, to_micros
from framework.engine.growth import Growing
from framework.engine.quoted import NO_SPLIT, Quoted
from framework.errors import InvalidOrderError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from framework.domain.market import BarSeries, ClosedBar, Floats, Integers
    from framework.engine.indicators import Indicators

_DAY_NS = 86_400_000_000_000
#: US equities trade between 04:00 and 20:00 New York: shifted by five hours, every bar close of a session has one UTC date.
_SESSION_SHIFT_NS = 5 * 3_600_000_000_000
#: Bars of a day from which on it is less work to look up where its sessions end than to divide every time.
FEW = 8
_Times = TypeVar("_Times", int, "Integers")


def session_number(timestamp: _Times) -> _Times:
    """Number of the session a bar close (ns UTC), or each of an array, belongs to; equal within a session, larger in a later one."""
    return (timestamp - _SESSION_SHIFT_NS) // _DAY_NS


def session_end(number: int) -> int:
    """The last moment, ns UTC, that belongs to session ``number``."""
    return (number + 1) * _DAY_NS + _SESSION_SHIFT_NS - 1


def session_numbers(timestamps: Integers) -> Integers:
    """The same of many bar closes, int64."""
    return (timestamps - _SESSION_SHIFT_NS) // _DAY_NS


def last_bars(timestamps: Integers) -> Integers:
    """Positions of the last of each session's ``timestamps`` (ns UTC, ascending), int64."""
    if not len(timestamps):
        return np.empty(0, np.int64)
    first, last = session_number(int(timestamps[0])), session_number(int(timestamps[-1]))
    if (last - first) * FEW > len(timestamps):
        sessions = session_numbers(timestamps)
        return np.flatnonzero(np.diff(sessions, append=sessions[-1:] + 1))
    ends = np.searchsorted(timestamps, _session_ends(np.arange(first, last + 1)), side="right") - 1
    return ends[np.diff(ends, prepend=-1) > 0]


def each_bar(of_sessions: NDArray[Any], last: Integers) -> NDArray[Any]:
    """What each session has, for each of its bars; ``last`` are the positions of the sessions' last bars."""
    return np.repeat(of_sessions, np.diff(last, prepend=-1))


def _session_ends(numbers: Integers) -> Integers:
    """``session_end`` of many, int64."""
    return (numbers + 1) * _DAY_NS + _SESSION_SHIFT_NS - 1


class Market:
    """Bars of all symbols with a cursor on each: the driver moves the cursors, everybody else looks back from them.

    Attributes:
        symbols: All symbols, sorted; rows and indices elsewhere follow this order.
        adjusted: Bars of each symbol as loaded, in the shares of its last bar: for returns, signals and whatever has no unit.
        series: The same as they are quoted now, in the shares of the cursor's day: for prices, quantities and orders.
        cursor: For each symbol, the index of its last closed bar, -1 before the first.
        now: Close of the current slice, ns UTC.
        daily: Whether a bar is a whole session.
        grows: Whether bars have arrived that were not there at first.
        effective: Closes of the bars before whose open a split or a dividend takes effect, ns UTC.
        indicators: What earlier runs over the same bars have worked out of them.
    """

    def __init__(self, series: Mapping[str, BarSeries], *, daily: bool, indicators: Indicators | None = None) -> None:
        self.symbols = tuple(sorted(series))
        self.adjusted = [series[symbol] for symbol in self.symbols]
        self._quoted = [Quoted(one) for one in self.adjusted]
        self.series = [quoted.series for quoted in self._quoted]
        self.row = {symbol: index for index, symbol in enumerate(self.symbols)}
        self.cursor = [-1] * len(self.symbols)
        self.now = 0
        self.daily = daily
        self.indicators = indicators
        self._prices = [(-1, 0)] * len(self.symbols)
        #: Most symbols never split, and nothing has to be looked at for them.
        self._splitting = frozenset(row for row, quoted in enumerate(self._quoted) if quoted.until != NO_SPLIT)
        self.effective = {time for one in self.adjusted for time in _effective(one)}
        self._sessions = _sessions_of(self.adjusted, daily=daily)
        self._growing: dict[int, Growing] = {}
        self.grows = False

    @property
    def sessions_by_row(self) -> tuple[Sessions, ...]:
        """The sessions of each symbol."""
        return self._sessions

    def begin(self, first: int) -> None:
        """Put the cursors on the last bars before ``first`` (ns UTC), and the time on the latest of them."""
        self.cursor[:] = [int(np.searchsorted(one.timestamp, first)) - 1 for one in self.series]
        seen = [int(one.timestamp[index]) for one, index in zip(self.series, self.cursor, strict=True) if index >= 0]
        self.now = max(seen, default=first - 1)
        self.on_bars(range(len(self.symbols)))

    def on_bars(self, rows: Sequence[int]) -> None:
        """The cursors of ``rows`` have moved: where a split was passed, put the past into the shares that are quoted now."""
        for row in self._splitting.intersection(rows) if self._splitting else ():
            quoted = self._quoted[row]
            if self.cursor[row] >= quoted.until:
                quoted.put(self.cursor[row])
                self.series[row] = quoted.series
                self._prices[row] = (-1, 0)

    def extend(self, arrived: Mapping[int, ClosedBar]) -> None:
        """Take in bars that have just closed, at most one a row, and put the cursors on them.

        Raises:
            BadDataError: One is not after the last bar of its symbol.
        """
        self.grows = True
        for row, one in arrived.items():
            series = self._grown(row).append(one)
            if one.split != 1.0 or one.dividend:
                self.effective.add(one.bar.timestamp)
            self._put(row, series)
            self._sessions[row].append(series)
        self.indicators = None  # they were worked out of fewer bars

    def _grown(self, row: int) -> Growing:
        if row not in self._growing:
            self._growing[row] = Growing(self.adjusted[row])
        return self._growing[row]

    def _put(self, row: int, series: BarSeries) -> None:
        """``series`` are the bars of ``row`` now, all of them closed."""
        self.adjusted[row], self._quoted[row] = series, Quoted(series)
        self.cursor[row] = len(series) - 1
        self._quoted[row].put(self.cursor[row])
        self.series[row] = self._quoted[row].series
        self._prices[row] = (-1, 0)

    def split_ahead(self, symbol: str, new: int, old: int) -> None:
        """``new`` shares came for ``old`` ones, and the first bar in them has not closed: put the past into them."""
        row, self.grows = self.row_of(symbol), True
        series = self._grown(row).split_ahead(new / old)
        self._put(row, series)
        self._sessions[row].restate(series)
        self.indicators = None

    def is_split_ahead(self, symbol: str) -> bool:
        """Whether shares of ``symbol`` have split, and the first bar in new ones has not closed."""
        growing = self._growing.get(self.row_of(symbol))
        return growing is not None and growing.is_ahead

    def closed_at(self, symbol: str) -> int:
        """The close of the last bar of ``symbol``, ns UTC; 0 before the first."""
        row = self.row_of(symbol)
        return int(self.series[row].timestamp[self.cursor[row]]) if self.cursor[row] >= 0 else 0

    @property
    def sessions(self) -> int:
        """Sessions of all symbols together, begun ones too: it changes when one begins."""
        return sum(len(one.numbers) for one in self._sessions)

    def split_now(self, row: int) -> tuple[int, int] | None:
        """New and old shares of a split before the open of the last bar; ``None`` without one."""
        return self._quoted[row].split_at(self.cursor[row])

    def shares(self, row: int) -> float:
        """How many of the last loaded bar's shares one share of now will have become."""
        return self._quoted[row].shares

    def known_price(self, row: int) -> int:
        """The last close before the time of this slice, in the shares quoted now; micro-dollars, 0 where there is none."""
        series, index = self.series[row], self.cursor[row]
        index -= index >= 0 and int(series.timestamp[index]) == self.now
        return to_micros(float(series.close[index])) if index >= 0 else 0

    def close_before(self, row: int) -> int:
        """The close before the last bar, in the shares of its own day; micro-dollars, 0 where there is none."""
        return self._quoted[row].close_before(self.cursor[row])

    def row_of(self, symbol: str) -> int:
        """Index of ``symbol``.

        Raises:
            InvalidOrderError: The symbol is not in the universe.
        """
        try:
            return self.row[symbol]
        except KeyError:
            raise InvalidOrderError(f"symbol {symbol!r} is not in the universe: [universe] symbols = {list(self.symbols)}") from None

    def price_micros(self, row: int) -> int:
        """Last close in micro-dollars, 0 before the first bar."""
        index = self.cursor[row]
        known = self._prices[row]
        if known[0] != index:
            known = (index, 0 if index < 0 else to_micros(self.series[row].close.item(index)))
            self._prices[row] = known
        return known[1]

    def last_price(self, symbol: str) -> float:
        """Last close of ``symbol``, dollars.

        Raises:
            InvalidOrderError: It is not in the universe.
        """
        return self.price_micros(self.row_of(symbol)) / MICRO

    def prices(self, rows: Sequence[int]) -> Floats:
        """Last closes of ``rows`` to the micro-dollar, float64 dollars, 0 before the first bar."""
        closes = [self.series[row].close.item(index) if (index := self.cursor[row]) >= 0 else 0.0 for row in rows]
        return np.asarray(np.rint(np.array(closes) * MICRO) / MICRO)

    def sessions_seen(self, row: int) -> int:
        """Number of completed sessions of the symbol."""
        return self._sessions[row].completed(self.cursor[row])

    def sessions_seen_at(self, row: int, bars: Integers) -> Integers:
        """The same as of each of ``bars``, indices of the symbol's bars, int64."""
        return self._sessions[row].completed_at(bars)

    def daily_returns(self, row: int, lookback: int) -> Floats:
        """The last ``lookback`` daily total returns known now, oldest first (fewer at the start)."""
        return self.windows({row: self.sessions_seen(row)}, lookback)[0]

    def windows(self, seen: Mapping[int, int], lookback: int) -> list[Floats]:
        """The same of several symbols; ``seen`` has the completed sessions of each row."""
        stops = [(row, count - 1 if count > 0 else 0) for row, count in seen.items()]
        return [self._sessions[row].returns[stop - lookback if stop > lookback else 0 : stop] for row, stop in stops]

    def joint_returns(self, rows: Sequence[int], lookback: int, seen: Sequence[int] | None = None) -> Floats:
        """Daily returns [T, N] of ``rows`` on the last ``lookback`` sessions that all of them have, oldest first.

        As of now, or as of when so many sessions of each had been ``seen``.
        """
        counts = [self.sessions_seen(row) for row in rows] if seen is None else seen
        columns = [self._sessions[row].dated(count, lookback) for row, count in zip(rows, counts, strict=True)]
        common = _common([dates for dates, _ in columns])
        if common is None:
            return np.column_stack([returns for _, returns in columns])
        return np.column_stack([returns[np.searchsorted(dates, common)] for dates, returns in columns])

    def sessions_of_all(self) -> tuple[Integers, Floats]:
        """Every session number any symbol has a return for, ascending, and the daily returns [sessions, N]; NaN where one has none.

        Sessions to come are among them: whoever asks takes those that are complete.
        """
        numbers = np.unique(np.concatenate([one.numbers[1:] for one in self._sessions]))
        returns = np.full((len(numbers), len(self._sessions)), np.nan)
        for row, one in enumerate(self._sessions):
            returns[np.searchsorted(numbers, one.numbers[1:]), row] = one.returns
        return numbers, returns

    def average_volume(self, row: int, sessions: int = 20) -> int | None:
        """Mean volume of the last completed sessions, micro-shares; ``None`` without any."""
        volume = self._sessions[row].volumes(self.sessions_seen(row), sessions)
        return to_micros(float(volume.mean()) / self._quoted[row].shares) if len(volume) else None


def _effective(series: BarSeries) -> list[int]:
    """Closes of the bars with a split or a dividend, ns UTC."""
    times: list[int] = []
    for bars in (events_in(series.split, 1.0), events_in(series.dividend, 0.0)):
        times += series.timestamp[bars].tolist()
    return times


def _sessions_of(series: Sequence[BarSeries], *, daily: bool) -> tuple[Sessions, ...]:
    found: list[Sessions] = []
    for number, one in enumerate(series):
        has_same = number > 0 and one.timestamp is series[number - 1].timestamp
        found.append(Sessions(one, daily=daily, times=found[-1].times if has_same else None))
        one.release()
    return tuple(found)


def _common(columns: list[Integers]) -> Integers | None:
    """The numbers that are in all of the ascending ``columns``; ``None`` where the columns are the same, as most often they are."""
    first = columns[0]
    if all(len(column) == len(first) for column in columns) and (np.concatenate(columns).reshape(len(columns), -1) == first).all():
        return None
    return reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), columns)


def _paid(series: BarSeries, last: Integers) -> Floats | float:
    """Dividends of each session but the first; a plain 0 where there are none."""
    return _sums(series.dividend, last)[1:] if len(events_in(series.dividend, 0.0)) else 0.0


def _sums(column: Floats, last: Integers) -> Floats:
    """The sum of ``column`` over each session, whose last bars are ``last``."""
    if len(last) == len(column):
        return column.copy()
    found: Floats = np.add.reduceat(column, np.concatenate(([0], last[:-1] + 1)))
    return found


class SessionTimes(NamedTuple):
    """The position of each session's last bar, and its number, both int64."""

    last_bars: Integers
    numbers: Integers


def session_times(timestamps: Integers) -> SessionTimes:
    """The sessions of ascending ``timestamps`` (ns UTC)."""
    last = last_bars(timestamps)
    return SessionTimes(last, session_numbers(timestamps[last]))


class Sessions:
    """The sessions of one symbol, completed or not.

    With daily bars a session is complete at its bar; with finer ones when the next session's first bar has closed, since nothing else
    tells that the last bar was the last.

    Attributes:
        times: Where the sessions of the bars it was made of end; symbols with the same bars share it.
        last_bars: Position of each session's last bar.
        numbers: Each session's number.
        returns: Daily total returns, close to close, dividends added back; one less than there are sessions.
    """

    def __init__(self, series: BarSeries, *, daily: bool, times: SessionTimes | None = None) -> None:
        self._daily = daily
        self._count(series, times)

    def _count(self, series: BarSeries, times: SessionTimes | None = None) -> None:
        self._bars, self._volume = len(series), cast("Floats | None", None)
        self.times = session_times(series.timestamp) if times is None else times
        self.last_bars, self.numbers = self.times
        last = self.last_bars
        close = series.close if len(last) == len(series) else series.close[last]
        self._counted = series
        self.returns: Floats = (close[1:] + _paid(series, last)) / close[:-1] - 1.0

    def restate(self, series: BarSeries) -> None:
        """Count again: the same bars are in other shares."""
        self._count(series)

    def append(self, series: BarSeries) -> None:
        """Count the last bar of ``series`` in; the others have been."""
        bar = len(series) - 1
        if bar == 0 or series.split[-1] != 1.0:  # the first, or all of them in new shares
            self._count(series)
            return
        number = session_number(int(series.timestamp[-1]))
        if number != self.numbers[-1]:
            self.numbers, self.last_bars = np.append(self.numbers, number), np.append(self.last_bars, bar)
            self.returns, self._volume = np.append(self.returns, 0.0), np.append(self._volumes, 0.0)
        self._bars, self.last_bars = bar + 1, np.append(self.last_bars[:-1], bar)  # others may share it as it was
        self._sum_up(series)

    def _sum_up(self, series: BarSeries) -> None:
        """The last session anew, added up as all of them would be."""
        before = int(self.last_bars[-2]) if len(self.last_bars) > 1 else -1
        self._volumes[-1] = np.add.reduceat(series.volume[before + 1 :], [0])[0]
        if len(self.returns):
            paid = np.add.reduceat(series.dividend[before + 1 :], [0])[0]
            self.returns[-1] = (series.close[-1] + paid) / series.close[before] - 1.0

    def completed(self, bar: int) -> int:
        """Sessions complete when ``bar`` (an index, -1 before the first) has closed."""
        return bar + 1 if self._daily else int(np.searchsorted(self.last_bars, bar))

    def completed_at(self, bars: Integers) -> Integers:
        """The same for each of ``bars``, int64."""
        return bars + 1 if self._daily else np.searchsorted(self.last_bars, bars)

    def completed_by_bar(self) -> Integers:
        """The same for every bar, int64."""
        return self.completed_at(np.arange(self._bars))

    def dated(self, sessions: int, lookback: int) -> tuple[Integers, Floats]:
        """Session numbers and returns of the last ``lookback`` of the first ``sessions`` sessions."""
        stop = max(sessions - 1, 0)
        chosen = slice(max(stop - lookback, 0), stop)
        return self.numbers[1:][chosen], self.returns[chosen]

    def volumes(self, sessions: int, lookback: int) -> Floats:
        """Volumes of the last ``lookback`` of the first ``sessions`` sessions, shares."""
        return self._volumes[max(sessions - lookback, 0) : sessions]

    @property
    def _volumes(self) -> Floats:
        """Shares traded in each session; few ask."""
        if self._volume is None:
            self._volume = _sums(self._counted.volume, self.times.last_bars)
        return self._volume
