"""What each sizing method asks for first, through the whole path: dollars over the close of the decision, by hand or by statistics."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist, stdev

import pytest

from tests.builders import bars, play, still

#: Nothing binds but the method: 100,000 dollars.
WIDE = {"max_position_pct": 1.0, "max_total_exposure_pct": 1.0, "max_portfolio_var_pct": 1.0}
RETURNS = [-0.2] * 2 + [-0.1] * 4 + [0.01] * 54


def of_returns(returns):
    """Bars whose closes have these returns, the next bar at the last close; it ends at 100 dollars."""
    closes = [100.0]
    for change in reversed(returns):
        closes.insert(0, closes[0] / (1 + change))
    rows = [(before, max(before, close), min(before, close), close) for before, close in zip([closes[0], *closes], closes, strict=False)]
    return [*rows, *still(100)]


def sized(rows, strength=1.0, **sizing):
    """Shares of the first target, asked for at the last bar but one."""
    played = play({len(rows) - 2: lambda ctx: ctx.target("A", strength)}, bars("A", rows), sizing=WIDE | sizing)
    assert played.refusals == []
    return played.held()


def test_value_at_risk_of_the_position():
    # The 5 % quantile of 60 returns lies between the third and the fourth worst: 10 %. 500 dollars at risk are 5,000.
    assert sized(of_returns(RETURNS), method="var") == pytest.approx(50.0, rel=1e-6)


def test_expected_shortfall_of_the_position():
    # The worst 5 % of 60 days are three: (20 + 20 + 10) / 3 %.
    assert sized(of_returns(RETURNS), method="cvar") == pytest.approx(500 / (0.5 / 3) / 100, rel=1e-6)


def test_the_var_method_says_how_risk_is_measured():
    # Normal, centred at zero.
    z = NormalDist().inv_cdf(0.95)
    assert sized(of_returns(RETURNS), method="var", var_method="normal") == pytest.approx(500 / (z * stdev(RETURNS)) / 100, rel=1e-6)


def test_another_confidence_and_a_shorter_memory_give_another_size():
    # The last 58 returns no longer hold the two worst: four of -10 %, the rest +1 %.
    rows = of_returns(RETURNS)
    sizing = {"method": "var", "confidence": 0.96, "lookback_days": 58, "min_observations": 58}
    # Rank 0.04 * 57 = 2.28 lies between two of -10 %.
    assert sized(rows, **sizing) == pytest.approx(50.0, rel=1e-6)
    # Rank 0.06 * 57 = 3.42: 42 % of the way from -10 % to 1 %.
    assert sized(rows, **sizing | {"confidence": 0.94}) == pytest.approx(500 / (0.1 - 0.42 * 0.11) / 100, rel=1e-6)


def test_average_true_range():
    # Ranges of 2 at a price of 100: 2 ranges are 4 %; 1 % of equity over 4 % are 25,000 dollars.
    assert sized([(100, 101, 99, 100)] * 17, method="atr") == 250.0
    assert sized([(100, 101, 99, 100)] * 17, method="atr", atr_multiple=4.0, risk_per_trade_pct=0.02) == 250.0


def test_a_target_volatility():
    # 10 % a year over the year's volatility of the symbol, for the one symbol there is.
    assert sized(of_returns(RETURNS), method="volatility") == pytest.approx(10_000 / (stdev(RETURNS) * sqrt(252)) / 100, rel=1e-6)


def test_equal_weight_of_what_may_be_exposed():
    assert sized(still(100, 3), method="equal", max_total_exposure_pct=0.6) == 600.0


def test_a_fixed_amount_in_dollars_or_shares():
    assert sized(still(80, 3), method="fixed", fixed_amount=2_000.0) == 25.0
    assert sized(still(80, 3), method="fixed", fixed_amount=30.0, fixed_unit="shares") == 30.0


@pytest.mark.parametrize("method", ["var", "cvar", "atr", "volatility", "equal", "fixed"])
def test_half_the_strength_is_half_the_size(method):
    rows = of_returns(RETURNS)
    sizing = {"method": method, "max_total_exposure_pct": 0.5, "fixed_amount": 7_000.0, "min_position_value": 0.0}
    assert sized(rows, 0.5, **sizing) == pytest.approx(sized(rows, **sizing) / 2, abs=2e-6)


@pytest.mark.parametrize("method", ["var", "cvar", "atr", "volatility", "equal", "fixed"])
def test_no_method_passes_the_position_cap(method):
    assert sized(of_returns([0.001, -0.001] * 30), method=method, max_position_pct=0.07, fixed_amount=50_000.0) == 70.0


@pytest.mark.parametrize(
    ("method", "dollars"),
    [
        # Without a history the equal share (all of it here) kept to what 0.5 % at an assumed VaR of 5 % allow.
        ("var", 10_000),
        ("cvar", 10_000),
        ("volatility", 100_000),
        ("atr", 100_000),
    ],
)
def test_without_a_history_the_fallback_is_the_equal_share_inside_the_budget(method, dollars):
    sizing = WIDE | {"method": method}
    played = play({0: lambda ctx: ctx.target("A", 0.9)}, bars("A", still(100, 2)), sizing=sizing)
    assert played.held() == 0.9 * dollars / 100


def test_a_symbol_that_does_not_move_gets_the_small_fallback():
    # A halted symbol shows no risk, which is not believed: 1 % of equity.
    assert sized(still(100, 70), method="var") == 10.0
    assert sized(still(100, 70), method="volatility") == 10.0


# --- Kelly

OPENS = (100, 102, 100, 102, 100, 99, 100, 102, 100)


def after_trades(*opens, trades, **sizing):
    """Shares of A asked for after round trips in B, which enter and leave at these opens."""
    rows = [*still(), *[(price, max(price, 100), min(price, 100), 100) for price in opens]]
    script = {number: (lambda ctx, number=number: (ctx.sell if number % 2 else ctx.buy)("B", 1)) for number in range(2 * trades)}
    script[2 * trades] = lambda ctx: ctx.target("A", 1.0)
    series = (bars("A", still(100, len(rows) + 1)), bars("B", [*rows, *still()]))
    return play(script, *series, sizing=WIDE | {"method": "kelly"} | sizing)


def test_kelly_without_enough_trades_is_the_small_fallback():
    played = after_trades(*OPENS, trades=3, kelly_min_trades=4)
    assert (played.held("A"), played.refusals) == (pytest.approx(10.0, rel=1e-3), [])
    assert played.orders[-1].reason == "target 1 kelly_unknown"


def test_kelly_stakes_its_fraction_of_what_the_trades_show():
    # Three trades won 2 %, one lost 1 %: p = 3/4, b = 2, f = 3/4 - 1/4 / 2 = 5/8; a quarter of that is 15.625 % of equity.
    played = after_trades(*OPENS, trades=4, kelly_min_trades=4)
    equity = 100_000 + 3 * 2 - 1
    assert played.held("A") == pytest.approx(equity * 0.15625 / 100, abs=1e-6)


def test_kelly_stays_below_its_cap():
    played = after_trades(*OPENS, trades=4, kelly_min_trades=4, kelly_cap=0.1)
    assert played.held("A") == pytest.approx(100_005 * 0.1 / 100, abs=1e-6)


def test_kelly_without_an_edge_stakes_nothing_and_says_so():
    # One won 2 %, three lost 1 %: p = 1/4, b = 2, f = 1/4 - 3/4 / 2 is below 0.
    played = after_trades(100, 102, 100, 99, 100, 99, 100, 99, 100, trades=4, kelly_min_trades=4)
    assert (played.held("A"), played.refusals) == (0.0, ["kelly_no_edge"])
