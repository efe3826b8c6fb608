"""What backtrader's own broker gets wrong, row by row (W1 to W23), and that our venue does not."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, load
from framework import SignalStrategy
from framework.errors import BadDataError
from tests.brokers.venues import SimulatedVenue, approved
from tests.builders import bars, daily, life, minutes, play, still

MONDAY, TUESDAY = date(2012, 1, 9), date(2012, 1, 10)
CAPPED = {"max_volume_share": 0.10}
MINUTES = {"resolution": "1m"}


def buy(quantity=10, *terms, symbol="A", **named):
    return lambda ctx: ctx.buy(symbol, quantity, *terms, **named)


def bracket(ctx):
    return ctx.bracket("A", 10, take_profit=110, stop_loss=95)


def test_w1_an_order_never_fills_on_a_bar_that_closed_before_it_was_made():
    # B is silent after its first minute, in which it fell to 40; A moves on. The limit of 45 waits for B's next bar.
    a = bars("A", still(100, 5), minutes(MONDAY, range(1, 6)))
    b = bars("B", [(50, 50, 40, 50), *still(50)], minutes(MONDAY, (1, 5)))
    played = play({0: buy(10, "limit", symbol="B", limit_price=45)}, a, b, data=MINUTES)
    assert played.fills == []


@pytest.mark.parametrize("terms", [{"limit": 105.0}, {}], ids=["limit", "market"])
def test_w2_asking_the_venue_again_without_a_new_bar_fills_nothing(terms):
    venue = SimulatedVenue()
    with venue.broker:
        venue.trade_at(100)
        venue.broker.place_order(approved("1", **terms))
        for _ in range(3):
            venue.broker.on_slice([])
        assert venue.broker.get_order("1").filled_micros == 0
        venue.trade_at(101)
        assert venue.broker.get_order("1").average_price == 101


def test_w3_a_symbol_that_has_not_started_shows_no_bar_of_the_future():
    seen = []

    def look(ctx):
        known = ctx.bars("B").close
        seen.append(known.tolist())
        if len(known) == 0:
            with pytest.raises(IndexError):
                known[-1]
            ctx.buy("B", 1)

    late = bars("B", [(777, 777, 777, 777)], [daily(3)[2]])
    played = play(look, bars("A", still(100, 3)), late)
    assert seen == [[], [], [777.0]]
    assert played.refusals == ["no_price", "no_price"]


def test_w4_a_cancel_in_the_bar_of_the_order_is_done():
    played = play({0: lambda ctx: ctx.cancel(ctx.buy("A", 10, "limit", limit_price=90))}, bars("A", [*still(), *still(80, 2)]))
    assert (played.strategy.returned, played.fills) == ({0: True}, [])


def test_w5_exits_that_fill_in_parts_never_sell_more_than_is_held():
    # Eight are held. The target takes four, then the stop the other four, not eight.
    rows = [*still(), (100, 100, 100, 100, 80), (108, 111, 107, 109, 40), (100, 100, 94, 95, 400), *still(95, 2)]
    played = play({0: lambda ctx: ctx.bracket("A", 8, take_profit=110, stop_loss=95)}, bars("A", rows), fills=CAPPED)
    assert played.fills == [(1, "A", 8.0, 100.0), (2, "A", -4.0, 110.0), (3, "A", -4.0, 95.0)]


def test_w5_the_part_of_an_entry_that_filled_stays_protected_when_the_rest_is_canceled():
    def cancel(ctx):
        return ctx.cancel(next(order for order in ctx.open_orders("A") if not order.role.protects))

    rows = [*still(), (100, 100, 100, 100, 40), *still(100, 2), (96, 96, 90, 91)]
    played = play({0: bracket, 1: cancel}, bars("A", rows), fills=CAPPED)
    assert played.fills == [(1, "A", 4.0, 100.0), (4, "A", -4.0, 95.0)]


def test_w6_the_stop_of_an_entry_works_in_the_bar_of_the_entry():
    played = play({0: lambda ctx: ctx.bracket("A", 10, take_profit=120, stop_loss=90)}, bars("A", [*still(), (100, 101, 88, 95)]))
    assert played.fills == [(1, "A", 10.0, 100.0), (1, "A", -10.0, 90.0)]


@pytest.mark.parametrize("stop_first", [True, False])
def test_w7_of_stop_and_target_in_one_bar_the_path_decides_and_not_who_was_sent_first(stop_first):
    def script(ctx):
        kinds = [("stop_loss", {"stop_price": 90}), ("limit", {"limit_price": 110})]
        first, second = kinds if stop_first else kinds[::-1]
        one = ctx.sell("A", 1, first[0], **first[1])
        ctx.sell("A", 1, second[0], **second[1], oco=one)

    played = play({0: buy(1), 1: script}, bars("A", [*still(100, 2), (100, 112, 88, 100)]))
    assert played.fills[1:] == [(2, "A", -1.0, 90.0)]


def test_w8_the_proceeds_of_a_short_buy_nothing():
    worlds = bars("A", still(100, 3)), bars("B", still(100, 3))
    refused = play({0: lambda ctx: ctx.sell("A", 1000)}, *worlds, account={"cash": 10_000})
    assert refused.refusals == ["insufficient_buying_power"]
    small = play({0: lambda ctx: ctx.sell("A", 90), 1: buy(50, symbol="B")}, *worlds, account={"cash": 10_000})
    assert (small.held("A"), small.held("B"), small.refusals) == (-90.0, 0.0, ["insufficient_buying_power"])


def test_w9_a_short_that_has_eaten_the_account_can_still_be_covered():
    rows = [*still(100, 2), *still(300, 2)]
    played = play({0: lambda ctx: ctx.sell("A", 90), 2: lambda ctx: ctx.close("A")}, bars("A", rows), account={"cash": 10_000})
    assert (played.held(), played.cash) == (0.0, 10_000 - 90 * 200)


def test_w10_a_short_bracket_of_all_the_cash_is_taken():
    played = play(
        {0: lambda ctx: ctx.bracket("A", 95, take_profit=90, stop_loss=104, side="sell")},
        bars("A", [*still(), (100, 101, 89, 90)]),
        account={"cash": 10_000},
    )
    assert (played.refusals, played.held(), played.cash) == ([], 0.0, 10_000 + 95 * 10)


def sessions_with(**broken):
    """Three sessions at 100 with one value of the second replaced."""
    days = [str(np.datetime64(close, "ns").astype("datetime64[D]")) for close in daily(3)]
    frame = pd.DataFrame({"date": days, **dict.fromkeys(("open", "high", "low", "close"), 100.0), "volume": 1e6})
    for name, value in broken.items():
        frame.loc[1, name] = value
    return {"A": frame}


@pytest.mark.parametrize("name", ["open", "close"])
def test_w11_a_price_that_is_no_number_is_refused_or_dropped_and_never_paid(name):
    request = DataRequest(symbols=("A",), source="frames")
    with pytest.raises(BadDataError, match=rf"nan \(1\)(.|\n)*{name} is nan"):
        load(request, sessions_with(**{name: float("nan")}))
    dropping = DataRequest(symbols=("A",), source="frames", policy={"nan": "drop", "gap": "accept"})
    played = play({0: buy(10)}, load(dropping, sessions_with(**{name: float("nan")})).series["A"])
    assert (played.fills, played.cash) == ([(1, "A", 10.0, 100.0)], 99_000.0)


def test_w12_looking_at_the_account_changes_nothing():
    looked = []

    def look(simulation):
        broker, valuation = simulation.broker, simulation.engine.desk.valuation
        before = valuation.equity()
        looks = broker.get_account(), broker.get_positions(), broker.get_portfolio_value(), broker.get_quotes(["A", "B"])
        looked.append((before == valuation.equity(), len(looks)))

    played = play({0: lambda ctx: [ctx.buy("A", 10), ctx.buy("B", 10)]}, bars("A", still(100, 3)), bars("B", still(50, 3)), each=look)
    assert looked == [(True, 4)] * 3
    assert played.equity == [100_000_000_000] * 3


def test_w13_what_is_left_of_a_triggered_stop_needs_no_second_trigger():
    rows = [*still(100, 2), (96, 97, 94, 96, 40), *still(99)]
    played = play({0: buy(10), 1: lambda ctx: ctx.sell("A", 10, "stop_loss", stop_price=95)}, bars("A", rows), fills=CAPPED)
    assert played.fills[1:] == [(2, "A", -4.0, 95.0), (3, "A", -6.0, 99.0)]


def test_w14_all_orders_of_a_bar_share_its_volume():
    def script(ctx):
        ctx.buy("A", 10, tag="one")
        ctx.buy("A", 10, tag="two")

    played = play({0: script}, bars("A", [*still(), (100, 100, 100, 100, 10), *still()]), fills={"max_volume_share": 1.0})
    assert played.fills == [(1, "A", 10.0, 100.0), (2, "A", 10.0, 100.0)]


def test_w15_slippage_never_sells_below_the_limit():
    played = play(
        {0: buy(10), 1: lambda ctx: ctx.sell("A", 10, "limit", limit_price=100)},
        bars("A", [*still(100, 2), (100, 101, 99, 100)]),
        fills={"slippage": {"model": "bps", "bps": 500}},
    )
    assert played.fills[1:] == [(2, "A", -10.0, 100.0)]


def test_w16_a_slipped_price_is_not_made_better_by_the_range_of_the_bar():
    # All of the bar is at 100: five percent of slippage is paid all the same.
    played = play({0: buy(10)}, bars("A", still(100, 2)), fills={"slippage": {"model": "bps", "bps": 500}})
    assert played.fills == [(1, "A", 10.0, 105.0)]


def test_w17_a_trailing_stop_follows_the_highs_and_is_met_by_the_lows():
    # The close never leaves 100; the high of 110 raises the level to 104.5, and the next open is below it.
    rows = [*still(), (100, 110, 100, 106), (106, 106, 104, 105)]
    played = play({0: lambda ctx: ctx.sell("A", 10, "trailing_stop", trail_amount=5)}, bars("A", rows))
    assert played.fills == [(2, "A", -10.0, 104.5)]


def test_w18_a_day_order_on_daily_bars_works_for_its_session_and_no_longer():
    filled = play({0: buy(10, "limit", limit_price=95, time_in_force="day")}, bars("A", [*still(), (100, 100, 94, 95)]))
    assert filled.fills == [(1, "A", 10.0, 95.0)]
    missed = play({0: buy(10, "limit", limit_price=95, time_in_force="day")}, bars("A", [*still(100, 2), (100, 100, 94, 95)]))
    assert (missed.fills, life(missed.orders[0])[-1]) == ([], "expired")


def test_w19_fractions_that_add_up_to_nothing_leave_nothing():
    script = {0: buy(0.1), 1: buy(0.2), 2: lambda ctx: ctx.sell("A", 0.3)}
    played = play(script, bars("A", still(33.33, 4)))
    assert played.simulation.engine.desk.book.quantity("A") == 0
    assert played.simulation.broker.get_positions() == []


@pytest.mark.parametrize("force", ["day", "gtc"])
def test_w20_orders_in_a_symbol_that_has_ended_do_not_fill_on_its_last_bar_and_a_day_order_ends(force):
    # B's last bar fell to 40; the orders are made after it.
    ended = bars("B", [(50, 50, 40, 50)], daily(1))
    script = {
        0: lambda ctx: [
            ctx.buy("B", 1, time_in_force=force),
            ctx.buy("B", 1, "limit", limit_price=45, time_in_force=force),
        ]
    }
    played = play(script, bars("A", still(100, 3)), ended)
    assert played.fills == []
    assert force == "gtc" or not any(order.is_open for order in played.orders)


def test_w21_spread_halts_auctions_and_shorts_the_venue_has_not_are_part_of_the_simulation():
    charged = play({0: buy(10)}, bars("A", still(100, 2)), fills={"slippage": {"model": "bps", "bps": 2}})
    halted = play({0: buy(10)}, bars("A", [*still(), (100, 100, 100, 100, 0), *still(101)]))
    closing = play({0: buy(10, time_in_force="cls")}, bars("A", [*still(), (100, 105, 99, 104)]))
    naked = play({0: lambda ctx: ctx.sell("A", 10)}, bars("A", still(100, 2)), broker={"name": "robinhood"})
    assert charged.fills == [(1, "A", 10.0, 100.02)]
    assert halted.fills == [(2, "A", 10.0, 101.0)]
    assert closing.fills == [(1, "A", 10.0, 104.0)]
    assert naked.refusals == ["short_not_allowed"]


def test_w22_signals_and_orders_can_come_from_one_strategy():
    class Both(SignalStrategy):
        """Signals for A, orders for B."""

        def signals(self, bars):
            wanted = np.full(bars.close.shape, np.nan)
            wanted[0, 0] = 1.0
            return wanted

        def on_bar(self, ctx):
            if len(ctx.bars("B")) == 1:
                ctx.buy("B", 7)

    sizing = {"method": "equal", "max_position_pct": 0.1}
    played = play(Both(), bars("A", still(100, 3)), bars("B", still(50, 3)), sizing=sizing)
    assert sorted(played.fills) == [(1, "A", 100.0, 100.0), (1, "B", 7.0, 50.0)]


def test_w23_an_order_for_the_close_is_never_booked_into_the_next_session():
    # Monday's last bar closes a minute before the session does: there is no closing price, and Tuesday's open of 120 is none.
    times = (*minutes(MONDAY, (1, 389)), *minutes(TUESDAY, (1, 390)))
    rows = [*still(100), (110, 110, 110, 110), *still(120, 2)]
    played = play({0: buy(10, time_in_force="cls")}, bars("A", rows, times), data=MINUTES)
    assert (played.fills, life(played.orders[0])[-1]) == ([], "expired")
    assert len(set(played.equity)) == 1
