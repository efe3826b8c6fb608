"""The document of the interactive chart: what it draws is what happened, however little of it fits on the screen."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framework.domain.fill import Fill
from framework.domain.order import OrderSide
from framework.domain.values import MICRO
from framework.report import grid as grids
from framework.report.chart_data import MOST_TRADES, chart_document, charted_trades, listed_trades
from framework.report.grid import MOST_POINTS, Grid, candles
from framework.report.levels import FOREVER, WorkingLevel
from framework.report.marks import MOST_MARKS, MOST_TRACKS, NOT_LISTED, Rescaled, Trips, marks, tracks
from framework.report.tear_sheet import render
from framework.report.tear_sheet_data import from_record
from framework.report.timeline import Timeline
from framework.report.trades import OpenPosition, open_positions
from framework.rules.performance import drawdowns
from tests.report.records import daily_times, edge_records, make_record, minute_times, ns, prices

WHOLE = st.integers(1, 60)
COLUMNS = ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split")


def document(record):
    data = from_record(record)
    return chart_document(data, Timeline.of(data.timestamps), open_positions(data.fills, data.account_events))


@pytest.fixture(scope="module")
def record():
    return make_record(daily_times(520))


@pytest.fixture(scope="module")
def drawn(record):
    return document(record)


def bars_of(record, name):
    bars = record.series[name]
    return bars.open, bars.high, bars.low, bars.close, bars.volume


def test_a_run_that_fits_is_drawn_bar_by_bar(record, drawn):
    assert [symbol["name"] for symbol in drawn["symbols"]] == sorted(
        record.series, key=lambda name: (-sum(fill.symbol == name for fill in record.fills), name)
    )
    for symbol in drawn["symbols"]:
        columns = (symbol[name] for name in ("open", "high", "low", "close", "volume"))
        for column, own in zip(columns, bars_of(record, symbol["name"]), strict=True):
            np.testing.assert_allclose(np.array(column, dtype=float), own)
    np.testing.assert_allclose(drawn["equity"], record.equity, atol=0.005)
    np.testing.assert_allclose(drawn["drawdown"], drawdowns(record.equity, 100_000), atol=1e-5)
    assert np.diff(drawn["times"]).min() == 86400
    assert drawn["notes"] == []


@given(count=st.integers(2, 400), most=WHOLE, seed=st.integers(0, 9), gaps=st.floats(0.0, 0.6))
@settings(max_examples=60, deadline=None)
def test_bars_put_together_lose_no_extreme_no_volume_and_no_first_or_last_price(count, most, seed, gaps):
    times = daily_times(count)
    rng = np.random.default_rng(seed)
    bars = prices("A", times, rng)
    kept = rng.random(count) >= gaps
    own = replace(bars, **{name: getattr(bars, name)[kept] for name in COLUMNS})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grids, "MOST_POINTS", most)
        grid = Grid.of(Timeline.of(times))
    assert grid.size <= most + 1
    opening, high, low, close, volume = candles(own, grid, 2)
    assert len(opening) == len(close) == grid.size
    there = [place for place, value in enumerate(close) if value is not None]
    assert sum(volume[place] for place in there) == own.volume.sum()
    if there:
        assert max(high[place] for place in there) == own.high.max()
        assert min(low[place] for place in there) == own.low.min()
        assert (opening[there[0]], close[there[-1]]) == (own.open[0], own.close[-1])
    for place, stamp in zip(map(grid.place, own.timestamp.tolist()), own.timestamp.tolist(), strict=True):
        assert place == 0 or grid.ends[place - 1] < stamp
        assert stamp <= grid.ends[place]


def test_a_long_run_says_how_many_bars_a_candle_is():
    found = document(make_record(minute_times(60), ("AAPL",), spread=0.002))
    assert len(found["times"]) <= MOST_POINTS
    assert found["notes"][0].startswith("Each candle is 2 bars put together")
    assert np.diff(found["times"]).min() > 0


def test_the_lowest_point_of_the_drawdown_is_kept():
    record = make_record(minute_times(60), ("AAPL",), spread=0.002)
    assert min(document(record)["drawdown"]) == pytest.approx(drawdowns(record.equity, 100_000).min(), abs=1e-5)


def test_an_hour_that_the_clock_repeats_does_not_go_backwards():
    fall_back = ns(date(2026, 11, 1), time(0))
    times = fall_back + np.arange(180, dtype=np.int64) * 60 * 10**9
    assert np.diff(Grid.of(Timeline.of(times)).times).min() >= 1


def test_every_fill_is_marked_with_what_was_bought_and_what_became_of_it(record, drawn):
    for symbol in drawn["symbols"]:
        own = [fill for fill in record.fills if fill.symbol == symbol["name"]]
        assert sum(mark[2] for mark in symbol["marks"]) == pytest.approx(sum(float(fill.quantity) for fill in own))
        for point, side, quantity, price, paid, reason, entry, number in symbol["marks"]:
            if number < 0:
                continue
            trade = drawn["trades"][number]
            assert trade[0] == symbol["name"]
            assert point == trade[2 if entry else 3]
            assert side == (1 if (trade[1] == "long") is entry else -1)
            assert (quantity, price, paid) == (trade[6], pytest.approx(trade[7 if entry else 8]), pytest.approx(price))
            assert reason in {"cross", "stop"}


def test_only_what_is_still_open_has_no_trade(record, drawn):
    still_open = {position.symbol for position in open_positions(record.fills, record.account_events)}
    assert {symbol["name"] for symbol in drawn["symbols"] for mark in symbol["marks"] if mark[7] < 0} == still_open


def test_positions_are_shaded_as_long_as_they_were_held(drawn):
    for symbol in drawn["symbols"]:
        spans = {(trade[2], trade[3], 1 if trade[1] == "long" else -1) for trade in drawn["trades"] if trade[0] == symbol["name"]}
        assert spans <= {tuple(span) for span in symbol["held"]}
        assert len(symbol["held"]) - len(spans) in {0, 1}


def test_a_stop_is_a_line_from_its_entry_to_the_end_of_the_trade(drawn):
    for symbol in drawn["symbols"]:
        steps = {(first, last): level for track in symbol["stops"] for first, last, level in track}
        for trade in (trade for trade in drawn["trades"] if trade[0] == symbol["name"]):
            distance = 0.94 if trade[1] == "long" else 1.06
            assert steps[trade[2], trade[3]] == pytest.approx(trade[7] * distance, rel=1e-3)


def grid_of(count):
    return Grid.of(Timeline.of(daily_times(count)))


def plain(count, split_at=None):
    bars = prices("A", daily_times(count), np.random.default_rng(1))
    split = np.ones(count)
    if split_at is not None:
        split[split_at] = 2.0
    return replace(bars, split=split)


def test_levels_side_by_side_have_a_line_each_and_one_after_the_other_one_line():
    times, grid, rescaled = daily_times(10), grid_of(10), Rescaled(plain(10))
    at = times.tolist()
    after = [WorkingLevel("A", 9.0, at[1], at[3]), WorkingLevel("A", 9.5, at[3], at[6]), WorkingLevel("A", 9.5, at[6], FOREVER)]
    assert tracks(after, rescaled, grid) == [[(1, 3, 9.0), (3, 9, 9.5)]]
    beside = [WorkingLevel("A", float(price), at[1], at[4]) for price in range(1, MOST_TRACKS + 3)]
    moved = [WorkingLevel("A", float(10 + row), at[2] - 60 + row, at[2] - 59 + row) for row in range(50)]
    assert tracks(moved, rescaled, grid) == [[(2, 2, 59.0)]]
    assert [len(line) for line in tracks(beside, rescaled, grid)] == [1] * MOST_TRACKS
    assert tracks([WorkingLevel("A", 9.0, at[2], at[2])], rescaled, grid) == []


def test_prices_before_a_split_are_in_the_shares_that_are_drawn():
    times, rescaled = daily_times(10), Rescaled(plain(10, split_at=5))
    assert rescaled.price(100.0, int(times[4])) == 50.0
    assert rescaled.price(50.0, int(times[5])) == 50.0


def fill(place, side, quantity, price, tag=None):
    at = int(daily_times(20)[place])
    return Fill(f"x{place}{side}{price}", "o", at, "A", side, quantity * MICRO, round(price * MICRO), round(price * MICRO), 0, tag)


def test_fills_of_one_side_in_one_candle_are_one_mark():
    fills = [fill(3, OrderSide.BUY, 10, 20.0, "dip"), fill(3, OrderSide.BUY, 30, 24.0, "more"), fill(4, OrderSide.SELL, 40, 25.0)]
    found, left_out = marks(fills, Trips((), {}, OpenPosition("A", 1.0, 0, 20.0)), Rescaled(plain(20)), grid_of(20))
    assert [tuple(one) for one in found] == [(3, 1, 40.0, 23.0, 23.0, "dip, more", True, -1), (4, -1, 40.0, 25.0, 25.0, "", False, -1)]
    assert left_out == 0


def test_a_fill_of_a_trade_that_the_table_leaves_out_is_not_called_open(record):
    first = min(record.trades, key=lambda trade: trade.entry_at)
    own = [fill for fill in record.fills if fill.symbol == first.symbol][:2]
    found, _ = marks(own, Trips([first], {}, None), Rescaled(record.series[first.symbol]), Grid.of(Timeline.of(record.timestamps)))
    assert [(mark.entry, mark.trade) for mark in found] == [(True, NOT_LISTED), (False, NOT_LISTED)]


def test_the_small_fills_are_left_out_where_there_are_too_many_and_the_page_says_so():
    record = make_record(daily_times(MOST_MARKS + 100), ("AAPL",))
    sides = (OrderSide.BUY, OrderSide.SELL)
    many = [
        replace(record.fills[0], timestamp=at, side=sides[row % 2], quantity_micros=(row // 2 + 1) * MICRO, execution_id=str(row))
        for row, at in enumerate(record.timestamps.tolist())
    ]
    symbol = document(replace(record, fills=many, trades=()))["symbols"][0]
    assert len(symbol["marks"]) == MOST_MARKS
    assert "The 1,500 largest fills are marked, 100 smaller ones not." in symbol["note"]


def test_the_table_keeps_the_trades_with_the_largest_results(record):
    many = [replace(record.trades[0], pnl=float(number - 1500)) for number in range(MOST_TRADES + 500)]
    data = from_record(replace(record, trades=many))
    listed = listed_trades(data)
    assert len(listed) == MOST_TRADES
    kept = {trade.pnl for trade in listed}
    assert max(abs(trade.pnl) for trade in many if trade.pnl not in kept) <= min(map(abs, kept))
    found = document(replace(record, trades=many))
    assert "2,000 trades with the largest results of 2,500" in " ".join(found["notes"])


def test_a_trade_in_a_symbol_that_is_not_drawn_cannot_be_jumped_to():
    data = from_record(edge_records()["forty symbols"])
    found = chart_document(data, Timeline.of(data.timestamps), ())
    shown = {symbol["name"] for symbol in found["symbols"]}
    assert len(shown) == 12
    assert {trade.symbol for trade in data.trades if id(trade) in charted_trades(data, found)} <= shown
    assert 'data-trade="' in render(data)


@pytest.mark.parametrize("name", ["no trades", "no decision times", "one bar", "no prices at hand"])
def test_a_run_with_nothing_to_draw_has_no_chart(name):
    record = edge_records()[name]
    assert document(record) is None
    assert "Interactive chart" not in render(from_record(record))


@pytest.mark.parametrize("name", ["two bars", "intraday", "wiped out", "guarded", "one symbol"])
def test_every_number_of_the_document_is_finite(name):
    found = document(edge_records()[name])
    if found is not None:
        json.dumps(found, allow_nan=False)
