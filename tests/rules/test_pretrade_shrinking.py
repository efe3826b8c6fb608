"""Which price limits count at, which of them is named, and by how much an order is made smaller."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain import reasons
from framework.domain.order import OrderSide, OrderType
from framework.domain.values import MICRO
from framework.rules.pretrade import violations as codes
from framework.rules.pretrade.standing import after, fingerprint
from tests.rules.pretrade_orders import ACCEPT, EXPLICIT, REFUSE, SHRINK, STOP
from tests.rules.standings import FREE, GENERIC, ROBINHOOD, order, standing, validator

# --- which price counts


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (order(900, OrderType.LIMIT, limit=50.0), 100),  # a buy's limit bounds what it pays
        (order(900, OrderType.LIMIT, limit=125.0), 40),
        (order(900, OrderType.STOP_LOSS, stop=125.0), 40),
        (order(900, OrderType.STOP_LOSS, stop=50.0), 50),
        (order(900, OrderType.STOP_LIMIT, stop=125.0, limit=200.0), 25),
        (order(-900, OrderType.LIMIT, limit=50.0), 50),  # a short sale may fetch more than its limit
        (order(-900, OrderType.LIMIT, limit=125.0), 40),
    ],
)
def test_an_entry_counts_at_the_price_it_may_cost(wanted, allowed):
    assert validator(max_position_pct=0.05).check(wanted, standing()).quantity_micros == allowed * MICRO


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (order(9_000), 800),
        (order(9_000, OrderType.LIMIT, limit=125.0), 800),
        (order(9_000, OrderType.STOP_LOSS, stop=160.0), 500),
        (order(-9_000, OrderType.LIMIT, limit=90.0), 800),
        (order(-9_000, OrderType.LIMIT, limit=250.0), 400),
    ],
)
def test_cash_is_reserved_at_the_worst_price(wanted, allowed):
    assert validator(entry_collar_pct=0.25).check(wanted, standing()).quantity_micros == allowed * MICRO


# --- precedence and shrinking


def test_the_tightest_limit_decides_and_the_others_are_told():
    verdict = validator(max_position_pct=0.05, max_total_exposure_pct=0.03, max_order_value_dollars=4_000.0).check(order(60), standing())
    assert [broken.code for broken in verdict.violations] == [codes.EXPOSURE, codes.MAX_ORDER_VALUE, codes.POSITION]
    assert verdict.quantity_micros == 30 * MICRO


def test_a_tie_goes_to_the_order_of_the_table():
    verdict = validator(max_position_pct=0.05, max_total_exposure_pct=0.05, max_sector_exposure_pct=0.05).check(order(60), standing())
    assert [broken.code for broken in verdict.violations] == [codes.POSITION, codes.SECTOR, codes.EXPOSURE]


def test_a_gate_comes_before_sizes_and_an_earlier_gate_before_a_later():
    checker = validator(max_orders_per_bar=0, max_positions=0, max_position_pct=0.0)
    assert [broken.code for broken in checker.check(order(60), standing()).violations] == [codes.ORDERS_PER_BAR]


def test_what_the_venue_cannot_do_comes_before_what_we_may_not():
    verdict = validator(ROBINHOOD, max_orders_per_bar=0).check(order(-1.5), standing())
    assert [broken.code for broken in verdict.violations] == [reasons.FRACTIONAL]


def test_a_shrunk_entry_is_in_whole_lots():
    assert validator(ROBINHOOD, max_position_pct=0.0555).check(order(60), standing()).quantity_micros == 55 * MICRO
    assert validator(max_position_pct=0.0555).check(order(60), standing()).quantity_micros == 55.5 * MICRO
    assert validator(ROBINHOOD, max_position_pct=0.0005).check(order(60), standing()).decision is REFUSE


def test_an_entry_shrunk_below_the_minimum_is_refused_but_its_exit_is_not():
    checker = validator(max_position_pct=0.01, min_order_value_dollars=1_000.01)
    assert checker.check(order(60), standing()).decision is REFUSE
    flip = checker.check(order(-15), standing(held=4))
    assert (flip.decision, flip.quantity_micros) == (SHRINK, 14 * MICRO)
    flip = validator(max_position_pct=0.01, min_order_value_dollars=1_401.0).check(order(-15), standing(held=4))
    assert (flip.decision, flip.quantity_micros) == (SHRINK, 4 * MICRO)
    kept = validator(max_position_pct=0.01, min_order_value_dollars=1_000.0).check(order(60), standing())
    assert (kept.decision, kept.quantity_micros) == (SHRINK, 10 * MICRO)


def test_without_a_minimum_the_smallest_rest_is_an_entry():
    assert validator(max_position_pct=0.000001).check(order(60), standing()).quantity_micros == 1_000


def test_a_violation_becomes_a_refusal_of_the_record():
    broken = validator(max_position_pct=0.05).check(order(60), standing()).violations[0]
    refusal = broken.refusal(99)
    assert (refusal.timestamp, refusal.symbol, refusal.code) == (99, "AAPL", codes.POSITION)
    assert (refusal.detail, refusal.figure, refusal.limit) == (broken.detail, 6_000.0, 5_000.0)
    told = "buy 60 AAPL: the position would come to 6,000.00 dollars, allowed are 5,000.00 ([limits] max_position_pct = 0.05)"
    assert refusal.detail == told


# --- the standing after an order


def test_an_accepted_entry_is_in_the_next_standing():
    books = standing(sector="energy", var=0.02, risk_per_share=5, account={"heat": 100, "sectors": {"fund": 1}})
    wanted = order(10)
    then = after(books, wanted, 8 * MICRO, 0.05)
    account = then.account
    assert (account.entering, account.reserved, account.traded) == (800 * MICRO, 840 * MICRO, 800 * MICRO)
    assert (account.positions, account.entries_in_bar, account.entries_today) == (1, 1, 1)
    assert (account.var, account.heat) == (16 * MICRO, 140 * MICRO)
    assert account.sectors == {"fund": MICRO, "energy": 800 * MICRO}
    assert (then.pending, then.working, then.at_risk) == (800 * MICRO, (fingerprint(wanted),), 40 * MICRO)
    assert (then.exits, account.equity, account.gross, account.cash) == (0, books.account.equity, 0, books.account.cash)
    again = after(then, order(5), 5 * MICRO, 0.05)
    assert (again.account.positions, again.pending, len(again.working), again.at_risk) == (1, 1_300 * MICRO, 2, 65 * MICRO)


def test_an_explicit_entry_counts_as_a_sized_one():
    assert after(standing(), order(10, role=EXPLICIT), 10 * MICRO, 0.0).account == after(standing(), order(10), 10 * MICRO, 0.0).account
    assert after(standing(), order(10, role=EXPLICIT), 10 * MICRO, 0.0).account.entering == 1_000 * MICRO


def test_fees_are_reserved_with_the_entry_they_are_for_and_an_exit_needs_none():
    assert after(standing(fees=7), order(10), 10 * MICRO, 0.0).account.reserved == 1_000 * MICRO + 7
    assert after(standing(held=10, fees=7), order(-10), 10 * MICRO, 0.0).account.reserved == 0


def test_an_accepted_exit_takes_its_shares_and_no_allowance():
    then = after(standing(held=10, account={"positions": 1}), order(-4), 4 * MICRO, 0.05)
    assert (then.exits, then.account.traded) == (4 * MICRO, 400 * MICRO)
    assert (then.account.entries_in_bar, then.account.reserved, then.pending, then.working) == (0, 0, 0, ())


def test_a_change_of_side_is_an_exit_and_an_entry():
    then = after(standing(held=10), order(-15), 15 * MICRO, 0.0)
    assert (then.exits, then.pending) == (10 * MICRO, 500 * MICRO)
    assert (then.account.traded, then.account.entering, then.account.positions) == (1_500 * MICRO, 500 * MICRO, 1)
    shrunk = after(standing(held=10), order(-15), 8 * MICRO, 0.0)
    assert (shrunk.exits, shrunk.pending) == (8 * MICRO, 0)


def test_protection_changes_no_standing():
    books = standing(held=10)
    assert after(books, order(-10, role=STOP), 10 * MICRO, 0.05) == books


def test_without_stops_the_risk_stays_the_value():
    then = after(standing(held=10), order(5), 5 * MICRO, 0.0)
    assert then.at_risk is None
    assert then.account.heat is None
    known = after(standing(at_risk=30), order(5), 5 * MICRO, 0.0)
    assert known.at_risk == 530 * MICRO


def test_an_unknown_var_adds_none_where_no_budget_asks():
    assert after(standing(), order(5), 5 * MICRO, 0.0).account.var == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("symbol", "IBM"),
        ("side", OrderSide.SELL),
        ("quantity_micros", 1),
        ("order_type", OrderType.STOP_LOSS),
        ("limit_micros", 1),
        ("stop_micros", 1),
        ("trail_micros", 1),
        ("strategy", "other"),
        ("tag", "other"),
    ],
)
def test_any_difference_makes_another_order(field, value):
    first, second = order(10), order(10)
    assert fingerprint(first) == fingerprint(second)
    setattr(second, field, value)
    assert fingerprint(first) != fingerprint(second)


def test_only_cash_binds_when_nothing_else_is_set():
    assert all(getattr(FREE, name) is None for name in FREE.__slots__ if name.startswith(("max_", "min_", "price_")))
    assert validator().check(order(1_000), standing()).decision is ACCEPT


def test_what_an_entry_does_not_touch_stays_in_the_account():
    before = standing(sector="energy", account={"cash": 9_000, "unsettled": 2_000, "gross": 4_000, "sectors": {"energy": 300, "fund": 7}})
    account = after(before, order(2), 2 * MICRO, 0.0).account
    money = (account.equity, account.gross, account.cash, account.unsettled)
    assert money == (100_000 * MICRO, 4_000 * MICRO, 9_000 * MICRO, 2_000 * MICRO)
    assert account.sectors == {"energy": 500 * MICRO, "fund": 7 * MICRO}


@pytest.mark.parametrize(
    ("limits", "detail"),
    [
        (
            {"min_average_volume_shares": 10.0},
            "the average daily volume is not known, and [limits] min_average_volume_shares = 10.0 needs it",
        ),
        (
            {"min_market_cap_dollars": 5.0},
            "the market capitalisation is not known, and [limits] min_market_cap_dollars = 5.0 needs it",
        ),
        ({"max_correlation": 0.5}, "the correlation with the holdings is not known, and [limits] max_correlation = 0.5 needs it"),
    ],
)
def test_a_figure_that_is_not_known_is_named_with_the_key_that_needs_it(limits, detail):
    assert validator(**limits).check(order(1), standing()).violations[0].detail == f"buy 1 AAPL: {detail}"


@pytest.mark.parametrize(
    ("limits", "books", "code", "detail", "figure", "limit"),
    [
        (
            {"refuse_duplicates": True}, {"working": (fingerprint(order(1)),)}, codes.DUPLICATE,
            "the same order is working; give it another tag if it is meant ([limits] refuse_duplicates)", None, None,
        ),
        (
            {"max_orders_per_bar": 2}, {"account": {"entries_in_bar": 2}}, codes.ORDERS_PER_BAR,
            "there would be 3 entries in this bar, allowed are 2 ([limits] max_orders_per_bar)", 3, 2,
        ),
        (
            {"max_orders_per_day": 5}, {"account": {"entries_today": 5}}, codes.ORDERS_PER_DAY,
            "there would be 6 entries today, allowed are 5 ([limits] max_orders_per_day)", 6, 5,
        ),
        (
            {"max_positions": 1}, {"account": {"positions": 1}}, codes.POSITIONS,
            "there would be 2 positions, allowed are 1 ([limits] max_positions)", 2, 1,
        ),
        (
            {"max_average_volume_pct": 0.5}, {}, codes.VOLUME_SHARE,
            "the average daily volume is not known, and [limits] max_average_volume_pct = 0.5 needs it", None, None,
        ),
        (
            {"max_portfolio_heat_pct": 0.5}, {}, codes.HEAT,
            "the loss of all positions at their stops is not known, and [limits] max_portfolio_heat_pct = 0.5 needs it", None, None,
        ),
        (
            {"max_portfolio_var_pct": 0.5}, {}, codes.VAR,
            "the symbol's VaR is not known, and [limits] max_portfolio_var_pct = 0.5 needs it", None, None,
        ),
    ],
)  # fmt: skip
def test_a_refused_entry_says_what_is_asked_for_and_where(limits, books, code, detail, figure, limit):
    broken = validator(**limits).check(order(1), standing(**books)).violations[0]
    assert (broken.code, broken.detail, broken.figure, broken.limit) == (code, f"buy 1 AAPL: {detail}", figure, limit)


@pytest.mark.parametrize(("shares", "limit", "side"), [(1, 110.0, "above"), (-1, 90.0, "below")])
def test_a_price_outside_the_band_is_refused_with_its_distance(shares, limit, side):
    entry = order(shares, OrderType.LIMIT, limit=limit)
    broken = validator(price_band_pct=0.05).check(entry, standing()).violations[0]
    assert (broken.code, broken.figure, broken.limit) == (codes.PRICE_BAND, pytest.approx(0.1), 0.05)
    assert f"limit price {limit:g} is 10.0% {side} the last price 100, allowed is 5.0% ([limits] price_band_pct)" in broken.detail


def test_heat_of_an_entry_without_a_stop_is_all_of_its_value():
    checker = validator(max_portfolio_heat_pct=0.01)
    assert checker.check(order(1), standing(account={"heat": 900})).decision is ACCEPT
    assert checker.check(order(2), standing(account={"heat": 900})).violations[0].figure == 1_100.0


def test_a_working_entry_takes_whole_micro_shares_of_the_volume():
    where = standing(price=3.0, average_volume=1_000, pending=10)
    verdict = validator(max_average_volume_pct=0.01).check(order(50), where)
    assert verdict.violations[0].figure == pytest.approx(50 + 10 / 3)
    assert (verdict.quantity_micros, type(verdict.quantity_micros)) == (6_666_667, int)


def test_a_refusal_names_the_symbol_of_the_order():
    broken = validator(max_orders_per_day=0).check(order(1), standing()).violations[0]
    assert (broken.symbol, broken.refusal(9).symbol, broken.refusal(9).timestamp) == ("AAPL", "AAPL", 9)


@pytest.mark.parametrize(
    ("asked", "books", "venue", "code", "detail"),
    [
        ({"shares": 0}, {}, GENERIC, codes.INVALID_ORDER, "sell 0 AAPL: quantity must be above 0"),
        ({"shares": 1}, {"price": 0.0}, GENERIC, codes.NO_PRICE, "buy 1 AAPL: no price has been seen yet"),
        (
            {"shares": 1.5, "kind": OrderType.LIMIT, "limit": 100.0}, {}, replace(ROBINHOOD, lot_micros=MICRO), reasons.FRACTIONAL,
            ("buy 1.5 AAPL: robinhood trades multiples of 1 shares here ([broker] fractional) "
            '(its words: "Order quantity cannot include fractional shares.")'),
        ),
        (
            {"shares": 1}, {}, replace(ROBINHOOD, order_types=frozenset({OrderType.LIMIT})), reasons.ORDER_TYPE,
            "buy 1 AAPL: robinhood has no market orders",
        ),
        (
            {"shares": -3, "kind": OrderType.STOP_LOSS, "stop": 90.0, "role": STOP}, {"held": 2}, GENERIC, codes.NOTHING_TO_PROTECT,
            "sell 3 AAPL: protects 3 of 2 shares",
        ),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_sent_says_why_in_words(asked, books, venue, code, detail):
    asked = {"role": EXPLICIT} | asked
    verdict = validator(venue).check(order(asked.pop("shares"), asked.pop("kind", OrderType.MARKET), **asked), standing(**books))
    assert (verdict.decision, verdict.quantity_micros) == (REFUSE, 0)
    assert (verdict.violations[0].code, verdict.violations[0].detail) == (code, detail)


def test_a_sized_order_without_a_price_still_closes_what_it_would_close():
    checker = validator(min_order_value_dollars=10.0)
    verdict = checker.check(order(-5), standing(held=2, price=0.0))
    assert (verdict.decision, verdict.quantity_micros) == (SHRINK, 2 * MICRO)
