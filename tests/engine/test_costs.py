"""What trading costs in a run: fees by date and order, slippage from what was known before."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.errors import ConfigError
from tests.builders import bars, daily, minutes, play, still

CALM = still(100, 30)


def fees(played):
    """Dollars charged for each fill."""
    return [float(fill.fees) for fill in played.simulation.journal.fills]


def distances(played):
    """Dollars between market and price of each fill."""
    fills = played.simulation.journal.fills
    return [abs(fill.price_micros - fill.reference_micros) / 1e6 for fill in fills]


def bought(series, slippage, shares=100, at=25, **config):
    """A purchase decided at bar ``at`` of ``series``, with ``slippage``."""
    return play({at: lambda ctx: ctx.buy("A", shares)}, series, fills={"slippage": slippage}, **config)


# --- fees


@pytest.mark.parametrize(
    ("first", "cents"),
    # 200 shares at 50: 10,000 dollars at 22.40 and 13.00 per million, and 200 shares at 0.000095 and 0.000119.
    [(date(2012, 4, 2), 23 + 2), (date(2018, 6, 1), 13 + 3), (date(2025, 6, 2), 0 + 4)],
)
@pytest.mark.parametrize("venue", ["robinhood", "generic"])
def test_a_sale_pays_the_regulators_of_its_day_and_a_purchase_pays_nothing(first, cents, venue):
    series = bars("A", still(50, 3), daily(3, first))
    script = {0: lambda ctx: ctx.buy("A", 200), 1: lambda ctx: ctx.close("A")}
    played = play(script, series, broker={"name": venue}, fills={"fees": "venue"})
    assert fees(played) == [0.0, cents / 100]
    assert played.cash == 100_000 - cents / 100


def test_the_rate_is_that_of_the_day_of_each_fill():
    # The rate fell from 23.10 to 13.00 per million on 2018-05-22; the first 400 shares are sold on the 21st, the rest on the 22nd.
    days = daily(4, date(2018, 5, 17))
    rows = [*still(100), *[(100.0, 100.0, 100.0, 100.0, 1e6)], (100, 100, 100, 100, 4000), (100, 100, 100, 100, 1e6)]
    script = {0: lambda ctx: ctx.buy("A", 1000), 1: lambda ctx: ctx.sell("A", 1000)}
    played = play(script, bars("A", rows, days), fills={"fees": "venue", "max_volume_share": 0.1}, account={"cash": 200_000})
    # 40,000 dollars: 92.4 and 4.76 cents; of 100,000 dollars at 13.00 (1.30) the 40,000 (0.52) count as paid, 11.9 less 4.76 cents.
    assert fees(played) == pytest.approx([0.0, 0.93 + 0.05, 1.30 - 0.52 + 0.12 - 0.05])


def test_the_least_of_an_order_is_charged_once_over_its_fills():
    rows = [*still(100), *[(100, 100, 100, 100, 400)] * 3]
    played = play({0: lambda ctx: ctx.buy("A", 100)}, bars("A", rows), fills={"fees": {"minimum": 1.0}, "max_volume_share": 0.1})
    assert fees(played) == [1.0, 0.0, 0.0]


def test_tiers_count_the_shares_of_the_calendar_month_over_all_symbols():
    # 100 shares at a cent, the rest of the month at half of one; bar 20 is in February 2012.
    table = {"fees": {"tiers": [[100, 0.01], [1000, 0.005]]}}
    script = {0: lambda ctx: (ctx.buy("A", 60), ctx.buy("B", 60)), 1: lambda ctx: ctx.buy("A", 60), 20: lambda ctx: ctx.buy("A", 60)}
    played = play(script, bars("A", CALM), bars("B", CALM), fills=table)
    assert fees(played) == pytest.approx([0.60, 0.40 + 0.10, 0.30, 0.60])


def test_fees_of_a_table_and_of_the_regulators_add_up_where_asked():
    script = {0: lambda ctx: ctx.buy("A", 200), 1: lambda ctx: ctx.close("A")}
    for regulatory, cents in ((False, 0), (True, 19 + 2)):
        table = {"fees": {"per_order": 1.0, "regulatory": regulatory}}
        played = play(script, bars("A", still(50, 3)), fills=table)
        # January 2012: 10,000 dollars at 19.20 per million are 19.2 cents.
        assert fees(played) == [1.0, pytest.approx(1.0 + (cents + 1) / 100 if regulatory else 1.0)]


# --- slippage


def test_a_half_spread_in_dollars_is_paid_by_both_sides():
    script = {0: lambda ctx: ctx.buy("A", 10), 1: lambda ctx: ctx.close("A")}
    played = play(script, bars("A", still(100, 3)), fills={"slippage": {"model": "half_spread", "dollars": 0.005}})
    assert [fill[3] for fill in played.fills] == [100.005, 99.995]


def test_impact_grows_with_the_order_and_with_the_volatility_of_the_sessions_before():
    rows = [(price, price, price, price) for price in (100.0, 102.0) * 15]
    calmer = [(price, price, price, price) for price in (100.0, 101.0) * 15]
    impact = {"model": "impact", "bps": 0}
    one, four = (distances(bought(bars("A", rows), impact, shares))[0] for shares in (100, 400))
    assert four == pytest.approx(2 * one, rel=1e-2)
    assert one > 1.5 * distances(bought(bars("A", calmer), impact))[0] > 0
    assert distances(bought(bars("A", rows), {**impact, "coefficient": 0.5}))[0] == pytest.approx(one / 2, rel=1e-2)


ESTIMATING = [
    {"model": "half_spread", "estimate": "corwin_schultz"},
    {"model": "impact", "estimate": "corwin_schultz", "coefficient": 2.0},
]
wild = st.lists(st.tuples(st.floats(0, 0.05), st.floats(0, 0.05), st.floats(-0.03, 0.03), st.integers(1, 10**6)), min_size=30, max_size=30)


def walk(moves):
    rows, last = [], 100.0
    for up, down, drift, volume in moves:
        opened = last * (1 + drift)
        rows.append((opened, opened * (1 + up), opened * (1 - down), opened, volume))
        last = opened
    return rows


@pytest.mark.parametrize("slippage", ESTIMATING, ids=["half_spread", "impact"])
@given(wild, wild)
def test_slippage_at_the_open_knows_nothing_of_the_bar_that_opens_nor_of_any_after_it(slippage, moves, others):
    rows = walk(moves)
    # What follows the open of bar 26, where the order of bar 25 fills, is put in place of what was there.
    changed = [*rows[:26], (rows[26][0], rows[26][0] * 1.2, rows[26][0] * 0.8, rows[26][0], others[26][3]), *walk(others)[27:]]
    found = [bought(bars("A", one), slippage).simulation.journal.fills[0].price_micros for one in (rows, changed)]
    assert found[0] == found[1]


def test_a_market_whose_days_jump_between_bid_and_ask_has_its_spread_estimated():
    rows = [(100.0, 100.5, 99.5, 100.0)] * 30
    assert distances(bought(bars("A", rows), ESTIMATING[0]))[0] == pytest.approx(0.50, abs=0.001)


def test_slippage_never_passes_a_limit():
    script = {25: lambda ctx: ctx.buy("A", 10, "limit", limit_price=100.2), 26: lambda ctx: ctx.sell("A", 10, "limit", limit_price=99.9)}
    played = play(script, bars("A", [(100.0, 100.5, 99.5, 100.0)] * 30), fills={"slippage": ESTIMATING[0]})
    assert [fill[3] for fill in played.fills] == [100.2, 99.9]


def test_history_before_the_start_counts():
    rows = [(100.0, 100.5, 99.5, 100.0)] * 30
    series = bars("A", rows)
    slippage = {"model": "half_spread", "estimate": "corwin_schultz", "bps": 900}
    played = bought(series, slippage, at=0, first=int(series.timestamp[25]))
    assert distances(played)[0] == pytest.approx(0.50, abs=0.001)
    assert distances(bought(series, slippage, at=0))[0] == 9.0


def test_on_finer_bars_the_sessions_before_count_and_today_does_not():
    days, half = [date(2012, 1, 3), date(2012, 1, 4), date(2012, 1, 5)], [60, 120, 180]
    times = [time for day in days for time in minutes(day, half)]
    # Each session spans 99.5 to 100.5, but no bar does; on the last day the bars before the fill span 50 to 150.
    session = [(100, 100.5, 100, 100), (100, 100, 99.5, 100), (100, 100, 100, 100)]
    rows = [*session, *session, (100, 150, 50, 100), *session[:2]]
    played = bought(bars("A", rows, times), ESTIMATING[0], at=6, data={"resolution": "1h"})
    assert distances(played)[0] == pytest.approx(0.50, abs=0.001)


def test_the_most_that_cash_pays_is_bought_at_the_price_of_so_much():
    # 99 shares are reserved at 100, the open is at 102; impact and a fee for the order come on top.
    rows = [(price, price, price, price, 1000) for price in (100.0, 102.0) * 13]
    config = {"broker": {"name": "generic", "fractional": False}, "limits": {"profile": "venue", "entry_collar_pct": 0.0}}
    costs = {"slippage": {"model": "impact", "bps": 0}, "fees": {"per_order": 20.0}}

    def order(shares, cash):
        played = play({24: lambda ctx: ctx.buy("A", shares)}, bars("A", rows), fills=costs, account={"cash": cash}, **config)
        (fill,) = played.simulation.journal.fills
        return played, int(fill.quantity), float(fill.price)

    played, shares, price = order(99, 10_000)
    assert played.orders[0].changes[-1].reason == "insufficient_buying_power"
    assert (shares, played.cash) == (pytest.approx(97, abs=1), pytest.approx(10_000 - shares * price - 20, abs=1e-6))
    # One more, with the money for it, would have cost more than there was.
    _, more, dearer = order(shares + 1, 20_000)
    assert (more, dearer > price, more * dearer + 20 > 10_000) == (shares + 1, True, True)


# --- fitted


def fitted(folder, text):
    """A file of parameters as a slippage section."""
    (folder / "mine.toml").write_text(text)
    return {"model": "fitted", "file": str(folder / "mine.toml")}


BY_CASE = """
version = 1
[[rows]]
intercept_bps = 1.0
[[rows]]
order_type = "market"
intercept_bps = 2.0
[[rows]]
order_type = "market"
hour = 10
intercept_bps = 4.0
"""


def test_fitted_parameters_are_taken_by_order_type_and_by_the_hour_in_new_york(tmp_path):
    times = minutes(date(2012, 1, 3), [29, 30, 31, 90, 91, 92])
    script = {0: lambda ctx: ctx.buy("A", 1), 1: lambda ctx: ctx.buy("A", 1), 3: lambda ctx: ctx.buy("A", 1)}
    played = play(script, bars("A", still(100, 6), times), fills={"slippage": fitted(tmp_path, BY_CASE)}, data={"resolution": "1m"})
    # Bars that close at 10:00 and 10:01, and at 11:01.
    assert distances(played) == [0.02, 0.04, 0.02]
    stop = {0: lambda ctx: ctx.buy("A", 1, "stop_loss", stop_price=100)}
    assert distances(play(stop, bars("A", still(100, 2)), fills={"slippage": fitted(tmp_path, BY_CASE)})) == [0.01]


def test_daily_bars_tell_no_hour(tmp_path):
    assert distances(bought(bars("A", CALM), fitted(tmp_path, BY_CASE))) == [0.02]


def test_a_file_that_is_not_there_stops_the_run_before_it_starts(tmp_path):
    slippage = {"model": "fitted", "file": str(tmp_path / "none.toml")}
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file or directory; \[fills\] slippage\.file names"):
        bought(bars("A", CALM), slippage)


def test_arrays_are_not_changed_by_looking_at_them():
    series = bars("A", CALM)
    before = [np.array(column) for column in (series.high, series.low, series.close, series.volume)]
    bought(series, ESTIMATING[1])
    assert all((one == other).all() for one, other in zip(before, (series.high, series.low, series.close, series.volume), strict=True))
