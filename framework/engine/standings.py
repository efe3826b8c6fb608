"""What the limits are checked against: the account and one symbol, at the moment an order is made."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.order import Order, OrderSide
from framework.domain.values import notional
from framework.engine.market import session_number
from framework.rules.pretrade.settlement import unsettled
from framework.rules.pretrade.standing import UNKNOWN_SECTOR, AccountStanding, Standing, after, entry_price, fingerprint, worst_price

if TYPE_CHECKING:
    from framework.domain.fill import Fill
    from framework.engine.desk import Desk
    from framework.engine.protection import ExitPlan, Protection

#: Sessions a sale is remembered: no settlement cycle is longer.
_LONGEST_CYCLE = 10


NOT_COUNTED = AccountStanding(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, MappingProxyType({}))


class Standings:
    """Builds standings from book, blotter and market, and counts what a session and a decision have used."""

    def __init__(self, desk: Desk, protection: Protection) -> None:
        self._desk = desk
        self._protection = protection
        self._sessions: list[int] = []
        self._traded = 0
        self._entries_today = 0
        self._entries_in_bar = (0, 0)
        self._sales: list[tuple[int, int]] = []
        self._account: AccountStanding | None = None

    # --- what has been used

    def on_session(self, session: int) -> None:
        """Something happens in ``session``; one not seen before starts new counts."""
        if not self._sessions or session != self._sessions[-1]:
            self._sessions = [*self._sessions[-_LONGEST_CYCLE:], session]
            self._sales = [sale for sale in self._sales if sale[0] >= self._sessions[0]]
            self._traded = self._entries_today = 0
        self.forget()

    def forget(self) -> None:
        """Something changed that the account was counted from."""
        self._account = None

    def on_fill(self, fill: Fill) -> None:
        """Count what was traded; the money of a sale settles later."""
        session, value = session_number(fill.timestamp), notional(fill.quantity_micros, fill.price_micros)
        self.on_session(session)
        self._traded += value
        if fill.side is OrderSide.SELL:
            self._sales.append((session, value))

    def on_sent(self, order: Order, standing: Standing) -> None:
        """Count an order that was approved against ``standing``; the next one of the decision sees it."""
        if order.role.protects:
            return
        self._account = after(standing, order, order.quantity_micros, self._desk.policies.limits.entry_collar_pct).account
        if self._account.entries_in_bar > standing.account.entries_in_bar:
            time, count = self._entries_in_bar
            self._entries_in_bar = (self._desk.market.now, count + 1 if time == self._desk.market.now else 1)
            self._entries_today += 1

    # --- what the limits see

    def of(self, order: Order, plan: ExitPlan | None) -> Standing:
        """The standing of ``order``'s symbol, with the earlier orders of the same decision in it."""
        desk, symbol, row = self._desk, order.symbol, self._desk.market.row_of(order.symbol)
        price = desk.market.price_micros(row)
        if order.role.protects:  # no limit on entries is asked, so nothing has to be counted
            return Standing(NOT_COUNTED, desk.book.quantity(symbol), desk.blotter.exiting(symbol), price)
        limits = desk.policies.limits
        entering = list(desk.blotter.entering(symbol))
        if self._account is None:
            self._account = self._counted()
        return Standing(
            account=self._account,
            held=desk.book.quantity(symbol),
            exits=desk.blotter.exiting(symbol),
            price=price,
            pending=sum(notional(opening, self._entry_price(one)) for one, opening in entering),
            working=tuple(fingerprint(one) for one, _ in entering),
            sector=self._sector(symbol),
            var=desk.valuation.charged_var(row),
            risk_per_share=self._protection.loss_per_share(plan, order.side.sign, entry_price(order, price)),
            at_risk=None if entering else self._protection.at_risk(symbol),
            correlation=None if limits.max_correlation is None else self._correlation(row, order.side.sign),
            average_volume=desk.market.average_volume(row) if limits.max_average_volume_pct or limits.min_average_volume_shares else None,
        )

    def _counted(self) -> AccountStanding:
        desk = self._desk
        held = [(row, abs(desk.valuation.value(row))) for row in desk.valuation.held_rows()]
        coming = [
            (one, desk.market.row[one.symbol], opening, notional(opening, self._entry_price(one)))
            for one, opening in desk.blotter.entering()
        ]
        positions = held + [(row, value) for _, row, _, value in coming]
        sectors: dict[str, int] = {}
        for row, value in positions:
            sector = self._sector(desk.market.symbols[row])
            sectors[sector] = sectors.get(sector, 0) + value
        time, count = self._entries_in_bar
        return AccountStanding(
            equity=desk.valuation.equity(),
            gross=sum(value for _, value in held),
            entering=sum(value for _, _, _, value in coming),
            reserved=sum(notional(opening, self._worst_price(one)) for one, _, opening, _ in coming),
            cash=desk.book.cash_micros,
            unsettled=self._unsettled(),
            traded=self._traded + sum(notional(one.leaves_micros, self._entry_price(one)) for one in self._working()),
            positions=len({row for row, _ in positions}),
            entries_in_bar=count if time == desk.market.now else 0,
            entries_today=self._entries_today,
            var=sum(round(value * desk.valuation.charged_var(row)) for row, value in positions),
            sectors=sectors,
            heat=self._heat(held, coming),
        )

    def _heat(self, held: list[tuple[int, int]], coming: list[tuple[Order, int, int, int]]) -> int:
        """Loss at the stops; all of the value where there is no stop yet."""
        total = 0
        for row, value in held:
            known = self._protection.at_risk(self._desk.market.symbols[row])
            total += value if known is None else known
        return total + sum(value for _, _, _, value in coming)

    def _unsettled(self) -> int:
        if not self._desk.policies.limits.settled_cash_only or not self._sessions:
            return 0
        return unsettled(self._sales, session_number(self._desk.market.now), np.array(self._sessions, dtype=np.int64))

    def _working(self) -> list[Order]:
        return [one for one in self._desk.blotter.orders.values() if not one.role.protects]

    def _entry_price(self, order: Order) -> int:
        return entry_price(order, self._desk.market.price_micros(self._desk.market.row[order.symbol]))

    def _worst_price(self, order: Order) -> int:
        last = self._desk.market.price_micros(self._desk.market.row[order.symbol])
        return worst_price(order, last, self._desk.policies.limits.entry_collar_pct)

    def _sector(self, symbol: str) -> str:
        return self._desk.policies.sectors.get(symbol, UNKNOWN_SECTOR)

    def _correlation(self, row: int, direction: int) -> float | None:
        """Highest correlation with a holding, signed by both directions; 0 with nothing else held, ``None`` where there is no history."""
        desk = self._desk
        others = [other for other in desk.valuation.held_rows() if other != row]
        if not others:
            return 0.0
        history = desk.market.joint_returns([row, *others], desk.policies.risk.lookback)
        if len(history) < desk.policies.risk.minimum or not history.std(axis=0).all():
            return None
        matrix = np.atleast_2d(np.corrcoef(history, rowvar=False))
        signs = [direction if desk.valuation.value(other) > 0 else -direction for other in others]
        return max(float(figure) * sign for figure, sign in zip(matrix[0, 1:], signs, strict=True))
