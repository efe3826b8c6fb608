"""What each venue refuses, read a second time: slowly, in dollars, from tables of the test's own."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from fractions import Fraction
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain import reasons
from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.domain.venue import VENUES, Capabilities, venue
from framework.domain.venue_rules import RULES
from framework.rules.pretrade.validator import Decision
from framework.rules.pretrade.venue_rules import exits_off_tick, impossible, refused, unfit
from tests.rules.standings import order, standing, validator

CODES = {value for name, value in vars(reasons).items() if name.isupper()} - {reasons.UNPROTECTED}
WHOLE, PARTS = venue("robinhood"), venue("robinhood", fractional=True)
#: From the venue's articles and answers: what it has at all, and what it has for parts of a share, outside of regular hours and for stops.
READ = {
    "robinhood": {
        "forces": "day gtc", "parts as": "", "parts for": "", "outside": "limit", "parts outside": False, "passed stops": False, "least": 0,
    },
    "robinhood, parts of a share": {
        "forces": "day gtc", "parts as": "market limit", "parts for": "day", "outside": "limit", "parts outside": False,
        "passed stops": False, "least": 1,
    },
    "generic": {
        "forces": "day gtc ioc fok opg cls", "parts as": "market limit stop_loss stop_limit trailing_stop",
        "parts for": "day gtc ioc fok opg cls", "outside": "market limit stop_loss stop_limit trailing_stop", "parts outside": True,
        "passed stops": True, "least": 0,
    },
}  # fmt: skip
WHERE = {"robinhood": WHOLE, "robinhood, parts of a share": PARTS, "generic": venue("generic")}


def dollars(micros: int) -> Fraction:
    return Fraction(micros, 1_000_000)


def reading(place: str, asked: Order, price: Fraction, held: Fraction) -> str | None:
    """The code by the tables above; ``None`` for an order the venue takes. The first row that is broken counts."""
    read, is_part = READ[place], dollars(asked.quantity_micros).denominator != 1
    kind, outside = asked.order_type, asked.extended_hours
    rows = {
        "time_in_force_not_supported": asked.time_in_force not in read["forces"].split(),
        "off_tick": any(between_ticks(one) for one in own_prices(asked)),
        "extended_hours_not_supported": outside and kind not in read["outside"].split(),
        "fractional_not_allowed": is_part and (kind not in read["parts as"].split() or (outside and not read["parts outside"])),
        "time_in_force_not_supported ": is_part and asked.time_in_force not in read["parts for"].split(),
        "order_value_below_minimum": is_part and price > 0 and worth_too_little(asked, price, held, read["least"]),
        "stop_price_passed": price > 0 and not read["passed stops"] and passed(asked, price),
    }
    return next((code.strip() for code, broken in rows.items() if broken), None)


def own_prices(asked: Order) -> list[Fraction]:
    stop = None if asked.order_type == "trailing_stop" else asked.stop_micros
    return [dollars(micros) for micros in (asked.limit_micros, stop) if micros is not None]


def between_ticks(price: Fraction) -> bool:
    return (price / (Fraction(1, 100) if price >= 1 else Fraction(1, 10_000))).denominator != 1


def worth_too_little(asked: Order, price: Fraction, held: Fraction, least: int) -> bool:
    """A buy counts at its limit, any other order at the highest of the prices in it and the last."""
    quantity, buys = dollars(asked.quantity_micros), asked.side == "buy"
    limit, stop = (None if micros is None else dollars(micros) for micros in (asked.limit_micros, asked.stop_micros))
    if buys and asked.order_type == "trailing_stop":
        level = price * (100 + dollars(asked.trail_micros)) / 100
        stop = level if stop is None else min(stop, level)
    counted = limit if buys and limit is not None else max(one for one in (price, stop, limit) if one is not None)
    return held != (-quantity if buys else quantity) and quantity * counted < least


def passed(asked: Order, price: Fraction) -> bool:
    if asked.stop_micros is None:
        return False
    stop = dollars(asked.stop_micros)
    return price >= stop if asked.side == "buy" else price <= stop


prices = st.one_of(
    st.integers(1, 400).map(lambda cents: cents * 10_000), st.integers(1, 4_000_000), st.integers(1, 9_999).map(lambda n: n * 100)
)
quantities = st.one_of(st.integers(1, 50).map(lambda shares: shares * MICRO), st.integers(1, 5 * MICRO))


@st.composite
def orders(draw) -> Order:
    kind = draw(st.sampled_from(OrderType))
    needs = {"limit": "limit", "stop_loss": "stop", "stop_limit": "limit stop", "trailing_stop": "trail"}.get(kind, "")
    given_prices = {f"{name}_micros": draw(prices) for name in needs.split()}
    if "trail" in needs:
        given_prices |= {"trail_micros": 5 * MICRO, "stop_micros": draw(st.none() | prices)}
    return Order(
        "order-1", "AAPL", draw(st.sampled_from(OrderSide)), draw(quantities), kind, 7, **given_prices,
        time_in_force=draw(st.sampled_from(TimeInForce)), extended_hours=draw(st.booleans()),
    )  # fmt: skip


@given(st.sampled_from(sorted(WHERE)), orders(), st.just(0) | prices, st.sampled_from((-1, 0, 1)), st.booleans())
def test_a_venue_says_what_a_second_reading_of_its_rules_says(place, asked, price, sign, all_of_it):
    held = sign * (asked.quantity_micros if all_of_it else 3 * MICRO)
    broken = refused(asked, WHERE[place], price, held)
    assert (None if broken is None else broken.code) == reading(place, asked, dollars(price), dollars(held))


@given(st.sampled_from(sorted(WHERE)), orders(), prices, st.integers(0, 9))
def test_limits_refuse_what_the_venue_would_and_nothing_else_in_its_name(place, asked, price, held):
    expected = reading(place, asked, dollars(price), Fraction(held))
    verdict = validator(WHERE[place]).check(asked, standing(held, price / MICRO))
    found = [broken.code for broken in verdict.violations]
    if expected is not None:
        assert (verdict.decision, found) == (Decision.REFUSE, [expected])
    else:
        assert not CODES - {reasons.SHORT, reasons.BUYING_POWER} & set(found)


@given(st.sampled_from(sorted(WHERE)), orders(), prices, st.integers(1, 9))
def test_what_protects_is_refused_only_where_the_venue_has_no_such_order_at_all(place, asked, price, held):
    stop = replace(asked, role=OrderRole.STOP, side=OrderSide.SELL, quantity_micros=min(asked.quantity_micros, held * MICRO))
    verdict = validator(WHERE[place]).check(stop, standing(held, price / MICRO))
    never = (
        stop.time_in_force not in READ[place]["forces"].split() or reading("generic", stop, dollars(price), Fraction(held)) == "off_tick"
    )
    assert (verdict.decision is Decision.REFUSE) is never
    assert (impossible(stop, WHERE[place]) is not None) is never


# --- the table itself


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_row_sets_a_capability_and_every_capability_has_one_row(name):
    # ``trails_apart`` is no rule of a venue: it says how a session hears of it.
    ruled = {field.name for field in fields(Capabilities)} - {"name", "trails_apart"}
    assert sorted(rule.capability for rule in RULES[name]) == sorted(ruled)
    assert all(getattr(VENUES[name], rule.capability) == rule.value for rule in RULES[name])


def test_every_code_is_a_reason_and_the_venue_s_words_lead_to_one_code():
    rows = list(chain.from_iterable(RULES.values()))
    assert {rule.code for rule in rows if rule.code} == CODES
    said = {}
    for rule in rows:
        assert not rule.says or said.setdefault(rule.says, rule.code) == rule.code


def test_every_rule_of_a_real_venue_says_where_it_is_known_from():
    assert all(rule.source for rule in RULES["robinhood"])


# --- in words


@pytest.mark.parametrize(
    ("asked", "where", "code", "told", "figure", "limit"),
    [
        (order(1, time_in_force=TimeInForce.FOK), WHOLE, "time_in_force_not_supported", "no fok orders here; use day or gtc", None, None),
        (order(1.5), WHOLE, "fractional_not_allowed", "multiples of 1 shares here ([broker] fractional)", 1.5, 1.0),
        (order(-1.5, OrderType.STOP_LOSS, stop=90), PARTS, "fractional_not_allowed", "parts of a share as limit or market", 1.5, 1.0),
        (order(1.5), PARTS, "time_in_force_not_supported", "parts of a share as day orders only", None, None),
        (order(0.005, time_in_force=TimeInForce.DAY), PARTS, "order_value_below_minimum", "worth 0.50 dollars", 0.5, 1.0),
        (order(1, OrderType.LIMIT, limit=9.125), WHOLE, "off_tick", "price 9.125 is no multiple of 0.01; use 9.12 or 9.13", 9.125, 0.01),
        (order(1, OrderType.LIMIT, limit=0.00001), WHOLE, "off_tick", "0.00001 is no multiple of 0.0001; use 0.0001", 1e-5, 1e-4),
        (order(1, OrderType.STOP_LIMIT, limit=120, stop=0.12345), WHOLE, "off_tick", "stop price 0.12345", 0.12345, 1e-4),
        (order(1, OrderType.STOP_LOSS, stop=100), WHOLE, "stop_price_passed", "stop price 100 is not above the price of 100", 100, 100),
        (order(-1, OrderType.STOP_LOSS, stop=100.01), WHOLE, "stop_price_passed", "is not below the price of 100", 100.01, 100),
        (order(1, extended_hours=True), WHOLE, "extended_hours_not_supported", "works limit orders outside of regular hours", None, None),
        (
            order(1.5, OrderType.LIMIT, limit=90, time_in_force=TimeInForce.DAY, extended_hours=True), PARTS, "fractional_not_allowed",
            "whole shares outside of regular hours", 1.5, 1.0,
        ),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_asked_what_is_allowed_and_what_the_venue_would_say(asked, where, code, told, figure, limit):
    asked = replace(asked, role=OrderRole.EXPLICIT)
    (broken,) = validator(where).check(asked, standing(3)).violations
    assert (broken.code, broken.figure, broken.limit) == (code, figure, limit)
    assert told in broken.detail
    says = {rule.says for rule in RULES["robinhood"] if rule.code == code and rule.says}
    assert not says or any(broken.detail.endswith(f'(its words: "{words}")') for words in says) or code == reasons.EXTENDED_HOURS


@pytest.mark.parametrize(("price", "tick"), [(1.0, 0.01), (0.9999, 0.0001), (150.0, 0.01), (0.0, 0.0001)])
def test_the_tick_changes_at_one_dollar(price, tick):
    assert WHOLE.tick_micros(round(price * MICRO)) == round(tick * MICRO)


def test_the_last_shares_can_be_sold_however_little_they_are_worth():
    day = {"role": OrderRole.EXPLICIT, "time_in_force": TimeInForce.DAY}
    assert refused(order(-0.005, **day), PARTS, 100 * MICRO, 5_000) is None
    assert refused(order(-0.005, **day), PARTS, 100 * MICRO, 5_001).code == "order_value_below_minimum"


def test_a_dollar_is_enough_for_a_part_of_a_share():
    assert refused(order(0.01, role=OrderRole.EXPLICIT, time_in_force=TimeInForce.DAY), PARTS, 100 * MICRO, 0) is None


def test_a_target_is_never_shrunk_to_parts_worth_less_than_the_venue_takes():
    asked = order(2.5, time_in_force=TimeInForce.DAY)
    checker = validator(PARTS, max_order_value_dollars=0.99)
    assert checker.check(asked, standing()).decision is Decision.REFUSE
    assert validator(PARTS, max_order_value_dollars=1.01).check(asked, standing()).quantity_micros == 10_100


def test_a_target_as_a_limit_order_is_shrunk_to_what_such_orders_may_ask_for():
    only_market = replace(PARTS, fractional_types=frozenset({OrderType.MARKET}))
    asked = order(5, OrderType.LIMIT, limit=100, time_in_force=TimeInForce.DAY)
    assert validator(only_market, max_order_value_dollars=250.0).check(asked, standing()).quantity_micros == 2 * MICRO


@pytest.mark.parametrize(("stop", "target", "name"), [(95.001, 0, "stop 95.001"), (95, 110.001, "take profit 110.001"), (0, 0, None)])
def test_exits_given_with_an_entry_lie_on_the_tick(stop, target, name):
    broken = exits_off_tick(order(1), round(stop * MICRO), round(target * MICRO), WHOLE)
    assert (None if broken is None else broken.code) == (None if name is None else "off_tick")
    assert name is None or name in broken.detail


def test_an_order_without_a_price_yet_is_not_measured_by_it():
    assert unfit(order(-1, OrderType.STOP_LOSS, stop=100.0), WHOLE, 0, MICRO) is None


def test_no_rule_names_another_venue_s_words():
    assert not any(re.search("robinhood", rule.source) for rule in RULES["generic"])
