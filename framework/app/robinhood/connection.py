"""Robinhood put together: the transport with its gate and budgets, the session, the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from brokers.robinhood.gateway import RobinhoodGateway
from brokers.robinhood.hours import HoursWatch
from brokers.robinhood.reader import Reader
from brokers.robinhood.session import Session
from brokers.robinhood.skew import SkewWatch
from brokers.robinhood.tokens import SessionFile, session_key
from brokers.robinhood.transport import Transport
from brokers.robinhood.wire import Wire
from framework.app.robinhood.calendar_hours import hours_of
from framework.domain.venue import venue
from framework.domain.venue_order import LinkCapabilities
from framework.rules.pacing.refusals import LONGEST_HINT
from framework.runtime.clock import MonotonicClock, now_ns
from framework.runtime.network.assembly import read_retry, request_budget
from framework.runtime.network.budget import SharedBudget, budget_file, pace
from framework.runtime.network.retrying import ReadRetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TextIO

    from brokers.robinhood.gates import OrderGate
    from brokers.robinhood.transport import Call
    from framework.domain.secret import Secret
    from framework.runtime.config import BrokerSection
    from framework.runtime.logs.redaction import Redactor

SESSION_KEY = "ONETAPE_SESSION_KEY"
USERNAME, PASSWORD, TOTP, ACCOUNT = "ROBINHOOD_USERNAME", "ROBINHOOD_PASSWORD", "ROBINHOOD_TOTP_SECRET", "ROBINHOOD_ACCOUNT_NUMBER"
#: A double on this machine, for tests of whole commands; the transport refuses any other address.
DOUBLE_URL = "ONETAPE_ROBINHOOD_URL"


class Ears(NamedTuple):
    """Who hears what happens: of every request, what people have to know, and what robin_stocks prints."""

    call: Callable[[Call], object]
    alert: Callable[[str], object]
    output: TextIO


class RobinhoodLink:
    """What talks to Robinhood for one user. Close it at the end.

    An armed gate is to refuse purchases while it ``is_in_doubt``.

    Args:
        broker: The config's section.
        username: The user; budgets and the session file are this user's.
        key: Of the session file.
        state: The folder of both.
        gate: The last door for orders.
        redact: Takes secrets out of texts.
        ears: Who hears what happens.
        double: Address of a double, in tests.

    Raises:
        BrokerError: The state folder cannot be written.
    """

    def __init__(
        self,
        broker: BrokerSection,
        username: Secret,
        key: Secret,
        state: Path,
        gate: OrderGate,
        redact: Redactor,
        ears: Ears,
        double: str | None = None,
    ) -> None:
        self._broker, self._ears = broker, ears
        self.clock, name = MonotonicClock(), username.reveal()
        self.budget = request_budget(broker, state, name)
        # Robinhood locks an account for minutes after two or three logins that failed.
        self.attempts = SharedBudget(budget_file(state, "robinhood-logins", name), pace(3, 900.0, 0.0))
        self.skew = SkewWatch(ears.alert)
        self._hours: HoursWatch | None = None
        self.wire = Wire(Transport(self.budget, gate, self.clock, self._hear, base_url=double), name, redact, ears.output)
        file = budget_file(state / "sessions", "robinhood", name).with_suffix(".session")
        self.file = SessionFile(file, session_key(key), name, redact.add)
        self.session = Session(self.wire, self.file, self.attempts, now_ns, ears.alert)

    def _hear(self, call: Call) -> None:
        """Watch the clocks, and what a person has to know of refusals."""
        self._ears.call(call)
        if call.date:
            now = now_ns()
            self.skew.note(call.date, now - round(call.seconds * 1e9), now)
        if call.hint is not None and call.hint.was_capped:
            self._ears.alert(
                f"Robinhood wants no request for longer than {LONGEST_HINT:.0f} s, which is as long as we stay away; stops there keep "
                "working. Look into the app before the session goes on"
            )

    def watch_hours(self, calendar: str) -> Callable[[int], None]:
        """Look now, and whenever what is returned is called (ns UTC), whether the venue is open when ``calendar`` says so.

        Each time is one request: while it is not answered, nothing else waits for it to be repeated.
        """
        once = Reader(self.wire, self.session, ReadRetry(1))
        self._hours = HoursWatch(once, lambda day: hours_of(day, calendar), self._ears.alert)
        self._hours.look(now_ns())
        return self._hours.look

    @property
    def is_in_doubt(self) -> bool:
        """Whether our clock or our calendar differs from the venue's."""
        return self.skew.is_too_far or (self._hours is not None and bool(self._hours.doubt))

    @property
    def reader(self) -> Reader:
        """Reads what needs no account: past bars, hours."""
        return Reader(self.wire, self.session, read_retry(self._broker))

    def gateway(self, account: Secret, link: LinkCapabilities, stopped: Callable[[], bool] | None = None) -> RobinhoodGateway:
        """The gateway of one account; once ``stopped()``, nothing is read a second time."""
        rules, retry = venue("robinhood", fractional=self._broker.fractional), read_retry(self._broker, stopped)
        return RobinhoodGateway(self.wire, self.session, account.reveal(), rules, link, retry, self.clock, self._ears.alert)

    def close(self) -> None:
        """Let the shared files go."""
        self.budget.close()
        self.attempts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
