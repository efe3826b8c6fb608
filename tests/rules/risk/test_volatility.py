from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from arch import arch_model
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.signal import lfilter

from framework.rules.risk.ewma import Seed, ewma, ewma_forecasts, ewma_volatility
from framework.rules.risk.garch import GarchModel, filtered_historical, garch, variance_path, volatility_ahead
from framework.rules.risk.garch_fit import Shocks, fit_garch
from framework.rules.risk.quantiles import Quantile
from tests.rules.risk import market
from tests.rules.risk.drawn import returns

FIXED = GarchModel(mu=0.0004, omega=2e-6, alpha=0.05, gamma=0.08, beta=0.88, freedom=6.0, backcast=1.2e-4)
NORMAL = GarchModel(mu=0.0004, omega=2e-6, alpha=0.05, gamma=0.08, beta=0.88, freedom=math.inf, backcast=1.2e-4)


# EWMA


@pytest.mark.parametrize(
    ("seed", "start"),
    [
        (Seed.SAMPLE_VARIANCE, lambda r: np.var(r, ddof=1)),
        (Seed.MEAN_SQUARE, lambda r: np.mean(r**2)),
        (Seed.ZERO, lambda _: 0.0),
        (Seed.FIRST_SQUARE, lambda r: r[0] ** 2),
    ],
)
def test_the_recursion_is_a_linear_filter_from_its_seed(seed, start):
    sample = market.stock("IBM")[-60:]
    filtered, _ = lfilter([0.06], [1.0, -0.94], sample**2, zi=[0.94 * start(sample)])
    assert ewma_volatility(sample, 0.94, seed).value == pytest.approx(math.sqrt(filtered[-1]), rel=1e-12)


def test_without_a_seed_the_weights_add_up_to_one():
    assert ewma_volatility(np.full(30, -0.02), 0.9, Seed.NORMALISED).value == pytest.approx(0.02)
    assert ewma_volatility(np.array([0.1, 0.2]), 0.5, Seed.NORMALISED).value == pytest.approx(math.sqrt((0.5 * 0.01 + 0.04) / 1.5))


@given(returns(5, 60), st.integers(1, 4))
def test_a_forecast_uses_no_later_return(sample, cut):
    changed = sample.copy()
    changed[cut:] = 0.3
    assert ewma_forecasts(sample)[:cut].tolist() == ewma_forecasts(changed)[:cut].tolist()
    assert ewma_forecasts(sample)[-1] == ewma_volatility(sample).value


def test_forecasts_end_at_a_broken_return():
    column = ewma_forecasts(np.array([0.01, 0.02, np.nan, 0.01]))
    assert np.isnan(column).tolist() == [False, False, True, True]


def test_ewma_var_is_normal_around_zero():
    sample = market.stock("IBM")[-252:]
    found, volatility = ewma(sample, 0.99), ewma_volatility(sample).value
    assert found.var == pytest.approx(stats.norm.ppf(0.99) * volatility)
    assert found.cvar == pytest.approx(volatility * stats.norm.pdf(stats.norm.ppf(0.99)) / 0.01)


@pytest.mark.parametrize("decay", [0.0, 1.0, -0.1, math.nan])
def test_a_decay_outside_its_range_is_refused(decay):
    assert "decay" in ewma(market.stock("IBM"), 0.95, decay).note


# GARCH


@pytest.mark.parametrize("asymmetric", [False, True])
def test_filtering_gives_the_variances_of_the_fit(asymmetric):
    sample = market.stock("IBM")
    model = fit_garch(sample, asymmetric=asymmetric)
    fitted = arch_model(100 * sample, vol="GARCH", o=int(asymmetric), rescale=False).fit(disp="off")
    path = variance_path(model, sample)
    assert 100 * np.sqrt(path[:-1]) == pytest.approx(fitted.conditional_volatility, rel=1e-9)
    ahead = fitted.forecast(horizon=10, reindex=False).variance.to_numpy()[0]
    assert 1e4 * path[-1] == pytest.approx(ahead[0], rel=1e-9)
    assert 100 * volatility_ahead(model, sample, 10).value == pytest.approx(math.sqrt(ahead.sum()), rel=1e-9)


def test_the_likelihood_is_that_of_its_own_variances():
    sample = market.stock("MSFT")[-1200:]
    model = fit_garch(sample, Shocks.STUDENT)
    spread = 100 * np.sqrt(variance_path(model, sample)[:-1])
    scale = spread * math.sqrt((model.freedom - 2) / model.freedom)
    assert stats.t.logpdf(100 * sample, model.freedom, 100 * model.mu, scale).sum() == pytest.approx(model.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("model", [FIXED, NORMAL])
def test_garch_risk_is_the_shock_distribution_at_tomorrows_volatility(model):
    sample = market.stock("IBM")[-500:]
    volatility = volatility_ahead(model, sample).value
    shock = stats.norm() if math.isinf(model.freedom) else stats.t(model.freedom, scale=math.sqrt((model.freedom - 2) / model.freedom))
    found = garch(model, sample, 0.975)
    assert found.var == pytest.approx(-(model.mu + volatility * shock.ppf(0.025)))
    assert found.cvar == pytest.approx(-(model.mu + volatility * integrate.quad(shock.ppf, 0, 0.025)[0] / 0.025), rel=1e-6)


@pytest.mark.parametrize("quantile", [Quantile.LINEAR, Quantile.KTH_WORST])
def test_filtered_simulation_replays_past_shocks_at_tomorrows_volatility(quantile):
    sample = market.stock("IBM")[-500:]
    path = np.sqrt(variance_path(FIXED, sample))
    replayed = FIXED.mu + path[-1] * (sample - FIXED.mu) / path[:-1]
    method = "linear" if quantile is Quantile.LINEAR else "inverted_cdf"
    found = filtered_historical(FIXED, sample, 0.99, quantile)
    assert found.var == pytest.approx(-np.quantile(replayed, 0.01, method=method), rel=1e-9)
    assert found.cvar == pytest.approx(-np.sort(replayed)[:5].mean(), rel=1e-9)


def test_a_loss_raises_the_variance_of_an_asymmetric_model_more_than_a_gain():
    loss, gain = (variance_path(FIXED, np.array([FIXED.mu + step]))[-1] for step in (-0.03, 0.03))
    assert loss - gain == pytest.approx(0.08 * 0.03**2)


def test_the_horizon_returns_to_the_long_run():
    calm = volatility_ahead(FIXED, np.full(200, FIXED.mu), 5000).value / math.sqrt(5000)
    assert calm == pytest.approx(FIXED.long_run_volatility, rel=1e-2)
    assert GarchModel(0.0, 1e-6, 0.1, 0.0, 0.9, math.inf, 1e-4).long_run_volatility == math.inf


def test_without_arch_there_is_no_model_and_the_note_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch", None)
    model = fit_garch(market.stock("IBM"))
    assert not model.known
    assert 'pip install "onetape[risk]"' in model.note
    assert garch(model, market.stock("IBM"), 0.95).note == model.note
    assert filtered_historical(model, market.stock("IBM"), 0.95).note == model.note
    assert np.isnan(variance_path(model, market.stock("IBM"))).all()


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (np.zeros(499), "499 observations; at least 500"),
        (np.zeros(600), "deviation of the returns is 0"),
        (np.full(600, np.nan), "the value at 0 is nan"),
        (1e6 * np.sin(np.arange(600.0)), "can be fitted"),
    ],
)
def test_returns_that_cannot_be_fitted_are_refused(sample, why):
    assert why in fit_garch(sample).note


def test_hard_samples_have_a_model_or_a_reason():
    generator = np.random.default_rng(9)
    for sample in (
        np.where(np.arange(600) == 300, 0.9, 0.0) + 1e-5 * generator.standard_normal(600),
        0.01 * np.where(np.arange(600) % 2, 1.0, -1.0),
        generator.standard_cauchy(600).clip(-0.9, 5.0),
        0.001 * np.arange(600.0) / 600,
    ):
        for shocks in Shocks:
            model = fit_garch(sample, shocks, asymmetric=True)
            found = garch(model, sample, 0.99)
            assert found.known or found.note


def test_filtering_needs_variances_and_a_reached_tail():
    dead = GarchModel(mu=0.0, omega=0.0, alpha=0.0, gamma=0.0, beta=0.0, freedom=math.inf, backcast=1e-4)
    assert "variance is zero" in filtered_historical(dead, market.stock("IBM"), 0.95).note
    assert "at least 100" in filtered_historical(FIXED, market.stock("IBM")[:99], 0.99).note


def test_shocks_without_a_variance_have_no_risk():
    assert "no variance" in garch(GarchModel(0.0, 1e-6, 0.1, 0.0, 0.8, 2.0, 1e-4), market.stock("IBM"), 0.99).note


def test_a_fit_keeps_the_presample_variance_it_was_given_and_counts_its_returns():
    sample = market.stock("IBM")[-600:]
    own, given = fit_garch(sample), fit_garch(sample, backcast=4e-4)
    assert (own.observations, own.gamma, own.note) == (600, 0.0, "")
    assert given.backcast == pytest.approx(4e-4)
    assert own.backcast != pytest.approx(4e-4, rel=1e-3)
    fitted = arch_model(100 * sample, vol="GARCH", rescale=False).fit(disp="off", backcast=4.0)
    assert 100 * np.sqrt(variance_path(given, sample)[:-1]) == pytest.approx(fitted.conditional_volatility, rel=1e-6)
    assert fit_garch(np.zeros(600)).observations == 600
