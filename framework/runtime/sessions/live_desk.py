"""The venue's side of a live session: an order manager that is made when the tape has nothing more to say, and what keeps it going."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.domain.command import CommandKind
from framework.errors import BrokerError, SafetyError
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.incidents import Code, code_of
from framework.runtime.orders.policy import SECOND, OrderPolicy
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.sessions.upkeep import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.command import OperatorCommand
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.ports import BrokerListener
    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.ids import Desk
    from framework.runtime.orders.incidents import Incident
    from framework.runtime.sessions.taping import Taping
    from framework.runtime.sessions.turns import Turns
    from framework.runtime.tape.lease import Lease


@dataclass(frozen=True, slots=True)
class Pacing:
    """Seconds between two looks at the venue.

    Attributes:
        working: At its orders, while one of ours may trade.
        resting: The same while none may.
        reconcile: At everything: orders, positions and books.
        patience: For the first comparison of a session; then it is given up.
    """

    working: float = 3.0
    resting: float = 30.0
    reconcile: float = 300.0
    patience: float = 120.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the order manager of a session needs beside its gateway and its tape; see ``OrderManager``."""

    desk: Desk
    clock: Clock
    session_end: Callable[[int], int]
    alarm: Callable[[Incident], None]
    lease: Lease | None = None
    may_trade: Callable[[], bool] = lambda: True
    policy: OrderPolicy = field(default_factory=OrderPolicy)
    pacing: Pacing = field(default_factory=Pacing)


class LiveDesk:
    """Makes the broker of a session over ``gateway``, and looks after it between bars."""

    def __init__(self, gateway: VenueGateway, around: Surroundings) -> None:
        self._gateway = gateway
        self._around = around
        self._broker: TapedBroker | None = None
        self._engine: Engine | None = None
        self._manager: OrderManager | None = None
        self._looked_at = 0

    def broker_of(self, taping: Taping, market: Market) -> TapedBroker:
        """The broker of the session on ``taping``."""
        self._broker = TapedBroker(
            taping,
            self._gateway.capabilities,
            market.last_price,
            lambda listener: self._managed(taping, listener),
            self._around.clock.now,
            self._ready,
        )
        return self._broker

    def serve(self, engine: Engine) -> None:
        """``engine`` is the one whose books are compared with the venue's."""
        self._engine = engine

    def _managed(self, taping: Taping, listener: BrokerListener) -> OrderManager:
        """The order manager; it opens nothing yet."""
        around = self._around
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
        )
        manager.subscribe(listener)
        return manager

    def _ready(self) -> None:
        """Connect, and let the order manager find tape, venue and books to agree; what it hears is told, and answered, meanwhile."""
        around, manager = self._around, self.manager
        manager.connect()
        ends = around.clock.monotonic() + round(around.pacing.patience * SECOND)
        while not (found := manager.reconcile()).succeeded:
            if around.clock.monotonic() >= ends:
                raise SafetyError(f"nothing is decided before the account is known, and it is not: {found.reason}; start again later")
            around.clock.sleep(around.policy.poll_seconds)

    def _shares(self) -> Mapping[str, int]:
        """Micro-shares by symbol as the engine's books have them, or will when it has been told everything."""
        if self._engine is None or self._broker is None:
            return {}
        shares = {symbol: one.quantity_micros for symbol, one in self._engine.desk.book.positions.items()}
        for symbol, count in self._broker.untold.items():
            shares[symbol] = shares.get(symbol, 0) + count
        return {symbol: count for symbol, count in shares.items() if count}

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

    def jobs(self, turns: Turns, closing: Callable[[], int]) -> list[Job]:
        """What is to be done between bars; ``closing()`` is the close of the bar that is decided on next (ns UTC)."""

        def look(now: int) -> None:
            pause = self._around.pacing.working if self.manager.books.open else self._around.pacing.resting
            if now - self._looked_at >= round(pause * SECOND):
                self._looked_at = now
                turns.forming(closing())
                self.manager.poll()

        def compare(_now: int) -> None:
            turns.forming(closing())
            self.manager.reconcile()

        return [Job(SECOND // 4, look), Job(round(self._around.pacing.reconcile * SECOND), compare)]

    def obey(self, command: OperatorCommand) -> Mapping[str, object]:
        """What ``command`` says to the order manager, before the engine hears it; returns what came of it, as plain data."""
        match command.kind:
            case CommandKind.RESUME:
                return {"acknowledged": self._acknowledge_all(command)}
            case CommandKind.SETTLE:
                order_id = str(command.arguments.get("order_id"))
                return _tried("settled", order_id, lambda: self.manager.settle_as_absent(order_id, command.who, command.why))
            case CommandKind.ACKNOWLEDGE:
                code, subject = str(command.arguments.get("code")), str(command.arguments.get("subject"))
                name = f"{code} {subject}"
                return _tried("acknowledged", name, lambda: self.manager.acknowledge(code_of(code), subject, command.who, command.why))
        return {}

    def _acknowledge_all(self, command: OperatorCommand) -> list[str]:
        """Trading goes on: what was open until somebody had looked at it has been looked at; what has to be named is not."""
        named = (Code.PARKED, Code.UNPROTECTED, Code.POSITION)
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
