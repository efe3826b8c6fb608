"""Plays one evil day of the table: a session at the double from its first life to its last, while what the row says happens to it."""

from __future__ import annotations

import os
import resource
import signal
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.testing.clock import iso, moment
from brokers.robinhood.testing.hours import REGULAR, next_window
from data import Dataset
from framework.app.arming.arming import only_trader
from framework.app.assembly.actions_ahead import actions_ahead
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.forward import Crew, Feed, play_forward
from framework.app.sessions.quoting import GatewayQuotes
from framework.app.sessions.session import header
from framework.app.sessions.stopping import asked_to_stop
from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.secret import Secret
from framework.errors import OnetapeError
from framework.runtime.clock import Stopwatch
from framework.runtime.control.audit import command_event
from framework.runtime.control.control import Control
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.loading import load_config
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings
from framework.runtime.sessions.upkeep import Job
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import DESK, AtDouble, Days, Move, opened_double
from tests.app.project import strategy, write
from tests.brokers.robinhood.adapter.session import ACCOUNT
from tests.brokers.robinhood.live.world import Clocks, truth_of
from tests.builders import bars
from tests.kills.checker import violations
from tests.replays.world import DiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from brokers.robinhood.testing import RobinhoodDouble
    from framework.app.assembly.assemble import Simulation
    from framework.runtime.config import Config
    from framework.runtime.tape.chain import NewEvent, TapeEvent
    from framework.runtime.tape.lease import Lease

SECOND = 1_000_000_000
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND
PRICES = MappingProxyType({"AAPL": 100.0, "MSFT": 50.0})
CASH = "100000"
#: Buys AAPL on the second bar and MSFT on the fourth, adds to AAPL on the sixth and leaves MSFT on the ninth.
BODY = """\
def on_start(self, ctx):
    ctx.state["bar"] = 0

def on_bar(self, ctx):
    ctx.state["bar"] += 1
    wanted = {2: ("AAPL", 0.3), 4: ("MSFT", 0.5), 6: ("AAPL", 0.6), 9: ("MSFT", 0.0)}.get(ctx.state["bar"])
    if wanted is not None:
        ctx.target(*wanted)
"""


class Tape(TapeStore):
    """Dies with the process at the next write of some kind: before it is on the disk, or after."""

    dies_at = ""
    after = False

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        dies = self.dies_at in {event.kind for event in events}
        if dies and not self.after:
            type(self).dies_at = ""
            raise DiedError
        written = super().append(events, lease)
        if dies:
            type(self).dies_at = ""
            raise DiedError
        return written


class Script(Days):
    """The double's time, in which things happen; ``skew`` is what the wall clock of the process is off by, ns."""

    def __init__(self, double: RobinhoodDouble, moves: Sequence[Move], events: Sequence[tuple[int, Callable[[], object]]]) -> None:
        super().__init__(double, moves)
        self._events = sorted(events, key=lambda one: one[0])
        self.skew = 0
        self.silent: set[str] = set()

    def sleep(self, length: int) -> None:
        """Until the next move or what happens before it."""
        now = self.now()
        if self._events and self._events[0][0] > now and (not self._moves or self._events[0][0] < self._moves[0].at) and now >= self._awake:
            self.double.move_to(iso(self._events[0][0]))
        else:
            super().sleep(length)
        self.catch_up()

    def catch_up(self) -> None:
        """Let happen what is due."""
        while self._events and self._events[0][0] <= self.double.venue.clock.now():
            self._events.pop(0)[1]()

    def _trade(self, symbol: str, price: float) -> None:
        if symbol not in self.silent:
            super()._trade(symbol, price)


class SetTime:
    """The wall clock of the process, which somebody sets."""

    def __init__(self, script: Script) -> None:
        self._script = script

    def now(self) -> int:
        return self._script.now() + self._script.skew

    def sleep(self, length: int) -> None:
        self._script.sleep(length)


class Wall(Clocks):
    """The clocks of a process whose wall clock somebody sets."""

    def __init__(self, link: AtDouble, script: Script) -> None:
        super().__init__(link)
        self._script = script

    def now(self) -> int:
        return super().now() + self._script.skew


class Outcome(NamedTuple):
    """What became of a day, in the words of the table."""

    decisions: int
    fills: int
    state: str
    held: dict[str, int]
    open: list[str]
    alerts: list[str]
    ends: list[str]


class Day:
    """One row of the table in one mode."""

    def __init__(self, row: Mapping[str, Any], mode: str, folder: Path) -> None:
        self.row, self.mode, self.folder = row, mode, folder
        self.first, self.last = moment(row["from"]), moment(row["until"])
        write(strategy(BODY, mode=mode, **self._sections()), folder)
        if "actions" in row:
            (folder / "actions.csv").write_text("date,symbol,action,value\n" + "".join(f"{line}\n" for line in row["actions"]))
        self.config: Config = load_config(folder / "onetape.toml")
        self.double = opened_double(self.first, CASH, list(PRICES), 100.0)
        for symbol, price in PRICES.items():
            self.double.trade_at(symbol, f"{price:.2f}")
        self.alerts: Counter[str] = Counter()
        self.ends: list[str] = []
        self.simulation: Simulation | None = None
        self.store: TapeStore | None = None
        self.script = Script(self.double, self._moves(), [(moment(one["at"]), self._happening(one)) for one in row.get("events", ())])

    def _sections(self) -> dict[str, Any]:
        data = {"source": "csv", "path": "bars", "resolution": "1h", "start": None, "end": None}
        if "actions" in self.row:
            data["actions"] = "actions.csv"
        fills = {"slippage": {"model": "none"}, "max_volume_share": 0.0}
        stops = {"method": "percent", "percent": 4.0}
        return {"universe": {"symbols": list(PRICES)}, "data": data, "sizing": {"method": "equal"}, "stops": stops, "fills": fills}

    def _moves(self) -> list[Move]:
        """Every ten minutes of every session each symbol trades a little higher or lower than before, or at ``prices``."""
        found, at = [], self.first
        steps = [(moment(one["at"]), one["symbol"], one["price"]) for one in self.row.get("prices", ())]
        while at < self.last:
            opened, closed = next_window(at + 1, REGULAR)
            for number, time in enumerate(range(opened + 5 * MINUTE, closed, 10 * MINUTE)):
                for symbol, usual in PRICES.items():
                    level = next((price for since, name, price in reversed(steps) if name == symbol and since <= time), usual)
                    found.append(Move(time, symbol, round(level * (1 + 0.001 * (number % 3 - 1)), 2), 1_000 * (number + 1)))
            at = closed
        return found

    # --- what happens

    def _happening(self, one: Mapping[str, Any]) -> Callable[[], object]:
        terms = {name: value for name, value in one.items() if name not in {"at", "do"}}
        return lambda: getattr(self, f"_{one['do']}")(**terms)

    def _silence(self, *symbols: str, **terms: Any) -> None:
        self.script.silent.update(symbols or terms.get("symbols") or PRICES)

    def _speak(self) -> None:
        self.script.silent.clear()

    def _stock(self, symbols: Sequence[str], **rules: Any) -> None:
        for symbol in symbols:
            self.double.change_stock(symbol, **rules)

    def _quote(self, symbol: str, bid: str | None, ask: str | None, last: str | None = None) -> None:
        self.double.quote(symbol, bid or None, ask or None, last)

    def _fault(self, **fields: Any) -> None:
        self.double.fault(**fields)

    def _calm(self) -> None:
        self.double.clear_faults()
        self.double.throttle(0)

    def _throttle(self, limit: int, seconds: float) -> None:
        self.double.throttle(limit, seconds, hint=True)

    def _expire(self) -> None:
        self.double.expire_tokens()

    def _split(self, symbol: str, new: int, old: int, **terms: bool) -> None:
        self.double.split(symbol, new, old, **terms)
        if terms.get("prices", True):
            self.script.follow_split(symbol, old / new)

    def _pay(self, amount: str) -> None:
        self.double.pay(ACCOUNT, amount)

    def _die(self) -> None:
        raise DiedError

    def _die_at(self, kind: str, *, after: bool = False) -> None:
        Tape.dies_at, Tape.after = kind, after

    def _command(self, kind: str) -> None:
        assert self.store is not None
        self.store.append([command_event(self.script.now(), OperatorCommand(CommandKind(kind), "ada", "a test"))])

    def _halt_file(self) -> None:
        (self.folder / "HALT").touch()

    def _terminate(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def _set_clock(self, seconds: float) -> None:
        self.script.skew += round(seconds * SECOND)

    def _suspend(self, seconds: float) -> None:
        """The machine sleeps: time goes on, the process does not."""
        self.double.move_to(iso(self.double.venue.clock.now() + round(seconds * SECOND)))

    def _fill_disk(self) -> None:
        """Nothing can be written any more."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def _second(self) -> None:
        """Another process would trade the account."""
        try:
            with only_trader(self.folder / "state", Secret("account", ACCOUNT)):
                self.alerts["second process was let in"] += 1
        except OnetapeError as error:
            self.alerts[f"second process: {type(error).__name__}"] += 1

    # --- the session

    def play(self) -> Outcome:
        """From the first life to the last; what became of it."""
        with self.double:
            for _ in range(6):
                self.ends.append(self._life())
                if self.ends[-1] in ("ended", "stopped"):
                    break
                pause = self.row.get("restarts_after", 60)
                if pause < 0:
                    break
                wake = self.double.venue.clock.now() + round(pause * SECOND)
                while self.double.venue.clock.now() < wake:  # the market goes on
                    self.script.sleep(min(wake - self.double.venue.clock.now(), 10 * MINUTE))
            return self._outcome()

    def _life(self) -> str:
        mine = load_strategy(self.config.strategy.path, self.config.strategy.params, self.folder)
        try:
            with ExitStack() as held:
                return self._session(mine, held)
        except DiedError:
            return "died"
        except OnetapeError as error:
            return f"{type(error).__name__}"
        finally:
            Tape.dies_at = ""
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def _session(self, mine: Any, held: ExitStack) -> str:
        stopped = held.enter_context(asked_to_stop())
        held.enter_context(only_trader(self.folder / "state", Secret("account", ACCOUNT)))
        link = AtDouble(self.double, self.folder)
        held.callback(link.close)
        held.callback(lambda: self._note(link.alerts))
        desk = None
        if self.mode == "live":
            around = Surroundings(DESK, Wall(link, self.script), lambda at: next_window(at, REGULAR)[1], self._incident)
            announced = actions_ahead(self.config.data, self.config.universe.symbols)
            desk = LiveDesk(link.gateway, replace(around, actions=announced))
        else:
            link.gateway.connect()
        times = self._known_closes()
        history = Dataset({name: bars(name, [(price,) * 4] * len(times), times) for name, price in PRICES.items()}, self.first, ())
        self.store = held.enter_context(Tape.open(self.folder / "tape.db", header=header(self.config, mine)))
        control = Control(self.store, HaltFile(self.folder / "HALT"), HaltSignal())
        time = SetTime(self.script)
        quotes = GatewayQuotes(link.gateway, time.now, link.alerts.append)
        feed = Feed(quotes, time, stopped, self.last, past=quotes if self.ends else None)
        crew = Crew(desk, control, jobs=[Job(SECOND, lambda _: link.session.tick())], on_begin=self._begin)
        play_forward(self.config, mine, history, self.store, Stopwatch(), feed, crew)
        return "stopped" if stopped() else "ended"

    def _begin(self, simulation: Simulation) -> None:
        self.simulation = simulation

    def _known_closes(self) -> list[int]:
        """Closes of the hours of the last session before the day."""
        opened, closed = next_window(self.first - 120 * HOUR, REGULAR)
        while (following := next_window(closed + 1, REGULAR))[1] < self.first:
            opened, closed = following
        return [*range(opened + HOUR, closed, HOUR), closed]

    def _incident(self, incident: Any) -> None:
        self.alerts[str(incident.code)] += 1

    def _note(self, alerts: Sequence[str]) -> None:
        for text in alerts:
            self.alerts[text.split(":")[0][:60]] += 1

    # --- what became of it

    def _outcome(self) -> Outcome:
        with TapeStore.attach(self.folder / "tape.db") as store:
            events = list(store.events())
        kinds = Counter(event.kind for event in events)
        alerts = set(self.alerts) | {kind for kind in kinds if kind.startswith("guard_")}
        if self.mode == "live":
            alerts |= {f"books: {one.split(':')[0].split(' ')[0]}" for one in violations(self.folder / "tape.db", truth_of(self.double))}
        desk = self.simulation.engine.desk if self.simulation is not None else None
        book = {} if desk is None else {symbol: one.quantity_micros // 1_000_000 for symbol, one in desk.book.positions.items()}
        working = [] if desk is None else desk.blotter.of()
        open_orders = [f"{one.side} {one.leaves_micros // 1_000_000} {one.symbol} {one.order_type}" for one in working]
        return Outcome(
            decisions=kinds["bars_closed"] - kinds["bars_late"],
            fills=kinds["order_filled"] + kinds["order_partially_filled"],
            state="" if desk is None else desk.breakers.trading.name,
            held={symbol: count for symbol, count in sorted(book.items()) if count},
            open=sorted(open_orders),
            alerts=sorted(alerts),
            ends=self.ends,
        )
