"""Whose money it is: cash, shares with what they cost, and what has not settled. Amounts are micros."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from brokers.robinhood.testing.goodfaith import GoodFaith
from framework.domain.values import rounded_share

if TYPE_CHECKING:
    from brokers.robinhood.testing.interest import Loan


@dataclass(slots=True)
class Holding:
    """Shares of one symbol; ``cost`` is what those held have cost."""

    symbol: str
    shares: int = 0
    cost: int = 0
    opened: int = 0
    updated: int = 0


@dataclass(slots=True)
class Account:
    """One brokerage account.

    Attributes:
        number: As in its address.
        kind: ``cash`` or ``margin``.
        brokerage_type: ``individual``, ``ira_roth`` ...
        margin: What may be spent beyond the cash, micro-dollars.
        closing_only: Whether only positions may be closed.
        settled_only: Whether proceeds can be spent once they have settled only, as after good-faith violations.
        day_trades_protection: Whether a sale that would mark it as a day trader's is refused; for ``margin``.
        unsettled: (ns UTC at which it settles, micro-dollars) of each sale of the last day.
        faith: What of its shares is paid for, and its good-faith violations; for ``cash``.
        loan: What borrowing costs; ``None``: nothing.
        agentic: Whether it is a separate account for agents.
    """

    number: str
    cash: int
    kind: str = "cash"
    brokerage_type: str = "individual"
    margin: int = 0
    locked: bool = False
    deactivated: bool = False
    closing_only: bool = False
    settled_only: bool = False
    day_trades_protection: bool = False
    agentic: bool = False
    nickname: str = ""
    holdings: dict[str, Holding] = field(default_factory=dict)
    unsettled: list[tuple[int, int]] = field(default_factory=list)
    faith: GoodFaith = field(default_factory=GoodFaith)
    loan: Loan | None = None

    def shares_of(self, symbol: str) -> int:
        """Micro-shares held."""
        held = self.holdings.get(symbol)
        return 0 if held is None else held.shares

    def bought(self, symbol: str, shares: int, value: int, timestamp: int) -> None:
        """Take in ``shares`` for ``value``."""
        held = self.holdings.setdefault(symbol, Holding(symbol, opened=timestamp))
        self.cash -= value
        held.shares += shares
        held.cost += value
        held.updated = timestamp

    def sold(self, symbol: str, shares: int, value: int, timestamp: int) -> None:
        """Give away ``shares`` for ``value``, fees already taken off; what is left keeps its average cost."""
        held = self.holdings.setdefault(symbol, Holding(symbol, opened=timestamp))
        self.cash += value
        held.cost -= rounded_share(held.cost, min(shares, held.shares), held.shares) if held.shares > 0 else 0
        held.shares -= shares
        held.updated = timestamp

    def unsettled_at(self, timestamp: int) -> int:
        """Proceeds that have not settled, micro-dollars."""
        self.unsettled = [(settles, value) for settles, value in self.unsettled if settles > timestamp]
        return sum(value for _, value in self.unsettled)
