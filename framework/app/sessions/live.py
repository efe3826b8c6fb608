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
from framework.app.arming.access import access_of
from framework.app.arming.alerting import alerts_of
from framework.app.arming.arming import Leave, check_settings, only_trader, token_of
from framework.app.arming.noting import leave_noted
from framework.app.arming.promotion import DOUBLE, Promoted
from framework.app.arming.rollout import ORDER_CAP, Rollout, rollout
from framework.app.assembly.actions_ahead import actions_in_live
from framework.app.assembly.hosting import as_strategy_reads
from framework.app.assembly.loader import load_strategy
from framework.app.assembly.resolved import config_text
from framework.app.backtest.run import load_data
from framework.app.checks.robinhood_probes import proven_link
from framework.app.compare.compare import save_shadow
from framework.app.crash import without_secrets
from framework.app.folders.free_place import check_place
from framework.app.folders.run_folders import find_run, new_folder
from framework.app.folders.saving import save_session
from framework.app.folders.tape_place import CONFIG, HALT, new_tape
from framework.app.robinhood.connection import Ears, RobinhoodLink
from framework.app.sessions.ending import HOUR, ends_at, session_close
from framework.app.sessions.forward import Crew, Feed, opened_forward
from framework.app.sessions.leasing import lease_of
from framework.app.sessions.narrator import Narrator, still_open
from framework.app.sessions.purchases import TapedPurchases
from framework.app.sessions.quoting import GatewayQuotes
from framework.app.sessions.session import header
from framework.app.sessions.stopping import asked_to_stop
from framework.app.sessions.turning import Turning
from framework.app.sessions.wishes import Ended, Script, Wish
from framework.app.watchdog.watchdog import Watchdog
from framework.engine.indicators import Indicators
from framework.errors import ConfigError, DataError, OnetapeError, StoppedError, TapeError, words_of
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
from framework.runtime.sessions.live_desk import LiveDesk, Surroundings, paced
from framework.runtime.sessions.turns import heed
from framework.runtime.sessions.upkeep import SECOND, Job
from framework.runtime.tape.lease import LONGEST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from brokers.robinhood.gates import OrderGate
    from brokers.robinhood.gateway import RobinhoodGateway
    from brokers.robinhood.transport import Call
    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.app.sessions.session import Opened
    from framework.engine.strategy import Strategy
    from framework.runtime.alerts import Alerts
    from framework.runtime.config import Config
    from framework.runtime.tape.lease import Lease

#: Seconds a lease lasts, and between two renewals: a request and all its retries take less than the difference.
LEASE, RENEWAL = LONGEST, 20.0


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
    begun: list[LiveSession] = []
    try:
        with live_sitting(config, wish, leave, begun=begun.append) as (session, opened):
            opened.simulation.driver.run(opened.note)
            return session.ended(opened)
    except StoppedError:
        return Ended(None, begun[0].folder, (), 0)


@contextmanager
def live_sitting(
    config: Config,
    wish: Wish,
    leave: Leave | None,
    script: Script | None = None,
    begun: Callable[[LiveSession], object] = lambda _: None,
) -> Iterator[tuple[LiveSession, Opened]]:
    """A session with all that it holds, ready for its driver, and to be ``ended`` when that is through; on paper without a ``leave``.

    ``begun`` is given it before anything is opened.

    Raises:
        SafetyError: Something was not confirmed.
        StoppedError: Somebody asked it to stop before it was ready; what it held is given back.
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
        begun(session)
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
        check_place(wish.out, for_session=True)
        self.config, self.wish, self.open = config, wish, open_things
        self.strategy, self.script = strategy, script
        self.promoted, self.first = tried
        self.watch, self.mode = Stopwatch(), str(config.mode)
        self.access = access_of(config, wish.beside)
        self.link: RobinhoodLink | None = None
        self.gateway: RobinhoodGateway | None = None
        self.lease: Lease | None = None
        self.leave_from = 0
        self.purchases = TapedPurchases(now_ns, 0)
        #: Told of each request that has ended, ns UTC.
        self.signs: list[Callable[[int], object]] = []
        self.simulation: Simulation | None = None
        self.halt_signal = HaltSignal()

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
        name = f"{run_stamp()}-{self.config.mode}-{type(self.strategy).__name__}"
        self.folder = find_run(self.wish.resume) if self.wish.resume is not None else self.wish.out or new_folder(name)
        interrupted = self.open.enter_context(asked_to_stop())
        history = self._history()
        heed(interrupted)
        self.folder.mkdir(parents=True, exist_ok=True)
        logs = self.open.enter_context(SessionLogs(self.folder / "logs", name, self.access.redact, sys.stderr))
        self.narrator = Narrator(logs, self._alerts(), self.script.hear if self.script else None)
        said = header(self.config, self.strategy) | {"account": account_hash(self.access.account.reveal())}
        if leave is not None and leave.dry_run:
            said["mode"] = self.mode = "dry-run"  # what was made up there must never be taken for an order of a real account
        if self.script is not None:
            said["script"] = True  # what more it does to its Cerebro is not known
        said |= {} if self.access.double is None else {DOUBLE: True}
        if self.first.order_dollars is not None:
            said[ORDER_CAP] = self.first.order_dollars
        store = self.open.enter_context(TapeStore.open(new_tape(self.folder, self.config.tape.url), header=said))
        self.purchases.keep(store)
        self.signs.append(self._prolonging(store))
        link, gateway = self._linked(gate, logs, interrupted)
        heed(interrupted)
        self.open.enter_context(self.halt_signal.listening())
        crew = Crew(
            desk=None if leave is None else self._desk(store, gateway, leave, interrupted),
            control=Control(store, HaltFile(self.folder / HALT), self.halt_signal, self._dead_man()),
            lease=self.lease,
            jobs=[
                Job(SECOND, lambda _: link.session.tick()),
                Job(60 * SECOND, link.watch_hours(self.config.data.calendar)),
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
        self.narrator.follow(str(said["mode"]), None if crew.desk is None else crew.desk.status_of)

        def stopped() -> bool:
            return interrupted() or (self.script is not None and self.script.is_stopped())

        quotes = GatewayQuotes(gateway, now_ns, self.narrator.trouble)
        past = None if self.wish.resume is None else quotes
        feed = Feed(quotes, SystemTime(), stopped, self._ends_at(leave), past=past, asked=interrupted)
        return history, store, feed, crew

    def _history(self) -> Dataset:
        loaded, now = load_data(self.config, None), now_ns()
        return replace(loaded, series=known_before(loaded.series, now), first_trade=now, indicators=Indicators())

    def _alerts(self) -> Alerts | None:
        alerts = alerts_of(self.config, self.access.channels, self.access.redact)
        return None if alerts is None else self.open.enter_context(alerts)

    def _linked(self, gate: OrderGate, logs: SessionLogs, stopped: Callable[[], bool]) -> tuple[RobinhoodLink, RobinhoodGateway]:
        log = logs.logger("requests")

        def note(call: Call) -> None:
            log.debug("request", **call._asdict())
            for sign in self.signs:
                sign(now_ns())

        access, ears = self.access, Ears(note, self.narrator.trouble, cast("TextIO", logs.stream("robin_stocks")))
        link = RobinhoodLink(self.config.broker, access.username, access.key, access.state, gate, access.redact, ears, access.double)
        self.link = self.open.enter_context(link)
        # Who else trades the account is not known here.
        self.gateway = link.gateway(access.account, proven_link(access.state, access.account.reveal(), exclusive_account=False), stopped)
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
            Desk(account, mode),
            SystemClock(),
            lambda at: session_close(at, calendar),
            self.narrator.incident,
            self.lease,
            self._may_trade,
            actions=actions_in_live(self.config, self.strategy),
            stopped=stopped,
            goes_live=self.narrator.go_live,
        )
        return LiveDesk(gateway, paced(around, self.config.session))

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
        turning = Turning(watchdog, self.narrator)
        self.signs.append(turning.wait)
        return [Job(SECOND, turning.beat)]

    def _note_leave(self, store: TapeStore, leave: Leave) -> None:
        """What was shown, what was missing, why it trades all the same, and what holds in the first sessions."""
        noted = leave_noted(self.config.limits.profile, leave, self.promoted, self.first, now_ns())
        store.append(noted, self.lease)
        if leave.reason:
            told = {name: noted[0].payload[name] for name in ("limits", "missing", "reason")}
            self.narrator.alert(Severity.WARNING, "reason given", str(told))
        if self.first.dollars is not None:
            first = self.first._asdict() | {"dollars": leave.dollars}
            self.narrator.alert(Severity.INFO, "first sessions", f"dollars an entry and a day are capped: {first}")

    def _is_halted(self) -> bool:
        return self.halt_signal.is_up or (self.folder / HALT).exists() or (self.link is not None and self.link.is_in_doubt)

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

    def _ends_at(self, leave: Leave | None) -> int | None:
        """Never after the leave."""
        is_armed = leave is not None and not leave.dry_run
        return ends_at(self.wish, self.config.data.calendar, self.leave_from + leave.hours * HOUR if leave and is_armed else None)

    def _begin(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.narrator.begin(simulation)

    @contextmanager
    def _telling_of_death(self) -> Iterator[None]:
        try:
            yield
        except StoppedError as stop:
            self.narrator.alert(Severity.INFO, "stopped", str(stop))
            raise
        except Exception as error:  # somebody has to know, whatever it was; it goes on up
            left = ", ".join(self._still_open()) or "nothing that is known"
            self.narrator.alert(Severity.CRITICAL, "session died", f"{words_of(error)}; open: {left}")
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
        if self.lease is not None:  # there is a venue
            self._save_shadow()
        save_session(played.record, self.folder, self.mode)
        return Ended(summarize(played.record), self.folder, self._still_open(), played.resumed)

    def _save_shadow(self) -> None:
        try:
            save_shadow(self.folder)
        except OnetapeError as error:  # the session is over, and everything of it is on the tape
            self.narrator.alert(Severity.WARNING, "shadow", f"it cannot be compared: {error}")

    def _still_open(self) -> tuple[str, ...]:
        return () if self.simulation is None else still_open(self.simulation.engine.desk)
