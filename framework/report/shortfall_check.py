"""Were the losses beyond VaR as large as expected shortfall said? Acerbi and Szekely's tests on the run's own forecasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.shortfall_backtests import acerbi_szekely_z1, acerbi_szekely_z2, simulate_null

if TYPE_CHECKING:
    from framework.domain.market import Floats
    from framework.report.var_check import VarCheck
    from framework.rules.risk.estimate import Figure
    from framework.rules.risk.shortfall_backtests import NullDistribution

#: Simulated histories of a right forecast, and the tails of their returns: about those of stocks. With normal ones the tests would reject
#: right forecasts of fat-tailed returns.
HISTORIES = 1_000
FREEDOM = 5.0
SIGNIFICANCE = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """A statistic and the share of right forecasts that come out as bad or worse; NaN and a note where there is none."""

    statistic: float
    p_value: float
    note: str = ""

    @property
    def rejected(self) -> bool:
        """Whether a right forecast would seldom come out like this."""
        return self.p_value < SIGNIFICANCE


@dataclass(frozen=True, slots=True)
class ShortfallCheck:
    """Losses above VaR: their mean, the shortfall forecast for the same sessions (fractions of equity, NaN without any), and both tests.

    ``forecasts`` is the number that can be judged; without any, nothing else is known.
    """

    forecasts: int
    mean_loss: float
    mean_forecast: float
    z1: Verdict
    z2: Verdict


def judge(check: VarCheck, right: NullDistribution) -> ShortfallCheck:
    """Judge the shortfall forecasts that were made with the VaR forecasts of ``check``, beside as many ``right`` ones."""
    if check.made == 0:
        nothing = Verdict(math.nan, math.nan)
        return ShortfallCheck(0, math.nan, math.nan, nothing, nothing)
    beyond = check.violated
    # A test's row t holds the forecast made with returns up to t: the check's rows hold the forecast and what came of it.
    returns = np.append(math.nan, -check.realized)
    var, shortfall = (np.append(one, math.nan) for one in (check.forecast, check.shortfall))
    return ShortfallCheck(
        check.made,
        float(check.realized[beyond].mean()) if beyond.size else math.nan,
        float(check.shortfall[beyond].mean()) if beyond.size else math.nan,
        _verdict(acerbi_szekely_z1(returns, var, shortfall), right.z1),
        _verdict(acerbi_szekely_z2(returns, var, shortfall, check.confidence), right.z2),
    )


def right_forecasts(observations: int, confidence: float) -> NullDistribution:
    """What the tests say of forecasts that are right: ``HISTORIES`` simulated runs of as many."""
    generator = np.random.default_rng(0)  # noqa: TID251 - seeded: the same run gives the same page
    return simulate_null(observations, confidence, generator, histories=HISTORIES, freedom=FREEDOM)


def _verdict(found: Figure, null: Floats) -> Verdict:
    simulated = null[~np.isnan(null)]
    if math.isnan(found.value) or simulated.size == 0:
        return Verdict(math.nan, math.nan, found.note or "no right forecast could be simulated")
    return Verdict(found.value, float(np.mean(simulated <= found.value)))
