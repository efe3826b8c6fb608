"""What a test does with the double: move time and prices, act as the person in front of the app, look into the true book.

Every command takes and gives JSON, so that it works alike on a double in the test's own process (``obey`` is behind a private address)
and on one in a process of its own.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.accounts import Account, Holding
from brokers.robinhood.testing.amounts import fixed, micros
from brokers.robinhood.testing.answers import Answer
from brokers.robinhood.testing.clock import SECOND, iso, moment
from brokers.robinhood.testing.faults import Fault
from brokers.robinhood.testing.forms import Refusal, read_form
from brokers.robinhood.testing.interest import BILLING_DAYS, Loan
from brokers.robinhood.testing.mangling import check
from brokers.robinhood.testing.market import MANY
from brokers.robinhood.testing.orders import CANCELLED, TERMINAL, Plan
from brokers.robinhood.testing.views.addresses import account_url, instrument_url
from framework.domain.values import MICRO, floor_to_lot, notional

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from brokers.robinhood.testing.venue import Venue

PREFIX = "/_double/"
#: Fields of a listing that are given as decimal strings.
PRICES = frozenset({"min_tick", "late_trade", "previous_close"})


def obey(venue: Venue, name: str, raw: bytes) -> Answer:
    """Run the command ``name`` with the JSON object ``raw`` as its arguments; what went wrong is a 400 that says so."""
    try:
        command, given = COMMANDS[name], json.loads(raw or b"{}")
        with venue.lock:
            return Answer.json(200, {"result": command(venue, **given)})
    except (KeyError, TypeError, ValueError) as error:
        return Answer.json(400, {"error": f"{name}: {type(error).__name__}: {error}"})


def advance(venue: Venue, seconds: float) -> str:
    """Move the time on by ``seconds``; the time it is then."""
    venue.advance(seconds)
    return iso(venue.clock.now())


def move_to(venue: Venue, time: str) -> str:
    """Move the time on to ``time`` (ISO 8601 with a zone)."""
    venue.agenda.run_to(moment(time))
    return iso(venue.clock.now())


def list_stock(venue: Venue, symbol: str, price: str, **rules: Any) -> str:  # noqa: ANN401 - fields of Listing
    """A stock is listed at ``price``; its instrument's id."""
    return venue.market.add(symbol, price, **_in_micros(rules)).id


def quote(venue: Venue, symbol: str, bid: str | None = None, ask: str | None = None, last: str | None = None, size: int = MANY) -> None:
    """New best prices, ``size`` whole shares on either side; a side left out is empty. Open orders meet them."""
    venue.market.quote(symbol, bid, ask, last, (size, size))
    venue.book.quoted(symbol)


def trade_at(venue: Venue, symbol: str, price: str) -> None:
    """The stock trades at ``price``, and is quoted there on both sides."""
    quote(venue, symbol, price, price, price)


def change_stock(venue: Venue, symbol: str, **rules: Any) -> None:  # noqa: ANN401 - fields of Listing
    """Set fields of a listing: ``halted``, ``tradeable``, ``fractional`` ..."""
    for name, value in _in_micros(rules).items():
        _set(venue.market.listings[symbol], name, value)
    venue.book.quoted(symbol)


def set_bars(venue: Venue, symbol: str, interval: str, bars: list[dict[str, Any]]) -> None:
    """The past of a stock, in the venue's own shape, oldest first."""
    venue.market.listings[symbol].bars[interval] = bars


def open_account(venue: Venue, number: str, cash: str, **rules: Any) -> str:  # noqa: ANN401 - fields of Account
    """An account with ``cash``; its address."""
    amount = micros(cash)
    if amount is None:
        raise ValueError(f"not an amount: {cash!r}")
    venue.book.accounts[number] = Account(number, amount, **rules)
    return account_url(number)


def change_account(venue: Venue, number: str, **rules: Any) -> None:  # noqa: ANN401 - fields of Account
    """Set fields of an account: ``locked``, ``closing_only`` ..."""
    for name, value in rules.items():
        _set(venue.book.accounts[number], name, value)


def pay(venue: Venue, number: str, amount: str) -> None:
    """Money comes in (or goes out, with a minus): a deposit, a dividend, interest."""
    venue.book.accounts[number].cash += micros(amount) or 0


def lend(venue: Venue, number: str, rate: str, free: str = "0", billing_days: int = BILLING_DAYS) -> None:
    """From now on borrowed money costs ``rate`` a year (a fraction), beyond ``free`` dollars of it; charged every ``billing_days``."""
    terms = [micros(rate), micros(free)]
    if None in terms or billing_days < 1:
        raise ValueError(f"no terms of a loan: {rate!r} a year beyond {free!r} dollars, every {billing_days} days")
    venue.book.lend(venue.book.accounts[number], Loan(terms[0] or 0, terms[1] or 0, billing_days))


def give_shares(venue: Venue, number: str, symbol: str, shares: str, cost: str) -> None:
    """Shares that were bought before the double began, ``cost`` dollars in all."""
    long_ago = venue.clock.now() - 30 * 86_400 * SECOND
    held = Holding(symbol, micros(shares) or 0, micros(cost) or 0, long_ago, long_ago)
    account = venue.book.accounts[number]
    account.holdings[symbol] = held
    account.faith.took_in(symbol, held.shares, long_ago)


def split(venue: Venue, symbol: str, new: int, old: int, **terms: bool) -> None:
    """``new`` shares for ``old`` ones: open orders are canceled, positions and prices change.

    ``terms``: with ``whole`` parts of a share are gone, and paid for later (``pay``); a venue that ``keeps_orders`` lets them work as they
    are; without ``shares``, or without ``prices``, those change another time.
    """
    if not terms.get("keeps_orders", False):
        for order in [one for one in venue.book.open.values() if one.form.symbol == symbol]:
            venue.book.end(order, CANCELLED, "corporate action")
    if terms.get("shares", True):
        lot = MICRO if terms.get("whole", False) else 1
        for account in venue.book.accounts.values():
            if symbol in account.holdings:
                account.holdings[symbol].shares = floor_to_lot(account.holdings[symbol].shares * new // old, lot)
                account.faith.split(symbol, new, old)
    if terms.get("prices", True):
        listing = venue.market.listings[symbol]
        listing.trades = [(at, price * old // new) for at, price in listing.trades]
        now = listing.quote
        for name in ("bid", "ask", "last"):
            price = getattr(now, name)
            setattr(now, name, None if price is None else price * old // new)


def plan(venue: Venue, symbol: str | None = None, **fields: Any) -> None:  # noqa: ANN401 - fields of Plan
    """What happens to the next order (of ``symbol``); plans are used one after the other."""
    venue.book.plans.append((symbol, Plan.of(**fields)))


def fill(venue: Venue, order_id: str, shares: str, price: str) -> str:
    """A trade of ``shares`` at ``price``, in whatever state the order is; the execution's id."""
    return venue.book.execute(venue.book.orders[order_id], micros(shares) or 0, micros(price) or 0).id


def bust(venue: Venue, order_id: str) -> None:
    """The order's last trade is taken back."""
    order = venue.book.orders[order_id]
    venue.book.bust(order, order.executions[-1])


def end_order(venue: Venue, order_id: str, state: str, reason: str | None = None) -> None:
    """The venue ends an order by itself: ``rejected``, ``cancelled``, ``voided`` ..."""
    if state not in TERMINAL:
        raise ValueError(f"{state!r} is no end; choose one of {', '.join(sorted(TERMINAL))}")
    venue.book.end(venue.book.orders[order_id], state, reason)


def place_by_hand(venue: Venue, account: str, symbol: str, agent: str = "user", **fields: Any) -> str:  # noqa: ANN401 - of an order
    """A person (or ``agent`` ``recurring``, ``drip``) places an order in the app; its id."""
    ordinary = {"type": "market", "trigger": "immediate", "time_in_force": "gfd", "order_form_version": 7}
    addresses = {"account": account_url(account), "instrument": instrument_url(venue.market.listings[symbol].id), "symbol": symbol}
    last = fixed(venue.market.listings[symbol].quote.last, 4)
    form = read_form({**ordinary, **addresses, "price": last, **fields})
    placed = form if isinstance(form, Refusal) else venue.book.place(form, agent)
    if not isinstance(placed, Refusal):
        return placed.id
    raise ValueError(str(placed.body))


def cancel_by_hand(venue: Venue, order_id: str) -> None:
    """A person cancels an order in the app."""
    venue.book.cancel(venue.book.orders[order_id])


def fault(venue: Venue, **fields: Any) -> None:  # noqa: ANN401 - fields of Fault
    """Something will go wrong, see ``Fault``."""
    wanted = Fault(**fields)
    check(wanted.mangles)
    venue.faults.add(wanted)


def clear_faults(venue: Venue) -> None:
    """Nothing goes wrong any more."""
    venue.faults.clear()


def configure(venue: Venue, **settings: Any) -> None:  # noqa: ANN401 - settings by name
    """Set ``request_takes``, ``listing_lag``, ``page_size``, ``date_skew`` or ``dedupe``."""
    for name, value in settings.items():
        _set(venue.book if name == "dedupe" else venue, name, value)


def throttle(venue: Venue, limit: int, seconds: float = 15.0, *, hint: bool = False) -> None:
    """From now on at most ``limit`` requests in ``seconds`` (0: no limit); with ``hint`` the header ``Retry-After`` is sent too."""
    venue.throttle.limit, venue.throttle.seconds, venue.throttle.hint = limit, seconds, hint


def configure_login(venue: Venue, **settings: Any) -> None:  # noqa: ANN401 - settings by name
    """Fields of ``GateSettings``, or ``username``, ``password``, ``totp_secret``."""
    for name, value in settings.items():
        _set(venue.gate.settings if hasattr(venue.gate.settings, name) else venue.gate.credentials, name, value)


def approve_device(venue: Venue) -> int:
    """A person approves every device that waits; how many."""
    return venue.gate.approve()


def issue_token(venue: Venue) -> dict[str, Any]:
    """A pair of tokens, as if by a login that was."""
    return venue.gate.issue()


def expire_tokens(venue: Venue) -> None:
    """All access tokens end now."""
    venue.gate.expire()


def book(venue: Venue) -> dict[str, Any]:
    """The truth: money, positions and orders, exact, in micros; orders in the order of their acceptance."""
    return {"time": iso(venue.clock.now()), "accounts": _true_accounts(venue), "orders": _true_orders(venue)}


def counts(venue: Venue, seconds: float = 15.0) -> dict[str, Any]:
    """Requests in all, the most in any window of ``seconds``, and POSTs of orders in all and by ``ref_id``."""
    meter = venue.meter
    posted = [one for one in meter.seen if (one.method, one.path) == ("POST", "/orders/")]
    by_ref = dict(meter.posts_by_ref)
    return {"requests": len(meter.seen), "most_in_window": meter.most_in(seconds), "order_posts": len(posted), "posts_by_ref": by_ref}


def requests(venue: Venue, since: int = 0) -> list[list[Any]]:
    """(time in ns, method, path, status) of every request from the one numbered ``since`` on."""
    return [list(one) for one in venue.meter.seen[since:]]


def _set(owner: object, name: str, value: object) -> None:
    if not hasattr(owner, name):
        raise ValueError(f"{name!r} is not there to be set")
    setattr(owner, name, value)


def _in_micros(rules: dict[str, Any]) -> dict[str, Any]:
    return {name: micros(value) if name in PRICES else value for name, value in rules.items()}


def _true_accounts(venue: Venue) -> dict[str, Any]:
    return {
        one.number: {
            "cash": one.cash,
            "buying_power": venue.book.buying_power(one),
            "shares": {name: held.shares for name, held in one.holdings.items()},
            "cost": {name: held.cost for name, held in one.holdings.items()},
            "good_faith_violations": [[each.timestamp, each.symbol, each.order_id] for each in one.faith.violations],
            "interest": 0 if one.loan is None else sum(each.amount for each in one.loan.charges),
        }
        for one in venue.book.accounts.values()
    }


def _true_orders(venue: Venue) -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "ref_id": one.form.ref_id,
            "account": one.account,
            "symbol": one.form.symbol,
            "side": one.form.side,
            "quantity": one.quantity,
            "price": one.price,
            "stop": one.stop,
            "state": one.state,
            "agent": one.agent,
            "filled": one.filled,
            "value": one.value,
            "fees": one.fees,
            "executions": [
                {
                    "id": each.id,
                    "quantity": each.quantity,
                    "price": each.price,
                    "fees": each.fees,
                    "value": notional(each.quantity, each.price),
                }
                for each in one.executions
            ],
        }
        for one in venue.book.orders.values()
    ]


COMMANDS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        command.__name__: command
        for command in (
            *(advance, move_to, list_stock, quote, trade_at, change_stock, set_bars, split),
            *(open_account, change_account, pay, lend, give_shares),
            *(plan, fill, bust, end_order, place_by_hand, cancel_by_hand),
            *(fault, clear_faults, configure, throttle),
            *(configure_login, approve_device, issue_token, expire_tokens),
            *(book, counts, requests),
        )
    }
)
