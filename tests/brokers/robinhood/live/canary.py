"""A session that goes wrong in every way that tempts a program to say too much, for a process of its own."""

from __future__ import annotations

import http.client
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from requests.exceptions import RequestException
from robin_stocks import robinhood

from brokers.robinhood.testing import ACCOUNT
from framework.domain.secret import Secret
from framework.errors import OnetapeError
from framework.rules import limits
from framework.runtime.logs.context import about
from framework.runtime.logs.session import SessionLogs
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import Link
from tests.brokers.robinhood.live.far import FarDouble
from tests.brokers.robinhood.live.world import WIDE, Clocks
from tests.venue.trader import DESK, HEADER, order_of

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.order import ApprovedOrder

PASSWORD = 'an-example "Kanarie"/+=\\%7'  # noqa: S105 - of a double
TOTP = "KANARIEQKANARIEQ"
DEVICE = "kanarie-device-00112233"
SECRETS = (PASSWORD, TOTP, DEVICE, ACCOUNT)


def echoes(token: str) -> list[dict[str, object]]:
    """Answers that say back what they were told, or what nobody should know."""
    told = {"detail": f"Bad request: Authorization: Bearer {token}, account {ACCOUNT}, password={PASSWORD}"}
    page = f"<h1>500</h1><pre>Authorization: Bearer {token}\npassword={PASSWORD}\nhttps://api.robinhood.com/accounts/{ACCOUNT}/</pre>"
    return [
        {"method": "POST", "path": "/orders/", "handled": "no", "status": 400, "body": told},
        {"method": "POST", "path": "/orders/", "handled": "no", "status": 500, "body": page},
        {"method": "POST", "path": "/orders/", "handled": "no", "status": 401, "body": told},
        {"method": "POST", "path": "/orders/", "drops": True},
        {"method": "GET", "path": "/orders/", "handled": "no", "status": 403, "body": told},
        {"method": "GET", "path": "/positions/", "status": 200, "body": page},
    ]


def trade(double: FarDouble, folder: Path, link: Link, logs: SessionLogs) -> None:
    """Orders that fail, reads that fail, a client that prints."""
    log = logs.logger("orders")
    with TapeStore.open(folder / "tape.db", header=HEADER) as store:
        manager = OrderManager(
            link.gateway, store, DESK, Clocks(link), OrderPolicy(), alarm=lambda one: log.warning("incident", detail=one.detail)
        )
        manager.reconcile()
        tokens = link.file.load()
        assert tokens is not None
        for number, fault in enumerate(echoes(tokens.access.reveal())):
            double.fault(**fault)
            with about(order_id=f"o-{number}", client_id=f"c-{number}"):
                placed = manager.place_order(approved(number))
                log.info("placed", order=repr(placed), reasons=[one.reason for one in placed.changes])
            link.session.tick()
            manager.poll()
            log.info("reconciled", result=repr(manager.reconcile()))
            robinhood.get_open_stock_positions(ACCOUNT)
            with suppress(RequestException):  # what the client cannot read it raises
                robinhood.load_account_profile(ACCOUNT)
        log.info("calls", calls=[repr(call) for call in link.calls], alerts=link.alerts)


def approved(number: int) -> ApprovedOrder:
    """An order through the door."""
    order = order_of(number, price=9, symbol=("AAPL", "F", "MSFT")[number % 3])
    return limits.approved_before(order, order.order_type)


def fail(link: Link) -> None:
    """An error whose message and variables hold everything."""
    tokens = link.file.load()
    assert tokens is not None
    access, password = tokens.access.reveal(), PASSWORD
    raise OnetapeError(f"{access} {password} {TOTP} {DEVICE} {ACCOUNT} {link.file.path} {tokens!r}")


def session(url: str, folder: Path) -> None:
    """All of it, to the bad end."""
    double = FarDouble(url)
    link = Link(double, folder, allowed=WIDE)
    for number, text in enumerate(SECRETS):
        link.redact.add(Secret(f"canary {number}", text))
    with SessionLogs(folder / "logs", "s-1", link.redact, echo=sys.stderr) as logs:
        link.wire._output = logs.stream("robin_stocks")  # where the client prints
        link.wire.open()
        link.file.save(link.login(totp=Secret("totp", TOTP), password=Secret("password", PASSWORD), device=DEVICE))
        link.wire.close()
        logging.getLogger("urllib3").setLevel(logging.DEBUG)
        for handler in logging.getLogger().handlers:
            handler.setLevel(logging.DEBUG)
        assert http.client.HTTPConnection.debuglevel == 0  # it prints headers itself, past every logger; nothing of ours turns it on
        link.gateway.connect()
        trade(double, folder, link, logs)
        try:
            fail(link)
        except OnetapeError:
            logs.logger("app").exception("it failed")
        logs.logger("app").info("as text", everything=" ".join(SECRETS))
        fail(link)
