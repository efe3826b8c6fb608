"""For each reference value on Sharpe ratios and overfitting: how this package answers the question it asks."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.inference.deflated import DeflatedSharpe, deflated_sharpe, expected_maximum_sharpe
from framework.rules.inference.overfitting import Overfitting, backtest_overfitting
from framework.rules.inference.sharpe import SharpeEstimate, lo_error, minimum_track_record, probabilistic_sharpe, sharpe_estimate
from tests.rules.risk import market

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = dict[str, Callable[[], object]]

#: Bailey and Lopez de Prado (2014): an annual ratio of 2.5 in five years of 250 days, variance of the trials' annual ratios 1/2.
PAPER_SPREAD = math.sqrt(0.5 / 250)
TABLE_LENGTHS = (12, 24, 36, 48, 60, 125, 250, 500)


@cache
def trial_ratios() -> np.ndarray:
    return np.array([sharpe_estimate(column).ratio for column in market.crossovers().T])


def best_crossover() -> SharpeEstimate:
    return sharpe_estimate(market.crossovers()[:, np.argmax(trial_ratios())])


def grid() -> DeflatedSharpe:
    return deflated_sharpe(best_crossover(), trial_ratios())


@cache
def search(blocks: int) -> Overfitting:
    return backtest_overfitting(market.crossovers(), blocks)


def error_by_lo(returns: np.ndarray) -> float:
    return lo_error(sharpe_estimate(returns).ratio, len(returns)).value


def paper(trials: int, skewness: float, kurtosis: float) -> float:
    chosen = SharpeEstimate(2.5 / math.sqrt(250), 1250, skewness, kurtosis)
    return probabilistic_sharpe(chosen, expected_maximum_sharpe(trials, PAPER_SPREAD).value).value


def years_needed(periods: int, skewness: float = 0.0, kurtosis: float = 3.0) -> float:
    """Years until an annual ratio of 2 is known to be above 1."""
    estimate = SharpeEstimate(2.0 / math.sqrt(periods), 100, skewness, kurtosis)
    return minimum_track_record(estimate, 1.0 / math.sqrt(periods)).value / periods


def measured_answers() -> Answers:
    return {
        "perf.AAPL.sharpe_se.lo_iid": lambda: error_by_lo(market.stock("AAPL")),
        "perf.sp500.sharpe_se.lo_iid": lambda: error_by_lo(market.index_returns()),
        "perf.AAPL.psr0": lambda: probabilistic_sharpe(sharpe_estimate(market.stock("AAPL"))).value,
        "perf.sp500.psr0": lambda: probabilistic_sharpe(sharpe_estimate(market.index_returns())).value,
        "dsr.grid.best_sharpe_daily": lambda: best_crossover().ratio,
        "dsr.grid.sr0": lambda: grid().threshold,
        "dsr.grid.dsr": lambda: grid().probability,
        "pbo.grid.S8": lambda: search(8).probability,
        "pbo.grid.S8.median_logit": lambda: search(8).median_logit,
        "pbo.grid.S16": lambda: search(16).probability,
        "pbo.grid.S16.median_logit": lambda: search(16).median_logit,
    }


def published_answers() -> Answers:
    return {
        "pub.dsr.sr0.n100": lambda: expected_maximum_sharpe(100, PAPER_SPREAD).value,
        "pub.dsr.n100": lambda: paper(100, -3.0, 10.0),
        "pub.dsr.n46": lambda: paper(46, -3.0, 10.0),
        "pub.dsr.n88.normal": lambda: paper(88, 0.0, 3.0),
        "pub.psr.normal": lambda: probabilistic_sharpe(SharpeEstimate(0.458, 24)).value,
        "pub.mintrl.daily_years": lambda: years_needed(250),
        "pub.lo2002.se.sr0.5": lambda: [lo_error(0.5, length).value for length in TABLE_LENGTHS],
        "pub.lo2002.se.sr2": lambda: [lo_error(2.0, length).value for length in TABLE_LENGTHS],
    }


def answers() -> Answers:
    """Every id this package answers."""
    return measured_answers() | published_answers()
