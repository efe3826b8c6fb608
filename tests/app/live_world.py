"""Market days on a double as a session lives through them: prices move along bars while time passes, and nothing else is made up."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.gateway import RobinhoodGateway
from brokers.robinhood.testing import RemoteDouble, RobinhoodDouble, VirtualClock
from brokers.robinhood.testing.clock import iso, moment
from brokers.robinhood.testing.hours import REGULAR, next_window
from framework.app.forward import Crew, Feed, opened_forward
from framework.app.quoting import GatewayQuotes
from framework.app.session import header
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
    from framework.app.narrator import Narrator
    from framework.app.session import Opened, Played
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config
    from framework.runtime.orders.incidents import Incident

SECOND = 1_000_000_000
DESK = Desk("hash of an account", "live")
MOST = 4 * 3_600 * SECOND
#: Longer than a session waits between two looks at anything.
CALM = 7 * SECOND


class Open:
    """A gate for days of tests: longer than any leave is given for."""

    def judge(self, form: object) -> None:
        """Let it go."""


class Move(NamedTuple):
    """At a time (ns UTC) a symbol trades at a price, as the last of so many shares of the day."""

    at: int
    symbol: str
    price: float
    volume: int


def moves_of(symbol: str, rows: Sequence[Sequence[float]], opens: Sequence[int]) -> Iterator[Move]:
    """Rows of open, high, low, close and volume as moves within the sessions that open at ``opens``.

    The opening auction finds its price before the bell; the low comes before the high.
    """
    for (opened, high, low, close, volume), at in zip(rows, opens, strict=True):
        closes = next_window(at + 1, REGULAR)[1]
        parts = [(-SECOND, opened, 0), (8 * SECOND, opened, 1), (3_600 * SECOND, low, 2), (7_200 * SECOND, high, 3)]
        for after, price, quarter in [*parts, (closes - 60 * SECOND - at, close, 4)]:
            yield Move(at + after, symbol, price, int(volume) * quarter // 4)


class Days:
    """The clock of a session at the double; whoever sleeps wakes when something has happened."""

    def __init__(self, double: RobinhoodDouble | RemoteDouble, moves: Sequence[Move], half_spread: float = 0.0) -> None:
        self.double, self._half = double, half_spread
        self._moves = [one for one in sorted(moves) if one.at > self.now()]
        self._last: dict[str, float] = {}
        self._awake = 0

    def now(self) -> int:
        return self.double.venue.clock.now()

    def sleep(self, length: int) -> None:
        """Until the next move, a close or four hours from now, whichever comes first; seconds only when something has just happened."""
        now = self.now()
        if length > SECOND or now < self._awake:
            wake = now + max(length, SECOND)
        else:
            close = next_window(now + 1, REGULAR)[1] + 3 * SECOND
            wake = max(min(self._moves[0].at if self._moves else close, close, now + MOST), now + SECOND // 100)
        self.double.move_to(iso(wake))
        self._move()

    def _move(self) -> None:
        while self._moves and self._moves[0].at <= self.now():
            one = self._moves.pop(0)
            self._awake = one.at + CALM
            self._walk(one.symbol, self._last.get(one.symbol, one.price), one.price)
            self._last[one.symbol] = one.price
            self.double.change_stock(one.symbol, fundamentals={"volume": str(one.volume)})

    def _walk(self, symbol: str, before: float, price: float) -> None:
        """A market passes every price on its way, once it is open: stops there are met where they stand."""
        working = [one for one in self.double.book()["orders"] if one["symbol"] == symbol and one["state"] in ("confirmed", "queued")]
        levels = {one["stop"] / 1e6 for one in working if one["stop"]}
        for level in sorted((level for level in levels if min(before, price) < level < max(before, price)), reverse=price < before):
            self._trade(symbol, level)
        self._trade(symbol, price)

    def _trade(self, symbol: str, price: float) -> None:
        self.double.quote(symbol, f"{price - self._half:.2f}", f"{price + self._half:.2f}", f"{price:.2f}")


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
    """A link whose gateway trades whole shares, as the default config does."""

    def __init__(self, double: RobinhoodDouble | RemoteDouble, folder: Path) -> None:
        super().__init__(double, folder, gate=Open(), allowed=WIDE)
        retry = ReadRetry(3, Backoff(2.0, 4.0), self.clock)
        rules = venue("robinhood", fractional=None)
        self.gateway = RobinhoodGateway(self.wire, self.session, ACCOUNT, rules, LinkCapabilities(), retry, self.clock, self.alerts.append)
        if not self.file.path.exists():
            self.give_tokens()


class Live(NamedTuple):
    """A live process at the double.

    Attributes:
        incidents: What its order manager raised.
        tape: Of what kind its tape is.
        narrator: Who tells logs and people, if anybody does.
    """

    double: RobinhoodDouble | RemoteDouble
    days: Days
    folder: Path
    incidents: list[Incident]
    tape: type[TapeStore] = TapeStore
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
        link, decided = AtDouble(self.double, self.folder), []
        alarm = self.incidents.append if self.narrator is None else self.narrator.incident
        around = Surroundings(DESK, Clocks(link), lambda at: next_window(at, REGULAR)[1], alarm)
        desk = LiveDesk(link.gateway, around)
        feed = Feed(GatewayQuotes(link.gateway, self.days.now, link.alerts.append), self.days, lambda: len(decided) == bars or stopped())
        jobs = [Job(SECOND, lambda _: link.session.tick())]

        def told(timestamp: int) -> None:
            decided.append(timestamp)
            operator(len(decided))

        if self.narrator is not None:
            jobs.append(Job(SECOND, self.narrator.tell))

        try:
            with self.tape.open(self.folder / "tape.db", header=header(config, strategy)) as store:
                control = Control(store, HaltFile(self.folder / "HALT"), HaltSignal())
                hands = Crew(desk if config.mode == "live" else None, control, jobs=jobs, on_slice=told)
                if self.narrator is not None:
                    hands = hands._replace(on_begin=self.narrator.begin, on_failure=self.narrator.failure)
                if config.mode == "paper":
                    link.gateway.connect()
                with opened_forward(config, strategy, history, store, Stopwatch(), feed, hands) as opened:
                    yield opened
        finally:
            link.close()


def opened_double(start: int, cash: str, symbols: Sequence[str], price: float) -> RobinhoodDouble:
    """A double at ``start`` (ns UTC) with ``cash`` and ``symbols``."""
    double = RobinhoodDouble(VirtualClock(iso(start)), cash)
    for symbol in symbols:
        double.list_stock(symbol, f"{price:.2f}")
    return double
