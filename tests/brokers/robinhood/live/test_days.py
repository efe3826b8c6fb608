"""Seventy-two market days with all that can go wrong, on the double: nothing is lost, doubled, bare or stuck, and the books agree."""

from __future__ import annotations

import pytest

from brokers.robinhood.testing import RobinhoodDouble
from tests.brokers.robinhood.live.day import Days
from tests.campaigns import size

pytestmark = pytest.mark.campaign
WORLDS, DAYS = 4, 18


@pytest.mark.parametrize("seed", range(WORLDS))
def test_days_of_trouble_leave_books_that_agree(tmp_path, seed):
    with RobinhoodDouble() as double:
        world = Days(double, tmp_path, seed)
        for _ in range(size(DAYS, DAYS * 10)):
            world.day()
            assert world.wrong == []
        assert world.settle() == []
        filled = sum(one["filled"] > 0 for one in double.book()["orders"])
    # The days must have been what they are for.
    kinds = {name.partition(":")[0] for name in world.met}
    assert {"order", "cancel", "read", "plan"} <= kinds
    assert filled > 5 * DAYS
    assert world.met["lives"] > 2 * DAYS
    assert world.met["settled by a person"] < DAYS


def test_days_without_trouble_need_nobody(tmp_path):
    with RobinhoodDouble() as double:
        world = Days(double, tmp_path, 7, trouble=0.0)
        for _ in range(3):
            world.day()
        assert world.settle() == []
        assert double.counts()["order_posts"] == len(double.book()["orders"])
    assert set(world.met) == {"lives", "orders"}
