"""The fill table of the contract, order by order, through the whole engine: decided at the close of bar 0, at 100 dollars."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.builders import bars, play, still

if TYPE_CHECKING:
    from collections.abc import Mapping


class Case(NamedTuple):
    why: str
    side: str
    terms: dict[str, object]
    after: list[tuple[float, float, float, float]]
    fills: list[tuple[int, float]]
    model: Mapping[str, object] = MappingProxyType({})


LIMIT = {"order_type": "limit"}
STOP = {"order_type": "stop_loss"}
STOP_LIMIT = {"order_type": "stop_limit"}
TRAIL = {"order_type": "trailing_stop"}

CASES = [
    Case("market: at the open of the next bar", "buy", {}, [(101, 103, 99, 102)], [(1, 101)]),
    Case("limit buy, open below: at the open", "buy", LIMIT | {"limit_price": 98}, [(97, 99, 96, 98)], [(1, 97)]),
    Case("limit buy, reached in the bar: at the limit", "buy", LIMIT | {"limit_price": 98}, [(100, 101, 97, 99)], [(1, 98)]),
    Case("limit buy, only touched: at the limit", "buy", LIMIT | {"limit_price": 98}, [(100, 101, 98, 99)], [(1, 98)]),
    Case("limit buy, not reached: waits", "buy", LIMIT | {"limit_price": 98}, [(100, 101, 98.01, 99), (99, 99, 97, 97)], [(2, 98)]),
    Case("through: a touch is no fill", "buy", LIMIT | {"limit_price": 98}, [(100, 101, 98, 99)], [], {"limit_fill": "through"}),
    Case("through: traded through", "buy", LIMIT | {"limit_price": 98}, [(100, 101, 97.99, 99)], [(1, 98)], {"limit_fill": "through"}),
    Case("limit sell, open above: at the open", "sell", LIMIT | {"limit_price": 102}, [(103, 104, 101, 103)], [(1, 103)]),
    Case("limit sell, touched: at the limit", "sell", LIMIT | {"limit_price": 102}, [(100, 102, 99, 100)], [(1, 102)]),
    Case("limit sell, not reached", "sell", LIMIT | {"limit_price": 102}, [(100, 101.99, 99, 100)], []),
    Case("stop sell, gap: at the open, not saved by its stop", "sell", STOP | {"stop_price": 95}, [(94, 96, 93, 95)], [(1, 94)]),
    Case("stop sell, touched: at the stop", "sell", STOP | {"stop_price": 95}, [(100, 101, 95, 99)], [(1, 95)]),
    Case("stop sell, not reached", "sell", STOP | {"stop_price": 95}, [(100, 101, 95.01, 99)], []),
    Case("stop buy, gap: at the open", "buy", STOP | {"stop_price": 105}, [(106, 107, 104, 105)], [(1, 106)]),
    Case("stop buy, reached: at the stop", "buy", STOP | {"stop_price": 105}, [(100, 107, 99, 100)], [(1, 105)]),
    Case("an alias of stop_loss", "buy", {"order_type": "stop_market", "stop_price": 105}, [(100, 107, 99, 100)], [(1, 105)]),
    Case(
        "stop limit: at the stop while inside the limit",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 106},
        [(100, 107, 99, 100)],
        [(1, 105)],
    ),
    Case(
        "stop limit, open between: at the open",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 106},
        [(105.5, 107, 105, 106)],
        [(1, 105.5)],
    ),
    Case(
        "stop limit, gap beyond: the limit works on in the bar",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 106},
        [(107, 108, 104, 105)],
        [(1, 106)],
    ),
    Case(
        "stop limit, triggered once: a plain limit from then on",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 106},
        [(107, 108, 106.5, 108), (104, 104.5, 103, 104)],
        [(2, 104)],
    ),
    Case(
        "stop limit, limit below the stop: high first, then down through the limit",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 103},
        [(100, 107, 99, 106)],
        [(1, 103)],
    ),
    Case(
        "the same with the low first: triggered on the way up, the limit is behind",
        "buy",
        STOP_LIMIT | {"stop_price": 105, "limit_price": 103},
        [(100, 107, 99, 106)],
        [],
        {"path": "optimistic"},
    ),
    Case(
        "stop limit sell, gap beyond: waits for the way back",
        "sell",
        STOP_LIMIT | {"stop_price": 95, "limit_price": 94},
        [(93, 95, 92, 93)],
        [(1, 94)],
    ),
    Case(
        "trailing percentage: 5 % below 110, the best since acceptance",
        "sell",
        TRAIL | {"trail_amount": 5},
        [(100, 110, 100, 108), (108, 109, 104, 105)],
        [(2, 104.5)],
    ),
    Case(
        "trailing amount: 5 dollars below 110",
        "sell",
        TRAIL | {"trail_amount": 5, "trail_type": "amount"},
        [(100, 110, 100, 108), (108, 109, 104, 105)],
        [(2, 105)],
    ),
    Case("trailing, gap: at the open", "sell", TRAIL | {"trail_amount": 5}, [(100, 110, 100, 108), (103, 104, 102, 103)], [(2, 103)]),
    Case("trailing from the price at acceptance", "sell", TRAIL | {"trail_amount": 5}, [(98, 98, 95, 96)], [(1, 95)]),
    Case(
        "trailing along the path: up to 110, then down through 104.5 in one bar",
        "sell",
        TRAIL | {"trail_amount": 5},
        [(100, 110, 99, 100)],
        [(1, 104.5)],
        {"path": "optimistic"},
    ),
    Case("trailing buy: 5 % above 90", "buy", TRAIL | {"trail_amount": 5}, [(100, 101, 90, 92), (92, 96, 91, 95)], [(2, 94.5)]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.side}: {case.why}")
def test_an_order_fills_as_the_table_says(case):
    played = play(
        {0: lambda ctx: getattr(ctx, case.side)("A", 10, **case.terms)},
        bars("A", [*still(), *case.after]),
        fills={"slippage": "none", "max_volume_share": 0, "fees": "none", **case.model},
    )
    signed = 10.0 if case.side == "buy" else -10.0
    assert played.fills == [(bar, "A", signed, price) for bar, price in case.fills]


def test_prices_before_the_decision_do_not_fill():
    # The decision's own bar trades at 90; the order is only made at its close.
    played = play({0: lambda ctx: ctx.buy("A", 1, "limit", limit_price=95)}, bars("A", [(100, 100, 90, 100), *still(100, 3)]))
    assert played.fills == []


def test_a_trailing_stop_ignores_the_best_price_before_its_acceptance():
    # 120 was seen in the decision's bar: a trail of 10 starts from the close of 100, at 90, not at 110.
    played = play(
        {0: lambda ctx: ctx.sell("A", 1, "trailing_stop", trail_amount=10, trail_type="amount")},
        bars("A", [(100, 120, 100, 100), (100, 100, 91, 95), (95, 95, 89, 90)]),
    )
    assert played.fills == [(2, "A", -1.0, 90.0)]


def test_slippage_moves_every_price_against_the_order_but_never_beyond_a_limit():
    def script(ctx):
        ctx.buy("A", 1)
        ctx.buy("A", 1, "limit", limit_price=98)
        ctx.sell("B", 1, "stop_loss", stop_price=95)

    prices = bars("A", [*still(), (100, 101, 97, 100)]), bars("B", [*still(), (100, 101, 94, 100)])
    played = play({0: script}, *prices, fills={"slippage": {"model": "bps", "bps": 10}})
    # 10 bp: 100 -> 100.10, 95 -> 94.905; the limit stays a limit.
    assert played.fills == [(1, "A", 1.0, 100.1), (1, "A", 1.0, 98.0), (1, "B", -1.0, 94.905)]


def test_fees_are_paid_beside_the_price():
    played = play({0: lambda ctx: ctx.buy("A", 100)}, bars("A", still(50, 2)), fills={"fees": {"per_share": 0.005, "rate": 0.001}})
    # 100 * 0.005 + 0.1 % of 5,000.
    assert played.simulation.journal.fills[0].fees_micros == 5_500_000
    assert played.cash == 100_000 - 5_000 - 5.5
