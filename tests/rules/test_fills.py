"""The fill table, row by row. Prices in dollars; a bar is (open, high, low, close)."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from bokeh_sampledata import stocks

from framework.domain.values import MICRO, to_micros
from framework.rules import fills
from framework.rules.fills import LIMIT, MARKET, NEAREST, OPTIMISTIC, PESSIMISTIC, STOP, STOP_LIMIT, TRAILING

BUY, SELL = 1, -1
LONG, SHORT = 1, -1


class Terms(NamedTuple):
    """What was asked for; dollars, or percent for a percentage trail."""

    kind: int
    sign: int
    limit: float = 0.0
    level: float = 0.0
    trail: float = 0.0
    is_percentage: bool = False
    triggered: bool = False
    through: bool = False


class Outcome(NamedTuple):
    """Where it traded (``None``: not), on which leg, and how it stands afterwards."""

    price: float | None
    leg: int
    triggered: bool
    level: float


def play(terms: Terms, bar: tuple[float, float, float, float], path: int = PESSIMISTIC, direction: int = LONG) -> Outcome:
    """The order from the open of ``bar`` on."""
    first, high, low, close = (to_micros(price) for price in bar)
    points = fills.path_order(path, direction, (first, high, low, close))
    limit, level, trail = (to_micros(value) for value in (terms.limit, terms.level, terms.trail))
    price, leg, triggered, level = fills.match(
        terms.kind, terms.sign, limit, level, terms.triggered, trail, terms.is_percentage, terms.through, 0, first, points
    )
    return Outcome(None if price == fills.NO_FILL else price / MICRO, leg, triggered, level / MICRO)


UP = (100.0, 110.0, 90.0, 105.0)

ROWS = [
    # market
    ("at the open", Terms(MARKET, BUY), UP, 100.0),
    ("at the open", Terms(MARKET, SELL), UP, 100.0),
    # limit buy at L
    ("opens below the limit: at the open, which is better", Terms(LIMIT, BUY, limit=102.0), UP, 100.0),
    ("opens at the limit", Terms(LIMIT, BUY, limit=100.0), UP, 100.0),
    ("the low is below the limit: at the limit", Terms(LIMIT, BUY, limit=95.0), UP, 95.0),
    ("the low touches the limit", Terms(LIMIT, BUY, limit=90.0), UP, 90.0),
    ("the low stays above the limit", Terms(LIMIT, BUY, limit=89.99), UP, None),
    # limit sell at L
    ("opens above the limit: at the open, which is better", Terms(LIMIT, SELL, limit=98.0), UP, 100.0),
    ("opens at the limit", Terms(LIMIT, SELL, limit=100.0), UP, 100.0),
    ("the high is above the limit: at the limit", Terms(LIMIT, SELL, limit=108.0), UP, 108.0),
    ("the high touches the limit", Terms(LIMIT, SELL, limit=110.0), UP, 110.0),
    ("the high stays below the limit", Terms(LIMIT, SELL, limit=110.01), UP, None),
    # through instead of touch
    ("through: a touch is not enough to buy", Terms(LIMIT, BUY, limit=90.0, through=True), UP, None),
    ("through: a cent below fills at the limit", Terms(LIMIT, BUY, limit=90.01, through=True), UP, 90.01),
    ("through: a touch is not enough to sell", Terms(LIMIT, SELL, limit=110.0, through=True), UP, None),
    ("through: a cent above fills at the limit", Terms(LIMIT, SELL, limit=109.99, through=True), UP, 109.99),
    ("through: what is marketable at the open fills there", Terms(LIMIT, BUY, limit=100.0, through=True), UP, 100.0),
    # stop-loss sell at S
    ("opens below the stop: a gap is not saved by its stop", Terms(STOP, SELL, level=103.0), UP, 100.0),
    ("opens at the stop", Terms(STOP, SELL, level=100.0), UP, 100.0),
    ("the low is below the stop: at the stop", Terms(STOP, SELL, level=95.0), UP, 95.0),
    ("the low touches the stop", Terms(STOP, SELL, level=90.0), UP, 90.0),
    ("the low stays above the stop", Terms(STOP, SELL, level=89.99), UP, None),
    # stop-loss buy at S
    ("opens above the stop: a gap is not saved by its stop", Terms(STOP, BUY, level=97.0), UP, 100.0),
    ("opens at the stop", Terms(STOP, BUY, level=100.0), UP, 100.0),
    ("the high is above the stop: at the stop", Terms(STOP, BUY, level=108.0), UP, 108.0),
    ("the high touches the stop", Terms(STOP, BUY, level=110.0), UP, 110.0),
    ("the high stays below the stop", Terms(STOP, BUY, level=110.01), UP, None),
    ("the rest of a triggered stop goes at the next open", Terms(STOP, SELL, level=95.0, triggered=True), UP, 100.0),
    # stop-limit sell: triggers at or below S, then sells at L or better
    ("opens between limit and stop: triggers and sells there", Terms(STOP_LIMIT, SELL, limit=98.0, level=103.0), UP, 100.0),
    ("touches the stop, limit below it: at the stop", Terms(STOP_LIMIT, SELL, limit=93.0, level=95.0), UP, 95.0),
    ("limit equal to the stop: at the stop", Terms(STOP_LIMIT, SELL, limit=95.0, level=95.0), UP, 95.0),
    ("opens below both: rests, and sells on the way up", Terms(STOP_LIMIT, SELL, limit=104.0, level=106.0), UP, 104.0),
    ("limit above the stop: rests, and sells on the way up", Terms(STOP_LIMIT, SELL, limit=97.0, level=95.0), UP, 97.0),
    ("never reaches the stop", Terms(STOP_LIMIT, SELL, limit=95.0, level=89.0), UP, None),
    ("triggered yesterday: a plain limit today", Terms(STOP_LIMIT, SELL, limit=108.0, level=95.0, triggered=True), UP, 108.0),
    # stop-limit buy, on the pessimistic path of a long: low first, then high
    ("opens between stop and limit: triggers and buys there", Terms(STOP_LIMIT, BUY, limit=102.0, level=97.0), UP, 100.0),
    ("touches the stop, limit above it: at the stop", Terms(STOP_LIMIT, BUY, limit=107.0, level=105.0), UP, 105.0),
    ("opens above both: rests, and buys on the way down", Terms(STOP_LIMIT, BUY, limit=96.0, level=94.0), UP, 96.0),
    ("limit below the stop, reached before the trigger only", Terms(STOP_LIMIT, BUY, limit=95.0, level=108.0), UP, None),
    ("limit below the stop, reached after the trigger", Terms(STOP_LIMIT, BUY, limit=106.0, level=108.0), UP, 106.0),
    ("never reaches the stop", Terms(STOP_LIMIT, BUY, limit=115.0, level=111.0), UP, None),
]


@pytest.mark.parametrize(("reason", "terms", "bar", "expected"), ROWS, ids=[f"{row[1].sign:+d} {row[0]}" for row in ROWS])
def test_an_order_fills_as_the_table_says(reason, terms, bar, expected):
    assert play(terms, bar).price == expected, reason


@pytest.mark.parametrize(
    ("mode", "direction", "bar", "expected"),
    [
        (PESSIMISTIC, LONG, (10, 14, 9, 12), (9, 14, 12)),
        (PESSIMISTIC, SHORT, (10, 14, 9, 12), (14, 9, 12)),
        (OPTIMISTIC, LONG, (10, 14, 9, 12), (14, 9, 12)),
        (OPTIMISTIC, SHORT, (10, 14, 9, 12), (9, 14, 12)),
        (NEAREST, LONG, (10, 14, 9, 12), (9, 14, 12)),
        (NEAREST, SHORT, (10, 14, 9, 12), (9, 14, 12)),
        (NEAREST, LONG, (13, 14, 9, 12), (14, 9, 12)),
        (NEAREST, SHORT, (13, 14, 9, 12), (14, 9, 12)),
        (NEAREST, LONG, (11, 13, 9, 12), (9, 13, 12)),  # equally near: the one that hurts
        (NEAREST, SHORT, (11, 13, 9, 12), (13, 9, 12)),
    ],
)
def test_time_runs_through_the_four_prices_as_the_path_says(mode, direction, bar, expected):
    assert fills.path_order(mode, direction, bar) == expected


@pytest.mark.parametrize(("path", "first"), [(PESSIMISTIC, "stop"), (OPTIMISTIC, "target")])
def test_stop_and_target_of_a_long_inside_one_bar(path, first):
    stop, target = play(Terms(STOP, SELL, level=95.0), UP, path), play(Terms(LIMIT, SELL, limit=105.0), UP, path)
    assert (stop.price, target.price) == (95.0, 105.0)
    assert (stop.leg < target.leg) == (first == "stop")


# A trailing stop follows the best price since it was accepted, along the path.
TRAILS = [
    ("low first: only the open has raised the level", Terms(TRAILING, SELL, level=80.0, trail=5.0), UP, PESSIMISTIC, 95.0),
    ("high first: raised by the high, met on the way down", Terms(TRAILING, SELL, level=80.0, trail=5.0), UP, OPTIMISTIC, 105.0),
    ("five percent of the high", Terms(TRAILING, SELL, level=80.0, trail=5.0, is_percentage=True), UP, OPTIMISTIC, 104.5),
    ("five percent of the open", Terms(TRAILING, SELL, level=80.0, trail=5.0, is_percentage=True), UP, PESSIMISTIC, 95.0),
    ("gaps below its level: at the open", Terms(TRAILING, SELL, level=101.0, trail=5.0), UP, PESSIMISTIC, 100.0),
    ("opens at its level", Terms(TRAILING, SELL, level=100.0, trail=5.0), UP, PESSIMISTIC, 100.0),
    ("met by the fall to the close", Terms(TRAILING, SELL, level=80.0, trail=12.0), (100, 110, 90, 95), PESSIMISTIC, 98.0),
    ("the trail is wider than the range", Terms(TRAILING, SELL, level=80.0, trail=25.0), UP, OPTIMISTIC, None),
    ("buys after the low, met on the way up", Terms(TRAILING, BUY, level=120.0, trail=5.0), UP, PESSIMISTIC, 95.0),
    ("buys: only the open has lowered the level", Terms(TRAILING, BUY, level=120.0, trail=5.0), UP, OPTIMISTIC, 105.0),
    ("buys: ten percent of the low", Terms(TRAILING, BUY, level=120.0, trail=10.0, is_percentage=True), UP, PESSIMISTIC, 99.0),
    ("buys: gaps above its level", Terms(TRAILING, BUY, level=99.0, trail=5.0), UP, PESSIMISTIC, 100.0),
]


@pytest.mark.parametrize(("reason", "terms", "bar", "path", "expected"), TRAILS, ids=[row[0] for row in TRAILS])
def test_a_trailing_stop_follows_the_best_price_along_the_path(reason, terms, bar, path, expected):
    assert play(terms, bar, path).price == expected, reason


def test_the_level_a_trail_has_reached_is_kept_for_the_next_bar():
    outcome = play(Terms(TRAILING, SELL, level=80.0, trail=8.0), (100.0, 106.0, 99.0, 105.0))
    assert outcome == Outcome(None, 3, False, 98.0)


def test_an_open_above_all_that_was_seen_raises_the_trail_before_the_fall():
    assert play(Terms(TRAILING, SELL, level=95.0, trail=5.0), (110.0, 111.0, 106.0, 106.5)).level == 106.0


def test_a_stop_limit_that_was_triggered_and_not_filled_rests_on():
    outcome = play(Terms(STOP_LIMIT, SELL, limit=112.0, level=95.0), UP)
    assert outcome == Outcome(None, 3, True, 95.0)


@pytest.mark.parametrize(("sign", "path"), [(SELL, PESSIMISTIC), (BUY, OPTIMISTIC)])
def test_a_stop_limit_whose_limit_is_its_stop_trades_the_moment_it_triggers(sign, path):
    level = 100.0 + sign * 5.0
    outcome = play(Terms(STOP_LIMIT, sign, limit=level, level=level), UP, path)
    assert outcome == Outcome(level, 0, True, level)


def test_no_fill_is_not_a_price():
    assert fills.NO_FILL < 0


def test_an_order_that_comes_alive_inside_the_bar_sees_only_the_rest_of_the_path():
    # Open 100, low 90 passed, now at 95 on the way up to 110: the low is over.
    points = fills.path_order(PESSIMISTIC, LONG, (100, 110, 90, 105))
    assert fills.match(LIMIT, BUY, 92, 0, False, 0, False, False, 1, 95, points)[0] == fills.NO_FILL
    assert fills.match(STOP, SELL, 0, 92, False, 0, False, False, 1, 95, points)[0] == fills.NO_FILL
    assert fills.match(LIMIT, SELL, 107, 0, False, 0, False, False, 1, 95, points)[:2] == (107, 1)
    assert fills.match(STOP, SELL, 0, 107, False, 0, False, False, 2, 110, points)[:2] == (107, 2)
    assert fills.match(LIMIT, BUY, 97, 0, False, 0, False, False, 1, 95, points)[:2] == (95, 1)


def test_a_real_gap_of_47_percent_is_not_saved_by_a_5_percent_stop():
    """AAPL, 2000-09-28 to 29: bought at the close, 53.50; the next open is 28.19."""
    aapl = stocks.AAPL
    day = aapl["date"].index("2000-09-29")
    assert aapl["close"][day - 1] == 53.5
    bar = tuple(aapl[column][day] for column in ("open", "high", "low", "close"))
    assert play(Terms(STOP, SELL, level=53.5 * 0.95), bar).price == 28.19
    assert play(Terms(STOP_LIMIT, SELL, level=50.825, limit=50.0), bar).price is None
