"""What a strategy sees of the bars: local time, and nothing that has not closed."""

from __future__ import annotations

import math
from datetime import date, datetime, time

import backtrader as bt
import numpy as np
import pytest

from brokers.backtrader.clock import Clock
from tests.brokers.backtrader.both import ours, pandas_feed, plain, stock
from tests.builders import bars, daily, minutes, still

MONDAY = date(2012, 1, 9)
NEW_YORK = Clock("America/New_York", time(9, 30), time(16), "1m")
DAILY = Clock("America/New_York", time(9, 30), time(16), "1d")


def rising(count, start=100):
    return [(start + number, start + number + 2, start + number - 2, start + number + 1) for number in range(count)]


class Watching(bt.Strategy):
    """Tries to read beyond what has closed, at every bar."""

    def __init__(self):
        self.seen, self.caught = [], []

    def prenext(self):
        self.next()

    def next(self):
        for data in self.datas:
            self.seen.append((data._name, len(data), data.close[0] if len(data) else None))
            for ago in (1, 2, -len(data), -len(data) - 5):
                try:
                    self.caught.append(("read", data._name, len(data), ago, data.close[ago]))
                except IndexError as error:
                    self.caught.append(("refused", data._name, len(data), ago, type(error).__name__))


@pytest.mark.parametrize("preload", [True, False])
def test_no_line_shows_the_future_or_what_never_was(preload):
    def build(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.p.preload = preload
        cerebro.p.runonce = preload

    late = bars("B", [(777, 777, 777, 777)], [daily(4)[3]])
    watching = ours(Watching, bars("A", rising(4)), late, build=build).strategy
    assert [one for one in watching.seen if one[0] == "B"] == [("B", 0, None), ("B", 0, None), ("B", 0, None), ("B", 1, 777.0)]
    assert {one[0] for one in watching.caught} == {"refused"}
    assert {one[4] for one in watching.caught} == {"NoBarError"}


def test_backtraders_own_feed_shows_both():
    late = bars("B", [(777, 777, 777, 777)], [daily(4)[3]])
    watching = stock(Watching, bars("A", rising(4)), late).strategy
    assert ("B", 0, None) in watching.seen
    assert ("read", "B", 0, 0, 777.0) in [one[:4] + one[4:] for one in watching.caught]
    assert [one for one in watching.caught if one[0] == "read" and one[3] == 1]


def test_dates_and_times_and_slices_are_guarded_too():
    class Dates(bt.Strategy):
        def prenext(self):
            late, caught = self.data1, 0
            for call in (late.datetime.date, late.datetime.time, late.datetime.datetime, lambda ago: late.close.get(ago=ago + 1)):
                with pytest.raises(IndexError):
                    call(0)
                caught += 1
            self.caught = caught

    late = bars("B", [(777, 777, 777, 777)], [daily(4)[3]])
    assert ours(Dates, bars("A", rising(4)), late).strategy.caught == 4


def test_an_order_for_a_stock_without_a_bar_says_so():
    class Early(bt.Strategy):
        def prenext(self):
            self.buy(data=self.data1, size=1)

    late = bars("B", [(777, 777, 777, 777)], [daily(4)[3]])
    with pytest.raises(IndexError, match=r"B\[0\] is before the first bar: 0 have closed"):
        ours(Early, bars("A", rising(4)), late)


def test_daily_bars_are_stamped_with_the_end_of_a_full_session():
    # 2012-07-03 was a short day: New York closed at 13:00.
    stamps = DAILY.stamps(np.array([*daily(1, date(2012, 1, 3)), *daily(1, date(2012, 7, 3))]))
    assert [bt.num2date(stamp) for stamp in stamps] == [datetime(2012, 1, 3, 16), datetime(2012, 7, 3, 16)]
    assert stamps.tolist() == [bt.date2num(datetime(2012, 1, 3, 16)), bt.date2num(datetime(2012, 7, 3, 16))]


def test_minutes_are_stamped_with_the_local_time_of_their_close_winter_and_summer():
    times = np.array([*minutes(MONDAY, (1, 390)), *minutes(date(2012, 7, 9), (1, 390))])
    local = [datetime(2012, 1, 9, 9, 31), datetime(2012, 1, 9, 16), datetime(2012, 7, 9, 9, 31), datetime(2012, 7, 9, 16)]
    assert [bt.num2date(stamp) for stamp in NEW_YORK.stamps(times)] == local
    assert NEW_YORK.stamps(times).tolist() == pytest.approx([bt.date2num(one) for one in local], abs=1e-9)


class Fields(bt.Strategy):
    def __init__(self):
        self.rows = []

    def next(self):
        data = self.data
        prices = (data.open[0], data.high[0], data.low[0], data.close[0], data.volume[0], math.isnan(data.openinterest[0]))
        self.rows.append((data.datetime.datetime(0), self.datetime.datetime(0), *prices))
        self.names = (data._name, data._dataname, data._timeframe, data._compression, data.p.sessionstart, data.p.sessionend)


@pytest.mark.parametrize(
    ("resolution", "frame"), [("1d", (bt.TimeFrame.Days, 1)), ("1m", (bt.TimeFrame.Minutes, 1)), ("1h", (bt.TimeFrame.Minutes, 60))]
)
def test_a_feed_is_what_a_users_own_frame_would_be(resolution, frame):
    times = daily(4) if resolution == "1d" else minutes(MONDAY, (60, 120, 180, 240))
    series = bars("A", [(*row, 1000.0 + number) for number, row in enumerate(rising(4))], times)
    here, there = ours(Fields, series, data={"resolution": resolution}).strategy, stock(Fields, series, frame=frame).strategy
    assert here.rows == there.rows
    assert here.names == ("A", "A", *frame, time(9, 30), time(16))


@pytest.mark.parametrize("exactbars", [1, -1, -2])
def test_saving_memory_changes_nothing(exactbars):
    class Crossing(bt.Strategy):
        def __init__(self):
            self.average, self.values = bt.ind.SMA(period=3), []

        def next(self):
            self.values.append((self.data.close[0], self.data.close[-1], self.average[0]))

    def build(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.p.exactbars = exactbars

    series = bars("A", rising(8))
    assert ours(Crossing, series, build=build).strategy.values == ours(Crossing, series).strategy.values


def test_a_filter_on_a_feed_hides_bars_from_the_strategy_and_not_from_the_market():
    class MondaysOnly:
        def __init__(self, data):
            pass

        def __call__(self, data):
            if data.datetime.date(0).weekday() == 0:
                return False
            data.backwards()
            return True

    class Counting(bt.Strategy):
        def __init__(self):
            self.days = []

        def next(self):
            self.days.append(self.data.datetime.date(0))
            if len(self) == 1:
                self.buy(size=10, exectype=bt.Order.Limit, price=95)

    def build(cerebro, feeds):
        feeds["A"].addfilter(MondaysOnly)
        plain(cerebro, feeds)

    # Mondays are 9 January and 23 January (16 January is a holiday); the dip to 94 is on Wednesday 11 January.
    rows = still(100, 16)
    rows[6] = (100, 100, 94, 100)
    done = ours(Counting, bars("A", rows), build=build)
    assert done.strategy.days == [date(2012, 1, 9), date(2012, 1, 23)]
    assert done.played.fills == [(6, "A", 10.0, 95.0)]
    assert len(done.played.equity) == 14


def test_indicators_computed_at_once_and_bar_by_bar_agree():
    class Averages(bt.Strategy):
        def __init__(self):
            self.lines_ = [bt.ind.SMA(period=3), bt.ind.EMA(period=3), bt.ind.RSI(period=3, safediv=True), bt.ind.ATR(period=3)]
            self.values = []

        def next(self):
            self.values.append([round(line[0], 9) for line in self.lines_])

    def slow(cerebro, feeds):
        plain(cerebro, feeds)
        cerebro.p.runonce = False

    rng = np.random.default_rng(3)
    closes = 100 + np.cumsum(rng.normal(0, 1, 30))
    series = bars("A", [(c, c + 1, c - 1, c + 0.5) for c in closes])
    once, each = ours(Averages, series).strategy.values, ours(Averages, series, build=slow).strategy.values
    assert once == each
    assert once == stock(Averages, series).strategy.values


def test_pandas_feeds_in_these_tests_are_stamped_as_ours():
    series = bars("A", rising(3))
    feed = pandas_feed(series, bt.TimeFrame.Days, 1)
    assert [stamp.to_pydatetime() for stamp in feed.p.dataname.index] == [bt.num2date(stamp) for stamp in DAILY.stamps(series.timestamp)]
