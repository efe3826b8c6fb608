"""Where the risk is: every figure of the page recomputed with numpy, pandas and scipy from fills and prices."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from framework.domain.account_event import Delisted, Dividend, Entitlement, Split
from framework.domain.order import OrderRole, OrderStatus
from framework.domain.values import MICRO
from framework.report.correlation_chart import WINDOW, correlation_matrix, pair_correlations
from framework.report.folder import write_run
from framework.report.holdings import Positions, latest_with_positions
from framework.report.levels import FOREVER, LevelStep, WorkingLevel, working_levels
from framework.report.reading import read_run
from framework.report.risk_figures import History, RiskFigures, risk_figures
from framework.report.risk_page import risk_page
from framework.report.tear_sheet import render
from framework.report.tear_sheet_data import TearSheetData, from_record
from tests.report.records import daily_times, make_record

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.record import RunRecord

#: Of these BAC is sold short as well.
SYMBOLS = ("AAPL", "BAC", "GOOG", "IBM", "MSFT")
SECTORS = {"AAPL": "information_technology", "IBM": "information_technology", "GOOG": "communication_services"}


@pytest.fixture(scope="module")
def record() -> RunRecord:
    """A run whose last day with positions has several, a short among them."""
    made = make_record(daily_times(520), SYMBOLS)
    books = [shares_held(made, int(time)) for time in made.timestamps]
    last = max(row for row, held in enumerate(books) if len(held) > 2 and min(held.values()) < 0 and "IBM" in held)
    return replace(made, sectors=SECTORS, exposure=np.where(np.arange(520) <= last, made.exposure, 0.0))


@pytest.fixture(scope="module")
def data(record: RunRecord) -> TearSheetData:
    return from_record(record)


def figures_of(data: TearSheetData) -> RiskFigures:
    positions = Positions(data)
    found = risk_figures(data, positions, History(data, positions.symbols))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def found(data: TearSheetData) -> RiskFigures:
    return figures_of(data)


def closes(record: RunRecord) -> pd.DataFrame:
    return pd.DataFrame({symbol: bars.close for symbol, bars in record.series.items()}, index=record.timestamps)


def total_returns(record: RunRecord) -> pd.DataFrame:
    close = closes(record)
    paid = pd.DataFrame({symbol: bars.dividend for symbol, bars in record.series.items()}, index=record.timestamps)
    return ((close + paid) / close.shift() - 1).iloc[1:]


def shares_held(record: RunRecord, at: int) -> dict[str, float]:
    """Signed shares after the decision at ``at``, from the fills alone."""
    held: dict[str, int] = {}
    for fill in record.fills:
        if fill.timestamp <= at:
            held[fill.symbol] = held.get(fill.symbol, 0) + fill.side.sign * fill.quantity_micros
    return {symbol: quantity / MICRO for symbol, quantity in sorted(held.items()) if quantity}


def var_of(values: np.ndarray, covariance: np.ndarray) -> float:
    return float(stats.norm.ppf(0.95) * np.sqrt(values @ covariance @ values))


def test_the_parts_of_the_last_day_are_those_of_the_textbook(record: RunRecord, found: RiskFigures):
    day = found.last
    row = np.flatnonzero(record.exposure > 0)[-1]
    at = int(record.timestamps[row])
    held = shares_held(record, at)
    assert len(held) > 2
    values = np.array([shares * closes(record)[symbol][at] for symbol, shares in held.items()])
    covariance = total_returns(record)[list(held)].loc[:at].iloc[-252:].cov().to_numpy()
    total = var_of(values, covariance)
    assert (day.holdings.at, day.holdings.symbols, day.holdings.equity) == (at, tuple(held), record.equity[row])
    np.testing.assert_allclose(day.holdings.values, values, rtol=1e-12)
    assert day.parts.total.var == pytest.approx(total)
    assert day.parts.component.sum() == pytest.approx(total)
    step = 1.0
    for number in range(len(values)):
        one = np.eye(len(values))[number]
        without = np.where(one > 0, 0.0, values)
        alone = np.where(one > 0, values, 0.0)
        slope = (var_of(values + step * one, covariance) - var_of(values - step * one, covariance)) / (2 * step)
        assert day.parts.marginal[number] == pytest.approx(slope, rel=1e-6)
        assert day.parts.component[number] == pytest.approx(values[number] * slope, rel=1e-6)
        assert day.parts.incremental[number] == pytest.approx(total - var_of(without, covariance))
        assert day.alone[number] == pytest.approx(var_of(alone, covariance))
    assert day.summed == record.var_1d[row] * record.equity[row]
    assert day.joint == record.joint_var_1d[row] * record.equity[row]


def test_beta_is_the_slope_against_buy_and_hold(record: RunRecord, found: RiskFigures):
    market = pd.Series(record.benchmark, index=record.timestamps).pct_change().iloc[1:]
    own = pd.Series(record.equity, index=record.timestamps).pct_change().iloc[1:]
    day, betas = found.last, []
    for symbol in day.holdings.symbols:
        returns = total_returns(record)[symbol].loc[: day.holdings.at].iloc[-252:]
        betas.append(returns.cov(market) / market.loc[returns.index].var())
    assert day.beta == pytest.approx(betas)
    assert day.portfolio_beta == pytest.approx(sum(day.holdings.quantity * day.holdings.price * betas) / day.holdings.equity)
    fell = market < 0
    assert found.beside.line.beta == pytest.approx(own.cov(market) / market.var())
    assert found.beside.falling.beta == pytest.approx(own[fell].cov(market[fell]) / market[fell].var())
    assert found.beside.tracking_error.value == pytest.approx((own - market).std() * np.sqrt(252))
    assert found.beside.information_ratio.value == pytest.approx((own - market).mean() / (own - market).std() * np.sqrt(252))


def test_heat_sectors_and_concentration_follow_from_values_and_stops(record: RunRecord, found: RiskFigures):
    day, equity = found.last, found.last.holdings.equity
    stops = [order for order in record.orders if order.role is OrderRole.STOP and order.changes[0].timestamp <= day.holdings.at]
    working = {one.symbol: one for one in stops if one.status is OrderStatus.ACCEPTED or one.changes[-1].timestamp > day.holdings.at}
    held = shares_held(record, day.holdings.at)
    losses = []
    for symbol, shares in held.items():
        price, stop = closes(record)[symbol][day.holdings.at], float(working[symbol].stop_price or 0)
        losses.append(max(shares * (price - stop), 0.0))
    assert day.heat.dollars == pytest.approx(losses)
    assert day.heat.fraction == pytest.approx(sum(losses) / equity)
    sizes = np.abs(day.holdings.values)
    assert day.concentration.hhi == pytest.approx(float(((sizes / sizes.sum()) ** 2).sum()))
    for sector in {SECTORS.get(symbol, "unknown") for symbol in held}:
        own = [value for symbol, value in zip(held, day.holdings.values, strict=True) if SECTORS.get(symbol, "unknown") == sector]
        assert day.sectors[sector].net == pytest.approx(sum(own) / equity)
        assert day.sectors[sector].gross == pytest.approx(sum(map(abs, own)) / equity)


def test_the_average_day_is_the_mean_over_the_days_with_positions():
    # Few enough days that every one is looked at.
    record = make_record(daily_times(85))
    found, returns = figures_of(from_record(record)), total_returns(record)
    sums, days = dict.fromkeys(record.series, 0.0), 0
    for row in np.flatnonzero(record.exposure > 0):
        at = int(record.timestamps[row])
        held = shares_held(record, at)
        values = np.array([shares * closes(record)[symbol][at] for symbol, shares in held.items()])
        covariance = returns[list(held)].loc[:at].iloc[-252:].cov().to_numpy()
        slope = covariance @ values / np.sqrt(values @ covariance @ values)
        for symbol, part in zip(held, stats.norm.ppf(0.95) * values * slope, strict=True):
            sums[symbol] += part / record.equity[row]
        days += 1
    assert (found.days, days > 20) == (days, True)
    assert found.average == pytest.approx({symbol: total / days for symbol, total in sums.items() if symbol in found.average})
    assert set(found.average) == {fill.symbol for fill in record.fills}


def test_confidence_and_lookback_are_those_of_the_run(record: RunRecord, found: RiskFigures):
    config = "[sizing]\nconfidence = 0.99\nlookback_days = 60\n"
    other = figures_of(from_record(replace(record, config_text=config)))
    day = other.last
    covariance = total_returns(record)[list(day.holdings.symbols)].loc[: day.holdings.at].iloc[-60:].cov().to_numpy()
    ratio = stats.norm.ppf(0.99) / stats.norm.ppf(0.95)
    assert day.parts.total.var == pytest.approx(ratio * var_of(day.holdings.values, covariance))
    assert day.parts.total.var != pytest.approx(ratio * found.last.parts.total.var, rel=1e-3)


@pytest.mark.parametrize(
    ("config", "lookback"), [("[sizing]\nlookback_days = 90\n", 90), ("[sizing]\nlookback_days = 1\n", 252), ("sizing = 1", 252), ("", 252)]
)
def test_a_lookback_that_is_not_there_is_the_default(record: RunRecord, config: str, lookback: int):
    assert from_record(replace(record, config_text=config)).lookback == lookback


# --- words


def test_the_page_says_what_the_figures_are(data: TearSheetData, found: RiskFigures):
    page = risk_page(found, 0.95)
    figures = {row.name: row.value for row in page.figures}
    day, equity = found.last, found.last.holdings.equity
    assert figures["VaR, covariance"] == f"{day.parts.total.var / equity:.2%}"
    assert figures["Portfolio heat"] == f"{day.heat.fraction:.2%}"
    assert figures["VaR, positions summed"] == f"{day.summed / equity:.2%}"
    assert figures["Diversification"] == f"{1 - day.parts.total.var / day.alone.sum():.2%}"
    components = [float(row.component.rstrip("%").replace("\N{MINUS SIGN}", "-")) for row in page.positions if row.weight != "\N{EN DASH}"]
    assert components == sorted(components, reverse=True)
    assert len(components) == len(day.holdings.symbols)
    html = render(data)
    assert "Information technology" in html
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert f"VaR, covariance {figures['VaR, covariance']} Normal model" in text


def test_symbols_of_other_days_stand_below_with_their_average_alone(record: RunRecord):
    # The last quarter of the fills is gone, and with it some of the last positions.
    last = record.timestamps[300]
    cut = replace(record, exposure=np.where(record.timestamps <= last, record.exposure, 0.0))
    found = figures_of(from_record(cut))
    page = risk_page(found, 0.95)
    others = [row for row in page.positions if row.weight == "\N{EN DASH}"]
    assert found.last.holdings.at <= last
    assert {row.symbol for row in others} == set(found.average) - set(found.last.holdings.symbols)
    assert all(row.average.endswith("%") and row.beta == "\N{EN DASH}" for row in others)


def test_a_short_without_a_stop_has_no_bound_and_the_page_says_so(record: RunRecord):
    bare = replace(record, orders=[order for order in record.orders if order.role is not OrderRole.STOP])
    page = risk_page(figures_of(from_record(bare)), 0.95)
    heat = next(row.value for row in page.figures if row.name == "Portfolio heat")
    assert heat.startswith("n/a: the short in row")
    assert {row.at_stop for row in page.positions} <= {"n/a", "\N{EN DASH}"}


def test_symbols_without_prices_are_named_and_left_out(record: RunRecord):
    series = {symbol: bars for symbol, bars in record.series.items() if symbol != "IBM"}
    found = figures_of(from_record(replace(record, series=series)))
    assert "IBM" not in found.last.holdings.symbols
    assert "No prices at hand for IBM." in risk_page(found, 0.95).sentence


def test_a_folder_gives_the_page_of_the_run(record: RunRecord, tmp_path: Path):
    write_run(record, tmp_path)
    back = read_run(tmp_path, record.series, record.description, (), record.account_events, SECTORS)
    assert back.stops == from_record(record).stops
    assert render(back) == (tmp_path / "report.html").read_text(encoding="utf-8")


# --- what was held when


def test_splits_and_delistings_change_what_is_held(record: RunRecord):
    symbol = "IBM"
    first = next(fill for fill in record.fills if fill.symbol == symbol)
    bars = record.series[symbol]
    row = int(np.flatnonzero(record.timestamps == first.timestamp)[0])
    split = np.ones(len(bars))
    split[row + 2] = 3.0
    at = [int(time) for time in record.timestamps[row : row + 6]]
    events = (
        Entitlement(at[1], symbol, first.quantity_micros, 5, 0),
        Dividend(at[1], symbol, first.quantity_micros, 5),
        Split(at[2], symbol, 3, 1, 3 * first.side.sign * first.quantity_micros),
        Delisted(at[4], symbol, 3 * first.side.sign * first.quantity_micros, 7),
    )
    data = from_record(replace(record, fills=[first], account_events=events, series={symbol: replace(bars, split=split)}, orders=()))
    positions, shares = Positions(data), first.side.sign * first.quantity_micros / MICRO
    assert positions.at(at[0] - 1, 1.0).symbols == ()
    held = [positions.at(time, 1.0) for time in at[:4]]
    assert [float(one.quantity[0]) for one in held] == [shares, shares, 3 * shares, 3 * shares]
    # Prices are in the shares of their own day: before the split three times those of the adjusted bars.
    assert [float(one.price[0]) for one in held] == pytest.approx(bars.close[row : row + 4] * [3, 3, 1, 1])
    assert positions.at(at[4], 1.0).symbols == ()


def test_a_stop_works_from_its_acceptance_until_it_is_moved_filled_or_canceled():
    accepted, canceled, filled = OrderStatus.ACCEPTED, OrderStatus.CANCELED, OrderStatus.FILLED
    steps = [
        LevelStep("1", "A", 10, accepted, 95 * MICRO),
        LevelStep("1", "A", 20, accepted, 97 * MICRO),
        LevelStep("1", "A", 30, canceled, 97 * MICRO),
        LevelStep("2", "A", 30, accepted, None),
        LevelStep("3", "B", 5, accepted, 50 * MICRO),
        LevelStep("4", "C", 7, accepted, 9 * MICRO),
        LevelStep("4", "C", 8, filled, 9 * MICRO),
    ]
    assert working_levels(steps) == (
        WorkingLevel("A", 95.0, 10, 20),
        WorkingLevel("A", 97.0, 20, 30),
        WorkingLevel("B", 50.0, 5, FOREVER),
        WorkingLevel("C", 9.0, 7, 8),
    )


def test_of_several_stops_the_nearest_counts(record: RunRecord):
    first = next(fill for fill in record.fills if fill.side.sign > 0)
    data = replace(
        from_record(record), fills=(first,), stops=tuple(WorkingLevel(first.symbol, price, 0, FOREVER) for price in (9.0, 11.0, 10.0))
    )
    assert Positions(data).at(first.timestamp, 1.0).stop.tolist() == [11.0]
    short = replace(first, side=first.side.opposite)
    assert Positions(replace(data, fills=(short,))).at(first.timestamp, 1.0).stop.tolist() == [9.0]


def test_the_last_day_with_positions_is_not_the_last_day(record: RunRecord):
    flat = replace(record, exposure=np.append(record.exposure[:-3], [0.0, 0.0, 0.0]))
    assert latest_with_positions(from_record(flat)) == np.flatnonzero(record.exposure[:-3] > 0)[-1]
    assert latest_with_positions(from_record(replace(record, exposure=np.zeros(520)))) is None


# --- correlations


def test_the_matrix_is_that_of_pandas_over_the_lookback(record: RunRecord, data: TearSheetData):
    symbols = ["IBM", "AAPL", "MSFT"]
    rows = correlation_matrix(History(data, Positions(data).symbols), symbols, 252)
    expected = total_returns(record)[symbols].iloc[-252:].corr()
    assert [row.symbol for row in rows] == symbols
    for row in rows:
        for symbol, cell in zip(symbols, row.cells, strict=True):
            figure = expected.loc[row.symbol, symbol]
            assert float(cell.text.replace("\N{MINUS SIGN}", "-")) == pytest.approx(figure, abs=0.0051)
            assert cell.tone == ("loss" if figure > 0 else "gain")


def test_each_pair_is_followed_over_a_quarter(record: RunRecord, data: TearSheetData):
    symbols = ["IBM", "AAPL", "MSFT"]
    rows, found = pair_correlations(History(data, Positions(data).symbols), symbols)
    assert len(rows) > 20
    for number, (first, second) in enumerate(combinations(symbols, 2)):
        known = total_returns(record)[first].rolling(WINDOW, min_periods=42).corr(total_returns(record)[second])
        assert found[:, number] == pytest.approx(known.to_numpy()[rows], abs=1e-9)


def test_one_symbol_has_nobody_to_move_with(data: TearSheetData):
    assert correlation_matrix(History(data, Positions(data).symbols), ["IBM"], 252) == []
