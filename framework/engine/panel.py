"""All bars as [T, N] columns, for vectorised strategies, and what their signals ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from framework.engine.features import feature_columns
from framework.engine.indicators import Indicators
from framework.engine.market import Sessions
from framework.errors import StrategyError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from numpy.typing import NDArray

    from framework.domain.market import BarSeries, Floats, Integers


#: Signals are gone through opinion by opinion where there are so many times more bars.
FEW = 8


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Bars of N symbols on one time line of T closes; read-only.

    Attributes:
        symbols: Names of the N columns, sorted.
        timestamp: int64 [T], closes, ns UTC.
        open: float64 [T, N], dollars in the shares of the last bar; NaN where a symbol had no bar, as in all columns.
        high: float64 [T, N], dollars.
        low: float64 [T, N], dollars.
        close: float64 [T, N], dollars.
        volume: float64 [T, N], shares.
        series: The same bars, symbol by symbol.
        places: The rows of each symbol's bars.
        daily: Whether a bar is a session.
        indicators: What is known of these bars already.
    """

    symbols: tuple[str, ...]
    timestamp: Integers
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    series: tuple[BarSeries, ...]
    places: tuple[Integers, ...]
    daily: bool
    indicators: Indicators

    def indicator(self, function: Callable[..., Floats], *parameters: Hashable) -> Floats:
        """``function(bars, *parameters)``, read-only; worked out once for all runs of a sweep over these bars in one process.

        ``function`` is one of a module and depends on nothing but its arguments: ``bars.indicator(sma, self.fast)``.

        Raises:
            StrategyError: It gives no array, or a parameter has no hash, such as a list.
        """
        name = getattr(function, "__name__", str(function))

        def make() -> Floats:
            made: object = function(self, *parameters)
            if not isinstance(made, np.ndarray):
                raise StrategyError(f"bars.indicator({name}, ...): {name} returned {type(made).__name__}; it must return an array")
            return made

        key = function, *map(_exact, parameters)
        try:
            hash(key)
        except TypeError as error:
            raise StrategyError(f"bars.indicator({name}, ...): {error}; give numbers, text or tuples") from None
        return self.indicators.get(key, make)

    def feature(self, name: str) -> Floats:
        """The risk feature ``name`` as float64 [T, N], such as ``var_95_1d`` or ``cvar_99_10d``; positive fractions of value.

        Row t uses the 252 daily total returns of sessions complete at that close, and is NaN before there are so many and where the symbol
        had no bar. ``ctx.feature`` gives the same value, bit for bit, to a strategy that decides bar by bar.

        Raises:
            ConfigError: There is no such feature; the message names those there are.
        """
        return self.indicator(_feature, name)


def _feature(bars: Panel, name: str) -> Floats:
    return feature_columns(name, [Sessions(one, daily=bars.daily) for one in bars.series], bars.places, len(bars.timestamp))


def _exact(parameter: Hashable) -> Hashable:
    """1, 1.0 and true are equal, and not the same."""
    return type(parameter), parameter


def panel_of(series: Sequence[BarSeries], *, daily: bool = True, indicators: Indicators | None = None) -> Panel:
    """Align ``series`` on the union of their timestamps.

    ``daily`` says that a bar is a whole session; ``indicators`` have been worked out of the same ``series`` by earlier runs.
    """
    timeline, places = timeline_of([one.timestamp for one in series])
    columns = {name: _column(series, places, name, len(timeline)) for name in ("open", "high", "low", "close", "volume")}
    known = Indicators() if indicators is None else indicators
    symbols = tuple(one.symbol for one in series)
    return Panel(symbols, timeline, **columns, series=tuple(series), places=places, daily=daily, indicators=known)


def timeline_of(times: Sequence[Integers]) -> tuple[Integers, tuple[Integers, ...]]:
    """The union of ascending ``times``, ascending and read-only, and the places in it of each of them."""
    first = times[0]
    if all(is_same(one, first) for one in times[1:]):
        timeline, places = first.view(), (np.arange(len(first)),) * len(times)
    else:
        timeline = np.unique(np.concatenate(times))
        places = tuple(np.searchsorted(timeline, one) for one in times)
    timeline.flags.writeable = False
    return timeline, places


def is_same(one: Integers, other: Integers) -> bool:
    """Whether two columns are equal; those of symbols with the same bars are most often one object."""
    return one is other or np.array_equal(one, other)


def _column(series: Sequence[BarSeries], places: Sequence[Integers], name: str, length: int) -> Floats:
    if len(series) == 1:
        return np.asarray(getattr(series[0], name)).reshape(-1, 1)
    # Column-major: a symbol's history is one stretch of memory, as rolling functions read it.
    column = np.empty((length, len(series)), order="F")
    if any(len(where) < length for where in places):
        column[:] = np.nan
    for number, (one, where) in enumerate(zip(series, places, strict=True)):
        column[where if len(where) < length else slice(None), number] = getattr(one, name)
    column.flags.writeable = False
    return column


class Issued(NamedTuple):
    """Targets that signals ask for, in order of time, then of symbols: rows and columns of the panel, int64 [k], and strengths [k]."""

    place: Integers
    row: Integers
    strength: Floats


def targets_from_signals(signals: object, panel: Panel, first: int, name: str) -> dict[int, list[tuple[int, float]]]:
    """Targets to issue at each timestamp >= ``first``: {timestamp: [(row, strength), ...]}.

    Raises:
        StrategyError: Not an array [T, N] of numbers in [-1, 1] or NaN.
    """
    found = issued(signals, panel, first, name)
    targets: dict[int, list[tuple[int, float]]] = {}
    for time, row, strength in zip(panel.timestamp[found.place].tolist(), found.row.tolist(), found.strength.tolist(), strict=True):
        targets.setdefault(time, []).append((row, strength))
    return targets


def issued(signals: object, panel: Panel, first: int, name: str) -> Issued:
    """Targets to issue from the timestamp ``first`` on: where a symbol's signal differs from the last one issued (flat before the first).

    Raises:
        StrategyError: Not an array [T, N] of numbers in [-1, 1] or NaN.
    """
    array = _checked(signals, panel, name)
    start = int(np.searchsorted(panel.timestamp, first))
    sparse = _opinions(array[start:], panel.close[start:])
    if sparse is not None:
        return Issued(sparse.place + start, sparse.row, sparse.strength)
    found = [_changes(array[start:, number], panel.close[start:, number]) for number in range(array.shape[1])]
    if len(found) == 1:
        where, values = found[0]
        return Issued(where + start, np.zeros(len(where), np.int64), values)
    place = np.concatenate([where for where, _ in found]) + start
    row = np.repeat(np.arange(len(found)), [len(where) for where, _ in found])
    strength = np.concatenate([values for _, values in found])
    order = np.argsort(place, kind="stable")
    return Issued(place[order], row[order], strength[order])


def _opinions(signals: NDArray[Any], close: Floats) -> Issued | None:
    """What signals ask for that have an opinion on few bars of many symbols; ``None`` for others."""
    if signals.dtype.kind != "f" or signals.shape[1] == 1 or not signals.flags.c_contiguous:
        return None
    known = np.flatnonzero(~np.isnan(signals))
    if len(known) > signals.size // FEW:
        return None
    place, row = np.divmod(known, signals.shape[1])
    has_bar = ~np.isnan(close[place, row])
    place, row, strength = place[has_bar], row[has_bar], signals.ravel()[known[has_bar]]
    by_row = np.argsort(row, kind="stable")
    before = np.concatenate(([0.0], strength[by_row][:-1]))
    before[np.diff(row[by_row], prepend=-1) > 0] = 0.0  # flat before the first
    changed = np.sort(by_row[strength[by_row] != before])
    return Issued(place[changed], row[changed], strength[changed] + 0.0)  # -0.0 is 0.0


def _changes(column: NDArray[Any], close: Floats) -> tuple[Integers, Floats]:
    """Where one symbol's signal changes, and into what; it has an opinion only where it has a bar."""
    unknown = np.isnan(close)
    if column.dtype.kind == "f":
        unknown |= np.isnan(column)
    first = int(unknown.argmin()) if len(unknown) else 0
    places = np.flatnonzero(~unknown) if unknown[first:].any() else None  # most signals have an opinion always, once they have one
    values = column[first:] if places is None else column[places]
    changed = np.empty(len(values), dtype=np.bool_)
    changed[:1] = values[:1] != 0.0
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    where = np.flatnonzero(changed)
    numbers = values[where].astype(np.float64) + 0.0  # as ``strength_of`` has it: -0.0 is 0.0
    return where + first if places is None else places[where], numbers


def _numbers(signals: object, name: str) -> NDArray[Any]:
    """``signals`` as an array, of float64 or, as it is, of truth values or whole numbers; what is masked in one is no opinion."""
    try:
        if np.asarray(signals).dtype.kind not in "cmM":  # a cast would drop what they mean
            unmasked = np.ma.filled(signals.astype(np.float64), np.nan) if isinstance(signals, np.ma.MaskedArray) else signals
            array = np.asarray(unmasked)
            return array if array.dtype.kind in "biu" else np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        pass
    raise StrategyError(f"{name}.signals returned {type(signals).__name__}, not an array of numbers")


def _checked(signals: object, panel: Panel, name: str) -> NDArray[Any]:
    array = _numbers(signals, name)
    columns = list(getattr(signals, "columns", panel.symbols))
    if columns != list(panel.symbols) and sorted(map(str, columns)) == sorted(panel.symbols):
        raise StrategyError(f"{name}.signals returned the columns {columns}, those of the bars are {list(panel.symbols)}: keep that order")
    if array.shape != panel.close.shape:
        raise StrategyError(
            f"{name}.signals returned shape {array.shape}; it must be [T, N] = {panel.close.shape}: a row a bar, a column a symbol"
        )
    if np.fmax.reduce(array, axis=None, initial=0) > 1 or np.fmin.reduce(array, axis=None, initial=0) < -1:
        row, number = (int(index) for index in np.argwhere((array > 1) | (array < -1))[0])
        found, where = float(array[row, number]), f"for {panel.symbols[number]} in row {row}"
        raise StrategyError(f"{name}.signals: {found} {where}; a strength lies in [-1, 1], NaN for no opinion")
    return array
