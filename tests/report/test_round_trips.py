"""Round trips against a share-by-share recomputation, and the figures of single trades."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.account_event import CashInLieu, Delisted, Entitlement, Split, TradeCorrection
from framework.domain.fill import Fill
from framework.domain.market import BarSeries
from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TrailType
from framework.domain.values import MICRO
from framework.report.trades import open_positions, round_trips

DOLLARS = st.integers(1, 500_000_000)


def fill(
    at: int, symbol: str, quantity: int, price: int, fees: int = 0, order_id: str = "o", tag: str | None = None, unit: int = MICRO
) -> Fill:
    """``quantity`` in units of micro-shares (whole shares), negative for a sale; price and fees in micro-dollars."""
    side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
    return Fill(f"x{at}", order_id, at, symbol, side, abs(quantity) * unit, price, price, fees, tag)


def one_trade(quantity: int, entry: float, leave: float, **changes: object) -> object:
    """A position opened at time 10 and closed at time 50."""
    fills = [
        fill(10, "AAPL", quantity, round(entry * MICRO), order_id="in"),
        fill(50, "AAPL", -quantity, round(leave * MICRO), order_id="out"),
    ]
    (trade,) = round_trips(fills, changes.get("orders", ()), changes.get("account_events", ()), changes.get("series", {}))
    return trade


@st.composite
def fill_lists(draw: st.DrawFn, *, flat: bool) -> list[Fill]:
    """Fills of whole shares; those that end flat are of an odd fraction of a share."""
    rows = draw(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-6, 6).filter(bool), DOLLARS, st.integers(0, 5000)), max_size=30))
    held: dict[str, int] = defaultdict(int)
    for symbol, quantity, _, _ in rows:
        held[symbol] += quantity
    if flat:
        rows += [(symbol, -quantity, draw(DOLLARS), 7) for symbol, quantity in held.items() if quantity]
    unit = draw(st.integers(1, 3 * MICRO)) if flat else MICRO
    return [fill(at, *row, order_id=f"o{at}", tag=f"t{at}", unit=unit) for at, row in enumerate(rows)]


def share_by_share(fills: list[Fill]) -> list[dict[str, object]]:
    """The same trades, one share after another, in exact fractions."""
    held: dict[str, int] = defaultdict(int)
    trades: dict[str, dict] = {}
    done = []
    for each in fills:
        shares = each.quantity_micros // MICRO
        for _ in range(shares):
            trade = trades.setdefault(
                each.symbol, {"symbol": each.symbol, "sign": each.side.sign, "in": [], "out": [], "fees": Fraction(0), "from": each}
            )
            trade["in" if each.side.sign == trade["sign"] else "out"].append(each.price_micros)
            trade["fees"] += Fraction(each.fees_micros, shares)
            held[each.symbol] += each.side.sign
            if held[each.symbol] == 0:
                done.append({**trades.pop(each.symbol), "to": each})
    return done


@given(fill_lists(flat=False))
def test_every_trade_is_what_share_by_share_gives(fills: list[Fill]) -> None:
    expected = share_by_share(fills)
    trades = round_trips(fills, (), (), {})
    assert len(trades) == len(expected)
    for trade, other in zip(trades, expected, strict=True):
        gross = other["sign"] * (sum(other["out"]) - sum(other["in"]))
        assert (trade.symbol, trade.side) == (other["symbol"], "long" if other["sign"] > 0 else "short")
        assert (trade.entry_at, trade.exit_at) == (other["from"].timestamp, other["to"].timestamp)
        assert (trade.entry_tag, trade.exit_tag) == (other["from"].tag, other["to"].tag)
        assert trade.quantity == len(other["in"])
        assert trade.entry_price * MICRO == pytest.approx(sum(other["in"]) / len(other["in"]), abs=0.51)
        assert trade.exit_price * MICRO == pytest.approx(sum(other["out"]) / len(other["out"]), abs=0.51)
        assert trade.fees * MICRO == pytest.approx(float(other["fees"]), abs=1.0)  # two fills through zero may each round
        assert trade.pnl * MICRO == pytest.approx(float(gross - other["fees"]), abs=1.01)
        assert trade.mae <= 0.0 <= trade.mfe
        assert trade.return_fraction == pytest.approx(trade.pnl * MICRO / sum(other["in"]), rel=1e-9)


@given(fill_lists(flat=True), st.integers(0, 40), st.integers(-10_000, 10_000))
def test_when_all_is_flat_the_results_add_up_to_the_change_in_cash_to_the_micro_dollar(fills: list[Fill], at: int, paid: int) -> None:
    held = Counter()
    for each in fills:
        held[each.symbol] += each.side.sign * each.quantity_micros * (each.timestamp < at)
    dividends = [Entitlement(at, symbol, quantity, paid, 0) for symbol, quantity in held.items() if quantity]
    cash = sum(dividend.amount_micros for dividend in dividends)
    for each in fills:
        value = int((each.quantity * each.price_micros).quantize(Decimal(1), ROUND_HALF_UP))
        cash -= each.side.sign * value + each.fees_micros
    trades = round_trips(fills, (), dividends, {})
    assert sum(round(trade.pnl * MICRO) for trade in trades) == cash
    assert sum(round(trade.fees * MICRO) for trade in trades) == sum(each.fees_micros for each in fills)
    assert open_positions(fills, ()) == ()


@given(fill_lists(flat=False))
def test_open_positions_are_the_shares_no_trade_accounts_for(fills: list[Fill]) -> None:
    held: dict[str, int] = defaultdict(int)
    for each in fills:
        held[each.symbol] += each.side.sign * each.quantity_micros
    assert {p.symbol: p.quantity for p in open_positions(fills, ())} == {s: q / MICRO for s, q in sorted(held.items()) if q}


def test_a_fill_through_zero_closes_one_trade_and_opens_the_next() -> None:
    fills = [fill(1, "IBM", 100, 50 * MICRO), fill(2, "IBM", -150, 60 * MICRO, fees=3 * MICRO), fill(3, "IBM", 50, 55 * MICRO)]
    long, short = round_trips(fills, (), (), {})
    assert (long.side, long.quantity, long.pnl, long.fees) == ("long", 100.0, 998.0, 2.0)
    assert (short.side, short.quantity, short.pnl, short.fees) == ("short", 50.0, 249.0, 1.0)
    assert (short.entry_at, short.exit_at) == (2, 3)


def stop(order_id: str, parent: str, created_at: int = 10, **fields: object) -> Order:
    kind = OrderType.STOP_LOSS if "stop_micros" in fields else OrderType.TRAILING_STOP
    return Order(order_id, "AAPL", OrderSide.SELL, MICRO, kind, created_at, role=OrderRole.STOP, parent_id=parent, **fields)


@pytest.mark.parametrize(
    ("quantity", "leave", "order", "multiple"),
    [
        (10, 110.0, stop("s", "in", stop_micros=95 * MICRO), 2.0),
        (-10, 110.0, stop("s", "in", stop_micros=105 * MICRO), -2.0),
        (10, 110.0, stop("s", "in", trail_micros=4 * MICRO), 2.5),  # 4 % of 100
        (-10, 90.0, stop("s", "in", trail_micros=2 * MICRO, trail_type=TrailType.AMOUNT), 5.0),
        (10, 110.0, stop("s", "in", trail_micros=4 * MICRO, stop_micros=98 * MICRO), 5.0),  # the level it already reached
        (10, 110.0, stop("s", "another", stop_micros=95 * MICRO), None),
        (10, 110.0, stop("s", "in"), None),  # an exit without a level
        (10, 110.0, stop("s", "in", stop_micros=101 * MICRO), None),  # above the entry: nothing was at risk
        (
            10,
            110.0,
            Order(
                "t", "AAPL", OrderSide.SELL, MICRO, OrderType.LIMIT, 10, limit_micros=95 * MICRO, role=OrderRole.TAKE_PROFIT, parent_id="in"
            ),
            None,
        ),
    ],
)
def test_r_divides_by_the_money_between_the_entry_and_its_first_stop(
    quantity: int, leave: float, order: Order, multiple: float | None
) -> None:
    assert one_trade(quantity, 100.0, leave, orders=[order]).r_multiple == multiple


def test_r_counts_the_first_stop_not_where_a_later_one_stood() -> None:
    orders = [stop("s1", "in", 10, stop_micros=90 * MICRO), stop("s2", "in", 20, stop_micros=99 * MICRO)]
    assert one_trade(10, 100.0, 105.0, orders=orders).r_multiple == 0.5


def bars(highs: list[float], lows: list[float]) -> BarSeries:
    middle = [(high + low) / 2 for high, low in zip(highs, lows, strict=True)]
    prices = [np.array(column) for column in (middle, highs, lows, middle)]
    ones = np.ones(len(highs))
    return BarSeries("AAPL", np.arange(1, len(highs) + 1) * 10, *prices, ones * 1e6, ones * 0.0, ones)


def test_excursions_come_from_fills_and_the_bars_strictly_between() -> None:
    series = {
        "AAPL": bars([150.0, 108.0, 112.0, 104.0, 150.0], [50.0, 97.0, 101.0, 94.0, 50.0])
    }  # entry in the first bar, exit in the last
    long = one_trade(10, 100.0, 105.0, series=series)
    assert (long.mae, long.mfe, long.bars_held) == (pytest.approx(-0.06), pytest.approx(0.12), 4)
    short = one_trade(-10, 100.0, 105.0, series=series)
    assert (short.mae, short.mfe, short.bars_held) == (pytest.approx(-0.12), pytest.approx(0.06), 4)


def test_a_trade_within_one_bar_has_seen_only_its_own_prices() -> None:
    fills = [fill(20, "AAPL", 10, 100 * MICRO), fill(20, "AAPL", -10, 95 * MICRO)]
    (trade,) = round_trips(fills, (), (), {"AAPL": bars([150.0] * 3, [50.0] * 3)})
    assert (trade.mae, trade.mfe, trade.bars_held) == (pytest.approx(-0.05), 0.0, 0)


def test_a_bar_without_prices_is_passed_over() -> None:
    series = {"AAPL": bars([101.0, np.nan, 103.0, 101.0, 101.0], [99.0, np.nan, 98.0, 99.0, 99.0])}
    assert one_trade(10, 100.0, 101.0, series=series).mfe == pytest.approx(0.03)


@pytest.mark.parametrize(("at", "paid"), [(10, 0.0), (11, 5.0), (50, 5.0), (51, 0.0)])
def test_a_dividend_belongs_to_the_trade_open_when_it_went_ex_before_the_fills_of_that_bar(at: int, paid: float) -> None:
    own, other = Entitlement(at, "AAPL", 10 * MICRO, 5 * MICRO, 0), Entitlement(20, "IBM", MICRO, MICRO, 0)
    trade = one_trade(10, 100.0, 100.0, account_events=sorted([own, other], key=lambda event: event.timestamp))
    assert (trade.dividends, trade.pnl) == (paid, paid)


def test_a_dividend_of_a_position_still_open_is_in_no_trade() -> None:
    fills = [fill(1, "AAPL", 10, MICRO), fill(2, "AAPL", -10, MICRO), fill(3, "AAPL", 10, MICRO)]
    (trade,) = round_trips(fills, (), [Entitlement(4, "AAPL", 10 * MICRO, MICRO, 0)], {})
    assert trade.dividends == 0.0


# --- splits, fractions and delistings


def split(at: int, new: int, old: int, held: int) -> Split:
    return Split(at, "AAPL", new, old, held * MICRO)


def test_a_trade_across_a_split_has_quantity_and_prices_in_shares_of_its_exit() -> None:
    fills = [fill(10, "AAPL", 10, 100 * MICRO, order_id="in"), fill(50, "AAPL", -20, 55 * MICRO)]
    (trade,) = round_trips(fills, (), [split(30, 2, 1, 20)], {})
    assert (trade.quantity, trade.entry_price, trade.exit_price, trade.pnl) == (20.0, 50.0, 55.0, 100.0)
    assert (trade.return_fraction, trade.mae, trade.mfe) == (0.1, 0.0, pytest.approx(0.1))


def test_r_is_the_same_whatever_shares_the_stop_was_placed_in() -> None:
    fills = [fill(10, "AAPL", 10, 100 * MICRO, order_id="in"), fill(50, "AAPL", -20, 55 * MICRO)]
    placed = (stop("s", "in", stop_micros=95 * MICRO), stop("s", "in", trail_micros=5 * MICRO, trail_type=TrailType.AMOUNT))
    for before in placed:
        (trade,) = round_trips(fills, [before], [split(30, 2, 1, 20)], {})
        assert trade.r_multiple == 2.0
    (trade,) = round_trips(fills, [stop("s", "in", 30, stop_micros=47_500_000)], [split(30, 2, 1, 20)], {})
    assert trade.r_multiple == 2.0


def test_excursions_over_a_split_are_those_of_the_adjusted_bars() -> None:
    fills = [fill(10, "AAPL", 10, 100 * MICRO), fill(40, "AAPL", -20, 50 * MICRO)]
    # As loaded: in the shares of the last bar, after another split of 2 for 1 behind the exit.
    series = bars([25.0, 27.0, 25.0, 25.0, 25.0], [25.0, 25.0, 24.0, 25.0, 25.0])
    series = replace(series, split=np.array([1.0, 1.0, 2.0, 1.0, 2.0]))
    (trade,) = round_trips(fills, (), [split(30, 2, 1, 20)], {"AAPL": series})
    assert (trade.mae, trade.mfe) == (pytest.approx(-0.04), pytest.approx(0.08))


def test_shares_of_which_a_split_leaves_less_than_a_millionth_are_a_trade() -> None:
    # 100 micro-shares at 30 dollars, 1 for 10,000: nothing is left but the 3,000 micro-dollars paid for them.
    bought = fill(10, "AAPL", 100, 30 * MICRO, unit=1)
    (trade,) = round_trips([bought], (), [split(30, 1, 10_000, 0), CashInLieu(30, "AAPL", 0, 2_500)], {})
    assert (trade.quantity, trade.exit_tag, trade.pnl) == (1e-6, "cash_in_lieu", -0.0005)
    assert trade.return_fraction == pytest.approx(-1 / 6)


def test_cash_in_lieu_is_a_part_of_the_exit() -> None:
    # 101 at 30; 3 for 2: 151 and half a share at 20; the rest is sold at 21.
    fills = [fill(10, "AAPL", 101, 30 * MICRO), fill(50, "AAPL", -151, 21 * MICRO)]
    events = [split(30, 3, 2, 151), CashInLieu(30, "AAPL", MICRO // 2, 10 * MICRO)]
    (trade,) = round_trips(fills, (), events, {})
    assert (trade.quantity, trade.entry_price, trade.pnl) == (151.5, 20.0, 151.0)
    assert trade.exit_price == pytest.approx((151 * 21 + 10) / 151.5, abs=1e-6)
    assert trade.realized_gain == 151.0


@pytest.mark.parametrize(
    ("events", "tag"),
    [
        ([Split(30, "AAPL", 1, 100, 0), CashInLieu(30, "AAPL", MICRO // 10, 900 * MICRO)], "cash_in_lieu"),
        ([Delisted(30, "AAPL", 10 * MICRO, 900 * MICRO)], "delisted"),
    ],
)
def test_what_is_paid_for_shares_that_are_gone_ends_the_trade(events, tag) -> None:
    (trade,) = round_trips([fill(10, "AAPL", 10, 100 * MICRO)], (), events, {})
    assert (trade.exit_at, trade.exit_tag, trade.pnl, trade.realized_gain) == (30, tag, -100.0, -100.0)
    assert open_positions([fill(10, "AAPL", 10, 100 * MICRO)], events) == ()


def test_a_position_open_over_a_split_is_in_new_shares() -> None:
    (position,) = open_positions([fill(10, "AAPL", 10, 100 * MICRO)], [split(30, 2, 1, 20)])
    assert (position.quantity, position.entry_price) == (20.0, 50.0)


# --- taxes

DAY = 86_400 * 10**9


def test_a_loss_is_disallowed_by_a_purchase_of_the_next_trade_and_comes_out_with_it() -> None:
    fills = [
        fill(0, "AAPL", 10, 100 * MICRO, order_id="a"),
        fill(40 * DAY, "AAPL", -10, 90 * MICRO, fees=MICRO),
        fill(50 * DAY, "AAPL", 4, 90 * MICRO, order_id="b"),
        fill(200 * DAY, "AAPL", -4, 120 * MICRO),
    ]
    first, second = round_trips(fills, (), (), {})
    # 101 lost on ten shares, 40.40 of it on the four that were bought back.
    assert (first.pnl, first.realized_gain, first.disallowed_loss, first.wash_sale) == (-101.0, -60.6, 40.4, True)
    assert (second.pnl, second.realized_gain, second.disallowed_loss, second.wash_sale) == (120.0, 79.6, 0.0, False)


@given(fill_lists(flat=True))
def test_when_all_is_flat_the_gains_reported_are_what_was_earned(fills: list[Fill]) -> None:
    """A loss that was disallowed has come out with the shares that took it."""
    trades = round_trips(fills, (), (), {})
    assert sum(trade.realized_gain for trade in trades) == pytest.approx(sum(trade.pnl for trade in trades), abs=1e-5)
    assert all(trade.wash_sale == (trade.disallowed_loss > 0.0) for trade in trades)


def corrected(at: int, quantity: int, amount: int, fees: int = 0) -> TradeCorrection:
    """Whole shares and dollars."""
    return TradeCorrection(at, "AAPL", quantity * MICRO, amount * MICRO, "in", f"c{at}", "because", fees * MICRO)


def test_shares_that_a_correction_takes_have_left_at_its_price():
    entry = fill(10, "AAPL", 10, 100 * MICRO, 2 * MICRO, order_id="in")
    (trade,) = round_trips([entry], (), (corrected(30, -10, 1_050, 1),), {})
    assert (trade.pnl, trade.fees, trade.exit_price, trade.exit_tag) == (47.0, 3.0, 105.0, "corrected")
    assert trade.exit_at == 30
    assert open_positions([entry], (corrected(30, -4, 420),))[0].quantity == 6.0


def test_shares_that_a_correction_brings_are_a_part_of_the_trade():
    fills = [fill(10, "AAPL", 10, 100 * MICRO, order_id="in"), fill(50, "AAPL", -15, 110 * MICRO, order_id="out")]
    (trade,) = round_trips(fills, (), (corrected(10, 5, -550),), {})
    assert (trade.quantity, trade.pnl) == (15.0, 1_650.0 - 1_550.0)


def test_a_corrected_price_is_money_of_the_trade():
    fills = [fill(10, "AAPL", 10, 100 * MICRO, order_id="in"), fill(50, "AAPL", -10, 110 * MICRO, order_id="out")]
    (trade,) = round_trips(fills, (), (corrected(20, 0, -3),), {})
    assert trade.pnl == 97.0
    assert round_trips(fills, (), (corrected(60, 0, -3),), {})[0].pnl == 100.0  # after its end it belongs to none
