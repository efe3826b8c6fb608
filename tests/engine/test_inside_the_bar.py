"""What is placed while a bar's path is being walked knows nothing of the rest of it."""

from __future__ import annotations

import pytest

from framework.errors import InvalidOrderError
from tests.builders import bars, play, still

TRAILING = {"attach": "entries", "method": "trailing", "trail_percent": 5.0}


@pytest.mark.parametrize("close", [99.0, 103.0, 104.0])
def test_a_trailing_stop_measures_from_the_fill_and_not_from_the_close_to_come(close):
    # Bought at the open of 100; the low of 97 stays above 95 and the high of 104 raises the level to 98.8, wherever the bar closes.
    market = bars("A", [(100, 101, 99, 100), (100, 104, 97, close), (close, close, close, close)])
    played = play({0: lambda ctx: ctx.buy("A", 1)}, market, stops=TRAILING)
    assert played.fills == [(1, "A", 1.0, 100.0)]


def test_a_looser_stop_of_the_strategy_does_not_replace_the_protective_one():
    market = bars("A", [*still(100, 3), (100, 100, 60, 60), *still(60, 2)])
    script = {0: lambda ctx: ctx.buy("A", 10), 2: lambda ctx: ctx.sell("A", 10, "stop_loss", stop_price=10)}
    played = play(script, market, stops={"attach": "entries", "method": "percent", "percent": 5.0})
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -10.0, 95.0)]
    assert played.simulation.broker.get_open_orders() == []


def test_exits_on_the_wrong_side_of_the_entry_are_refused_at_the_call():
    market = bars("A", still(100, 3))
    for wrong in (
        lambda ctx: ctx.bracket("A", 1, take_profit=120, stop_loss=105, limit_price=99.5),
        lambda ctx: ctx.bracket("A", 1, take_profit=50, stop_loss=40),
        lambda ctx: ctx.target("A", 1.0, stop=150),
        lambda ctx: ctx.target("A", -1.0, stop=50),
    ):
        with pytest.raises(InvalidOrderError, match="must be"):
            play({0: wrong}, market)
