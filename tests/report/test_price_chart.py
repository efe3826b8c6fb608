"""Trades are drawn where the curve is, whatever splits came after them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from framework.domain.fill import Fill
from framework.domain.order import OrderSide
from framework.domain.values import MICRO
from framework.report import canvas
from framework.report.price_chart import price_figure
from framework.report.timeline import Timeline
from framework.report.trades import round_trips
from tests.builders import bars, daily, still


def test_entries_and_exits_stand_on_the_adjusted_curve():
    times = daily(40)
    series = bars("AAPL", [*still(100.0, 20), *still(50.0, 20)], times, splits={20: 2.0})
    fills = [
        Fill("1", "a", times[5], "AAPL", OrderSide.BUY, 10 * MICRO, 100 * MICRO, 100 * MICRO, 0),
        Fill("2", "b", times[10], "AAPL", OrderSide.SELL, 10 * MICRO, 100 * MICRO, 100 * MICRO, 0),
    ]
    (trade,) = round_trips(fills, (), (), {"AAPL": series})
    assert (trade.entry_price, trade.exit_price, trade.mae, trade.mfe) == (100.0, 100.0, 0.0, 0.0)
    line = Timeline.of(np.array(times, dtype=np.int64))
    with canvas.styled():
        drawn = price_figure(series, line, [trade], None).axes[0].lines
        plain = price_figure(replace(series, split=np.ones(40)), line, [trade], None).axes[0].lines
    assert [one.get_ydata().tolist() for one in drawn if one.get_marker() in "^v" and len(one.get_ydata())] == [[50.0], [50.0]]
    assert [one.get_ydata().tolist() for one in plain if one.get_marker() in "^v" and len(one.get_ydata())] == [[100.0], [100.0]]
