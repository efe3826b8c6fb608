"""Monte Carlo: VaR and CVaR of simulated losses. Every draw comes from the generator that is passed in, so that a seed fixes the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.covariance import factor, sample_covariance
from framework.rules.risk.estimate import RiskEstimate, deviation, fault_of, fault_of_question, no_estimate
from framework.rules.risk.parametric import Mean
from framework.rules.risk.quantiles import historical
from framework.rules.risk.student import fault_of_freedom

if TYPE_CHECKING:
    from framework.domain.market import Floats

DRAWS = 100_000
MOST_DRAWS = 10_000_000
#: Numbers drawn at a time; bounds the memory, not the result.
_BLOCK = 1_000_000


def generator_of(seed: int) -> np.random.Generator:  # noqa: TID251 - the seed is explicit: the same one gives the same draws
    """A PCG64 generator; the sign of ``seed`` is dropped."""
    return np.random.default_rng(abs(seed))  # noqa: TID251 - see above


def _fault_of_draws(draws: int, freedom: float) -> str:
    if not 1 <= draws <= MOST_DRAWS:
        return f"{draws} draws were asked for; 1 to {MOST_DRAWS} are allowed"
    return "" if math.isinf(freedom) else fault_of_freedom(freedom)


def _mixing(generator: np.random.Generator, draws: int, freedom: float) -> Floats:  # noqa: TID251 - passed in, seeded
    """Factors that turn normal draws of variance 1 into t draws of variance 1; all ones for infinite freedom."""
    if math.isinf(freedom):
        return np.ones(draws)
    return np.sqrt((freedom - 2.0) / generator.chisquare(freedom, draws))


def monte_carlo(
    returns: Floats,
    confidence: float,
    generator: np.random.Generator,  # noqa: TID251 - passed in, seeded
    *,
    draws: int = DRAWS,
    freedom: float = math.inf,
    mean: Mean = Mean.SAMPLE,
) -> RiskEstimate:
    """VaR and CVaR of simulated returns with the sample's deviation: normal, or t with ``freedom`` degrees scaled to the same variance.

    Formula: the historical estimator (linear quantile, Rockafellar-Uryasev mean) on ``draws`` draws. Source: Glasserman, Monte Carlo
    Methods in Financial Engineering (2003), chapter 9. Fractions of value, losses positive, one day. Standard error of VaR: sqrt(a (1 - a)
    / draws) / density; at 100,000 normal draws and 99 % half a percent of it. Adds nothing to the closed forms for one asset but that
    noise; it checks them. Wrong where they are.

    Args:
        returns: float64 [n], n >= 2, simple, oldest first.
        confidence: In (0, 1).
        generator: Source of the draws; it is advanced.
        draws: Up to 10,000,000.
        freedom: Degrees of freedom in (2.1, 200], or infinity for the normal.
        mean: Centre of the distribution.
    """
    method = f"monte carlo {'normal' if math.isinf(freedom) else f't {freedom:g}'} {draws}"
    if fault := fault_of_question(returns, confidence, 2) or _fault_of_draws(draws, freedom):
        return no_estimate(method, returns.size, fault)
    spread = deviation(returns)
    if spread == 0.0:
        return no_estimate(method, len(returns), "the returns do not vary")
    centre = float(returns.mean()) if mean is Mean.SAMPLE else 0.0
    drawn = centre + spread * generator.standard_normal(draws) * _mixing(generator, draws, freedom)
    return _answer(drawn, confidence, method, len(returns))


def joint_monte_carlo(
    values: Floats,
    history: Floats,
    confidence: float,
    generator: np.random.Generator,  # noqa: TID251 - passed in, seeded
    *,
    draws: int = DRAWS,
    freedom: float = math.inf,
) -> RiskEstimate:
    """Portfolio VaR and CVaR in dollars from joint draws with the covariance of ``history``, zero mean: normal, or multivariate t.

    Formula: losses of ``values @ F e``, F F' the sample covariance with negative eigenvalues set to zero, e standard normal (for t divided
    by the root of one common chi-square, so that tails fall together). Source: Glasserman (2003), chapters 2 and 9. Losses positive. For
    linear positions the closed form of ``covariance_risk`` is the exact answer; the t version has joint crashes that it has not. Assumes
    that one covariance holds, crises included, where correlations in fact rise.

    Args:
        values: float64 [N], dollars, shorts negative.
        history: float64 [T, N], T >= 2, simple returns.
        confidence: In (0, 1).
        generator: Source of the draws; it is advanced.
        draws: Up to 10,000,000.
        freedom: Degrees of freedom in (2.1, 200], or infinity for the normal.
    """
    method = f"joint monte carlo {'normal' if math.isinf(freedom) else f't {freedom:g}'} {draws}"
    fault = fault_of_question(history, confidence, 2, 2) or fault_of(values, 1) or _fault_of_draws(draws, freedom)
    if fault or history.shape[1] != len(values):
        return no_estimate(method, history.shape[0] if history.ndim else 0, fault or f"{len(values)} values for {history.shape[1]} columns")
    weights = values @ factor(sample_covariance(history))
    if not float(np.abs(weights).max(initial=0.0)) > 0.0:
        return no_estimate(method, len(history), "the portfolio's value does not vary")
    return _answer(_drawn_values(weights, generator, draws) * _mixing(generator, draws, freedom), confidence, method, len(history))


def _drawn_values(weights: Floats, generator: np.random.Generator, draws: int) -> Floats:  # noqa: TID251 - passed in, seeded
    """``draws`` values of ``weights @ e``, drawn in blocks of rows."""
    rows = max(_BLOCK // len(weights), 1)
    blocks = [generator.standard_normal((min(rows, draws - start), len(weights))) @ weights for start in range(0, draws, rows)]
    return np.concatenate(blocks)


def _answer(drawn: Floats, confidence: float, method: str, observations: int) -> RiskEstimate:
    found = historical(drawn, confidence)
    return RiskEstimate(found.var, found.cvar, method, observations, found.note)
