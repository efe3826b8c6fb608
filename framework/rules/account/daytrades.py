"""Who is a pattern day trader?

FINRA Rule 4210(f)(8)(B), for margin accounts until 2026-06-03: four or more day trades within five business days, unless they are 6 % or
less of all trades in those days, make one; with less than 25,000 dollars of equity he may not day trade any more. From 2026-06-04 on there
is no such rule (SR-FINRA-2025-017, Regulatory Notice 26-10); brokers may keep it until 2027-10-20.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LAST_DAY = date(2026, 6, 3).toordinal() - date(1970, 1, 1).toordinal()
TRADES, SESSIONS, SHARE = 4, 5, 0.06


class Traded(NamedTuple):
    """A fill as the rule sees it: session (days since 1970), symbol, and micro-shares held before and after it."""

    session: int
    symbol: str
    before: int
    after: int


def day_trades(fills: Sequence[Traded]) -> dict[int, int]:
    """Number of day trades by session: what was opened in a session and made smaller in it counts once for each opening.

    ``fills`` are in the order they happened.
    """
    counts: dict[int, int] = {}
    opened: dict[str, tuple[int, bool]] = {}
    for fill in fills:
        session, is_opened = opened.get(fill.symbol, (fill.session, False))
        is_opened = is_opened and session == fill.session
        closes = fill.before * (fill.after - fill.before) < 0
        if closes and is_opened:
            counts[fill.session] = counts.get(fill.session, 0) + 1
        opens = abs(fill.after) > abs(fill.before) or fill.before * fill.after < 0
        opened[fill.symbol] = (fill.session, opens or (is_opened and not closes))
    return counts


def pattern_day_trader_on(fills: Sequence[Traded], sessions: Sequence[int]) -> int | None:
    """The first session at whose end the rule would have called the account one of a pattern day trader; ``None`` without any.

    ``sessions`` are those of the run, ascending.
    """
    counts = day_trades(fills)
    trades: dict[int, int] = {}
    for fill in fills:
        trades[fill.session] = trades.get(fill.session, 0) + 1
    for number, session in enumerate(sessions):
        window = sessions[max(number - SESSIONS + 1, 0) : number + 1]
        found, everything = sum(counts.get(one, 0) for one in window), sum(trades.get(one, 0) for one in window)
        if found >= TRADES and found > SHARE * everything and session <= LAST_DAY:
            return session
    return None
