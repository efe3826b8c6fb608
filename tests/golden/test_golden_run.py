"""The run behind ``make backtest``, recomputed from raw prices by other means, figure by figure."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from datetime import date, datetime
from fractions import Fraction
from itertools import accumulate, pairwise
from math import prod, sqrt
from pathlib import Path
from statistics import mean, stdev
from zoneinfo import ZoneInfo

import pytest

from framework import run
from tests.golden.plain import SYMBOLS, PlainRun, growth, history, value_at_risk

ROOT = Path(__file__).parents[2]
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The run folder."""
    return run(ROOT / "onetape.toml").save(tmp_path_factory.mktemp("golden"))


@pytest.fixture(scope="module")
def summary(folder):
    return json.loads((folder / "summary.json").read_text())


@pytest.fixture(scope="module")
def plain():
    return PlainRun().play()


@pytest.fixture(scope="module")
def curve(folder):
    """Equity by date."""
    return {row["date"]: float(row["equity"]) for row in table(folder, "equity")}


def table(folder, name):
    """Rows of a CSV file of the run folder, with the New York date of each."""
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return [{**row, "date": str(datetime.fromisoformat(row["timestamp"]).astimezone(NEW_YORK).date())} for row in csv.DictReader(file)]


def split_between(days, then, now):
    """How many shares one share became after ``then``, until ``now``."""
    return prod(day.split for date, day in days.items() if then < date <= now)


def held_on(today, symbol, fills, days):
    own = [fill for fill in fills if fill["symbol"] == symbol and fill["date"] <= today]
    return sum(signed(fill) * split_between(days, fill["date"], today) for fill in own)


def signed(row):
    return int(row["quantity"]) * (1 if row["side"] == "buy" else -1)


def test_signals_sizes_stops_and_fills_are_those_of_the_run_in_plain_python(folder, plain):
    ours = [
        (row["date"], row["symbol"], signed(row), Fraction(row["price"]) * 10**6, Fraction(row["fees"]) * 10**6)
        for row in table(folder, "fills")
    ]
    assert len(ours) > 80
    assert ours == [tuple(fill) for fill in plain.fills]


def test_every_entry_got_the_stop_of_the_run_in_plain_python(folder, plain):
    placed = [row for row in table(folder, "orders") if row["role"] == "stop" and row["status"] == "submitted"]
    ours = [(row["date"], row["symbol"], int(row["quantity"]), round(float(row["stop_price"]) * 10**6)) for row in placed]
    first_of_each = [stop for stop in ours if any(stop[:3] == one[:3] for one in plain.stops)]
    assert [tuple(stop) for stop in plain.stops] == first_of_each


def test_the_equity_curve_is_that_of_the_run_in_plain_python(curve, plain):
    assert {day: round(value * 10**6) for day, value in curve.items()} == plain.equity


def test_what_was_made_smaller_or_refused_is_what_budget_and_breakers_did(summary, plain):
    assert min(plain.refused.values()) > 0
    assert summary["refusals"] == plain.refused


def test_breakers_tripped_when_those_of_the_run_in_plain_python_did(folder, plain):
    with closing(sqlite3.connect(folder / "tape.db")) as tape:
        rows = tape.execute("SELECT timestamp, kind, payload FROM events WHERE kind GLOB 'guard_*' ORDER BY sequence").fetchall()
    tripped = [(time, kind) for time, kind, load in rows if json.loads(load)["after"] > json.loads(load)["before"]]
    ours = [(str(datetime.fromtimestamp(time / 1e9, NEW_YORK).date()), kind.removeprefix("guard_")) for time, kind in tripped]
    assert len(ours) > 1
    assert ours == plain.breakers.trips


def test_cash_and_equity_follow_from_the_fills_alone(folder, summary):
    """Exact replay of fills.csv over raw prices: cash in fractions, dividends to those who held before the ex date."""
    histories = {symbol: history(symbol) for symbol in SYMBOLS}
    fills, cash, held = table(folder, "fills"), Fraction(100_000), dict.fromkeys(SYMBOLS, 0)
    for row in table(folder, "equity"):
        today = row["date"]
        held = {symbol: shares * (histories[symbol][today].split if today in histories[symbol] else 1) for symbol, shares in held.items()}
        dividends = {symbol: Fraction(str(round(days[today].dividend, 6))) for symbol, days in histories.items() if today in days}
        cash += sum(Fraction(held[symbol]) * dividend for symbol, dividend in dividends.items())
        for fill in (fill for fill in fills if fill["date"] == today):
            cash -= signed(fill) * Fraction(fill["price"]) + Fraction(fill["fees"])
            held[fill["symbol"]] += signed(fill)
        worth = sum(shares * histories[symbol][today].close for symbol, shares in held.items() if shares)
        assert Fraction(row["cash"]) == cash
        assert float(row["equity"]) == pytest.approx(float(cash) + worth, abs=1e-4)
    assert summary["final_equity"] == pytest.approx(float(cash) + worth, abs=1e-4)


def test_the_figures_of_the_curve_follow_from_it_by_definition(summary, curve):
    values = list(curve.values())
    returns = [now / before - 1 for before, now in pairwise(values)]
    years = len(returns) / 252
    peaks = list(accumulate(values, max))
    drawdown = min(value / peak - 1 for value, peak in zip(values, peaks, strict=True))
    cagr = prod(1 + one for one in returns) ** (1 / years) - 1
    downside = sqrt(mean(min(one, 0.0) ** 2 for one in returns))
    expected = {
        "total_return": values[-1] / 100_000 - 1,
        "cagr": cagr,
        "volatility": stdev(returns) * sqrt(252),
        "sharpe": mean(returns) / stdev(returns) * sqrt(252),
        "sortino": mean(returns) / downside * sqrt(252),
        "max_drawdown": drawdown,
        "calmar": cagr / -drawdown,
        "var_95_1d": -quantile(returns, 0.05),
    }
    assert {name: summary[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def quantile(values, share):
    """Linear between observations."""
    ordered, rank = sorted(values), share * (len(values) - 1)
    return ordered[int(rank)] + (ordered[int(rank) + 1] - ordered[int(rank)]) * (rank % 1)


def test_the_longest_time_under_water_is_counted_in_days(summary, curve):
    high, since, longest = 0.0, None, 0
    for day, value in curve.items():
        if value >= high:
            longest = max(longest, 0 if since is None else (date.fromisoformat(day) - since).days)
            high, since = value, date.fromisoformat(day)
    longest = max(longest, (date.fromisoformat(day) - since).days)
    assert summary["max_drawdown_days"] == longest


def test_the_figures_of_the_trades_follow_from_the_fills(summary, plain):
    """Round trips from flat to flat, with the dividends received on the way."""
    histories = {symbol: history(symbol) for symbol in SYMBOLS}
    profits = []
    for symbol in SYMBOLS:
        opened = None
        for fill in (fill for fill in plain.fills if fill.symbol == symbol):
            if opened is None:
                opened = fill
                continue
            days = histories[symbol]
            more = split_between(days, opened.date, fill.date)
            assert fill.shares == -opened.shares * more
            paid = sum(
                day.dividend * split_between(days, opened.date, when) for when, day in days.items() if opened.date < when <= fill.date
            )
            profits.append(opened.shares * ((fill.price * more - opened.price) / 10**6 + paid) - fill.fees / 10**6)
            opened = None
    gains, losses = [one for one in profits if one > 0], [one for one in profits if one <= 0]
    assert summary["trades"] == len(profits)
    assert summary["win_rate"] == pytest.approx(len(gains) / len(profits))
    assert summary["profit_factor"] == pytest.approx(sum(gains) / -sum(losses))
    assert summary["expectancy"] == pytest.approx(mean(profits))


def test_costs_and_exposure_follow_from_the_fills(folder, summary, plain):
    fills = table(folder, "fills")
    slippage = sum(signed(fill) * (float(fill["price"]) - float(fill["reference_price"])) for fill in fills)
    traded = sum(int(fill["quantity"]) * float(fill["price"]) for fill in fills)
    assert summary["slippage_cost"] == pytest.approx(slippage)
    assert slippage == pytest.approx(0.0002 * traded, rel=1e-3)
    assert summary["fees"] == sum(fill.fees for fill in plain.fills) / 10**6 > 0
    exposures = [(float(row["equity"]) - float(row["cash"])) / float(row["equity"]) for row in table(folder, "equity")]
    assert summary["exposure"] == pytest.approx(mean(exposures))


def test_the_risk_forecast_is_the_sum_of_the_positions_var(folder, plain):
    """On every hundredth day, from the positions that the fills leave."""
    fills = table(folder, "fills")
    for row in table(folder, "equity")[::100]:
        today = row["date"]
        held = {symbol: held_on(today, symbol, fills, plain.histories[symbol]) for symbol in SYMBOLS}
        at_risk = sum(
            shares * plain.histories[symbol][today].close * value_at_risk(plain.past(symbol, today)[-253:])
            for symbol, shares in held.items()
            if shares
        )
        assert float(row["var_1d"]) == pytest.approx(at_risk / float(row["equity"]), abs=1e-9)
        beyond = sum(
            shares * plain.histories[symbol][today].close * tail_mean(total_returns(plain.histories[symbol], today).values())
            for symbol, shares in held.items()
            if shares
        )
        assert float(row["cvar_1d"]) == pytest.approx(beyond / float(row["equity"]), abs=1e-9)


def test_the_joint_forecast_is_what_the_holdings_would_have_lost_on_the_days_they_share(folder, plain):
    """On every hundredth day: the 5 % quantile of the profits of today's holdings over the last 252 returns that all of them have."""
    fills, compared = table(folder, "fills"), 0
    for row in table(folder, "equity")[::100]:
        today = row["date"]
        held = {symbol: held_on(today, symbol, fills, plain.histories[symbol]) for symbol in SYMBOLS}
        values = {symbol: shares * plain.histories[symbol][today].close for symbol, shares in held.items() if shares}
        returns = {symbol: total_returns(plain.histories[symbol], today) for symbol in values}
        shared = sorted(set.intersection(*map(set, returns.values()))) if returns else []
        profits = [sum(value * returns[symbol][day] for symbol, value in values.items()) for day in shared]
        expected = -quantile(profits, 0.05) / float(row["equity"]) if profits else 0.0
        assert float(row["joint_var_1d"]) == pytest.approx(expected, abs=1e-9)
        beyond = tail_mean(profits) / float(row["equity"]) if profits else 0.0
        assert float(row["joint_cvar_1d"]) == pytest.approx(beyond, abs=1e-9)
        compared += len(values) > 1
    assert compared > 5


def tail_mean(outcomes):
    """Mean loss of the worst 5 %, the outcome on the edge counted by its part of it."""
    ordered, mass = sorted(outcomes), 0.05 * len(outcomes)
    return -(sum(ordered[: int(mass)]) + (mass - int(mass)) * ordered[int(mass)]) / mass


def total_returns(days, today):
    """The last 252 returns until ``today``, by date."""
    known = [(day, bar) for day, bar in days.items() if day <= today]
    return {day: growth(before, bar) - 1 for (_, before), (day, bar) in list(pairwise(known))[-252:]}


def test_the_figures_are_those_recorded(summary):
    """figures.toml changes only together with a line under "Changes results" in CHANGELOG.md."""
    recorded = tomllib.loads((Path(__file__).parent / "figures.toml").read_text())
    exact = {name: value for name, value in recorded.items() if not isinstance(value, float)}
    assert {name: summary[name] for name in exact} == exact
    rounded = {name: value for name, value in recorded.items() if isinstance(value, float)}
    assert {name: summary[name] for name in rounded} == pytest.approx(rounded, rel=1e-9)


@pytest.mark.slow
def test_another_process_with_another_hash_seed_takes_the_same_decisions(summary, tmp_path):
    arguments = ["backtest", "-c", str(ROOT / "onetape.toml"), "--json", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-c", "from framework.app.commands.cli import main; main()", *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(found.stdout)["decisions_hash"] == summary["decisions_hash"]
