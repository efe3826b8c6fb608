"""Every estimator of VaR and CVaR, asked the same question."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from math import fsum, inf
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk.covariance import sample_covariance
from framework.rules.risk.ewma import Seed, ewma
from framework.rules.risk.garch import GarchModel, filtered_historical, garch
from framework.rules.risk.joint import joint_historical
from framework.rules.risk.models import Horizon, RiskModel, RiskPolicy, symbol_risk
from framework.rules.risk.montecarlo import generator_of, joint_monte_carlo, monte_carlo
from framework.rules.risk.parametric import Mean, cornish_fisher, normal
from framework.rules.risk.portfolio import covariance_total
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.student import student, student_fitted

if TYPE_CHECKING:
    from framework.rules.risk.estimate import RiskEstimate

MODEL = GarchModel(mu=1e-4, omega=2e-6, alpha=0.08, gamma=0.02, beta=0.9, freedom=6.0, backcast=1e-4)
NORMAL_MODEL = GarchModel(mu=0.0, omega=2e-6, alpha=0.1, gamma=0.0, beta=0.85, freedom=inf, backcast=1e-4)

#: A distribution: its CVaR lies truly beyond its VaR.
SMOOTH = {
    **{f"normal {mean} mean": lambda r, c, m=mean: normal(r, c, mean=m) for mean in Mean},
    "normal, ten days": lambda r, c: normal(r, c, days=10),
    **{f"student {freedom}": lambda r, c, f=freedom: student(r, c, f) for freedom in (2.2, 4.0, 200.0)},
    "student fitted": student_fitted,
    "cornish fisher": cornish_fisher,
    **{f"ewma {seed}": lambda r, c, s=seed: ewma(r, c, 0.94, s) for seed in Seed},
    "garch": lambda r, c: garch(NORMAL_MODEL, r, c),
    "garch student": lambda r, c: garch(MODEL, r, c),
    "covariance": lambda r, c: covariance_total(np.ones(1), sample_covariance(r.reshape(-1, 1)), c),
}
#: Past returns themselves: their CVaR is the mean of the worst of them.
EMPIRICAL = {f"historical {one}": lambda r, c, q=one: historical(r, c, q, minimum=1) for one in Quantile} | {
    "joint historical": lambda r, c: joint_historical(np.ones(1), r.reshape(-1, 1), c),
}
#: The rest, and the models behind the one question that a policy asks.
OTHERS = {
    "age weighted": age_weighted,
    "filtered historical": lambda r, c: filtered_historical(MODEL, r, c),
    "monte carlo": lambda r, c: monte_carlo(r, c, generator_of(1), draws=60),
    "joint monte carlo": lambda r, c: joint_monte_carlo(np.ones(1), r.reshape(-1, 1), c, generator_of(1), draws=60),
    **{
        f"{model}, {days} days {horizon}": lambda r, c, m=model, d=days, h=horizon: symbol_risk(
            r, RiskPolicy(m, confidence=c, days=d, horizon=h, minimum=2)
        )
        for model in RiskModel
        if model is not RiskModel.MONTE_CARLO  # ten thousand draws
        for days, horizon in ((1, Horizon.OVERLAPPING), (3, Horizon.OVERLAPPING), (10, Horizon.SQRT_TIME))
    },
}
ALL = SMOOTH | EMPIRICAL | OTHERS


def answer(name: str, returns: np.ndarray, confidence: float) -> RiskEstimate:
    """What the estimator says of ``returns`` at ``confidence``."""
    return ALL[name](returns, confidence)


def tail_mean(returns: np.ndarray, confidence: float) -> float:
    """Mean of the worst ``(1 - confidence) n`` losses, the last one counted in part: Rockafellar and Uryasev, from their definition."""
    losses = sorted((-returns).tolist(), reverse=True)
    mass = (1 - Decimal(repr(confidence))) * len(losses)
    whole = int(mass.to_integral_value(ROUND_FLOOR))
    part = float(mass - whole)
    return (fsum(losses[:whole]) + (part * losses[whole] if part else 0.0)) / float(mass)
