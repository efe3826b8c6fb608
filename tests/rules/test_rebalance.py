"""Rebalancing: to the target within a lot and the band, sells first, and never more than the cash."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.fill import Refusal
from framework.domain.values import MICRO, notional
from framework.errors import ConfigError
from framework.rules.costs.fees import Percent, Traded, charge
from framework.rules.execution.rebalance import BAD_WEIGHT, CASH, GROSS, NO_EQUITY, NO_PRICE, RebalancePolicy, legs, rebalanced

D = S = MICRO
FREE = RebalancePolicy(band=0.0, min_value=0.0, cost_bps=0.0)


def traded(weights, held, prices, cash, policy=FREE, lot=S, equity=None):
    """Changes as (symbol, shares) and the codes of the refusals; everything given in shares and dollars."""
    micros = {symbol: round(price * D) for symbol, price in prices.items()}
    shares = {symbol: round(quantity * S) for symbol, quantity in held.items()}
    worth = round(cash * D) + sum(notional(quantity, micros.get(symbol, 0)) for symbol, quantity in shares.items())
    changes, refusals = rebalanced(7, weights, shares, micros, worth if equity is None else equity, round(cash * D), lot, policy)
    return [(one.symbol, one.quantity / S) for one in changes], [one.code for one in refusals]


@pytest.mark.parametrize(
    ("weights", "held", "cash", "changes"),
    [
        # B first: the largest drift of the buys.
        ({"A": 0.4, "B": 0.6}, {}, 1000, [("B", 12), ("A", 4)]),
        ({"A": 0.5, "B": 0.5}, {"A": 10}, 0, [("A", -5), ("B", 10)]),
        ({"B": 1.0}, {"A": 10}, 0, [("A", -10), ("B", 20)]),
        ({}, {"A": 10, "B": 3}, 0, [("A", -10), ("B", -3)]),
        ({"A": 0.5, "B": 0.5}, {"A": 5, "B": 10}, 0, []),
        # Rounded towards what is held.
        ({"A": 0.55}, {}, 1000, [("A", 5)]),
        ({"A": 0.55}, {"A": 10}, 0, [("A", -4)]),
        # Short, through zero in two changes, and covered.
        ({"A": -0.5}, {}, 1000, [("A", -5)]),
        ({"A": -0.5}, {"A": 5}, 500, [("A", -5), ("A", -5)]),
        ({"A": 0.5}, {"A": -5}, 1500, [("A", 5), ("A", 5)]),
        ({"A": 0.0, "B": 0.2}, {"A": -1}, 1100, [("A", 1), ("B", 4)]),
    ],
)
def test_what_is_traded(weights, held, cash, changes):
    assert traded(weights, held, {"A": 100, "B": 50}, cash) == (changes, [])


def test_closing_comes_before_opening_and_ties_go_by_symbol():
    held, prices = {"A": 1, "B": -1, "C": 0}, dict.fromkeys("ABCDEF", 100)
    weights = {"C": 0.1, "D": 0.1, "E": -0.1, "F": -0.1}
    changes, _ = traded(weights, held, prices, 1000)
    assert changes == [("A", -1), ("E", -1), ("F", -1), ("B", 1), ("C", 1), ("D", 1)]


@pytest.mark.parametrize(("weight", "changes"), [(0.54, []), (0.55, []), (0.56, [("A", 6)]), (0.44, [("A", -6)]), (0.0, [("A", -50)])])
def test_a_drift_inside_the_band_is_left_alone_but_an_exit_is_not(weight, changes):
    band = RebalancePolicy(band=0.05, min_value=0.0, cost_bps=0.0)
    assert traded({"A": weight}, {"A": 50}, {"A": 10}, 500, band) == (changes, [])


@pytest.mark.parametrize(("held", "weight", "changes"), [(50, 0.59, []), (50, 0.60, [("A", 10)]), (1, 0.0, [("A", -1)])])
def test_a_change_below_the_minimum_value_is_left_alone_but_an_exit_is_not(held, weight, changes):
    policy = RebalancePolicy(band=0.0, min_value=100.0, cost_bps=0.0)
    assert traded({"A": weight}, {"A": held}, {"A": 10}, 1000 - 10 * held, policy) == (changes, [])


def test_fractions_are_traded_where_the_lot_allows():
    assert traded({"A": 0.25}, {}, {"A": 40}, 1000, lot=1) == ([("A", 6.25)], [])


def test_a_remainder_that_cannot_be_traded_stays_and_nothing_opens_beyond_it():
    assert traded({}, {"A": 10.5}, {"A": 100}, 0) == ([("A", -10)], [])
    assert traded({"A": -0.5}, {"A": 10.5}, {"A": 100}, 0) == ([("A", -10)], [])
    assert traded({"A": -0.5}, {"A": 10.5}, {"A": 100}, 0, lot=S // 2) == ([("A", -10.5), ("A", -5)], [])


def test_costs_are_kept_aside_and_what_the_cash_does_not_pay_is_cut_and_said():
    policy = RebalancePolicy(band=0.0, min_value=100.0, cost_bps=100.0)
    changes, codes = traded({"A": 0.5, "B": 0.5}, {}, {"A": 50, "B": 50}, 1000, policy)
    # 500 and 5 of costs for A leave 495: nine of B with their costs.
    assert (changes, codes) == ([("A", 10), ("B", 9)], [CASH])


def test_a_cut_buy_below_the_minimum_value_is_not_made():
    policy = RebalancePolicy(band=0.0, min_value=100.0, cost_bps=0.0)
    changes, refusals = rebalanced(7, {"A": 0.5}, {}, {"A": 40 * D}, 1000 * D, 99 * D, S, policy)
    assert changes == ()
    assert [(one.code, one.symbol, one.figure, one.limit) for one in refusals] == [(CASH, "A", 480.0, 99.0)]
    assert refusals[0].detail == "buy A: needs 480.00 with costs, 99.00 is there when its turn comes"


def test_a_cut_buy_of_exactly_the_minimum_value_is_made():
    policy = RebalancePolicy(band=0.0, min_value=100.0, cost_bps=0.0)
    changes, _ = rebalanced(7, {"A": 0.5}, {}, {"A": 10 * D}, 1000 * D, 100 * D + 2, S, policy)
    assert [one.quantity for one in changes] == [10 * S]


def test_the_proceeds_of_a_short_sale_are_not_spent():
    changes, refusals = rebalanced(7, {"A": -0.5, "B": 0.5}, {}, {"A": 10 * D, "B": 10 * D}, 1000 * D, 200 * D, S, FREE)
    assert [(one.symbol, one.quantity // S) for one in changes] == [("A", -50), ("B", 19)]
    assert [one.code for one in refusals] == [CASH]


def test_debt_buys_nothing():
    changes, refusals = rebalanced(7, {"A": 0.5}, {}, {"A": 10 * D}, 1000 * D, -5 * D, 1, FREE)
    assert (changes, refusals[0].limit) == ((), 0.0)


def test_a_symbol_without_a_price_is_left_and_the_others_are_traded():
    assert traded({"A": 0.5, "B": 0.1}, {"C": 5}, {"A": 100}, 1000) == ([("A", 5)], [NO_PRICE, NO_PRICE])


@pytest.mark.parametrize(
    ("weights", "equity", "code"),
    [
        ({"A": float("nan"), "B": 0.1}, None, BAD_WEIGHT),
        ({"A": float("inf")}, None, BAD_WEIGHT),
        ({"A": 0.6, "B": -0.5}, None, GROSS),
        ({"A": 0.6}, 0, NO_EQUITY),
        ({"A": 0.6}, -5, NO_EQUITY),
    ],
)
def test_weights_that_cannot_be_meant_trade_nothing(weights, equity, code):
    assert traded(weights, {"A": 1}, {"A": 100, "B": 100}, 1000, equity=equity) == ([], [code])


def test_weights_that_sum_to_one_but_for_float_noise_are_traded():
    weights = dict.fromkeys("ABCDEFGHIJ", 0.1)
    assert traded(weights, {}, dict.fromkeys(weights, 10), 1000)[1] == []


def test_a_refusal_of_all_weights_names_the_sum_and_the_limit():
    _, refusals = rebalanced(7, {"A": 0.7, "B": 0.7}, {}, {}, D, D, S, FREE)
    assert (refusals[0].figure, refusals[0].limit, refusals[0].symbol) == (1.4, 1.0, "")


def test_equity_that_is_gone_is_named():
    _, refusals = rebalanced(7, {"A": 0.7}, {}, {}, -5 * D, D, S, FREE)
    assert (refusals[0].figure, refusals[0].limit) == (-5.0, 0.0)


def test_the_defaults_are_those_of_the_guide():
    assert RebalancePolicy() == RebalancePolicy(0.01, 100.0, 1.0, 10.0)


@pytest.mark.parametrize(("key", "value"), [("band", 1.1), ("min_value", -1), ("max_gross", float("nan")), ("cost_bps", 10_001)])
def test_a_policy_that_cannot_be_meant_is_refused(key, value):
    with pytest.raises(ConfigError, match=rf"\[rebalance\] {key}"):
        RebalancePolicy(**{key: value})


@given(st.integers(-100, 100), st.integers(-200, 200))
def test_legs_close_at_most_what_is_held_and_add_up(held, change):
    closing, opening = legs(held, change)
    assert closing + opening == change
    assert closing * held <= 0
    assert abs(closing) <= abs(held)
    assert opening * (held + closing) >= 0


symbols = st.sampled_from(["A", "B", "C", "D", "E"])
portfolios = st.fixed_dictionaries(
    {
        "weights": st.dictionaries(symbols, st.floats(-0.2, 0.2)),
        "held": st.dictionaries(symbols, st.integers(-(10**9), 10**9)),
        "prices": st.dictionaries(symbols, st.integers(0, 10**9)),
        "cash": st.integers(0, 10**12),
        "lot": st.sampled_from([1, 1000, S]),
        "policy": st.builds(
            RebalancePolicy,
            band=st.sampled_from([0.0, 0.01, 0.2]),
            min_value=st.sampled_from([0.0, 100.0]),
            cost_bps=st.sampled_from([0.0, 0.5, 10.0, 10_000.0]),
        ),
    }
)


def worth(held, prices):
    return sum(notional(quantity, prices.get(symbol, 0)) for symbol, quantity in held.items())


@given(portfolios)
def test_cash_is_never_exceeded_after_costs(book):
    prices, policy, cash = book["prices"], book["policy"], book["cash"]
    changes, _ = rebalanced(1, book["weights"], book["held"], prices, cash + abs(worth(book["held"], prices)), cash, book["lot"], policy)
    schedule = Percent(round(policy.cost_bps * 100))
    for change in changes:
        cash -= notional(change.quantity, change.price) + charge(schedule, Traded(1, 0), abs(change.quantity), change.price)
        assert cash >= 0 or change.quantity < 0
        assert change.quantity % book["lot"] == 0
        assert change.quantity
    assert cash >= 0 or all(change.quantity < 0 for change in changes)


@given(portfolios)
def test_a_priced_target_is_reached_within_a_lot_or_the_drift_was_not_worth_it(book):
    weights, held, prices, policy, lot = book["weights"], book["held"], book["prices"], book["policy"], book["lot"]
    equity = book["cash"] + abs(worth(held, prices))
    changes, refusals = rebalanced(1, weights, held, prices, equity, book["cash"], lot, policy)
    refused = {one.symbol for one in refusals}
    after = dict(held)
    for change in changes:
        assert change.price == prices[change.symbol]
        after[change.symbol] = after.get(change.symbol, 0) + change.quantity
    for symbol in {*weights, *held} - refused if equity > 0 else ():
        price, weight = prices[symbol] if held.get(symbol) or symbol in weights else 0, weights.get(symbol, 0.0)
        if not price:
            continue
        target = Fraction(weight) * equity * MICRO / price
        missed = abs(target - after.get(symbol, 0))
        drift = abs(Fraction(weight) - Fraction(notional(held.get(symbol, 0), price), equity))
        crossed = held.get(symbol, 0) * target < 0 and held[symbol] % lot
        small = notional(int(missed) + 1, price) <= policy.min_value * MICRO + price
        # A micro-share, and a micro-dollar's worth of shares, for the rounding of the target itself.
        reached = missed < lot + 2 + Fraction(2 * MICRO, price) + Fraction(equity * MICRO, price * 10**15)
        assert reached or crossed or (weight and (small or drift <= policy.band + 1e-9))


@given(portfolios)
def test_sells_come_first_and_the_order_of_the_symbols_does_not_matter(book):
    given_order = [book[name] for name in ("weights", "held", "prices")]
    reversed_order = [dict(reversed(mapping.items())) for mapping in given_order]
    rest = (10**12, book["cash"], book["lot"], book["policy"])
    changes, refusals = rebalanced(1, *given_order, *rest)
    assert (changes, refusals) == rebalanced(1, *reversed_order, *rest)
    signs = [change.quantity > 0 for change in changes]
    assert signs == sorted(signs)


def test_what_a_sale_brings_is_less_than_its_value_by_its_costs():
    policy = RebalancePolicy(band=0.0, min_value=0.0, cost_bps=100.0)
    changes, refusals = rebalanced(7, {"B": 1.0}, {"A": 10 * S}, {"A": 100 * D, "B": D}, 1000 * D, 0, S, policy)
    # 1,000 less 1 % buys 980 at 1.01.
    assert [(one.symbol, one.quantity) for one in changes] == [("A", -10 * S), ("B", 980 * S)]
    detail = "buy B: needs 1010.00 with costs, 990.00 is there when its turn comes"
    assert refusals == (Refusal(7, "B", CASH, detail, 1010.0, 990.0),)


def test_costs_are_hundredths_of_a_percent_of_the_value_rounded_up():
    policy = RebalancePolicy(band=0.0, min_value=0.0, cost_bps=10_000.0)
    exact, short = (rebalanced(7, {"A": 1.0}, {}, {"A": 100 * D}, 100 * D, cash, S, policy) for cash in (200 * D, 200 * D - 1))
    assert [one.quantity for one in exact[0]] == [S]
    assert (short[0], [one.code for one in short[1]]) == ((), [CASH])


def test_what_a_short_sale_brings_is_not_spent():
    changes, refusals = rebalanced(7, {"A": -0.5, "B": 0.5}, {}, {"A": D, "B": D}, 1000 * D, 0, S, FREE)
    assert [(one.symbol, one.quantity) for one in changes] == [("A", -500 * S)]
    assert (refusals[0].detail, refusals[0].limit) == ("buy B: needs 500.00 with costs, 0.00 is there when its turn comes", 0.0)
    overdrawn = rebalanced(7, {"B": 0.5}, {}, {"B": D}, 1000 * D, -5 * D, S, FREE)[1][0]
    assert (overdrawn.timestamp, overdrawn.figure, overdrawn.limit) == (7, 500.0, 0.0)


def test_fractions_stay_whole_micro_shares_and_cash_whole_micro_dollars():
    policy = RebalancePolicy(band=0.0, min_value=0.0, cost_bps=7.0)
    changes, _ = rebalanced(7, {"A": 0.37, "B": 0.63}, {}, {"A": 3 * D + 1, "B": 7 * D}, 1000 * D, 900 * D, 1, policy)
    assert {type(one.quantity) for one in changes} == {int}
    spent = sum(notional(one.quantity, one.price) for one in changes)
    assert 899 * D < spent + sum(-(-notional(one.quantity, one.price) * 700 // D) for one in changes) <= 900 * D


def test_a_price_of_a_micro_dollar_is_a_price():
    assert traded({"A": 0.0}, {"A": 5}, {"A": 0.000001}, 0.0, equity=D) == ([("A", -5)], [])


def test_a_refused_portfolio_says_when_and_why():
    refused = rebalanced(7, {"A": 0.9, "B": -0.2}, {}, {}, 1000 * D, 0, S, FREE)[1]
    detail = "the weights sum to 1.1000 in size, allowed is 1 ([rebalance] max_gross); nothing is traded"
    assert refused == (Refusal(7, "", GROSS, detail, pytest.approx(1.1), 1.0),)
    detail = "equity is 0.00; weights need one above 0"
    assert rebalanced(7, {}, {}, {}, 0, 0, S, FREE)[1] == (Refusal(7, "", NO_EQUITY, detail, 0.0, 0.0),)
    refused = rebalanced(7, {"A": float("nan")}, {}, {}, D, 0, S, FREE)[1]
    assert refused == (Refusal(7, "A", BAD_WEIGHT, "A: the target weight is nan; nothing is traded"),)
    unpriced = rebalanced(7, {"A": 1.0}, {}, {}, D, D, S, FREE)[1]
    assert unpriced == (Refusal(7, "A", NO_PRICE, "A: no price has been seen, the position is left as it is"),)
    assert rebalanced(7, {}, {}, {}, 1, 0, S, FREE) == ((), ())


@pytest.mark.parametrize(("key", "largest"), [("band", 1.0), ("min_value", 1e9), ("max_gross", 10.0), ("cost_bps", 10_000.0)])
def test_a_policy_goes_up_to_its_largest_values_and_not_beyond(key, largest):
    assert getattr(RebalancePolicy(**{key: largest}), key) == largest
    with pytest.raises(ConfigError, match=rf"^\[rebalance\] {key} = .*; it must be a number from 0 to {re.escape(f'{largest:g}')}$"):
        RebalancePolicy(**{key: largest + 0.5})
