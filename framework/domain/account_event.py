"""What happens to an account without a trade: facts, in the past tense; money and shares in micros, signed as the position.

What issuers and the broker do takes effect before the open of the bar that closes at ``timestamp`` (ns UTC); what is found out about
the account (``MarginCall``, ``GoodFaithViolation``) changes nothing in the books.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """``new`` shares came for ``old`` ones; ``held_micros`` are held after it, on the venue's lot, toward zero."""

    timestamp: int
    symbol: str
    new: int
    old: int
    held_micros: int

    @property
    def terms(self) -> str:
        """The split in words, as it stands in the reasons of orders."""
        return f"split {self.new} for {self.old}"


@dataclass(frozen=True, slots=True)
class CashInLieu:
    """The part of a share that a split left over, paid (or, for a short, owed) at the last close before it.

    ``quantity_micros`` is to the nearest micro-share; ``amount_micros`` was computed from the exact fraction.
    """

    timestamp: int
    symbol: str
    quantity_micros: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A dividend went ex: whoever held ``quantity_micros`` will be paid ``amount_micros`` (or owes it, short).

    ``pay_day`` is the session that pays, days since 1970.
    """

    timestamp: int
    symbol: str
    quantity_micros: int
    amount_micros: int
    pay_day: int


@dataclass(frozen=True, slots=True)
class Dividend:
    """Cash paid to (or, for a short, by) the account, for ``quantity_micros`` held on the ex date."""

    timestamp: int
    symbol: str
    quantity_micros: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Delisted:
    """A symbol has ceased to trade: ``quantity_micros`` are gone, and ``amount_micros`` were paid (or, for a short, owed) for them."""

    timestamp: int
    symbol: str
    quantity_micros: int
    amount_micros: int


@dataclass(frozen=True, slots=True)
class Interest:
    """What borrowing cost (or lending brought) since the last session: ``amount_micros`` below 0 was paid.

    ``code`` says for what: ``debit_interest``, ``credit_interest`` or ``borrow_fee``; ``symbol`` is that of borrowed shares, else empty.
    """

    timestamp: int
    symbol: str
    code: str
    amount_micros: int


@dataclass(frozen=True, slots=True)
class MarginCall:
    """At a close the equity of a margin account was below what its positions require; ``symbol`` is empty."""

    timestamp: int
    symbol: str
    equity_micros: int
    required_micros: int


@dataclass(frozen=True, slots=True)
class GoodFaithViolation:
    """A sale of shares that were bought with money which had not settled by then.

    ``count`` includes the earlier ones of twelve months; ``restricted_until`` is the last day (since 1970) of the restriction to settled
    cash in force, 0 without one.
    """

    timestamp: int
    symbol: str
    order_id: str
    count: int
    restricted_until: int


@dataclass(frozen=True, slots=True)
class TradeCorrection:
    """What the venue made of a trade after it was booked, or traded beyond what an order asked for.

    ``quantity_micros`` is what the position changes by and ``amount_micros`` what cash does, as in a trade; one that was canceled is undone
    by its opposite. Without shares only the price was corrected. ``fees_micros`` come on top, below 0 when they are given back.
    """

    timestamp: int
    symbol: str
    quantity_micros: int
    amount_micros: int
    order_id: str
    execution_id: str
    reason: str
    fees_micros: int = 0


AccountEvent = Split | CashInLieu | Entitlement | Dividend | Delisted | Interest | MarginCall | GoodFaithViolation | TradeCorrection
