"""What a bar can bear and what the account can pay."""

from __future__ import annotations

import pandas as pd
import pytest

from framework import run
from tests.builders import bars, daily, life, play, still

CAPPED = {"max_volume_share": 0.10}


def test_an_order_larger_than_the_share_of_volume_fills_over_several_bars():
    rows = [*still(), (100, 101, 99, 100, 400), (101, 102, 100, 101, 400), (102, 103, 101, 102, 400)]
    played = play({0: lambda ctx: ctx.buy("A", 100)}, bars("A", rows), fills=CAPPED)
    assert played.fills == [(1, "A", 40.0, 100.0), (2, "A", 40.0, 101.0), (3, "A", 20.0, 102.0)]
    assert life(played.orders[0]) == ["submitted", "accepted", "partially_filled", "partially_filled", "filled"]


def test_two_orders_share_the_volume_of_a_bar_first_come_first_served():
    def script(ctx):
        ctx.buy("A", 60, tag="first")
        ctx.buy("A", 60, tag="second")

    played = play({0: script}, bars("A", [*still(), *[(100, 100, 100, 100, 1000)] * 2]), fills=CAPPED)
    assert played.fills == [(1, "A", 60.0, 100.0), (1, "A", 40.0, 100.0), (2, "A", 20.0, 100.0)]


def test_a_buy_and_a_sell_share_it_too():
    def script(ctx):
        ctx.buy("A", 80)
        ctx.sell("B", 80)
        ctx.sell("A", 80, "limit", limit_price=100)

    played = play(
        {0: script}, bars("A", [*still(), (100, 100, 100, 100, 1000)]), bars("B", [*still(), (50, 50, 50, 50, 100)]), fills=CAPPED
    )
    assert played.fills == [(1, "A", 80.0, 100.0), (1, "A", -20.0, 100.0), (1, "B", -10.0, 50.0)]


def test_the_share_is_rounded_down_to_whole_shares_where_the_venue_has_no_others():
    rows = [*still(), (100, 100, 100, 100, 59), (100, 100, 100, 100, 9), *still()]
    played = play({0: lambda ctx: ctx.buy("A", 6)}, bars("A", rows), broker={"name": "robinhood"}, fills=CAPPED)
    assert played.fills == [(1, "A", 5.0, 100.0), (3, "A", 1.0, 100.0)]


def test_a_stop_reached_where_no_volume_is_left_leaves_at_the_next_open():
    # The limit takes all ten shares first (high first: the account holds a short, 105 hurts it); the stop at 95 was reached all the same.
    rows = [*still(100, 2), (100, 106, 94, 99, 100), (98, 98, 98, 98)]

    def script(ctx):
        ctx.sell("A", 10, "limit", limit_price=104)
        ctx.sell("A", 5, "stop_loss", stop_price=95)

    played = play({0: lambda ctx: ctx.sell("A", 1), 1: script}, bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -10.0, 104.0), (3, "A", -5.0, 98.0)]


def test_a_bar_without_volume_fills_nothing_and_is_counted():
    rows = [*still(), (100, 110, 90, 100, 0), (101, 101, 101, 101)]
    played = play({0: lambda ctx: ctx.buy("A", 10)}, bars("A", rows))
    assert played.fills == [(2, "A", 10.0, 101.0)]
    assert played.simulation.broker.idle_bars == {"A": 1}


def test_a_run_warns_of_bars_without_volume_and_of_orders_left_over(tmp_path, monkeypatch):
    (tmp_path / "buys_late.py").write_text(
        "from framework import Strategy\n"
        "class BuysLate(Strategy):\n"
        "    def on_bar(self, ctx):\n"
        "        if len(ctx.bars('A')) in (1, 4):\n"
        "            ctx.buy('A', 1)\n"
    )
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close"), 100.0), index=pd.to_datetime(list(daily(4)), utc=True))
    frame["volume"] = [1e6, 0.0, 1e6, 1e6]
    config = {"strategy": {"class": "buys_late:BuysLate"}, "universe": {"symbols": ["A"]}}
    record = run(config, data={"A": frame}).record
    assert [fill.timestamp for fill in record.fills] == [daily(4)[2]]
    assert "A: orders waited on 1 bars without volume" in record.warnings
    assert "1 orders were still working at the end and never filled" in record.warnings


# --- cash


def test_a_gap_up_buys_what_the_cash_pays_and_cancels_the_rest():
    # 9,500 of 10,000 dollars at 100, reserved at 105; the open at 125 pays for 80 shares.
    played = play(
        {0: lambda ctx: ctx.buy("A", 95)},
        bars("A", [*still(), *still(125)]),
        account={"cash": 10_000},
        broker={"name": "generic", "fractional": False},
    )
    (order,) = played.orders
    assert played.fills == [(1, "A", 80.0, 125.0)]
    assert order.changes[-1][1:3] == ("canceled", "insufficient_buying_power")
    assert played.cash == 0.0


def test_fees_are_part_of_what_the_cash_must_pay():
    # 125 + 0.50 a share: 79 shares cost 9,914.50, the eightieth would cost 10,040.
    played = play(
        {0: lambda ctx: ctx.buy("A", 94)},
        bars("A", [*still(), *still(125)]),
        account={"cash": 10_000},
        broker={"name": "generic", "fractional": False},
        fills={"fees": {"per_share": 0.5}},
    )
    assert (played.fills, played.cash) == ([(1, "A", 79.0, 125.0)], 10_000 - 79 * 125.5)


@pytest.mark.parametrize(("shares", "refusals", "cash"), [(99, [], 1.0), (100, ["insufficient_buying_power"], 10_000.0)])
def test_cash_is_kept_for_the_fees_so_that_nothing_is_cut_at_the_limit(shares, refusals, cash):
    # 9,900 and one dollar a share are 9,999; a hundred shares would need 10,100.
    script = {0: lambda ctx: ctx.buy("A", shares, "limit", limit_price=100)}
    played = play(script, bars("A", still(100, 2)), account={"cash": 10_000}, fills={"fees": {"per_share": 1.0}})
    assert (played.refusals, played.cash) == (refusals, cash)
    assert played.held() == (0 if refusals else shares)


def test_fees_of_orders_that_wait_are_kept_too():
    def script(ctx):
        ctx.buy("A", 50, "limit", limit_price=99)
        ctx.buy("B", 50, "limit", limit_price=99)

    series = bars("A", still(100, 2)), bars("B", still(100, 2))
    played = play({0: script}, *series, account={"cash": 10_000}, fills={"fees": {"per_order": 60.0}})
    assert played.refusals == ["insufficient_buying_power"]
    played = play({0: script}, *series, account={"cash": 10_000}, fills={"fees": {"per_order": 50.0}})
    assert played.refusals == []


def test_cash_is_reserved_by_earlier_orders_of_the_same_decision():
    def script(ctx):
        ctx.buy("A", 60)
        ctx.buy("B", 60)

    played = play({0: script}, bars("A", still(100, 2)), bars("B", still(100, 2)), account={"cash": 10_000})
    assert [fill[1] for fill in played.fills] == ["A"]
    assert played.refusals == ["insufficient_buying_power"]


def test_what_a_flip_opens_is_reserved_as_well():
    # Long 10; selling 60 opens a short of 50, which with 55 more of B is above 10,000.
    def script(ctx):
        ctx.sell("A", 60)
        ctx.buy("B", 55)

    played = play(
        {0: lambda ctx: ctx.buy("A", 10), 1: script}, bars("A", still(100, 3)), bars("B", still(100, 3)), account={"cash": 10_000}
    )
    assert played.refusals == ["insufficient_buying_power"]
    assert (played.held("A"), played.held("B")) == (-50.0, 0.0)


def test_cash_is_free_again_when_an_order_is_canceled():
    def script(ctx):
        ctx.cancel(ctx.buy("A", 90, "limit", limit_price=90))
        ctx.buy("A", 90)

    played = play({0: script}, bars("A", still(100, 2)), account={"cash": 10_000})
    assert (played.held(), played.refusals) == (90.0, [])


def test_a_short_is_covered_even_when_it_has_eaten_the_account():
    # Short 100 at 100 with 10,000 dollars; at 250 the account is 5,000 under water, and must still be able to leave.
    rows = [*still(100, 2), *still(250, 2)]
    played = play({0: lambda ctx: ctx.sell("A", 90), 2: lambda ctx: ctx.close("A")}, bars("A", rows), account={"cash": 10_000})
    assert (played.held(), played.cash) == (0.0, 10_000 - 90 * 150)


def test_the_proceeds_of_a_short_buy_nothing():
    script = {0: lambda ctx: ctx.sell("A", 90), 1: lambda ctx: ctx.buy("B", 50)}
    played = play(script, bars("A", still(100, 3)), bars("B", still(100, 3)), account={"cash": 10_000})
    assert (played.held("B"), played.refusals) == (0.0, ["insufficient_buying_power"])


def test_a_flip_at_a_gap_opens_only_what_cash_is_left_for():
    # Short 40 at 100: 14,000 in cash. Buying 130 covers 40 at 130 (5,200) and has 8,800 left for 67 whole shares of 130.
    def script(ctx):
        ctx.buy("A", 130)

    played = play({0: lambda ctx: ctx.sell("A", 40), 1: script}, bars("A", [*still(100, 2), *still(130)]), account={"cash": 10_000})
    assert played.cash >= 0.0
    assert played.held() == pytest.approx(8_800 / 130, abs=1e-3)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda ctx: ctx.buy("A", 1.5), "fractional_not_allowed"),
        (lambda ctx: ctx.sell("A", 1), "short_not_allowed"),
        (lambda ctx: ctx.buy("A", 1, time_in_force="ioc"), "time_in_force_not_supported"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_in_simulation(call, code):
    played = play({0: call}, bars("A", still(100, 2)), broker={"name": "robinhood"})
    assert (played.refusals, played.fills) == ([code], [])
    assert life(played.orders[0]) == ["denied"]


def test_fractions_add_up_to_nothing_left():
    script = {0: lambda ctx: ctx.buy("A", 0.1), 1: lambda ctx: ctx.buy("A", 0.2), 2: lambda ctx: ctx.sell("A", "0.3")}
    played = play(script, bars("A", still(33.33, 4)))
    assert played.simulation.engine.desk.book.quantity("A") == 0
    assert played.cash == 100_000.0
