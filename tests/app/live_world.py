"""A session on market days at a double."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.gateway import RobinhoodGateway
from brokers.robinhood.testing import RemoteDouble, RobinhoodDouble, VirtualClock
from brokers.robinhood.testing.clock import iso, moment
from brokers.robinhood.testing.days import CALM, Days, Move, moves_of
from brokers.robinhood.testing.hours import REGULAR, next_window
from brokers.robinhood.transport import Timeouts
from framework.app.sessions.forward import Crew, Feed, opened_forward
from framework.app.sessions.quoting import GatewayQuotes
from framework.app.sessions.session import header
from framework.domain.venue import venue
from framework.domain.venue_order import LinkCapabilities
from framework.rules.pacing.refusals import Backoff
from framework.runtime.clock import Stopwatch
from framework.runtime.control.control import Control
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.network.retrying import ReadRetry
from framework.runtime.orders.ids import Desk
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings
from framework.runtime.sessions.upkeep import Job
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import ACCOUNT, Link
from tests.brokers.robinhood.live.world import WIDE, Clocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from data import Dataset
    from framework.app.sessions.narrator import Narrator
    from framework.app.sessions.session import Opened, Played
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.orders.incidents import Incident

SECOND = 1_000_000_000
DESK = Desk("hash of an account", "live")
#: Real time, which only a machine with too much to do takes: nothing here stalls on purpose.
PATIENT = Timeouts(connect=120.0, read=120.0, total=240.0)


class Open:
    """A gate for days of tests: longer than any leave is given for."""

    def judge(self, form: object) -> None:
        """Let it go."""


class FarDouble(RemoteDouble):
    """Commands of a double in a process of its own, whose time only its client moves."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._now = moment(self._send("book", {})["time"])

    @property
    def venue(self) -> Any:
        """Only the clock of it."""
        return SimpleNamespace(clock=self)

    def now(self) -> int:
        """Its time, ns UTC."""
        return self._now

    def move_to(self, time: str) -> str:
        """Move its time on."""
        told: str = self._send("move_to", {"time": time})
        self._now = moment(told)
        return told

    def advance(self, seconds: float) -> str:
        """Move its time on by ``seconds``."""
        told: str = self._send("advance", {"seconds": seconds})
        self._now = moment(told)
        return told


class AtDouble(Link):
    """A link whose gateway trades whole shares, as the default config does, or parts of them."""

    def __init__(self, double: RobinhoodDouble | RemoteDouble, folder: Path, *, fractional: bool | None = None) -> None:
        super().__init__(double, folder, gate=Open(), allowed=WIDE, timeouts=PATIENT)
        retry = ReadRetry(3, Backoff(2.0, 4.0), self.clock)
        rules = venue("robinhood", fractional=fractional)
        self.gateway = RobinhoodGateway(self.wire, self.session, ACCOUNT, rules, LinkCapabilities(), retry, self.clock, self.alerts.append)
        if not self.file.path.exists():
            self.give_tokens()


class Live(NamedTuple):
    """A live process at the double.

    Attributes:
        incidents: What its order manager raised.
        tape: Of what kind its tape is.
        last_four: What an override has to name; ``None`` for nothing.
        narrator: Who tells logs and people, if anybody does.
    """

    double: RobinhoodDouble | RemoteDouble
    days: Days
    folder: Path
    incidents: list[Incident]
    tape: type[TapeStore] = TapeStore
    last_four: str | None = None
    narrator: Narrator | None = None

    def play(
        self, config: Config, strategy: Strategy, history: Dataset, bars: int, operator: Callable[[int], object] = lambda _: None
    ) -> Played:
        """A session until it has decided ``bars`` times, those before its restart counted; ``operator`` hears how often it has."""
        with self.opened(config, strategy, history, bars, operator) as opened:
            opened.simulation.driver.run(opened.note)
            return opened.ended()

    @contextmanager
    def opened(
        self,
        config: Config,
        strategy: Strategy,
        history: Dataset,
        bars: int,
        operator: Callable[[int], object] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Opened]:
        """The same session, ready for its driver."""
        link, decided = AtDouble(self.double, self.folder, fractional=config.broker.fractional), []
        alarm = self.incidents.append if self.narrator is None else self.narrator.incident
        around = Surroundings(DESK, Clocks(link), lambda at: next_window(at, REGULAR)[1], alarm, stopped=stopped)
        if self.narrator is not None:
            around = replace(around, goes_live=self.narrator.go_live)
        desk = LiveDesk(link.gateway, around)
        feed = Feed(
            GatewayQuotes(link.gateway, self.days.now, link.alerts.append),
            self.days,
            lambda: len(decided) == bars or stopped(),
            asked=stopped,
        )
        jobs = [Job(SECOND, lambda _: link.session.tick())]

        def told(timestamp: int) -> None:
            decided.append(timestamp)
            operator(len(decided))

        if self.narrator is not None:
            jobs.append(Job(SECOND, self.narrator.tell))
            self.narrator.follow(config.mode, desk.status_of if config.mode == "live" else None)

        try:
            with self.tape.open(self.folder / "tape.db", header=header(config, strategy)) as store:
                control = Control(store, HaltFile(self.folder / "HALT"), HaltSignal())
                hands = Crew(desk if config.mode == "live" else None, control, jobs=jobs, on_slice=told, last_four=self.last_four)
                if self.narrator is not None:
                    hands = hands._replace(on_begin=self.narrator.begin, on_failure=self.narrator.failure)
                if config.mode == "paper":
                    link.gateway.connect()
                with opened_forward(config, strategy, history, store, Stopwatch(), feed, hands) as opened:
                    yield opened
        finally:
            link.close()


def opened_double(start: int, cash: str, symbols: Sequence[str], price: float, kind: str = "margin") -> RobinhoodDouble:
    """A double at ``start`` (ns UTC) with ``cash`` in an account of ``kind``, without a loan, and ``symbols``."""
    double = RobinhoodDouble(VirtualClock(iso(start)), cash)
    double.change_account(ACCOUNT, kind=kind)
    for symbol in symbols:
        double.list_stock(symbol, f"{price:.2f}")
    return double


__all__ = ["CALM", "DESK", "SECOND", "AtDouble", "Days", "FarDouble", "Live", "Move", "Open", "moves_of", "opened_double"]
