"""Whatever happens to an account, in whatever order: every dollar and every share is accounted for, in the books and in the tax lots."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from framework.domain.account_event import CashInLieu, Delisted, Dividend, Entitlement, Interest, Split
from framework.domain.book import Book
from framework.domain.order import OrderSide
from framework.domain.values import MICRO, notional
from framework.rules.account.lots import TaxLots
from framework.rules.account.splits import split_shares
from framework.rules.ledger import post, post_fill
from tests.rules.made import trade

CASH = 1_000_000 * MICRO
prices = st.integers(100, 500 * MICRO)


class Account(RuleBasedStateMachine):
    """One symbol, its book and its lots."""

    @initialize(lot=st.sampled_from([1, MICRO]))
    def start(self, lot: int) -> None:
        self.lot, self.book, self.lots, self.day = lot, Book(CASH), TaxLots(), 0
        self.closings, self.owed = [], 0
        self.last = 100 * MICRO

    @property
    def held(self) -> int:
        return self.book.quantity("AAPL")

    @rule(side=st.sampled_from(OrderSide), lots=st.integers(1, 300), price=prices, fees=st.integers(0, MICRO), later=st.integers(0, 40))
    def trade(self, side: OrderSide, lots: int, price: int, fees: int, later: int) -> None:
        self.day, self.last = self.day + later, price
        quantity, before = lots * self.lot, self.held
        post_fill(self.book, trade(side, quantity, price, fees))
        closing = 0 if before * side.sign >= 0 else min(quantity, abs(before))
        sign = 1 if before > 0 else -1
        # Fees all go with the part that closes, if any: only the sum is looked at.
        if closing:
            value = notional(closing, price)
            self.closings += self.lots.close(self.day, closing, sign * value - fees)
        if quantity > closing:
            value = notional(quantity, price) - notional(closing, price)
            self.lots.open(str(self.day), side.sign, self.day, quantity - closing, side.sign * value + (0 if closing else fees))

    @rule(new=st.integers(1, 12), old=st.integers(1, 12))
    def split(self, new: int, old: int) -> None:
        before = self.held
        shares = split_shares(before, new, old, self.lot, self.last)
        cost = self.book.positions["AAPL"].cost_micros if "AAPL" in self.book.positions else 0
        cash = self.book.cash_micros
        post(self.book, Split(1, "AAPL", new, old, shares.held))
        self.lots.split(new, old)
        assert (self.book.positions["AAPL"].cost_micros, self.book.cash_micros) == (cost, cash)
        if shares.fraction or shares.cash or (before and not shares.held):
            post(self.book, CashInLieu(1, "AAPL", shares.fraction, shares.cash))
            self.closings += self.lots.pay_out(self.day, abs(shares.held), shares.cash)

    @precondition(lambda self: self.held)
    @rule(each=st.integers(1, 5 * MICRO))
    def entitle(self, each: int) -> None:
        amount = notional(self.held, each)
        post(self.book, Entitlement(1, "AAPL", self.held, amount, self.day))
        self.owed += amount

    @rule()
    def pay(self) -> None:
        post(self.book, Dividend(1, "AAPL", 1, self.owed))
        self.owed = 0

    @rule(amount=st.integers(-MICRO, MICRO))
    def charge(self, amount: int) -> None:
        post(self.book, Interest(1, "", "debit_interest", amount))

    @precondition(lambda self: self.held)
    @rule(each=st.integers(0, 100 * MICRO))
    def delist(self, each: int) -> None:
        amount = notional(self.held, each)
        post(self.book, Delisted(1, "AAPL", self.held, amount))
        self.closings += self.lots.pay_out(self.day, 0, amount)

    @invariant()
    def every_dollar_is_accounted_for(self) -> None:
        book = self.book
        cost = sum(position.cost_micros for position in book.positions.values())
        realized = sum(position.realized_micros for position in book.positions.values())
        assert book.cash_micros + cost + book.fees_micros == CASH + realized + book.dividends_micros - book.interest_micros
        assert book.receivable_micros == self.owed
        assert self.held or cost == 0

    @invariant()
    def the_lots_hold_what_the_book_holds_and_report_what_it_realised(self) -> None:
        book = self.book
        assert self.lots.quantity == abs(self.held)
        assert self.held % self.lot == 0
        realized = sum(position.realized_micros for position in book.positions.values())
        basis = sum(lot.basis for lot in self.lots.lots)
        cost = sum(position.cost_micros for position in book.positions.values())
        # First-in, first-out and average cost differ in what is left, fees and deferred losses are in the basis: together they agree.
        # A loss that is disallowed later moves from the gains to the basis.
        assert sum(one.gain for one in self.closings) - basis == realized - cost - book.fees_micros


TestAccount = Account.TestCase
