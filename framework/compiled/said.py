"""From the loop's columns to what the event drivers write down: orders with their lives, fills, refusals, and the hash of decisions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from framework.compiled.columns import (
    CANCELED,
    CANCELED_FOR,
    CLOSED,
    CONSECUTIVE_LOSSES,
    CUT,
    DAILY_LOSS,
    DENIED,
    DRAWDOWN,
    ENTITLED,
    EXPIRED,
    EXPLICIT,
    FILLED,
    GUARD,
    LIMIT,
    O_KIND,
    O_PLACE,
    O_QUANTITY,
    O_ROW,
    O_STOP,
    PAID,
    PROFIT_PROTECTION,
    REFUSAL,
    REFUSES,
    RELEASED,
    SENT,
    TRIPS_NOW,
    WHOLE,
    WHY,
)
from framework.compiled.refused import Refused
from framework.domain import endings
from framework.domain.account_event import Dividend, Entitlement
from framework.domain.fill import Fill, Refusal
from framework.domain.order import Order, OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.domain.order_update import OrderUpdate
from framework.domain.values import from_micros, to_micros
from framework.engine.breakers import REDUCING
from framework.engine.context import CLOSE
from framework.engine.journal import Journal, line_of
from framework.engine.market import session_number
from framework.engine.targets import reason_of, refusal_of
from framework.errors import InvariantError
from framework.rules import lifecycle
from framework.rules.fills import MARKET, TRAILING
from framework.rules.guards import state as guards
from framework.rules.guards.state import TradingState, Transition, Trip
from framework.rules.sizing.numbers import CODES
from framework.rules.stops.state import MENDED

if TYPE_CHECKING:
    from framework.compiled.facts import Facts
    from framework.compiled.play import Played
    from framework.domain.account_event import AccountEvent
    from framework.rules.guards.policy import GuardPolicy


def decisions_hash(played: Played, facts: Facts) -> str:
    """The hash of all decisions: what ``Journal.decisions_hash`` would be."""
    sides = [(f"{symbol}|buy|", f"{symbol}|sell|") for symbol in played.prepared.panel.symbols]
    orders, endings, refused = played.written.orders, _Endings(facts), Refused(played, facts)
    codes = ["" if number < 0 else f": {refused.code_of(number)}" for number in orders[:, REFUSAL].tolist()]
    times = played.prepared.panel.timestamp[orders[:, O_PLACE]].tolist()
    columns = [orders[:, column].tolist() for column in (O_ROW, O_QUANTITY, O_KIND, WHY, O_STOP)]
    strengths = played.written.strengths.tolist()
    lines = [
        f"{time}|{sides[row][signed < 0]}{abs(signed)}|{endings[kind, why, stop, strength, code]}"
        for time, row, signed, kind, why, stop, strength, code in zip(times, *columns, strengths, codes, strict=True)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


class _Endings(dict[tuple[int, int, int, float, str], str]):
    """What follows the quantity in the line of a decision, by kind, why, stop, strength and refusal; most lines end as others do."""

    def __init__(self, facts: Facts) -> None:
        self._exits = facts.policies.exits

    def __missing__(self, key: tuple[int, int, int, float, str]) -> str:
        kind, why, stop, strength, code = key
        if kind == MARKET:
            line = line_of(0, "", "", 0, _MARKET, (None, None, None), _reason(why, strength) + code)
        elif kind == TRAILING:
            unit = TrailType.PERCENTAGE if self._exits.trail_percent > 0.0 else TrailType.AMOUNT
            trail = to_micros(self._exits.trail_percent or self._exits.trail_amount)
            line = line_of(0, "", "", 0, (_TRAILING, unit.value, _GTC), (None, stop, trail), _stop_reason(why))
        else:
            line = line_of(0, "", "", 0, _STOP, (None, stop, None), _stop_reason(why))
        self[key] = line.removeprefix("0|||0|")
        return self[key]


def _reason(why: int, strength: float) -> str:
    if why == CLOSED:
        return CLOSE
    return OrderRole.EXPLICIT.value if why == EXPLICIT else reason_of(strength, CODES[why])


def _stop_reason(mended: int) -> str:
    return f"{OrderRole.STOP.value}: {MENDED[mended]}" if mended else OrderRole.STOP.value


_GTC, _TRAILING = TimeInForce.GTC.value, OrderType.TRAILING_STOP.value
_MARKET = (OrderType.MARKET.value, TrailType.PERCENTAGE.value, _GTC)
_STOP = (OrderType.STOP_LOSS.value, TrailType.PERCENTAGE.value, _GTC)


class Writer:
    """Replays what the loop wrote into a journal, through the one table of an order's life.

    Attributes:
        journal: As an event driver would have left it.
        working: Orders that still work, oldest first.
        booked: Fills and dividends in their order.
    """

    def __init__(self, played: Played, facts: Facts) -> None:
        self.journal = Journal()
        self.working: dict[int, Order] = {}
        self.booked: list[Fill | AccountEvent] = []
        self._facts = facts
        self._symbols = played.prepared.panel.symbols
        self._times = played.prepared.times
        self._written = played.written
        self._orders: list[list[int]] = played.written.orders.tolist()
        self._strengths: list[float] = played.written.strengths.tolist()
        self._made: list[Order] = []
        self._refused = Refused(played, facts)
        self._refusals: dict[int, Refusal] = {}
        self._trips: list[Trip] = []
        for kind, place, number, why in played.written.events.tolist():
            self._replay(kind, self._times[place], number, why)

    def _replay(self, kind: int, time: int, number: int, why: int) -> None:
        match kind:
            case _ if kind == SENT:
                self._send(number, time)
            case _ if kind == FILLED:
                self._fill(number, time)
            case _ if kind == CANCELED:
                self._step(self._made[number], time, OrderStatus.PENDING_CANCEL, CANCELED_FOR[why])
                self._report(self._made[number], time, OrderStatus.CANCELED, endings.BY_REQUEST)
                del self.working[number]
            case _ if kind == EXPIRED:
                self._report(self._made[number], time, OrderStatus.EXPIRED, endings.GTC_OVER)
                del self.working[number]
            case _ if kind == REFUSES:
                self._refusals[number] = self._refusal(number, time)
                self.journal.refused(self._refusals[number])
            case _ if kind in {ENTITLED, PAID}:
                self._pay(kind, number, time)
            case _ if kind == DENIED:
                self._deny(number, time)
            case _:
                self._guard(kind, number, time, why)

    # --- orders

    def _send(self, number: int, time: int) -> None:
        order = self._order(number, time)
        self.working[number] = order
        self.journal.decided(order)
        self._step(order, time, OrderStatus.SUBMITTED, "")
        self._report(order, time, OrderStatus.ACCEPTED)

    def _deny(self, number: int, time: int) -> None:
        order = self._order(number, time)
        code = self._refusals[self._orders[number][8]].code
        order.reason = f"{order.reason}: {code}"
        self.journal.decided(order)
        self._step(order, time, OrderStatus.DENIED, code)

    def _order(self, number: int, time: int) -> Order:
        _, row, signed, kind, why, stop, parent, number_in_id, _ = self._orders[number]
        symbol, side = self._symbols[row], OrderSide.BUY if signed > 0 else OrderSide.SELL
        name = self._facts.strategy
        order = Order(
            f"{name}-{symbol}-{time // 10**9}-{side.value}-{number_in_id}", symbol, side, abs(signed), OrderType.MARKET, time, strategy=name
        )
        if kind == MARKET:
            order.role, order.tag = OrderRole.EXPLICIT if why >= EXPLICIT else OrderRole.TARGET, CLOSE if why == CLOSED else None
            order.reason = _reason(why, self._strengths[number])
        else:
            self._make_stop(order, kind, why, stop, self._made[parent].order_id)
        self._made.append(order)
        return order

    def _make_stop(self, order: Order, kind: int, mended: int, stop: int, parent: str) -> None:
        """Let ``order`` guard the position of ``parent``."""
        role = OrderRole.STOP
        order.role, order.tag, order.reason, order.parent_id = role, role.value, _stop_reason(mended), parent
        order.order_type, order.stop_micros = OrderType.STOP_LOSS, stop
        if kind == TRAILING:
            exits = self._facts.policies.exits
            order.order_type = OrderType.TRAILING_STOP
            order.trail_type = TrailType.PERCENTAGE if exits.trail_percent > 0.0 else TrailType.AMOUNT
            order.trail_micros = to_micros(exits.trail_percent or exits.trail_amount)

    def _fill(self, number: int, time: int) -> None:
        order_number, _, quantity, price, reference, fees = self._written.executions[number].tolist()
        order = self._made[order_number]
        fill = Fill(
            execution_id=f"SIM-{number + 1}",
            order_id=order.order_id,
            timestamp=time,
            symbol=order.symbol,
            side=order.side,
            quantity_micros=quantity,
            price_micros=price,
            reference_micros=reference,
            fees_micros=fees,
            tag=order.tag,
            strategy=order.strategy,
        )
        self._report(order, time, lifecycle.status_after_fill(order, quantity), fill=fill)
        self.booked.append(fill)
        del self.working[order_number]

    def _pay(self, kind: int, number: int, time: int) -> None:
        """A dividend; it is paid on its ex date."""
        _, row, quantity, amount = self._written.payments[number].tolist()
        symbol = self._symbols[row]
        entitled, paid = Entitlement(time, symbol, quantity, amount, session_number(time)), Dividend(time, symbol, quantity, amount)
        event = entitled if kind == ENTITLED else paid
        self.journal.posted(event)
        self.booked.append(event)

    def _step(self, order: Order, time: int, status: OrderStatus, reason: str) -> None:
        lifecycle.change(order, status, time, reason)
        self.journal.reported(OrderUpdate(order.order_id, time, status, reason))

    def _report(self, order: Order, time: int, status: OrderStatus, reason: str = "", fill: Fill | None = None) -> None:
        update = OrderUpdate(order.order_id, time, status, reason, fill)
        lifecycle.apply(order, update)
        self.journal.reported(update)

    # --- what was refused, and what the breakers did

    def _refusal(self, number: int, time: int) -> Refusal:
        facts = self._written.refusals[number].tolist()
        row, code = facts[1:3]
        strength, figure = self._written.figures[number].tolist()
        if code == GUARD:
            return self._by_breaker(row, facts[3], time)
        if code not in {LIMIT, WHOLE}:
            return refusal_of(time, self._symbols[row], strength, CODES[code], figure)
        return self._refused.by_limit(number, time)

    def _guard(self, kind: int, number: int, time: int, why: int) -> None:
        before, policy = self._trading, self._facts.policies.guards
        if policy is None:
            raise InvariantError(f"the loop wrote an event of kind {kind}, and there are no guards")
        if kind == TRIPS_NOW:
            figure = float(self._written.figures[number, 1])
            code, limit = self._limit_of(why, policy)
            self._trips.append(Trip(time, code, figure, limit))
        elif kind == RELEASED:
            kept = [trip for trip in self._trips if not guards.BREAKERS[trip.code].daily]
            code, figure, limit, self._trips = guards.NEW_SESSION, float(len(self._trips) - len(kept)), 0.0, kept
        elif kind == CUT:
            code, figure, limit = guards.SIZE_CUT, float(number), float(policy.streak_losses or 0)
        else:
            code, figure, limit = guards.SIZE_RESTORED, float(number), float(policy.streak_recovery_wins)
        self.journal.guarded(Transition(time, code, before, self._trading, figure, limit))

    @property
    def _trading(self) -> TradingState:
        """The strictest state any tripped breaker asks for."""
        return max((guards.BREAKERS[trip.code].state for trip in self._trips), default=TradingState.ACTIVE)

    @staticmethod
    def _limit_of(breaker: int, policy: GuardPolicy) -> tuple[str, float]:
        """The code of a breaker, and where it trips."""
        limits = {
            DAILY_LOSS: (guards.DAILY_LOSS, policy.max_daily_loss_pct),
            DRAWDOWN: (guards.DRAWDOWN, policy.max_drawdown_pct),
            CONSECUTIVE_LOSSES: (guards.CONSECUTIVE_LOSSES, policy.max_consecutive_losses),
            PROFIT_PROTECTION: (guards.PROFIT_PROTECTION, policy.profit_give_back),
        }
        code, limit = limits[breaker]
        return code, float(limit or 0.0)

    def _by_breaker(self, row: int, signed: int, time: int) -> Refusal:
        """What a breaker that has tripped says to an order."""
        cause = next(trip for trip in self._trips if guards.BREAKERS[trip.code].state is self._trading)
        side, quantity, symbol = OrderSide.BUY if signed > 0 else OrderSide.SELL, from_micros(abs(signed)), self._symbols[row]
        return Refusal(time, symbol, REDUCING, f"{side} {quantity} {symbol}: {cause.detail}", cause.figure, cause.limit)
