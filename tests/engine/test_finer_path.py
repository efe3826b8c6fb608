"""``path = "finer"``: inside a bar time runs through the bars it is made of."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import bars, minutes, play, still

MONDAY, TUESDAY = date(2012, 1, 9), date(2012, 1, 10)
FINER = {"fills": {"path": "finer"}, "data": {"finer": "5m"}}
FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}


def daily_of(*days):
    """Daily bars of Monday, Tuesday, ... made of rows of finer bars (open, high, low, close[, volume]), and those finer bars."""
    rows, times, coarse, closes = [], [], [], []
    for number, pieces in enumerate(days):
        day = date(2012, 1, 9 + number)
        stamps = minutes(day, (*range(5, 5 * len(pieces), 5), 390))
        full = [(*piece, 1_000_000.0)[:5] for piece in pieces]
        highest, lowest = max(one[1] for one in full), min(one[2] for one in full)
        coarse.append((full[0][0], highest, lowest, full[-1][3], sum(one[4] for one in full)))
        closes.append(stamps[-1])
        rows += full
        times += stamps
    return bars("A", coarse, closes), bars("A", rows, times)


def buy(quantity=10, *terms, **named):
    return lambda ctx: ctx.buy("A", quantity, *terms, **named)


def bracket(ctx):
    return ctx.bracket("A", 10, take_profit=105, stop_loss=95)


# The bar of the second day: open 100, high 106, low 94, close 100. Which exit it reaches first only its finer bars know.
UP_FIRST = [(100, 106, 99, 105), (105, 105, 94, 95), (95, 100, 95, 100)]
DOWN_FIRST = [(100, 101, 94, 95), (95, 106, 95, 105), (105, 105, 100, 100)]


@pytest.mark.parametrize(("day", "exit_price"), [(UP_FIRST, 105.0), (DOWN_FIRST, 95.0)])
def test_the_exit_that_the_finer_bars_reach_first_trades(day, exit_price):
    coarse, finer = daily_of(still(), day)
    played = play({0: bracket}, coarse, finer=[finer], **FINER)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, exit_price)]


def test_without_finer_bars_the_extreme_that_hurts_comes_first_and_the_bar_is_counted():
    coarse, finer = daily_of(still(), UP_FIRST)
    only_monday = bars("A", still(), [int(finer.timestamp[0])])
    played = play({0: bracket}, coarse, finer=[only_monday], **FINER)
    assert played.fills[1:] == [(1, "A", -10.0, 95.0)]
    assert played.simulation.broker.coarse_bars == {"A": 1}


def test_a_bar_on_which_nothing_works_needs_no_finer_bars():
    coarse, finer = daily_of(still(), UP_FIRST)
    played = play({}, coarse, finer=[bars("A", still(), [int(finer.timestamp[0])])], **FINER)
    assert played.simulation.broker.coarse_bars == {}


def test_finer_bars_that_reach_other_prices_are_not_walked():
    coarse, _ = daily_of(still(), UP_FIRST)
    _, doubled = daily_of(still(200), [tuple(2 * price for price in row) for row in UP_FIRST])
    played = play({0: bracket}, coarse, finer=[doubled], **FINER)
    assert played.fills[1:] == [(1, "A", -10.0, 95.0)]


def test_inside_a_finer_bar_the_extreme_that_hurts_comes_first():
    coarse, finer = daily_of(still(), [(100, 101, 99, 100), (100, 106, 94, 100)])
    assert play({0: bracket}, coarse, finer=[finer], **FINER).fills[1:] == [(1, "A", -10.0, 95.0)]


def test_a_gap_between_finer_bars_is_not_saved_by_the_stop():
    # The second finer bar opens at 93, through the stop of 95; the day itself never gapped.
    coarse, finer = daily_of(still(), [(100, 101, 99, 100), (93, 97, 92, 96)])
    played = play({0: buy()}, coarse, finer=[finer], stops=FIVE_PERCENT, **FINER)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 93.0)]


def test_a_market_order_fills_at_the_open_of_the_bar_even_when_the_first_finer_bar_opens_elsewhere():
    coarse, finer = daily_of(still(), [(101, 103, 99, 102), (102, 104, 101, 103)])
    official = bars("A", [*still(), (100.5, 104, 99, 103)], coarse.timestamp.tolist())
    assert play({0: buy()}, official, finer=[finer], **FINER).fills == [(1, "A", 10.0, 100.5)]


def test_each_finer_bar_bears_its_own_volume():
    # A tenth of 300, 400 and 1,000 shares.
    pieces = [(100, 100, 100, 100, 300), (101, 101, 101, 101, 400), (102, 102, 102, 102, 1000)]
    coarse, finer = daily_of(still(), pieces)
    played = play({0: buy(100)}, coarse, finer=[finer], fills={"path": "finer", "max_volume_share": 0.1}, data=FINER["data"])
    assert played.fills == [(1, "A", 30.0, 100.0), (1, "A", 40.0, 101.0), (1, "A", 30.0, 102.0)]


def test_a_low_that_only_a_finer_bar_without_volume_has_is_walked_to_in_the_whole_bar():
    # Nothing could fill in that bar, and a stop the day's low reached would be left untouched: the finer bars do not make up their bar.
    coarse, finer = daily_of(still(), [(100, 101, 99, 100), (100, 100, 90, 100, 0), (100, 101, 98, 100)])
    played = play({0: buy(10, "limit", limit_price=95)}, coarse, finer=[finer], **FINER)
    assert played.fills == [(1, "A", 10.0, 95.0)]


def test_a_trailing_stop_follows_the_finer_bars():
    # 110 is seen before 104.5 is; in one bar low first, the level would have stood at 95 only.
    coarse, finer = daily_of(still(), [(100, 104, 100, 104), (104, 110, 104, 109), (109, 109, 104, 106)])
    stops = {"attach": "entries", "method": "trailing", "trail_percent": 5.0}
    played = play({0: buy()}, coarse, finer=[finer], stops=stops, **FINER)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 104.5)]
    whole = play({0: buy()}, coarse, stops=stops)
    assert whole.fills == [(1, "A", 10.0, 100.0)]


def test_an_immediate_order_lives_through_the_first_print_only():
    coarse, finer = daily_of(still(), [(100, 101, 100, 100), (98, 99, 97, 98)])
    played = play({0: buy(10, "limit", limit_price=98.5, time_in_force="ioc")}, coarse, finer=[finer], **FINER)
    assert played.fills == []
    assert played.orders[0].status.value == "canceled"


def test_an_order_for_the_close_takes_the_close_of_the_bar():
    coarse, finer = daily_of(still(), [(100, 101, 99, 100), (100, 103, 100, 102)])
    official = bars("A", [*still(), (100, 103, 99, 102.5)], coarse.timestamp.tolist())
    assert play({0: buy(time_in_force="cls")}, official, finer=[finer], **FINER).fills == [(1, "A", 10.0, 102.5)]


def test_hours_are_walked_in_minutes():
    hours = bars("A", [*still(), (100, 106, 94, 100)], minutes(MONDAY, (60, 120)))
    finer = bars("A", [*still(), (100, 106, 100, 105), (105, 105, 94, 95), (95, 100, 95, 100)], minutes(MONDAY, (60, 61, 62, 120)))
    played = play({0: bracket}, hours, finer=[finer], fills={"path": "finer"}, data={"resolution": "1h", "finer": "1m"})
    assert played.fills[1:] == [(1, "A", -10.0, 105.0)]


def test_prices_before_a_split_are_those_of_the_day():
    # Two for one before Wednesday: Tuesday is quoted, and traded, in old shares.
    coarse, finer = daily_of(still(), UP_FIRST, still(50))
    split = bars("A", [(100, 100, 100, 100), (100, 106, 94, 100, 3_000_000), (50, 50, 50, 50)], coarse.timestamp.tolist(), splits={2: 2})
    halves = bars(
        "A",
        [*still(50), *[tuple(price / 2 for price in row) for row in UP_FIRST], *still(50)],
        finer.timestamp.tolist(),
    )
    played = play({0: bracket}, split, finer=[halves], **FINER)
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 105.0)]


ROW = st.tuples(st.integers(90, 110), st.integers(0, 8), st.integers(0, 8), st.integers(-8, 8))


@given(st.lists(ROW, min_size=1, max_size=6), st.integers(88, 118), st.integers(82, 112), st.sampled_from(["buy", "sell"]))
def test_what_fills_along_finer_bars_would_have_filled_in_the_bar_and_inside_its_range(rows, limit, stop, side):
    pieces = [(o, max(o, o + c) + up, min(o, o + c) - down, o + c) for o, up, down, c in rows]
    coarse, finer = daily_of(still(), pieces)

    def script(ctx):
        order = getattr(ctx, side)
        order("A", 1, tag="market")
        order("A", 1, "limit", limit_price=limit, tag="limit")
        order("A", 1, "stop_loss", stop_price=stop, tag="stop")

    walked, whole = play({0: script}, coarse, finer=[finer], **FINER), play({0: script}, coarse)
    low, high = float(coarse.low[1]), float(coarse.high[1])
    assert all(low <= price <= high for _, _, _, price in walked.fills)
    # What a price is enough for does not depend on the order in which the prices came.
    filled = [{fill.tag for fill in one.simulation.journal.fills} for one in (walked, whole)]
    assert filled[0] == filled[1]
