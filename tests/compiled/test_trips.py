"""Round trips from the loop's columns."""

from __future__ import annotations

import numpy as np
import pytest

from framework.compiled.columns import FILL, ORDER, PAYMENT
from framework.compiled.trips import closed_trips
from framework.domain.values import MICRO


def columns(shares: int, stop: int) -> list[np.ndarray]:
    """An entry at 100 dollars with a stop, and an exit at 120."""
    orders, fills = np.zeros((3, ORDER), np.int64), np.zeros((2, FILL), np.int64)
    orders[:, 2], orders[:, 6] = [shares * MICRO, -shares * MICRO, -shares * MICRO], [-1, 0, -1]
    orders[1, 5] = stop * MICRO
    fills[0, :4], fills[1, :4] = [0, 0, shares * MICRO, 100 * MICRO], [2, 1, shares * MICRO, 120 * MICRO]
    return [orders, fills, np.zeros((0, PAYMENT), np.int64)]


@pytest.mark.parametrize(("shares", "stop"), [(100, 90), (20_000, 99), (180_000, 50)])
def test_what_is_lost_at_the_stop_is_exact_even_where_the_value_does_not_fit(shares, stop):
    money, risk = np.zeros((2, 2), np.int64)
    with np.errstate(over="ignore"):
        assert closed_trips(*columns(shares, stop), 1, money, risk) == 1
    assert money[0] == 20 * shares * MICRO
    assert risk[0] == (100 - stop) * shares * MICRO * MICRO


def test_a_risk_that_does_not_fit_is_not_told():
    with np.errstate(over="ignore"):
        assert closed_trips(*columns(200_000, 50), 1, *np.zeros((2, 2), np.int64)) == -1
