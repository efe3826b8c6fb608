"""One decision at a time. Read ``Engine.on_slice``: what happened, must we get out, what does the strategy want, then the order path.

The engine knows no mode, no clock and no broker by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.engine.calls import Calls
from framework.engine.context import Context
from framework.engine.desk import Desk
from framework.engine.freshness import Freshness
from framework.engine.market import session_number
from framework.engine.operator import Operator
from framework.engine.overrides import Overrides
from framework.engine.recording import Recording
from framework.engine.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.domain.book import Book
    from framework.domain.command import OperatorCommand
    from framework.domain.market import ClosedBar
    from framework.domain.order import Order
    from framework.domain.order_update import OrderUpdate
    from framework.engine.journal import Journal
    from framework.engine.market import Market
    from framework.engine.policies import Policies
    from framework.engine.ports import Broker
    from framework.engine.schedule import Entry, Schedule
    from framework.engine.strategy import Strategy


class Engine:
    """One strategy, one book, one broker.

    ``due(timestamp)`` counts the bars a symbol should have had by then (ns UTC).

    Attributes:
        desk: The order path, with book and working orders.
    """

    def __init__(
        self,
        strategy: Strategy,
        market: Market,
        broker: Broker,
        book: Book,
        policies: Policies,
        journal: Journal,
        schedule: Schedule,
        due: Callable[[int], int],
    ) -> None:
        self._name = type(strategy).__name__
        self.desk = Desk(self._name, market, broker, book, policies, journal, self._note, Freshness(market, due))
        self._overrides = Overrides(self.desk)
        self._market = market
        self._schedule = schedule
        self._targets = Targets(self.desk)
        self._calls = Calls(strategy, Context(self.desk, self._targets, schedule))
        self._news: list[tuple[Order, OrderUpdate]] = []

    def start(self, first: int) -> None:
        """Let the strategy prepare; decisions begin at ``first`` (ns UTC), earlier bars are history."""
        self._market.begin(first)
        self._calls.start()
        self._calls.prepare_signals(self._market, first)

    def on_arrival(self, arrived: Mapping[int, ClosedBar], timestamp: int) -> None:
        """Take in bars that were not there when the run began; all of them closed at ``timestamp``.

        Raises:
            BadDataError: One is not after the last bar of its symbol.
        """
        self._market.now = timestamp
        self._market.extend(arrived)
        self._calls.prepare_latest(self._market)

    def on_slice(self, timestamp: int) -> None:
        """Take one decision: all bars that closed at ``timestamp`` are in, and the broker has reported what happened during them."""
        self.look(timestamp)
        if self._news:
            self._tell_strategy()
        if self._schedule.entries:
            self.scheduled(timestamp)
        self._calls.bar(timestamp)
        self._targets.settle()

    def look(self, timestamp: int) -> None:
        """The first half of a decision: what happened, must we get out?"""
        self._overrides.expire(timestamp)
        if not self.desk.rests(timestamp):
            self.on_clock(timestamp)
            self.desk.on_close(timestamp, session_number(timestamp))

    @property
    def calls(self) -> Calls:
        """The strategy's callbacks."""
        return self._calls

    @property
    def entries(self) -> list[Entry]:
        """What the strategy has scheduled."""
        return self._schedule.entries

    def scheduled(self, timestamp: int) -> None:
        """Run the callbacks whose time has come."""
        for callback in self._schedule.due(timestamp):
            self._calls.scheduled(callback)

    def settle(self) -> None:
        """The end of a decision: what is wanted becomes orders."""
        self._targets.settle()

    def on_late(self, timestamp: int) -> None:
        """Bars that closed at ``timestamp`` (ns UTC) came when that was past: they are history and move stops; nothing is decided."""
        self.desk.on_close(timestamp, session_number(timestamp))
        self._calls.missed(timestamp)

    def recording(self) -> Recording:
        """Let the strategy speak to a context that writes down what it asks for; to be called before it starts."""
        context = Recording(self.desk, self._targets, self._schedule, self._name)
        self._calls = self._calls.through(context)
        return context

    def on_failure(self) -> None:
        """The strategy raised in the middle of a decision: what it had asked for until then and what is no order yet is not done."""
        self._targets.forget()

    @property
    def forming(self) -> int:
        """The close of the bar to which what happens now belongs, ns UTC."""
        return self._market.now

    def on_forming(self, closes: int) -> None:
        """A bar is forming that closes then (ns UTC): what is heard of orders until it has closed belongs to it, as in a backtest."""
        self._market.now = closes

    def on_clock(self, now: int) -> None:
        """Time has come to ``now`` (ns UTC), with bars or without: are data still coming? A driver with a clock asks between bars too."""
        self.desk.on_clock(now)

    def on_command(self, now: int, command: OperatorCommand) -> Mapping[str, object]:
        """The operator says so at ``now`` (ns UTC); returns what came of it, as plain data."""
        return Operator(self.desk, self._overrides).obey(now, command)

    def stop(self) -> None:
        """Let the strategy finish."""
        self._tell_strategy()
        self._calls.stop()

    def _note(self, order: Order, update: OrderUpdate) -> None:
        """Keep a state change for the strategy, with the order as it was then."""
        if self._calls.hears:
            self._news.append((order.snapshot() if self._calls.hears_orders else order, update))

    def _tell_strategy(self) -> None:
        """Pass on what happened; what the strategy causes in reply is news of the next decision."""
        news, self._news = self._news, []
        for order, update in news:
            self._calls.order(order, update)
