"""Nothing is made and nothing is lost: 13 years of five real stocks, with their splits and dividends, recomputed from the run's own tables.

Equity of every day follows from fills, fees, raw prices and the table of dividends and splits alone, to one part in a thousand million.
"""

from __future__ import annotations

import csv
from collections import Counter
from fractions import Fraction
from pathlib import Path

import bokeh_sampledata.stocks as sample
import pytest

from framework import Config, Strategy, run
from framework.domain.account_event import CashInLieu, Split

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
ACTIONS = Path(__file__).parents[2] / "data" / "sample_actions.csv"
CASH = 100_000


class Rebalance(Strategy):
    """Every symbol in turn is bought, made smaller, made larger and left."""

    every: int = 40

    def on_bar(self, ctx):
        self._bars = getattr(self, "_bars", 0) + 1
        for number, symbol in enumerate(ctx.symbols):
            step, rest = divmod(self._bars + 8 * number, self.every)
            if rest == 0:
                ctx.target(symbol, (0.9, 0.3, 1.0, 0.0, -0.5, -1.0)[step % 6])


@pytest.fixture(scope="module", params=["robinhood", "generic"])
def result(request):
    return run(
        Config.model_validate(
            {
                "strategy": {"class": f"{Path(__file__).stem}:Rebalance"},
                "universe": {"symbols": list(SYMBOLS)},
                "data": {"source": "sample", "warmup": 0},
                "broker": {"name": request.param},
                "account": {"cash": CASH},
                "sizing": {"method": "equal", "max_position_pct": 1.0},
                "stops": {"attach": "entries", "method": "trailing", "trail_percent": 25.0},
                "limits": {"profile": "venue"},
                "guards": {"enabled": False},
                "fills": {"slippage": {"model": "bps", "bps": 5}, "fees": {"per_share": 0.005, "rate": 0.0002}},
            }
        ),
        beside=Path(__file__).parent,
    )


def raw_closes(symbol: str) -> dict[str, float]:
    table = getattr(sample, symbol)
    return dict(zip(table["date"], table["close"], strict=True))


def actions(kind: str) -> dict[tuple[str, str], Fraction]:
    with ACTIONS.open(encoding="utf-8") as file:
        return {(row["symbol"], row["ex_date"]): Fraction(row["value"]) for row in csv.DictReader(file) if row["kind"] == kind}


def by_date(frame) -> dict[str, list[dict[str, object]]]:
    days: dict[str, list[dict[str, object]]] = {}
    for row in frame.to_dict("records"):
        days.setdefault(str(row["timestamp"].tz_convert("America/New_York").date()), []).append(row)
    return days


def test_equity_is_cash_and_shares_recomputed_from_fills_fees_dividends_and_raw_prices(result):
    fills, splits, dividends = by_date(result.fills), actions("split"), actions("dividend")
    closes = {symbol: raw_closes(symbol) for symbol in SYMBOLS}
    in_lieu = Counter()
    for event in result.record.account_events:
        if isinstance(event, CashInLieu):
            in_lieu[event.timestamp] += event.amount_micros
    cash, held, largest = Fraction(CASH), dict.fromkeys(SYMBOLS, Fraction(0)), 0.0
    for moment, equity in result.equity.items():
        day = str(moment.tz_convert("America/New_York").date())
        for symbol in SYMBOLS:
            held[symbol] *= splits.get((symbol, day), 1)
            cash += held[symbol] * dividends.get((symbol, day), 0)
        for fill in fills.get(day, ()):
            quantity = Fraction(str(fill["quantity"])) * (1 if fill["side"] == "buy" else -1)
            cash -= quantity * Fraction(str(fill["price"])) + Fraction(str(fill["fees"]))
            held[fill["symbol"]] += quantity
        worth = sum(shares * Fraction(closes[symbol][day]) for symbol, shares in held.items() if shares)
        largest = max(largest, abs(equity / float(cash + worth) - 1.0))
    assert not in_lieu  # every split of the sample is 2 for 1
    assert largest < 1e-9


def test_the_run_went_through_what_it_is_meant_to_prove(result):
    held = {(event.symbol, event.held_micros > 0) for event in result.record.account_events if isinstance(event, Split)}
    assert {symbol for symbol, _ in held} == {"AAPL", "MSFT"}
    assert len(result.fills) > 200
    assert result.summary["total_return"] == pytest.approx(result.equity.iloc[-1] / CASH - 1.0, rel=1e-12)
    assert result.summary["fees"] > 0.0
    assert (result.fills["side"] == "sell").sum() > 50


def test_results_of_trades_and_what_is_still_held_make_up_the_change_of_equity(result):
    """Closed trades, with their dividends, and open positions at their last price less what they cost."""
    opened = result.record.open_positions
    trades = result.trades["pnl"].sum()
    assert (result.equity.iloc[-1] - CASH) == pytest.approx(trades + unrealised(result, opened), abs=1e-3)


def unrealised(result, opened):
    """What the positions at the end are worth, less what was paid for them since they were last flat, with dividends and fees."""
    total = 0.0
    for symbol, quantity in opened.items():
        closed = result.trades[result.trades["symbol"] == symbol]["exit_at"].max()
        fills = result.fills[(result.fills["symbol"] == symbol) & (~(result.fills["timestamp"] <= closed))]
        signed = fills["quantity"].where(fills["side"] == "buy", -fills["quantity"])
        paid = (signed * fills["price"]).sum() + fills["fees"].sum()
        since = fills["timestamp"].min()
        received = sum(
            event.amount_micros / 1e6
            for event in result.record.account_events
            if type(event).__name__ == "Entitlement" and event.symbol == symbol and event.timestamp > since.value
        )
        total += quantity * raw_closes(symbol)["2013-03-01"] - paid + received
    return total
