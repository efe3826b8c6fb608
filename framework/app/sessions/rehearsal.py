"""A live session rehearsed: recorded days happen at a Robinhood on this machine, and everything else is as it will be.

Orders go through the real client over HTTP and are filled, stopped and canceled there; only time is made, so that a day takes a moment.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from brokers.robinhood.gateway import RobinhoodGateway
from brokers.robinhood.session import Session
from brokers.robinhood.testing import ACCOUNT, RobinhoodDouble, VirtualClock
from brokers.robinhood.testing.clock import SECOND, iso
from brokers.robinhood.testing.days import Days, moves_of
from brokers.robinhood.tokens import SessionFile, Tokens
from brokers.robinhood.transport import Transport
from brokers.robinhood.wire import Wire
from data.calendar import session_bounds
from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import load_data
from framework.app.compare.compare import save_shadow
from framework.app.folders.free_place import check_place
from framework.app.folders.run_folders import new_folder
from framework.app.folders.saving import save_session
from framework.app.folders.tape_place import TAPE
from framework.app.sessions.forward import Crew, Feed, play_forward
from framework.app.sessions.quoting import GatewayQuotes
from framework.app.sessions.session import header
from framework.domain.secret import Secret
from framework.domain.venue import venue
from framework.domain.venue_order import LinkCapabilities
from framework.engine.indicators import Indicators
from framework.errors import ConfigError, DataError
from framework.report.summary import summarize
from framework.rules.arming import account_hash
from framework.rules.pacing.refusals import Backoff
from framework.runtime.clock import Stopwatch, run_stamp
from framework.runtime.logs.redaction import Redactor
from framework.runtime.network.budget import SharedBudget, pace
from framework.runtime.network.retrying import ReadRetry
from framework.runtime.orders.ids import Desk
from framework.runtime.sessions.arrivals import known_before
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings, paced
from framework.runtime.sessions.upkeep import Job
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from brokers.robinhood.testing.days import Move
    from data import Dataset
    from framework.domain.market import BarSeries
    from framework.runtime.config import Config
    from framework.runtime.orders.incidents import Incident

USER = "rehearsal"
#: Of the session file, which lives as long as the rehearsal and opens nothing elsewhere.
KEY = b"rehearsal" * 3 + b"alone"
#: So wide that a day at the double is no day of waiting.
WIDE = pace(200, 1.0, 0.0)


class Rehearsed(NamedTuple):
    """A rehearsal that has ended: its figures, its folder, how many orders the venue got, and what a person would have had to know."""

    summary: Mapping[str, object]
    folder: Path
    orders: int
    incidents: tuple[str, ...]


class _Open:
    """The door for orders; behind it is the double, for the transport knows no other address."""

    def judge(self, form: object) -> None:
        """Let it go."""


class _Clock:
    """The double's time, as the parts of a process read it and wait on it."""

    def __init__(self, double: RobinhoodDouble) -> None:
        self._double = double

    def now(self) -> int:
        """Now, ns UTC."""
        return self._double.venue.clock.now()

    now_ns = monotonic = now

    def sleep(self, seconds: float) -> None:
        """Let so much of it pass."""
        self._double.advance(seconds)


class _Link:
    """What a process has between itself and the double."""

    def __init__(self, double: RobinhoodDouble, folder: Path, open_things: ExitStack, alert: Callable[[str], object]) -> None:
        self.clock = clock = _Clock(double)
        redact = Redactor()
        budget = SharedBudget(folder / "budget.db", WIDE, clock)
        attempts = SharedBudget(folder / "logins.db", pace(3, 900.0, 0.0), clock)
        open_things.callback(budget.close)
        open_things.callback(attempts.close)
        wire = Wire(Transport(budget, _Open(), clock, lambda _: None, base_url=double.url), USER, redact, io.StringIO())
        open_things.callback(wire.close)
        file = SessionFile(folder / "session" / "rehearsal.session", KEY, USER, redact.add)
        file.save(_tokens(double, clock))
        self.session = Session(wire, file, attempts, clock.now_ns, alert)
        rules, retry = venue("robinhood", fractional=None), ReadRetry(3, Backoff(2.0, 4.0), clock)
        self.gateway = RobinhoodGateway(wire, self.session, ACCOUNT, rules, LinkCapabilities(), retry, clock, alert)
        open_things.callback(self.gateway.disconnect)


def _tokens(double: RobinhoodDouble, clock: _Clock) -> Tokens:
    issued = double.issue_token()
    access, refresh = Secret("access token", issued["access_token"]), Secret("refresh token", issued["refresh_token"])
    return Tokens(access, refresh, "device-1", clock.now(), float(issued["expires_in"]))


def rehearse_live(
    config: Config, beside: Path, out: Path | None, most: int, on_progress: Callable[[int, int], None] | None = None
) -> Rehearsed:
    """Play the last days of ``[data]``, at most ``most``, as a live session at a double; the run folder is ``out``, or one of its own.

    Raises:
        ConfigError: The config or the strategy is wrong, or bars are not daily.
        DataError: The data is missing or broken, or a share splits in these days, which no quote tells.
    """
    _check(config)
    check_place(out, for_session=True)
    watch, config = Stopwatch(), config.model_copy(update={"mode": "live"})
    strategy = load_strategy(config.strategy.path, config.strategy.params, beside, config.strategy.cerebro)
    dataset = load_data(config, None)
    days = _days_of(dataset)[-most:]
    dataset = replace(dataset, first_trade=days[0])
    _check_splits(dataset)
    incidents: list[Incident] = []
    alerts: list[str] = []
    decided: list[int] = []

    def note(timestamp: int) -> None:
        decided.append(timestamp)
        if on_progress is not None:
            on_progress(len(decided), len(days))

    folder = out or new_folder(f"{run_stamp()}-rehearsal-{type(strategy).__name__}")
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as open_things:
        double = open_things.enter_context(_opened(config, dataset))
        time = Days(double, [move for symbol in dataset.series for move in _moves(dataset, symbol)])
        private = Path(open_things.enter_context(TemporaryDirectory(prefix="onetape-")))
        link = _Link(double, private, open_things, alerts.append)
        said = header(config, strategy) | {"mode": "rehearsal", "account": account_hash(ACCOUNT)}
        store = open_things.enter_context(TapeStore.open(folder / TAPE, header=said))
        around = Surroundings(Desk(account_hash(ACCOUNT), "live"), link.clock, _session_end, incidents.append)
        crew = Crew(LiveDesk(link.gateway, paced(around, config.session)), jobs=[Job(SECOND, lambda _: link.session.tick())], on_slice=note)
        feed = Feed(GatewayQuotes(link.gateway, time.now, alerts.append), time, lambda: len(decided) >= len(days))
        played = play_forward(config, strategy, _history(dataset), store, watch, feed, crew)
        orders = double.counts()["order_posts"]
    save_shadow(folder)
    save_session(played.record, folder, "rehearsal")
    told = dict.fromkeys([*(f"{one.code} {one.subject}: {one.detail}" for one in incidents), *alerts])
    return Rehearsed(summarize(played.record), folder, orders, tuple(told))


def _check(config: Config) -> None:
    if config.broker.name != "robinhood":
        raise ConfigError(f'[broker] name = "{config.broker.name}": a live rehearsal needs name = "robinhood"')
    if config.data.resolution != "1d":
        raise ConfigError(f'[data] resolution = "{config.data.resolution}": a live rehearsal plays daily bars; set "1d"')
    if config.fills.path == "finer":
        raise ConfigError('[fills] path = "finer" needs bars of two resolutions at once; a session has those that arrive')


def _days_of(dataset: Dataset) -> Sequence[int]:
    """The closes from ``[data] start`` on, ns UTC."""
    closes = np.unique(np.concatenate([one.timestamp for one in dataset.series.values()]))
    played: list[int] = closes[closes >= dataset.first_trade].tolist()
    if not 0 < len(played) < closes.size:
        raise DataError("a live rehearsal needs bars before [data] start, as its history, and after it")
    return played


def _check_splits(dataset: Dataset) -> None:
    for symbol, one in dataset.series.items():
        if np.any(one.split[one.timestamp >= dataset.first_trade] != 1.0):
            raise DataError(f"{symbol} splits in these days, and no quote tells it: choose another [data] end, or fewer --days")


def _opened(config: Config, dataset: Dataset) -> RobinhoodDouble:
    """A double an hour after the last close of the history."""
    last = max(int(one.timestamp[one.timestamp < dataset.first_trade][-1]) for one in _with_history(dataset))
    double = RobinhoodDouble(VirtualClock(iso(last + 3_600 * SECOND)), str(config.account.cash))
    # An account without a loan that is no cash account: its sales can be spent at once, and no good faith is broken.
    double.change_account(ACCOUNT, kind="cash" if config.account.type == "cash" else "margin")
    for symbol, one in dataset.series.items():
        known = one.close[one.timestamp < dataset.first_trade]
        double.list_stock(symbol, f"{known[-1] if known.size else one.open[0]:.2f}")
    return double


def _with_history(dataset: Dataset) -> list[BarSeries]:
    return [one for one in dataset.series.values() if one.timestamp[0] < dataset.first_trade]


def _moves(dataset: Dataset, symbol: str) -> Sequence[Move]:
    one = dataset.series[symbol]
    played = one.timestamp >= dataset.first_trade
    rows = np.column_stack([one.open, one.high, one.low, one.close, one.volume])[played].tolist()
    opens = session_bounds(one.timestamp[played], "XNYS")[0].tolist() if played.any() else []
    return list(moves_of(symbol, rows, opens))


def _history(dataset: Dataset) -> Dataset:
    return replace(dataset, series=known_before(dataset.series, dataset.first_trade), indicators=Indicators())


def _session_end(timestamp: int) -> int:
    return int(session_bounds(np.array([timestamp]), "XNYS")[1][0])
