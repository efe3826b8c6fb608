"""vectorbt (with its Rust engine) on all workloads: ``python vectorbt_arrays.py FOLDER WORKLOAD BARS REPEATS [TRAIL]``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import vectorbt as vbt
from timing import Outcome, report
from workloads import CASH, COLUMNS, FAST, FEE, PAIRS, SHARES, SLOW, SYMBOLS, W2_CASH, decides, load_w1, load_w2, load_w3, weights

if TYPE_CHECKING:
    from collections.abc import Callable


def crossing(frame: pd.DataFrame, trail: float) -> Outcome:
    """W1, W4 and W5: signals of a close, filled at the next open."""
    close = frame["close"]
    fast, slow = vbt.MA.run(close, FAST), vbt.MA.run(close, SLOW)
    entries, exits = (np.roll(one.to_numpy().ravel(), 1) for one in (fast.ma_crossed_above(slow), fast.ma_crossed_below(slow)))
    entries[0] = exits[0] = False
    prices = {name: frame[name] for name in ("open", "high", "low")}
    stops = {"sl_stop": trail, "sl_trail": True, "stop_entry_price": "FillPrice", **prices} if trail else {}
    ended = vbt.Portfolio.from_signals(close, entries, exits, price=frame["open"], size=float(SHARES), init_cash=CASH, freq="1min", **stops)
    return Outcome(ended.final_value(), ended.trades.closed.count())


def portfolio(panel: dict[str, np.ndarray]) -> Outcome:
    """W2: one account, targets in percent, valued at the last close."""
    close = panel["close"]
    size = np.full(close.shape, np.nan)
    for day in filter(decides, range(len(close) - 1)):
        size[day + 1] = weights(close[day - 126 : day + 1])
    index = pd.to_datetime(panel["day"], unit="D")
    frames = {name: pd.DataFrame(panel[name], index=index) for name in ("open", "close")}
    ended = vbt.Portfolio.from_orders(
        frames["close"],
        size,
        size_type="targetpercent",
        price=frames["open"],
        val_price=frames["close"].shift(1),
        fees=FEE,
        init_cash=W2_CASH,
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        size_granularity=1,
        freq="1D",
    )
    return Outcome(ended.final_value(), ended.orders.count())


def pairs_of(frame: pd.DataFrame) -> Outcome:
    """W3 for one symbol: all pairs as columns."""
    fasts, slows = (list(one) for one in zip(*PAIRS, strict=True))
    close = frame["close"]
    fast, slow = (vbt.MA.run(close, one, short_name=name).ma.to_numpy() for one, name in ((fasts, "f"), (slows, "s")))
    above, known = fast > slow, ~np.isnan(slow)
    entries, exits = np.zeros((2, *above.shape), dtype=bool)
    entries[1:], exits[1:] = above[:-1] & known[:-1], ~above[:-1] & known[:-1]
    entries &= np.maximum.accumulate(exits, axis=0)  # no entry before the first real crossing
    ended = vbt.Portfolio.from_signals(close, entries, exits, price=frame["open"], size=float(SHARES), init_cash=CASH, freq="1D")
    return Outcome(float(ended.final_value().sum()), int(ended.trades.closed.count().sum()))


def sweep(frames: list[pd.DataFrame]) -> Outcome:
    """W3: five symbols, one after the other."""
    found = [pairs_of(frame) for frame in frames]
    return Outcome(sum(one.equity for one in found), sum(one.trades for one in found))


def work_of(folder: Path, workload: str, bars: int, trail: float) -> Callable[[], Outcome]:
    """The workload with its data loaded."""
    if workload == "w2":
        panel = load_w2(folder)
        return lambda: portfolio(panel)
    if workload == "w3":
        frames = [_daily(folder, symbol) for symbol in SYMBOLS]
        return lambda: sweep(frames)
    if workload == "w4":
        frame = _daily(folder, "AAPL")
    else:
        columns = load_w1(folder, bars)
        frame = pd.DataFrame({name: columns[name] for name in COLUMNS}, index=pd.to_datetime(columns["timestamp"], unit="ns"))
    return lambda: crossing(frame, trail)


def _daily(folder: Path, symbol: str) -> pd.DataFrame:
    columns = load_w3(folder, symbol)
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, index=pd.to_datetime(columns["timestamp"], unit="D"))


if __name__ == "__main__":
    TRAIL = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    report("vectorbt", work_of(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), TRAIL), int(sys.argv[4]))
