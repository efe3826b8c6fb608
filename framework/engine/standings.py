"""What the limits are checked against: the account and one symbol, at the moment an order is made."""

from __future__ import annotations

import math
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.domain.values import notional, to_micros
from framework.engine.correlations import Correlations
from framework.engine.market import session_number
from framework.engine.settlement import Settlement
from framework.rules.account.margin import initial_of
from framework.rules.account.policy import AccountType
from framework.rules.costs.fees import Traded, charge
from framework.rules.pretrade.standing import UNKNOWN_SECTOR, AccountStanding, Standing, after, entry_price, fingerprint, worst_price

if TYPE_CHECKING:
    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.engine.desk import Desk
    from framework.engine.guarded import ExitPlan
    from framework.engine.protection import Protection

NOT_COUNTED = AccountStanding(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, MappingProxyType({}))


class Standings:
    """Builds standings from book, blotter and market, and counts what a session and a decision have used."""

    def __init__(self, desk: Desk, protection: Protection) -> None:
        self._desk = desk
        self._protection = protection
        self._settlement = Settlement(desk.policies.account, desk.book, desk.journal)
        self._session: int | None = None
        self._traded = 0
        self._entries_today = 0
        self._entries_in_bar = (0, 0)
        self._account: AccountStanding | None = None

    # --- what has been used

    def on_session(self, session: int) -> None:
        """Something happens in ``session``; one not seen before starts new counts."""
        if session != self._session:
            self._session = session
            self._settlement.on_session(session)
            self._traded = self._entries_today = 0
        self._account = None

    def forget(self) -> None:
        """Something changed that the account was counted from."""
        self._account = None

    def on_fill(self, fill: Fill) -> None:
        """Count what was traded; the money of a sale settles later."""
        session, value = session_number(fill.timestamp), notional(fill.quantity_micros, fill.price_micros)
        self.on_session(session)
        self._traded += value
        self._settlement.on_fill(fill)

    def on_account(self, event: AccountEvent) -> None:
        """Something happened to the account without a trade."""
        self._settlement.on_account(event)
        self.forget()

    def on_sent(self, order: Order, standing: Standing) -> None:
        """Count an order that was approved against ``standing``; the next one of the decision sees it."""
        if order.role.protects:
            return
        if standing.account is NOT_COUNTED:
            if self._account is None:
                return  # whoever counts will find it working
            standing = standing._replace(account=self._account)
        self._account = after(standing, order, order.quantity_micros, self._desk.policies.limits.entry_collar_pct).account
        if self._account.entries_in_bar > standing.account.entries_in_bar:
            time, count = self._entries_in_bar
            self._entries_in_bar = (self._desk.market.now, count + 1 if time == self._desk.market.now else 1)
            self._entries_today += 1
        if order.oco_id is not None:
            self.forget()  # it was measured without its partners

    # --- what the limits see

    def of(self, order: Order, plan: ExitPlan | None) -> Standing:
        """The standing of ``order``'s symbol, with the earlier orders of the same decision in it."""
        desk, symbol, row = self._desk, order.symbol, self._desk.market.row_of(order.symbol)
        price = self._price(order, row)
        if order.role.protects:  # no limit on entries is asked, so nothing has to be counted
            return Standing(NOT_COUNTED, desk.book.quantity(symbol), desk.blotter.exiting(symbol), price)
        held, exits = desk.book.quantity(symbol), desk.blotter.exiting(symbol, beside=order)
        if held * order.side.sign < 0 and order.quantity_micros <= abs(held) - exits:  # the same where all of it closes
            return Standing(NOT_COUNTED, held, exits, price)
        limits = desk.policies.limits
        entering = list(desk.blotter.entering(symbol, order))
        if self._account is None:
            self._account = self._counted()
        return Standing(
            account=self._account if order.oco_id is None else self._counted(order),
            held=held,
            exits=exits,
            price=price,
            pending=sum(notional(opening, self._entry_price(one)) for one, opening in entering),
            working=tuple(fingerprint(one) for entry, _ in entering for one in (entry, *self._others(entry, order))),
            sector=self._sector(symbol),
            var=None if limits.max_portfolio_var_pct is None else desk.valuation.charged_var(row),
            risk_per_share=self._protection.loss_per_share(plan, order.side.sign, entry_price(order, price)),
            at_risk=None if entering else self._protection.at_risk(symbol),
            correlation=None if limits.max_correlation is None else self._correlation(row, order.side.sign),
            average_volume=desk.market.average_volume(row) if limits.max_average_volume_pct or limits.min_average_volume_shares else None,
            fees=self._fees(order),
        )

    def _price(self, order: Order, row: int) -> int:
        """The last price, micro-dollars, 0 for none.

        The venue compares a stop with the price of the moment, and inside a bar the bar's close is still to come.
        """
        if order.stop_micros is None or order.role.protects or self._desk.market.cursor[row] < 0:
            return self._desk.market.price_micros(row)
        return to_micros(self._desk.broker.get_quote(order.symbol).last)

    def _counted(self, beside: Order | None = None) -> AccountStanding:
        desk, limits = self._desk, self._desk.policies.limits
        values, equity = desk.valuation.holdings()
        held = [(row, abs(value)) for row, value in values.items()]
        coming = [
            (one, desk.market.row[one.symbol], opening, notional(opening, self._entry_price(one)))
            for one, opening in desk.blotter.entering(beside=beside)
        ]
        positions = held + [(row, value) for _, row, _, value in coming]
        sectors: dict[str, int] = {}
        for row, value in positions:
            sector = self._sector(desk.market.symbols[row])
            sectors[sector] = sectors.get(sector, 0) + value
        time, count = self._entries_in_bar
        return AccountStanding(
            equity=equity,
            gross=sum(value for _, value in held),
            entering=sum(value for _, _, _, value in coming),
            reserved=sum(notional(opening, self._worst_price(one)) + self._fees(one) for one, _, opening, _ in coming),
            cash=desk.book.cash_micros,
            unsettled=self._settlement.kept_apart(),
            traded=self._traded + sum(notional(one.leaves_micros, self._entry_price(one)) for one in self._working()),
            positions=len({row for row, _ in positions}),
            entries_in_bar=count if time == desk.market.now else 0,
            entries_today=self._entries_today,
            var=0
            if limits.max_portfolio_var_pct is None
            else sum(round(value * desk.valuation.charged_var(row)) for row, value in positions),
            sectors=sectors,
            heat=None if limits.max_portfolio_heat_pct is None else self._heat(held, coming),
            receivable=desk.book.receivable_micros,
            margin=self._margin(beside) if desk.policies.account.type is AccountType.MARGIN else None,
        )

    def _others(self, entry: Order, order: Order) -> list[Order]:
        """Partners of a working ``entry`` that are none of ``order``."""
        return [] if entry.group_id == order.group_id else self._desk.blotter.partners(entry)

    def _margin(self, beside: Order | None) -> int:
        """Initial margin of positions, and of working entries at their worst price, with fees; of a group what requires most."""
        desk = self._desk
        held = sum(
            initial_of(desk.book.quantity(desk.market.symbols[row]), desk.market.price_micros(row)) for row in desk.valuation.held_rows()
        )
        return held + sum(self._required(one, opening) for one, opening in desk.blotter.entering(beside=beside, cost=self._required))

    def _required(self, order: Order, opening: int) -> int:
        return initial_of(order.side.sign * opening, self._worst_price(order)) + self._fees(order)

    def _fees(self, order: Order) -> int:
        """What the venue would charge for the rest of ``order`` at its worst price, as if nothing had been traded this month."""
        filled = order.filled_micros
        before = Traded(order.side.sign, session_number(self._desk.market.now), filled, order.filled_value_micros, month=-filled)
        return charge(self._desk.policies.fees, before, order.leaves_micros, self._worst_price(order))

    def _heat(self, held: list[tuple[int, int]], coming: list[tuple[Order, int, int, int]]) -> int:
        """Loss at the stops; all of the value where there is no stop yet."""
        total = 0
        for row, value in held:
            known = self._protection.at_risk(self._desk.market.symbols[row])
            total += value if known is None else known
        return total + sum(value for _, _, _, value in coming)

    def _working(self) -> list[Order]:
        return [one for one in self._desk.blotter.orders.values() if not one.role.protects]

    def _entry_price(self, order: Order) -> int:
        return entry_price(order, self._desk.market.price_micros(self._desk.market.row[order.symbol]))

    def _worst_price(self, order: Order) -> int:
        last = self._desk.market.price_micros(self._desk.market.row[order.symbol])
        return worst_price(order, last, self._desk.policies.limits.entry_collar_pct)

    def _sector(self, symbol: str) -> str:
        return self._desk.policies.sectors.get(symbol, UNKNOWN_SECTOR)

    @cached_property
    def _correlations(self) -> Correlations:
        """Made when a correlation is first asked for: most runs have no limit on it."""
        return Correlations(self._desk.market, self._desk.policies.risk)

    def _correlation(self, row: int, direction: int) -> float | None:
        """Highest correlation with a symbol held or being entered, signed by both directions; 0 with none, ``None`` without history."""
        desk = self._desk
        sides = [(other, 1 if desk.valuation.value(other) > 0 else -1) for other in desk.valuation.held_rows()]
        coming = (one for entry, _ in desk.blotter.entering() for one in (entry, *desk.blotter.partners(entry)))
        sides += [(desk.market.row[one.symbol], one.side.sign) for one in coming]
        sides = [(other, side) for other, side in sides if other != row]
        if not sides:
            return 0.0
        figures: list[float] = self._correlations.between(row, [other for other, _ in sides]).tolist()
        if any(math.isnan(figure) for figure in figures):
            return None
        return max(figure * side * direction for figure, (_, side) in zip(figures, sides, strict=True))
