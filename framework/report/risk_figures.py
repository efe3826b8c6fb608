"""Where the risk of a run lies: on the last day with positions, and on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.engine.market import Market, session_number
from framework.report.dates import DAY, HOUR, session_days
from framework.report.holdings import latest_with_positions
from framework.report.var_check import latest_of_session
from framework.rules import performance
from framework.rules.risk.benchmark import downside_beta, information_ratio, regress, tracking_error
from framework.rules.risk.covariance import sample_covariance
from framework.rules.risk.exposure import concentration, portfolio_heat, sector_exposure
from framework.rules.risk.portfolio import covariance_risk, covariance_total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.market import Floats, Integers
    from framework.report.holdings import Holdings, Positions
    from framework.report.tear_sheet_data import TearSheetData
    from framework.rules.risk.benchmark import Regression
    from framework.rules.risk.estimate import Figure
    from framework.rules.risk.exposure import Concentration, Heat, SectorExposure
    from framework.rules.risk.portfolio import PortfolioRisk

#: Days that the average one is taken over, about: evenly spread among those with positions.
SAMPLES = 60


@dataclass(frozen=True, slots=True, eq=False)
class DayRisk:
    """The book after one decision. Dollars, losses positive; NaN where there is no figure.

    ``alone`` [N] is each position's VaR by itself, ``parts`` what the covariance says of them together (normal model, confidence and
    lookback of ``[sizing]``). ``beta`` [N] is each symbol's to buy and hold. ``summed`` and ``joint`` are the run's own forecasts that day.
    """

    holdings: Holdings
    alone: Floats
    parts: PortfolioRisk
    beta: Floats
    heat: Heat
    concentration: Concentration
    sectors: Mapping[str, SectorExposure]
    summed: float
    joint: float

    @property
    def portfolio_beta(self) -> float:
        """Beta of the whole account, cash included."""
        return float((self.holdings.values * self.beta).sum()) / self.holdings.equity


@dataclass(frozen=True, slots=True)
class Beside:
    """The run's daily returns beside those of buy and hold."""

    line: Regression
    falling: Regression
    tracking_error: Figure
    information_ratio: Figure


@dataclass(frozen=True, slots=True, eq=False)
class RiskFigures:
    """The last day with positions, the average one, and the whole run beside buy and hold.

    ``average`` has, by symbol, the mean part of portfolio VaR as a fraction of equity, over ``days`` days with positions. ``unpriced`` are
    symbols left out for want of prices.
    """

    last: DayRisk
    average: Mapping[str, float]
    days: int
    beside: Beside
    unpriced: Sequence[str]


class History:
    """Daily total returns of every symbol that was held, on the sessions of any of them: int64 [S] and float64 [S, N]."""

    def __init__(self, data: TearSheetData, symbols: Sequence[str]) -> None:
        self.symbols = tuple(symbols)
        self.numbers, self.returns = Market({symbol: data.series[symbol] for symbol in symbols}, daily=True).sessions_of_all()
        self._column = {symbol: number for number, symbol in enumerate(self.symbols)}

    @property
    def times(self) -> Integers:
        """About the close of each session, ns UTC."""
        return self.numbers * DAY + 20 * HOUR

    def of(self, symbols: Sequence[str]) -> Floats:
        """Returns [S, len(symbols)]; NaN where a symbol has none."""
        return np.asarray(self.returns[:, [self._column[symbol] for symbol in symbols]])

    def joint(self, symbols: Sequence[str], timestamp: int, lookback: int) -> tuple[Integers, Floats]:
        """Session numbers and returns [T, N] of the last ``lookback`` sessions by ``timestamp`` that all of ``symbols`` have."""
        end = int(np.searchsorted(self.numbers, session_number(timestamp), side="right"))
        returns = self.of(symbols)[:end]
        common = np.flatnonzero(~np.isnan(returns).any(axis=1))[-lookback:]
        return self.numbers[common], returns[common]


def risk_figures(data: TearSheetData, positions: Positions, history: History) -> RiskFigures | None:
    """The figures, or ``None`` where nothing was held of which prices are at hand."""
    row = latest_with_positions(data)
    if row is None:
        return None
    last = positions.at(int(data.timestamps[row]), float(data.equity[row]))
    if not last.symbols or not last.equity > 0.0:
        return None
    average, days = _average(data, positions, history)
    return RiskFigures(_day(data, row, last, history), average, days, _beside(data), positions.unpriced)


def _parts(data: TearSheetData, holdings: Holdings, history: History) -> PortfolioRisk:
    _, returns = history.joint(holdings.symbols, holdings.at, data.lookback)
    return covariance_risk(holdings.values, sample_covariance(returns), data.confidence)


def _day(data: TearSheetData, row: int, holdings: Holdings, history: History) -> DayRisk:
    _, returns = history.joint(holdings.symbols, holdings.at, data.lookback)
    variance = np.diagonal(sample_covariance(returns))
    values, equity = holdings.values, holdings.equity
    joint = latest_of_session(data.timestamps, data.joint_var_1d)
    return DayRisk(
        holdings,
        np.array([covariance_total(values[[at]], variance[[at]].reshape(1, 1), data.confidence).var for at in range(len(values))]),
        _parts(data, holdings, history),
        np.array([_beta(data, history, symbol, holdings.at) for symbol in holdings.symbols]),
        portfolio_heat(holdings.quantity, holdings.price, holdings.stop, equity),
        concentration(values),
        sector_exposure(values, holdings.symbols, data.sectors, equity),
        float(data.var_1d[row]) * equity,
        float(joint[row]) * equity,
    )


def _beta(data: TearSheetData, history: History, symbol: str, timestamp: int) -> float:
    """Beta of a symbol to the run's buy and hold, over the sessions of the lookback that both have."""
    numbers, returns = history.joint([symbol], timestamp, data.lookback)
    days, benchmark = _session_returns(data, data.benchmark)
    _, here, there = np.intersect1d(numbers, days, assume_unique=True, return_indices=True)
    return regress(returns[here, 0], benchmark[there]).beta


def _session_returns(data: TearSheetData, curve: Floats) -> tuple[Integers, Floats]:
    """Days since 1970 and the return of each session but the first; they end where the curve was wiped out."""
    days = session_days(data.timestamps)
    closes = performance.period_closes(days, curve)
    ruined = np.flatnonzero(closes <= 0.0)
    closes = closes[: ruined[0] + 1] if ruined.size else closes
    return np.unique(days)[1 : len(closes)], closes[1:] / closes[:-1] - 1.0


def _average(data: TearSheetData, positions: Positions, history: History) -> tuple[dict[str, float], int]:
    held = np.flatnonzero((data.exposure > 0.0) & (data.equity > 0.0))
    rows = np.unique(held[np.linspace(0, held.size - 1, min(held.size, SAMPLES)).astype(np.int64)]) if held.size else held
    sums = dict.fromkeys(history.symbols, 0.0)
    days = 0
    for row in rows.tolist():
        holdings = positions.at(int(data.timestamps[row]), float(data.equity[row]))
        parts = _parts(data, holdings, history)
        if parts.total.known:
            days += 1
            for symbol, part in zip(holdings.symbols, parts.component.tolist(), strict=True):
                sums[symbol] += part / holdings.equity
    return {symbol: total / days for symbol, total in sums.items()} if days else {}, days


def _beside(data: TearSheetData) -> Beside:
    (_, own), (_, held) = (_session_returns(data, curve) for curve in (data.equity, data.benchmark))
    both = min(len(own), len(held))  # a curve that was wiped out has ended
    own, held = own[:both], held[:both]
    return Beside(regress(own, held), downside_beta(own, held), tracking_error(own, held), information_ratio(own, held))
