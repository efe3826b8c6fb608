"""onetape on the workloads: ``python ours.py FOLDER WORKLOAD BARS REPEATS ENGINE [TRAIL]``.

``w1`` has explicit orders of 100 shares; ``w1-targets`` asks for positions instead, which the sizer turns into 100 shares, each with a
protective stop at half the price; ``w1-asks`` asks at every bar what it holds; ``signals`` is the same rule as a vectorised strategy, for
drivers that take those; ``w1-idle`` wants nothing. Limits, breakers and books are on everywhere, wide enough to change nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from timing import Outcome, report
from workloads import (
    CASH,
    COLUMNS,
    EVERY,
    FAST,
    FEE,
    FIRST,
    INVESTED,
    MOMENTUM,
    PAIRS,
    SAMPLE,
    SHARES,
    SLOW,
    SYMBOLS,
    TOP,
    W2_CASH,
    decides,
    load_w1,
    load_w2,
    load_w3,
    name_of,
    weights,
)

from framework import SignalStrategy, Strategy, run
from framework.app.sweeps.sweep import sweep
from framework.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from framework import Context, Panel

    Settings = dict[str, dict[str, object]]

#: Nothing is refused, tripped or charged, as with the others; a fixed size in shares is a value first, and rounded down from it.
WIDE: Settings = {
    "limits": {
        "profile": "venue",
        "max_position_pct": 1.0,
        "max_position_risk_pct": 1.0,
    },
    "guards": {
        "max_daily_loss_pct": 0.9,
        "max_drawdown_pct": 0.99,
        "max_consecutive_losses": 1_000_000,
        "streak_losses": 1_000_000,
        "profit_goal_pct": 0.9,
    },
    "fills": {"slippage": {"model": "none"}, "fees": "none", "max_volume_share": 0.0},
    "sizing": {"method": "fixed", "fixed_unit": "shares", "fixed_amount": SHARES + 1e-6},
}
BARE: Settings = {"stops": {"attach": "never"}}
#: A venue without Robinhood's collar on market buys, which nobody else knows: real days open beyond it now and then.
PLAIN: Settings = {"broker": {"name": "generic"}}
#: The part of equity that a signal of 1 is worth where weights are signals.
CAP = 0.1
FAR: Settings = {"stops": {"attach": "entries", "method": "percent", "percent": 50.0}}


class Averages:
    """Two running sums of the last closes."""

    def __init__(self, fast: int, slow: int) -> None:
        self._short, self._long = [0.0] * fast, [0.0] * slow
        self._short_sum = self._long_sum = 0.0
        self._fast, self._slow, self._i, self._j = fast, slow, 0, 0
        self._is_full = False
        self.side = 0

    def turned(self, close: float) -> int:
        """+1 where the short average has just come above the long one, -1 below, else 0."""
        short, long, i, j = self._short, self._long, self._i, self._j
        self._short_sum += close - short[i]
        self._long_sum += close - long[j]
        short[i] = long[j] = close
        i, j = i + 1, j + 1
        self._i = 0 if i == self._fast else i
        if j == self._slow:
            j, self._is_full = 0, True
        self._j = j
        if not self._is_full:
            return 0
        before, self.side = self.side, 1 if self._short_sum * self._slow > self._long_sum * self._fast else -1
        return self.side if before and self.side != before else 0


class Orders(Strategy):
    """W1's rule with explicit orders."""

    def on_start(self, ctx: Context) -> None:  # noqa: D102
        (self._symbol,) = ctx.symbols
        self._averages, self._holds = Averages(FAST, SLOW), False

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        turned = self._averages.turned(ctx.bars(self._symbol).close.item(-1))
        if turned > 0:
            ctx.buy(self._symbol, SHARES)
            self._holds = True
        elif turned < 0 and self._holds:
            ctx.sell(self._symbol, SHARES)
            self._holds = False


class Targets(Orders):
    """W1's rule with targets."""

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        turned = self._averages.turned(ctx.bars(self._symbol).close.item(-1))
        if turned > 0:
            ctx.target(self._symbol, 1.0)
            self._holds = True
        elif turned < 0 and self._holds:
            ctx.target(self._symbol, 0.0)
            self._holds = False


class Asks(Orders):
    """W1's rule by a strategy that asks at every bar what it holds."""

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        turned = self._averages.turned(ctx.bars(self._symbol).close.item(-1))
        held = ctx.position(self._symbol).quantity_micros
        if turned > 0 and not held:
            ctx.buy(self._symbol, SHARES)
        elif turned < 0 and held:
            ctx.close(self._symbol)


class Idle(Strategy):
    """Wants nothing."""

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        pass


def average(bars: Panel, length: int) -> NDArray[np.float64]:
    """A moving average of the closes, NaN before there is one."""
    mean = np.cumsum(bars.close, axis=0)
    mean[length:] -= mean[:-length].copy()
    mean[: length - 1] = np.nan
    mean /= length
    return mean


class Signals(SignalStrategy):
    """W1's rule as one array."""

    fast: int = FAST
    slow: int = SLOW

    def signals(self, bars: Panel) -> NDArray[np.bool_]:  # noqa: D102
        above = bars.indicator(average, self.fast) > bars.indicator(average, self.slow)
        known = above[self.slow - 1 :]
        above[: self.slow - 1 + int(known.argmin()) if not known.all() else None] = False  # no entry before the first real crossing
        return above


class Momentum(Strategy):
    """W2's rule: a portfolio by weights, which is traded in two steps, what leaves first."""

    def on_start(self, ctx: Context) -> None:  # noqa: ARG002, D102
        self._day = 0

    def on_bar(self, ctx: Context) -> None:  # noqa: D102
        if decides(self._day):
            closes = np.column_stack([ctx.bars(symbol).close[-127:] for symbol in ctx.symbols])
            ctx.rebalance({symbol: weight for symbol, weight in zip(ctx.symbols, weights(closes).tolist(), strict=True) if weight})
        self._day += 1


class Ranked(SignalStrategy):
    """W2's choice as signals: of what it holds, the strongest half year gets 1 and the weakest 0.5; the sizer does the rest."""

    def signals(self, bars: Panel) -> NDArray[np.float64]:  # noqa: D102
        found = np.full(bars.close.shape, np.nan)
        for day in range(FIRST, len(found), EVERY):
            order = np.argsort(bars.close[day - MOMENTUM] / bars.close[day])
            found[day] = 0.0
            found[day, order[:TOP]] = np.linspace(1.0, 0.5, TOP)
        return found


class Weighted(SignalStrategy):
    """Half of W2's weights as signals, parts of ``CAP``, the most that the sizer gives: what comes fits in beside what leaves."""

    def signals(self, bars: Panel) -> NDArray[np.float64]:  # noqa: D102
        found = np.full(bars.close.shape, np.nan)
        for day in filter(decides, range(len(found))):
            found[day] = weights(bars.close[day - MOMENTUM : day + 1]) / 2.0 / CAP
        return found


def config(kind: str, symbols: list[str], engine: str, resolution: str, **changed: dict[str, object]) -> dict[str, object]:
    """Settings of a run of the strategy ``kind``."""
    sections = {name: {**WIDE.get(name, {}), **changed.get(name, {})} for name in {*WIDE, *changed}}
    return {
        "strategy": {"class": f"{Path(__file__).stem}:{kind}"},
        "universe": {"symbols": symbols},
        "data": {"resolution": resolution, "warmup": 0, "policy": {"suspect_tick": "accept", "split_jump": "accept"}},
        "account": {"cash": CASH},
        "engine": {"name": engine},
        **sections,
    }


def frame_of(columns: Mapping[str, NDArray[Any]], unit: Literal["D", "ns"]) -> pd.DataFrame:
    """Bars as ``run`` takes them."""
    index = pd.to_datetime(columns["timestamp"], unit=unit, utc=unit == "ns")
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, index=index)


def ran(settings: dict[str, object], frames: dict[str, pd.DataFrame], *, by_fill: bool = False) -> Outcome:
    """One run: checking the bars, playing them, the equity curve. Forecasts of risk are worked out when looked at, and nobody looks."""
    record = run(settings, frames).record
    return Outcome(float(record.equity[-1]), len(record.fills) if by_fill else len(record.fills) // 2)


def crossing(folder: Path, workload: str, bars: int, engine: str, trail: float) -> Callable[[], Outcome]:
    """W1 and W5."""
    trailing: Settings = {"stops": {"attach": "entries", "method": "trailing", "trail_percent": trail * 100.0}}
    kinds = {
        "w1": ("Orders", BARE),
        "w1-targets": ("Targets", FAR),
        "w1-asks": ("Asks", BARE),
        "w1-idle": ("Idle", BARE),
        "signals": ("Signals", BARE),
        "w5-signals": ("Signals", trailing),
        "w5-asks": ("Asks", trailing),
    }
    kind, stops = kinds.get(workload, ("Orders", trailing))
    settings = config(kind, ["X"], engine, "1m", **stops)
    frames = {"X": frame_of(load_w1(folder, bars), "ns")}
    return lambda: ran(settings, frames)


def portfolio(folder: Path, workload: str, engine: str) -> Callable[[], Outcome]:
    """W2; as ``w2-var`` with signals, and historical VaR of 252 days to size them by."""
    panel = load_w2(folder)
    columns = range(panel["close"].shape[1])
    frames = {name_of(n): frame_of({"timestamp": panel["day"], **{name: panel[name][:, n] for name in COLUMNS}}, "D") for n in columns}
    changed: Settings = {
        **BARE,
        "account": {"cash": W2_CASH},
        "rebalance": {"band": 0.0, "min_value": 0.0, "cost_bps": 5.0},
        "fills": {"fees": {"rate": FEE}},
    }
    if workload == "w2-signals":
        changed["sizing"] = {"method": "fixed", "fixed_amount": 1e12, "fixed_unit": "dollars", "max_position_pct": CAP, "min_strength": 0.0}
        changed["sizing"] |= {"max_portfolio_var_pct": 1.0, "max_total_exposure_pct": INVESTED, "min_position_value": 0.0}
        changed["fills"] = {"slippage": {"model": "bps", "bps": FEE * 1e4}}
    if workload == "w2-var":
        changed["sizing"] = {"method": "var", "max_position_var_pct": 0.0006, "max_portfolio_var_pct": 1.0, "max_total_exposure_pct": 0.95}
        changed["fills"] = {"slippage": {"model": "bps", "bps": FEE * 1e4}}
    kinds = {"w2": "Momentum", "w2-var": "Ranked", "w2-signals": "Weighted"}
    settings = config(kinds[workload], sorted(frames), engine, "1d", **changed)
    return lambda: ran(settings, frames, by_fill=True)


def pairs(folder: Path, workload: str, engine: str) -> Callable[[], Outcome]:
    """W3; as ``w3-sample`` for the pairs of ``workloads.SAMPLE``."""
    wanted = SAMPLE if workload == "w3-sample" else PAIRS
    space = {"fast": sorted({fast for fast, _ in wanted}), "slow": sorted({slow for _, slow in wanted})}
    frames = {symbol: frame_of(load_w3(folder, symbol), "D") for symbol in SYMBOLS}

    def work() -> Outcome:
        equity = trades = 0.0
        for symbol, frame in frames.items():
            settings = config("Signals", [symbol], engine, "1d", **BARE, **PLAIN)
            found = sweep(settings, space, where="fast < slow", data={symbol: frame}, beside=Path(__file__).parent)
            equity += float(found.trials["final_equity"].sum())
            trades += float(found.trials["trades"].sum())
        return Outcome(equity, int(trades))

    return work


def main() -> None:
    """Run what the command line says."""
    folder, workload, bars, repeats, engine = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    trail = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
    try:
        if workload.startswith("w2"):
            work = portfolio(folder, workload, engine)
        elif workload.startswith("w3"):
            work = pairs(folder, workload, engine)
        else:
            work = crossing(folder, workload, bars, engine, trail)
        report(f"onetape {engine}", work, repeats)
    except ConfigError as error:
        if "engine" not in str(error):
            raise
        sys.exit(f"not in this version: {error}")


if __name__ == "__main__":
    main()
