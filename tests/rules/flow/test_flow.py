"""Order flow: sides of trades, large sellers and spikes of volume, by hand and on any stream."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.flow import BookLevel, BookSnapshot, TradeTick
from framework.domain.order import OrderSide
from framework.errors import BadDataError, ConfigError
from framework.rules.flow.messages import read_message
from framework.rules.flow.policy import RANGES, FlowPolicy
from framework.rules.flow.sides import SideRule
from framework.rules.flow.symbol_flow import REMEMBERED, SymbolFlow

SECOND = 10**9
START = 1_700_000_000 * SECOND
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def book(bid=99.0, ask=101.0, at=0, bid_size=100.0, ask_size=100.0):
    return BookSnapshot("IBM", START + at * SECOND, (BookLevel(bid, bid_size),), (BookLevel(ask, ask_size),))


def trade(price, size=100.0, at=0, name="", conditions=()):
    return TradeTick("IBM", START + at * SECOND, price, size, name, conditions)


def minutes_of(flow, *volumes, price=100.0):
    """One trade in the middle of each minute from the start on."""
    for number, volume in enumerate(volumes):
        flow.traded(trade(price, volume, at=number * 60 + 30))
    return START + len(volumes) * 60 * SECOND


# Sides, after the table in Lee and Ready (1991): quote test, and tick test at the middle.


@pytest.mark.parametrize(
    ("prices", "side"),
    [
        ([100.5], BUY),  # above the middle
        ([101.0], BUY),  # at the ask
        ([99.5], SELL),  # below the middle
        ([99.0], SELL),  # at the bid
        ([100.0], None),  # at the middle, nothing before
        ([99.9, 100.0], BUY),  # uptick
        ([100.1, 100.0], SELL),  # downtick
        ([99.9, 100.0, 100.0], BUY),  # zero uptick
        ([100.1, 100.0, 100.0], SELL),  # zero downtick
    ],
)
def test_a_side_is_told_by_the_quote_and_at_its_middle_by_the_tick(prices, side):
    rule = SideRule()
    rule.quoted(book())
    assert [rule.side_of(price) for price in prices][-1] is side


def test_without_a_quote_the_tick_alone_tells():
    rule = SideRule()
    assert [rule.side_of(price) for price in (10.0, 10.0, 11.0, 11.0, 10.0)] == [None, None, BUY, BUY, SELL]


# Volume.


def test_volume_of_the_last_minute_is_measured_by_the_minutes_before():
    flow = SymbolFlow(FlowPolicy())
    found = flow.at(minutes_of(flow, 100.0, 200.0, 300.0, 200.0, 200.0, 600.0))
    assert (found.volume, found.spike) == (600.0, 3.0)  # mean of the five before: 200
    assert found.is_spiking
    assert not found.is_bursting


def test_one_share_less_is_no_spike():
    flow = SymbolFlow(FlowPolicy())
    assert not flow.at(minutes_of(flow, 200.0, 200.0, 200.0, 200.0, 200.0, 599.0)).is_spiking


def test_nothing_is_said_of_a_minute_without_enough_before_it():
    flow = SymbolFlow(FlowPolicy(least_minutes=3))
    found = flow.at(minutes_of(flow, 1.0, 1.0, 1e6))
    assert (found.spike, found.is_spiking) == (0.0, False)


@pytest.mark.parametrize(("sold", "is_burst"), [(0.6, True), (0.59, False), (1.0, True), (0.0, False)])
def test_a_burst_is_four_times_the_usual_and_mostly_sold(sold, is_burst):
    flow = SymbolFlow(FlowPolicy())
    now = minutes_of(flow, 200.0, 200.0, 200.0, 200.0, 200.0)
    flow.quoted(book())
    if sold:
        flow.traded(trade(99.0, 800.0 * sold, at=330))
    if sold < 1.0:
        flow.traded(trade(101.0, 800.0 * (1.0 - sold), at=331))
    found = flow.at(now + 60 * SECOND)
    assert found.sell_share == pytest.approx(sold)
    assert found.is_bursting is is_burst
    assert found.is_under_pressure is is_burst


# Large sellers.


def test_three_large_sales_within_two_minutes_press_and_later_no_more():
    flow = SymbolFlow(FlowPolicy())
    flow.quoted(book())
    for at in (0, 50):
        flow.traded(trade(99.0, 10_000.0, at=at))
        assert not flow.at(START + at * SECOND).has_large_sellers
    flow.traded(trade(99.0, 10_000.0, at=100))
    assert flow.at(START + 119 * SECOND).has_large_sellers
    assert not flow.at(START + 120 * SECOND).has_large_sellers  # the first is two minutes old


@pytest.mark.parametrize(("price", "size"), [(99.0, 9_999.0), (101.0, 50_000.0)], ids=["small", "bought"])
def test_small_sales_and_large_purchases_are_no_sellers(price, size):
    flow = SymbolFlow(FlowPolicy())
    flow.quoted(book())
    for at in range(10):
        flow.traded(trade(price, size, at=at))
    assert not flow.at(START + 10 * SECOND).has_large_sellers


def test_a_level_that_stays_large_is_one_sighting():
    flow = SymbolFlow(FlowPolicy(sightings=2))
    for at in range(5):
        flow.quoted(book(ask_size=20_000.0, at=at))
    assert not flow.at(START + 5 * SECOND).has_large_sellers
    flow.quoted(book(at=6))
    flow.quoted(book(ask_size=20_000.0, at=7))  # it went, and came again
    assert flow.at(START + 8 * SECOND).has_large_sellers


def test_dollars_can_be_asked_for_too():
    flow = SymbolFlow(FlowPolicy(sightings=1, large_dollars=1e6))
    flow.quoted(BookSnapshot("IBM", START, (BookLevel(1.0, 1.0),), (BookLevel(2.0, 1.0),)))
    flow.traded(trade(1.0, 900_000.0))
    assert not flow.at(START).has_large_sellers
    flow.traded(trade(1.0, 1_000_000.0))
    assert flow.at(START).has_large_sellers


def test_the_imbalance_of_the_book_counts_all_its_levels():
    levels = (BookLevel(99.0, 100.0), BookLevel(98.0, 200.0))
    flow = SymbolFlow(FlowPolicy())
    assert flow.at(START).imbalance == 0.0
    flow.quoted(BookSnapshot("IBM", START, levels, (BookLevel(101.0, 100.0),)))
    assert flow.at(START).imbalance == 0.5


# Any stream.

TRADES = st.lists(
    st.tuples(st.integers(0, 359), st.floats(1.0, 1e5), st.sampled_from([99.0, 101.0])).map(lambda one: trade(one[2], one[1], at=one[0])),
    max_size=60,
)


def figures(trades):
    flow = SymbolFlow(FlowPolicy())
    flow.quoted(book(at=-1))
    for one in trades:
        flow.traded(one)
    return flow.at(START + 359 * SECOND)


@given(TRADES, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_change_volumes(trades, dice):
    mixed = list(trades)
    dice.shuffle(mixed)
    one, other = figures(trades), figures(mixed)
    for name in ("bought", "sold", "volume", "spike"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9)


@given(TRADES, st.integers(-8, 8))
def test_a_spike_does_not_depend_on_the_unit_of_shares(trades, power):
    scaled = [trade(one.price, one.size * 2.0**power, at=(one.timestamp - START) // SECOND) for one in trades]
    assert figures(scaled).spike == figures(trades).spike
    assert figures(scaled).sell_share == figures(trades).sell_share


@given(TRADES)
def test_figures_stay_in_their_bounds(trades):
    found = figures(trades)
    assert 0.0 <= found.sell_share <= 1.0
    assert -1.0 <= found.imbalance <= 1.0
    assert found.bought + found.sold <= found.volume * (1.0 + 1e-9)
    assert found.is_spiking or not found.is_bursting
    assert math.isfinite(found.spike)


@given(TRADES)
def test_a_trade_that_is_told_twice_counts_once(trades):
    named = [trade(one.price, one.size, at=(one.timestamp - START) // SECOND, name=str(number)) for number, one in enumerate(trades)]
    assert figures([each for one in named for each in (one, one)]) == figures(named)


@pytest.mark.parametrize("change", [{"t": 1536036818784 + 86_400_000}, {"trfi": 202}, {"x": 5}], ids=["another day", "facility", "venue"])
def test_an_id_names_a_trade_of_one_day_and_place(change):
    told = {"ev": "T", "sym": "IBM", "x": 4, "trfi": 201, "i": "1", "p": 100.0, "s": 100, "t": 1536036818784}
    flow = SymbolFlow(FlowPolicy())
    for message in (told, told, told | change):
        flow.traded(read_message(message))
    assert flow.left_out == {"told twice": 1}


def test_memory_is_bounded():
    flow = SymbolFlow(FlowPolicy())
    for number in range(2 * REMEMBERED):
        flow.traded(trade(100.0, 1.0, at=number, name=str(number)))
    assert len(flow._ids) == REMEMBERED


def test_what_is_late_or_says_nothing_of_now_is_counted_and_left_out():
    flow = SymbolFlow(FlowPolicy())
    flow.traded(trade(100.0, at=1000))
    flow.traded(trade(100.0, at=0))
    flow.traded(trade(100.0, at=1000, conditions=(37, 2)))
    flow.quoted(book(at=10))
    flow.quoted(book(at=9))
    assert flow.left_out == {"too late": 1, "not a trade of now": 1, "book of the past": 1}
    assert flow.at(START + 1000 * SECOND).volume == 100.0


# What cannot be.


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_trade_cannot_be_made(price):
    with pytest.raises(BadDataError, match="price"):
        trade(price)
    with pytest.raises(BadDataError, match="size"):
        trade(1.0, size=price)


@pytest.mark.parametrize(
    ("bids", "asks", "why"),
    [
        ((), ((1.0, 1.0),), "no bids"),
        (((2.0, 1.0),), ((1.0, 1.0),), "crossed"),
        (((1.0, 1.0), (1.0, 2.0)), ((2.0, 1.0),), "best price first"),
        (((1.0, 1.0),), ((3.0, 1.0), (2.0, 1.0)), "best price first"),
        (((1.0, -1.0),), ((2.0, 1.0),), "sizes not below 0"),
        (((math.nan, 1.0),), ((2.0, 1.0),), "finite"),
    ],
)
def test_an_impossible_book_cannot_be_made(bids, asks, why):
    with pytest.raises(BadDataError, match=why):
        BookSnapshot("IBM", 0, tuple(BookLevel(*one) for one in bids), tuple(BookLevel(*one) for one in asks))


def test_messages_of_the_vendor_are_read_as_it_documents_them():
    told = {"ev": "T", "sym": "MSFT", "x": 4, "i": "12345", "z": 3, "p": 114.125, "s": 100, "c": [0, 12], "t": 1536036818784, "q": 3681328}
    assert read_message(told) == TradeTick("MSFT", 1536036818784 * 10**6, 114.125, 100.0, "4::12345:17778", (0, 12))
    quoted = {"ev": "Q", "sym": "MSFT", "bx": 4, "bp": 114.125, "bs": 2, "ax": 7, "ap": 114.128, "as": 1, "c": 0, "t": 1536036818784}
    assert read_message(quoted) == BookSnapshot(
        "MSFT", 1536036818784 * 10**6, (BookLevel(114.125, 200.0),), (BookLevel(114.128, 100.0),)
    )  # round lots
    deep = {"ev": "L2", "sym": "IBM", "t": 5, "b": [[9, 10], [8, 20]], "a": [[10, 5]]}
    assert read_message(deep) == BookSnapshot("IBM", 5 * 10**6, (BookLevel(9.0, 10.0), BookLevel(8.0, 20.0)), (BookLevel(10.0, 5.0),))
    assert read_message({"ev": "status", "message": "authenticated"}) is None


@given(
    st.dictionaries(
        st.sampled_from(["ev", "sym", "p", "s", "t", "b", "a", "bp", "ap", "bs", "as", "c", "i"]),
        st.one_of(st.sampled_from(["T", "Q", "L2", ""]), st.none(), st.floats(), st.integers(), st.lists(st.floats(), max_size=3)),
    )
)
def test_any_object_is_read_or_refused_with_a_reason(message):
    try:
        found = read_message(message)
    except BadDataError:
        return  # with what is wrong; anything else would end the test
    assert found is None or found.symbol == str(message["sym"])


@pytest.mark.parametrize("name", RANGES)
def test_a_threshold_outside_of_its_range_is_refused_with_it(name):
    with pytest.raises(ConfigError, match=f"{name} = .*allowed: "):
        FlowPolicy(**{name: RANGES[name][1] * 2 + 1})
