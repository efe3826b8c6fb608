"""Is the account at the broker as a session needs it? Everything that can be asked of it without sending an order."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from framework.app.doctor import Check
from framework.errors import ConfigError, OnetapeError

if TYPE_CHECKING:
    from brokers.robinhood.gateway import RobinhoodGateway
    from framework.app.robinhood import RobinhoodLink
    from framework.domain.secret import Secret

#: What each read-only probe asks; the others place orders, see docs/robinhood.md.
QUESTIONS = MappingProxyType(
    {
        "P5": "where is ref_id shown",
        "P7": "how does a throttled answer say how long to wait",
        "P12": "what does updated_at[gte] do, and how are rows sorted",
    }
)


def examine_broker(name: str, config: Path) -> list[Check]:
    """Look at the session, the account, the calendar and the probes that only read.

    Raises:
        ConfigError: ``name`` is not a broker that is talked to, or who logs in is not known.
    """
    if name != "robinhood":
        raise ConfigError(f"--broker {name}: only robinhood is talked to")
    from brokers.robinhood.gates import ShutGate
    from framework.app.robinhood import ACCOUNT, DOUBLE_URL, SESSION_KEY, USERNAME, Ears, RobinhoodLink
    from framework.domain.venue_order import LinkCapabilities
    from framework.runtime.config import BrokerSection
    from framework.runtime.environment import environment_of, state_folder
    from framework.runtime.loading import load_config
    from framework.runtime.logs.redaction import Redactor
    from framework.runtime.secrets import SecretStore

    redact = Redactor()
    store = SecretStore(config.resolve().parent, redact)
    username, key, account = (store.need(one) for one in (USERNAME, SESSION_KEY, ACCOUNT))
    broker = load_config(config).broker if config.exists() else BrokerSection()
    environment = environment_of(Path.cwd())
    ears, gate = Ears(lambda _: None, lambda _: None, io.StringIO()), ShutGate("the doctor only looks")
    with RobinhoodLink(broker, username, key, state_folder(environment), gate, redact, ears, environment.get(DOUBLE_URL)) as link:
        gateway = link.gateway(account, LinkCapabilities())
        try:
            gateway.connect()
        except OnetapeError as error:
            return [Check("session", False, redact(str(error)))]
        try:
            return [
                Check("session", True, "logged in, and the account is ours to trade"),
                *_reads(gateway),
                _hours(link),
                *_probes(account),
            ]
        finally:
            gateway.disconnect()


def _reads(gateway: RobinhoodGateway) -> list[Check]:
    account, holdings, listing = gateway.account(), gateway.positions(), gateway.orders(0)
    power = "the venue does not say" if account is None else f"buying power {account.buying_power:,} dollars"
    return [
        Check("money", account is not None, power),
        Check("positions", holdings.complete, f"{len(holdings.positions)} positions" if holdings.complete else holdings.reason),
        Check("orders", listing.complete, f"{len(listing.orders)} orders in all" if listing.complete else listing.reason),
    ]


def _hours(link: RobinhoodLink) -> Check:
    from brokers.robinhood.hours import MarketHours, disagreement, market_hours
    from data.calendar import session_closes
    from framework.runtime.clock import now_ns

    today = datetime.fromtimestamp(now_ns() / 1e9, ZoneInfo("America/New_York")).date()
    sessions = session_closes(today, today)
    ours = MarketHours(int(sessions.open[0]), int(sessions.close[0])) if len(sessions) else MarketHours(0, 0)
    differs = disagreement(market_hours(link.reader, today.isoformat()), ours)
    return Check("hours", not differs, differs or f"{today}: the venue and our calendar agree")


def _probes(account: Secret) -> list[Check]:
    from brokers.robinhood.probe_bench import ProbeBench, ProbeSubject
    from brokers.robinhood.probes import run_probes
    from framework.runtime.clock import MonotonicClock

    clock = MonotonicClock()
    bench = ProbeBench.of_client(ProbeSubject(account.reveal()), clock.sleep, lambda: clock.now_ns() / 1e9, "doctor")
    found = run_probes(bench, with_orders=False)
    return [Check(f"probe {one.probe}", True, f"{QUESTIONS[one.probe]}: {one.answer}") for one in found if one.probe in QUESTIONS]
