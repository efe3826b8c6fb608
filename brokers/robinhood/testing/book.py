"""The venue's book: accounts and orders as they really are. What a client believes is compared with it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from brokers.robinhood.testing import matching
from brokers.robinhood.testing.acceptance import DUPLICATE, Scene, collar, refusal
from brokers.robinhood.testing.amounts import micros
from brokers.robinhood.testing.clock import SECOND
from brokers.robinhood.testing.daytrades import would_mark
from brokers.robinhood.testing.forms import OrderForm, Refusal
from brokers.robinhood.testing.freezes import thaw
from brokers.robinhood.testing.goodfaith import paid_at
from brokers.robinhood.testing.hours import REGULAR, neighbor, new_york_date, next_window, trading_day
from brokers.robinhood.testing.market import derived_id
from brokers.robinhood.testing.orders import (
    CANCELLED,
    CONFIRMED,
    FILLED,
    PARTIAL,
    PARTLY_CANCELLED,
    PENDING,
    QUEUED,
    REJECTED,
    UNCONFIRMED,
    WORKING,
    Execution,
    Order,
    Plan,
)
from framework.domain.values import notional
from framework.rules.costs.fees import Traded
from framework.rules.costs.regulatory import VENUES
from framework.rules.pretrade.settlement import settlement_days

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.robinhood.testing.accounts import Account
    from brokers.robinhood.testing.agenda import Agenda
    from brokers.robinhood.testing.clock import VirtualClock
    from brokers.robinhood.testing.interest import Loan
    from brokers.robinhood.testing.market import Listing, Market

GTC_DAYS = timedelta(days=90)
FRACTIONAL_PATIENCE = 300 * SECOND
DAY = 86_400 * SECOND
EPOCH = date(1970, 1, 1)
_FEES = VENUES["robinhood"]


class Book:
    """Accounts by number, orders by id in the order of their acceptance.

    Attributes:
        plans: (symbol or ``None`` for any, plan) of orders to come; each is used once.
        dedupe: Whether a ``ref_id`` seen before is refused; without, the order is placed again.
    """

    def __init__(self, clock: VirtualClock, agenda: Agenda, market: Market) -> None:
        self._clock, self._agenda, self._market = clock, agenda, market
        self._numbers = count(1)
        self.accounts: dict[str, Account] = {}
        self.orders: dict[str, Order] = {}
        self.open: dict[str, Order] = {}
        self.refs: dict[str, str] = {}
        self.plans: list[tuple[str | None, Plan]] = []
        self.dedupe = True

    def place(self, form: OrderForm, agent: str = "user") -> Order | Refusal:
        """Accept the order, or say why not."""
        if self.dedupe and form.ref_id in self.refs:
            return Refusal(400, {"ref_id": [DUPLICATE]})
        listing, account = self._market.by_url(form.instrument), self._account_of(form.account)
        if account is None:
            return Refusal(400, {"account": ["Invalid hyperlink - Object does not exist."]})
        if listing is None:
            return Refusal(400, {"instrument": ["Invalid hyperlink - Object does not exist."]})
        now = self._clock.now()
        marks = not form.is_buy and would_mark(form.symbol, account, self.orders.values(), self._market.listings, now)
        scene = Scene(form, listing, account, self.buying_power(account), self.free_shares(account, form.symbol), now, marks)
        return refusal(scene) or self._accept(form, listing, account, agent)

    def cancel(self, order: Order) -> Refusal | None:
        """Begin to cancel; it ends after what the plan says, or when cancels are no longer frozen."""
        if not order.is_open:
            return Refusal(400, {"detail": "Order cannot be cancelled at this time."})
        if order.state == PENDING:
            return Refusal(403, {"detail": "Order is already pending cancellation."})
        now = self._clock.now()
        order.cancel_asked = now
        order.moved(PENDING, now)
        self._agenda.at(now + int(order.plan.cancel_takes * SECOND), partial(self._end_cancel, order))
        return None

    def quoted(self, symbol: str) -> None:
        """Let open orders of ``symbol`` meet its new quote."""
        for order in [one for one in self.open.values() if one.form.symbol == symbol]:
            self._work(order)

    def execute(self, order: Order, quantity: int, price: int) -> Execution:
        """Trade ``quantity`` micro-shares at ``price``, in whatever state the order is."""
        now = self._clock.now()
        settles = self._settles()
        fees = self._fees(order, quantity, price)
        execution = Execution(derived_id(order.id, len(order.executions), quantity, price), quantity, price, fees, now, settles)
        order.executions.append(execution)
        self._settle(order, execution)
        if order.quantity is None:
            order.quantity = order.filled
        if order.left <= 0:
            self._end(order, FILLED)
        else:
            order.moved(order.state if order.state not in WORKING or order.state == PENDING else PARTIAL, now)
        return execution

    def end(self, order: Order, state: str, reason: str | None = None) -> None:
        """End an open order by itself: a late rejection, the end of its day, a clean-up of the venue's."""
        if order.is_open:
            order.reject_reason = reason
            self._end(order, state)

    def bust(self, order: Order, execution: Execution) -> None:
        """Take a trade back, as exchanges do with clear errors."""
        account = self.accounts[order.account]
        order.executions.remove(execution)
        value = notional(execution.quantity, execution.price)
        if order.form.is_buy:
            account.sold(order.form.symbol, execution.quantity, value, self._clock.now())
            account.faith.undone(order.form.symbol, execution.quantity)
        else:
            account.bought(order.form.symbol, execution.quantity, value - execution.fees, self._clock.now())
            account.faith.took_in(order.form.symbol, execution.quantity, self._clock.now())
        order.touched(self._clock.now())

    def held_cash(self, account: Account) -> int:
        """Set aside for open buys, micro-dollars."""
        mine = (one for one in self.open.values() if one.account == account.number and one.form.is_buy)
        return sum(self._held(one) for one in mine)

    def held_shares(self, account: Account, symbol: str) -> int:
        """Promised to open sales, micro-shares."""
        mine = (one for one in self.open.values() if one.account == account.number and one.form.symbol == symbol)
        return sum(one.left for one in mine if not one.form.is_buy)

    def buying_power(self, account: Account) -> int:
        """What a buy may cost, micro-dollars."""
        now = self._clock.now()
        bound = account.unsettled_at(now) if account.settled_only or account.faith.is_restricted(now) else 0
        return account.cash + account.margin - bound - self.held_cash(account)

    def settled_cash(self, account: Account) -> int:
        """Cash as if what has not settled had not been traded, micro-dollars."""
        now = self._clock.now()
        mine = [one for one in self.orders.values() if one.account == account.number and one.form.is_buy]
        paid = sum(notional(each.quantity, each.price) for one in mine for each in one.executions if each.settles > now)
        return account.cash + paid - account.unsettled_at(now)

    def lend(self, account: Account, loan: Loan) -> None:
        """Charge ``account`` for what it borrows from now on, at the close of every day."""
        account.loan = loan
        self._agenda.at(next_window(self._clock.now(), REGULAR)[1], partial(self._day_ends, account, loan))

    def _day_ends(self, account: Account, loan: Loan) -> None:
        if account.loan is loan:
            account.cash -= loan.day_ends(self.settled_cash(account), self._clock.now())
            self._agenda.at(self._clock.now() + DAY, partial(self._day_ends, account, loan))

    def free_shares(self, account: Account, symbol: str) -> int:
        """What a sale may ask for, micro-shares."""
        return account.shares_of(symbol) - self.held_shares(account, symbol)

    def _held(self, order: Order) -> int:
        if order.quantity is None:
            return order.form.dollars or 0
        return notional(order.left, order.price or collar(order.stop or self._market.listings[order.form.symbol].quote.last))

    def _account_of(self, url: str) -> Account | None:
        return self.accounts.get(url.rstrip("/").rsplit("/", 1)[-1])

    def _accept(self, form: OrderForm, listing: Listing, account: Account, agent: str) -> Order:
        now, plan = self._clock.now(), self._plan_for(form.symbol)
        number = next(self._numbers)
        order_id = derived_id("order", account.number, number)
        starts = next_window(now, form.hours)[0]
        price = form.price if plan.price is None else micros(plan.price)
        if form.is_plain_market and form.is_buy and form.dollars is None:
            price = collar(listing.quote.last)
        state = UNCONFIRMED if starts <= now else QUEUED
        order = Order(
            order_id, number, account.number, form, form.quantity, price, form.stop, state, now, now, now, self._expiry(form), plan, agent
        )
        self.orders[order_id] = self.open[order_id] = order
        if form.ref_id is not None:
            self.refs.setdefault(form.ref_id, order_id)
        self._schedule(order, max(starts, now + int(plan.confirm_after * SECOND)))
        return order

    def _schedule(self, order: Order, confirmed: int) -> None:
        self._agenda.at(confirmed, partial(self._confirm, order))
        if order.plan.reject_after is not None:
            reject = partial(self.end, order, REJECTED, order.plan.reason)
            self._agenda.at(order.created + int(order.plan.reject_after * SECOND), reject)
        if order.form.is_fractional:
            self._agenda.at(confirmed + FRACTIONAL_PATIENCE, partial(self.end, order, CANCELLED))
        self._agenda.at(order.expires, self._expire(order))

    def _expire(self, order: Order) -> Callable[[], None]:
        return lambda: self.end(order, PARTLY_CANCELLED if order.executions else CANCELLED)

    def _plan_for(self, symbol: str) -> Plan:
        for index, (wanted, plan) in enumerate(self.plans):
            if wanted in (None, symbol):
                del self.plans[index]
                return plan
        return Plan()

    def _expiry(self, form: OrderForm) -> int:
        now = self._clock.now()
        last = now if form.time_in_force != "gtc" else now + int(GTC_DAYS.total_seconds()) * SECOND
        return next_window(last, form.hours)[1]

    def _confirm(self, order: Order) -> None:
        if order.state not in {UNCONFIRMED, QUEUED}:
            return
        order.moved(CONFIRMED, self._clock.now())
        for after, shares in order.plan.fills or ():
            self._agenda.at(self._clock.now() + int(after * SECOND), partial(self._planned_fill, order, shares))
        self._work(order)

    def _planned_fill(self, order: Order, shares: str) -> None:
        quantity = min(micros(shares) or 0, order.left)
        if order.is_open and quantity > 0:
            self.execute(order, quantity, self._market_price(order))

    def _market_price(self, order: Order) -> int:
        quote = self._market.listings[order.form.symbol].quote
        price = (quote.ask if order.form.is_buy else quote.bid) or quote.last
        limit = matching.worst(order)
        if limit is None:
            return price
        return min(price, limit) if order.form.is_buy else max(price, limit)

    def _work(self, order: Order) -> None:
        listing = self._market.listings[order.form.symbol]
        if order.state not in WORKING or listing.halted or not self._in_its_hours(order):
            return
        matching.follow(order, listing.quote, self._clock.now())
        if order.plan.rests or order.plan.fills is not None or order.state == PENDING:
            return
        found = matching.trade(order, listing.quote)
        if found is not None and found[0] > 0:
            self._take(listing, order, *found)

    def _take(self, listing: Listing, order: Order, quantity: int, price: int) -> None:
        shares = -(-quantity // 1_000_000)
        if order.form.is_buy:
            listing.quote.ask_size -= shares
        else:
            listing.quote.bid_size -= shares
        self.execute(order, quantity, price)

    def _in_its_hours(self, order: Order) -> bool:
        now = self._clock.now()
        starts = next_window(now, order.form.hours)[0]
        if starts > max(now, order.wakes):
            order.wakes = starts
            self._agenda.at(starts, partial(self._work, order))
        return starts <= now

    def _end_cancel(self, order: Order) -> None:
        if order.state != PENDING:
            return
        now = self._clock.now()
        thawed = thaw(self._market.listings[order.form.symbol], now)
        if thawed > now:
            self._agenda.at(thawed, partial(self._end_cancel, order))
            return
        if order.plan.fill_while_canceling is not None:
            self._planned_fill(order, order.plan.fill_while_canceling)
        if order.is_open:
            self._end(order, PARTLY_CANCELLED if order.executions else CANCELLED)

    def _end(self, order: Order, state: str) -> None:
        order.moved(state, self._clock.now())
        self.open.pop(order.id, None)

    def _fees(self, order: Order, quantity: int, price: int) -> int:
        day = (new_york_date(self._clock.now()) - EPOCH).days  # rates are those of the day of the trade
        sign = 1 if order.form.is_buy else -1
        before = _FEES.total(Traded(sign, day, order.filled, order.value))
        return _FEES.total(Traded(sign, day, order.filled + quantity, order.value + notional(quantity, price))) - before

    def _settle(self, order: Order, execution: Execution) -> None:
        account, value = self.accounts[order.account], notional(execution.quantity, execution.price)
        if order.form.is_buy:
            account.bought(order.form.symbol, execution.quantity, value, execution.timestamp)
            paid = paid_at(account.cash, account.unsettled, execution.timestamp)
            account.faith.took_in(order.form.symbol, execution.quantity, paid)
        else:
            account.sold(order.form.symbol, execution.quantity, value - execution.fees, execution.timestamp)
            if account.faith.gave_away(order.form.symbol, execution.quantity, execution.timestamp) and account.kind == "cash":
                account.faith.broken(execution.timestamp, order.form.symbol, order.id)
            account.unsettled.append((execution.settles, value - execution.fees))

    def _settles(self) -> int:
        """The open of the day on which a trade of today settles, ns UTC."""
        today = new_york_date(self._clock.now())
        day = today
        for _ in range(settlement_days((today - EPOCH).days)):
            day = neighbor(day, 1)
        after = trading_day(day)
        if after is None:
            raise ValueError("neighbor() gives trading days only")
        return after.windows[REGULAR][0]
