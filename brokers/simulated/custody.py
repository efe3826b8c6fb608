"""What happens to shares that are held without anybody trading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.account_event import CashInLieu, Delisted, Dividend, Entitlement, Split
from framework.domain.values import notional, to_micros
from framework.engine.market import session_end, session_number
from framework.rules import ledger
from framework.rules.account.splits import split_order, split_shares

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from brokers.simulated.account import VenueAccount
    from brokers.simulated.ports import Matching
    from framework.domain.account_event import AccountEvent
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market


#: Later than any bar, ns UTC.
NEVER = 2**63
#: Why orders of a symbol end, and new ones are rejected.
DELISTED = "delisted"


class Custody:
    """Books what issuers do with the shares in ``account``, and reports it to ``hear``."""

    def __init__(
        self, market: Market, venue: Capabilities, account: VenueAccount, matching: Matching, hear: Callable[[AccountEvent], None]
    ) -> None:
        self._market = market
        self._venue = venue
        self._account = account
        self._matching = matching
        self._hear = hear
        self._due: list[Entitlement] = []
        #: (day, row, dollars a share) of the delistings to come, the next one last. That bars end without one is known afterwards only.
        delistings = [(one.delisting, row) for row, one in enumerate(market.adjusted) if one.delisting is not None]
        self._delistings = sorted(((one.day, row, one.payout) for one, row in delistings), reverse=True)
        self._delisted: set[int] = set()
        #: Rows whose next split was told before its bar.
        self._ahead: set[int] = set()
        #: No payment is due and nothing is delisted before that moment, ns UTC.
        self._alarm = 0

    def is_delisted(self, row: int) -> bool:
        """Whether the symbol does not trade any more."""
        self._delist()
        return row in self._delisted

    def is_quiet(self) -> bool:
        """Whether nothing takes effect before the open of the bars that have just closed."""
        now = self._market.now
        return now < self._alarm and now not in self._market.effective

    def before_trading(self, rows: Sequence[int]) -> None:
        """Book what takes effect before the open of the bars of ``rows``, which have just closed."""
        if self.is_quiet():
            return
        for row in rows:
            terms = self._market.split_now(row)
            if terms is not None and row not in self._ahead:
                self._split(row, *terms)
            elif terms is not None:
                self._ahead.remove(row)
            self._entitle(row)
        self._pay()
        self._delist()
        self._set_alarm()

    def _set_alarm(self) -> None:
        days = [one.pay_day for one in self._due] + [day for day, _, _ in self._delistings[-1:]]
        self._alarm = min((session_end(day - 1) + 1 for day in days), default=NEVER)

    def _delist(self) -> None:
        """End the orders of what does not trade any more, and pay its holders."""
        today = session_number(self._market.now)
        while self._delistings and self._delistings[-1][0] <= today:
            _, row, payout = self._delistings.pop()
            # What guards the shares ends last: with another order of them ended, it would be asked for again.
            for order in [one for one in self._matching.open_orders(row) if not one.role.protects]:
                self._matching.cancel(order, DELISTED)
            for order in self._matching.open_orders(row):
                self._matching.cancel(order, DELISTED)
            self._delisted.add(row)
            quantity = self._account.book.quantity(self._market.symbols[row])
            if quantity:
                self._book(Delisted(self._market.now, self._market.symbols[row], quantity, notional(quantity, to_micros(payout))))

    def split_ahead(self, row: int, new: int, old: int) -> None:
        """Book a split before the first bar in new shares is traded on."""
        self._split(row, new, old)
        self._ahead.add(row)

    def _split(self, row: int, new: int, old: int) -> None:
        """Orders first, then the shares they sell: nobody may see more to sell than is held."""
        symbol, now = self._market.symbols[row], self._market.now
        quantity, orders = self._account.book.quantity(symbol), self._matching.open_orders(row)
        if not quantity and not orders:
            return
        shares = split_shares(quantity, new, old, self._venue.lot_micros, self._market.close_before(row))
        event = Split(now, symbol, new, old, shares.held)
        terms = [(order, split_order(order, new, old, self._venue)) for order in orders]
        for order, restated in terms:
            if restated is not None:
                self._matching.restate(order, restated, event)
        self._book(event)
        if shares.fraction or shares.cash or (quantity and not shares.held):
            self._book(CashInLieu(now, symbol, shares.fraction, shares.cash))
        for order, restated in terms:
            if restated is None:
                self._matching.cancel(order, f"{event.terms} leaves less than can be traded")

    def _entitle(self, row: int) -> None:
        series, bar = self._market.series[row], self._market.cursor[row]
        amount = float(series.dividend[bar])
        quantity = self._account.book.quantity(series.symbol)
        if amount and quantity:
            today = session_number(self._market.now)
            pay_day = today if series.pay_day is None else max(int(series.pay_day[bar]), today)
            event = Entitlement(self._market.now, series.symbol, quantity, notional(quantity, to_micros(amount)), pay_day)
            self._due.append(event)
            self._book(event)

    def _pay(self) -> None:
        today = session_number(self._market.now)
        for one in [one for one in self._due if one.pay_day <= today]:
            self._due.remove(one)
            self._book(Dividend(self._market.now, one.symbol, one.quantity_micros, one.amount_micros))

    def _book(self, event: AccountEvent) -> None:
        ledger.post(self._account.book, event)
        self._hear(event)
