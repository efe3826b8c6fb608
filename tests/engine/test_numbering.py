"""No two orders have one id, also where a bar comes late: its time is before that of the bar that is forming."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import OrderSide
from tests.builders import Scripted, assembled, bars, still

HOUR = 3_600 * 10**9


@given(st.lists(st.integers(0, 20), max_size=60))
def test_ids_are_told_apart_whatever_the_order_of_their_times(hours):
    simulation = assembled(Scripted({}), [bars("AAPL", still(count=2))])
    ids = []
    for hour in hours:
        simulation.engine.on_forming(hour * HOUR)
        ids.append(simulation.engine.desk.next_id("AAPL", OrderSide.SELL))
    assert len(set(ids)) == len(ids)
    assert [int(one.rsplit("-", 1)[1]) for one in ids] == [hours[: place + 1].count(hour) for place, hour in enumerate(hours)]
