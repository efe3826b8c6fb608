"""For each reference value: how this package answers the question it asks."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from framework.rules.risk import benchmark, portfolio
from framework.rules.risk.backtests import Transitions, combined, independence_of, kupiec, kupiec_region, transitions, violations
from framework.rules.risk.covariance import ewma_covariance, ledoit_wolf, sample_covariance
from framework.rules.risk.ewma import Seed, ewma, ewma_forecasts, ewma_volatility, next_variance
from framework.rules.risk.garch import GarchModel, filtered_historical, volatility_ahead
from framework.rules.risk.garch import next_variance as next_garch
from framework.rules.risk.garch_fit import Shocks, fit_garch
from framework.rules.risk.horizon import compounded, sqrt_time
from framework.rules.risk.joint import component_worst_days, joint_historical, simple_sum
from framework.rules.risk.moments import moments, unbiased_skewness
from framework.rules.risk.montecarlo import generator_of, monte_carlo
from framework.rules.risk.panel import rolling_historical
from framework.rules.risk.parametric import (
    Mean,
    cornish_fisher,
    cornish_fisher_discriminant,
    normal,
    normal_tail,
    third_order_quantile,
)
from framework.rules.risk.quantiles import Quantile, age_weighted, historical
from framework.rules.risk.shortfall import Shortfall, expected_shortfall
from framework.rules.risk.shortfall_backtests import acerbi_szekely_z1, simulate_null
from framework.rules.risk.student import fit_student, student, student_fitted
from framework.rules.risk.traffic_light import binomial_cumulative
from tests.rules.risk import market

if TYPE_CHECKING:
    from collections.abc import Callable

    Answers = dict[str, Callable[[], object]]

VALUE = 1_000_000.0
VALUES = VALUE * np.array([0.4, 0.3, 0.2, 0.1])
MSFT = 3
HULL_LOSSES = np.array([477.841, 345.435, 282.204, 277.041, 253.385])
HULL_SCALED = np.array([1082.969, 715.512, 687.720, 661.221, 602.968])


def year() -> np.ndarray:
    return market.stock("AAPL")[-252:]


def two_years() -> np.ndarray:
    return market.four_stocks()[-500:].mean(axis=1)


def joint_year() -> np.ndarray:
    return market.four_stocks()[-252:]


def es(returns: np.ndarray, confidence: float, definition: Shortfall) -> float:
    return expected_shortfall(returns, confidence, definition).value


def quantile_answers() -> Answers:
    answers: Answers = {}
    for name in ("linear", "higher", "lower", "hazen", "weibull", "median_unbiased"):
        for percent in (95, 99):
            answers[f"hist.var{percent}.{name}"] = lambda n=name, p=percent: historical(year(), p / 100, Quantile(n)).var
    return answers | {
        "hist.es95.mean_le_var": lambda: es(year(), 0.95, Shortfall.AT_OR_BEYOND_VAR),
        "hist.es99.empyrical": lambda: es(year(), 0.99, Shortfall.INDEXED),
        "hist.T500.var95.kth_worst": lambda: historical(two_years(), 0.95, Quantile.KTH_WORST).var,
        "hist.T500.var99.kth_worst": lambda: historical(two_years(), 0.99, Quantile.KTH_WORST).var,
        "hist.T500.es95.hull": lambda: es(two_years(), 0.95, Shortfall.HULL),
        "hist.T500.es99.rockafellar_uryasev": lambda: historical(two_years(), 0.99).cvar,
        "hist.var99.10d.overlapping": lambda: historical(compounded(market.stock("AAPL"), 10)[9:], 0.99).var,
        "hist.var99.10d.sqrt_time": lambda: sqrt_time(historical(market.stock("AAPL"), 0.99), 10).var,
        "hist.var99.age_weighted_0.995": lambda: age_weighted(year(), 0.99, 0.995).var,
        "edge.zero_var.RRC.first_date": lambda: first_stale_day()[0],
        "edge.zero_var.RRC.zero_share": lambda: first_stale_day()[1],
    }


def first_stale_day() -> tuple[str, float]:
    days, returns = market.stale_stock()
    row = int(np.flatnonzero(rolling_historical(returns, 252, 0.95)[0] == 0.0)[0])
    return days[row], float(np.mean(returns[row - 251 : row + 1] == 0.0))


def distribution_answers() -> Answers:
    return {
        "norm.mu": lambda: moments(year()).mean,
        "norm.var95.with_mean": lambda: normal(year(), 0.95, mean=Mean.SAMPLE).var,
        "norm.es99.with_mean": lambda: normal(year(), 0.99, mean=Mean.SAMPLE).cvar,
        "norm.var95.10d.zero_mean": lambda: normal(year(), 0.95, days=10).var,
        "norm.var99.10d.zero_mean": lambda: normal(year(), 0.99, days=10).var,
        "norm.var99.10d.with_mean": lambda: normal(year(), 0.99, mean=Mean.SAMPLE, days=10).var,
        "mc.normal.var99.1e5": lambda: monte_carlo(year(), 0.99, generator_of(7)).var,
        "t.mle.loc": lambda: fit_student(year()).location,
        "t.mle.loglik": lambda: fit_student(year()).log_likelihood,
        "t.mle.var95": lambda: student_fitted(year(), 0.95).var,
        "t.mle.var99": lambda: student_fitted(year(), 0.99).var,
        "t.mle.es99": lambda: student_fitted(year(), 0.99).cvar,
        "t.nu5.es95": lambda: student(year(), 0.95, 5.0).cvar,
        "t.nu5.var99": lambda: student(year(), 0.99, 5.0).var,
        "t.nu5.var99.WRONG_unscaled": lambda: student(year(), 0.99, 5.0).var,
        "moments.skew": lambda: moments(year()).skewness,
        "moments.skew.unbiased": lambda: unbiased_skewness(moments(year()).skewness, 252),
        "cf.var95": lambda: cornish_fisher(year(), 0.95).var,
        "cf.es99.integrated": lambda: cornish_fisher(year(), 0.99).cvar,
        "cf.domain.AAPL_all": lambda: cornish_fisher_discriminant(*moments(market.stock("AAPL"))[2:4]),
        "pub.hull.cornish_fisher.w": lambda: third_order_quantile(-2.33, -0.4),
        "pub.hull.cornish_fisher.q01": lambda: -0.2 + 2.2 * third_order_quantile(-2.33, -0.4),
    }


def ewma_answers() -> Answers:
    return {
        "ewma.vol.W60.sample_seed": lambda: ewma_volatility(year()[-60:], 0.94, Seed.SAMPLE_VARIANCE).value,
        "ewma.var95.normal": lambda: ewma(year(), 0.95).var,
        "ewma.es95.normal": lambda: ewma(year(), 0.95).cvar,
        "pub.hull.ewma": lambda: math.sqrt(next_variance(0.01**2, 0.02, 0.9)),
        "pub.riskmetrics.equal_vol": lambda: ewma_volatility(dollar_mark(), 1.0 - 1e-12, Seed.NORMALISED).value,
    }


def dollar_mark() -> np.ndarray:
    text = (
        "0.634 0.115 -0.46 0.094 0.176 -0.088 -0.142 0.324 -0.943 -0.528 -0.107 -0.16 -0.445 0.053 0.152 -0.318 0.424 -0.708 -0.105 -0.257"
    )
    return np.array(text.split(), dtype=np.float64)


@cache
def garch_model(name: str) -> GarchModel:
    if name == "fcp":
        return benchmark_model()
    returns = market.stock("AAPL") if name == "AAPL" else market.index_returns()
    shocks = Shocks.STUDENT if name == "sp500_t" else Shocks.NORMAL
    return fit_garch(returns, shocks, asymmetric=name == "sp500_gjr")


def benchmark_model() -> GarchModel:
    """The presample of the benchmark is the mean square around the fitted mean, which is known after a first fit."""
    returns = market.mark_pound()
    first = fit_garch(returns, backcast=float(np.var(returns)))
    return fit_garch(returns, backcast=float(np.mean((returns - first.mu) ** 2)))


def garch_answers() -> Answers:
    index, stock = market.index_returns, lambda: market.stock("AAPL")
    fixed = GarchModel(mu=0.0, omega=2e-6, alpha=0.13, gamma=0.0, beta=0.86, freedom=math.inf, backcast=0.016**2)
    return {
        "garch.sp500.alpha[1]": lambda: garch_model("sp500").alpha,
        "garch.sp500_t.alpha[1]": lambda: garch_model("sp500_t").alpha,
        "garch.sp500_t.nu": lambda: garch_model("sp500_t").freedom,
        "garch.sp500_t.sigma_next": lambda: 100.0 * volatility_ahead(garch_model("sp500_t"), index()).value,
        "garch.sp500_gjr.mu": lambda: 100.0 * garch_model("sp500_gjr").mu,
        "garch.sp500_gjr.alpha[1]": lambda: garch_model("sp500_gjr").alpha,
        "garch.sp500_gjr.beta[1]": lambda: garch_model("sp500_gjr").beta,
        "garch.sp500_gjr.sigma_10d": lambda: 100.0 * volatility_ahead(garch_model("sp500_gjr"), index(), 10).value,
        "garch.sp500_gjr.fhs_var99": lambda: filtered_historical(garch_model("sp500_gjr"), index(), 0.99).var,
        "garch.AAPL.mu": lambda: 100.0 * garch_model("AAPL").mu,
        "garch.AAPL.alpha[1]": lambda: garch_model("AAPL").alpha,
        "garch.AAPL.loglik": lambda: garch_model("AAPL").log_likelihood,
        "garch.AAPL.sigma_10d": lambda: 100.0 * volatility_ahead(garch_model("AAPL"), stock(), 10).value,
        "pub.fcp.alpha": lambda: garch_model("fcp").alpha,
        "pub.fcp.beta": lambda: garch_model("fcp").beta,
        "pub.fcp.loglik": lambda: garch_model("fcp").log_likelihood,
        "pub.hull.garch": lambda: math.sqrt(next_garch(fixed, 0.016**2, 0.01)),
    }


def benchmark_answers() -> Answers:
    def pair() -> tuple[np.ndarray, np.ndarray]:
        return market.stock_and_index()

    def recent() -> tuple[np.ndarray, np.ndarray]:
        return pair()[0][-252:], pair()[1][-252:]

    return {
        "beta.all": lambda: benchmark.regress(*pair()).beta,
        "beta.all.se": lambda: benchmark.regress(*pair()).beta_error,
        "beta.all.downside": lambda: benchmark.downside_beta(*pair()).beta,
        "alpha.all.annual": lambda: benchmark.regress(*pair()).annual_alpha,
        "te.all.annual": lambda: benchmark.tracking_error(*pair()).value,
        "ir.all.annual": lambda: benchmark.information_ratio(*pair()).value,
        "corr.all.pearson": lambda: benchmark.pearson(*pair()).value,
        "corr.W252.pearson": lambda: benchmark.pearson(*recent()).value,
        "corr.W252.spearman": lambda: benchmark.spearman(*recent()).value,
        "corr.W252.kendall": lambda: benchmark.kendall(*recent()).value,
    }


@cache
def hits(model: str, percent: int) -> np.ndarray:
    returns = market.index_returns()
    if model == "hs":
        return violations(returns, rolling_historical(returns, 250, percent / 100)[0])
    forecasts = normal_tail(0.0, 1.0, percent / 100)[0] * ewma_forecasts(returns)
    forecasts[:249] = math.nan
    return violations(returns, forecasts)


def backtest_answers(model: str, percent: int) -> Answers:
    name, probability = f"bt.{model}{percent}", round(1.0 - percent / 100, 12)

    def found() -> np.ndarray:
        return hits(model, percent)

    def coverage() -> object:
        return kupiec(int(found().sum()), len(found()), probability)

    def independence() -> object:
        return independence_of(transitions(found()))

    return {
        f"{name}.T": lambda: len(found()),
        f"{name}.violations": lambda: int(found().sum()),
        f"{name}.n11": lambda: transitions(found()).n11,
        f"{name}.last250": lambda: int(found()[-250:].sum()),
        f"{name}.lr_uc": lambda: coverage().statistic,
        f"{name}.p_uc": lambda: coverage().p_value,
        f"{name}.lr_ind": lambda: independence().statistic,
        f"{name}.lr_cc": lambda: combined(coverage(), independence()).statistic,
    }


def shortfall_statistic() -> float:
    returns = market.index_returns()
    volatility = ewma_forecasts(returns)
    volatility[:249] = math.nan
    var, shortfall = normal_tail(0.0, 1.0, 0.975)
    return acerbi_szekely_z1(returns, var * volatility, shortfall * volatility).value


def published_backtest_answers() -> Answers:
    answers: Answers = {
        "edge.kupiec.T250_x0": lambda: kupiec(0, 250, 0.01).statistic,
        "bt.es.ewma975.z1": shortfall_statistic,
        "pub.hull.kupiec.n1000_x15": lambda: kupiec(15, 1000, 0.01).statistic,
        "pub.hull.binom.600_ge12": lambda: 1.0 - binomial_cumulative(11, 600, 0.01),
        "pub.jorion.jpm.lr_uc": lambda: kupiec(20, 252, 0.05).statistic,
        "pub.jorion.jpm.lr_cc": lambda: combined(kupiec(20, 252, 0.05), independence_of(Transitions(218, 14, 14, 6))).statistic,
        "pub.jorion.q10.lr_uc": lambda: kupiec(6, 252, 0.01).statistic,
        "pub.acerbi_szekely.z2.crit0.01": lambda: simulate_null(250, 0.975, generator_of(11), histories=200_000).critical_z2(1e-4),
        "pub.matlab.esbacktest.z2crit.t3": lambda: simulate_null(1966, 0.975, generator_of(3), freedom=3.0).critical_z2(0.01),
    }
    for probability in ("0.01", "0.025", "0.05", "0.075", "0.1"):
        for observations in (255, 510, 1000):
            name = f"pub.kupiec.table.p{probability}.T{observations}"
            answers[name] = lambda p=probability, t=observations: list(kupiec_region(t, float(p)))
    for count in range(11):
        answers[f"pub.basel.cumulative.{count}"] = lambda x=count: 100.0 * binomial_cumulative(x, 250, 0.01)
    return answers


def parts() -> portfolio.PortfolioRisk:
    return portfolio.covariance_risk(VALUES, sample_covariance(joint_year()), 0.99)


def half_and_half() -> np.ndarray:
    days = market.four_stock_days()
    return market.four_stocks()[days.index("2010-08-12") : days.index("2011-08-10") + 1, [0, 2]]


def stand_alone(values: np.ndarray, history: np.ndarray) -> float:
    found = [historical(column, 0.99) for column in history.T]
    return simple_sum(values, np.array([one.var for one in found]), np.array([one.cvar for one in found])).var


def portfolio_answers() -> Answers:
    def sample() -> np.ndarray:
        return sample_covariance(joint_year())

    def total(covariance: np.ndarray) -> float:
        return portfolio.covariance_total(VALUES, covariance, 0.99).var

    buy = np.array([0.0, 0.0, 0.0, 50_000.0])
    answers: Answers = {
        "port.es99.cov": lambda: parts().total.cvar,
        "port.marginal_var99.AAPL": lambda: parts().marginal[0],
        "port.incremental_var99.AAPL": lambda: parts().incremental[0],
        "port.var99.cov.after_buy_MSFT_50k": lambda: portfolio.what_if(VALUES, buy, sample(), 0.99).after.var,
        "port.max_add.MSFT.limit30k": lambda: portfolio.largest_addition(VALUES, sample(), 0.99, MSFT, 30_000.0).value,
        "port.es95.hist_joint": lambda: joint_historical(VALUES, joint_year(), 0.95).cvar,
        "port.var99.hist_simple_sum": lambda: stand_alone(VALUES, joint_year()),
        "port.component_es.13worst.AAPL": lambda: component_worst_days(VALUES, joint_year(), 13)[0],
        "port.var99.ewma_cov": lambda: total(ewma_covariance(joint_year())),
        "port.ledoit_wolf.shrinkage": lambda: ledoit_wolf(joint_year())[1],
        "port.var99.ledoit_wolf": lambda: total(ledoit_wolf(joint_year())[0]),
        "port.not_subadditive.simple_sum": lambda: stand_alone(np.array([0.5, 0.5]), half_and_half()),
        "port.subadditive.joint_es99": lambda: joint_historical(np.array([0.5, 0.5]), half_and_half(), 0.99).cvar,
    }
    for place, name in enumerate(("AAPL", "GOOG", "IBM", "MSFT")):
        answers[f"port.component_var99.{name}"] = lambda i=place: parts().component[i]
    return answers


def scenarios(losses: np.ndarray) -> np.ndarray:
    """500 profits whose worst are ``losses`` at the places of Hull's table."""
    profits = np.linspace(0.0, 100.0, 500)
    profits[[493, 338, 348, 328, 486]] = -losses
    return profits


def quantile_confidence(z: float) -> float:
    return NormalDist().cdf(z)


def scaled_var(value: float, deviation: float, z: float, days: int = 1) -> float:
    return value * normal_tail(0.0, deviation * math.sqrt(days), quantile_confidence(z))[0]


def jorion() -> portfolio.PortfolioRisk:
    covariance = np.diag([0.05**2, 0.12**2])
    return portfolio.covariance_risk(np.array([2e6, 1e6]), covariance, quantile_confidence(1.65))


def textbook_answers() -> Answers:
    correlated = np.array([[1.0, 0.3], [0.3, 1.0]]) * np.outer([0.02, 0.01], [0.02, 0.01])
    return {
        "pub.hull.msft.var99.1d": lambda: scaled_var(1e7, 0.02, 2.33),
        "pub.hull.msft.var99.10d": lambda: scaled_var(1e7, 0.02, 2.33, 10),
        "pub.hull.att.var99.1d": lambda: scaled_var(5e6, 0.01, 2.33),
        "pub.hull.att.var99.10d": lambda: scaled_var(5e6, 0.01, 2.33, 10),
        "pub.hull.two.sd": lambda: portfolio.portfolio_deviation(np.array([1e7, 5e6]), correlated),
        "pub.hull.hs.var99": lambda: historical(scenarios(HULL_LOSSES), 0.99, Quantile.KTH_WORST).var,
        "pub.hull.hs.es99.rockafellar_uryasev": lambda: historical(scenarios(HULL_LOSSES), 0.99).cvar,
        "pub.hull.hs.volscaled.es99.beyond_var": lambda: es(scenarios(HULL_SCALED), 0.99, Shortfall.HULL),
        "pub.hull.hs.volscaled.es99.rockafellar_uryasev": lambda: historical(scenarios(HULL_SCALED), 0.99).cvar,
        "pub.jorion.component.cad": lambda: jorion().component[0],
        "pub.jorion.component.eur": lambda: jorion().component[1],
        "pub.jorion.marginal.cad": lambda: jorion().marginal[0],
    }


def answers() -> Answers:
    """Every id this package answers."""
    found = quantile_answers() | distribution_answers() | ewma_answers() | garch_answers() | benchmark_answers() | portfolio_answers()
    for model in ("hs", "ewma"):
        for percent in (95, 99):
            found |= backtest_answers(model, percent)
    return found | published_backtest_answers() | textbook_answers()
