"""Limit prices on the venue's tick, and the guard against a price that ran away."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.fill import Refusal
from framework.domain.order import OrderSide
from framework.domain.venue import venue
from framework.errors import ConfigError
from framework.rules.execution.pricing import (
    ABSOLUTE,
    BELOW_TICK,
    BPS,
    NO_REFERENCE,
    SLIPPAGE,
    OffsetPolicy,
    limit_price,
    offsets_for,
    priced,
    slippage,
)

D = 1_000_000
BUY, SELL = OrderSide.BUY, OrderSide.SELL
VENUE = venue("generic")


def limit_of(side: OrderSide, reference: float, last: float = 0.0, **offsets: object) -> int | str:
    """The limit, or the code of the refusal."""
    limit, refusal = priced(7, "AAPL", side, round(reference * D), round(last * D), VENUE, OffsetPolicy(**offsets))
    assert (limit == 0) == (refusal is not None)
    return limit if refusal is None else refusal.code


@pytest.mark.parametrize(
    ("side", "reference", "offsets", "limit"),
    [
        (BUY, 100.0, {}, 100.10),
        (SELL, 100.0, {}, 99.90),
        (BUY, 100.0, {"buy_offset": 0}, 100.0),
        # On the tick in the passive direction: a buy down, a sell up.
        (BUY, 99.99, {}, 100.08),
        (SELL, 99.99, {}, 99.90),
        (SELL, 100.01, {}, 99.91),
        (BUY, 10.0, {"offset_mode": ABSOLUTE, "buy_offset": 0.055, "max_slippage_pct": None}, 10.05),
        (SELL, 10.0, {"offset_mode": ABSOLUTE, "sell_offset": 0.055, "max_slippage_pct": None}, 9.95),
        # An offset below 0 waits for a better price.
        (BUY, 100.0, {"buy_offset": -50}, 99.50),
        (SELL, 100.0, {"sell_offset": -50}, 100.50),
        # The tick is a hundredth of a cent below one dollar, a cent from there on.
        (BUY, 0.5, {}, 0.5005),
        (BUY, 0.9999, {}, 1.0),
        (SELL, 1.0005, {}, 0.9995),
        (SELL, 0.99999, {"sell_offset": 0}, 1.0),
    ],
)
def test_the_limit_of_an_order(side, reference, offsets, limit):
    assert limit_of(side, reference, **offsets) == round(limit * D)


@pytest.mark.parametrize(
    ("side", "reference", "last", "offsets", "code"),
    [
        (BUY, 0.0, 100.0, {}, NO_REFERENCE),
        (SELL, -1.0, 100.0, {}, NO_REFERENCE),
        (BUY, 0.00005, 0.0, {}, BELOW_TICK),
        (SELL, 1.0, 0.0, {"offset_mode": ABSOLUTE, "sell_offset": 2}, BELOW_TICK),
        (BUY, 100.0, 0.0, {"buy_offset": 101}, SLIPPAGE),
        (SELL, 100.0, 0.0, {"sell_offset": 101}, SLIPPAGE),
        (BUY, 100.0, 101.01, {}, SLIPPAGE),
        (SELL, 100.0, 98.99, {}, SLIPPAGE),
        (BUY, 100.0, 100.01, {"buy_offset": 0, "max_slippage_pct": 0.0}, SLIPPAGE),
    ],
)
def test_a_price_that_is_not_sane_is_refused(side, reference, last, offsets, code):
    assert limit_of(side, reference, last, **offsets) == code


@pytest.mark.parametrize(
    ("side", "last", "offsets"),
    [
        (BUY, 101.0, {}),  # exactly the limit
        (SELL, 99.0, {}),
        (BUY, 50.0, {}),  # the market came to us
        (SELL, 200.0, {}),
        (BUY, 300.0, {"max_slippage_pct": None}),
        (BUY, 0.0, {"buy_offset": 100}),
    ],
)
def test_a_price_within_the_guard_passes(side, last, offsets):
    assert isinstance(limit_of(side, 100.0, last, **offsets), int)


def test_a_refusal_names_the_figure_and_the_limit():
    _, refusal = priced(7, "AAPL", BUY, 100 * D, 103 * D, VENUE, OffsetPolicy())
    assert refusal is not None
    assert (refusal.timestamp, refusal.symbol, refusal.figure, refusal.limit) == (7, "AAPL", 0.03, 0.01)
    assert refusal.detail == "buy AAPL: the last quote 103 is 3.00% worse than the reference 100 ([orders] max_slippage_pct = 0.01)"
    _, refusal = priced(7, "AAPL", SELL, 100 * D, 99 * D, VENUE, OffsetPolicy(sell_offset=200))
    assert refusal is not None
    assert "the limit 98 is 2.00% worse" in refusal.detail
    _, refusal = priced(7, "AAPL", SELL, D, 0, VENUE, OffsetPolicy(offset_mode=ABSOLUTE, sell_offset=2))
    assert refusal is not None
    assert (refusal.figure, refusal.limit) == (0.0, 0.0001)
    assert refusal.detail == "sell AAPL: an offset of 2 absolute from 1 leaves no price of a tick or more"


def test_a_price_below_a_tick_is_refused_with_both():
    _, refusal = priced(7, "AAPL", BUY, 50, 0, VENUE, OffsetPolicy(buy_offset=0))
    assert refusal is not None
    assert (refusal.figure, refusal.limit) == (0.00005, 0.0001)
    assert limit_of(BUY, 0.0001, buy_offset=0) == 100


def test_the_smallest_price_can_be_sold_at_a_tick():
    assert limit_of(SELL, 0.000001, max_slippage_pct=None) == 100


def test_slippage_is_positive_where_the_price_is_worse():
    assert slippage(1, 100, 101) == slippage(-1, 100, 99) == 0.01
    assert slippage(1, 100, 99) == slippage(-1, 100, 101) == -0.01


def test_a_strategy_overrides_only_what_it_names():
    general = OffsetPolicy(buy_offset=5, sell_offset=6, max_slippage_pct=0.02)
    overrides = {"eager": {"buy_offset": 30.0}, "free": {"max_slippage_pct": None}}
    assert offsets_for("eager", general, overrides) == OffsetPolicy(BPS, 30.0, 6, 0.02)
    assert offsets_for("free", general, overrides) == OffsetPolicy(BPS, 5, 6, None)
    assert offsets_for("other", general, overrides) == general


def test_an_override_is_checked_like_the_policy():
    with pytest.raises(ConfigError, match="buy_offset"):
        offsets_for("a", OffsetPolicy(), {"a": {"buy_offset": float("nan")}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("offset_mode", "percent"),
        ("buy_offset", 10_000),
        ("sell_offset", float("inf")),
        ("max_slippage_pct", -0.01),
        ("max_slippage_pct", 1.01),
        ("max_slippage_pct", float("nan")),
    ],
)
def test_offsets_that_cannot_be_meant_are_refused(key, value):
    with pytest.raises(ConfigError, match=rf"\[orders\] {key}"):
        OffsetPolicy(**{key: value})


@given(
    sign=st.sampled_from([1, -1]),
    reference=st.integers(1, 10**13),
    rate=st.integers(-999_999, 999_999),
    amount=st.integers(-(10**9), 10**9),
    tick=st.sampled_from([1, 100, 10_000, 50_000]),
)
def test_a_limit_is_on_the_tick_and_never_worse_than_the_offset(sign, reference, rate, amount, tick):
    exact = Fraction(reference) * (1 + sign * Fraction(rate, D)) + sign * amount
    limit = limit_price(sign, reference, rate, amount, tick)
    assert limit % tick == 0
    if limit:
        assert 0 <= sign * (exact - limit) < tick
    else:
        assert exact < tick


@given(
    side=st.sampled_from(list(OrderSide)),
    reference=st.integers(-10, 10**12),
    last=st.integers(0, 10**12),
    mode=st.sampled_from([BPS, ABSOLUTE]),
    offset=st.floats(-9_999, 9_999),
    allowed=st.one_of(st.none(), st.floats(0, 1)),
)
def test_every_order_gets_a_limit_within_the_guard_or_a_refusal(side, reference, last, mode, offset, allowed):
    policy = OffsetPolicy(mode, offset, offset, allowed)
    limit, refusal = priced(1, "AAPL", side, reference, last, VENUE, policy)
    assert (limit == 0) == (refusal is not None)
    if limit:
        assert limit % VENUE.tick_micros(limit) == 0
        if allowed is not None:
            assert side.sign * Fraction(limit - reference, reference) <= Fraction(allowed) + Fraction(1, 10**12)


def test_every_refusal_is_a_whole_record():
    assert priced(7, "AAPL", BUY, 0, 0, VENUE, OffsetPolicy())[1] == Refusal(
        7, "AAPL", NO_REFERENCE, "buy AAPL: no reference price has been seen yet"
    )
    detail = "sell AAPL: an offset of 2 absolute from 1 leaves no price of a tick or more"
    absolute = OffsetPolicy(offset_mode=ABSOLUTE, sell_offset=2)
    assert priced(7, "AAPL", SELL, D, 0, VENUE, absolute)[1] == Refusal(7, "AAPL", BELOW_TICK, detail, 0.0, 0.0001)


def test_where_limit_and_market_are_equally_bad_the_limit_is_named():
    _, refusal = priced(7, "AAPL", BUY, 100 * D, 102 * D, VENUE, OffsetPolicy(buy_offset=200))
    assert refusal is not None
    assert "the limit 102 is 2.00% worse" in refusal.detail


def test_an_absolute_offset_moves_by_nothing_else():
    absolute = OffsetPolicy(offset_mode=ABSOLUTE, buy_offset=0.0, sell_offset=0.0)
    assert priced(7, "AAPL", BUY, 100_009_950, 0, VENUE, absolute)[0] == 100 * D
    assert priced(7, "AAPL", SELL, 100_010_050, 0, VENUE, absolute)[0] == 100_020_000


def test_the_whole_of_a_price_may_be_allowed():
    assert OffsetPolicy(max_slippage_pct=1.0).max_slippage_pct == 1.0
    assert OffsetPolicy(max_slippage_pct=0.0).max_slippage_pct == 0.0
