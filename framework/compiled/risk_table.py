"""VaR and CVaR of every symbol in every session, as the loop and the sizer look them up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.errors import InvariantError
from framework.rules.risk.many import symbol_risks
from framework.rules.risk.panel import rolling_rows
from framework.rules.risk.quantiles import reaching_minimum

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from framework.domain.market import Floats, Integers
    from framework.engine.market import Market, Sessions
    from framework.engine.panel import Issued, Panel
    from framework.rules.risk.models import RiskPolicy


class Known(NamedTuple):
    """What the loop looks up. VaR of row r lies at ``first[r]:first[r + 1]``, known from the places that begin at ``begin[r]`` on."""

    first: Integers
    begin: Integers
    place: Integers
    var: Floats


class _Alike(NamedTuple):
    """Symbols with the same bars: ``rows``, the place at which each of their sessions begins, and how many returns are known then.

    ``known`` says of which sessions the risk has been worked out, for all of these rows.
    """

    rows: list[int]
    place: Integers
    returns: Integers
    known: NDArray[np.bool_]


class RiskTable:
    """VaR and CVaR of every symbol, session by session, as ``Valuation`` asks for them: full windows at once, others when needed.

    CVaR is kept for ``tails`` only.
    """

    def __init__(self, market: Market, panel: Panel, policy: RiskPolicy, *, tails: bool) -> None:
        self._policy = policy
        self._sessions: tuple[Sessions, ...] = market.sessions_by_row
        self._lag = 1 if market.daily else 2  # sessions from the one that ends a window to the first that may know of it
        self._first = np.concatenate(([0], np.cumsum([len(one.numbers) for one in self._sessions])))
        self._var = np.empty(self._first[-1])
        self._cvar = np.empty(self._first[-1]) if tails else None
        self._alike = [self._group(rows, panel) for rows in _with_same_bars(self._sessions, panel)]
        self._asked = np.zeros(len(panel.timestamp), dtype=np.bool_)
        for alike in self._alike:
            self._roll(alike)

    @property
    def known(self) -> Known:
        """The columns of the loop."""
        begin, places = np.zeros(len(self._sessions), np.int64), [alike.place for alike in self._alike]
        for alike, start in zip(self._alike, np.cumsum([0, *map(len, places[:-1])]), strict=True):
            begin[alike.rows] = start
        return Known(self._first, begin, np.concatenate(places), self._var)

    def know_all(self) -> None:
        """Work out everything."""
        self._work_out([(alike, np.flatnonzero(~alike.known)) for alike in self._alike])

    def know(self, asked: Integers) -> None:
        """Work out what will be ``asked`` at these places, ascending."""
        new = asked[~self._asked[asked]]
        if not len(new) or all(alike.known.all() for alike in self._alike):
            return
        self._asked[new] = True
        self._work_out([(alike, _unknown(alike, new)) for alike in self._alike])

    def at(self, found: Issued, *, cvar: bool) -> Floats:
        """VaR, or CVaR, of each wish's symbol at its time; NaN before its first bar.

        Raises:
            InvariantError: CVaR is not kept.
        """
        column, measure = self._cvar if cvar else self._var, np.full(len(found.place), math.nan)
        if column is None:
            raise InvariantError("CVaR is asked of a table that keeps VaR alone")
        for alike in self._alike:
            which = slice(None) if len(self._alike) == 1 else np.flatnonzero(np.isin(found.row, alike.rows))
            index = np.searchsorted(alike.place, found.place[which], side="right") - 1
            values = column[self._first[found.row[which]] + np.maximum(index, 0)]
            measure[which] = np.where(index >= 0, values, math.nan)
        return measure

    def _group(self, rows: list[int], panel: Panel) -> _Alike:
        """``rows``, which have the same bars."""
        last = self._sessions[rows[0]].last_bars
        firsts = np.concatenate(([0], last[:-1] + 1)) if len(last) else last
        returns = np.maximum(np.arange(len(last)) + 1 - self._lag, 0)
        return _Alike(rows, panel.places[rows[0]][firsts], returns, np.zeros(len(last), np.bool_))

    def _roll(self, alike: _Alike) -> None:
        """Work out full windows; there is nothing in the place of the others."""
        policy, length, lag = self._policy, len(alike.place), self._lag
        if length <= lag or policy.lookback < max(policy.minimum, 2, reaching_minimum(policy.confidence)):
            for row in alike.rows:
                for column in self._columns(row):
                    column[:] = math.nan
            return
        unkept = np.empty(length)
        returns, found = [], []
        for row in alike.rows:
            columns = self._columns(row)
            for column in columns:
                column[:lag] = math.nan
            returns.append(self._sessions[row].returns[: length - lag])
            found.append((columns[0][lag:], (columns[1] if len(columns) > 1 else unkept)[lag:]))
        rolling_rows(returns, policy.lookback, policy.confidence, policy.quantile, found)
        alike.known[alike.returns >= policy.lookback] = True

    def _columns(self, row: int) -> list[Floats]:
        """VaR of ``row``, and CVaR where it is kept."""
        own = slice(self._first[row], self._first[row + 1])
        return [column[own] for column in (self._var, self._cvar) if column is not None]

    def _work_out(self, missing: list[tuple[_Alike, Integers]]) -> None:
        """Sessions whose windows are not full."""
        places: list[int] = []
        windows: list[Floats] = []
        for alike, wanted in missing:
            alike.known[wanted] = True
            numbers, counts = wanted.tolist(), alike.returns[wanted].tolist()
            for row in alike.rows if numbers else ():
                returns, first = self._sessions[row].returns, int(self._first[row])
                windows += [returns[max(count - self._policy.lookback, 0) : count] for count in counts]
                places += [first + number for number in numbers]
        if places:
            var, cvar = symbol_risks(windows, self._policy)
            self._var[places] = var
            if self._cvar is not None:
                self._cvar[places] = cvar


def _unknown(alike: _Alike, asked: Integers) -> Integers:
    """The sessions of the places ``asked``, ascending, whose risk is not known, each once."""
    index = np.searchsorted(alike.place, asked, side="right") - 1
    index = index[np.diff(index, prepend=-1) > 0]
    return index[~alike.known[index]]


def _with_same_bars(sessions: tuple[Sessions, ...], panel: Panel) -> list[list[int]]:
    """Rows whose sessions were found once for all of them, and that lie at the same places."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row, one in enumerate(sessions):
        groups.setdefault((id(one.times), id(panel.places[row])), []).append(row)
    return list(groups.values())
