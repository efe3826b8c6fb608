"""Splits through the whole path: what is quoted, held, ordered and planned changes together; worked out by hand.

Prices in the tables are those quoted on the day. A 2 for 1 split before bar s halves them from there on.
"""

from __future__ import annotations

import numpy as np
import pytest

from framework.domain.account_event import CashInLieu, Split
from framework.engine.strategy import SignalStrategy
from tests.builders import Scripted, bars, life, play, still

FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}
WHOLE = {"name": "robinhood"}


def halved(*closes, split=2.0, at=2):
    """Two still bars at 100, then bars at ``closes``, the first of them after the split."""
    rows = [*still(100, at), *((close,) * 4 for close in closes)]
    return bars("A", rows, splits={at: split})


def buy(quantity=10, **terms):
    return lambda ctx: ctx.buy("A", quantity, **terms)


def test_shares_double_their_average_halves_and_equity_stays():
    seen = []
    played = play({0: buy()}, halved(50, 50), each=lambda simulation: seen.append(simulation.engine.desk.book.positions.get("A")))
    assert played.equity == [100_000 * 10**6] * 4
    assert (played.held(), played.cash) == (20.0, 99_000.0)
    assert float(seen[-1].average_price) == 50.0
    assert played.of(Split) == [Split(played.times[2], "A", 2, 1, 20_000_000)]
    assert not played.of(CashInLieu)


def test_a_short_owes_twice_the_shares():
    played = play({0: lambda ctx: ctx.sell("A", 10)}, halved(50, 50))
    assert (played.held(), played.equity[-1]) == (-20.0, 100_000 * 10**6)


def test_a_strategy_sees_prices_as_quoted_and_the_past_in_the_shares_of_today():
    kept = {}
    script = Scripted(lambda ctx: kept.update({ctx.now: ctx.bars("A")}))
    series = bars("A", [(100, 110, 90, 104, 1_000), (104, 104, 104, 104, 3_000), (52, 52, 52, 52, 5_000)], splits={2: 2.0})
    play(script, series)
    first, second, third = kept.values()
    assert first.close.tolist() == [104.0]
    assert second.high.tolist() == [110.0, 104.0]
    assert second.volume.tolist() == [1_000.0, 3_000.0]
    assert third.high.tolist() == [55.0, 52.0, 52.0]
    assert third.volume.tolist() == [2_000.0, 6_000.0, 5_000.0]


def test_columns_handed_out_before_a_split_stay_as_they_were():
    kept = []
    play(lambda ctx: kept.append((ctx.bars("A").close, ctx.bars("A").close.copy())), halved(50, 25, split=2.0))
    assert all(np.array_equal(handed_out, copy) for handed_out, copy in kept)


def test_signals_see_one_adjusted_series():
    class Seen(SignalStrategy):
        def signals(self, bars):
            self.panel = bars
            return np.zeros(bars.close.shape)

    strategy = Seen()
    play(strategy, halved(50, 51))
    assert strategy.panel.close[:, 0].tolist() == [50.0, 50.0, 50.0, 51.0]


def test_history_before_the_run_is_in_the_shares_of_its_first_bar_and_not_of_a_later_split():
    seen = []
    series = bars("A", [*still(400, 2), *still(200, 2), *still(100, 2)], splits={2: 2.0, 4: 2.0})
    play(lambda ctx: seen.append(ctx.bars("A").close.tolist()), series, first=int(series.timestamp[3]))
    assert seen == [[200.0] * 4, [100.0] * 5, [100.0] * 6]


def test_a_waiting_limit_order_is_restated_and_fills_at_its_new_limit():
    played = play({0: buy(order_type="limit", limit_price=90)}, halved(50, 45))
    (order,) = played.orders
    assert played.fills == [(3, "A", 20.0, 45.0)]
    assert (float(order.quantity), float(order.limit_price)) == (20.0, 45.0)
    assert (order.decided.quantity_micros, order.decided.limit_micros) == (10_000_000, 90_000_000)
    assert life(order) == ["submitted", "accepted", "accepted", "filled"]
    assert order.changes[2].reason == "split 2 for 1"


def test_the_strategy_hears_that_its_order_was_restated():
    strategy = Scripted({0: buy(order_type="limit", limit_price=90)})
    play(strategy, halved(50, 50))
    heard = [order for kind, _, order in (entry for entry in strategy.heard if entry[0] == "order") if kind]
    assert [(order.changes[-1].reason, float(order.quantity)) for order in heard] == [("", 10.0), ("", 10.0), ("split 2 for 1", 20.0)]


def test_a_partly_filled_order_goes_on_with_the_rest_in_new_shares():
    # 100 shares a bar, of which 10 may be taken: 10 of 25 at bar 1, then 10 of the 30 left a bar.
    rows = [(100, 100, 100, 100, 100)] * 2 + [(50, 50, 50, 50, 100)] * 4
    played = play({0: buy(25)}, bars("A", rows, splits={2: 2.0}), fills={"max_volume_share": 0.10})
    assert [quantity for _, _, quantity, _ in played.fills] == [10.0, 10.0, 10.0, 10.0]
    (order,) = played.orders
    assert life(order)[-1] == "filled"
    assert (float(order.quantity), float(order.filled_quantity), float(order.average_price)) == (50.0, 50.0, 50.0)
    assert played.held() == 50.0


def test_the_stop_moves_with_the_split_and_saves_the_doubled_position():
    played = play({0: buy()}, halved(50, 46), stops=FIVE_PERCENT)
    # 95 is 47.50 now; the open of 46 is below it.
    assert played.fills == [(1, "A", 10.0, 100.0), (3, "A", -20.0, 46.0)]
    stop = next(order for order in played.orders if order.role.value == "stop")
    assert float(stop.stop_price) == 47.5


def test_a_split_without_its_stop_would_have_sold():
    """The same fall in price without a split does."""
    assert play({0: buy()}, bars("A", [*still(100, 2), *still(50, 2)]), stops=FIVE_PERCENT).held() == 0.0
    assert play({0: buy()}, halved(50, 50), stops=FIVE_PERCENT).held() == 20.0


def test_a_trail_goes_on_from_the_level_it_had_reached():
    # The high of 110 lifts the trail to 104.50; after the split it stands at 52.25, and the low of 52.20 passes it.
    rows = [*still(), (100, 110, 100, 110), (55, 55, 52.2, 53)]
    played = play({0: buy()}, bars("A", rows, splits={2: 2.0}), stops={"attach": "entries", "method": "trailing", "trail_percent": 5})
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", -20.0, 52.25)]


def test_a_trail_in_dollars_is_half_as_far_away():
    # 4 dollars below 110 is 106, or 53; from the high of 57 on 2 dollars are 55.
    rows = [*still(), (100, 110, 100, 110), (55, 57, 55, 57), (57, 57, 54, 54)]
    stops = {"attach": "entries", "method": "trailing", "trail_amount": 4}
    assert play({0: buy()}, bars("A", rows, splits={2: 2.0}), stops=stops).fills[-1] == (3, "A", -20.0, 55.0)


def test_a_profit_target_is_halved_too():
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=120, stop_loss=90)}, halved(50, 61))
    assert played.fills[-1] == (3, "A", -20.0, 61.0)


def test_an_entry_that_waits_over_the_split_gets_the_stop_it_was_planned_with():
    # Stop at 80 and limit at 92: 40 and 46 in new shares.
    script = {0: lambda ctx: ctx.bracket("A", 10, take_profit=130, stop_loss=80, limit_price=92)}
    played = play(script, halved(50, 45, 45))
    assert played.fills == [(3, "A", 20.0, 45.0)]
    assert played.stops() == [(20.0, 40.0)]


def test_a_stop_by_average_true_range_is_measured_in_new_shares_throughout():
    # Ranges of 2 before the split are ranges of 1 after it: two of them below the close of 50.
    rows = [(100, 101, 99, 100)] * 5 + [(50, 50.5, 49.5, 50)] * 3
    stops = {"attach": "entries", "method": "atr", "atr_period": 3, "atr_multiple": 2}
    played = play({5: buy()}, bars("A", rows, splits={5: 2.0}), stops=stops)
    assert played.stops() == [(10.0, 48.0)]


@pytest.mark.parametrize(
    ("venue", "held", "lieu"),
    [
        # 101 shares, 3 for 2: 151.5; half a share is worth half of 66.67.
        ("robinhood", 151.0, 33_333_333),
        ("generic", 151.5, None),
    ],
)
def test_a_fraction_that_cannot_be_held_is_paid_at_the_close_before_in_new_shares(venue, held, lieu):
    rows = [*still(100, 2), *still(66.67, 2)]
    played = play({0: buy(101)}, bars("A", rows, splits={2: 1.5}), broker={"name": venue}, account={"cash": 100_000})
    assert played.held() == held
    assert [event.amount_micros for event in played.of(CashInLieu)] == ([] if lieu is None else [lieu])
    assert played.cash == 100_000 - 10_100 + (lieu or 0) / 1e6


def test_a_reverse_split_that_leaves_less_than_a_share_closes_the_position_and_its_orders():
    rows = [*still(10, 2), *still(100, 2)]
    played = play({0: buy(7)}, bars("A", rows, splits={2: 0.1}), broker=WHOLE, stops=FIVE_PERCENT)
    assert (played.held(), played.stops(), played.cash) == (0.0, [], 100_000.0)
    assert played.simulation.engine.desk.trips.returns == [0.0]
    assert [life(order)[-1] for order in played.orders] == ["filled", "canceled"]


def test_an_order_of_less_than_a_share_ends_with_its_reason():
    rows = [*still(10, 2), *still(100, 2)]
    played = play({0: buy(7, order_type="limit", limit_price=5)}, bars("A", rows, splits={2: 0.1}), broker=WHOLE)
    (order,) = played.orders
    assert life(order)[-1] == "canceled"
    assert order.changes[-1].reason == "split 1 for 10 leaves less than can be traded"


def test_a_split_while_nothing_is_held_or_ordered_is_no_event():
    played = play({2: buy()}, halved(50, 50))
    assert (played.of(Split), played.held()) == ([], 10.0)


def test_sizes_are_whole_shares_of_the_day_and_fees_are_charged_on_them():
    # 1,000 dollars at 90 are 11 shares then, whatever splits come later.
    rows = [*still(90, 2), *still(45, 2)]
    played = play(
        {0: lambda ctx: ctx.target("A", 1.0)},
        bars("A", rows, splits={2: 2.0}),
        broker=WHOLE,
        sizing={"method": "fixed", "fixed_amount": 1_000},
        fills={"fees": {"per_share": 0.1}},
    )
    (fill,) = played.simulation.journal.fills
    assert (float(fill.quantity), float(fill.price), float(fill.fees)) == (11.0, 90.0, 1.1)


def test_the_cap_on_volume_counts_shares_of_the_day():
    rows = [(100, 100, 100, 100, 100), (100, 100, 100, 100, 100), (50, 50, 50, 50, 100)]
    played = play({0: buy(30)}, bars("A", rows, splits={2: 2.0}), fills={"max_volume_share": 0.10})
    assert [quantity for _, _, quantity, _ in played.fills] == [10.0, 10.0]


def test_average_volume_is_in_shares_of_today():
    seen = []
    rows = [(100, 100, 100, 100, 1_000), (100, 100, 100, 100, 1_000), (50, 50, 50, 50, 2_000)]
    play({}, bars("A", rows, splits={2: 2.0}), each=lambda simulation: seen.append(simulation.market.average_volume(0)))
    assert seen == [1_000 * 10**6, 1_000 * 10**6, 2_000 * 10**6]


def test_daily_returns_know_no_split():
    seen = []
    play({}, halved(51, 51), each=lambda simulation: seen.append(simulation.market.daily_returns(0, 10).tolist()))
    assert seen[-1] == [0.0, pytest.approx(0.02), 0.0]


def test_the_split_and_what_it_restated_come_before_the_fills_of_its_bar():
    played = play({0: buy(order_type="limit", limit_price=90)}, halved(45, 45))
    kinds = [type(event).__name__ for event in played.simulation.journal.events]
    updates = [event for event in played.simulation.journal.events if getattr(event, "restated", None) or getattr(event, "fill", None)]
    assert updates[0].restated.quantity_micros == 20_000_000
    assert updates[1].fill.quantity_micros == 20_000_000
    assert kinds.count("Split") == 1


def test_the_collar_of_a_market_buy_that_waits_over_a_split_is_that_of_its_decision():
    rows = [*still(100), (56, 56, 56, 56), (56, 56, 52, 53), (53, 53, 53, 53)]
    played = play({0: buy()}, bars("A", rows, splits={1: 2.0}), broker=WHOLE)
    # 5 % above 100 is 52.50 in the new shares: the open at 56 is beyond it, the second bar comes down to it.
    assert played.fills == [(2, "A", 20.0, 52.5)]
