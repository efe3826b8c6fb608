"""Symbols that are silent, late or gone, and what is paid to those who hold."""

from __future__ import annotations

import numpy as np
import pytest

from framework.domain.account_event import Dividend
from tests.builders import Scripted, bars, daily, life, play, still

TIMES = daily(6)


def sparse(symbol, rows):
    """Bars at some of the six sessions: {session: row}."""
    return bars(symbol, list(rows.values()), [TIMES[index] for index in rows])


def test_an_order_never_fills_on_a_bar_that_closed_before_it():
    # B trades at 90 in session 0 and is silent while A goes on; the limit of 95 made in session 1 must not find that bar.
    quiet = sparse("B", {0: (100, 100, 90, 96), 4: (96, 97, 96, 96), 5: (96, 96, 96, 96)})
    for kind, price in (("limit", {"limit_price": 95}), ("stop_loss", {"stop_price": 99}), ("market", {})):
        played = play({1: lambda ctx, kind=kind, price=price: ctx.buy("B", 1, kind, **price)}, bars("A", still(100, 6)), quiet)
        expected = [(4, "B", 1.0, 96.0)] if kind == "market" else []
        assert played.fills == expected


def test_all_bars_of_one_close_are_one_decision():
    seen = []
    play(
        lambda ctx: seen.append((len(ctx.bars("A")), len(ctx.bars("B")))),
        bars("A", still(100, 6)),
        sparse("B", {0: (1, 1, 1, 1), 3: (2, 2, 2, 2)}),
    )
    assert seen == [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)]


def test_a_symbol_that_starts_late_has_no_bars_and_cannot_be_traded_yet():
    seen = []

    def script(ctx):
        seen.append(ctx.bars("B").close.tolist())
        if len(seen) in {1, 3}:
            ctx.buy("B", 1)

    late = sparse("B", {2: (777, 777, 777, 777), 3: (50, 50, 50, 50), 4: (51, 51, 51, 51), 5: (51, 51, 51, 51)})
    played = play(script, bars("A", still(100, 6)), late)
    assert seen[:4] == [[], [], [777], [777, 50]]
    assert played.refusals == ["no_price"]
    assert played.fills == [(3, "B", 1.0, 50.0)]


def test_a_target_for_a_symbol_without_a_price_is_refused_with_its_reason():
    played = play({0: lambda ctx: ctx.target("B", 1.0)}, bars("A", still(100, 6)), sparse("B", {3: (5, 5, 5, 5)}))
    assert (played.refusals, played.orders) == (["no_price"], [])


def test_an_order_on_a_symbol_that_has_ended_waits_and_never_fills():
    played = play({3: lambda ctx: ctx.buy("B", 1)}, bars("A", still(100, 6)), sparse("B", {0: (90, 110, 80, 90), 1: (90, 110, 80, 90)}))
    assert (played.fills, life(played.orders[0])) == ([], ["submitted", "accepted"])


def test_a_silent_symbol_is_worth_its_last_close():
    played = play({0: lambda ctx: ctx.buy("B", 10)}, bars("A", still(100, 6)), sparse("B", {0: (50, 50, 50, 50), 1: (50, 60, 50, 60)}))
    assert played.equity == [100_000_000_000] + [100_100_000_000] * 5


# --- dividends


def test_a_dividend_is_paid_to_holders_at_the_ex_date():
    played = play({0: lambda ctx: ctx.buy("A", 10)}, bars("A", still(100, 4), dividends={2: 0.5}))
    assert played.cash == 100_000 - 1_000 + 5
    (paid,) = played.of(Dividend)
    assert (paid.timestamp, paid.quantity_micros, paid.amount_micros) == (played.times[2], 10_000_000, 5_000_000)


def test_who_buys_on_the_ex_date_gets_no_dividend_and_who_sells_that_morning_does():
    buyer = play({1: lambda ctx: ctx.buy("A", 10)}, bars("A", still(100, 4), dividends={2: 0.5}))
    seller = play({0: lambda ctx: ctx.buy("A", 10), 1: lambda ctx: ctx.close("A")}, bars("A", still(100, 4), dividends={2: 0.5}))
    assert (buyer.cash, seller.cash) == (99_000.0, 100_005.0)


def test_a_short_pays_the_dividend():
    assert play({0: lambda ctx: ctx.sell("A", 10)}, bars("A", still(100, 4), dividends={2: 0.5})).cash == 100_000 + 1_000 - 5


# --- what a strategy sees


def test_bars_are_views_up_to_now_that_cannot_be_written():
    rows = [(1, 2, 1, 2, 10), (2, 3, 2, 3, 11), (3, 4, 3, 4, 12)]

    def script(ctx):
        seen = ctx.bars("A")
        count = len(seen)
        columns = (seen.open, seen.high, seen.low, seen.close, seen.volume)
        assert [column.tolist() for column in columns] == [[row[index] for row in rows[:count]] for index in range(5)]
        assert seen.timestamp[-1] == np.datetime64(ctx.now.replace(tzinfo=None))
        for column in (*columns, seen.timestamp):
            with pytest.raises(ValueError, match="read-only"):
                column[-1] = column[0]

    assert play(script, bars("A", rows)).strategy.decisions == 3


def test_history_before_the_first_decision_can_be_looked_at():
    seen = []
    play(lambda ctx: seen.append(len(ctx.bars("A"))), bars("A", still(100, 5)), first=daily(5)[3])
    assert seen == [4, 5]


def test_a_position_seen_is_a_copy():
    def script(ctx):
        ctx.position("A").quantity_micros = 5
        assert ctx.position("A").quantity == 10

    play({0: lambda ctx: ctx.buy("A", 10), 1: script}, bars("A", still(100, 3)))


def test_account_figures_are_exact_and_of_now():
    seen = []
    script = {
        0: lambda ctx: ctx.buy("A", 3),
        1: lambda ctx: seen.append((str(ctx.cash), str(ctx.equity), str(ctx.position("A").average_price))),
    }
    play(script, bars("A", [*still(33.33), (33.33, 34, 33, 33.5)]))
    assert seen == [("99900.01", "100000.51", "33.33")]


def test_state_belongs_to_the_strategy_and_lasts():
    def script(ctx):
        ctx.state["seen"] = ctx.state.get("seen", 0) + 1
        return ctx.state["seen"]

    assert play(script, bars("A", still(100, 3))).strategy.returned == {0: 1, 1: 2, 2: 3}


def test_on_start_sees_the_warm_up_and_its_last_close():
    """A strategy prepares with the history a live session would have before the open."""
    seen = []

    class Prepares(Scripted):
        """Looks back before the first decision."""

        def on_start(self, ctx):
            seen.append((len(ctx.bars("A")), ctx.now, float(ctx.bars("A").close[-1])))

    days = daily(5)
    play(Prepares({}), bars("A", [(10.0 + n, 11.0 + n, 9.0 + n, 10.5 + n, 1e6) for n in range(5)], times=days), first=int(days[3]))
    [(count, now, close)] = seen
    assert (count, close) == (3, 12.5)
    assert int(now.timestamp() * 1e9) == int(days[2])
