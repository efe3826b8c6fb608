"""Every pre-trade rule: just inside, just outside, with its figure and limit; precedence; and what no limit may stop."""

from __future__ import annotations

import math

import pytest

from framework.domain import reasons
from framework.domain.order import OrderRole, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.domain.venue import Capabilities
from framework.rules.pretrade import violations as codes
from framework.rules.pretrade.risk_limits import LIMIT_ONLY
from framework.rules.pretrade.standing import fingerprint
from tests.rules.pretrade_orders import ACCEPT, EXPLICIT, PROFIT, REFUSE, SHRINK, STOP
from tests.rules.standings import ROBINHOOD, order, standing, validator

#: (limits, standing, largest entry that passes in shares, code beyond it, figure and limit of one share more)
SIZE_LIMITS = {
    "order value": ({"max_order_value_dollars": 5_000.0}, {}, 50, codes.MAX_ORDER_VALUE, 5_100.0, 5_000.0),
    "position": ({"max_position_pct": 0.05}, {}, 50, codes.POSITION, 5_100.0, 5_000.0),
    "position with shares held": ({"max_position_pct": 0.05}, {"held": 20}, 30, codes.POSITION, 5_100.0, 5_000.0),
    "position with an entry working": ({"max_position_pct": 0.05}, {"pending": 1_000}, 40, codes.POSITION, 5_100.0, 5_000.0),
    "total": ({"max_total_exposure_pct": 0.80}, {"account": {"gross": 60_000, "entering": 5_000}}, 150, codes.EXPOSURE, 80_100.0, 80_000.0),
    "sector": (
        {"max_sector_exposure_pct": 0.30},
        {"sector": "energy", "account": {"sectors": {"energy": 25_000, "fund": 9_000}}},
        50, codes.SECTOR, 30_100.0, 30_000.0,
    ),
    "risk without a stop": ({"max_position_risk_pct": 0.05}, {"held": 20}, 30, codes.POSITION_RISK, 5_100.0, 5_000.0),
    "risk at the stop": ({"max_position_risk_pct": 0.001}, {"risk_per_share": 5, "at_risk": 20}, 16, codes.POSITION_RISK, 105.0, 100.0),
    "heat": ({"max_portfolio_heat_pct": 0.01}, {"risk_per_share": 5, "account": {"heat": 900}}, 20, codes.HEAT, 1_005.0, 1_000.0),
    "var": ({"max_portfolio_var_pct": 0.02}, {"var": 0.05, "account": {"var": 1_500}}, 100, codes.VAR, 2_005.0, 2_000.0),
    "turnover": ({"max_turnover_pct_per_day": 0.5}, {"account": {"traded": 45_000}}, 50, codes.TURNOVER, 50_100.0, 50_000.0),
    "volume": ({"max_average_volume_pct": 0.01}, {"average_volume": 5_000}, 50, codes.VOLUME_SHARE, 51.0, 50.0),
    "volume with an entry working": (
        {"max_average_volume_pct": 0.01}, {"average_volume": 5_000, "pending": 1_000}, 40, codes.VOLUME_SHARE, 51.0, 50.0,
    ),
    "settled cash": (
        {"settled_cash_only": True},
        {"account": {"cash": 20_000, "unsettled": 12_000, "reserved": 3_000}},
        50, codes.SETTLED_CASH, 20_100.0, 20_000.0,
    ),
    "buying power": ({}, {"account": {"gross": 90_000, "reserved": 5_000}}, 50, reasons.BUYING_POWER, 100_100.0, 100_000.0),
    "buying power with fees": ({}, {"fees": 500 * MICRO, "account": {"gross": 94_500}}, 50, reasons.BUYING_POWER, 100_100.0, 100_000.0),
    "settled cash with fees": (
        {"settled_cash_only": True}, {"fees": 500 * MICRO, "account": {"cash": 5_500}}, 50, codes.SETTLED_CASH, 5_600.0, 5_500.0,
    ),
    "buying power at the collar": ({"entry_collar_pct": 0.25}, {}, 800, reasons.BUYING_POWER, 100_125.0, 100_000.0),
}  # fmt: skip


@pytest.mark.parametrize("case", SIZE_LIMITS)
def test_an_entry_may_reach_a_limit_and_not_exceed_it(case):
    limits, books, largest, code, figure, limit = SIZE_LIMITS[case]
    checker, where = validator(**limits), standing(**books)
    assert checker.check(order(largest), where).decision is ACCEPT
    verdict = checker.check(order(largest + 1), where)
    broken = verdict.violations[0]
    assert (verdict.decision, verdict.quantity_micros) == (SHRINK, largest * MICRO)
    assert (broken.symbol, broken.code, broken.figure, broken.limit) == ("AAPL", code, pytest.approx(figure), pytest.approx(limit))
    assert broken.allowed_micros == largest * MICRO
    assert f"{figure:,.2f}" in broken.detail
    assert f"allowed are {limit:,.2f}" in broken.detail
    assert f"[limits] {codes.MEASURES[code].key} = " in broken.detail


@pytest.mark.parametrize("case", SIZE_LIMITS)
def test_an_explicit_quantity_was_meant_and_is_never_shrunk(case):
    limits, books, largest, code, *_ = SIZE_LIMITS[case]
    verdict = validator(**limits).check(order(largest + 1, role=EXPLICIT), standing(**books))
    assert (verdict.decision, verdict.quantity_micros, verdict.violations[0].code) == (REFUSE, 0, code)


@pytest.mark.parametrize("case", [case for case in SIZE_LIMITS if "cash" not in case and "held" not in case and "without" not in case])
def test_a_short_entry_has_the_same_limits(case):
    limits, books, largest, code, *_ = SIZE_LIMITS[case]
    verdict = validator(**limits).check(order(-largest - 1), standing(**books))
    assert (verdict.quantity_micros, verdict.violations[0].code) == (largest * MICRO, code)


#: (limits, standing that passes, standing that does not, code, figure, limit)
GATES = {
    "orders per bar": (
        {"max_orders_per_bar": 10}, {"account": {"entries_in_bar": 9}}, {"account": {"entries_in_bar": 10}}, codes.ORDERS_PER_BAR, 11, 10,
    ),
    "orders per day": (
        {"max_orders_per_day": 3}, {"account": {"entries_today": 2}}, {"account": {"entries_today": 3}}, codes.ORDERS_PER_DAY, 4, 3,
    ),
    "positions": ({"max_positions": 5}, {"account": {"positions": 4}}, {"account": {"positions": 5}}, codes.POSITIONS, 6, 5),
    "no orders at all": ({"max_orders_per_day": 0}, None, {}, codes.ORDERS_PER_DAY, 1, 0),
    "market cap": ({"min_market_cap_dollars": 1e9}, {"market_cap": 1e9}, {"market_cap": 0.9e9}, codes.MARKET_CAP, 0.9e9, 1e9),
    "market cap unknown": ({"min_market_cap_dollars": 1e9}, None, {}, codes.MARKET_CAP, None, None),
    "market cap not a number": ({"min_market_cap_dollars": 1e9}, None, {"market_cap": math.nan}, codes.MARKET_CAP, None, None),
    "volume": (
        {"min_average_volume_shares": 1e5}, {"average_volume": 1e5}, {"average_volume": 1e5 - 1}, codes.AVERAGE_VOLUME, 1e5 - 1, 1e5,
    ),
    "volume unknown": ({"min_average_volume_shares": 1e5}, None, {}, codes.AVERAGE_VOLUME, None, None),
    "correlation": ({"max_correlation": 0.8}, {"correlation": 0.8}, {"correlation": 0.81}, codes.CORRELATION, 0.81, 0.8),
    "a hedge": ({"max_correlation": 0.8}, {"correlation": -0.99}, {"correlation": 0.99}, codes.CORRELATION, 0.99, 0.8),
    "correlation unknown": ({"max_correlation": 0.8}, {"correlation": 0.0}, {}, codes.CORRELATION, None, None),
    "correlation not a number": ({"max_correlation": 0.8}, None, {"correlation": math.nan}, codes.CORRELATION, None, None),
    "worth too little": ({"min_order_value_dollars": 1_000.0}, {"price": 100}, {"price": 99}, reasons.MIN_ORDER_VALUE, 990.0, 1_000.0),
    "no price": ({}, {"price": 0.000001}, {"price": 0}, codes.NO_PRICE, None, None),
    "VaR unknown": ({"max_portfolio_var_pct": 0.02}, {"var": 0.0}, {}, codes.VAR, None, None),
    "VaR not a number": ({"max_portfolio_var_pct": 0.02}, None, {"var": math.nan}, codes.VAR, None, None),
    "VaR negative": ({"max_portfolio_var_pct": 0.02}, None, {"var": -0.1}, codes.VAR, None, None),
    "VaR infinite": ({"max_portfolio_var_pct": 0.02}, None, {"var": math.inf}, codes.VAR, None, None),
    "volume for a share of it unknown": ({"max_average_volume_pct": 0.01}, None, {}, codes.VOLUME_SHARE, None, None),
    "heat unknown": ({"max_portfolio_heat_pct": 0.02}, None, {}, codes.HEAT, None, None),
}  # fmt: skip


@pytest.mark.parametrize("role", [OrderRole.TARGET, EXPLICIT])
@pytest.mark.parametrize("case", GATES)
def test_a_gate_is_open_or_shut(case, role):
    limits, passes, fails, code, figure, limit = GATES[case]
    checker = validator(**limits)
    if passes is not None:
        assert checker.check(order(10, role=role), standing(**passes)).decision is ACCEPT
    verdict = checker.check(order(10, role=role), standing(**fails))
    assert (verdict.decision, verdict.quantity_micros) == (REFUSE, 0)
    assert [broken.code for broken in verdict.violations] == [code]
    assert verdict.violations[0].figure == (pytest.approx(figure) if figure is not None else None)
    assert verdict.violations[0].limit == limit
    assert verdict.violations[0].detail.startswith("buy 10 AAPL: ")


def test_what_is_not_known_is_named_with_the_key_that_needs_it():
    verdict = validator(max_correlation=0.8).check(order(10), standing())
    assert verdict.violations[0].detail == (
        "buy 10 AAPL: the correlation with the holdings is not known, and [limits] max_correlation = 0.8 needs it"
    )


def test_a_limit_of_zero_lets_nothing_in():
    assert validator(max_order_value_dollars=0.0).check(order(0.005), standing()).violations[0].code == codes.MAX_ORDER_VALUE
    assert validator(max_correlation=0.0).check(order(1), standing(correlation=0.5)).violations[0].code == codes.CORRELATION


def test_a_minimum_of_zero_lets_anything_in():
    checker = validator(min_order_value_dollars=0.0, min_market_cap_dollars=0.0, min_average_volume_shares=0.0)
    assert checker.check(order(0.005), standing(market_cap=0.5, average_volume=0.5)).decision is ACCEPT


@pytest.mark.parametrize(
    ("limits", "books", "told"),
    [
        ({"max_positions": 5}, {"account": {"positions": 5}}, "there would be 6 positions, allowed are 5 ([limits] max_positions)"),
        (
            {"min_market_cap_dollars": 2e9},
            {"market_cap": 1e9},
            "the company is worth 1,000,000,000 dollars, at least 2,000,000,000 are asked for ([limits] min_market_cap_dollars)",
        ),
        (
            {"min_average_volume_shares": 2_000.0},
            {"average_volume": 1_000},
            "1,000 shares a day are traded, at least 2,000 are asked for ([limits] min_average_volume_shares)",
        ),
        (
            {"min_order_value_dollars": 2_000.0},
            {},
            "worth 1,000.00 dollars, at least 2,000.00 are asked for ([limits] min_order_value_dollars)",
        ),
        (
            {"max_correlation": 0.8},
            {"correlation": 0.95},
            "its correlation with a holding is 0.95, allowed is 0.80 ([limits] max_correlation)",
        ),
    ],
)
def test_a_gate_says_what_was_found_and_what_is_asked_for(limits, books, told):
    assert validator(**limits).check(order(10), standing(**books)).violations[0].detail == f"buy 10 AAPL: {told}"


def test_adding_to_a_position_needs_no_new_place():
    checker = validator(max_positions=1)
    assert checker.check(order(10), standing(held=5)).decision is ACCEPT
    assert checker.check(order(10), standing(pending=500, account={"positions": 1})).decision is ACCEPT
    assert checker.check(order(10), standing(account={"positions": 1})).decision is REFUSE


@pytest.mark.parametrize(
    ("shares", "limit", "passes"),
    [(10, 150.0, True), (10, 150.01, False), (10, 1.0, True), (-10, 50.0, True), (-10, 49.99, False), (-10, 900.0, True)],
)
def test_a_limit_price_far_on_the_costly_side_is_a_typing_error(shares, limit, passes):
    verdict = validator(price_band_pct=0.5).check(order(shares, OrderType.LIMIT, limit=limit, role=EXPLICIT), standing())
    assert (verdict.decision is ACCEPT) == passes
    if not passes:
        assert verdict.violations[0].code == codes.PRICE_BAND
        assert verdict.violations[0].figure == pytest.approx(0.5001)
        side = "above" if shares > 0 else "below"
        assert f"limit price {limit} is 50.0% {side} the last price 100, allowed is 50.0% " in verdict.violations[0].detail


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.STOP_LOSS])
def test_limit_only_refuses_other_entries_and_no_exits(kind):
    checker = validator(allowed_entry_types=LIMIT_ONLY)
    fields = {"stop": 90.0} if kind is OrderType.STOP_LOSS else {}
    verdict = checker.check(order(10, kind, **fields), standing())
    assert (verdict.decision, verdict.violations[0].code) == (REFUSE, codes.ENTRY_TYPE)
    assert f"entries may not be {kind} orders; [orders] allowed_types = limit" in verdict.violations[0].detail
    assert checker.check(order(10, OrderType.LIMIT, limit=100.0), standing()).decision is ACCEPT
    assert checker.check(order(-10, kind, **fields), standing(held=10)).decision is ACCEPT
    assert checker.check(order(-10, kind, role=STOP, **fields), standing(held=10)).decision is ACCEPT


def test_no_entry_type_at_all_is_said_so():
    verdict = validator(allowed_entry_types=frozenset()).check(order(10), standing())
    assert verdict.violations[0].detail.endswith("[orders] allowed_types = none")


def test_the_same_order_twice_is_refused_unless_its_tag_says_it_is_meant():
    checker = validator(refuse_duplicates=True)
    first = order(10, role=EXPLICIT, tag="a")
    working = standing(working=(fingerprint(order(20)), fingerprint(first)))
    assert checker.check(first, standing()).decision is ACCEPT
    assert checker.check(first, working).violations[0].code == codes.DUPLICATE
    assert checker.check(order(10, role=EXPLICIT, tag="b"), working).decision is ACCEPT
    assert checker.check(order(11, role=EXPLICIT, tag="a"), working).decision is ACCEPT
    assert validator(refuse_duplicates=False).check(first, working).decision is ACCEPT


def test_a_venue_without_short_selling_sells_what_is_free_and_no_more():
    checker = validator(ROBINHOOD)
    verdict = checker.check(order(-15), standing(held=10, exits=4))
    broken = verdict.violations[0]
    assert (verdict.decision, verdict.quantity_micros) == (SHRINK, 6 * MICRO)
    assert (broken.code, broken.figure, broken.limit) == (reasons.SHORT, 15.0, 6.0)
    assert broken.detail == "sell 15 AAPL: 6 shares are free to sell; robinhood has no short selling"
    assert checker.check(order(-15, role=EXPLICIT), standing(held=10)).decision is REFUSE
    assert checker.check(order(-15), standing()).decision is REFUSE
    assert checker.check(order(-15), standing(held=-5)).violations[0].limit == 0.0
    assert checker.check(order(15), standing()).decision is ACCEPT


def test_a_venue_is_asked_for_type_time_and_lot():
    few = Capabilities("few", shorting=True, lot_micros=MICRO, order_types=frozenset({OrderType.MARKET}))
    checker = validator(few)
    assert checker.check(order(1, OrderType.LIMIT, limit=1.0), standing()).violations[0].code == reasons.ORDER_TYPE
    timed = checker.check(order(1, time_in_force=TimeInForce.IOC), standing())
    assert timed.violations[0].code == reasons.TIME_IN_FORCE
    assert timed.violations[0].detail == "buy 1 AAPL: few has no ioc orders here; use day or gtc"
    broken = checker.check(order(1.5), standing()).violations[0]
    assert (broken.code, broken.figure, broken.limit) == (reasons.FRACTIONAL, 1.5, 1.0)


@pytest.mark.parametrize(
    ("kind", "wrong", "name"),
    [
        (OrderType.LIMIT, {"limit": 0.0}, "limit price"),
        (OrderType.STOP_LOSS, {"stop": -1.0}, "stop price"),
        (OrderType.TRAILING_STOP, {"trail": 0.0}, "trail"),
    ],
)
def test_an_order_with_a_number_that_is_not_above_zero_is_no_order(kind, wrong, name):
    verdict = validator().check(order(10, kind, role=STOP, **wrong), standing(held=-20))
    assert (verdict.decision, verdict.violations[0].code, verdict.violations[0].limit) == (REFUSE, codes.INVALID_ORDER, 0.0)
    assert verdict.violations[0].detail.endswith(f"{name} must be above 0")


@pytest.mark.parametrize("quantity", [0, -MICRO])
def test_an_order_for_nothing_is_no_order(quantity):
    wanted = order(1)
    wanted.quantity_micros = quantity
    assert validator().check(wanted, standing()).violations[0].code == codes.INVALID_ORDER


def test_the_smallest_order_is_an_order():
    assert validator().check(order(0.000001), standing()).decision is ACCEPT
    assert validator().check(order(1, OrderType.LIMIT, limit=0.0001), standing()).decision is ACCEPT
    assert validator().check(order(0.000001, role=STOP), standing()).violations[0].code == codes.NOTHING_TO_PROTECT


def test_an_order_for_less_than_nothing_says_how_much():
    wanted = order(1)
    wanted.quantity_micros = -2 * MICRO
    assert validator().check(wanted, standing()).violations[0].figure == -2.0


NOTHING = (
    "max_position_pct max_total_exposure_pct max_sector_exposure_pct max_position_risk_pct max_portfolio_heat_pct max_portfolio_var_pct "
    "max_turnover_pct_per_day max_average_volume_pct max_correlation max_positions max_orders_per_bar max_orders_per_day price_band_pct "
    "max_order_value_dollars"
).split()
SHUT = dict.fromkeys(NOTHING, 0) | {
    "min_order_value_dollars": 1e12,
    "min_market_cap_dollars": 1e12,
    "min_average_volume_shares": 1e12,
    "settled_cash_only": True,
    "refuse_duplicates": True,
    "allowed_entry_types": frozenset(),
}


# --- what no limit may stop


@pytest.mark.parametrize("role", list(OrderRole))
@pytest.mark.parametrize("held", [10, -10])
@pytest.mark.parametrize("price", [0, 100])
def test_an_exit_passes_whatever_the_limits(role, held, price):
    checker = validator(**SHUT)
    assert checker.check(order(-held, role=role), standing(held, price, account={"equity": -5_000})).decision is ACCEPT
    assert checker.check(order(held, role=OrderRole.TARGET), standing(held, price)).decision is REFUSE


@pytest.mark.parametrize("role", [STOP, PROFIT])
def test_protection_covers_what_is_held_and_no_more(role):
    checker = validator(ROBINHOOD)
    assert checker.check(order(-10, role=role), standing(held=10, exits=10)).decision is ACCEPT
    broken = checker.check(order(-11, role=role), standing(held=10)).violations[0]
    assert (broken.code, broken.figure, broken.limit) == (codes.NOTHING_TO_PROTECT, 11.0, 10.0)
    assert checker.check(order(10, role=role), standing(held=10)).violations[0].code == codes.NOTHING_TO_PROTECT
    assert checker.check(order(10, role=role), standing()).violations[0].code == codes.NOTHING_TO_PROTECT


def test_a_second_exit_of_the_same_shares_is_an_entry_on_the_other_side():
    checker = validator(max_position_pct=0.0)
    assert checker.check(order(-10), standing(held=10)).decision is ACCEPT
    assert checker.check(order(-10), standing(held=10, exits=10)).decision is REFUSE
    partly = checker.check(order(-10), standing(held=10, exits=4))
    assert (partly.decision, partly.quantity_micros) == (SHRINK, 6 * MICRO)


def test_a_change_of_side_counts_only_what_it_opens():
    checker = validator(max_position_pct=0.05, max_total_exposure_pct=0.10, max_sector_exposure_pct=0.05, max_position_risk_pct=0.05)
    books = standing(held=40, sector="energy", account={"gross": 4_000, "sectors": {"energy": 4_000}})
    assert checker.check(order(-90), books).decision is ACCEPT
    verdict = checker.check(order(-91), books)
    assert (verdict.decision, verdict.quantity_micros) == (SHRINK, 90 * MICRO)
    assert [broken.code for broken in verdict.violations] == [codes.POSITION, codes.POSITION_RISK, codes.SECTOR]
    assert verdict.violations[0].figure == 5_100.0


def test_a_change_of_side_frees_the_var_it_closes():
    checker = validator(max_portfolio_var_pct=0.01)
    books = standing(held=100, var=0.05, account={"var": 500})
    assert checker.check(order(-300), books).decision is ACCEPT
    assert checker.check(order(-301), books).quantity_micros == 300 * MICRO


def test_a_var_of_nothing_frees_none():
    books = standing(held=100, var=0.0, account={"var": 1_000})
    assert validator(max_portfolio_var_pct=0.01).check(order(-300), books).quantity_micros == 100 * MICRO


def test_a_change_of_side_frees_the_buying_power_it_closes():
    assert validator().check(order(-1_900), standing(held=900)).decision is ACCEPT
    assert validator().check(order(-1_901), standing(held=900)).quantity_micros == 1_900 * MICRO


def test_a_change_of_side_pays_for_both_of_its_parts():
    turned = validator(max_turnover_pct_per_day=0.10).check(order(-111), standing(held=60))
    assert (turned.quantity_micros, turned.violations[0].code) == (100 * MICRO, codes.TURNOVER)
    valued = validator(max_order_value_dollars=7_000.0).check(order(-111), standing(held=60))
    assert (valued.quantity_micros, valued.violations[0].code) == (70 * MICRO, codes.MAX_ORDER_VALUE)
    settled = validator(settled_cash_only=True).check(order(111), standing(held=-60, account={"cash": 10_000}))
    assert (settled.quantity_micros, settled.violations[0].code) == (100 * MICRO, codes.SETTLED_CASH)
    assert validator(settled_cash_only=True).check(order(-111), standing(account={"cash": 0})).decision is ACCEPT


def test_the_risk_of_stops_on_the_old_side_is_not_known_apart_and_counts():
    checker = validator(max_position_risk_pct=0.001)
    assert checker.check(order(-50), standing(held=40, at_risk=60, risk_per_share=5)).quantity_micros == 48 * MICRO
    assert checker.check(order(-50), standing(held=40, risk_per_share=5, pending=50)).decision is ACCEPT


def test_a_stop_distance_that_makes_no_sense_is_no_stop():
    checker = validator(max_position_risk_pct=0.05)
    assert checker.check(order(60), standing(risk_per_share=0)).quantity_micros == 50 * MICRO
    assert checker.check(order(60), standing(risk_per_share=-3)).quantity_micros == 50 * MICRO
