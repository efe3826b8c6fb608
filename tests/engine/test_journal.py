"""The hash of decisions: everything decided is in it, and nothing that only happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from framework.domain.order import Order, OrderSide, OrderStatus, OrderType, TimeInForce, TrailType
from framework.engine.journal import Journal

ORDER = Order(
    "id-1", "AAPL", OrderSide.BUY, 10_000_000, OrderType.LIMIT, 1_000, limit_micros=5, stop_micros=6, trail_micros=7, reason="why"
)


def hash_of(*orders):
    journal = Journal()
    for order in orders:
        journal.decided(order)
    return journal.decisions_hash


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": 1_001},
        {"symbol": "IBM"},
        {"side": OrderSide.SELL},
        {"quantity_micros": 10_000_001},
        {"order_type": OrderType.STOP_LIMIT},
        {"limit_micros": 6},
        {"limit_micros": None},
        {"stop_micros": 7},
        {"trail_micros": 8},
        {"trail_type": TrailType.AMOUNT},
        {"time_in_force": TimeInForce.DAY},
        {"reason": "why not"},
    ],
    ids=str,
)
def test_another_decision_is_another_hash(change):
    assert hash_of(replace(ORDER, **change)) != hash_of(ORDER)


@pytest.mark.parametrize(
    "change", [{"order_id": "id-2"}, {"status": OrderStatus.FILLED}, {"filled_micros": 5}, {"fees_micros": 1}, {"tag": "a"}], ids=str
)
def test_ids_and_what_happened_later_are_not_part_of_it(change):
    assert hash_of(replace(ORDER, **change)) == hash_of(ORDER)


def test_the_sequence_of_decisions_counts():
    other = replace(ORDER, symbol="IBM")
    assert len({hash_of(ORDER, other), hash_of(other, ORDER), hash_of(ORDER), hash_of()}) == 4
