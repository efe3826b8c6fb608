"""What happens in a session, told: each fact into the logs, what a person has to know as an alert, and a summary of each day."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from framework.app.sessions.order_lines import OrderLines
from framework.domain.order import OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.domain.values import from_micros
from framework.engine.market import session_number
from framework.rules.guards.state import Transition
from framework.runtime.alerts import Severity
from framework.runtime.logs.session import ORDERS, TRADES
from framework.runtime.orders.incidents import Effect
from framework.runtime.tape.facts import new_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.app.assembly.assemble import Simulation
    from framework.engine.desk import Desk
    from framework.errors import OnetapeError
    from framework.runtime.alerts import Alerts
    from framework.runtime.logs.session import SessionLogs
    from framework.runtime.orders.envelope import OrderEnvelope
    from framework.runtime.orders.incidents import Incident
    from framework.runtime.sessions.shadow import Shadow

_TROUBLE = frozenset({OrderStatus.REJECTED, OrderStatus.UNKNOWN, OrderStatus.EXPIRED})
_SEVERITIES = MappingProxyType({Effect.ALERT: Severity.WARNING, Effect.REDUCING: Severity.WARNING, Effect.HALT: Severity.CRITICAL})


class Narrator:
    """Tells ``logs`` and, where there are any, ``alerts`` and ``hear(title, text)``.

    What the tape had already when the session began is not told again.
    """

    def __init__(self, logs: SessionLogs, alerts: Alerts | None, hear: Callable[[str, str], object] | None = None) -> None:
        self._app, self._orders, self._trades = logs.logger("app"), logs.logger(ORDERS), logs.logger(TRADES)
        self._alerts = alerts
        self._hear = hear
        self._simulation: Simulation | None = None
        self._mode = ""
        self._status_of: Callable[[str], OrderEnvelope | None] | None = None
        self._lines: OrderLines | None = None
        self._told = 0
        self._fills = 0
        self._session = -1
        self._equity = 0
        self._is_live = self._has_begun = False
        self._parted = 0
        self._shadow_trouble = ""
        self._unheard = 0

    def follow(self, mode: str, status_of: Callable[[str], OrderEnvelope | None] | None) -> None:
        """The mode of the session, and who knows where its orders are at the venue, if there is one."""
        self._mode, self._status_of = mode, status_of

    def begin(self, simulation: Simulation) -> None:
        """What happens is in ``simulation``."""
        self._simulation = simulation
        self._lines = OrderLines(simulation.journal.orders, self._mode, self._status_of)

    def go_live(self) -> None:
        """What comes from here on is new; up to the first time it is told, it is what has happened while nobody was there."""
        if self._simulation is not None and not self._is_live:
            self._is_live = True
            self._told = len(self._simulation.journal.events)
            self._fills = len(self._simulation.journal.fills)
            self._equity = self._simulation.engine.desk.valuation.equity()
            if self._simulation.shadow is not None:
                self._parted = len(self._simulation.shadow.diverged)

    def tell(self, now: int) -> None:
        """Tell what has happened since the last time; ``now`` is ns UTC."""
        self.go_live()
        if self._simulation is None:
            return
        events = self._simulation.journal.events
        for event in events[self._told :]:
            self._tell_one(event)
            if not self._has_begun and isinstance(event, OrderUpdate) and event.fill is not None:
                fill = event.fill
                words = f"{fill.side} {fill.quantity} {fill.symbol} at {fill.price}: {event.order_id}"
                self.alert(Severity.WARNING, f"filled meanwhile {fill.execution_id}", words)
        self._told, self._has_begun = len(events), True
        if self._simulation.shadow is not None:
            self._tell_shadow(self._simulation.shadow)
        self._tell_silence()
        self._end_day(session_number(now))

    def _tell_one(self, event: object) -> None:
        row = new_event(event)
        trade = isinstance(event, OrderUpdate) and event.fill is not None
        more = {} if self._lines is None else self._lines.about(row.payload)
        (self._trades if trade else self._orders).info(row.kind, at=row.timestamp, **{**more, **row.payload})
        if isinstance(event, OrderUpdate) and event.status in _TROUBLE:
            self.alert(Severity.WARNING, f"order {event.status}", f"{event.order_id}: {event.reason}")
        elif isinstance(event, Transition) and event.after > event.before:
            self.alert(
                Severity.CRITICAL, f"circuit breaker {event.code}", f"trading is {event.after.name}: {event.figure} of {event.limit}"
            )

    def _tell_shadow(self, shadow: Shadow) -> None:
        for words in shadow.diverged[self._parted :]:
            self.alert(Severity.WARNING, "live fills are not those of the model", words)
        self._parted = len(shadow.diverged)
        if shadow.trouble != self._shadow_trouble:
            self._shadow_trouble = shadow.trouble
            self.alert(Severity.WARNING, "shadow", shadow.trouble)

    def _tell_silence(self) -> None:
        """Into the log, since nobody else hears it."""
        before, self._unheard = self._unheard, 0 if self._alerts is None else self._alerts.undelivered
        if self._unheard and not before:
            self._app.error("alerts reach nobody", detail="no target took the last one; try `onetape doctor --alerts`")

    def _end_day(self, session: int) -> None:
        if self._session not in (-1, session):
            self.summarize()
        self._session = session

    def summarize(self) -> None:
        """The day, or what there was of it."""
        if self._simulation is None:
            return
        desk, fills = self._simulation.engine.desk, self._simulation.journal.fills
        equity, since, self._equity = desk.valuation.equity(), self._equity, desk.valuation.equity()
        count, self._fills = len(fills) - self._fills, len(fills)
        held = ", ".join(f"{one.quantity} {one.symbol}" for one in desk.book.positions.values() if one.quantity_micros) or "nothing"
        told = f"equity {from_micros(equity)} ({from_micros(equity - since):+}), {count} fills, {len(desk.blotter.orders)} orders working"
        self.alert(Severity.INFO, "daily summary", f"{told}, held: {held}, trading is {desk.breakers.trading.name}")

    def incident(self, incident: Incident) -> None:
        """Something a person must know."""
        self.alert(_SEVERITIES[incident.effect], f"{incident.code} {incident.subject}", incident.detail)

    def failure(self, error: OnetapeError) -> None:
        """The strategy raised."""
        self.alert(Severity.CRITICAL, "the strategy failed", f"{error}; no entries until somebody resumes, exits and stops go on")

    def trouble(self, text: str) -> None:
        """The venue's adapter has something to say; each kind of it is an alert of its own, so that none holds another back."""
        self.alert(Severity.WARNING, f"broker: {text.partition(':')[0][:60]}", text)

    def alert(self, severity: Severity, title: str, text: str) -> None:
        """Into the log, and to whoever is to be told."""
        say = (self._app.info, self._app.warning, self._app.error)[severity]
        say(title, detail=text)
        if self._alerts is not None:
            self._alerts.alert(severity, title, text)
        if self._hear is not None:
            self._hear(title, text)


def still_open(desk: Desk) -> tuple[str, ...]:
    """The orders that work and the positions that are held, in words."""
    orders = [f"{one.side} {one.quantity} {one.symbol} ({one.order_type}, {one.status})" for one in desk.blotter.of()]
    held = [one for _, one in sorted(desk.book.positions.items()) if one.quantity_micros]
    return (*orders, *(f"position of {from_micros(one.quantity_micros)} {one.symbol}" for one in held))
