"""Data that stop coming and a broker that fails: what the circuit breakers make of it, through the whole path."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.simulated.broker import SimulatedBroker
from framework.domain.order import OrderRole, OrderSide, OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.errors import BrokerError
from tests.builders import Played, Scripted, bars, daily, life, minutes, play, still

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.order import ApprovedOrder, Order

ON = {"enabled": True}
DAYS = daily(12)


def buy(quantity, symbol="A", **terms):
    return lambda ctx: ctx.buy(symbol, quantity, **terms)


def both(*actions):
    return lambda ctx: [action(ctx) for action in actions]


def changes(played: Played) -> list[tuple[str, int]]:
    """(code, bar) of everything the guards did."""
    return [(one.code, played.times.index(one.timestamp)) for one in played.simulation.journal.transitions]


def with_gap(symbol: str, *sessions: int):
    """Bars at 100 on twelve sessions but ``sessions``."""
    times = [time for number, time in enumerate(DAYS) if number not in sessions]
    return bars(symbol, still(100, len(times)), times)


# --- stale data

B = bars("B", still(50, 12))


def test_the_third_session_without_a_bar_of_what_is_held_refuses_entries_and_lets_exits_pass():
    every_day = {number: buy(1, "B") for number in range(3, 8)} | {6: both(buy(1, "B"), lambda ctx: ctx.sell("B", 2))}
    played = play({0: buy(10)} | every_day, with_gap("A", 4, 5, 6, 7, 8, 9, 10, 11), B, guards=ON)
    assert changes(played) == [("stale_data", 6)]
    assert [(one.timestamp, one.symbol, one.code, one.figure, one.limit) for one in played.simulation.journal.refusals] == [
        (DAYS[bar], "B", "guard_reducing", 3.0, 3.0) for bar in (6, 7)
    ]
    assert played.simulation.journal.refusals[0].detail == "buy 1 B: A missed 3 bars in a row ([guards] max_missed_bars = 3)"
    assert played.held("B") == 1.0


def test_one_session_less_is_no_outage():
    played = play({0: buy(10), 5: buy(1, "B"), 6: buy(1, "B")}, with_gap("A", 4, 5), B, guards=ON)
    assert (changes(played), played.held("B")) == ([], 2.0)


def test_entries_are_allowed_again_in_the_session_after_the_data_are_back():
    # The session in which they come back begins without anybody having seen what happened: it stays closed.
    script = {0: buy(10)} | {number: buy(1, "B") for number in range(5, 10)}
    played = play(script, with_gap("A", 4, 5, 6), B, guards=ON)
    assert changes(played) == [("stale_data", 6), ("new_session", 8)]
    assert [DAYS.index(one.timestamp) for one in played.simulation.journal.refusals] == [6, 7]
    assert played.held("B") == 3.0


def test_a_symbol_nobody_holds_may_fall_silent():
    played = play({number: buy(1, "B") for number in range(12)}, with_gap("A", *range(2, 12)), B, guards=ON)
    assert (changes(played), played.refusals) == ([], [])


def test_an_order_that_works_in_a_silent_symbol_counts_like_a_position():
    script = {0: buy(10, order_type="limit", limit_price=90), 6: buy(1, "B")}
    played = play(script, with_gap("A", 4, 5, 6, 7, 8, 9), B, guards=ON)
    assert (changes(played)[0], played.refusals) == (("stale_data", 6), ["guard_reducing"])


def test_an_entry_in_a_silent_symbol_is_refused_and_so_is_what_follows_it():
    script = {5: buy(1), 6: both(buy(1, "B"), buy(1), buy(2, "B")), 7: buy(4, "B"), 8: buy(8, "B")}
    played = play(script, with_gap("A", 4, 5, 6, 7, 8, 9), B, guards=ON | {"max_missed_bars": 2})
    assert changes(played)[:2] == [("stale_data", 5), ("new_session", 6)]
    assert [(one.symbol, DAYS.index(one.timestamp)) for one in played.simulation.journal.refusals] == [("A", 5), ("A", 6), ("B", 6)]
    assert played.held("B") == 13.0


def test_a_symbol_that_never_had_a_bar_is_no_outage_but_has_no_price():
    late = bars("A", still(100, 2), DAYS[10:])
    played = play({3: buy(1), 4: buy(1, "B")}, late, B, guards=ON)
    assert (changes(played), played.refusals, played.held("B")) == ([], ["no_price"], 1.0)


def test_a_gap_in_everything_is_seen_when_it_ends():
    played = play({0: buy(10), 4: buy(1), 5: buy(2)}, with_gap("A", 4, 5, 6), guards=ON)
    assert changes(played) == [("stale_data", 4), ("new_session", 5)]
    assert (played.refusals, played.held()) == (["guard_reducing"], 12.0)


def test_an_outage_of_many_sessions_is_one_violation():
    played = play({0: buy(10)}, with_gap("A", *range(2, 12)), B, guards=ON | {"max_violations": 2})
    assert changes(played) == [("stale_data", 4)]


def test_zero_switches_the_breaker_off():
    played = play({0: buy(10), 9: buy(1, "B"), 10: buy(1)}, with_gap("A", *range(2, 12)), B, guards=ON | {"max_missed_bars": 0})
    assert (changes(played), played.held("B")) == ([], 1.0)


def test_minutes_are_counted_while_the_exchange_is_open():
    monday, tuesday = date(2012, 1, 9), date(2012, 1, 10)
    whole = (*minutes(monday, range(380, 391)), *minutes(tuesday, range(1, 8)))
    thin = [time for time in whole if time not in (*minutes(monday, (389, 390)), *minutes(tuesday, (3, 4, 5, 6, 7)))]
    series = bars("A", still(100, len(thin)), thin), bars("B", still(50, len(whole)), whole)
    # Two minutes are missing at the end of Monday, and from the third one of Tuesday on.
    played = play({0: buy(10)}, *series, guards=ON, data={"resolution": "1m"})
    assert [(one.code, one.timestamp) for one in played.simulation.journal.transitions] == [("stale_data", minutes(tuesday, (5,))[0])]


def test_a_clock_sees_an_outage_before_the_next_bar_does():
    played = play({0: buy(10)}, bars("A", still(100, 3)), guards=ON)
    engine, closes = played.simulation.engine, daily(20)
    seen = []
    for now in (closes[4], closes[5] - 1, closes[5], closes[6]):
        engine.on_clock(now)
        seen.append((engine.desk.breakers.state.trading.name, len(played.simulation.journal.transitions)))
    assert seen == [("ACTIVE", 0), ("ACTIVE", 0), ("REDUCING", 1), ("REDUCING", 1)]
    assert engine.desk.order("A", OrderSide.BUY, 1, None, order_type="market").status is OrderStatus.DENIED


@given(
    st.lists(st.sets(st.integers(1, 11), max_size=9), min_size=1, max_size=3),
    st.integers(1, 3),
    st.sampled_from([0, 1, 2]),
)
def test_a_run_whose_clock_also_asks_between_bars_decides_the_same(silent, missed, violations):
    series = [with_gap(symbol, *gaps) for symbol, gaps in zip("ABC", silent, strict=False)]
    script = lambda ctx: [ctx.buy(symbol, 1) for symbol in ctx.symbols]  # noqa: E731
    guards = ON | {"max_missed_bars": missed, "max_violations": violations}

    def tick(simulation):
        now = simulation.market.now
        following = min((time for one in series for time in one.timestamp.tolist() if time > now), default=now)
        for close in DAYS:
            if now < close < following:
                simulation.engine.on_clock(close)

    by_bars, by_clock = play(script, *series, guards=guards), play(script, *series, guards=guards, each=tick)
    assert by_clock.simulation.journal.decisions_hash == by_bars.simulation.journal.decisions_hash
    assert by_clock.fills == by_bars.fills


# --- a broker that fails


@pytest.fixture
def faulty(monkeypatch) -> Callable[..., None]:
    """Makes the venue answer submissions and cancels by a rule: (number of the call, order) -> "reject", "lose", "time out" or nothing."""

    def install(submission: Callable[[int, Order], str | None], cancel: Callable[[int], str | None] = lambda _: None) -> None:
        class Faulty(SimulatedBroker):
            placed, canceled = 0, 0

            def place_order(self, approved: ApprovedOrder) -> Order:
                self.placed += 1
                answer = submission(self.placed, approved.order)
                if answer == "reject":
                    self._listener.on_update(OrderUpdate(approved.order.order_id, self._market.now, OrderStatus.REJECTED, "not today"))
                    return approved.order
                if answer == "lose":
                    raise BrokerError("connection reset")
                placed = super().place_order(approved)
                if answer == "time out":
                    raise BrokerError("no answer in time")
                return placed

            def cancel_order(self, order_id: str) -> bool:
                self.canceled += 1
                if cancel(self.canceled) is not None:
                    raise BrokerError("no answer in time")
                return super().cancel_order(order_id)

        monkeypatch.setattr("framework.app.assembly.assemble.SimulatedBroker", Faulty)

    return install


def reject(*numbers: int) -> Callable[[int, Order], str | None]:
    return lambda number, _: "reject" if number in numbers else None


THREE = ON | {"max_broker_errors": 3, "broker_window": 5}


def test_three_rejections_among_five_orders_halt(faulty):
    faulty(reject(1, 3, 5, 6, 7))
    played = play(lambda ctx: ctx.buy("A", 1), bars("A", still(100, 9)), guards=THREE)
    assert [life(order)[-1] for order in played.orders[:5]] == ["rejected", "filled", "rejected", "filled", "rejected"]
    assert changes(played) == [("broker_errors", 4)]
    assert played.refusals == ["guard_halted"] * 4
    detail = "buy 1 A: 3 of the last orders and cancels failed at the broker ([guards] max_broker_errors = 3)"
    assert played.simulation.journal.refusals[0].detail == detail
    assert (played.simulation.broker.placed, played.held()) == (5, 2.0)


def test_older_failures_are_forgotten(faulty):
    faulty(reject(1, 2, 6, 11))
    played = play(lambda ctx: ctx.buy("A", 1), bars("A", still(100, 12)), guards=THREE)
    assert (changes(played), played.held()) == ([], 7.0)


def test_zero_switches_this_breaker_off_too(faulty):
    faulty(reject(*range(1, 12)))
    played = play(lambda ctx: ctx.buy("A", 1), bars("A", still(100, 12)), guards=ON | {"max_broker_errors": 0})
    assert (changes(played), played.simulation.broker.placed) == ([], 12)


def test_a_lost_submission_is_unknown_counts_as_working_and_is_not_sent_again(faulty):
    faulty(lambda number, _: "lose" if number == 1 else None)
    script = {0: buy(600), 1: both(lambda ctx: ctx.open_orders("A"), buy(600))}
    played = play(script, bars("A", still(100, 4)), guards=ON)
    first, second = played.orders
    assert life(first) == ["submitted", "unknown"]
    assert first.changes[-1].reason == "no answer: connection reset"
    # Its money stays reserved: the second is refused for it.
    assert (life(second), played.refusals) == (["denied"], ["insufficient_buying_power"])
    assert played.simulation.broker.placed == 1


def test_an_answer_that_is_lost_after_the_venue_took_the_order_changes_nothing_but_the_count(faulty):
    faulty(lambda *_: "time out")
    played = play({0: buy(1), 1: buy(2), 2: buy(4), 3: buy(8)}, bars("A", still(100, 6)), guards=THREE)
    assert (changes(played), played.held(), life(played.orders[0])) == ([("broker_errors", 2)], 7.0, ["submitted", "accepted", "filled"])


def test_a_failed_cancel_leaves_the_order_working_and_can_be_asked_again(faulty):
    faulty(lambda *_: None, lambda number: "time out" if number == 1 else None)
    held: list[Order] = []
    script = {
        0: lambda ctx: held.append(ctx.buy("A", 1, "limit", limit_price=90)),
        1: lambda ctx: ctx.cancel(held[0]),
        2: lambda ctx: ctx.cancel(held[0]),
    }
    played = play(script, bars("A", still(100, 4)), guards=THREE)
    assert [played.strategy.returned[number] for number in (1, 2)] == [False, True]
    assert life(held[0]) == ["submitted", "accepted", "pending_cancel", "accepted", "pending_cancel", "canceled"]
    assert held[0].changes[3].reason == "not canceled: no answer in time"
    assert played.simulation.engine.desk.breakers.state.failures == (1, 0)


def test_failed_cancels_halt_like_failed_orders(faulty):
    faulty(lambda *_: None, lambda _: "time out")
    held: list[Order] = []
    script = {0: lambda ctx: held.append(ctx.buy("A", 1, "limit", limit_price=90))}
    script |= {number: lambda ctx: ctx.cancel(held[0]) for number in (1, 2, 3)}
    assert changes(play(script, bars("A", still(100, 5)), guards=THREE)) == [("broker_errors", 3)]


def test_a_stop_that_cannot_be_canceled_is_not_doubled(faulty):
    # The stop follows the position from 10 to 15 shares, but its cancel fails: the old one goes on working, alone.
    faulty(lambda *_: None, lambda number: "time out" if number == 1 else None)
    stops = {"attach": "entries", "method": "percent", "percent": 5}
    played = play({0: buy(10), 1: buy(5), 2: buy(5)}, bars("A", still(100, 6)), guards=ON, stops=stops)
    working = [one for one in played.simulation.broker.get_open_orders() if one.role is OrderRole.STOP]
    assert (played.held(), [float(one.quantity) for one in working]) == (20.0, [20.0])


def test_a_target_waits_for_the_order_it_replaces(faulty):
    faulty(lambda number, _: "lose" if number == 1 else None)
    script = {0: lambda ctx: ctx.target("A", 1.0), 1: lambda ctx: [ctx.target("A", 0.5), ctx.target("B", 1.0)]}
    sizing = {"method": "fixed", "fixed_amount": 10_000.0, "max_position_pct": 1.0, "max_portfolio_var_pct": 1.0}
    played = play(script, bars("A", still(100, 4)), bars("B", still(50, 4)), guards=ON, sizing=sizing)
    assert [(order.symbol, life(order)[-1]) for order in played.orders] == [("A", "unknown"), ("B", "filled")]
    assert played.refusals == ["order_unsettled"]
    assert "is unknown, was not canceled and may still fill" in played.simulation.journal.refusals[0].detail


def test_an_unknown_order_is_settled_by_what_the_broker_says_later(faulty):
    faulty(lambda number, _: "lose" if number == 1 else None)

    def settle(simulation):
        for order in simulation.engine.desk.blotter.of():
            if order.status is OrderStatus.UNKNOWN and len(order.changes) == 2:
                report = OrderUpdate(order.order_id, simulation.market.now, OrderStatus.REJECTED, "never seen here")
                simulation.engine.desk.on_update(report)

    actor = Scripted({0: buy(1)})
    played = play(actor, bars("A", still(100, 4)), guards=THREE, each=settle)
    assert life(played.orders[0]) == ["submitted", "unknown", "rejected"]
    assert played.simulation.engine.desk.blotter.of() == []
    assert [entry[2].status.value for entry in actor.heard if entry[0] == "order"] == ["submitted", "unknown", "rejected"]
