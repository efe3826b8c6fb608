"""What an event strategy has written down, as the loop reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from framework.engine.panel import Issued

if TYPE_CHECKING:
    from framework.compiled.prepare import Prepared, Wished
    from framework.domain.market import Integers
    from framework.engine.recording import Wishes
    from framework.rules.sizing.policy import SizingPolicy


def wished(wishes: Wishes, which: slice, prepared: Prepared, sizing: SizingPolicy) -> Wished:
    """``which`` of the wishes, whole decisions: orders of a decision as they came, then its targets by row, the last of each symbol."""
    time, row, ordered = (np.array(column[which], dtype=np.int64) for column in (wishes.time, wishes.row, wishes.ordered))
    strength = np.array(wishes.strength[which], dtype=np.float64)
    if len(time) > 1:
        order = _in_order(time, row, ordered)
        time, row, ordered, strength = time[order], row[order], ordered[order], strength[order]
    found = Issued(np.searchsorted(prepared.panel.timestamp, time), row, strength)
    return prepared.asked(found, ordered, sizing)


def _in_order(time: Integers, row: Integers, ordered: Integers) -> Integers:
    """Numbers of the wishes that count, as the loop takes them."""
    is_target = ordered == 0
    order = np.lexsort((np.arange(len(time)), np.where(is_target, row, -1), is_target, time))
    last = np.ones(len(order), np.bool_)
    last[:-1] = (np.diff(time[order]) != 0) | (np.diff(row[order]) != 0) | ~is_target[order][:-1]
    return order[last]
