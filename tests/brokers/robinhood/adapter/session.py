"""A whole connection to a double, as a live process has one, with everything a test may want to look at."""

from __future__ import annotations

import io
from contextlib import contextmanager

from brokers.robinhood.gates import ArmedGate
from brokers.robinhood.gateway import RobinhoodGateway
from brokers.robinhood.login import Credentials, Login
from brokers.robinhood.session import Session
from brokers.robinhood.tokens import SessionFile, Tokens
from brokers.robinhood.transport import Transport
from brokers.robinhood.wire import Wire
from brokers.robinhood.wires import Timeouts
from framework.domain.order import OrderSide, OrderType, TimeInForce
from framework.domain.secret import Secret
from framework.domain.venue import venue
from framework.domain.venue_order import LinkCapabilities
from framework.rules.arming import arm
from framework.rules.orders import new_order
from framework.rules.pacing.refusals import Backoff
from framework.runtime.logs.redaction import Redactor
from framework.runtime.network.budget import SharedBudget, pace
from framework.runtime.network.retrying import ReadRetry

ACCOUNT = "5QR00001"
KEY = b"k" * 32
USER = "trader@example.com"
PASSWORD = Secret("password", "an-example-only")
TOTP = Secret("one-time secret", "JBSWY3DPEHPK3PXP")
FAST = Timeouts(connect=1.0, read=3.0, total=5.0)
SECOND = 1_000_000_000


class DoubleClock:
    """Time of the double, so that waiting moves it; it may be slept on."""

    def __init__(self, double):
        self.double = double
        self.slept = 0.0

    def now_ns(self):
        return self.double.venue.clock.now()

    def sleep(self, seconds):
        self.slept += seconds
        self.double.advance(seconds)


class Person:
    """Answers what it was told to, and remembers what it saw."""

    def __init__(self, *answers, on_tell=None):
        self.answers, self.told, self.asked, self.on_tell = list(answers), [], [], on_tell

    def tell(self, text):
        self.told.append(text)
        if self.on_tell is not None:
            self.on_tell()

    def ask(self, question):
        self.asked.append(question)
        return self.answers.pop(0)


class Link:
    """Everything between a process and the double. ``gate`` is armed unless another is given."""

    def __init__(self, double, folder, *, gate=None, allowed=None, timeouts=FAST, retries=3):
        self.double, self.folder = double, folder
        self.clock = DoubleClock(double)
        self.redact = Redactor()
        self.calls, self.alerts, self.output = [], [], io.StringIO()
        self.lease = True
        self.halted = False
        self.budget = SharedBudget(folder / "budget.db", allowed or pace(1_000, 1.0, 0.0), self.clock)
        self.attempts = SharedBudget(folder / "logins.db", pace(3, 900.0, 0.0), self.clock)
        self.gate = gate or self.armed()
        self.transport = Transport(self.budget, self.gate, self.clock, self.calls.append, timeouts, double.url)
        self.wire = Wire(self.transport, USER, self.redact, self.output)
        self.file = SessionFile(folder / "session" / "robinhood.session", KEY, USER, self.redact.add)
        self.session = Session(self.wire, self.file, self.attempts, self.clock.now_ns, self.alerts.append)
        rules, retry = venue("robinhood", fractional=True), ReadRetry(retries, Backoff(2.0, 4.0), self.clock)
        self.gateway = RobinhoodGateway(self.wire, self.session, ACCOUNT, rules, LinkCapabilities(), retry, self.clock, self.alerts.append)

    def armed(self, **changes):
        given = {
            "is_live": True,
            "account": ACCOUNT,
            "is_confirmed": lambda: self.gateway.is_confirmed,
            "token": arm("LIVE 0001 1000000 24", ACCOUNT, self.clock.now_ns(), KEY),
            "key": KEY,
            "holds_lease": lambda: self.lease,
            "is_halted": lambda: self.halted,
            "now": self.clock.now_ns,
        }
        return ArmedGate(**{**given, **changes})

    def give_tokens(self):
        """As after a login: the double's tokens are in the session file."""
        issued = self.double.issue_token()
        tokens = Tokens(
            Secret("access token", issued["access_token"]),
            Secret("refresh token", issued["refresh_token"]),
            "device-1",
            self.clock.now_ns(),
            float(issued["expires_in"]),
        )
        self.file.save(tokens)
        return tokens

    def login(self, person=None, totp=TOTP, password=PASSWORD, device="device-1"):
        who = Person() if person is None else person
        return Login(self.wire, self.attempts, self.clock, self.clock.now_ns, who).run(Credentials(USER, password, totp), device)

    def deadline(self, seconds=60.0):
        return self.clock.now_ns() + round(seconds * SECOND)

    def close(self):
        self.gateway.disconnect()
        self.wire.close()
        self.budget.close()
        self.attempts.close()


@contextmanager
def connected(double, folder, **options):
    """A link whose gateway is connected."""
    link = Link(double, folder, **options)
    try:
        link.give_tokens()
        link.gateway.connect()
        yield link
    finally:
        link.close()


def order(side="buy", quantity=10, order_type="limit", symbol="AAPL", force="gtc", order_id="o-1", **terms):
    """An order as the desk would make it."""
    wanted = {"order_type": order_type, "time_in_force": force, **terms}
    return new_order(order_id, 0, symbol, OrderSide(side), quantity, "test", None, **wanted)


__all__ = ["ACCOUNT", "FAST", "KEY", "SECOND", "USER", "Link", "OrderType", "Person", "TimeInForce", "connected", "order"]
