"""backtrader's fill rules by hand; that they are its own is shown against itself in tests/brokers/backtrader."""

from __future__ import annotations

import pytest

from framework.rules.back_fills import fill_price, limit_price
from framework.rules.fills import LIMIT, MARKET, NO_FILL, STOP, STOP_LIMIT, TRAILING

UP, DOWN = (100, 110, 90, 105), (100, 110, 90, 95)

#: kind, sign, limit, level, triggered, bar -> price, triggered
CASES = [
    # A market order takes the open.
    (MARKET, +1, 0, 0, False, UP, 100, False),
    # A limit: the open if better or equal, the limit if touched.
    (LIMIT, +1, 101, 0, False, UP, 100, False),
    (LIMIT, +1, 100, 0, False, UP, 100, False),
    (LIMIT, +1, 90, 0, False, UP, 90, False),
    (LIMIT, +1, 89, 0, False, UP, NO_FILL, False),
    (LIMIT, -1, 99, 0, False, UP, 100, False),
    (LIMIT, -1, 110, 0, False, UP, 110, False),
    (LIMIT, -1, 111, 0, False, UP, NO_FILL, False),
    # A stop: the open if beyond it, the stop if touched.
    (STOP, +1, 0, 99, False, UP, 100, True),
    (STOP, +1, 0, 110, False, UP, 110, True),
    (STOP, +1, 0, 111, False, UP, NO_FILL, False),
    (STOP, -1, 0, 101, False, UP, 100, True),
    (STOP, -1, 0, 90, False, UP, 90, True),
    (STOP, -1, 0, 89, False, UP, NO_FILL, False),
    (TRAILING, -1, 0, 90, False, UP, 90, True),
    # A stop-limit beyond its stop at the open is a limit order.
    (STOP_LIMIT, +1, 95, 99, False, UP, 95, True),
    (STOP_LIMIT, +1, 101, 99, False, UP, 100, True),
    (STOP_LIMIT, +1, 80, 99, False, UP, NO_FILL, True),
    # Triggered inside: at the stop if the limit allows it ...
    (STOP_LIMIT, +1, 106, 105, False, UP, 105, True),
    (STOP_LIMIT, -1, 94, 95, False, UP, 95, True),
    # ... else at the limit only where the close is beyond it and the bar went back.
    (STOP_LIMIT, +1, 96, 105, False, DOWN, 96, True),
    (STOP_LIMIT, +1, 94, 105, False, DOWN, NO_FILL, True),
    (STOP_LIMIT, +1, 106, 107, False, UP, NO_FILL, True),
    (STOP_LIMIT, -1, 104, 95, False, UP, 104, True),
    (STOP_LIMIT, -1, 106, 95, False, UP, NO_FILL, True),
    (STOP_LIMIT, -1, 94, 93, False, DOWN, NO_FILL, True),
    # A bar that closes at its open went back for a sell, not for a buy.
    (STOP_LIMIT, -1, 100, 95, False, (100, 110, 90, 100), 100, True),
    (STOP_LIMIT, +1, 100, 105, False, (100, 110, 90, 100), NO_FILL, True),
    # Once triggered it is a limit order for good.
    (STOP_LIMIT, +1, 90, 200, True, UP, 90, True),
    (STOP_LIMIT, +1, 89, 200, True, UP, NO_FILL, True),
]


@pytest.mark.parametrize(("kind", "sign", "limit", "level", "triggered", "bar", "price", "after"), CASES)
def test_the_price_and_the_trigger(kind, sign, limit, level, triggered, bar, price, after):
    assert fill_price(kind, sign, limit, level, triggered, bar) == (price, after)


@pytest.mark.parametrize(("sign", "limit", "price"), [(1, 95, 95), (1, 105, 100), (-1, 105, 105), (-1, 95, 100)])
def test_a_limit_never_gets_a_worse_price(sign, limit, price):
    assert limit_price(sign, limit, UP) == price
