"""``onetape doctor --broker robinhood``: is the login good, is the account the one, do the calendars agree, and what does the venue do."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.examining import asked
from brokers.robinhood.gates import ArmedGate, ShutGate
from brokers.robinhood.hours import disagreement, market_hours
from brokers.robinhood.probes import Finding, dedupe_of, listing_lag_of
from framework.app.checks.doctor import Check
from framework.app.crash import without_secrets
from framework.app.robinhood.calendar_hours import hours_of
from framework.app.robinhood.connection import ACCOUNT, DOUBLE_URL, SESSION_KEY, USERNAME, Ears, RobinhoodLink
from framework.domain.venue_order import Dedupe, LinkCapabilities
from framework.errors import OnetapeError
from framework.rules.arming import account_hash, arm
from framework.runtime.clock import now_ns, run_stamp
from framework.runtime.environment import environment_of, state_folder
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from brokers.robinhood.gates import OrderGate
    from brokers.robinhood.gateway import RobinhoodGateway
    from brokers.robinhood.reader import Reader
    from framework.domain.secret import Secret
    from framework.runtime.config import Config

#: Answers count for so long; then the venue may have changed.
VALID_NS = 30 * 86_400 * 1_000_000_000
_DAYS = 7


class _Place(NamedTuple):
    """What is looked at, and with what."""

    link: RobinhoodLink
    gateway: RobinhoodGateway
    account: str
    state: Path


def examine_robinhood(config: Config, phrase: str | None) -> list[Check]:
    """Look at the account of the environment; ``phrase`` arms the probes that place one share far from the market and cancel it.

    Raises:
        ConfigError: User, account or key are not named.
        NotArmedError: ``phrase`` is not right.
    """
    environment, redact = environment_of(Path.cwd()), Redactor()
    store, state = SecretStore(Path.cwd(), redact), state_folder(environment)
    username, account, key = store.need(USERNAME), store.need(ACCOUNT), store.need(SESSION_KEY)
    alerts: list[str] = []
    opened: list[RobinhoodGateway] = []
    gate = _gate(phrase, account.reveal(), key, opened)
    ears = Ears(lambda _: None, alerts.append, io.StringIO())
    double = environment.get(DOUBLE_URL)
    with without_secrets(redact), RobinhoodLink(config.broker, username, key, state, gate, redact, ears, double) as link:
        gateway = link.gateway(account, LinkCapabilities())
        opened.append(gateway)
        place = _Place(link, gateway, account.reveal(), state)
        checks = list(_checks(place, config, with_orders=phrase is not None))
    return [check._replace(detail=redact(check.detail)) for check in [*checks, *(Check("alert", False, text) for text in alerts)]]


def _gate(phrase: str | None, account: str, key: Secret, opened: list[RobinhoodGateway]) -> OrderGate:
    if phrase is None:
        return ShutGate("the probes that place orders were not armed")
    secret = key.reveal().encode()
    return ArmedGate(
        is_live=True,
        account=account,
        is_confirmed=lambda: opened[0].is_confirmed,
        token=arm(phrase, account, now_ns(), secret),
        key=secret,
        # A person has started it and looks on; it is no session that trades.
        holds_lease=lambda: True,
        is_halted=lambda: False,
        now=now_ns,
    )


def _checks(place: _Place, config: Config, *, with_orders: bool) -> Iterator[Check]:
    try:
        place.gateway.connect()
    except OnetapeError as error:
        yield Check("login", False, str(error))
        return
    with ExitStack() as ended:
        ended.callback(place.gateway.disconnect)
        yield Check("login", True, "the session is accepted, the account is ours and may trade")
        yield _account(place.gateway)
        yield _positions(place.gateway)
        yield _orders(place.gateway)
        yield _quotes(place.gateway, config.universe.symbols)
        yield _calendar(place.link.reader, config.data.calendar)
        yield from _probes(place, config.universe.symbols[0], with_orders=with_orders)


def _account(gateway: RobinhoodGateway) -> Check:
    found = gateway.account()
    if found is None:
        return Check("account", False, "cash and buying power are not shown")
    unsettled = "not shown" if found.unsettled_cash is None else found.unsettled_cash
    told = f"cash {found.cash}, of it unsettled {unsettled}, equity {found.equity}, buying power {found.buying_power} dollars"
    return Check("account", True, told)


def _positions(gateway: RobinhoodGateway) -> Check:
    held = gateway.positions()
    return Check("positions", held.complete, f"{len(held.positions)} positions" if held.complete else held.reason)


def _orders(gateway: RobinhoodGateway) -> Check:
    listing = gateway.orders(0)
    return Check("orders", listing.complete, f"{len(listing.orders)} orders in all" if listing.complete else listing.reason)


def _quotes(gateway: RobinhoodGateway, symbols: tuple[str, ...]) -> Check:
    missing = sorted(set(symbols) - set(gateway.quotes(symbols)))
    return Check("quotes", not missing, f"none for {', '.join(missing)}" if missing else f"for all {len(symbols)} symbols")


def _calendar(reader: Reader, calendar: str) -> Check:
    today = datetime.fromtimestamp(now_ns() / 1e9, UTC).date()
    for number in range(_DAYS):
        day = today + timedelta(days=number)
        why = disagreement(market_hours(reader, day.isoformat()), hours_of(day, calendar))
        if why:
            return Check("calendar", False, f"{day}: {why}; nothing is traded on such a day")
    return Check("calendar", True, f"the venue and {calendar} agree on the next {_DAYS} days")


def _probes(place: _Place, symbol: str, *, with_orders: bool) -> Iterator[Check]:
    try:
        found = asked(place.gateway, place.link.reader, place.account, symbol, place.link.clock, run_stamp(), with_orders=with_orders)
    except OnetapeError as error:
        yield Check("probes", False, str(error))
        return
    if with_orders:
        keep_findings(found, place.state, place.account)
    for one in found:
        yield Check(one.probe, one.answer not in {"placed again", "placed", "never listed"}, one.answer)


def _file(state: Path, account: str) -> Path:
    return state / f"probes-{account_hash(account)}.json"


def keep_findings(found: list[Finding], state: Path, account: str) -> None:
    """Write down what was found, and when."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    _file(state, account).write_text(json.dumps({"asked_at": now_ns(), "found": [list(one) for one in found]}, indent=1), encoding="utf-8")


def proven_link(state: Path, account: str, *, exclusive_account: bool) -> LinkCapabilities:
    """What can be relied on by the probes of the last thirty days; without any, nothing is."""
    nothing = LinkCapabilities(exclusive_account=exclusive_account)
    try:
        kept = json.loads(_file(state, account).read_text(encoding="utf-8"))
        found = [Finding(str(probe), str(answer), ()) for probe, answer, _ in kept["found"]]
        age = now_ns() - int(kept["asked_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return nothing
    if not 0 <= age < VALID_NS:
        return nothing
    lag = listing_lag_of(found)
    # P4 waits a minute: so long an id was shown to be known.
    dedupe = Dedupe(dedupe_of(found))
    return LinkCapabilities(
        dedupe=dedupe,
        dedupe_window_seconds=60.0 if dedupe is Dedupe.PROVEN else 0.0,
        listing_lag_seconds=nothing.listing_lag_seconds if lag is None else max(lag * 2, 10.0),
        exclusive_account=exclusive_account,
    )
