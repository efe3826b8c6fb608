"""The limits of a config on a running account: each just inside and just outside, and what no limit stops. 100,000 dollars."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tests.builders import Scripted, bars, daily, life, minutes, play, still

FIVE_PERCENT = {"attach": "entries", "method": "percent", "percent": 5}
FIXED = {"method": "fixed", "fixed_amount": 10_000.0, "max_position_pct": 1.0, "max_portfolio_var_pct": 1.0}


def buys(*orders, **terms):
    """Places market buys of (symbol, shares) in one decision."""
    return lambda ctx: [ctx.buy(symbol, shares, **terms) for symbol, shares in orders]


def target(strength, symbol="A"):
    return lambda ctx: ctx.target(symbol, strength)


def held_after(script, symbols="ABC", count=6, **config):
    """Shares held at the end in a market that stands at 100, and the codes of what was refused."""
    played = play(script, *[bars(symbol, still(100, count)) for symbol in symbols], **config)
    return [played.held(symbol) for symbol in symbols], played.refusals


# --- exposure


def test_a_sector_has_its_limit_and_another_its_own(tmp_path):
    # AAPL and MSFT are of one sector, FB of another.
    script = {0: buys(("AAPL", 80), ("MSFT", 30), ("FB", 100)), 1: buys(("MSFT", 20))}
    limits = {"max_sector_exposure_pct": 0.10}
    assert held_after(script, ("AAPL", "MSFT", "FB"), limits=limits) == ([80.0, 20.0, 100.0], ["sector_limit"])
    # A file of one's own puts AAPL elsewhere.
    (tmp_path / "mine.csv").write_text("symbol,sector\nAAPL,energy\n", encoding="utf-8")
    mine = limits | {"sectors_file": str(tmp_path / "mine.csv")}
    assert held_after(script, ("AAPL", "MSFT", "FB"), limits=mine) == ([80.0, 50.0, 100.0], [])


def test_symbols_of_no_known_sector_share_one_limit():
    script = {0: buys(("XXA", 80), ("XXB", 30))}
    assert held_after(script, ("XXA", "XXB"), limits={"max_sector_exposure_pct": 0.10}) == ([80.0, 0.0], ["sector_limit"])


def test_all_positions_together_stay_below_total_exposure():
    script = {0: buys(("A", 150)), 1: buys(("B", 51)), 2: buys(("C", 50))}
    assert held_after(script, limits={"max_total_exposure_pct": 0.20}) == ([150.0, 0.0, 50.0], ["exposure_limit"])


def test_heat_is_what_all_positions_lose_at_their_stops():
    # 100 shares lose 500 dollars at 95: two positions are the 1 % that is allowed.
    script = {0: buys(("A", 100)), 1: buys(("B", 100)), 2: buys(("C", 1))}
    config = {"stops": FIVE_PERCENT, "limits": {"max_portfolio_heat_pct": 0.01}}
    assert held_after(script, **config) == ([100.0, 100.0, 0.0], ["portfolio_heat_limit"])
    # The second order of one decision sees the first.
    assert held_after({0: buys(("A", 100), ("B", 101))}, **config) == ([100.0, 0.0, 0.0], ["portfolio_heat_limit"])


def test_a_position_without_a_stop_is_all_heat():
    script = {0: buys(("A", 10)), 1: buys(("B", 1))}
    assert held_after(script, limits={"max_portfolio_heat_pct": 0.01}) == ([10.0, 0.0, 0.0], ["portfolio_heat_limit"])


def test_a_stop_at_breakeven_gives_its_heat_back():
    # After 5 dollars of profit A's stop stands at its entry of 100; from 100.01 it risks a dollar, and B may risk 995 of the 1,000.
    rows = [*still(100, 2), (100, 105, 100, 104), *still(100.01, 3)]
    series = (bars("A", rows), bars("B", still(100, 6)))
    script = {0: buys(("A", 100)), 3: buys(("B", 199))}
    config = {"stops": FIVE_PERCENT | {"breakeven_r": 1.0}, "limits": {"max_portfolio_heat_pct": 0.01}}
    played = play(script, *series, **config)
    assert (played.held("B"), played.refusals) == (199.0, [])


def test_heat_is_that_of_the_levels_that_have_just_moved():
    # At the close of bar 3 the time of A is up and the trail of B has risen to 99.75: B risks 25 dollars of 1,000, A 5, and C may risk 950.
    rows = [*still(100, 3), (100, 105, 100, 100), *still(100, 2)]
    series = (bars("A", still(100, 6)), bars("B", rows), bars("C", still(100, 6)))
    stops = {"attach": "entries", "method": "trailing", "trail_percent": 5.0, "time_bars": 3}
    script = {0: buys(("A", 1)), 1: buys(("B", 100)), 3: buys(("C", 190))}
    played = play(script, *series, stops=stops, limits={"max_portfolio_heat_pct": 0.01})
    assert played.refusals == []
    assert ("C", 190.0) in [fill[1:3] for fill in played.fills]


def test_a_position_may_risk_so_much_at_its_stop():
    # 5 % of 100 dollars: 200 shares risk 1 % of equity.
    for shares, refused in ((200, []), (201, ["position_risk_limit"])):
        assert held_after({0: buys(("A", shares))}, stops=FIVE_PERCENT, limits={"max_position_risk_pct": 0.01})[1] == refused


def test_the_var_of_all_positions_is_bounded_for_explicit_orders_too():
    # Without a history 5 % are assumed: 20,000 dollars are 1 % of equity.
    script = {0: buys(("A", 150)), 1: buys(("B", 51)), 2: buys(("B", 50))}
    assert held_after(script, limits={"max_portfolio_var_pct": 0.01}) == ([150.0, 50.0, 0.0], ["portfolio_var_limit"])


# --- company of others


def zigzag(first, second, count):
    return [row for number in range(count) for row in still(first if number % 2 == 0 else second)]


@pytest.mark.parametrize(("side", "refused"), [("buy", ["correlation_limit"]), ("sell", [])])
def test_what_moves_with_a_holding_is_no_second_bet(side, refused):
    # A and B rise and fall together: long both is one bet, short B against A is none.
    script = {5: buys(("A", 10)), 7: lambda ctx: getattr(ctx, side)("B", 10)}
    series = (bars("A", zigzag(100, 110, 10)), bars("B", zigzag(50, 55, 10)))
    played = play(script, *series, limits={"max_correlation": 0.9}, sizing={"min_observations": 3})
    assert played.refusals == refused


def test_what_moves_against_a_holding_is_refused_on_the_other_side():
    script = {5: buys(("A", 10)), 7: lambda ctx: [ctx.buy("B", 10), ctx.sell("B", 11)]}
    series = (bars("A", zigzag(100, 110, 10)), bars("B", zigzag(55, 50, 10)))
    played = play(script, *series, limits={"max_correlation": 0.9}, sizing={"min_observations": 3})
    assert (played.refusals, played.held("B")) == (["correlation_limit"], 10.0)


def test_without_a_common_history_correlation_is_not_known_and_refuses():
    script = {0: buys(("A", 10)), 1: buys(("B", 10))}
    assert held_after(script, limits={"max_correlation": 0.9}) == ([10.0, 0.0, 0.0], ["correlation_limit"])


def of_returns(symbol, returns, times):
    """Bars that start at 100 and make ``returns``."""
    closes = 100 * np.cumprod(np.append(1.0, 1.0 + returns))
    return bars(symbol, [(price, price, price, price) for price in closes.tolist()], times)


@pytest.mark.parametrize("resolution", ["1d", "1m"])
def test_the_correlation_is_that_of_the_last_sessions_both_have(resolution):
    # B comes later and C has gaps; the limit is set a hair below and above what numpy finds over the last 20 sessions both have.
    length, window, decision = 60, 20, 50
    rng = np.random.default_rng(5)
    common = rng.normal(0, 0.01, length)
    kept = [number for number in range(length) if number % 6]
    closes = daily(length + 1)
    first, second = common + rng.normal(0, 0.005, length), common + rng.normal(0, 0.005, length)
    a = of_returns("A", first, closes)
    c = of_returns("C", second[kept], [closes[0], *(closes[number + 1] for number in kept)])
    # Session ``decision`` is complete with daily bars, and the one before it with minutes.
    last = decision + (resolution == "1d")
    of_a, of_c = (dict(zip(one.timestamp[1:].tolist(), np.diff(one.close) / one.close[:-1], strict=True)) for one in (a, c))
    sessions = [time for time in closes[last - window : last] if time in of_c]
    figure = float(np.corrcoef([of_a[time] for time in sessions], [of_c[time] for time in sessions])[0, 1])
    script = {5: buys(("A", 10)), decision: buys(("C", 1))}
    for limit, refused in ((figure - 1e-6, ["correlation_limit"]), (figure + 1e-6, [])):
        config = {"limits": {"max_correlation": limit}, "sizing": {"min_observations": 10, "lookback_days": window}}
        assert play(script, a, c, data={"resolution": resolution}, **config).refusals == refused


@pytest.mark.parametrize(
    ("limits", "shares", "refused"),
    [
        ({"min_average_volume_shares": 1_000_000}, 1, []),
        ({"min_average_volume_shares": 1_000_001}, 1, ["average_volume"]),
        ({"max_average_volume_pct": 0.0001}, 100, []),
        ({"max_average_volume_pct": 0.0001}, 101, ["volume_share"]),
    ],
)
def test_what_is_traded_a_day_bounds_an_entry(limits, shares, refused):
    # A million shares a day.
    assert held_after({2: buys(("A", shares))}, limits=limits)[1] == refused


# --- counts


def test_so_many_symbols_and_no_more_but_more_of_one():
    script = {0: buys(("A", 10)), 1: buys(("B", 10), ("C", 10)), 2: buys(("A", 10))}
    assert held_after(script, limits={"max_positions": 2}) == ([20.0, 10.0, 0.0], ["max_positions"])


def test_so_many_entries_a_decision_exits_not_counted():
    script = {0: buys(("A", 10), ("B", 10)), 1: lambda ctx: [ctx.sell("A", 5), ctx.buy("C", 10), ctx.sell("A", 5)]}
    assert held_after(script, limits={"max_orders_per_bar": 1}) == ([0.0, 0.0, 10.0], ["orders_per_bar"])


def test_an_order_through_zero_counts_as_the_entry_it_is():
    # The stop of A is canceled and made again in between, and forgets nothing of that.
    script = {0: buys(("A", 10)), 1: lambda ctx: [ctx.sell("A", 20), ctx.cancel(ctx.buy("C", 1, "limit", limit_price=50)), ctx.buy("B", 1)]}
    held, refused = held_after(script, limits={"max_orders_per_bar": 2}, stops=FIVE_PERCENT)
    assert (held, refused) == ([-10.0, 0.0, 0.0], ["orders_per_bar"])


def test_ten_entries_a_decision_by_default():
    symbols = [f"X{letter}" for letter in "ABCDEFGHIJK"]
    small = {"profile": "conservative", "max_sector_exposure_pct": 1.0}
    held, refused = held_after({0: buys(*[(symbol, 1) for symbol in symbols])}, symbols, limits=small)
    assert (held, refused) == ([1.0] * 10 + [0.0], ["orders_per_bar"])


def test_so_many_entries_a_session():
    times = (*minutes(date(2012, 1, 9), (1, 2, 3)), *minutes(date(2012, 1, 10), (1, 2)))
    script = dict.fromkeys(range(4), buys(("A", 1)))
    played = play(script, bars("A", still(100, 5), times), limits={"max_orders_per_day": 2}, data={"resolution": "1m"})
    # Two on the first day; the decision at the first minute of the next day is a new count.
    assert (played.held(), played.refusals) == (3.0, ["orders_per_day"])


def test_turnover_counts_both_sides_and_never_stops_an_exit():
    # 10,000 dollars a day: the entry of bar 1 uses 6,000; the exit of 60 more is not stopped, and leaves nothing for another entry.
    times = (*minutes(date(2012, 1, 9), (1, 2, 3, 4)), *minutes(date(2012, 1, 10), (1, 2)))
    script = {0: buys(("A", 60)), 1: lambda ctx: [ctx.buy("B", 41), ctx.sell("A", 60)], 3: buys(("B", 1)), 4: buys(("B", 2))}
    series = [bars(symbol, still(100, 6), times) for symbol in "AB"]
    played = play(script, *series, limits={"max_turnover_pct_per_day": 0.10}, data={"resolution": "1m"})
    assert [fill[1:3] for fill in played.fills] == [("A", 60.0), ("A", -60.0), ("B", 2.0)]
    assert played.refusals == ["turnover_limit"] * 2


def test_the_same_order_twice_is_one_slip_unless_a_tag_says_it_is_meant():
    script = {0: lambda ctx: [ctx.buy("A", 10), ctx.buy("A", 10), ctx.buy("A", 10, tag="more")], 2: buys(("A", 10))}
    # Once the first has filled the same order is another one.
    assert held_after(script, limits={"refuse_duplicates": True}) == ([30.0, 0.0, 0.0], ["duplicate_order"])


# --- cash


def test_the_money_of_a_sale_buys_nothing_before_it_has_settled():
    # 2012: three sessions. Sold in bar 2, settled in bar 5; of 10,000 dollars 1,000 were never spent.
    script = {
        0: buys(("A", 90)),
        1: lambda ctx: ctx.sell("A", 90),
        2: buys(("B", 50)),
        3: buys(("B", 5)),
        4: buys(("B", 40)),
        5: buys(("B", 30)),
    }
    config = {"account": {"cash": 10_000}, "broker": {"name": "robinhood"}, "limits": {"settled_cash_only": True}}
    assert held_after(script, count=8, **config) == ([0.0, 35.0, 0.0], ["unsettled_cash"] * 2)
    # Elsewhere it buys at once: 50, 5 and 40, and then nothing is left.
    assert held_after(script, count=8, **config | {"limits": {}}) == ([0.0, 95.0, 0.0], ["insufficient_buying_power"])


def test_the_collar_of_a_market_entry_can_be_set():
    for shares, refused in ((990, []), (991, ["insufficient_buying_power"])):
        assert held_after({0: buys(("A", shares))}, limits={"entry_collar_pct": 0.01})[1] == refused


# --- prices and types


def test_a_limit_far_on_the_costly_side_is_a_slip_of_the_finger():
    script = {0: lambda ctx: [ctx.buy("A", 1, "limit", limit_price=120.01), ctx.buy("A", 2, "limit", limit_price=120)]}
    assert held_after(script, limits={"price_band_pct": 0.2}) == ([2.0, 0.0, 0.0], ["price_band"])


@pytest.mark.parametrize(
    ("shares", "limits", "refused"),
    [
        (9, {"min_order_value_dollars": 1_000}, ["order_value_below_minimum"]),
        (10, {"min_order_value_dollars": 1_000, "max_order_value_dollars": 1_000}, []),
        (11, {"max_order_value_dollars": 1_000}, ["order_value_above_maximum"]),
    ],
)
def test_an_order_is_worth_so_much(shares, limits, refused):
    assert held_after({0: buys(("A", shares))}, limits=limits)[1] == refused


def test_only_the_allowed_types_enter_and_any_type_leaves():
    # Limit orders only: a market entry is refused, a market exit is not.
    script = {0: lambda ctx: [ctx.buy("A", 10), ctx.buy("B", 10, "limit", limit_price=100)], 2: lambda ctx: ctx.sell("B", 4)}
    held, refused = held_after(script, orders={"allowed_types": ["limit"]})
    assert (held, refused) == ([0.0, 6.0, 0.0], ["order_type_not_allowed"])


def test_the_stop_of_an_entry_needs_no_allowed_type():
    script = {0: lambda ctx: ctx.buy("A", 10, "limit", limit_price=100)}
    played = play(script, bars("A", still(100, 3)), orders={"allowed_types": ["limit"]}, stops=FIVE_PERCENT)
    assert (played.stops(), played.refusals) == ([(10.0, 95.0)], [])


# --- targets as limit orders


def entered(price, strength=1.0, fills=None, **orders):
    """The order of a target at ``price``, with entries as limit orders."""
    config = {"orders": {"entry_type": "limit"} | orders, "sizing": FIXED}
    return play({0: target(strength)}, bars("A", fills or still(price, 3)), **config)


@pytest.mark.parametrize(
    ("price", "strength", "orders", "limit"),
    [
        (100, 1.0, {}, 100.1),  # 10 basis points towards the fill
        (100, -1.0, {}, 99.9),
        (33.33, 1.0, {}, 33.36),  # 33.36333, no worse than the offset says
        (33.33, -1.0, {}, 33.3),  # 33.29667
        (100, 1.0, {"buy_offset": -50.0}, 99.5),  # a rest below the market
        (100, -1.0, {"sell_offset": 0.0}, 100.0),
        (100, 1.0, {"offset_mode": "absolute", "buy_offset": 0.25}, 100.25),
    ],
)
def test_an_entry_as_limit_order_is_priced_off_the_close_on_the_tick(price, strength, orders, limit):
    order = entered(price, strength, **orders).orders[0]
    assert (order.order_type.value, float(order.limit_price), order.time_in_force.value) == ("limit", limit, "gtc")


def test_an_entry_as_limit_order_waits_for_its_price_for_as_long_as_it_may():
    rows = [*still(), (102, 103, 101, 102), (102, 102, 99, 100)]
    assert entered(0, fills=rows).fills == [(2, "A", 10_000 / 100, 100.1)]
    day = entered(0, fills=rows, time_in_force="day")
    assert (day.fills, life(day.orders[0])[-1]) == ([], "expired")


def test_a_limit_further_off_than_the_slippage_allowed_is_not_sent():
    played = entered(100, buy_offset=101.0)
    assert (played.orders, played.refusals) == ([], ["slippage_limit"])
    assert "[orders] max_slippage_pct = 0.01" in played.simulation.journal.refusals[0].detail
    assert entered(100, buy_offset=100.0).refusals == []


def test_leaving_by_target_goes_at_market_whatever_entries_are():
    script = {0: target(1.0), 2: target(0.0)}
    config = {"orders": {"entry_type": "limit", "allowed_types": ["limit"]}, "sizing": FIXED}
    played = play(script, bars("A", still(100, 5)), **config)
    assert [(one.order_type.value, one.side.value) for one in played.orders] == [("limit", "buy"), ("market", "sell")]
    assert (played.held(), played.refusals) == (0.0, [])


# --- what is looked at


class Replies(Scripted):
    """Buys 350 shares of C when it hears that its order of B was accepted."""

    def on_order(self, ctx, order):
        if order.symbol == "B" and order.status.value == "accepted":
            ctx.buy("C", 350)


@pytest.mark.parametrize(("price", "refused"), [(100, []), (20, ["position_limit"])])
def test_a_reply_to_news_is_checked_against_the_account_of_this_close(price, refused):
    # The order of B is made at the close of bar 1 and heard of at that of bar 2. When A has fallen to 20 there, equity is 60,000 dollars:
    # half of it is less than the 35,000 of C.
    script = {0: buys(("A", 500)), 1: lambda ctx: ctx.buy("B", 1, "limit", limit_price=90)}
    series = (bars("A", [*still(100, 2), *still(price, 2)]), bars("B", still(100, 4)), bars("C", still(100, 4)))
    played = play(Replies(script), *series, limits={"max_position_pct": 0.5})
    assert played.refusals == refused
