"""Round trips against a share-by-share recomputation, and the figures of single trades."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.fill import Dividend, Fill
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
    (trade,) = round_trips(fills, changes.get("orders", ()), changes.get("dividends", ()), changes.get("series", {}))
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


@given(fill_lists(flat=True), st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-10_000, 10_000))))
def test_when_all_is_flat_the_results_add_up_to_the_change_in_cash_to_the_micro_dollar(
    fills: list[Fill], paid: list[tuple[str, int]]
) -> None:
    traded = {each.symbol for each in fills}
    dividends = [Dividend(10_000, symbol, MICRO, amount) for symbol, amount in paid if symbol in traded]
    cash = sum(dividend.amount_micros for dividend in dividends)
    for each in fills:
        value = int((each.quantity * each.price_micros).quantize(Decimal(1), ROUND_HALF_UP))
        cash -= each.side.sign * value + each.fees_micros
    trades = round_trips(fills, (), dividends, {})
    assert sum(round(trade.pnl * MICRO) for trade in trades) == cash
    assert sum(round(trade.fees * MICRO) for trade in trades) == sum(each.fees_micros for each in fills)
    assert open_positions(fills) == ()


@given(fill_lists(flat=False))
def test_open_positions_are_the_shares_no_trade_accounts_for(fills: list[Fill]) -> None:
    held: dict[str, int] = defaultdict(int)
    for each in fills:
        held[each.symbol] += each.side.sign * each.quantity_micros
    assert {p.symbol: p.quantity for p in open_positions(fills)} == {s: q / MICRO for s, q in sorted(held.items()) if q}


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


@pytest.mark.parametrize(("at", "paid"), [(10, 0.0), (11, 5.0), (50, 5.0), (60, 5.0)])
def test_a_dividend_belongs_to_the_trade_entered_before_it_even_if_paid_after_the_exit(at: int, paid: float) -> None:
    trade = one_trade(10, 100.0, 100.0, dividends=[Dividend(at, "AAPL", 10 * MICRO, 5 * MICRO), Dividend(20, "IBM", MICRO, MICRO)])
    assert (trade.dividends, trade.pnl) == (paid, paid)


def test_a_dividend_of_a_position_still_open_is_in_no_trade() -> None:
    fills = [fill(1, "AAPL", 10, MICRO), fill(2, "AAPL", -10, MICRO), fill(3, "AAPL", 10, MICRO)]
    (trade,) = round_trips(fills, (), [Dividend(4, "AAPL", 10 * MICRO, MICRO)], {})
    assert trade.dividends == 0.0
