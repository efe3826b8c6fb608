"""Keeps every position paired with its exits, share for share, in reaction to each fill and each close.

In simulation a fill is heard while the bar's path is still being walked, so the new stop works on the rest of it; live the same
reaction follows the venue's report.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from framework.domain.order import OrderRole, OrderStatus, OrderType, TrailType
from framework.domain.values import each_of, floor_to_lot, notional, to_micros
from framework.engine.again import Again
from framework.engine.guarded import AS_GIVEN, Guarded
from framework.engine.market import session_number
from framework.rules.stops.atr import on_tick
from framework.rules.stops.state import (
    TIME_STOP,
    Seen,
    StopState,
    added,
    advanced,
    ex_dividend,
    exit_due,
    known_price,
    moving_level,
    nearer,
    opened,
    seen_at,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.account_event import Split
    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.domain.order_update import OrderUpdate
    from framework.engine.door import Door
    from framework.engine.guarded import ExitPlan


class Protection:
    """The stops and take-profits of all positions; with ``exits_outlive`` other orders stay when their position is gone."""

    def __init__(self, desk: Door, *, exits_outlive: bool) -> None:
        self._desk = desk
        self._exits_outlive = exits_outlive
        self._plans: dict[str, ExitPlan] = {}
        self._guarded: dict[str, Guarded] = {}
        self._again = Again()

    @property
    def guards_any(self) -> bool:
        """Whether there is a position to guard."""
        return bool(self._guarded)

    # --- orders and fills

    def before_send(self, order: Order, plan: ExitPlan | None, closing: int) -> None:
        """Remember what to do when ``order`` fills, and make room for it if it leaves the position at once.

        ``closing`` micro-shares of it close what no other order does.
        """
        if order.role.protects:
            return
        if plan is not None:
            self._plans[order.order_id] = plan
        held = self._desk.book.quantity(order.symbol)
        if held * order.side.sign >= 0:
            return
        self._desk.blotter.closing[order.order_id] = order.quantity_micros if order.quantity_micros <= abs(held) else closing
        # A stop of the strategy's own waits, perhaps far away, and does not take the place of the protective one; whichever fills first,
        # the other is resized.
        if order.leaves_at_once:
            self.align(order.symbol, leaving=order.quantity_micros)

    def plan_of(self, order: Order) -> ExitPlan | None:
        """The protection decided together with a working entry."""
        return self._plans.get(order.order_id)

    def after_fill(self, order: Order, fill: Fill) -> None:
        """React to a fill: guard what was opened, and shrink or cancel what guarded shares that are gone."""
        held = self._desk.book.quantity(fill.symbol)
        if held * order.side.sign > 0 and not order.role.protects:
            self._guard(order, self._plans.get(order.order_id), fill.price_micros)
        else:
            self._cancel_exits(order, abs(held))
        self.align(fill.symbol)

    def after_end(self, order: Order, update: OrderUpdate) -> None:
        """React to an order that ended: shares it was about to sell need their stop again, and so do those whose stop the venue ended."""
        self._plans.pop(order.order_id, None)
        if not order.role.protects or order.status is OrderStatus.EXPIRED or self._may_again(order, update):
            self.align(order.symbol)

    def _may_again(self, order: Order, update: OrderUpdate) -> bool:
        """Whether a protective order that was canceled, and not by us, is to be placed again now."""
        ours = len(order.changes) > 1 and order.changes[-2].status is OrderStatus.PENDING_CANCEL
        if update.status is OrderStatus.REJECTED:
            self._again.left(order.symbol)
        if update.status is not OrderStatus.CANCELED or ours:
            return False
        return self._again.may(order.symbol, session_number(update.timestamp), wanted=update.unsolicited)

    def try_again(self) -> None:
        """A person says that trading goes on: what was left unguarded, canceled by somebody else or refused, is guarded again."""
        for symbol in self._again.forgotten():
            self.align(symbol)

    def _guard(self, order: Order, plan: ExitPlan | None, price: int) -> None:
        known = self._guarded.get(order.symbol)
        if known is not None and known.state.direction != order.side.sign:
            self._drop(known)
            del self._guarded[order.symbol]
            known = None
        if plan is None:
            return
        if known is None:
            state, code = self._opened(order, plan, price)
            bar = self._cursor(order.symbol)
            self._guarded[order.symbol] = Guarded(order.order_id, plan.policy, state, bar - 1, bar, code)
        else:
            known.state = self._added(known, order, plan, price)

    def _opened(self, order: Order, plan: ExitPlan, price: int) -> tuple[StopState, str]:
        direction = order.side.sign
        if plan.policy is not AS_GIVEN:
            state, code = opened(plan.policy, plan.seen, price, direction, self._tick(price))
            return (replace(state, target=plan.target_micros) if plan.target_micros else state), code
        risk = max(direction * (price - plan.stop_micros), 1) if plan.stop_micros else 0
        return StopState(direction, price, plan.stop_micros, plan.stop_micros, price, risk, plan.target_micros, 0, 0), ""

    def _added(self, known: Guarded, order: Order, plan: ExitPlan, price: int) -> StopState:
        if plan.policy is AS_GIVEN:
            level = nearer(order.side.sign, known.state.level, plan.stop_micros)
            return replace(known.state, level=level, target=plan.target_micros or known.state.target)
        position = self._desk.book.positions[order.symbol]
        average = each_of(abs(position.cost_micros), abs(position.quantity_micros))
        state, _ = added(known.state, plan.policy, plan.seen, max(average, 1), price, self._tick(price))
        return replace(state, target=plan.target_micros or state.target or known.state.target)

    # --- closes

    def on_close(self) -> None:
        """Move the levels of all positions that have a new bar, and leave those whose time is up."""
        for symbol, known in list(self._guarded.items()):
            bar = self._cursor(symbol)
            if not known.moves or bar == known.bar:
                continue
            entered_now, known.bar = bar == known.entry_bar, bar
            series = self._desk.market.series[self._row(symbol)]
            if known.is_unmoved_by(series.high.item(bar), series.low.item(bar)):
                continue
            known.state = advanced(known.state, known.policy, self._seen(symbol, known, only_close=entered_now))
            if exit_due(known.state, known.policy, self._desk.market.price_micros(self._row(symbol))) == TIME_STOP:
                self._desk.close(symbol, TIME_STOP)
            else:
                self._tighten(symbol, known)

    def _seen(self, symbol: str, known: Guarded, *, only_close: bool) -> Seen:
        row = self._row(symbol)
        series, bar, count = self._desk.market.series[row], known.bar, known.bar + 1
        if known.follows_best:
            close = known_price(series.close.item(bar))
            high, low = (close, close) if only_close else (known_price(series.high.item(bar)), known_price(series.low.item(bar)))
            return Seen(high, low, close)
        tick = self._tick(known.state.entry)
        seen = seen_at(known.policy, known.state.direction, series.high[:count], series.low[:count], series.close[:count], tick)
        return seen._replace(high=seen.close, low=seen.close) if only_close else seen

    def _tighten(self, symbol: str, known: Guarded) -> None:
        stop = known.stop
        if stop is None or not stop.is_open or self._is_reached(stop):
            return  # a new one would wait for the price again
        working, level = self._standing(stop, known), self._level(known)
        moved = known.state.direction * (level - working)
        moves = moved > 0 or (moved < 0 and known.policy.may_loosen and not known.policy.trails_at_venue)
        if moves and self._desk.cancel(stop.order_id, "level moved"):
            known.stop = self._desk.submit(self._stop_order(symbol, known, stop.quantity_micros - stop.filled_micros), None)
        if not moves or known.stop is not stop:
            known.agree()

    def _standing(self, stop: Order, known: Guarded) -> int:
        """Where a working stop stands: one that trails apart has seen at least what bars have, whatever of it is known here."""
        policy, state, broker = known.policy, known.state, self._desk.broker
        told = broker.get_order(stop.order_id).stop_micros or 0
        if not (policy.trails_at_venue and broker.capabilities.trails_apart):
            return told
        return nearer(state.direction, told, moving_level(state.direction, state.best, to_micros(policy.trail_percent), state.trail, 0, 0))

    def on_split(self, event: Split) -> None:
        """Let what guards the symbol, and what is planned for its working entries, follow the shares."""
        new, old = event.new, event.old
        for order in self._desk.blotter.of(event.symbol):
            plan = self._plans.get(order.order_id)
            if plan is not None:
                self._plans[order.order_id] = plan.after_split(new, old)
            if order.order_id in self._desk.blotter.closing:
                self._desk.blotter.closing[order.order_id] = -(-self._desk.blotter.closing[order.order_id] * new // old)
        known = self._guarded.get(event.symbol)
        if known is not None:
            if self._desk.market.is_split_ahead(event.symbol):
                self._take_back(known, event.terms)
            known.state = split(known.state, new, old)
            self.align(event.symbol)

    def _take_back(self, known: Guarded, reason: str) -> None:
        """A venue that tells of a split by itself restates no order: what guards the shares is placed anew, at the level it has reached."""
        self._follow(known)
        for order in (known.stop, known.profit, *known.reached):
            if order is not None and order.is_open:
                self._desk.cancel(order.order_id, reason)
        known.stop, known.profit, known.reached = None, None, []

    def on_dividend(self, symbol: str, amount_micros: int) -> None:
        """Lower what guards ``symbol`` on its ex date, if the policy says so; ``amount_micros`` dollars a share."""
        known = self._guarded.get(symbol)
        if known is None or not known.policy.lowers_on_dividend:
            return
        self._follow(known)
        self._set_aside(known)
        known.state = ex_dividend(known.state, known.policy, amount_micros)
        known.stop, known.profit = self._withdrawn(known.stop), self._withdrawn(known.profit)
        self.align(symbol)

    def _withdrawn(self, order: Order | None) -> Order | None:
        """``None``, or the order if it could not be canceled."""
        stays = order is not None and order.is_open and not self._desk.cancel(order.order_id, "ex dividend")
        return order if stays else None

    def _follow(self, known: Guarded) -> None:
        """Take in what the venue's trail has reached: a new order must not fall back behind it."""
        if known.policy.trails_at_venue and known.stop is not None:
            reached = self._desk.broker.get_order(known.stop.order_id).stop_micros or 0
            known.state = replace(known.state, level=nearer(known.state.direction, known.state.level, reached))

    # --- quantity for quantity

    def align(self, symbol: str, leaving: int = 0) -> None:
        """Make the guarding orders' quantity equal to the shares held, less those about to leave.

        ``leaving`` micro-shares are about to leave beside what working exits will close.
        """
        known = self._guarded.get(symbol)
        if known is None:
            return
        held = self._desk.book.quantity(symbol)
        if held * known.state.direction <= 0:
            self._drop(known)
            del self._guarded[symbol]
            return
        wanted = max(abs(held) - self._desk.blotter.exiting(symbol, at_once=True) - leaving, 0)
        self._follow(known)
        if known.state.level:
            # Parts of a share follow the whole ones: with those gone they are guarded on their own.
            guarded = floor_to_lot(wanted, self._desk.broker.capabilities.lot_of(OrderType.STOP_LOSS)) or wanted
            waiting = guarded - self._keep_reached(symbol, known, guarded)
            known.stop = self._resized(known.stop, waiting, lambda: self._stop_order(symbol, known, waiting))
        if known.state.target:
            known.profit = self._resized(known.profit, wanted, lambda: self._profit_order(symbol, known, wanted))

    def _is_reached(self, stop: Order) -> bool:
        """Whether the price of a working stop has been reached: the venue says so, or it has begun to fill."""
        return stop.filled_micros > 0 or self._desk.broker.get_order(stop.order_id).triggered

    def _set_aside(self, known: Guarded) -> None:
        """Leave a stop that was reached alone: one in its place would wait for the price again."""
        stop = known.stop
        known.reached = [order for order in known.reached if order.is_open]
        if stop is not None and stop.is_open and self._is_reached(stop):
            known.reached.append(stop)
            known.stop = None

    def _keep_reached(self, symbol: str, known: Guarded, most: int) -> int:
        """Micro-shares that stops which were reached go on selling; those beyond ``most`` they sell no more."""
        self._set_aside(known)
        total = 0
        for place, order in enumerate(known.reached):
            keep = min(order.leaves_micros, most - total)
            rest = self._resized(order, keep, partial(self._reached_order, symbol, known, keep))
            known.reached[place] = rest or order
            total += known.reached[place].leaves_micros
        return min(total, most)

    def _reached_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        """What a stop is once it was reached: it sells at market."""
        return self._desk.protective(symbol, known.state.direction, quantity, OrderType.MARKET, OrderRole.STOP, known.parent_id)

    def _resized(self, order: Order | None, wanted: int, make: Callable[[], Order]) -> Order | None:
        if order is not None and order.is_open and (order.leaves_micros == wanted or not self._desk.cancel(order.order_id, "resized")):
            return order
        return self._desk.submit(make(), None) if wanted else order

    def _stop_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        policy, direction = known.policy, known.state.direction
        kind = OrderType.TRAILING_STOP if policy.trails_at_venue else OrderType.STOP_LOSS
        order = self._desk.protective(symbol, direction, quantity, kind, OrderRole.STOP, known.parent_id)
        order.stop_micros = self._level(known)
        if known.code:
            order.reason = f"{order.reason}: {known.code}"
        if policy.trails_at_venue:
            in_percent = policy.trail_percent > 0.0
            order.trail_type = TrailType.PERCENTAGE if in_percent else TrailType.AMOUNT
            order.trail_micros = to_micros(policy.trail_percent) if in_percent else known.state.trail
        return order

    def _profit_order(self, symbol: str, known: Guarded, quantity: int) -> Order:
        direction, target = known.state.direction, known.state.target
        order = self._desk.protective(symbol, direction, quantity, OrderType.LIMIT, OrderRole.TAKE_PROFIT, known.parent_id)
        order.limit_micros = on_tick(target, self._tick(target), -direction)
        return order

    def _level(self, known: Guarded) -> int:
        """The level as an order has it; a trail the venue keeps lies on no tick, and rounding would give back what it has reached."""
        level = known.state.level
        if known.policy.trails_at_venue:
            return level
        return on_tick(level, self._tick(level), known.state.direction)

    def _drop(self, known: Guarded) -> None:
        for order in (known.stop, known.profit, *known.reached):
            if order is not None and order.is_open:
                self._desk.cancel(order.order_id, "position closed")

    def _cancel_exits(self, done: Order, held: int) -> None:
        """Exits larger than what is left would open the opposite position; partners of ``done`` are made smaller by their group.

        So would the part of a larger order that was to close what a protective order has closed: no limit was asked for it.
        """
        if self._exits_outlive:
            return
        for order in self._desk.blotter.exits(done.symbol, done.side):
            closing = self._desk.blotter.still_closing(order)
            excess = closing - held if done.role.protects or closing == order.leaves_micros else 0
            if order.group_id != done.group_id and excess > 0:
                lot = self._desk.broker.capabilities.lot_of(order.order_type)
                self._desk.reduce(order, floor_to_lot(order.leaves_micros - excess, lot), "less is held" if held else "position closed")

    # --- what is at risk

    def at_risk(self, symbol: str) -> int | None:
        """Micro-dollars the position loses from the last price to its stop; ``None`` when nothing guards it."""
        known = self._guarded.get(symbol)
        if known is None or not known.state.level:
            return None
        distance = known.state.direction * (self._desk.market.price_micros(self._row(symbol)) - known.state.level)
        return notional(abs(self._desk.book.quantity(symbol)), max(distance, 0))

    def loss_per_share(self, plan: ExitPlan | None, direction: int, price: int) -> int | None:
        """Micro-dollars a share entered at ``price`` loses at the stop of ``plan``; ``None`` without one."""
        if plan is None or price <= 0:
            return None
        if plan.policy is AS_GIVEN:
            return max(direction * (price - plan.stop_micros), 0) if plan.stop_micros else None
        return opened(plan.policy, plan.seen, price, direction, self._tick(price))[0].risk or None

    def _row(self, symbol: str) -> int:
        return self._desk.market.row[symbol]

    def _cursor(self, symbol: str) -> int:
        return self._desk.market.cursor[self._row(symbol)]

    def _tick(self, price: int) -> int:
        return self._desk.broker.capabilities.tick_micros(price)
