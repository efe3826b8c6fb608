"""Cash and gross exposure at every decision of a run on the loop, from its fills: the loop itself writes down equity alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.app.backtest.marking import notionals
from framework.compiled.columns import F_FEES, F_ORDER, F_PLACE, F_PRICE, F_QUANTITY, O_QUANTITY, O_ROW, P_AMOUNT, P_PLACE
from framework.domain.values import MICRO

if TYPE_CHECKING:
    from framework.compiled.play import Played, Written
    from framework.domain.market import Integers


class Traded(NamedTuple):
    """Of each fill, int64: its row, signed micro-shares, price and fees in micro-dollars."""

    row: Integers
    signed: Integers
    price: Integers
    fees: Integers


def fills_of(written: Written) -> Traded:
    """The fills of a run, in their order."""
    orders, fills = written.orders[written.executions[:, F_ORDER]], written.executions
    return Traded(orders[:, O_ROW], np.sign(orders[:, O_QUANTITY]) * fills[:, F_QUANTITY], fills[:, F_PRICE], fills[:, F_FEES])


def cash_of(played: Played) -> Integers:
    """Cash after each decision, micro-dollars, int64 [T]."""
    written, fills = played.written, fills_of(played.written)
    places = np.concatenate((written.executions[:, F_PLACE], written.payments[:, P_PLACE])) - played.prepared.start
    moved = np.concatenate((-notionals(fills.signed, fills.price) - fills.fees, written.payments[:, P_AMOUNT]))
    return _up_to(places, moved, len(written.curve)) + played.cash


def gross_of(played: Played) -> Integers:
    """The sum of |position value| after each decision, micro-dollars, int64 [T]."""
    written, fills = played.written, fills_of(played.written)
    places, total = written.executions[:, F_PLACE] - played.prepared.start, np.zeros(len(written.curve), dtype=np.int64)
    for row in np.bincount(fills.row).nonzero()[0].tolist():
        own = (fills.row == row).nonzero()[0]
        where = places[own]
        first, until = where[0], np.append(where[1:], len(total)) - where
        prices = played.prepared.last_closes(row)[first:]
        # In parts, as in ``notionals``; the loop's prices are so low that a part of a share times one fits int64.
        whole, rest = np.divmod(np.abs(np.cumsum(fills.signed[own])), MICRO)
        total[first:] += np.repeat(whole, until) * prices
        if rest.any():
            total[first:] += (np.repeat(rest, until) * prices + MICRO // 2) // MICRO
    return total


def _up_to(places: Integers, changes: Integers, length: int) -> Integers:
    """At each of ``length`` places the sum of the ``changes`` up to there."""
    found = np.zeros(length, dtype=np.int64)
    np.add.at(found, places, changes)
    return np.cumsum(found)
