"""Orders without end on a venue with all its faults: at the end everybody has the same, and nothing has grown."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from framework.domain.values import MICRO
from framework.runtime.orders.policy import OrderPolicy
from tests.campaigns import size
from tests.kills.test_random_kills import RATES
from tests.venue.scripted import ScriptedVenue
from tests.venue.trader import BUY, SELL, Trader, order_of

pytestmark = pytest.mark.campaign
BATCH = 10
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
STATUS = Path("/proc/self/status")


def resident_bytes():
    """Of this process; 0 where the system does not say."""
    if not STATUS.exists():
        return 0
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def weather(venue, dice):
    """Faults for the next requests, and what the market does."""
    for kind, row in RATES.items():
        if dice.random() < 0.15:
            venue.script(kind, dice.choice(row))
    for one in list(venue.truth.open.values()):
        if dice.random() < 0.6:
            venue.truth.fill(one, min(one.left, dice.randint(1, 9) * MICRO), one.now.limit_micros, dice.randint(0, 9))
    if dice.random() < 0.3:
        venue.thaw()
        venue.wake_zombies()


def batch(trader, number, dice):
    """Some entries, some exits, some cancels."""
    held = trader.manager.books.shares.get("AAPL", 0) // MICRO
    for place in range(BATCH):
        shares = dice.randint(1, 9)
        side = SELL if held >= shares and dice.random() < 0.6 else BUY
        held -= shares if side is SELL else 0
        trader.place(order_of(number + place, side, shares, price=dice.randint(9_000, 11_000) / 100))
    working = trader.manager.get_open_orders()
    for one in working[:: max(len(working) // 3, 1)]:
        if dice.random() < 0.5:
            trader.manager.cancel_order(one.order_id)


def settle_what_is_lost(trader):
    """The person who looks at parked orders: those the venue has not are settled by hand."""
    for one in trader.manager.get_open_orders():
        status = trader.manager.get_status(one.order_id)
        if one.status == "unknown" and trader.venue.truth.by_client_id(status.client_id) is None:
            trader.manager.settle_as_absent(one.order_id, "ann", "it is not there")
    for code, subject in list(trader.manager.books.incidents):
        trader.manager.acknowledge(code, subject, "ann", "seen")


@pytest.fixture
def folder(tmp_path):
    """The night's tape does not fit into memory; that of a change need not wait for the disk."""
    if size(0, 1) or not MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as place:
        yield Path(place)


def test_orders_without_end_leave_equal_books_and_nothing_behind(folder):
    count, dice, venue = size(20_000, 1_000_000), random.Random(7), ScriptedVenue()
    early = 0
    with Trader(folder / "tape.db", venue, OrderPolicy(watch_seconds=120, overdue_seconds=1e6)) as trader:
        trader.start()
        trader.engine.heard = Forgetful()
        for number in range(0, count, BATCH):
            weather(venue, dice)
            batch(trader, number, dice)
            trader.clock.advance(2)
            trader.manager.poll()
            if number % 200 == 0:
                venue.wake_zombies()
                trader.manager.poll()
                trader.clock.advance(10)
                trader.manager.poll()
                settle_what_is_lost(trader)
                trader.engine.orders = {name: trader.engine.orders[name] for name in trader.manager.books.tracked}
                venue.truth.forget(venue.truth.time - 600 * 10**9)
            if number == count // 4 // 200 * 200:
                early = resident_bytes()
        late = resident_bytes()
        rest(trader)
        assert trader.engine.book.cash_micros == venue.truth.cash == trader.manager.ledger("S").cash_micros
        assert trader.manager.books.shares == {name: held for name, held in venue.truth.shares.items() if held}
        assert len(trader.manager.books.tracked) < 2_000
    with closing(sqlite3.connect(folder / "tape.db")) as connection:
        (bound,) = connection.execute("SELECT count(*) FROM events WHERE kind = 'venue_bound'").fetchone()
    assert bound == venue.truth.accepted > count / 4
    assert late <= early * 1.2 + 30e6


class Forgetful(list):
    """What was heard, not kept."""

    def append(self, _one):
        pass


def rest(trader):
    """The faults are over."""
    trader.venue.faults.clear()
    for _ in range(4):
        trader.venue.thaw()
        trader.venue.wake_zombies()
        trader.pass_time(20, 5)
        settle_what_is_lost(trader)
        for one in list(trader.venue.truth.open.values()):
            trader.venue.truth.fill(one, one.left, one.now.limit_micros, 1)
