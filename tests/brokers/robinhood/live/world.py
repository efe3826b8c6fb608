"""A live process on a double: the real order manager, gateway, transport, session, budget and tape; and the truth for the checker."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from framework.runtime.network.budget import pace
from tests.brokers.robinhood.adapter.session import FAST, Link
from tests.venue.trader import Trader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from brokers.robinhood.testing import RemoteDouble, RobinhoodDouble
    from framework.domain.order import Order

ACCOUNT = "5QR00001"
CASH = 100_000_000_000
#: Wide enough that a day of tests is no day of waiting; the budget of the documents has a test of its own.
WIDE = pace(200, 1.0, 0.0)


class Clocks:
    """Both clocks of a process, as the double's time has it."""

    def __init__(self, link: Link) -> None:
        self._clock = link.clock

    def now(self) -> int:
        return self._clock.now_ns()

    def monotonic(self) -> int:
        return self._clock.now_ns()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    advance = sleep


class AtDouble:
    """The gateway, with the clock where ``Trader`` looks for it."""

    def __init__(self, link: Link) -> None:
        self.connection = link
        self.truth = SimpleNamespace(clock=Clocks(link))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection.gateway, name)


class LiveTrader(Trader):
    """One process's life on the double: connect, recover, trade."""

    venue: AtDouble

    def __init__(self, folder: Path, link: Link, **settings: object) -> None:
        super().__init__(folder / "tape.db", AtDouble(link), **settings)  # type: ignore[arg-type]

    def look(self) -> None:
        """What a session's loop does between two bars."""
        self.venue.connection.session.tick()
        self.manager.poll()

    def try_to_place(self, order: Order) -> Order | None:
        """Place ``order`` where the gate of the desk would let it: connected."""
        return self.place(order) if self.manager.is_connected() else None


@contextmanager
def life(double: RobinhoodDouble | RemoteDouble, folder: Path, **settings: object) -> Iterator[LiveTrader]:
    """A process that has connected; ended by being dropped, as a crash ends it: nothing is said to anybody."""
    link = Link(double, folder, allowed=WIDE, timeouts=FAST)
    trader = None
    try:
        if not link.file.path.exists():
            link.give_tokens()
        link.gateway.connect()
        trader = LiveTrader(folder, link, **settings)
        yield trader
    finally:
        if trader is not None:
            trader.close()
        link.close()


def truth_of(double: RobinhoodDouble | RemoteDouble) -> Any:
    """The double's book in the shape the checker of kills reads; money and shares as changes since the start."""
    book = double.book()
    account = book["accounts"][ACCOUNT]
    orders = {
        one["id"]: SimpleNamespace(
            now=SimpleNamespace(
                client_id=one["ref_id"], executions=tuple(SimpleNamespace(execution_id=each["id"]) for each in one["executions"])
            )
        )
        for one in book["orders"]
    }
    arrivals = double.counts()["posts_by_ref"]
    return SimpleNamespace(orders=orders, arrivals=arrivals, shares=account["shares"], cash=account["cash"] - CASH)
