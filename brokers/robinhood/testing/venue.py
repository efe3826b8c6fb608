"""The double as a whole, without the network: requests come in, answers go out, and a test moves the world between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from brokers.robinhood.testing.agenda import Agenda
from brokers.robinhood.testing.answers import Answer, Request
from brokers.robinhood.testing.book import Book
from brokers.robinhood.testing.clock import SECOND, VirtualClock
from brokers.robinhood.testing.faults import Fault, FaultScript
from brokers.robinhood.testing.gate import Gate
from brokers.robinhood.testing.hours import REGULAR, next_window
from brokers.robinhood.testing.mangling import EARLIER, mangled
from brokers.robinhood.testing.market import Market
from brokers.robinhood.testing.meter import Meter, Seen, Throttle
from brokers.robinhood.testing.routes.route import NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brokers.robinhood.testing.routes.route import Route

NOT_LOGGED_IN = Answer.json(401, {"detail": "Incorrect authentication credentials."})
FRACTIONAL_BURST = "Too many requests for fractional orders."


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the network does with an answer: sends it, or loses it (``answer`` is ``None``), and what a fault adds."""

    answer: Answer | None
    fault: Fault = field(default_factory=Fault)


class Venue:
    """The state of the double. Everything goes on under one lock.

    Args:
        routes: Its addresses; the first that matches answers.
        clock: Its time; by default one that stands still between requests.

    Attributes:
        request_takes: Seconds by which a request moves the time, so that one who asks again and again gets somewhere.
        listing_lag: Seconds until a new order is seen in listings.
        page_size: Of listings, unless the request says otherwise.
        date_skew: Seconds by which the header ``Date`` is ahead of its time.
        throttle: Limit on all requests; none by default.
    """

    def __init__(self, routes: Sequence[Route], clock: VirtualClock | None = None) -> None:
        self._routes = routes
        self.clock = clock or VirtualClock()
        self.agenda = Agenda(self.clock)
        self.market = Market(self.clock)
        self.book = Book(self.clock, self.agenda, self.market)
        self.gate = Gate(self.clock)
        self.faults = FaultScript()
        self.meter = Meter()
        self.throttle = Throttle(self.clock)
        self.fractional_throttle = Throttle(self.clock, 9, 48.0, FRACTIONAL_BURST)
        self.request_takes = 0.05
        self.listing_lag = 0.0
        self.page_size = 10
        self.date_skew = 0.0
        self.lock = RLock()
        # The calendar takes its time to load, and a client's time-out would end before the first answer.
        next_window(self.clock.now(), REGULAR)
        self._earlier: dict[tuple[str, str], Answer] = {}

    def advance(self, seconds: float) -> None:
        """Move the time on and let happen what is due."""
        with self.lock:
            self.agenda.run_to(self.clock.now() + int(seconds * SECOND))

    def fault_of(self, request: Request, query: str) -> Fault:
        """What goes wrong with ``request``; by default nothing."""
        with self.lock:
            return self.faults.next_for(request.method, request.path, query) or Fault()

    def deliver(self, request: Request, fault: Fault) -> Delivery:
        """Handle ``request`` as ``fault`` wants it."""
        with self.lock:
            self.advance(self.request_takes)
            answer = self._handled(request, fault)
            lost = fault.drops or answer is None
            self.meter.seen.append(Seen(self.clock.now(), request.method, request.path, 0 if answer is None or lost else answer.status))
            return Delivery(None if lost and not fault.drops_after else answer, fault)

    def _handled(self, request: Request, fault: Fault) -> Answer | None:
        if fault.handled == "later":
            self.agenda.at(self.clock.now() + int(fault.later_seconds * SECOND), lambda: self._discard(request))
            return None
        answer = None
        for _ in range({"no": 0, "yes": 1, "twice": 2}[fault.handled]):
            answer = self._answer(request)
        return self._in_place(request, answer, fault)

    def _in_place(self, request: Request, answer: Answer | None, fault: Fault) -> Answer | None:
        if fault.mangles in EARLIER:
            return self._earlier.get((request.method, request.path if fault.mangles == "stale" else ""))
        if answer is not None:
            self._earlier |= {(request.method, ""): answer, (request.method, request.path): answer}
        if fault.status:
            return Answer.json(fault.status, "" if fault.body is None else fault.body, fault.headers)
        return mangled(answer, fault.mangles) if fault.mangles and answer is not None else answer

    def _discard(self, request: Request) -> None:
        self._answer(request)

    def _answer(self, request: Request) -> Answer:
        throttled = self.throttle.check()
        if throttled is not None:
            return throttled
        for route in self._routes:
            groups = route.groups(request.method, request.path)
            if groups is not None:
                allowed = route.open or self.gate.admits(request.token)
                return route.handler(self, request, *groups) if allowed else NOT_LOGGED_IN
        return NOT_FOUND
