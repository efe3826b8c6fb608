"""The double's book is the truth of every other test, so it must add up: money, shares and promises, whatever is ordered and quoted."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.robinhood.testing.control import COMMANDS
from brokers.robinhood.testing.forms import OrderForm, Refusal, read_form
from brokers.robinhood.testing.orders import FILLED, TERMINAL
from brokers.robinhood.testing.routes.table import ROUTES
from brokers.robinhood.testing.venue import Venue
from brokers.robinhood.testing.views.addresses import account_url, instrument_url
from framework.domain.values import notional

START, SHARES = 50_000_000_000, 300_000_000
prices = st.integers(9_000, 11_000).map(lambda cents: f"{cents / 100:.2f}")
quantities = st.one_of(st.integers(1, 100).map(str), st.integers(10_000, 4_000_000).map(lambda micros: f"{micros / 1e6:.6f}"))
plans = st.fixed_dictionaries(
    {},
    optional={
        "confirm_after": st.floats(0, 5),
        "fills": st.lists(st.tuples(st.floats(0, 100), quantities), max_size=4),
        "rests": st.booleans(),
        "reject_after": st.floats(0, 50),
        "cancel_takes": st.floats(0, 20),
        "fill_while_canceling": quantities,
    },
)
sound = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.sampled_from(["market", "limit"]),
        "trigger": st.just("immediate"),
        "time_in_force": st.just("gfd"),
        "quantity": quantities,
        "price": prices,
    }
)
stops = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.sampled_from(["market", "limit"]),
        "trigger": st.just("stop"),
        "time_in_force": st.sampled_from(["gfd", "gtc"]),
        "quantity": st.integers(1, 100).map(str),
        "price": prices,
        "stop_price": prices,
    },
    optional={"market_hours": st.sampled_from(["regular_hours", "extended_hours"])},
)
orders = st.one_of(sound, sound, stops)
places = st.tuples(st.just("place"), orders, st.one_of(st.just({}), st.just({}), plans))
quotes = st.tuples(st.just("quote"), prices, prices, st.integers(0, 60))
waits = st.tuples(st.just("advance"), st.sampled_from([0.05, 1.0, 1.0, 60.0, 3_600.0, 86_400.0]))
others = st.one_of(st.tuples(st.just("cancel"), st.integers(0, 5)), st.tuples(st.just("halt"), st.booleans()))
scripts = st.lists(st.one_of(places, places, waits, waits, quotes, others), min_size=10, max_size=60)


def opened():
    venue = Venue(ROUTES)
    do(venue, "open_account", "A", "50000")
    do(venue, "list_stock", "AAPL", "100.00")
    do(venue, "give_shares", "A", "AAPL", "300", "27000")
    return venue


def do(venue, name, *given, **named):
    return COMMANDS[name](venue, *given, **named)


def form_of(venue, fields):
    where = {"account": account_url("A"), "instrument": instrument_url(venue.market.listings["AAPL"].id), "symbol": "AAPL"}
    form = read_form({**where, "order_form_version": 7, "market_hours": "regular_hours", **fields})
    assert isinstance(form, OrderForm)
    return form


def take(venue, step):
    match step:
        case ("place", fields, plan):
            venue.book.plans.clear()
            do(venue, "plan", **plan)
            venue.book.place(form_of(venue, fields))
        case ("quote", bid, ask, size):
            low, high = sorted([bid, ask], key=float)
            do(venue, "quote", "AAPL", low, high, low, size)
        case ("advance", seconds):
            venue.advance(seconds)
        case ("cancel", number) if number < len(venue.book.orders):
            venue.book.cancel(list(venue.book.orders.values())[number])
        case ("halt", halted):
            do(venue, "change_stock", "AAPL", halted=halted)


def check(venue):
    account = venue.book.accounts["A"]
    trades = [(order, one) for order in venue.book.orders.values() for one in order.executions]
    signed = [(1 if order.form.is_buy else -1, one) for order, one in trades]
    assert account.cash == START - sum(sign * notional(one.quantity, one.price) + one.fees for sign, one in signed)
    assert account.shares_of("AAPL") == SHARES + sum(sign * one.quantity for sign, one in signed) >= 0
    working = [order for order in venue.book.orders.values() if order.state not in TERMINAL]
    assert account.shares_of("AAPL") >= sum(order.quantity - order.filled for order in working if not order.form.is_buy)
    assert account.cash >= sum(notional(order.quantity - order.filled, order.price) for order in working if order.form.is_buy)
    assert len({one.id for _, one in trades}) == len(trades)
    assert set(venue.book.open) == {order.id for order in venue.book.orders.values() if order.state not in TERMINAL}
    for order in venue.book.orders.values():
        assert 0 <= order.filled <= order.quantity
        assert (order.filled == order.quantity) == (order.state == FILLED)
        limits = [one.price <= order.price if order.form.is_buy else one.price >= order.price for one in order.executions]
        assert order.form.type == "market" or all(limits)


@settings(max_examples=60)
@given(scripts)
def test_money_and_shares_add_up_after_every_step(script):
    venue = opened()
    for step in script:
        take(venue, step)
        check(venue)


def price_near(random, last):
    return f"{last * random.uniform(0.97, 1.03):.2f}"


def step_of(random, last):
    """One step of a busy day, around the price ``last``."""
    what = random.choices(["place", "advance", "quote", "cancel", "halt"], [6, 5, 4, 2, 0.5])[0]
    if what == "place":
        kind = {"side": random.choice(["buy", "sell"]), "type": random.choice(["limit", "limit", "market"]), "time_in_force": "gfd"}
        trigger = {"trigger": "stop", "stop_price": price_near(random, last)} if random.random() < 0.3 else {"trigger": "immediate"}
        size = str(random.randint(1, 90)) if random.random() < 0.8 else f"{random.uniform(0.1, 5):.6f}"
        plan = {"fill_while_canceling": "3", "cancel_takes": 2} if random.random() < 0.3 else {}
        plan |= {"rests": True, "fills": [[0.5, "1"], [1, "2.5"]]} if random.random() < 0.2 else {}
        return "place", {**kind, **trigger, "quantity": size, "price": price_near(random, last)}, plan
    if what == "advance":
        return "advance", random.choices([0.05, 1.0, 60.0, 86_400.0], [4, 8, 4, 0.4])[0]
    if what == "quote":
        return "quote", price_near(random, last), price_near(random, last), random.randint(0, 60)
    return (what, random.randint(0, 200)) if what == "cancel" else (what, random.random() < 0.2)


@pytest.mark.parametrize("seed", range(8))
def test_busy_days_add_up(seed):
    random, venue = Random(seed), opened()  # noqa: S311 - draws of a test
    for _ in range(400):
        take(venue, step_of(random, venue.market.listings["AAPL"].quote.last / 1e6))
        check(venue)
    ends = Counter(order.state for order in venue.book.orders.values())
    assert ends["filled"] > 5
    assert ends["cancelled"] + ends["partially_filled_rest_cancelled"] > 5


@settings(max_examples=15)
@given(scripts)
def test_the_same_script_gives_the_same_book(script):
    books = []
    for _ in range(2):
        venue = opened()
        for step in script:
            take(venue, step)
        books.append(do(venue, "book"))
    assert books[0] == books[1]


@given(
    st.dictionaries(st.sampled_from(["account", "side", "type", "quantity", "price", "trailing_peg", "stop_price"]), st.text() | st.none())
)
def test_any_form_is_read_or_refused(fields):
    assert isinstance(read_form(fields), Refusal | OrderForm)
