"""GARCH(1,1): volatility that clusters and returns to its mean; VaR by its distribution or by filtered historical simulation.

Fit nightly (``garch_fit``), then filter each bar with fixed parameters by :func:`variance_path`, which needs no package.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.estimate import Figure, RiskEstimate, estimate, fault_of, fault_of_horizon, fault_of_question, no_estimate
from framework.rules.risk.parametric import normal_tail
from framework.rules.risk.quantiles import Quantile, historical
from framework.rules.risk.student import student_tail

if TYPE_CHECKING:
    from framework.domain.market import Floats


@dataclass(frozen=True, slots=True)
class GarchModel:
    """s_t^2 = omega + alpha e_{t-1}^2 + gamma e_{t-1}^2 [e_{t-1} < 0] + beta s_{t-1}^2 with e = r - mu.

    ``mu``, ``omega`` and ``backcast`` (the presample square) are in fractions and their squares; ``freedom`` is infinite for normal shocks.
    ``log_likelihood`` is that of the returns in percent, as textbooks and arch print it. With a ``note`` every number is NaN: no model.
    """

    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    freedom: float
    backcast: float
    log_likelihood: float = math.nan
    observations: int = 0
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a model."""
        return not self.note

    @property
    def persistence(self) -> float:
        """How much of today's excess variance is left tomorrow: alpha + gamma / 2 + beta."""
        return self.alpha + 0.5 * self.gamma + self.beta

    @property
    def long_run_volatility(self) -> float:
        """sqrt(omega / (1 - persistence)), a fraction; infinite where shocks never die out."""
        return math.sqrt(self.omega / (1.0 - self.persistence)) if self.persistence < 1.0 else math.inf


def no_model(observations: int, note: str) -> GarchModel:
    """The typed "no model"."""
    nan = math.nan
    return GarchModel(nan, nan, nan, nan, nan, nan, nan, nan, observations, note)


def next_variance(model: GarchModel, variance: float, last_return: float) -> float:
    """One step of the recursion: the variance for the next period, from this period's variance and return."""
    shock = last_return - model.mu
    square = shock * shock
    return model.omega + (model.alpha + (model.gamma if shock < 0.0 else 0.0)) * square + model.beta * variance


def variance_path(model: GarchModel, returns: Floats) -> Floats:
    """Conditional variances [n + 1] with fixed parameters: entry t is the forecast for return t, the last one for the next period.

    The presample square and variance are the model's backcast. All NaN where the model or a return cannot be used.
    """
    path = np.full(returns.size + 1, math.nan)
    if model.note or fault_of(returns, 1):
        return path
    start = model.backcast
    path[0] = model.omega + (model.alpha + 0.5 * model.gamma) * start + model.beta * start
    for row, value in enumerate(returns.tolist()):
        path[row + 1] = next_variance(model, float(path[row]), value)
    return path


def volatility_ahead(model: GarchModel, returns: Floats, days: int = 1) -> Figure:
    """Volatility of the return over the next ``days`` days, a fraction: the root of the sum of the daily variance forecasts.

    Not sqrt(days) times tomorrow's: volatility returns to its mean on the way.
    """
    if fault := model.note or fault_of(returns, 1) or fault_of_horizon(days):
        return Figure(math.nan, fault)
    variance = float(variance_path(model, returns)[-1])
    total = 0.0
    for _ in range(days):
        total += variance
        variance = model.omega + model.persistence * variance
    return Figure(math.sqrt(total)) if math.isfinite(total) else Figure(math.nan, "the variance forecast is not finite")


def garch(model: GarchModel, returns: Floats, confidence: float) -> RiskEstimate:
    """One-day VaR and CVaR of the fitted distribution at tomorrow's volatility.

    Formula: VaR = -(mu + s q), s from :func:`variance_path`, q the quantile of the shocks with variance 1 (for t: scaled by sqrt((freedom -
    2) / freedom)); CVaR by the same closed forms as ``normal_tail`` and ``student_tail``. Fractions of value, losses positive. Assumes that
    the shocks follow the fitted distribution; real ones are skewed, which :func:`filtered_historical` keeps.
    """
    method = f"garch {'normal' if math.isinf(model.freedom) else 't'}"
    if fault := model.note or fault_of_question(returns, confidence, 1):
        return no_estimate(method, returns.size, fault)
    volatility = math.sqrt(float(variance_path(model, returns)[-1]))
    if math.isinf(model.freedom):
        return estimate(*normal_tail(model.mu, volatility, confidence), method, len(returns))
    if model.freedom <= 2.0:
        return no_estimate(method, len(returns), f"shocks with {model.freedom:.3g} degrees of freedom have no variance")
    scale = volatility * math.sqrt((model.freedom - 2.0) / model.freedom)
    return estimate(*student_tail(model.mu, scale, model.freedom, confidence), method, len(returns))


def filtered_historical(model: GarchModel, returns: Floats, confidence: float, quantile: Quantile = Quantile.LINEAR) -> RiskEstimate:
    """Filtered historical simulation: past shocks in units of their day's volatility, replayed at tomorrow's.

    Formula: z_t = (r_t - mu) / s_t; VaR = -(mu + s_next q_a(z)), CVaR the same with the tail mean of z. Source: Barone-Adesi, Giannopoulos
    and Vosper (1999); Hull and White (1998). Fractions of value, losses positive, one day. Keeps fat tails and skew of the data and reacts
    to volatility at once. Assumes that the shocks are alike over time. Wrong with few shocks in the tail, and when the model does not fit.
    """
    method = f"garch filtered {quantile}"
    if fault := model.note or fault_of_question(returns, confidence, 1):
        return no_estimate(method, returns.size, fault)
    path = np.sqrt(variance_path(model, returns))
    if not float(path.min()) > 0.0:
        return no_estimate(method, len(returns), "a conditional variance is zero or not a number")
    shocks = historical((returns - model.mu) / path[:-1], confidence, quantile)
    if not shocks.known:
        return no_estimate(method, len(returns), shocks.note)
    ahead = float(path[-1])
    return estimate(ahead * shocks.var - model.mu, ahead * shocks.cvar - model.mu, method, len(returns))
