"""What the money buys: as much as it pays for, and not one lot more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.values import MICRO, notional
from framework.rules.costs.affordable import most_affordable
from framework.rules.costs.fees import charge
from framework.rules.costs.slippage import BasisPoints, Liquidity, SquareRootImpact, Taking, slipped
from tests.rules.costs.schedules import fresh, prices, schedules

impact = SquareRootImpact(BasisPoints(0.0002), 1.0, 20)


@given(
    schedules,
    fresh.map(lambda one: one._replace(sign=1)),
    prices,
    st.integers(-MICRO, 10**13),
    st.sampled_from((1, 1000, MICRO)),
    st.integers(0, 10**12),
    st.booleans(),
)
def test_one_lot_more_would_be_too_much_under_every_schedule(schedule, before, price, cash, lot, wanted, moves):
    known = Liquidity(1e5, 0.02, 0.001)

    def cost(quantity):
        distance = impact.distance(Taking(price, quantity, "market", 0), known) if moves else 0
        paid = slipped(price, 1, distance)
        return notional(quantity, paid) + charge(schedule, before, quantity, paid)

    bought = most_affordable(cost, cash, lot, wanted)
    assert bought % lot == 0
    assert 0 <= bought <= wanted
    assert bought == 0 or cost(bought) <= cash
    assert bought + lot > wanted or cost(bought + lot) > cash


def test_a_fee_an_order_is_part_of_what_the_cash_pays():
    # Ten dollars a share and one for the order: 101 dollars pay for ten, 100.99 for nine.
    def cost(quantity):
        return notional(quantity, 10 * MICRO) + MICRO

    assert most_affordable(cost, 101 * MICRO, MICRO, 50 * MICRO) == 10 * MICRO
    assert most_affordable(cost, 101 * MICRO - 1, MICRO, 50 * MICRO) == 9 * MICRO
    assert most_affordable(cost, MICRO // 2, MICRO, 50 * MICRO) == 0
