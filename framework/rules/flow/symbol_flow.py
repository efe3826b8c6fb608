"""The order flow of one symbol, message by message, and what it comes to at a time."""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from framework.rules.flow.minutes import TradedMinutes
from framework.rules.flow.sellers import LargeSellers
from framework.rules.flow.sides import SideRule

if TYPE_CHECKING:
    from framework.domain.flow import BookSnapshot, TradeTick
    from framework.rules.flow.policy import FlowPolicy

#: Ids of trades that are remembered, so that a trade told twice counts once.
REMEMBERED = 10_000
#: Codes of trades that say nothing of who is in a hurry now, as Massive numbers them: average price (2), derivatively priced (10), the
#: auctions' official prices told again (15, 16), price variation (21), prior reference price (22), contingent (52, 53).
NOT_OF_NOW = frozenset({2, 10, 15, 16, 21, 22, 52, 53})


class FlowFigures(NamedTuple):
    """The order flow of a symbol at a time.

    Attributes:
        bought, sold: Shares of the last minute whose buyer, or seller, was in a hurry.
        volume: All shares of the last minute.
        spike: ``volume`` against the mean of the minutes before it; 0.0 while too few of them are known.
        sell_share: Sold shares of those whose side is known; 0.5 where none is.
        imbalance: (wanted - offered) / (wanted + offered) over the levels of the last book, -1 to 1; 0.0 without a book.
        is_spiking: ``spike`` has reached the policy's ratio.
        is_bursting: It has reached that of a burst, and most was sold.
        has_large_sellers: Enough of them were seen in the last seconds.
    """

    bought: float
    sold: float
    volume: float
    spike: float
    sell_share: float
    imbalance: float
    is_spiking: bool
    is_bursting: bool
    has_large_sellers: bool

    @property
    def is_under_pressure(self) -> bool:
        """Whether sellers press: a reason to leave."""
        return self.is_bursting or self.has_large_sellers


class SymbolFlow:
    """What the messages of one symbol come to; they may come late, twice and out of order.

    Attributes:
        left_out: Messages that were not counted, by reason.
    """

    def __init__(self, policy: FlowPolicy) -> None:
        self._policy = policy
        self._minutes = TradedMinutes(policy.usual_minutes)
        self._sellers = LargeSellers(policy)
        self._sides = SideRule()
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._book: BookSnapshot | None = None
        self.left_out: Counter[str] = Counter()

    def traded(self, trade: TradeTick) -> None:
        """Count a trade."""
        if NOT_OF_NOW.intersection(trade.conditions):
            self.left_out["not a trade of now"] += 1
        elif self._is_known(trade.trade_id):
            self.left_out["told twice"] += 1
        else:
            side = self._sides.side_of(trade.price)
            if self._minutes.add(trade.timestamp, trade.size, side):
                self._sellers.traded(trade, side)
            else:
                self.left_out["too late"] += 1

    def quoted(self, book: BookSnapshot) -> None:
        """The book from now on; one older than the last is left out."""
        if self._book is not None and book.timestamp < self._book.timestamp:
            self.left_out["book of the past"] += 1
            return
        self._book = book
        self._sides.quoted(book)
        self._sellers.quoted(book)

    def _is_known(self, trade_id: str) -> bool:
        if not trade_id:
            return False
        if trade_id in self._ids:
            return True
        self._ids[trade_id] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return False

    def at(self, now: int) -> FlowFigures:
        """The figures at ``now``, ns UTC."""
        policy, last, before = self._policy, self._minutes.last(now), self._minutes.before(now)
        usual = sum(one.total for one in before) / len(before) if len(before) >= policy.least_minutes else 0.0
        spike = last.total / usual if usual else 0.0
        known = last.bought + last.sold
        share = last.sold / known if known else 0.5
        return FlowFigures(
            bought=last.bought,
            sold=last.sold,
            volume=last.total,
            spike=spike,
            sell_share=share,
            imbalance=_imbalance(self._book),
            is_spiking=spike >= policy.spike_ratio,
            is_bursting=spike >= policy.burst_ratio and known > 0.0 and share >= policy.burst_sell_share,
            has_large_sellers=self._sellers.is_pressing(now),
        )


def _imbalance(book: BookSnapshot | None) -> float:
    if book is None:
        return 0.0
    wanted, offered = (sum(one.size for one in levels) for levels in (book.bids, book.asks))
    return (wanted - offered) / (wanted + offered) if wanted + offered else 0.0
