"""Market days on a double: a trader that trades and protects, a market that moves, a venue that misleads, processes that are gone."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from brokers.robinhood.testing.clock import moment
from brokers.robinhood.testing.hours import REGULAR, next_window
from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.errors import AuthenticationError, BrokerError, SafetyError
from framework.runtime.orders.incidents import Code
from tests.brokers.robinhood.live.weather import blow, worsen
from tests.brokers.robinhood.live.world import ACCOUNT, life, truth_of
from tests.kills.checker import violations
from tests.venue.trader import BUY, SELL, order_of

if TYPE_CHECKING:
    from pathlib import Path

    from brokers.robinhood.testing import RemoteDouble, RobinhoodDouble
    from framework.domain.order import Order
    from tests.brokers.robinhood.live.world import LiveTrader

#: Symbols and the most shares of an entry; sales of more than fifty pay fees.
SYMBOLS = {"AAPL": 9, "MSFT": 90}
SECOND = 1_000_000_000
OPEN = frozenset({"unconfirmed", "queued", "confirmed", "partially_filled"})
#: Seconds for which shares may be without a stop while the process runs and has not said so.
NAKED = 120


class Days:
    """A world that goes on from day to day; everything in it follows from ``seed``.

    Attributes:
        met: What went wrong, how processes ended, and how often.
        wrong: What should never be.
    """

    def __init__(self, double: RobinhoodDouble | RemoteDouble, folder: Path, seed: int, trouble: float = 0.25) -> None:
        self.double, self.folder, self.trouble = double, folder, trouble
        self.dice = Random(seed)  # noqa: S311 - dice of a test
        self.met: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.number = 0
        self._bare_since: dict[str, int] = {}
        # Not known of the real one: whether it takes an order twice under one id.
        double.configure(dedupe=seed % 2 == 0)
        for symbol in SYMBOLS:
            double.trade_at(symbol, "100.00")

    def day(self, steps: int = 24) -> None:
        """One to three lives of a process, a person who looks at what was left to one, and the night."""
        lives = self.dice.randint(1, 3)
        for _ in range(lives):
            self.one_life(steps // lives)
        self.one_life(0)
        opens = next_window(self.now() + 12 * 3_600 * SECOND, REGULAR)[0]
        self.double.advance((opens - self.now()) / SECOND + 60)

    def one_life(self, steps: int) -> None:
        """A process starts, recovers as far as it can, trades, and is gone; with no steps it is there for the person."""
        self.met["lives"] += 1
        self._bare_since.clear()
        try:
            with life(self.double, self.folder, session_end=lambda at: next_window(at, REGULAR)[1]) as trader:
                trader.manager.reconcile()
                for _ in range(steps):
                    self.step(trader)
                if not steps:
                    self.person(trader)
        except AuthenticationError:
            # The process died between a new pair of tokens and its file, or the venue wants a person: one logs in.
            self.met["logged in by a person"] += 1
            (self.folder / "session" / "robinhood.session").unlink(missing_ok=True)
        except (BrokerError, SafetyError) as error:
            self.met[f"ended by {type(error).__name__}"] += 1
            self.double.advance(30)

    def step(self, trader: LiveTrader) -> None:
        """Something happens at the venue, the trader acts and looks, and what it looks after is looked at."""
        if self.dice.random() < self.trouble:
            self.met[worsen(self.double, self.dice)] += 1
        blow(self.double, self.dice, self.dice.choice(list(SYMBOLS)))
        self.act(trader)
        self.double.advance(self.dice.choice([0.5, 2, 10, 30]))
        trader.look()
        self.protect(trader)
        self.watch(trader)
        if not trader.manager.is_connected() or self.dice.random() < 0.05:
            trader.manager.reconcile()

    def act(self, trader: LiveTrader) -> None:
        """What a trader does: enter, leave, change its mind."""
        dice, what, symbol = self.dice, self.dice.random(), self.dice.choice(list(SYMBOLS))
        working = trader.manager.get_open_orders()
        entries = [one for one in working if one.side is BUY]
        stops = [one for one in working if one.symbol == symbol and one.role is OrderRole.STOP and one.status is OrderStatus.ACCEPTED]
        if what < 0.5:
            price, force = dice.randint(9_700, 10_300) / 100, dice.choice([TimeInForce.DAY, TimeInForce.GTC])
            self._place(trader, BUY, dice.randint(1, SYMBOLS[symbol]), symbol, price=price, force=force)
        elif what < 0.65 and stops:
            shares = stops[0].leaves_micros // MICRO
            trader.manager.cancel_order(stops[0].order_id)
            self._place(trader, SELL, shares, symbol, kind=OrderType.MARKET)
        elif what < 0.8 and entries:
            trader.manager.cancel_order(dice.choice(entries).order_id)

    def protect(self, trader: LiveTrader) -> None:
        """Every share that nothing sells gets a stop."""
        working = trader.manager.get_open_orders()
        for symbol, held in trader.manager.books.shares.items():
            free = held - sum(one.leaves_micros for one in working if one.symbol == symbol and one.side is SELL)
            if free > 0:
                terms = {"price": 90, "role": OrderRole.STOP, "force": TimeInForce.GTC}
                self._place(trader, SELL, free // MICRO, symbol, kind=OrderType.STOP_LOSS, **terms)

    def watch(self, trader: LiveTrader) -> None:
        """Shares that truly have no sale resting for them are bare; too long, without the trader saying so, is wrong."""
        book, said = self.double.book(), trader.manager.books.incidents
        for symbol, held in book["accounts"][ACCOUNT]["shares"].items():
            sales = [one for one in book["orders"] if one["symbol"] == symbol and one["side"] == "sell" and one["state"] in OPEN]
            if held <= sum(one["quantity"] - one["filled"] for one in sales):
                self._bare_since.pop(symbol, None)
                continue
            since = self._bare_since.setdefault(symbol, self.now())
            told = any(code in {Code.UNPROTECTED, Code.PARKED} for code, _ in said) or not trader.manager.is_connected()
            if self.now() - since > NAKED * SECOND and not told:
                self.wrong.append(f"{symbol} bare for {(self.now() - since) / SECOND:.0f} s, and nobody was told")

    def person(self, trader: LiveTrader) -> None:
        """Looks into the app for orders nobody could find, and reads what there is to read."""
        trader.look()
        at_venue = {one["ref_id"] for one in self.double.book()["orders"]}
        for code, subject in list(trader.manager.books.incidents):
            if code == Code.PARKED:
                leg = trader.manager.books.tracked[subject].leg
                if leg is not None and leg.ref not in at_venue:
                    trader.manager.settle_as_absent(subject, "a person", "it is not in the app")
                    self.met["settled by a person"] += 1
            elif code != Code.UNPROTECTED:
                trader.manager.acknowledge(code, subject, "a person", "seen")
                self.met[f"acknowledged {code}"] += 1

    def now(self) -> int:
        """The double's time, ns UTC."""
        return moment(self.double.book()["time"])

    def settle(self) -> list[str]:
        """The trouble is over and everything comes to rest; what is wrong then, and what was before."""
        self.double.clear_faults()
        self.double.advance(500)
        for _ in range(3):
            with life(self.double, self.folder) as trader:
                trader.start()
                self.person(trader)
                trader.manager.cancel_all(60)
                for _ in range(12):
                    self.double.advance(20)
                    trader.look()
        still = [f"open at the venue: {one['id']}" for one in self.double.book()["orders"] if one["state"] in OPEN]
        return self.wrong + violations(self.folder / "tape.db", truth_of(self.double)) + still

    def _place(self, trader: LiveTrader, side: OrderSide, shares: int, symbol: str, **terms: object) -> Order | None:
        self.number += 1
        placed = trader.try_to_place(order_of(self.number, side, shares, symbol=symbol, **terms))  # type: ignore[arg-type]
        self.met["orders" if placed is not None else "not connected"] += 1
        return placed
