"""The words above the figures: true for the run they stand above."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framework.report.tables import benchmark_figures
from framework.report.tear_sheet_data import from_record
from framework.report.verdict import cautions, sharpe_interval, verdict
from framework.rules.performance import drawdowns
from tests.report.records import daily_times, edge_records, make_record


@pytest.fixture(scope="module")
def record():
    return make_record(daily_times(1300))


def words(record):
    data = from_record(record)
    return verdict(data, benchmark_figures(data))


def doubts(record):
    return " ".join(cautions(from_record(record)))


def curve(record, up, down):
    """Growth with a fall of ``down`` in the middle."""
    size = record.timestamps.size
    rise = 100_000 * np.linspace(1, up, size)
    return np.where(np.arange(size) == size // 2, rise * (1 - down), rise)


@pytest.mark.parametrize(
    ("own", "held", "said"),
    [
        ((2.0, 0.1), (1.5, 0.3), ("more than the", "of buy and hold, and its deepest fall was smaller, {own} against {held}")),
        ((2.0, 0.3), (1.5, 0.1), ("more than the", "of buy and hold, but its deepest fall was larger, {own} against {held}")),
        ((1.5, 0.1), (2.0, 0.3), ("less than the", "of buy and hold, but its deepest fall was smaller, {own} against {held}")),
        ((1.5, 0.3), (2.0, 0.1), ("less than the", "of buy and hold, and its deepest fall was larger, {own} against {held}")),
    ],
)
def test_the_verdict_says_who_earned_more_and_who_fell_deeper(record, own, held, said):
    curves = curve(record, *own), curve(record, *held)
    worst = [f"\N{MINUS SIGN}{-min(drawdowns(one, 100_000)):.1%}" for one in curves]
    text = words(replace(record, equity=curves[0], benchmark=curves[1]))
    for part in said:
        assert part.format(own=worst[0], held=worst[1]) in text


def test_of_less_than_a_year_nothing_is_said_a_year():
    week = make_record(daily_times(6))
    rise = np.linspace(1.0, 1.0004, week.timestamps.size)
    week = replace(week, equity=week.initial_cash * rise, benchmark=week.initial_cash * rise**100)
    said = words(week)
    assert said.startswith("It made 0.04%, less than the 4.1% of buy and hold, ")
    assert "a year" not in said
    assert "Sharpe" not in said
    short = make_record(daily_times(100))
    first, last = short.timestamps[[0, -1]].astype("datetime64[ns]").astype("datetime64[D]")
    days = (last - first).astype(int) + 1
    assert f"The run covers {days} calendar days: CAGR, volatility and Sharpe ratio are that time made a year" in doubts(short)
    assert "a year" in words(make_record(daily_times(264)))


def test_a_run_without_returns_has_no_verdict():
    assert words(edge_records()["one bar"]) == ""
    assert doubts(edge_records()["no trades"]) == ""


def test_an_interval_around_nothing_is_said_not_to_be_told_from_chance(record):
    flat = 100_000 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, record.timestamps.size)))
    assert "do not tell it from chance" in doubts(replace(record, equity=flat))


def test_nine_of_ten_intervals_and_more_hold_the_true_ratio():
    rng = np.random.default_rng(11)
    true = 0.05 * 252**0.5
    inside = 0
    for _ in range(400):
        low, high = sharpe_interval(rng.normal(0.0005, 0.01, 500))
        inside += low <= true <= high
    assert 0.92 <= inside / 400 <= 0.98


def test_one_symbol_that_brought_most_is_named(record):
    trades = [replace(trade, pnl=50_000.0 if row == 0 else -10.0) for row, trade in enumerate(record.trades)]
    text = doubts(replace(record, trades=trades))
    assert f"{trades[0].symbol} brought $" in text
    assert "all other symbols together \N{MINUS SIGN}$" in text
    alone = [trade for trade in trades if trade.symbol == trades[0].symbol]
    assert f"One trade, in {trades[0].symbol}, brought $50,000" in doubts(replace(record, trades=alone))


def test_gains_that_are_spread_are_not_accused(record):
    trades = [replace(trade, pnl=100.0) for trade in record.trades]
    assert "brought" not in doubts(replace(record, trades=trades))


def test_few_trades_little_time_no_costs_and_many_trials_are_each_said(record):
    assert "closed trade" not in doubts(record)
    assert "3 closed trades: too few" in doubts(replace(record, trades=record.trades[:3]))
    assert "The run covers" not in doubts(record)
    assert "The run covers 1.0 years" in doubts(make_record(daily_times(264), ("AAPL",)))
    assert "Neither fees nor slippage" not in doubts(record)
    assert "Neither fees nor slippage" in doubts(replace(record, fees=0.0, slippage_cost=0.0))
    assert "one of 1,200 that were tried" in doubts(replace(record, trials=1200))
