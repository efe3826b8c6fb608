"""What does the tax office see? First-in, first-out lots of one symbol, and losses that a repurchase disallows.

A wash sale (Internal Revenue Code section 1091, IRS Publication 550): a loss is not deductible as far as the same shares were bought within
30 days before or after the sale; what is disallowed is added to the basis of the shares bought instead. Losses are matched in the order of
the sales, with shares in the order they were bought (Treasury Regulation 1.1091-1). The rest of the purchase that was sold is no
replacement for it (Revenue Ruling 56-602). Short positions are treated in mirror image (section 1091(e)). Only this account and this symbol
are looked at, and holding periods are not; options, other accounts and funds on the same index may make a wash sale too.

Quantities are micro-shares, above 0. Money is micro-dollars: basis is what was spent (negative for a short sale: what was received),
proceeds what was received (negative for a cover: what was spent), fees included in both. Days are counted since 1970. Nothing here is
tax advice.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from framework.domain.values import rounded_quotient

#: Days before and after a sale in which a purchase replaces what was sold.
WINDOW = 30


@dataclass(slots=True)
class Closing:
    """Shares that left a lot, as Form 8949 lists them; ``disallowed`` is the part of a loss that a wash sale takes away, not below 0."""

    opened: int
    closed: int
    quantity: int
    proceeds: int
    basis: int
    disallowed: int = 0

    @property
    def gain(self) -> int:
        """What is reported: proceeds less basis, a loss without its disallowed part."""
        return self.proceeds - self.basis + self.disallowed


@dataclass(slots=True)
class Lot:
    """Shares bought (``sign`` +1) or sold short (-1) together; ``replaces``: they made a wash sale of an earlier loss, once for ever."""

    purchase: str
    sign: int
    opened: int
    quantity: int
    basis: int
    replaces: bool = False

    def taken(self, quantity: int) -> Lot:
        """Split off ``quantity`` of the lot, at most all of it, with its part of the basis."""
        basis = self.basis if quantity == self.quantity else rounded_quotient(self.basis * quantity, self.quantity)
        self.quantity -= quantity
        self.basis -= basis
        return Lot(self.purchase, self.sign, self.opened, quantity, basis, self.replaces)


@dataclass(slots=True)
class _Loss:
    """A loss that shares still to be bought may disallow: of ``quantity`` shares, ``left`` micro-dollars."""

    closing: Closing
    purchase: str
    sign: int
    quantity: int
    left: int

    def disallow(self, quantity: int) -> int:
        """Disallow the part of ``quantity`` shares; returns it."""
        part = self.left if quantity == self.quantity else rounded_quotient(self.left * quantity, self.quantity)
        self.quantity -= quantity
        self.left -= part
        self.closing.disallowed += part
        return part


@dataclass(slots=True)
class TaxLots:
    """The open lots of one symbol, oldest first, all long or all short."""

    lots: deque[Lot] = field(default_factory=deque)
    _losses: list[_Loss] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        """Micro-shares in all lots."""
        return sum(lot.quantity for lot in self.lots)

    def open(self, purchase: str, sign: int, day: int, quantity: int, basis: int) -> None:
        """Take in shares bought or sold short; fills with one name for ``purchase`` (an order) are one purchase.

        They replace what was lost on the same side in the 30 days before.
        """
        bought = Lot(purchase, sign, day, quantity, basis)
        self._losses = [loss for loss in self._losses if day - loss.closing.closed <= WINDOW]
        for loss in [loss for loss in self._losses if loss.sign == sign]:
            if bought.quantity:
                part = bought.taken(min(bought.quantity, loss.quantity))
                part.basis += loss.disallow(part.quantity)
                part.replaces = True
                self.lots.append(part)
        self._losses = [loss for loss in self._losses if loss.quantity]
        if bought.quantity:
            self.lots.append(bought)

    def close(self, day: int, quantity: int, proceeds: int) -> list[Closing]:
        """Let ``quantity`` (at most what there is) leave, oldest first; what was bought in the 30 days before replaces what is lost."""
        closings, losses, left = [], [], quantity
        while left:
            part = self.lots[0].taken(min(left, self.lots[0].quantity))
            share = proceeds if part.quantity == left else rounded_quotient(proceeds * part.quantity, left)
            left, proceeds = left - part.quantity, proceeds - share
            closing = Closing(part.opened, day, part.quantity, share, part.basis)
            closings.append(closing)
            if closing.gain < 0:
                losses.append(_Loss(closing, part.purchase, part.sign, part.quantity, -closing.gain))
            if self.lots[0].quantity == 0:
                self.lots.popleft()
        for loss in losses:
            self._replace(loss)
        self._losses += [loss for loss in losses if loss.quantity]
        return closings

    def _replace(self, loss: _Loss) -> None:
        """Look for shares that were bought in the 30 days before and are still there."""
        kept: deque[Lot] = deque()
        while self.lots:
            lot = self.lots.popleft()
            if loss.quantity and not lot.replaces and lot.purchase != loss.purchase and loss.closing.closed - lot.opened <= WINDOW:
                part = lot.taken(min(lot.quantity, loss.quantity))
                part.basis += loss.disallow(part.quantity)
                part.replaces = True
                kept.append(part)
            if lot.quantity or lot.basis:
                kept.append(lot)
        self.lots = kept

    def split(self, new: int, old: int) -> None:
        """Put all lots into new shares, together rounded down to the micro-share; basis and losses stay."""
        before = after = 0
        for lot in self.lots:
            before += lot.quantity
            lot.quantity, after = before * new // old - after, before * new // old
        for loss in self._losses:
            loss.quantity = max(loss.quantity * new // old, 1)

    def pay_out(self, day: int, held: int, proceeds: int) -> list[Closing]:
        """Let all but ``held`` micro-shares leave for ``proceeds``: the fraction a split left, or all of a delisted share."""
        gone = self.quantity - held
        closings = self.close(day, gone, proceeds) if gone else [Closing(day, day, 0, proceeds, 0)]
        if held == 0:  # of a lot a reverse split may have left less than a micro-share
            closings += [Closing(lot.opened, day, 0, 0, lot.basis) for lot in self.lots]
            self.lots.clear()
        return closings
