"""One question, many models: the risk of a symbol by the method that a policy names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from framework.rules.risk.estimate import RiskEstimate, fault_of_horizon, fault_of_question, no_estimate
from framework.rules.risk.ewma import DAILY_DECAY, ewma
from framework.rules.risk.garch import filtered_historical, garch
from framework.rules.risk.garch_fit import FIT_MINIMUM, Shocks, fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.montecarlo import generator_of, monte_carlo
from framework.rules.risk.parametric import Mean, cornish_fisher, normal
from framework.rules.risk.quantiles import Quantile, age_weighted, historical, reaching_minimum
from framework.rules.risk.student import student, student_fitted

if TYPE_CHECKING:
    from framework.domain.market import Floats


class RiskModel(StrEnum):
    """The models; what each assumes and when it is wrong stands at its function."""

    HISTORICAL = "historical"
    AGE_WEIGHTED = "age_weighted"
    NORMAL = "normal"
    STUDENT = "student"
    STUDENT_FITTED = "student_fitted"
    CORNISH_FISHER = "cornish_fisher"
    EWMA = "ewma"
    GARCH = "garch"
    GARCH_STUDENT = "garch_student"
    FILTERED_HISTORICAL = "filtered_historical"
    MONTE_CARLO = "monte_carlo"


class Horizon(StrEnum):
    """How one day becomes several: ``overlapping`` real periods, or the one-day figure times the ``sqrt_time``."""

    OVERLAPPING = "overlapping"
    SQRT_TIME = "sqrt_time"


@dataclass(frozen=True, slots=True)
class RiskPolicy:
    """How risk is measured.

    Attributes:
        model: The model.
        confidence: In (0, 1).
        days: Horizon in days.
        horizon: How the horizon is reached.
        lookback: Daily returns used, the newest; GARCH models need 500 or more.
        minimum: Fewest daily returns for any answer.
        quantile: Convention of the historical models.
        mean: Centre of the parametric models.
        freedom: Degrees of freedom of ``student``.
        decay: Of ``ewma``.
        seed: Of ``monte_carlo``.
    """

    model: RiskModel = RiskModel.HISTORICAL
    confidence: float = 0.95
    days: int = 1
    horizon: Horizon = Horizon.OVERLAPPING
    lookback: int = 252
    minimum: int = 30
    quantile: Quantile = Quantile.LINEAR
    mean: Mean = Mean.ZERO
    freedom: float = 5.0
    decay: float = DAILY_DECAY
    seed: int = 0


def symbol_risk(returns: Floats, policy: RiskPolicy) -> RiskEstimate:
    """VaR and CVaR of one symbol from the newest ``policy.lookback`` of ``returns`` [n]: simple, daily, oldest first.

    A historical window that does not reach the tail (fewer than 1 / a observations) is answered by the normal model, and the note says so;
    every other reason not to answer gives no estimate.
    """
    fault = fault_of_question(returns[-policy.lookback :] if returns.ndim else returns, policy.confidence, max(policy.minimum, 2))
    if fault := fault or fault_of_horizon(policy.days) or ("" if policy.lookback > 0 else f"the lookback is {policy.lookback} days"):
        return no_estimate(policy.model, returns.size, fault)
    window = returns[-policy.lookback :]
    if policy.days == 1 or policy.horizon is Horizon.SQRT_TIME:
        found = _one_period(window, policy)
        return found if policy.days == 1 else sqrt_time(found, policy.days)
    periods = compounded(window, policy.days)[policy.days - 1 :]
    return _one_period(periods, policy)


def _one_period(window: Floats, policy: RiskPolicy) -> RiskEstimate:
    short = len(window) < reaching_minimum(policy.confidence)
    if short and policy.model in {RiskModel.HISTORICAL, RiskModel.AGE_WEIGHTED}:
        found = normal(window, policy.confidence, mean=policy.mean)
        why = f"{len(window)} observations do not reach the tail: normal instead of {policy.model}"
        return replace(found, note=found.note or why)
    return _modelled(window, policy)


def _modelled(window: Floats, policy: RiskPolicy) -> RiskEstimate:
    confidence = policy.confidence
    match policy.model:
        case RiskModel.HISTORICAL:
            return historical(window, confidence, policy.quantile)
        case RiskModel.AGE_WEIGHTED:
            return age_weighted(window, confidence)
        case RiskModel.EWMA:
            return ewma(window, confidence, policy.decay)
        case RiskModel.GARCH | RiskModel.GARCH_STUDENT | RiskModel.FILTERED_HISTORICAL:
            return _by_garch(window, policy)
        case _:
            return _by_distribution(window, policy)


def _by_distribution(window: Floats, policy: RiskPolicy) -> RiskEstimate:
    confidence = policy.confidence
    match policy.model:
        case RiskModel.STUDENT:
            return student(window, confidence, policy.freedom, mean=policy.mean)
        case RiskModel.STUDENT_FITTED:
            return student_fitted(window, confidence)
        case RiskModel.CORNISH_FISHER:
            return cornish_fisher(window, confidence, mean=policy.mean)
        case RiskModel.MONTE_CARLO:
            return monte_carlo(window, confidence, generator_of(policy.seed), mean=policy.mean)
        case _:
            return normal(window, confidence, mean=policy.mean)


def _by_garch(window: Floats, policy: RiskPolicy) -> RiskEstimate:
    if len(window) < FIT_MINIMUM:
        return no_estimate(policy.model, len(window), f"{len(window)} observations; a GARCH fit needs {FIT_MINIMUM}")
    shocks = Shocks.STUDENT if policy.model is RiskModel.GARCH_STUDENT else Shocks.NORMAL
    model = fit_garch(window, shocks)
    if policy.model is RiskModel.FILTERED_HISTORICAL:
        return filtered_historical(model, window, policy.confidence, policy.quantile)
    return garch(model, window, policy.confidence)
