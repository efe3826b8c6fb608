"""The venue's side of a live session: an order manager that is made when the tape has nothing more to say, and what keeps it going."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from framework.domain.command import CommandKind
from framework.domain.order import OrderStatus
from framework.domain.venue_order import Dedupe
from framework.errors import BrokerError, SafetyError
from framework.rules.guards.state import TradingState
from framework.runtime.orders import events
from framework.runtime.orders.actions import Announced
from framework.runtime.orders.books import HERE, Phase
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.incidents import Code, code_of
from framework.runtime.orders.policy import SECOND, OrderPolicy
from framework.runtime.orders.shares import opens
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.sessions.turns import heed
from framework.runtime.sessions.upkeep import Job, is_due

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.command import OperatorCommand
    from framework.domain.corporate_action import CorporateAction
    from framework.domain.order import Order
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.ports import BrokerListener
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.envelope import OrderEnvelope
    from framework.runtime.orders.ids import Desk
    from framework.runtime.orders.incidents import Incident
    from framework.runtime.session_config import SessionSection
    from framework.runtime.sessions.taping import Taping
    from framework.runtime.sessions.turns import Turns
    from framework.runtime.tape.lease import Lease


#: Events at the end of a tape among which an order manager that worked left one of its own, unless commands were given since.
LAST = 200


@dataclass(frozen=True, slots=True)
class Pacing:
    """Seconds between two looks at the venue.

    Attributes:
        working: At its orders, while one of ours may trade or something of ours stands bare.
        resting: The same while none may.
        reconcile: At everything: orders, positions and books.
        awaiting: The same while a split was announced that the venue does not show.
        patience: For the first comparison of a session; then it is given up.
    """

    working: float = 3.0
    resting: float = 30.0
    reconcile: float = 300.0
    awaiting: float = 30.0
    patience: float = 120.0

    @classmethod
    def of(cls, section: SessionSection) -> Self:
        """As the config says."""
        return cls(
            working=section.look_seconds,
            resting=section.idle_look_seconds,
            reconcile=section.compare_seconds,
            patience=section.patience_seconds,
        )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the order manager of a session needs beside its gateway and its tape; see ``OrderManager``.

    ``actions`` are the splits and dividends that were announced. ``stopped`` says that the session is to end, asked until
    the account is known. ``goes_live`` is called when the tape has nothing more to say: what is heard from then on is new.
    """

    desk: Desk
    clock: Clock
    session_end: Callable[[int], int]
    alarm: Callable[[Incident], None]
    lease: Lease | None = None
    may_trade: Callable[[], bool] = lambda: True
    policy: OrderPolicy = field(default_factory=OrderPolicy)
    pacing: Pacing = field(default_factory=Pacing)
    actions: Sequence[CorporateAction] = ()
    stopped: Callable[[], bool] = lambda: False
    goes_live: Callable[[], object] = lambda: None


def paced(around: Surroundings, section: SessionSection) -> Surroundings:
    """``around`` with the times of the config."""
    policy = replace(around.policy, unprotected_seconds=section.unprotected_seconds)
    return replace(around, policy=policy, pacing=Pacing.of(section))


class LiveDesk:
    """Makes the broker of a session over ``gateway``, and looks after it between bars."""

    def __init__(self, gateway: VenueGateway, around: Surroundings) -> None:
        self._gateway = gateway
        self._around = around
        self._broker: TapedBroker | None = None
        self._market: Market | None = None
        self._engine: Engine | None = None
        self._manager: OrderManager | None = None
        self._looked_at = self._died_at = 0
        #: What is to be left, whatever fills of it yet, and what was held at the last look, micro-shares.
        self._flatten: OperatorCommand | None = None
        self._held: Mapping[str, int] = {}

    def broker_of(self, taping: Taping, market: Market) -> TapedBroker:
        """The broker of the session on ``taping``."""
        self._market = market
        self._broker = TapedBroker(
            taping,
            self._gateway.capabilities,
            market,
            lambda listener: self._managed(taping, listener),
            self._around.clock.now,
            self._ready,
            self._too_late,
        )
        return self._broker

    def serve(self, engine: Engine) -> None:
        """``engine`` is the one whose books are compared with the venue's."""
        self._engine = engine

    def _managed(self, taping: Taping, listener: BrokerListener) -> OrderManager:
        """The order manager; it opens nothing yet."""
        around = self._around
        self._died_at = _last_work(taping)
        around.goes_live()
        self._manager = manager = OrderManager(
            self._gateway,
            taping,
            around.desk,
            around.clock,
            around.policy,
            lease=around.lease,
            may_trade=around.may_trade,
            session_end=around.session_end,
            shares_of_engine=self._shares,
            alarm=around.alarm,
            announced=Announced(around.actions, self._seen),
        )
        manager.subscribe(listener)
        return manager

    def _ready(self) -> None:
        """Connect, and let the order manager find tape, venue and books to agree; what it hears is told, and answered, meanwhile."""
        around, manager = self._around, self.manager
        heed(around.stopped)
        manager.connect()
        self._keep_back()
        ends = around.clock.monotonic() + round(around.pacing.patience * SECOND)
        while not (found := manager.reconcile()).succeeded:
            heed(around.stopped)
            if around.clock.monotonic() >= ends:
                raise SafetyError(f"nothing is decided before the account is known, and it is not: {found.reason}; start again later")
            around.clock.sleep(around.policy.poll_seconds)

    def _too_late(self, order: Order) -> str:
        """Why an entry that a process which died had decided, and had not asked for, is none of today; empty where it may be sent."""
        gap, most = self._around.clock.now() - self._died_at, self._around.policy.entry_deadline_seconds
        if not self._died_at or gap <= round(most * SECOND) or not opens(order, self.manager.books):
            return ""
        return f"it was decided by a process that died, at least {gap // SECOND} seconds ago; an entry is not sent after {most:g}"

    def _shares(self) -> Mapping[str, int]:
        """Micro-shares by symbol as the engine's books have them, or will when it has been told everything."""
        if self._engine is None or self._broker is None:
            return {}
        shares = {symbol: one.quantity_micros for symbol, one in self._engine.desk.book.positions.items()}
        return {symbol: count for symbol, count in self._broker.with_untold(shares).items() if count}

    def _seen(self, symbol: str) -> int:
        """The close of the last bar of ``symbol``, ns UTC; 0 before the first, and where there is no market."""
        return 0 if self._market is None else self._market.closed_at(symbol)

    # --- between bars

    @property
    def manager(self) -> OrderManager:
        """The order manager.

        Raises:
            SafetyError: There is none before the tape has nothing more to say.
        """
        if self._manager is None:
            raise SafetyError("nothing is sent before the account is known")
        return self._manager

    def status_of(self, order_id: str) -> OrderEnvelope | None:
        """Where an order is; ``None`` for one that the order manager never had, or does not listen to any more."""
        if self._manager is None or order_id not in self._manager.books.tracked:
            return None
        return self._manager.get_status(order_id)

    def jobs(self, turns: Turns, closing: Callable[[], int]) -> list[Job]:
        """What is to be done between bars; ``closing()`` is the close of the bar that is decided on next (ns UTC)."""

        def look(now: int) -> None:
            pause = round((self._around.pacing.working if self.manager.is_waiting else self._around.pacing.resting) * SECOND)
            if is_due(now, self._looked_at + pause, pause):
                self._looked_at = now
                turns.forming(closing())
                self._keep_back()
                self.manager.poll()
                self._leave(now, turns)

        def compare(_now: int) -> None:
            turns.forming(closing())
            self._keep_back()
            self.manager.reconcile()

        def expect(now: int) -> None:
            if self.manager.actions.awaited:
                compare(now)

        pacing = self._around.pacing
        awaiting = [Job(round(pacing.awaiting * SECOND), expect)] if self._around.actions else []
        return [Job(SECOND // 4, look), Job(round(pacing.reconcile * SECOND), compare), *awaiting]

    @property
    def actions(self) -> Sequence[CorporateAction]:
        """The splits and dividends that were announced."""
        return self._around.actions

    def awaits(self, symbol: str) -> bool:
        """Whether a split of ``symbol`` was announced that the venue does not show; a person is told that its bars wait."""
        actions = self.manager.actions
        if not actions.awaits(symbol):
            return False
        actions.note_awaited(symbol)
        return True

    def _keep_back(self) -> None:
        """Once trading was stopped, an entry that waits here does not leave, nor again one whose answer was lost."""
        if self._engine is None or self._engine.desk.breakers.trading is TradingState.ACTIVE:
            return
        may_leave = HERE | {Phase.UNKNOWN} if self._gateway.link.dedupe is Dedupe.PROVEN else HERE
        for one in self.manager.books.working():
            if one.leg is not None and one.leg.phase in may_leave and opens(one.order, self.manager.books):
                self.manager.cancel_order(one.order.order_id)

    def _leave(self, now: int, turns: Turns) -> None:
        """What has filled since a flatten, before its cancel reached the venue, is left as well."""
        before, self._held = self._held, dict(self.manager.books.shares)
        more = [symbol for symbol, shares in self._held.items() if abs(shares) > abs(before.get(symbol, 0))]
        if self._flatten is not None and more:
            turns.command(now, self._flatten._replace(why=f"{self._flatten.why}; filled since: {', '.join(more)}"))

    def obey(self, command: OperatorCommand) -> Mapping[str, object]:
        """What ``command`` says to the order manager, before the engine hears it; returns what came of it, as plain data."""
        match command.kind:
            case CommandKind.RESUME:
                self._flatten = None
                return {"acknowledged": self._acknowledge_all(command)}
            case CommandKind.SETTLE:
                order_id = str(command.arguments.get("order_id"))
                return _tried("settled", order_id, lambda: self.manager.settle_as_absent(order_id, command.who, command.why))
            case CommandKind.ACKNOWLEDGE:
                code, subject = str(command.arguments.get("code")), str(command.arguments.get("subject"))
                name = f"{code} {subject}"
                price = command.arguments.get("price_micros")
                worth = price if isinstance(price, int) else None
                return _tried(
                    "acknowledged", name, lambda: self.manager.acknowledge(code_of(code), subject, command.who, command.why, worth)
                )
            case CommandKind.FLATTEN | CommandKind.CANCEL_ALL:
                if command.kind is CommandKind.FLATTEN:
                    self._flatten, self._held = command, dict(self.manager.books.shares)
                return self._wanted_back(lambda order: not order.role.protects)
            case CommandKind.CANCEL:
                return self._wanted_back(lambda order: order.order_id == command.arguments.get("order_id"))
        return {}

    def _wanted_back(self, wanted: Callable[[Order], bool]) -> Mapping[str, object]:
        """Orders whose answer was lost are canceled once they are found: the engine cannot yet."""
        lost = [one.order for one in self.manager.books.working() if one.order.status is OrderStatus.UNKNOWN and wanted(one.order)]
        for order in lost:
            self.manager.cancel_order(order.order_id)
        return {"wanted_back": [order.order_id for order in lost]} if lost else {}

    def _acknowledge_all(self, command: OperatorCommand) -> list[str]:
        """Trading goes on: what was open until somebody had looked at it has been looked at; what has to be named is not."""
        named = (Code.PARKED, Code.UNPROTECTED, Code.POSITION, Code.OTHER_TRADER)
        looked_at = [(code, subject) for code, subject in self.manager.books.incidents if code not in named]
        for code, subject in looked_at:
            self.manager.acknowledge(Code(code), subject, command.who, command.why)
        return [f"{code} {subject}" for code, subject in looked_at]


def _tried(what: str, subject: str, act: Callable[[], object]) -> Mapping[str, object]:
    """``act()``, which a person asked for; one that cannot be done changes nothing, and the tape says why."""
    try:
        act()
    except (BrokerError, SafetyError) as error:
        return {what: [], "refused": str(error)}
    return {what: [subject]}


def _last_work(taping: Taping) -> int:
    """When the order manager of a process before wrote last, ns UTC; 0 where none did. Commands of others may lie behind it."""
    head = taping.head.sequence
    for behind in (head - LAST, -1):
        found = max((event.timestamp for event in taping.events(behind, events.ALL)), default=0)
        if found:
            return found
    return 0
