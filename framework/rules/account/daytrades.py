"""Who is a pattern day trader?

FINRA Rule 4210(f)(8)(B), for margin accounts until 2026-06-03: four or more day trades within five business days, unless they are 6 % or
less of all trades in those days, make one; with less than 25,000 dollars of equity he may not day trade any more. From 2026-06-04 on there
is no such rule (SR-FINRA-2025-017, Regulatory Notice 26-10); brokers may keep it until 2027-10-20.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from framework.domain.market import Integers

LAST_DAY = date(2026, 6, 3).toordinal() - date(1970, 1, 1).toordinal()
TRADES, SESSIONS, SHARE = 4, 5, 0.06


class Traded(NamedTuple):
    """Fills as the rule sees them, in the order they happened: int64 columns of one length.

    Session (days since 1970), number of the symbol, and micro-shares held before and after each.
    """

    session: Integers
    symbol: Integers
    before: Integers
    after: Integers


def day_trades(fills: Traded) -> Integers:
    """Session of each day trade, ascending: what was opened in a session and made smaller in it counts once for each opening."""
    order = np.argsort(fills.symbol, kind="stable")
    session, symbol, before, after = (column[order] for column in fills)
    side = np.sign(before)
    closes = side * np.sign(after - before) < 0
    opens = (np.abs(after) > np.abs(before)) | (side * np.sign(after) < 0)
    follows = (symbol[1:] == symbol[:-1]) & (session[1:] == session[:-1])
    return np.sort(session[1:][follows & closes[1:] & opens[:-1]])


def pattern_day_trader_on(fills: Traded, sessions: Integers) -> int | None:
    """The first session at whose end the rule would have called the account one of a pattern day trader; ``None`` without any.

    ``sessions`` are those of the run, ascending, int64.
    """
    first = sessions[np.maximum(np.arange(len(sessions)) - SESSIONS + 1, 0)]

    def within(days: Integers) -> Integers:
        """How many of ``days``, ascending, lie in the sessions that count at the end of each."""
        return np.searchsorted(days, sessions, side="right") - np.searchsorted(days, first)

    found, everything = within(day_trades(fills)), within(np.sort(fills.session))
    called = sessions[(found >= TRADES) & (found > SHARE * everything) & (sessions <= LAST_DAY)]
    return int(called[0]) if len(called) else None
