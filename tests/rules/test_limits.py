"""The one door: what is refused and why, what is shrunk, and what nothing may stop."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from framework.domain.order import ApprovedOrder, Order, OrderRole, OrderSide, OrderType, TimeInForce
from framework.domain.values import MICRO, notional
from framework.domain.venue import Capabilities, venue
from framework.rules import limits
from framework.rules.limits import LimitPolicy, Standing, check, worst_price
from tests.rules.made import order_of

BUY, SELL = OrderSide.BUY, OrderSide.SELL
GENERIC, ROBINHOOD = venue("generic"), venue("robinhood")
PRICE = 100 * MICRO
EQUITY = 100_000 * MICRO
POLICY = LimitPolicy()
OPEN_DOOR = LimitPolicy(max_position_pct=None, max_total_exposure_pct=None)
MANY = max(300, settings().max_examples)


def standing(held: int = 0, **changes: int) -> Standing:
    """An account of 100,000 dollars that holds ``held`` shares at 100 dollars."""
    fields = {"exits": 0, "price": PRICE, "equity": EQUITY, "gross": abs(held) * PRICE, "reserved": 0, "pending": 0}
    return Standing(held=held * MICRO, **(fields | changes))


def shares(count: int, side: OrderSide = BUY, role: OrderRole = OrderRole.EXPLICIT, **fields: object) -> Order:
    return order_of(side, count * MICRO, role=role, **fields)


def outcome(order: Order, where: Standing, at: Capabilities = GENERIC, policy: LimitPolicy = POLICY) -> tuple[int, str | None]:
    """(shares approved, code of the refusal)."""
    approved, refusal = check(order, where, at, policy)
    return 0 if approved is None else approved.order.quantity_micros // MICRO, None if refusal is None else refusal.code


def test_an_order_within_all_limits_passes_as_it_is():
    order = shares(100)
    approved, refusal = check(order, standing(), GENERIC, POLICY)
    assert isinstance(approved, ApprovedOrder)
    assert approved.order is order
    assert refusal is None


# What the venue cannot do


@pytest.mark.parametrize("role", OrderRole)
def test_an_order_type_the_venue_does_not_have_is_refused_in_every_role(role):
    only_market = replace(GENERIC, order_types=frozenset({OrderType.MARKET}))
    order = shares(1, SELL, role, kind=OrderType.LIMIT, limit_micros=PRICE)
    assert outcome(order, standing(5), only_market) == (0, limits.ORDER_TYPE)


@pytest.mark.parametrize("time", [TimeInForce.IOC, TimeInForce.FOK])
def test_a_time_in_force_the_venue_does_not_have_is_refused(time):
    approved, refusal = check(shares(1, time_in_force=time), standing(), ROBINHOOD, POLICY)
    assert (approved, refusal.code) == (None, limits.TIME_IN_FORCE)
    assert refusal.detail.endswith("use day or gtc")


@pytest.mark.parametrize("side", [BUY, SELL])
def test_part_of_a_share_is_refused_where_whole_ones_are_traded(side):
    order = order_of(side, 1_500_000)
    approved, refusal = check(order, standing(5), ROBINHOOD, POLICY)
    assert approved is None
    assert (refusal.code, refusal.figure, refusal.limit) == (limits.FRACTIONAL, 1.5, 1.0)
    assert check(order, standing(5), GENERIC, POLICY)[0].order is order


def test_a_refusal_says_what_was_asked_when_and_what_is_allowed():
    _, refusal = check(shares(101), standing(), GENERIC, POLICY)
    assert (refusal.timestamp, refusal.symbol, refusal.code) == (7, "AAPL", "position_limit")
    assert (refusal.figure, refusal.limit) == (10_100.0, 10_000.0)
    assert refusal.detail == "buy 101 AAPL: the position would exceed 10.0% of equity ([limits] max_position_pct)"


# Long only


@pytest.mark.parametrize(
    ("held", "exits", "count", "role", "expected"),
    [
        (0, 0, 5, "explicit", (0, limits.SHORT)),
        (0, 0, 5, "target", (0, limits.SHORT)),
        (10, 0, 10, "explicit", (10, None)),
        (10, 0, 11, "explicit", (0, limits.SHORT)),
        (10, 0, 11, "target", (10, limits.SHORT)),  # out of the long, and no further
        (10, 4, 7, "explicit", (0, limits.SHORT)),
        (10, 4, 7, "target", (6, limits.SHORT)),
        (10, 10, 1, "target", (0, limits.SHORT)),
        (-5, 0, 1, "target", (0, limits.SHORT)),
    ],
)
def test_nothing_is_sold_that_is_not_held_where_shorting_is_not_offered(held, exits, count, role, expected):
    order = shares(count, SELL, OrderRole(role))
    assert outcome(order, standing(held, exits=exits * MICRO), ROBINHOOD) == expected


def test_what_is_free_to_sell_is_sold_to_the_last_micro_share():
    long_only = replace(GENERIC, shorting=False)
    approved, refusal = check(order_of(SELL, 6_000_002, role=OrderRole.TARGET), standing(10, exits=4_000_001), long_only, POLICY)
    assert approved.order.quantity_micros == 5_999_999
    assert (refusal.figure, refusal.limit) == (6.000002, 5.999999)
    assert refusal.detail == "sell 6.000002 AAPL: 5.999999 shares are free to sell; generic has no short selling"


@pytest.mark.parametrize(("held", "exits"), [(0, 0), (10, 12), (-10, 0)])
def test_nothing_free_is_nothing_to_sell(held, exits):
    _, refusal = check(shares(5, SELL), standing(held, exits=exits * MICRO), ROBINHOOD, POLICY)
    assert (refusal.figure, refusal.limit) == (5.0, 0.0)


def test_a_short_sale_is_an_entry_like_any_other_where_it_is_offered():
    assert outcome(shares(100, SELL), standing()) == (100, None)
    assert outcome(shares(101, SELL), standing()) == (0, limits.POSITION)


# Orders that protect


@pytest.mark.parametrize("role", [OrderRole.STOP, OrderRole.TAKE_PROFIT])
@pytest.mark.parametrize(
    ("held", "side", "count", "passes"),
    [(10, SELL, 10, True), (10, SELL, 11, False), (10, BUY, 1, False), (0, SELL, 1, False), (-10, BUY, 10, True), (-10, BUY, 11, False)],
)
def test_protection_covers_what_is_held_and_no_more(role, held, side, count, passes):
    broke = standing(held, equity=-EQUITY, price=0, exits=abs(held) * MICRO)
    assert outcome(shares(count, side, role), broke) == ((count, None) if passes else (0, limits.NOTHING_TO_PROTECT))


def test_a_refused_protection_says_what_it_would_have_covered():
    _, refusal = check(shares(11, SELL, OrderRole.STOP), standing(10), GENERIC, POLICY)
    assert (refusal.figure, refusal.limit) == (11.0, 10.0)
    assert refusal.detail == "sell 11 AAPL: protects 11 of 10 shares"
    assert check(order_of(SELL, 1, role=OrderRole.STOP), standing(), GENERIC, POLICY)[1].code == limits.NOTHING_TO_PROTECT


# The entry limits


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize(
    ("count", "where", "expected"),
    [
        (100, standing(), None),
        (101, standing(), limits.POSITION),
        (50, standing(pending=5_000 * MICRO, reserved=5_000 * MICRO), None),
        (51, standing(pending=5_000 * MICRO, reserved=5_000 * MICRO), limits.POSITION),
        (60, standing(gross=74_000 * MICRO), None),
        (61, standing(gross=74_000 * MICRO), limits.EXPOSURE),
        (61, standing(gross=70_000 * MICRO, reserved=4_000 * MICRO), limits.EXPOSURE),
        (1, standing(price=0), limits.NO_PRICE),
        (1, standing(equity=0), limits.POSITION),
        (1, standing(equity=-EQUITY), limits.BUYING_POWER),
    ],
)
def test_an_entry_that_exceeds_a_limit_is_refused_with_its_name(side, count, where, expected):
    assert outcome(shares(count, side), where) == (0 if expected else count, expected)


@pytest.mark.parametrize(("held", "side"), [(60, BUY), (-60, SELL)])
def test_what_is_held_counts_against_the_position_limit(held, side):
    assert outcome(shares(40, side), standing(held)) == (40, None)
    assert outcome(shares(41, side), standing(held)) == (0, limits.POSITION)


def test_a_market_entry_reserves_its_collar_from_the_buying_power():
    assert outcome(shares(952), standing(), policy=OPEN_DOOR) == (952, None)  # 952 * 105 = 99,960
    assert outcome(shares(953), standing(), policy=OPEN_DOOR) == (0, limits.BUYING_POWER)
    assert outcome(shares(1000), standing(), policy=replace(OPEN_DOOR, collar=0.0)) == (1000, None)


def test_a_limit_entry_reserves_its_limit():
    order = shares(1000, kind=OrderType.LIMIT, limit_micros=PRICE)
    assert outcome(order, standing(), policy=OPEN_DOOR) == (1000, None)
    assert outcome(replace(order, limit_micros=PRICE + 1), standing(), policy=OPEN_DOOR) == (0, limits.BUYING_POWER)


def test_of_several_limits_the_one_that_leaves_least_is_named():
    tight = standing(gross=79_000 * MICRO)  # 10,000 by position, 1,000 by exposure, 21,000 of buying power
    assert outcome(shares(500), tight) == (0, limits.EXPOSURE)
    poor = standing(gross=79_000 * MICRO, reserved=20_500 * MICRO)
    assert outcome(shares(500), poor, policy=replace(POLICY, max_total_exposure_pct=None)) == (0, limits.BUYING_POWER)


def test_the_collar_can_make_buying_power_the_tighter_one_with_more_dollars_left():
    rich = replace(POLICY, max_total_exposure_pct=None)
    where = standing(gross=89_800 * MICRO)  # 10,000 at 100 by position, 10,200 at 105 of buying power
    assert outcome(shares(97), where, policy=rich) == (97, None)
    assert outcome(shares(98), where, policy=rich) == (0, limits.BUYING_POWER)


@pytest.mark.parametrize("role", [OrderRole.EXPLICIT, OrderRole.TARGET])
def test_without_equity_not_a_micro_share_is_opened(role):
    approved, refusal = check(order_of(quantity=1, role=role), standing(equity=0), GENERIC, POLICY)
    assert (approved, refusal.code, refusal.limit) == (None, limits.POSITION, 0.0)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_sized_entry_is_shrunk_to_what_fits_and_an_explicit_one_is_refused(side):
    target, explicit = shares(150, side, OrderRole.TARGET), shares(150, side)
    assert outcome(target, standing()) == (100, limits.POSITION)
    assert outcome(explicit, standing()) == (0, limits.POSITION)
    assert target.quantity_micros == 150 * MICRO


def test_a_shrunk_order_is_on_the_venues_lot():
    where = standing(price=33_333_333, equity=1_000 * MICRO, gross=0)
    assert check(order_of(role=OrderRole.TARGET), where, ROBINHOOD, POLICY)[0].order.quantity_micros == 3 * MICRO
    assert check(order_of(role=OrderRole.TARGET), where, GENERIC, POLICY)[0].order.quantity_micros == 3_000_000


def test_less_than_a_lot_is_nothing():
    assert outcome(shares(5, role=OrderRole.TARGET), standing(equity=999 * MICRO), ROBINHOOD) == (0, limits.POSITION)


@pytest.mark.parametrize(("held", "side"), [(50, SELL), (-50, BUY)])
def test_an_order_through_zero_is_limited_in_the_part_that_opens(held, side):
    assert outcome(shares(150, side), standing(held)) == (150, None)
    assert outcome(shares(151, side), standing(held)) == (0, limits.POSITION)
    assert outcome(shares(170, side, OrderRole.TARGET), standing(held)) == (150, limits.POSITION)
    assert outcome(shares(170, side, OrderRole.TARGET), standing(held, equity=0)) == (50, limits.POSITION)


# The price that counts


@pytest.mark.parametrize(
    ("side", "fields", "expected"),
    [
        (BUY, {}, 105),
        (SELL, {}, 105),
        (BUY, {"limit_micros": 90 * MICRO}, 90),
        (BUY, {"limit_micros": 120 * MICRO}, 120),
        (BUY, {"stop_micros": 110 * MICRO}, 115.5),
        (BUY, {"stop_micros": 110 * MICRO, "limit_micros": 112 * MICRO}, 112),
        (SELL, {"stop_micros": 90 * MICRO}, 105),
        (SELL, {"limit_micros": 120 * MICRO}, 120),  # fetches 120 at least
        (SELL, {"limit_micros": 50 * MICRO}, 105),  # marketable: it fetches the market's price
    ],
)
def test_an_entry_is_reserved_at_its_worst_price(side, fields, expected):
    assert worst_price(order_of(side, **fields), PRICE, POLICY) == expected * MICRO


def test_a_short_sale_far_below_the_market_counts_at_the_market():
    order = shares(101, SELL, kind=OrderType.LIMIT, limit_micros=PRICE // 2)
    assert outcome(order, standing()) == (0, limits.POSITION)


# Whatever the account looks like

money = st.integers(0, 200_000 * MICRO)
prices = st.integers(1, 1_000 * MICRO)
quantities = st.integers(1, 2_000 * MICRO) | st.integers(1, 2_000).map(lambda count: count * MICRO)


@st.composite
def standings(draw) -> Standing:
    held = draw(st.just(0) | st.integers(-1_000 * MICRO, 1_000 * MICRO))
    price = draw(prices)
    return Standing(
        held=held,
        exits=draw(st.just(0) | st.integers(0, 1_200 * MICRO)),
        price=price,
        equity=draw(st.integers(-1_000 * MICRO, 300_000 * MICRO)),
        gross=notional(abs(held), price) + draw(money),
        reserved=(reserved := draw(money)),
        pending=draw(st.integers(0, reserved)),
    )


@st.composite
def orders(draw, roles: tuple[OrderRole, ...] = (OrderRole.EXPLICIT, OrderRole.TARGET)) -> Order:
    kind = draw(st.sampled_from(OrderType))
    return order_of(
        draw(st.sampled_from(OrderSide)),
        draw(quantities),
        kind,
        role=draw(st.sampled_from(roles)),
        limit_micros=draw(prices) if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
        stop_micros=draw(prices) if kind in (OrderType.STOP_LOSS, OrderType.STOP_LIMIT) else None,
    )


policies = st.builds(LimitPolicy, st.none() | st.floats(0, 2), st.none() | st.floats(0, 2), st.floats(0, 0.2))


def fill_price(order: Order, last: int) -> int:
    """Where the order trades if the market comes to it: at its stop or limit, at the market's price when that is beyond it already."""
    sign, price = order.side.sign, last
    if order.stop_micros is not None:
        price = sign * max(sign * price, sign * order.stop_micros)
    if order.limit_micros is not None:
        price = sign * min(sign * price, sign * order.limit_micros)
    return price


@settings(max_examples=MANY)
@given(orders(), standings(), st.sampled_from((GENERIC, ROBINHOOD)), policies)
def test_no_cap_is_exceeded_after_what_was_approved_has_filled(order, where, at, policy):
    approved, _ = check(order, where, at, policy)
    sign, held = order.side.sign, where.held
    free = max(abs(held) - where.exits, 0) if held * sign < 0 else 0
    if approved is None or approved.order.quantity_micros <= free:
        return
    opened = approved.order.quantity_micros - free
    value = Fraction(opened * fill_price(approved.order, where.price), MICRO)
    same_side = notional(abs(held), where.price) if held * sign > 0 else 0
    others = where.gross - notional(abs(held), where.price)
    cap = None if policy.max_position_pct is None else Fraction(policy.max_position_pct) * where.equity
    assert cap is None or same_side + where.pending + value <= cap + 1
    cap = None if policy.max_total_exposure_pct is None else Fraction(policy.max_total_exposure_pct) * where.equity
    assert cap is None or others + same_side + where.reserved + value <= cap + 1
    assert others + same_side + where.reserved + value <= where.equity


@settings(max_examples=MANY)
@given(orders(), standings(), policies)
def test_an_order_that_only_reduces_passes_whatever_the_limits(order, where, policy):
    free = max(abs(where.held) - where.exits, 0)
    assume(free > 0)
    side = SELL if where.held > 0 else BUY
    reducing = replace(order, side=side, quantity_micros=min(order.quantity_micros, free))
    penniless = replace(where, price=0, equity=-1, pending=10**12)
    for account in (where, penniless):
        assert check(reducing, account, GENERIC, policy) == (ApprovedOrder(reducing), None)


@settings(max_examples=MANY)
@given(orders(), standings(), st.sampled_from((GENERIC, ROBINHOOD)), policies)
def test_only_a_target_is_shrunk_and_only_with_a_reason(order, where, at, policy):
    approved, refusal = check(order, where, at, policy)
    assert approved is not None or refusal is not None
    if approved is not None and refusal is not None:
        assert order.role is OrderRole.TARGET
        assert 0 < approved.order.quantity_micros < order.quantity_micros
    elif approved is not None:
        assert approved.order is order


@settings(max_examples=MANY)
@given(st.sampled_from(OrderSide), st.integers(-50, 50), st.integers(MICRO, 1_000 * MICRO), st.integers(0, 70_000 * MICRO))
def test_a_target_is_shrunk_no_further_than_it_must(side, held, price, elsewhere):
    where = standing(held, price=price, gross=abs(held) * price + elsewhere, equity=10**6 * MICRO)
    approved, refusal = check(shares(10**6, side, OrderRole.TARGET), where, GENERIC, POLICY)
    fits = approved.order
    assert refusal is not None
    assert check(fits, where, GENERIC, POLICY) == (ApprovedOrder(fits), None)
    assert check(replace(fits, quantity_micros=fits.quantity_micros + 1), where, GENERIC, POLICY)[1].code == refusal.code


@settings(max_examples=MANY)
@given(orders(), standings(), policies)
def test_the_limit_that_is_named_is_the_one_that_leaves_least(order, where, policy):
    """Lifting every other limit changes nothing; lifting this one lets no less pass, under another name."""
    target = replace(order, role=OrderRole.TARGET, quantity_micros=order.quantity_micros + 10**18)
    approved, refusal = check(target, where, GENERIC, policy)
    names = {limits.POSITION: "max_position_pct", limits.EXPOSURE: "max_total_exposure_pct"}
    others = {field: None for code, field in names.items() if code != refusal.code}
    passed = 0 if approved is None else approved.order.quantity_micros
    alone, again = check(target, where, GENERIC, replace(policy, **others))
    assert (0 if alone is None else alone.order.quantity_micros, again.code) == (passed, refusal.code)
    if refusal.code in names:
        lifted, other = check(target, where, GENERIC, replace(policy, **{names[refusal.code]: None}))
        assert (0 if lifted is None else lifted.order.quantity_micros) >= passed
        assert other is None or other.code != refusal.code
