"""Paper and live sessions on Robinhood's quotes, from a config to a run folder."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO, cast

from brokers.robinhood.gates import ArmedGate, DryRunGate, ShutGate
from brokers.robinhood.tokens import session_key
from data.calendar import session_bounds
from framework.app.access import access_of
from framework.app.alerting import alerts_of
from framework.app.arming import Leave, check_settings, only_trader, token_of
from framework.app.compare import save_shadow
from framework.app.crash import without_secrets
from framework.app.forward import Crew, Feed, opened_forward
from framework.app.hosting import as_strategy_reads
from framework.app.leasing import lease_of
from framework.app.loader import load_strategy
from framework.app.narrator import Narrator, still_open
from framework.app.promotion import DOUBLE, Promoted
from framework.app.purchases import TapedPurchases
from framework.app.quoting import GatewayQuotes
from framework.app.resolved import config_text
from framework.app.robinhood import Ears, RobinhoodLink
from framework.app.robinhood_probes import proven_link
from framework.app.rollout import ORDER_CAP, Rollout, rollout
from framework.app.run import load_data
from framework.app.run_folders import check_place, find_run, new_folder
from framework.app.saving import save_session
from framework.app.session import header
from framework.app.stopping import asked_to_stop
from framework.app.tape_place import CONFIG, new_tape
from framework.app.watchdog import Watchdog
from framework.app.wishes import Ended, Script, Wish
from framework.engine.indicators import Indicators
from framework.errors import ConfigError, DataError, OnetapeError, TapeError
from framework.report.summary import summarize
from framework.rules.arming import account_hash
from framework.runtime.alerts import Severity
from framework.runtime.clock import Stopwatch, SystemTime, now_ns, run_stamp
from framework.runtime.control.control import Control
from framework.runtime.control.switches import DeadMansSwitch, HaltFile, HaltSignal
from framework.runtime.logs.session import SessionLogs
from framework.runtime.orders.clock import SystemClock
from framework.runtime.orders.ids import Desk
from framework.runtime.sessions.arrivals import known_before
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings
from framework.runtime.sessions.upkeep import SECOND, Job
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from brokers.robinhood.gates import OrderGate
    from brokers.robinhood.gateway import RobinhoodGateway
    from brokers.robinhood.transport import Call
    from data import Dataset
    from framework.app.assemble import Simulation
    from framework.app.session import Opened
    from framework.engine.strategy import Strategy
    from framework.runtime.alerts import Alerts
    from framework.runtime.config import Config
    from framework.runtime.tape.lease import Lease

HALT, NOTED = "HALT", "operator_noted"
#: Seconds a lease lasts, and between two renewals: a request and all its retries take less than the difference.
LEASE, RENEWAL = 180.0, 20.0
#: A close is waited for so much longer than its bar, ns, so that what is decided on it is sent.
AFTER_CLOSE = 30 * SECOND


def paper_session(config: Config, wish: Wish) -> Ended:
    """Trade on paper on Robinhood's quotes; no order can leave.

    Raises:
        OnetapeError: See ``play_forward``; the config, the session at Robinhood or the folder are wrong.
    """
    return _played(config.model_copy(update={"mode": "paper"}), wish, None)


def live_session(config: Config, wish: Wish, leave: Leave) -> Ended:
    """Trade with real money, or up to the last step (``leave.dry_run``).

    Raises:
        SafetyError: Something was not confirmed.
        OnetapeError: See ``play_forward``; the config, the session at Robinhood or the folder are wrong.
    """
    return _played(config, wish, leave)


def _played(config: Config, wish: Wish, leave: Leave | None) -> Ended:
    with live_sitting(config, wish, leave) as (session, opened):
        opened.simulation.driver.run(opened.note)
        return session.ended(opened)


@contextmanager
def live_sitting(config: Config, wish: Wish, leave: Leave | None, script: Script | None = None) -> Iterator[tuple[LiveSession, Opened]]:
    """A session with all that it holds, ready for its driver, and to be ``ended`` when that is through; on paper without a ``leave``.

    Raises:
        SafetyError: Something was not confirmed.
        OnetapeError: The config, the session at Robinhood or the folder are wrong.
    """
    section, promoted, first = config.strategy, Promoted(), Rollout()
    strategy = script.strategy if script else load_strategy(section.path, section.params, wish.beside, section.cerebro)
    config = as_strategy_reads(strategy, config)
    if leave is not None:
        promoted = check_settings(config, leave, wish.beside, wish.resume)
        if not leave.dry_run:
            first = rollout(config, promoted.shown.live_sessions, None if wish.resume is None else find_run(wish.resume))
            leave = leave._replace(dollars=first.most(round(config.account.cash) if leave.dollars is None else leave.dollars))
    with ExitStack() as open_things:
        session = LiveSession(first.capped(config), strategy, wish, open_things, (promoted, first), script)
        with without_secrets(session.access.redact), session.opened(leave) as opened:
            yield session, opened


class LiveSession:
    """One session with everything it holds open in ``open_things``; ``script`` drives it, if there is one."""

    def __init__(
        self,
        config: Config,
        strategy: Strategy,
        wish: Wish,
        open_things: ExitStack,
        tried: tuple[Promoted, Rollout],
        script: Script | None,
    ) -> None:
        if wish.out is not None and wish.resume is not None:
            raise ConfigError("--out names the folder of a new session, --resume that of one that goes on: give one of them")
        if config.fills.path == "finer":
            raise ConfigError('[fills] path = "finer" needs bars of two resolutions at once; a session has those that arrive')
        check_place(wish.out)
        self.config, self.wish, self.open = config, wish, open_things
        self.strategy, self.script = strategy, script
        self.promoted, self.first = tried
        self.watch = Stopwatch()
        self.access = access_of(config, wish.beside)
        self.link: RobinhoodLink | None = None
        self.gateway: RobinhoodGateway | None = None
        self.lease: Lease | None = None
        self.leave_from = 0
        self.purchases = TapedPurchases(now_ns, 0)
        #: Told of each request that has ended, ns UTC.
        self.signs: list[Callable[[int], object]] = []
        self.simulation: Simulation | None = None

    @contextmanager
    def opened(self, leave: Leave | None) -> Iterator[Opened]:
        """The session, ready for its driver; with ``leave`` of real money, after the account was got for this process alone.

        Raises:
            SafetyError: Something was not confirmed.
        """
        gate: OrderGate = ShutGate("this is a paper session")
        if leave is not None:
            self.open.enter_context(only_trader(self.access.state, self.access.account))
            gate = self._gate(leave)
        history, store, feed, crew = self._prepared(gate, leave)
        with self._telling_of_death(), opened_forward(self.config, self.strategy, history, store, self.watch, feed, crew) as opened:
            yield opened

    def _gate(self, leave: Leave) -> OrderGate:
        if leave.dry_run:
            return DryRunGate(lambda form: self.narrator.alert(Severity.INFO, "dry run", f"{dict(form)}"), now_ns)
        key = session_key(self.access.key)
        self.leave_from = now_ns()
        ledger = self.access.state / f"live-{account_hash(self.access.account.reveal())}.purchases"
        self.purchases = TapedPurchases(now_ns, self.leave_from, ledger)
        return ArmedGate(
            is_live=self.config.mode == "live",
            account=self.access.account.reveal(),
            is_confirmed=lambda: self.gateway is not None and self.gateway.is_confirmed,
            token=token_of(self.config, leave, self.access.account, key, self.leave_from, self.wish.ask),
            key=key,
            holds_lease=self._may_trade,
            is_halted=self._is_halted,
            now=now_ns,
            purchases=self.purchases,
        )

    def _prepared(self, gate: OrderGate, leave: Leave | None) -> tuple[Dataset, TapeStore, Feed, Crew]:
        history = self._history()
        name = f"{run_stamp()}-{self.config.mode}-{type(self.strategy).__name__}"
        self.folder = find_run(self.wish.resume) if self.wish.resume is not None else self.wish.out or new_folder(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        logs = self.open.enter_context(SessionLogs(self.folder / "logs", name, self.access.redact, sys.stderr))
        self.narrator = Narrator(logs, self._alerts(), self.script.hear if self.script else None)
        said = header(self.config, self.strategy) | {"account": account_hash(self.access.account.reveal())}
        if leave is not None and leave.dry_run:
            said["mode"] = "dry-run"  # what was made up there must never be taken for an order of a real account
        if self.script is not None:
            said["script"] = True  # what more it does to its Cerebro is not known
        said |= {} if self.access.double is None else {DOUBLE: True}
        if self.first.order_dollars is not None:
            said[ORDER_CAP] = self.first.order_dollars
        store = self.open.enter_context(TapeStore.open(new_tape(self.folder, self.config.tape.url), header=said))
        self.purchases.keep(store)
        self.signs.append(self._prolonging(store))
        link, gateway = self._linked(gate, logs)
        halt_signal = HaltSignal()
        self.open.enter_context(halt_signal.listening())
        interrupted = self.open.enter_context(asked_to_stop())
        crew = Crew(
            desk=None if leave is None else self._desk(store, gateway, leave, interrupted),
            control=Control(store, HaltFile(self.folder / HALT), halt_signal, self._dead_man()),
            lease=self.lease,
            jobs=[
                Job(SECOND, lambda _: link.session.tick()),
                Job(SECOND, self._renewal(store)),
                Job(SECOND, self.narrator.tell),
                *self._watched(store.place, leave),
            ],
            on_slice=self._renewal(store),  # a long tape is taken again slice by slice, before any job is done
            on_begin=self._begin,
            on_failure=self.narrator.failure,
            rotate=logs.rotate,
            last_four=None if leave is None else self.access.account.reveal()[-4:],
        )
        script = self.script

        def stopped() -> bool:
            return interrupted() or (script is not None and script.is_stopped())

        feed = Feed(GatewayQuotes(gateway, now_ns, self.narrator.trouble), SystemTime(), stopped, self._until(leave))
        return history, store, feed, crew

    def _history(self) -> Dataset:
        loaded, now = load_data(self.config, None), now_ns()
        return replace(loaded, series=known_before(loaded.series, now), first_trade=now, indicators=Indicators())

    def _alerts(self) -> Alerts | None:
        alerts = alerts_of(self.config, self.access.channels, self.access.redact)
        return None if alerts is None else self.open.enter_context(alerts)

    def _linked(self, gate: OrderGate, logs: SessionLogs) -> tuple[RobinhoodLink, RobinhoodGateway]:
        log = logs.logger("requests")

        def note(call: Call) -> None:
            log.debug("request", **call._asdict())
            for sign in self.signs:
                sign(now_ns())

        access, ears = self.access, Ears(note, self.narrator.trouble, cast("TextIO", logs.stream("robin_stocks")))
        link = RobinhoodLink(self.config.broker, access.username, access.key, access.state, gate, access.redact, ears, access.double)
        self.link = self.open.enter_context(link)
        # Who else trades the account is not known here.
        self.gateway = link.gateway(access.account, proven_link(access.state, access.account.reveal(), exclusive_account=False))
        self.gateway.connect()
        self.open.callback(self.gateway.disconnect)
        return link, self.gateway

    def _desk(self, store: TapeStore, gateway: RobinhoodGateway, leave: Leave, stopped: Callable[[], bool]) -> LiveDesk:
        account = account_hash(self.access.account.reveal())
        patience = 0.0 if self.wish.resume is None else LEASE + RENEWAL
        self.lease = lease_of(store, account, f"{platform.node()}:{os.getpid()}", LEASE, patience=patience, stopped=stopped)
        self.open.callback(lambda: store.release(self.lease) if self.lease is not None and self.lease.seconds_left() > 0 else None)
        calendar = self.config.data.calendar
        mode = "dry-run" if leave.dry_run else "live"
        if not leave.dry_run:
            self._note_leave(store, leave)
        around = Surroundings(
            Desk(account, mode), SystemClock(), lambda at: _close(at, calendar), self.narrator.incident, self.lease, self._may_trade
        )
        return LiveDesk(gateway, around)

    def _dead_man(self) -> DeadMansSwitch | None:
        hours = self.config.session.operator_hours
        return DeadMansSwitch(hours * 3_600) if hours else None

    def _watched(self, place: str, leave: Leave | None) -> list[Job]:
        """Have somebody else watch that the loop turns, where it is about money."""
        seconds = self.config.session.watchdog_seconds
        if leave is None or leave.dry_run or not seconds:
            return []
        (self.folder / CONFIG).write_text(config_text(self.config), encoding="utf-8")
        watchdog = self.open.enter_context(Watchdog(self.folder, place, self.wish.beside, seconds))
        told: list[str] = []
        turned: list[int] = []

        def wait(now: int) -> None:
            if turned:  # what lies before the first turn is not watched
                watchdog.beat(now)

        def beat(now: int) -> None:
            turned[:] = [now]
            watchdog.beat(now)
            if not watchdog.is_there and not told:
                told.append("gone")
                self.narrator.alert(
                    Severity.CRITICAL, "watchdog", "the watchdog is gone: if this session hangs, nobody cancels its entries"
                )

        self.signs.append(wait)
        return [Job(SECOND, beat)]

    def _note_leave(self, store: TapeStore, leave: Leave) -> None:
        """What was shown, what was missing, why it trades all the same, and what holds in the first sessions."""
        told = {"limits": self.config.limits.profile, "missing": list(self.promoted.missing), "reason": leave.reason}
        shown = self.promoted.shown._asdict() | {"unmeasured": list(self.promoted.shown.unmeasured)}
        first = self.first._asdict() | {"dollars": leave.dollars}
        store.append([NewEvent(now_ns(), NOTED, {**told, "shown": shown, "first": first})], self.lease)
        if leave.reason:
            self.narrator.alert(Severity.WARNING, "reason given", str(told))
        if self.first.dollars is not None:
            self.narrator.alert(Severity.INFO, "first sessions", f"dollars an entry and a day are capped: {first}")

    def _is_halted(self) -> bool:
        return (self.folder / HALT).exists() or (self.link is not None and self.link.skew.is_too_far)

    def _may_trade(self) -> bool:
        return self.lease is not None and self.lease.seconds_left() > RENEWAL

    def _renewal(self, store: TapeStore) -> Callable[[int], None]:
        def renew(_now: int) -> None:
            if self.lease is not None and self.lease.seconds_left() < LEASE - RENEWAL:
                self.lease = store.renew(self.lease, LEASE)

        return renew

    def _prolonging(self, store: TapeStore) -> Callable[[int], None]:
        """The same while the venue keeps a turn of the loop waiting, which may take longer than the lease lasts."""

        def prolong(now: int) -> None:
            with suppress(TapeError):  # not in the middle of a request: the next turn says it
                self._renewal(store)(now)

        return prolong

    def _until(self, leave: Leave | None) -> int | None:
        """When it ends: as is wished, and never after the leave."""
        now = now_ns()
        ends = [] if self.wish.length is None else [now + self.wish.length]
        if self.wish.until_close:
            ends.append(_close(now, self.config.data.calendar) + AFTER_CLOSE)
        if leave is not None and not leave.dry_run:
            ends.append(self.leave_from + leave.hours * 3_600 * SECOND - AFTER_CLOSE)
        return min(ends, default=None)

    def _begin(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.narrator.begin(simulation)

    @contextmanager
    def _telling_of_death(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # somebody has to know, whatever it was; it goes on up
            left = ", ".join(self._still_open()) or "nothing that is known"
            self.narrator.alert(Severity.CRITICAL, "session died", f"{type(error).__name__}: {error}; open: {left}")
            raise

    def ended(self, opened: Opened) -> Ended:
        """The driver is through: let the strategy finish, and keep what was played.

        Raises:
            DataError: No bar arrived, and yet something was decided.
        """
        try:
            played = opened.ended()
        except DataError as error:
            if opened.simulation.journal.events or opened.simulation.market.grows:
                raise
            self.narrator.alert(Severity.INFO, "stopped", f"before a bar had closed: {error}")
            return Ended(None, self.folder, (), 0)
        self.narrator.tell(now_ns())
        self.narrator.summarize()
        save_session(played.record, self.folder)
        if self.lease is not None:  # there is a venue
            self._save_shadow()
        return Ended(summarize(played.record), self.folder, self._still_open(), played.resumed)

    def _save_shadow(self) -> None:
        try:
            save_shadow(self.folder)
        except OnetapeError as error:  # the session is over, and everything of it is on the tape
            self.narrator.alert(Severity.WARNING, "shadow", f"it cannot be compared: {error}")

    def _still_open(self) -> tuple[str, ...]:
        if self.simulation is None:
            return ()
        return still_open(self.simulation.engine.desk)


def _close(timestamp: int, calendar: str) -> int:
    """When the session ends that a time (ns UTC) lies in, or the next one."""
    import numpy as np

    return int(session_bounds(np.array([timestamp]), calendar)[1][0])
