"""The fill table once more: slow, obvious, and written from its words alone. It shares no code with the simulator.

One symbol; cash plays no part. All numbers are integers in micros. A bar is a list of (open, high, low, close, volume): itself, or the
finer bars it is made of; ``None`` where the symbol has none. ``sessions[t]`` is the number of the session of bar t.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

Piece = tuple[int, int, int, int, int]


class Ask(NamedTuple):
    """An order as it is decided at the close of bar ``at``. Prices are 0 where it has none; a trail is an amount or whole percent."""

    at: int
    sign: int
    quantity: int
    limit: int = 0
    stop: int = 0
    trail: int = 0
    percent: int = 0
    force: str = "gtc"
    partner: int = -1  # the number of an earlier order: of the two only one is to fill
    profit: int = 0
    loss: int = 0
    cancel_at: int = -1


class Fill(NamedTuple):
    """What was traded; the order by its number, a leg of a bracket as "3.stop" or "3.profit"."""

    bar: int
    order: str
    quantity: int
    price: int


@dataclass(eq=False)
class Live:
    """A working order. It waits for a "stop" or "trail" to be reached, then for its "limit", then (or from the start) for nothing, ""."""

    name: str
    ask: Ask
    sign: int
    left: int
    waits: str
    limit: int
    stop: int
    best: int
    group: int
    session: int  # the one it is for, if it is for one

    def level(self) -> int:
        """Where it triggers: a trailing stop follows the best price seen."""
        if self.waits == "stop":
            return self.stop
        away = self.best * self.ask.percent // 100 if self.ask.percent else self.ask.trail
        return self.best + self.sign * away

    def see(self, price: int) -> None:
        self.best = min(self.best, price) if self.sign > 0 else max(self.best, price)


@dataclass
class Oracle:
    """What the market does to the orders of one symbol."""

    bars: list[list[Piece] | None]
    sessions: list[int]
    asks: list[Ask]
    path: str = "pessimistic"
    through: bool = False
    share: float = 0.0
    fills: list[Fill] = field(default_factory=list)
    live: list[Live] = field(default_factory=list)  # oldest first
    held: int = 0
    room: int = 0  # what the bar's volume still bears
    now: int = 0
    opened: int = -1  # the last session that has had an opening
    last: int = 0  # the last close
    overtaken: bool = False  # an entry went on filling after its stop was reached and before that was done

    def play(self) -> list[Fill]:
        for now, pieces in enumerate(self.bars):
            self.now = now
            if pieces is not None:
                self.trade([piece for piece in pieces if piece[4] > 0])
                self.last = pieces[-1][3]
            self.live = [one for one in self.live if not self.is_over(one) and one.ask.cancel_at != self.now]
            for number, ask in enumerate(self.asks):
                if ask.at == self.now != ask.cancel_at:
                    self.accept(number, ask)
        return self.fills

    def accept(self, number: int, ask: Ask) -> None:
        waits = "trail" if ask.trail or ask.percent else "stop" if ask.stop else "limit" if ask.limit else ""
        group = number if ask.partner < 0 else ask.partner
        session = self.sessions[self.now] + (1 if ask.force == "opg" or self.is_end() else 0)
        self.live.append(Live(str(number), ask, ask.sign, ask.quantity, waits, ask.limit, ask.stop, self.last, group, session))

    def is_end(self) -> bool:
        """Whether the session ends with this bar."""
        return self.sessions[self.now] not in self.sessions[self.now + 1 :]

    def is_over(self, one: Live) -> bool:
        """Its moment has passed, or its session has ended."""
        today, force = self.sessions[self.now], one.ask.force
        passed = self.bars[self.now] is not None if force in ("ioc", "fok") else force == "opg" and self.opened == today == one.session
        return passed or (force != "gtc" and self.is_end() and today >= one.session)

    # --- a bar

    def trade(self, pieces: list[Piece]) -> None:
        today = self.sessions[self.now]
        for part, (opened, high, low, close, volume) in enumerate(pieces):
            self.room = int(volume * self.share) if self.share else 10**18
            for one in list(self.live):
                is_opening = self.opened != today == one.session
                if {"cls": False, "opg": is_opening, "ioc": part == 0, "fok": part == 0}.get(one.ask.force, True):
                    self.reach(one, opened)
            self.opened, here = today, opened
            for there in (*self.extremes(opened, high, low), close):
                self.walk(here, there)
                here = there
        for one in list(self.live) if pieces and self.is_end() else []:
            if one.ask.force == "cls" and one.session == today:
                self.reach(one, pieces[-1][3])

    def extremes(self, opened: int, high: int, low: int) -> tuple[int, int]:
        """Low and high in the order of the path. What hurts: long the low; flat, a waiting buy the high."""
        waiting = [-one.sign for one in self.live if one.ask.force in ("day", "gtc")]
        low_hurts = (self.held or (waiting or [1])[0]) > 0
        is_near = self.path == "nearest" and opened - low != high - opened
        low_first = opened - low < high - opened if is_near else low_hurts != (self.path == "optimistic")
        return (low, high) if low_first else (high, low)

    def walk(self, here: int, there: int) -> None:
        """From one price to the next, meeting one order after the other; of two at one price the older first."""
        up, done = (1 if there > here else -1), []
        while True:
            waiting = [one for one in self.live if one not in done]
            met = [(up * at, age) for age, one in enumerate(waiting) if (at := self.meets(one, here, there, up))]
            if not met:
                break
            distance, age = min(met)
            here = up * distance
            done.append(waiting[age])
            self.reach(done[-1], here)
        for one in self.live:
            one.see(there)

    def meets(self, one: Live, here: int, there: int, up: int) -> int:
        """The price on this way at which the order is reached, 0 if it is not."""
        if one.ask.force not in ("day", "gtc") or one.waits == "":
            return 0
        at = one.limit if one.waits == "limit" else one.level()
        is_ahead = up * here <= up * at <= up * there
        if one.waits == "limit":
            return at if is_ahead and one.sign != up and self.room and not (self.through and at == there) else 0
        return at if is_ahead and one.sign == up else 0

    def reach(self, one: Live, price: int) -> None:
        """The market is at ``price``: what does that do for this order?"""
        if one not in self.live:
            return
        if one.waits in ("stop", "trail") and one.sign * (price - one.level()) >= 0:
            one.waits = "limit" if one.limit else ""
        if one.waits == "" or (one.waits == "limit" and one.sign * (price - one.limit) <= 0):
            size = min(one.left, self.room)
            if size and (one.ask.force != "fok" or size == one.left):
                self.fill(one, size, price)
        one.see(price)

    def fill(self, one: Live, size: int, price: int) -> None:
        self.fills.append(Fill(self.now, one.name, one.sign * size, price))
        self.held += one.sign * size
        self.room -= size
        for other in self.live:  # a stop that was reached and a new one are for other shares
            if other is one or (other.group == one.group and other.name != one.name):
                other.left -= size
        self.live = [other for other in self.live if other.left > 0]
        if one.ask.profit or one.ask.loss:
            self.protect(one, size, price)

    def protect(self, entry: Live, size: int, price: int) -> None:
        """The exits of what was just bought (or sold short) live from this moment on; the stop is the older of the two."""
        group, sign = -2 - int(entry.name), -entry.sign
        self.overtaken |= any(leg.group == group and leg.waits == "" for leg in self.live)
        for name, waits, limit, stop in ((".stop", "stop", 0, entry.ask.loss), (".profit", "limit", entry.ask.profit, 0)):
            grown = [leg for leg in self.live if leg.name == entry.name + name and leg.waits == waits]
            for leg in grown:
                leg.left += size
            if not grown and limit + stop:
                ask = Ask(self.now, sign, size)
                self.live.append(Live(entry.name + name, ask, sign, size, waits, limit, stop, price, group, 0))
        for leg in [leg for leg in self.live if leg.group == group]:
            self.reach(leg, price)
