"""What arch is asked, what becomes of its answers and its failures, and fits that must not depend on the unit of the returns."""

from __future__ import annotations

import math
import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from framework.rules.risk.garch import variance_path
from framework.rules.risk.garch_fit import FIT_MINIMUM, Shocks, fit_garch
from tests.rules.risk import market

SAMPLE = np.where(np.arange(600) % 2, 0.012, -0.008)
FOUND = {"mu": 0.05, "omega": 0.02, "alpha[1]": 0.1, "gamma[1]": 0.04, "beta[1]": 0.85, "nu": 7.0}


class Arch:
    """Stands in for the package: remembers what it was asked and answers ``found``, or raises."""

    def __init__(self, found: dict[str, float] | None = None, flag: int = 0, failure: Exception | None = None, noisy: bool = False) -> None:
        self.result = SimpleNamespace(convergence_flag=flag, params=FOUND if found is None else found, loglikelihood=-800.5)
        self.failure, self.noisy = failure, noisy
        self.returns: np.ndarray | None = None
        self.asked: dict[str, Any] = {}
        self.fitted: dict[str, Any] = {}
        self.volatility = SimpleNamespace(backcast=lambda shocks: shocks.sum())

    def __call__(self, returns: np.ndarray, **asked: Any) -> Arch:
        self.returns, self.asked = returns, asked
        return self

    def fit(self, **fitted: Any) -> SimpleNamespace:
        self.fitted = fitted
        if self.failure:
            raise self.failure
        if self.noisy:
            warnings.warn("hard to fit", RuntimeWarning, stacklevel=1)
            np.log(np.zeros(1))
        return self.result

    def starting_values(self) -> float:
        return 0.25

    def resids(self, values: float) -> list[float]:
        return [values, 2.0 * values]


def asked_of(monkeypatch: pytest.MonkeyPatch, arch: Arch) -> Arch:
    monkeypatch.setattr("arch.arch_model", arch)
    return arch


@pytest.mark.parametrize(("asymmetric", "shocks", "name"), [(False, Shocks.NORMAL, "normal"), (True, Shocks.STUDENT, "t")])
def test_the_model_asked_for_is_written_out_in_full(monkeypatch, asymmetric, shocks, name):
    arch = asked_of(monkeypatch, Arch())
    fit_garch(SAMPLE, shocks, asymmetric=asymmetric, backcast=3e-4)
    assert arch.returns == pytest.approx(100.0 * SAMPLE, rel=1e-15)
    assert arch.asked == {"mean": "Constant", "vol": "GARCH", "p": 1, "o": int(asymmetric), "q": 1, "dist": name, "rescale": False}
    assert arch.fitted == {"disp": "off", "show_warning": False, "backcast": pytest.approx(3.0, rel=1e-12)}


def test_the_answer_in_percent_becomes_fractions(monkeypatch):
    asked_of(monkeypatch, Arch())
    model = fit_garch(SAMPLE, Shocks.STUDENT, asymmetric=True)
    assert (model.mu, model.omega, model.backcast) == pytest.approx((0.0005, 0.02e-4, 0.75e-4), rel=1e-12)
    assert (model.alpha, model.gamma, model.beta, model.freedom) == (0.1, 0.04, 0.85, 7.0)
    assert (model.log_likelihood, model.observations, model.note) == (-800.5, 600, "")


def test_a_symmetric_model_of_normal_shocks_has_no_asymmetry_and_no_tails(monkeypatch):
    asked_of(monkeypatch, Arch({name: FOUND[name] for name in ("mu", "omega", "alpha[1]", "beta[1]")}))
    model = fit_garch(SAMPLE)
    assert (model.gamma, model.freedom) == (0.0, math.inf)


def test_a_presample_variance_that_was_given_is_kept(monkeypatch):
    arch = asked_of(monkeypatch, Arch())
    assert fit_garch(SAMPLE, backcast=3e-4).backcast == pytest.approx(3e-4, rel=1e-12)
    assert fit_garch(SAMPLE).backcast == pytest.approx(0.75e-4, rel=1e-12)
    assert arch.fitted["backcast"] is None


def test_a_library_that_warns_is_not_heard(monkeypatch):
    asked_of(monkeypatch, Arch(noisy=True))
    with np.errstate(all="raise"):
        assert fit_garch(SAMPLE).known


def test_a_real_fit_prints_nothing(capfd):
    assert fit_garch(market.stock("IBM")[-600:]).known
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arch", "note"),
    [
        (Arch(failure=ValueError("bad start")), "the fit failed: bad start"),
        (Arch(failure=np.linalg.LinAlgError("singular")), "the fit failed: singular"),
        (Arch(failure=ZeroDivisionError("by zero")), "the fit failed: by zero"),
        (Arch(flag=4), "the fit did not converge (flag 4)"),
        (Arch(flag=-1), "the fit did not converge (flag -1)"),
        (Arch({"mu": 0.05, "omega": math.nan}), "the fit has no finite parameters: {'mu': 0.05, 'omega': nan}"),
        (Arch({"mu": math.inf, "omega": 0.1}), "the fit has no finite parameters: {'mu': inf, 'omega': 0.1}"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fit_that_fails_is_no_model_and_says_why(monkeypatch, arch, note):
    asked_of(monkeypatch, arch)
    model = fit_garch(SAMPLE)
    assert (model.note, model.observations) == (note, 600)
    assert math.isnan(model.omega)


@pytest.mark.parametrize(
    ("deviation", "note"),
    [
        (0.99e-6, "the deviation of the returns is 9.9e-07; 1e-06 to 1 can be fitted"),
        (1.01e-6, ""),
        (0.99, ""),
        (1.01, "the deviation of the returns is 1.01; 1e-06 to 1 can be fitted"),
    ],
)
def test_deviations_that_can_be_fitted(monkeypatch, deviation, note):
    asked_of(monkeypatch, Arch())
    model = fit_garch(deviation * SAMPLE / SAMPLE.std(ddof=1))
    assert (model.note, model.observations) == (note, 600)


def test_without_arch_the_note_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "arch", None)
    model = fit_garch(SAMPLE)
    assert (model.note, model.observations) == ('fitting needs the package arch: pip install "onetape[risk]"', 600)


def test_five_hundred_returns_are_enough():
    sample = market.index_returns()[-FIT_MINIMUM:]
    assert (FIT_MINIMUM, fit_garch(sample).note) == (500, "")
    assert fit_garch(sample[1:]).observations == 499


@pytest.mark.parametrize("scale", [1e-4, 1e-3, 0.01, 0.1, 10.0])
def test_a_fit_does_not_depend_on_the_unit_of_the_returns(scale):
    """Left in percent, a series a thousand times calmer came back with the optimiser's starting values, 0.1 and 0.8."""
    sample = market.stock("IBM")[-600:]
    model, other = fit_garch(sample), fit_garch(scale * sample)
    assert (other.alpha, other.beta) == pytest.approx((model.alpha, model.beta), rel=1e-3)
    assert (other.mu / scale, other.omega / scale**2) == pytest.approx((model.mu, model.omega), rel=2e-3)
    assert other.backcast / scale**2 == pytest.approx(model.backcast, rel=1e-9)
    assert other.log_likelihood == pytest.approx(model.log_likelihood - 600 * math.log(scale), rel=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_the_likelihood_is_that_of_returns_in_percent(scale):
    sample = scale * market.stock("MSFT")[-800:]
    model = fit_garch(sample)
    spread = 100.0 * np.sqrt(variance_path(model, sample)[:-1])
    assert stats.norm.logpdf(100.0 * sample, 100.0 * model.mu, spread).sum() == pytest.approx(model.log_likelihood, rel=1e-9)
