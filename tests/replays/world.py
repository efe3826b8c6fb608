"""A session in a world where anything may go wrong: the real engine, order manager and tape, a venue in the same process, no real time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.testing.hours import REGULAR, next_window
from data import Dataset
from framework.app.assembly.loader import load_strategy
from framework.app.assembly.venues import venue_of
from framework.app.sessions.forward import Crew, Feed, play_forward
from framework.app.sessions.session import header
from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.order import OrderStatus, TimeInForce
from framework.errors import BrokerError, DataError, PartedError, SafetyError, StrategyError, TapeError
from framework.runtime.clock import Stopwatch
from framework.runtime.control.audit import command_event
from framework.runtime.control.control import Control
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.orders.ids import Desk
from framework.runtime.sessions.bar_builder import Tick
from framework.runtime.sessions.live_desk import LiveDesk, Pacing, Surroundings
from framework.runtime.tape.store import TapeStore
from tests.app.project import ROWS
from tests.builders import bars, daily
from tests.venue.clock import SECOND, FakeClock
from tests.venue.market import match
from tests.venue.scripted import Fault, ScriptedVenue
from tests.venue.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from framework.domain.corporate_action import CorporateAction
    from framework.domain.venue import Capabilities
    from framework.runtime.config import Config
    from framework.runtime.tape.chain import NewEvent, TapeEvent
    from framework.runtime.tape.lease import Lease

KNOWN = 25
#: Open, high, low, close and volume of sixty days.
PRICES = tuple(tuple(float(value) for value in row[1:]) for row in ROWS)
DESK = Desk("hash of an account", "live")
CASH = 100_000_000_000
F = Fault
FAULTS = {
    "send": [
        F.LOST_AFTER, F.LOST_BEFORE, F.ZOMBIE, F.THROTTLED, F.NOT_SENT, F.REJECTED, F.SWAPPED, F.RAISES, F.REJECTED_LATER, F.FILLED_AT_ONCE,
    ],
    "cancel": [F.LOST_AFTER, F.LOST_BEFORE, F.THROTTLED, F.FILLED_BEFORE, F.PART_FILLED_BEFORE, F.FROZEN, F.RAISES],
    "orders": [F.FAILED, F.FIRST_PAGE, F.REORDERED, F.DUPLICATED, F.STALE, F.WITHOUT_EXECUTIONS, F.RAISES],
    "positions": [F.FAILED],
    "order": [F.FAILED],
    "ticks": [F.FAILED],
}  # fmt: skip
COMMANDS = ("halt", "reduce", "resume", "cancel_all", "flatten")


class DiedError(BaseException):
    """The process is gone: nothing after it was done."""


class MortalTape(TapeStore):
    """Dies with the process at a write, before it is on the disk or after."""

    left = 1 << 30
    after = False

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        type(self).left -= 1
        if self.left == 0 and not self.after:
            raise DiedError
        written = super().append(events, lease)
        if self.left == 0:
            raise DiedError
        return written


class Move(NamedTuple):
    """At a time (ns UTC) a symbol trades at a price, as the last of so many shares of the day."""

    at: int
    symbol: str
    price: float
    volume: int


class MisleadingVenue(ScriptedVenue):
    """One with the rules of the config's."""

    rules: Capabilities

    @property
    def capabilities(self) -> Capabilities:
        return self.rules


class World:
    """Days of a market and of a venue, and the lives of a session in them; everything follows from ``dice``.

    Attributes:
        met: What went wrong, what was commanded, and how lives ended.
    """

    def __init__(self, config: Config, folder: Path, dice: Random, days: int, rows: Sequence[Sequence[float]] = PRICES) -> None:
        self.config, self.folder, self.dice = config, folder, dice
        self.met: Counter[str] = Counter()
        closes = daily(KNOWN + days + 1)
        self.symbols = config.universe.symbols
        self.history = Dataset({name: bars(name, rows[:KNOWN], closes[:KNOWN]) for name in self.symbols}, closes[KNOWN], ())
        self.clock = FakeClock(closes[KNOWN - 1] + 3_600 * SECOND)
        self.end = closes[KNOWN + days - 1] + 60 * SECOND
        truth = Truth(self.clock, cash=CASH)
        self.venue = MisleadingVenue(truth, prices=dict.fromkeys(self.symbols, rows[KNOWN - 1][3]))
        self.venue.rules = venue_of(config)
        self._volumes = dict.fromkeys(self.symbols, 0)
        self._traded_at = dict.fromkeys(self.symbols, self.clock.now())
        self._moves = sorted(move for close, row in zip(closes[KNOWN:], rows[KNOWN:], strict=False) for move in self._day(close, row))
        self._awake = 0
        self.quiet = False
        self.announced: tuple[CorporateAction, ...] = ()

    def _day(self, close: int, row: Sequence[float]) -> list[Move]:
        """The auction, the low, the high and the last trade of a session, each symbol at its own minute."""
        opened = next_window(close - SECOND, REGULAR)[0]
        found = []
        for number, symbol in enumerate(self.symbols):
            places = [(opened + (3 + number) * SECOND, row[0]), (opened + (3_600 + number) * SECOND, row[2])]
            places += [(opened + (7_200 + number) * SECOND, row[1]), (close - (9 - number) * SECOND, row[3])]
            found += [Move(at, symbol, price, int(row[4]) * part // 4) for part, (at, price) in enumerate(places, start=1)]
        return found

    # --- time, and what happens in it

    def now(self) -> int:
        return self.clock.now()

    def sleep(self, length: int) -> None:
        """Until the next move or close; a short while only when something has just happened."""
        now = self.clock.now()
        close = next_window(now + 1, REGULAR)[1]
        if length > SECOND or now < self._awake:
            wake = now + max(length, 2 * SECOND)
        else:
            wake = max(min(self._moves[0].at if self._moves else close + 3 * SECOND, close + 3 * SECOND), now + SECOND // 10)
        if now < close <= wake:
            self.clock.advance((wake - now) / SECOND)
            self._expire()
        else:
            self.clock.advance((wake - now) / SECOND)
        self._happen()

    def _happen(self) -> None:
        while self._moves and self._moves[0].at <= self.clock.now():
            one = self._moves.pop(0)
            self._awake = one.at + 5 * SECOND
            self.venue.prices[one.symbol], self._volumes[one.symbol] = one.price, one.volume
            self._traded_at[one.symbol] = one.at
            match(self.venue, self.dice.choice([1.0, 1.0, 0.5]))
        if not self.quiet:
            self._worsen()

    def _worsen(self) -> None:
        if self.dice.random() < 0.25:
            kind = self.dice.choice(list(FAULTS))
            fault = self.dice.choice(FAULTS[kind])
            self.met[f"{kind} {fault}"] += 1
            self.venue.script(kind, fault)
        if self.dice.random() < (0.06 if self.venue.connected else 0.25):
            self.venue.connected = not self.venue.connected  # a person has to log in, and does
            self.met["logged out or in"] += 1
        if self.venue.zombies and self.dice.random() < 0.2:
            self.venue.wake_zombies()
        if self.venue.frozen and self.dice.random() < 0.2:
            self.venue.thaw()

    def _expire(self) -> None:
        """Orders of a day end with it."""
        for one in list(self.venue.truth.open.values()):
            if one.now.time_in_force is TimeInForce.DAY:
                self.venue.truth.set_status(one, OrderStatus.EXPIRED)

    def ticks(self, symbols: Sequence[str]) -> list[Tick]:
        """Last trades."""
        if self.venue._next("ticks") is not F.NONE:
            raise BrokerError("no quotes")
        return [Tick(name, self._traded_at[name], self.venue.prices[name], float(self._volumes[name])) for name in symbols]

    # --- the session

    def live_through(self) -> None:
        """Lives one after the other, until the days are over and one has come to its end in peace."""
        for life in range(20):
            mortal = life < 6 and self.dice.random() < 0.8
            MortalTape.left, MortalTape.after = (self.dice.randint(1, 60) if mortal else 1 << 30), self.dice.random() < 0.5
            self._life()
            if self.clock.now() >= self.end:
                return
            self.clock.advance(self.dice.choice([1, 60, 3_600, 86_400]))

    def _life(self) -> None:
        mine = load_strategy(self.config.strategy.path, self.config.strategy.params, self.folder)
        try:
            self._play(mine)
        except DiedError:
            self.met["died"] += 1
        except (BrokerError, SafetyError, DataError, StrategyError) as error:
            if isinstance(error, (TapeError, PartedError)):
                raise
            self.met[f"ended by {type(error).__name__}"] += 1
        else:
            self.met["whole"] += 1

    def _play(self, mine) -> None:
        desk = None
        if self.config.mode == "live":
            pacing = Pacing(3.0, 600.0, 3_600.0)
            around = Surroundings(
                DESK, self.clock, lambda at: next_window(at, REGULAR)[1], self._incident, pacing=pacing, actions=self.announced
            )
            desk = LiveDesk(self.venue, around)
        with MortalTape.open(self.folder / "tape.db", header=header(self.config, mine)) as store:

            def command(_timestamp: int) -> None:
                if not self.quiet and self.dice.random() < 0.2:
                    kind = self.dice.choice(COMMANDS)
                    self.met[kind] += 1
                    store.append([command_event(self.clock.now(), OperatorCommand(CommandKind(kind), "ada", "a test"))])

            control = Control(store, HaltFile(self.folder / "HALT"), HaltSignal())
            feed = Feed(self, self, lambda: False, self.end)
            play_forward(self.config, mine, self.history, store, Stopwatch(), feed, Crew(desk, control, on_slice=command))

    def _incident(self, incident) -> None:
        self.met[f"incident {incident.code}"] += 1
