"""What our own code costs an order on its way to the venue, and a process on its way back to life.

The venue answers at once and from memory, so that all time is ours: decision made -> intent and claim on the disk -> request -> answer on
the disk -> engine told. Wall time, because the disk is on the path; CPU time beside it. Bars: p50 2 ms, p99 10 ms with 256 orders in
flight; a restart on a tape of 1,000,000 events until tape, venue and engine agree: 5 s.

    python benchmarks/order_path.py [--orders N] [--events N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from framework.domain.book import Account, Position
from framework.domain.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO, from_micros
from framework.domain.venue import venue
from framework.domain.venue_order import Execution, Holdings, LinkCapabilities, Listing, Outcome, OutcomeKind, VenueOrder
from framework.rules import limits
from framework.runtime.orders.broker import OrderManager
from framework.runtime.orders.clock import SystemClock
from framework.runtime.orders.ids import Desk
from framework.runtime.orders.policy import OrderPolicy
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.account_event import AccountEvent
    from framework.domain.market import Quote
    from framework.domain.order import ApprovedOrder
    from framework.domain.order_update import OrderUpdate
    from framework.runtime.tape.chain import Head, NewEvent
    from framework.runtime.tape.checkpoints import Checkpoint

DESK = Desk("a", "paper")
HEADER = {"mode": "paper", "account": "a"}
IN_FLIGHT = 256
PRICE = 100 * MICRO


class InstantVenue:
    """A venue without a network."""

    capabilities = venue("generic")
    link = LinkCapabilities(listing_lag_seconds=1.0)

    def __init__(self) -> None:
        self.working: dict[str, VenueOrder] = {}
        self.news: list[VenueOrder] = []
        self.shares: dict[str, int] = {}
        self._count = time.time_ns()

    def connect(self) -> None:
        """Nothing to do."""

    def disconnect(self) -> None:
        """Nothing to do."""

    def is_connected(self) -> bool:
        """Always."""
        return True

    def send(self, approved: ApprovedOrder, client_id: str, quantity_micros: int, _deadline: int) -> Outcome:
        """Accept."""
        self._count += 1
        order, now = approved.order, time.time_ns()
        shown = VenueOrder(
            f"v{self._count}", client_id, order.symbol, order.side, quantity_micros, order.order_type, order.limit_micros, None, None, None,
            order.time_in_force, OrderStatus.ACCEPTED, "confirmed", 0, None, (), now, now,
        )  # fmt: skip
        self.working[shown.venue_order_id] = shown
        return Outcome(OutcomeKind.ACCEPTED, shown)

    def fill_oldest(self) -> None:
        """Fill the order that has worked longest."""
        name = next(iter(self.working))
        shown, now = self.working.pop(name), time.time_ns()
        done = Execution(f"x{name}", shown.quantity_micros, PRICE, now)
        self.shares[shown.symbol] = self.shares.get(shown.symbol, 0) + shown.quantity_micros
        filled = replace(shown, status=OrderStatus.FILLED, word="filled", cumulative_micros=done.quantity_micros, executions=(done,))
        self.news.append(replace(filled, updated_at=now))

    def cancel(self, _venue_order_id: str) -> Outcome:
        """Nothing is canceled here."""
        return Outcome(OutcomeKind.NOT_SENT)

    def order(self, venue_order_id: str) -> VenueOrder | None:
        """A working order."""
        return self.working.get(venue_order_id)

    def orders(self, _since: int) -> Listing:
        """What has changed since the last call."""
        news, self.news = self.news, []
        return Listing(tuple(news), complete=True)

    def positions(self) -> Holdings:
        """All shares."""
        return Holdings(tuple(Position(symbol, count) for symbol, count in self.shares.items()), complete=True)

    def account(self) -> Account:
        """Money without end."""
        return Account("a", from_micros(0), from_micros(0), from_micros(0))

    def quotes(self, _symbols: Sequence[str]) -> dict[str, Quote]:
        """None."""
        return {}


class Silent:
    """An engine that does nothing."""

    def on_update(self, update: OrderUpdate) -> None:
        """Hear it."""

    def on_account(self, event: AccountEvent) -> None:
        """Hear it."""


def order_of(number: int) -> Order:
    """A limit order as the desk sends it."""
    return Order(
        f"S-AAPL-{number}-buy-1", "AAPL", OrderSide.BUY, MICRO, OrderType.LIMIT, number, limit_micros=PRICE, time_in_force=TimeInForce.DAY,
        strategy="S", status=OrderStatus.SUBMITTED,
    )  # fmt: skip


def place_many(folder: Path, count: int) -> tuple[list[float], float]:
    """Seconds of wall time of each order, and of CPU of one."""
    gateway, walls = InstantVenue(), []
    with TapeStore.open(folder / "path.db", header=HEADER) as store:
        manager = OrderManager(gateway, store, DESK, SystemClock(), OrderPolicy())
        manager.subscribe(Silent())
        manager.reconcile()
        spent = 0.0
        for number in range(count + IN_FLIGHT):
            order = order_of(number)
            approved = limits.approved_before(order, order.order_type)
            cpu, wall = time.process_time(), time.perf_counter()
            manager.place_order(approved)
            if number >= IN_FLIGHT - 1:
                walls.append(time.perf_counter() - wall)
                spent += time.process_time() - cpu
                gateway.fill_oldest()
                manager.poll()
    return sorted(walls), spent / len(walls)


def long_tape(path: Path, count: int) -> dict[str, int]:
    """A tape of ``count`` events of orders that are over; returns the shares they bought."""
    with TapeStore.open(path, header=HEADER) as store:
        gateway, written = InstantVenue(), _Kept(store)
        manager = OrderManager(gateway, written, DESK, SystemClock(), OrderPolicy(watch_seconds=0.001, send_window_seconds=600.0))
        manager.reconcile()
        number = 0
        while written.count < count:
            order = order_of(number)
            manager.place_order(limits.approved_before(order, order.order_type))
            gateway.fill_oldest()
            manager.poll()
            number += 1
        written.flush()
        return gateway.shares


class _Kept:
    """A tape that is written a thousand events at a time, to have a long one soon."""

    def __init__(self, store: TapeStore) -> None:
        self._store = store
        self._new: list[NewEvent] = []
        self.count = 0
        self.events = store.events
        self.checkpoint = store.checkpoint
        self.holds = store.holds

    def append(self, events: Sequence[NewEvent], _lease: object = None) -> tuple[()]:
        """Keep."""
        self._new += events
        self.count += len(events)
        if len(self._new) >= 5_000:
            self.flush()
        return ()

    def flush(self) -> None:
        """Write what was kept."""
        self._store.append(self._new)
        self._new = []

    @property
    def head(self) -> Head:
        """Of what is written."""
        self.flush()
        return self._store.head

    def save_checkpoint(self, checkpoint: Checkpoint) -> None:
        """As the tape does."""
        self._store.save_checkpoint(checkpoint)


def restart(path: Path, shares: dict[str, int]) -> tuple[float, float]:
    """Seconds from nothing to reconciled: (wall, CPU)."""
    wall, cpu = time.perf_counter(), time.process_time()
    gateway = InstantVenue()
    gateway.shares = dict(shares)
    with TapeStore.open(path, header=HEADER) as store:
        manager = OrderManager(gateway, store, DESK, SystemClock(), OrderPolicy())
        if not manager.reconcile().succeeded:
            raise SystemExit("tape and venue do not agree")
        return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", help="where the tapes are made; its disk is on the path")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        walls, cpu = place_many(Path(folder), options.orders)
        p50, p99 = (1e3 * walls[int(len(walls) * share)] for share in (0.5, 0.99))
        print(f"an order, {IN_FLIGHT} in flight: p50 {p50:.2f} ms, p99 {p99:.2f} ms, CPU {1e3 * cpu:.2f} ms ({len(walls)} orders)")
        if options.events:
            shares = long_tape(Path(folder) / "long.db", options.events)
            wall, spent = restart(Path(folder) / "long.db", shares)
            print(f"a restart on {options.events} events: {wall:.2f} s, CPU {spent:.2f} s")


if __name__ == "__main__":
    main()
