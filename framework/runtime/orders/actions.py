"""Splits and dividends that were announced: booked when the venue shows them, and not before.

From the close before its day on a split is due. Until the venue shows the shares of after it, nothing of the symbol is bought, what rests
is taken back, and what guards the shares is not placed again: nobody knows in which shares a price is. Shares that the split does not
explain are a difference as any other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderStatus
from framework.domain.values import from_micros, notional, to_micros
from framework.engine.market import session_number
from framework.rules.account.splits import fraction_paid, split_terms
from framework.runtime.orders import events
from framework.runtime.orders.incidents import Code, Effect, Incident, cleared
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from framework.domain.corporate_action import CorporateAction
    from framework.runtime.orders.canceling import Canceling
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.recorder import Recorder


#: From the beginning of a day to its noon, ns.
_NOON = 12 * 3_600 * 10**9


class Announced(NamedTuple):
    """Splits and dividends, past ones too.

    ``seen(symbol)`` is the close of its last bar, ns UTC: what took effect by then is in its prices.
    """

    actions: Sequence[CorporateAction]
    seen: Callable[[str], int]


NOTHING = Announced((), lambda _: 0)


class Actions:
    """Books what of ``announced`` the venue shows.

    ``session_end(timestamp)`` is when its session ends, that of the next one between sessions; ns UTC.
    """

    def __init__(self, recorder: Recorder, clock: Clock, announced: Announced, session_end: Callable[[int], int]) -> None:
        self._recorder = recorder
        self._clock = clock
        self._declared, self._seen = announced
        self._session_end = session_end

    def awaits(self, symbol: str) -> bool:
        """Whether shares of the session in ``symbol`` are to split, and the venue has not shown it yet; those bought since do not."""
        held = self._recorder.books.shares.get(symbol, 0)
        splits = self._splits(symbol) if self._declared and held > 0 else []
        return bool(splits) and held > self._traded_since(symbol, splits[0].since)

    def refusal(self, symbol: str) -> str:
        """Why nothing of ``symbol`` is bought now; empty without a reason."""
        return f"shares of {symbol} are about to split, and the venue does not show it yet" if self.awaits(symbol) else ""

    @property
    def awaited(self) -> list[str]:
        """The symbols that are awaited."""
        return [symbol for symbol in self._symbols() if self.awaits(symbol)]

    def _symbols(self) -> list[str]:
        return sorted({one.symbol for one in self._declared})

    def _splits(self, symbol: str) -> list[CorporateAction]:
        return self._due(symbol, "split", [one for one in self._declared if one.symbol == symbol and one.split != 1.0])

    def _due(self, symbol: str, kind: str, some: Sequence[CorporateAction]) -> list[CorporateAction]:
        """Those of ``some`` that hold from the next bar of ``symbol`` on and are not booked, oldest first."""
        if not some:
            return []
        booked, ends = self._recorder.books.applied.get(f"{kind} {symbol}", 0), self._session_end(self._clock.now())
        return sorted(one for one in some if max(booked + 1, self._seen(symbol)) <= one.since < ends)

    def take(self, venue: Mapping[str, int], canceling: Canceling, moving: Callable[[str], bool]) -> None:
        """Book what ``venue`` shows, micro-shares by symbol, unless something of the symbol is ``moving``."""
        for symbol in self._symbols():
            splits = self._splits(symbol)
            if splits:
                self._take_back(symbol, canceling)
            if not moving(symbol):
                if splits:
                    self._split(symbol, splits, venue.get(symbol, 0))
                self._entitle(symbol)

    def _take_back(self, symbol: str, canceling: Canceling) -> None:
        """What does not guard the shares would go on with prices of before."""
        for tracked in list(self._recorder.books.working()):
            order = tracked.order
            if order.symbol != symbol or order.role.protects:
                continue
            if order.status is not OrderStatus.PENDING_CANCEL and not any(leg.cancel_wanted for leg in tracked.legs):
                detail = (
                    f"{order.order_id} ({order.side} {order.quantity} {symbol}) is taken back, its shares are about to split: decide anew"
                )
                self._recorder.write(Incident(Code.SPLIT_AWAITED, symbol, Effect.ALERT, detail).event(self._clock.now(), lasts=False))
            canceling.cancel(tracked, "its shares are about to split")

    def _split(self, symbol: str, splits: Sequence[CorporateAction], shown: int) -> None:
        books, now = self._recorder.books, self._clock.now()
        shares, others = books.shares.get(symbol, 0), (books.baseline or {}).get(symbol, 0)
        ours = shares if self.awaits(symbol) else 0
        shown -= shares - ours  # what was bought since
        new, old = split_terms(math.prod(one.split for one in splits))
        fraction = None if min(shares, others) < 0 or shown == ours + others else fraction_paid(ours + others, shown, new, old)
        if fraction is None or (fraction and ours and others):  # whose fraction it is nobody can say
            return
        held = ours * new // old - fraction if ours else 0
        key = f"split:{symbol}:{splits[-1].since}"
        payload = {
            "symbol": symbol,
            "new": new,
            "old": old,
            "quantity_micros": ours,
            "held_micros": held,
            "others_micros": shown - held,
            "fraction_micros": fraction if ours else 0,
            "since": splits[-1].since,
            "pay_day": session_number(now),
            "key": key,
        }
        over = [cleared(now, code, symbol, "onetape", "it is booked") for code in _OVER if (code, symbol) in books.incidents]
        self._recorder.write(NewEvent(now, events.SPLIT, payload, key), *over)

    def _entitle(self, symbol: str) -> None:
        if self.awaits(symbol):
            return  # a dividend is paid for each share of its day
        declared = [one for one in self._declared if one.symbol == symbol and one.dividend]
        for one in self._due(symbol, "dividend", declared):
            books, now = self._recorder.books, self._clock.now()
            ours = books.shares.get(symbol, 0) - self._traded_since(symbol, one.since)
            others, each = max((books.baseline or {}).get(symbol, 0), 0), to_micros(one.dividend)
            if max(ours, others) <= 0:
                continue
            key, paid = f"dividend:{symbol}:{one.since}", session_number(one.since + _NOON)
            payload = {
                "symbol": symbol,
                "quantity_micros": max(ours, 0),
                "amount_micros": notional(max(ours, 0), each),
                "others_micros": notional(others, each),
                "since": one.since,
                "pay_day": paid if one.pay_day is None else max(one.pay_day, paid),
                "key": key,
            }
            self._recorder.write(NewEvent(now, events.ENTITLED, payload, key))

    def _traded_since(self, symbol: str, since: int) -> int:
        """Micro-shares that have traded from ``since`` on, signed."""
        tracked = [one for one in self._recorder.books.tracked.values() if one.order.symbol == symbol]
        parts = [(one.order.side.sign, each) for one in tracked for leg in one.legs for each in leg.known.executions.values()]
        return sum(sign * each.quantity_micros for sign, each in parts if each.timestamp >= since)

    def note_awaited(self, symbol: str) -> None:
        """A bar of the symbol has closed, and its split is awaited: a person is told, once."""
        books = self._recorder.books
        if (Code.SPLIT_AWAITED, symbol) in books.incidents:
            return
        ratio = math.prod(one.split for one in self._splits(symbol))
        held = from_micros(books.shares[symbol])
        detail = (
            f"{ratio:g} {symbol} are to come for one, and the venue does not show it: the session holds {held}; its bars wait, and nothing "
            "of it is bought. If it does not split, correct [data] actions and start again"
        )
        self._recorder.write(Incident(Code.SPLIT_AWAITED, symbol, Effect.ALERT, detail).event(self._clock.now(), lasts=True))


#: What a split explains.
_OVER = (Code.SPLIT_AWAITED, Code.POSITION)
