"""A backtest on past bars that come from Robinhood over the network, here from the double."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from brokers.robinhood.testing import RobinhoodDouble, RunningClock
from brokers.robinhood.testing.clock import iso
from data.calendar import session_closes
from framework import run
from framework.app.commands.cli import app
from framework.errors import AuthenticationError, ConfigError
from framework.runtime.clock import now_ns
from tests.app.test_login import VARIABLES

CONFIG = {
    "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 3, "slow": 6}},
    "universe": {"symbols": ["AAPL", "F"]},
    "data": {"source": "robinhood", "warmup": 0},
}


def past_bars(days):
    """Bars of the last sessions, the one of today among them."""
    today = date.fromisoformat(iso(now_ns())[:10])
    sessions = session_closes(today - timedelta(days=days), today)
    found = []
    for number, day in enumerate(sessions.day):
        price = f"{100 + (number * 7) % 13}.00"
        prices = dict.fromkeys(("open_price", "high_price", "low_price", "close_price"), price)
        found.append(
            {"begins_at": f"{date(1970, 1, 1) + timedelta(days=int(day))}T00:00:00Z", **prices, "volume": 9_000, "interpolated": False}
        )
    return found


@pytest.fixture
def double(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with RobinhoodDouble(RunningClock(iso(now_ns()))) as running:
        given = {**VARIABLES, "ONETAPE_STATE": str(tmp_path / "state"), "ONETAPE_ROBINHOOD_URL": running.url}
        for name, value in {**given, "ROBINHOOD_RATE_LIMIT_REQUESTS": "50"}.items():
            monkeypatch.setenv(name, value)
        yield running


def again(monkeypatch):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def test_a_backtest_runs_on_bars_of_the_venue_and_places_nothing_there(double, monkeypatch):
    for symbol in ("AAPL", "F"):
        double.set_bars(symbol, "day", past_bars(90))
    assert CliRunner().invoke(app, ["login", "--quiet"]).exit_code == 0
    again(monkeypatch)
    result = run(CONFIG)
    assert result.summary["bars"] > 50
    assert len(result.orders)
    assert double.counts()["order_posts"] == 0


def test_without_a_login_the_bars_are_not_there(double):
    assert double.url
    with pytest.raises(AuthenticationError, match="run `onetape login`"):
        run(CONFIG)


def test_without_a_user_it_is_said_which_variable_is_missing(double, monkeypatch):
    assert double.url
    monkeypatch.delenv("ROBINHOOD_USERNAME")
    with pytest.raises(ConfigError, match="ROBINHOOD_USERNAME is not set"):
        run(CONFIG)
