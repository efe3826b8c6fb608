"""How much of a position must be one's own? Micro-dollars a share.

Initial: Federal Reserve Regulation T (12 CFR 220.12), half of the value of a long position, half of a short one beside what it brought.
Maintenance: FINRA Rule 4210(c), a quarter of a long position's value; of a short one 30 %, or 5 dollars a share if that is more, below
5 dollars all of its value, or 2.50 dollars a share if that is more. Where maintenance asks for more than the initial margin, an entry
needs that. Brokers may ask for more; what they ask for concentrated or volatile positions is not known here.
"""

from __future__ import annotations

from framework.domain.values import MICRO, notional

#: Below this price a short position is margined like one that can lose several times its value.
LOW_PRICE = 5 * MICRO


def maintenance_margin(price: int, sign: int) -> int:
    """What must stay one's own of a share at ``price``, long (``sign`` above 0) or short."""
    if sign > 0:
        return -(-price // 4)
    return max(price, 5 * MICRO // 2) if price < LOW_PRICE else max(-(-price * 3 // 10), LOW_PRICE)


def initial_margin(price: int, sign: int) -> int:
    """What must be one's own of a share entered at ``price``."""
    return max(-(-price // 2), maintenance_margin(price, sign))


def initial_of(quantity: int, price: int) -> int:
    """Initial margin of a position of ``quantity`` micro-shares (signed) at ``price``."""
    return notional(abs(quantity), initial_margin(price, quantity))


def maintenance_of(quantity: int, price: int) -> int:
    """Maintenance margin of a position of ``quantity`` micro-shares (signed) at ``price``."""
    return notional(abs(quantity), maintenance_margin(price, quantity))
