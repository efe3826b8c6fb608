"""What the compiled loop has played, told to everything that listens to a driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.simulated.broker import SimulatedBroker
from framework.compiled.columns import CASH, HELD, IDLE
from framework.domain.fill import Fill
from framework.errors import InvariantError
from framework.rules import ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.app.assembly.assemble import Simulation
    from framework.compiled.play import Played
    from framework.compiled.said import Writer


class CompiledDriver:
    """Tells what the loop did: its fills are booked once more, time by time, by the one ledger."""

    name = "compiled"

    def __init__(self, simulation: Simulation, played: Played, writer: Writer) -> None:
        self._simulation = simulation
        self._played = played
        self._writer = writer

    def run(self, on_slice: Callable[[int], None]) -> None:
        """Book the fills; ``on_slice(timestamp)`` follows each decision.

        Raises:
            InvariantError: The books of the loop are not those that follow from its fills.
        """
        market, book, prepared = self._simulation.market, self._simulation.engine.desk.book, self._played.prepared
        events = iter([*self._writer.booked, None])
        coming = next(events)
        market.begin(prepared.first)
        for now, rows in prepared.slices():
            for row in rows:
                market.cursor[row] += 1
            market.now = now
            while coming is not None and coming.timestamp == now:
                ledger.post_fill(book, coming) if isinstance(coming, Fill) else ledger.post(book, coming)
                coming = next(events)
            on_slice(now)
        self._settle()

    def _settle(self) -> None:
        """What is left at the end: orders that work, and bars on which they waited."""
        desk, symbols, slots = self._simulation.engine.desk, self._simulation.market.symbols, self._played.written.slots
        cash = int(self._played.written.account[CASH])
        if desk.book.cash_micros != cash or [desk.book.quantity(symbol) for symbol in symbols] != slots[:, HELD].tolist():
            raise InvariantError(f"the loop ended with {cash} micro-dollars in cash, its fills with {desk.book.cash_micros}")
        for order in self._writer.working.values():
            desk.blotter.add(order)
        broker = self._simulation.broker
        for symbol, bars in zip(symbols, slots[:, IDLE].tolist(), strict=True):
            if bars and isinstance(broker, SimulatedBroker):
                broker.idle_bars[symbol] = bars
