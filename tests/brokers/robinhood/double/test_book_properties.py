"""The double's book is the truth of every other test, so it must add up: money, shares and promises, whatever is ordered and quoted."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from brokers.robinhood.testing.control import COMMANDS
from brokers.robinhood.testing.forms import OrderForm, Refusal, read_form
from brokers.robinhood.testing.orders import FILLED, TERMINAL
from brokers.robinhood.testing.venue import Venue
from brokers.robinhood.testing.views.addresses import account_url, instrument_url
from framework.domain.values import notional

START = 50_000_000_000
prices = st.integers(8_000, 12_000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
quantities = st.one_of(st.integers(1, 400).map(str), st.integers(1, 4_000_000).map(lambda micros: f"{micros / 1e6:.6f}"))
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
orders = st.fixed_dictionaries(
    {
        "side": st.sampled_from(["buy", "sell"]),
        "type": st.sampled_from(["market", "limit"]),
        "trigger": st.sampled_from(["immediate", "stop"]),
        "time_in_force": st.sampled_from(["gfd", "gtc"]),
        "quantity": quantities,
        "price": prices,
    },
    optional={"stop_price": prices, "market_hours": st.sampled_from(["regular_hours", "extended_hours"])},
)
steps = st.one_of(
    st.tuples(st.just("place"), orders, plans),
    st.tuples(st.just("quote"), prices, prices, st.integers(0, 500)),
    st.tuples(st.just("advance"), st.sampled_from([0.05, 1.0, 60.0, 3_600.0, 86_400.0])),
    st.tuples(st.just("cancel"), st.integers(0, 20)),
    st.tuples(st.just("halt"), st.booleans()),
)


def opened():
    venue = Venue()
    do(venue, "open_account", "A", "50000")
    do(venue, "list_stock", "AAPL", "100.00")
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
    assert account.shares_of("AAPL") == sum(sign * one.quantity for sign, one in signed) >= 0
    assert account.cash >= 0
    assert venue.book.free_shares(account, "AAPL") >= 0
    assert len({one.id for _, one in trades}) == len(trades)
    assert set(venue.book.open) == {order.id for order in venue.book.orders.values() if order.state not in TERMINAL}
    for order in venue.book.orders.values():
        assert 0 <= order.filled <= order.quantity
        assert (order.filled == order.quantity) == (order.state == FILLED)
        limits = [one.price <= order.price if order.form.is_buy else one.price >= order.price for one in order.executions]
        assert order.form.type == "market" or all(limits)


@settings(max_examples=60)
@given(st.lists(steps, max_size=40))
def test_money_and_shares_add_up_after_every_step(script):
    venue = opened()
    for step in script:
        take(venue, step)
        check(venue)


@settings(max_examples=15)
@given(st.lists(steps, max_size=30))
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
