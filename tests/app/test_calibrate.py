"""Parameters fitted to fills: the ones the fills were made with come back, and the file is one that a config reads."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from framework import Strategy, run
from framework.app.compare.calibrate import calibrate
from framework.rules.costs.calibration import calibrated, fill_probability
from tests.app.project import call, config, tree, write

IMPACT = {"slippage": {"model": "impact", "bps": 3, "coefficient": 0.8, "sessions": 20}, "fees": "none"}
HISTORY = {"start": None, "end": None}


def test_the_parameters_a_run_was_made_with_come_back(folder):
    write(config(data=HISTORY, fills=IMPACT, account={"cash": 50_000_000}, limits={"profile": "venue"}, broker={"name": "generic"}), folder)
    assert call("backtest", "--out", "run", "--quiet").code == 0
    found = calibrate(folder / "run").overall
    assert found.fills > 50
    assert found.intercept.value * 1e4 == pytest.approx(3, rel=0.05)
    assert found.impact.value == pytest.approx(0.8, rel=0.05)
    assert found.intercept.low <= found.intercept.value <= found.intercept.high
    assert found.impact.low <= found.impact.value <= found.impact.high


def test_the_file_it_writes_is_read_by_the_next_run(folder):
    write(config(data=HISTORY), folder)
    call("backtest", "--out", "run", "--quiet")
    said = call("calibrate", "run", "--out", "mine.toml", "--json")
    assert said.code == 0
    assert json.loads(said.out)["overall"]["intercept_bps"]["value"] == pytest.approx(2, abs=0.2)
    write(config(data=HISTORY, fills={"slippage": {"model": "fitted", "file": "mine.toml"}}), folder)
    assert call("backtest", "--out", "again", "--quiet").code == 0
    assert call("calibrate", "run", "--out", "other.toml").code == 0
    assert (folder / "other.toml").read_text() == (folder / "mine.toml").read_text()


class Waits(Strategy):
    """A share at market every day, and one at a price that the market stays away from, before a split and after it."""

    def on_bar(self, ctx):
        ctx.buy("AAPL", 1)
        ctx.buy("AAPL", 1, "limit", limit_price=round(0.8 * float(ctx.bars("AAPL").close[-1]), 2), time_in_force="day")


def test_a_price_the_market_stayed_away_from_was_not_reached_whatever_split_came_later(folder):
    days = {"start": date(2004, 12, 1), "end": date(2005, 4, 29)}
    settings = tree(universe={"symbols": ["AAPL"]}, strategy={"class": "x:Waits", "params": None}, data=days, limits={"profile": "venue"})
    played = run({**settings, "stops": {"attach": "never"}}, strategy=Waits)
    assert 2.0 in played.record.series["AAPL"].split
    found = calibrate(played.save(folder / "run"))
    assert (found.limits, found.asked) == (None, 0)


def test_too_few_fills_are_refused(folder):
    write(config(data={"start": date(2006, 1, 3), "end": date(2006, 2, 10)}), folder)
    call("backtest", "--out", "run", "--quiet")
    done = call("calibrate", "run")
    assert done.code == 3
    assert "too few" in done.err


@given(st.lists(st.tuples(st.floats(-0.01, 0.01), st.floats(0, 0.05)), min_size=8, max_size=60))
def test_the_fit_is_that_of_non_negative_least_squares(points):
    slippage, impact = np.array(points).T
    found = calibrated(slippage, impact, np.random.default_rng(0), samples=2)
    matrix = np.column_stack([np.ones(len(impact)), impact])
    _, residual = nnls(matrix, slippage)
    mine = np.linalg.norm(matrix @ [found.intercept.value, found.impact.value] - slippage)
    assert mine == pytest.approx(residual, rel=1e-6, abs=1e-12)
    assert found.intercept.value >= 0
    assert found.impact.value >= 0


def test_wilsons_interval_is_that_of_the_literature():
    # Newcombe (1998), table I: 81 of 263, and 15 of 148, at 95 %.
    assert fill_probability(81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=5e-5)
    assert fill_probability(15, 148) == pytest.approx((0.1014, 0.0624, 0.1605), abs=5e-5)
    assert fill_probability(0, 0) is None
