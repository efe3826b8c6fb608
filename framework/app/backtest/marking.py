"""What holdings were worth and what they risked at every decision time, worked out after the run in columns."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.domain.values import MICRO, MOST_VALUE
from framework.errors import BadDataError
from framework.rules.risk.joint import joint_historicals, simple_sums
from framework.rules.risk.many import symbol_risks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framework.domain.market import BarSeries, Floats, Integers
    from framework.engine.market import Market
    from framework.rules.risk.models import RiskPolicy

#: Decision times that are worked out together: their tables stay in the processor's cache.
TOGETHER = 1 << 13


class Held(NamedTuple):
    """A position between two changes: its symbol's row, micro-shares (signed), and its bars in the shares of that time."""

    row: int
    quantity: int
    series: BarSeries


class Stretch(NamedTuple):
    """From decision time number ``start`` on nothing changed in the books: cash and what is to be paid, micro-dollars, and positions."""

    start: int
    cash: int
    receivable: int
    held: tuple[Held, ...]


class Worth(NamedTuple):
    """At each of T decision times: equity and the sum of |position value|, micro-dollars, int64; forecasts of risk, dollars, float64."""

    equity: Integers
    gross: Integers
    var: Floats
    cvar: Floats
    joint_var: Floats
    joint_cvar: Floats


def worth(times: Integers, stretches: Sequence[Stretch], joint: Integers, market: Market, policy: RiskPolicy, *, forecasts: bool) -> Worth:
    """What the holdings of ``stretches`` were worth at ``times`` (ns UTC), at the last closes; bit for bit what the engine saw then.

    VaR and CVaR are the simple sums of the positions' own. The joint ones are found for the decision times with the numbers ``joint``
    only, and NaN at others. All are 0 when flat, and NaN without ``forecasts``.

    Raises:
        BadDataError: An account of more dollars than can be counted.
    """
    for one in stretches:
        _check_countable(max(abs(one.cash), abs(one.receivable)) / MICRO, int(times[one.start]))
    lengths = np.diff([one.start for one in stretches], append=len(times))
    equity = np.repeat(np.array([one.cash + one.receivable for one in stretches], dtype=np.int64), lengths)
    unknown = np.repeat([np.nan if one.held else 0.0 for one in stretches], lengths)
    found = Worth(equity, np.zeros_like(equity), *(unknown.copy() for _ in range(4)))
    risks = _Risks(market, policy, joint) if forecasts else None
    for block in _blocks(lengths):
        for numbers in _alike(stretches, block):
            _mark(found, times, [stretches[number] for number in numbers], lengths[numbers], risks)
    return found


def _blocks(lengths: Integers) -> Iterator[range]:
    """Stretches in turn, as many as come to some ``TOGETHER`` decision times; a single one may be longer."""
    blocks = np.cumsum(lengths) // TOGETHER
    edges = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(lengths)]
    yield from (range(first, last) for first, last in pairwise(edges))


def _alike(stretches: Sequence[Stretch], block: range) -> Iterator[list[int]]:
    """The numbers of those stretches of ``block`` that hold the same symbols, and some."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in block:
        if held := stretches[number].held:
            key = tuple(part for one in held for part in (one.row, id(one.series)))
            groups.setdefault(key, []).append(number)
    yield from groups.values()


def _mark(found: Worth, times: Integers, stretches: list[Stretch], lengths: Integers, risks: _Risks | None) -> None:
    """Work out the decision times of ``stretches``, which hold the same symbols."""
    at = np.concatenate([np.arange(one.start, one.start + length) for one, length in zip(stretches, lengths.tolist(), strict=True)])
    held = stretches[0].held
    bars, values = np.empty((2, len(at), len(held)), dtype=np.int64)
    for column, one in enumerate(held):
        quantity = np.repeat(np.array([stretch.held[column].quantity for stretch in stretches]), lengths)
        bars[:, column] = np.searchsorted(one.series.timestamp, times[at], side="right") - 1
        closes = one.series.close[bars[:, column]]
        _check_countable(float(np.abs(quantity).max()) * float(closes.max()) / MICRO, int(times[at[0]]))
        values[:, column] = notionals(quantity, np.where(bars[:, column] >= 0, np.rint(closes * MICRO), 0.0).astype(np.int64))
    found.equity[at] += values.sum(axis=1)
    found.gross[at] = np.abs(values).sum(axis=1)
    if risks is not None:
        risks.forecast(found, at, [one.row for one in held], bars, values / MICRO)
    for one in held:
        one.series.release()


def _check_countable(dollars: float, since: int) -> None:
    if dollars > MOST_VALUE:
        raise BadDataError(
            f"from {datetime.fromtimestamp(since / 1e9, UTC):%Y-%m-%d} on the account holds {dollars:.3g} dollars in one place; "
            f"the books count up to {MOST_VALUE:g}: a price, a split or a dividend must be wrong, see [data.policy]"
        )


def notionals(quantities: Integers, prices: Integers) -> Integers:
    """``domain.values.notional`` of columns: int64 micro-dollars."""
    sizes = np.abs(quantities)
    whole, rest = sizes // MICRO, sizes % MICRO
    worth = whole * prices + rest * (prices // MICRO) + (rest * (prices % MICRO) + MICRO // 2) // MICRO
    return np.where(quantities >= 0, worth, -worth)


class _Risks:
    """Forecasts of risk. What a dollar of a symbol risks is asked for once for each number of sessions seen.

    ``joint`` are the numbers of the decision times, ascending, that want the risk over the joint history.
    """

    def __init__(self, market: Market, policy: RiskPolicy, joint: Integers) -> None:
        self._market = market
        self._policy = policy
        self._joint = joint
        self._known: dict[tuple[int, int], tuple[float, float]] = {}

    def forecast(self, found: Worth, at: Integers, rows: list[int], bars: Integers, values: Floats) -> None:
        """Fill in the decision times ``at`` [k]: ``values`` dollars [k, N] of ``rows`` [N], whose last bars are ``bars`` [k, N]."""
        seen = np.column_stack([self._market.sessions_seen_at(row, bars[:, column]) for column, row in enumerate(rows)])
        risks = [self._of(row, seen[:, column]) for column, row in enumerate(rows)]
        var, cvar = (np.column_stack(columns) for columns in zip(*risks, strict=True))
        found.var[at], found.cvar[at] = simple_sums(values, var, cvar)
        chosen = np.flatnonzero(np.isin(at, self._joint, assume_unique=True))
        histories = [self._market.joint_returns(rows, self._policy.lookback, counts) for counts in seen[chosen].tolist()]
        risk = joint_historicals(list(values[chosen]), histories, self._policy.confidence)
        found.joint_var[at[chosen]], found.joint_cvar[at[chosen]] = risk

    def _of(self, row: int, seen: Integers) -> tuple[Floats, Floats]:
        """VaR and CVaR of a dollar of symbol ``row``, where so many sessions had been ``seen``, ascending."""
        firsts = np.flatnonzero(np.diff(seen, prepend=seen[:1] - 1))
        counts: list[int] = seen[firsts].tolist()
        self._look_up(row, [count for count in counts if (row, count) not in self._known])
        found = np.array([self._known[row, count] for count in counts])
        var, cvar = np.repeat(found, np.diff(firsts, append=len(seen)), axis=0).T
        return var, cvar

    def _look_up(self, row: int, counts: list[int]) -> None:
        windows = [self._market.windows({row: count}, self._policy.lookback)[0] for count in counts]
        var, cvar = symbol_risks(windows, self._policy)
        self._known |= zip(((row, count) for count in counts), zip(var.tolist(), cvar.tolist(), strict=True), strict=True)
