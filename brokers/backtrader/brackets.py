"""Parents and children: a child works for what has filled of its parent, and never for more.

The answer to a fill comes while the bar's path is being walked, so that the children of an entry work on the rest of the bar it filled in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from framework.engine.contingencies import OCO

if TYPE_CHECKING:
    from brokers.backtrader.tickets import Ticket


class Counter(Protocol):
    """Where the tickets' orders are placed and taken back."""

    def held(self, symbol: str) -> int:
        """Micro-shares held, signed."""

    def place(self, ticket: Ticket, quantity: int) -> None:
        """Let ``quantity`` micro-shares of ``ticket`` work."""

    def resize(self, ticket: Ticket, quantity: int) -> None:
        """Let ``quantity`` micro-shares of ``ticket`` work in place of what does; 0 lets nothing work."""

    def cancel(self, ticket: Ticket, reason: str) -> None:
        """End ``ticket``, if it has not ended."""


class Brackets:
    """The families of a run.

    ``follows_position``: children are never larger than the position they leave, and end with it. backtrader's own broker lets them stand.
    """

    def __init__(self, counter: Counter, *, follows_position: bool) -> None:
        self._counter = counter
        self._follows_position = follows_position
        self._parents: dict[str, list[Ticket]] = {}

    def link(self, child: Ticket, parent: Ticket) -> None:
        """Let ``child`` work for what fills of ``parent``."""
        child.parent = parent
        parent.children.append(child)
        parents = self._parents.setdefault(parent.symbol, [])
        if parent not in parents:
            parents.append(parent)

    def on_fill(self, ticket: Ticket) -> None:
        """Shares of ``ticket`` traded: children follow what they leave."""
        for parent in list(self._parents.get(ticket.symbol, ())):
            if self._follows_position or parent in {ticket, ticket.parent}:
                self._align(parent)

    def on_end(self, ticket: Ticket) -> None:
        """``ticket`` ended before it was filled: a leg ends its bracket; children of an entry stay for what it has filled."""
        if ticket.children:
            self._align(ticket)
        elif ticket.parent is not None:
            is_over = not ticket.parent.is_alive and self._room(ticket.parent) == 0
            reason = _why(ticket.parent) if is_over else "another leg of the bracket ended"
            for member in (ticket.parent, *ticket.parent.children):
                self._counter.cancel(member, reason)

    def _align(self, parent: Ticket) -> None:
        """Make the children as large as what they leave; those that can have nothing to leave end."""
        room = self._room(parent)
        for child in parent.children:
            wanted = min(child.leaves, room) if child.is_alive else 0
            if wanted == 0 and not parent.is_alive:
                self._counter.cancel(child, _why(parent))
            elif child.working is None and wanted:
                self._counter.place(child, wanted)
            elif child.working is not None and child.working.leaves_micros != wanted:
                self._counter.resize(child, wanted)
        if not any(member.is_alive for member in (parent, *parent.children)):
            self._parents[parent.symbol] = [other for other in self._parents[parent.symbol] if other is not parent]

    def _room(self, parent: Ticket) -> int:
        """Micro-shares that the children have to leave."""
        room = parent.filled - sum(child.filled for child in parent.children)
        return min(room, max(self._counter.held(parent.symbol) * parent.side.sign, 0)) if self._follows_position else room


def _why(parent: Ticket) -> str:
    """Why nothing is left to leave."""
    if not parent.filled:
        return "its entry ended"
    return OCO if any(child.filled for child in parent.children) else "position closed"
