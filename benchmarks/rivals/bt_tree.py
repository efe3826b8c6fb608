"""bt on W1, W2 and W4: ``python bt_tree.py FOLDER WORKLOAD BARS REPEATS``. It has one price a bar: opens, with signals a bar later."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bt
import numpy as np
import pandas as pd
from timing import Outcome, report
from workloads import CASH, FAST, FEE, SHARES, SLOW, W2_CASH, decides, load_w1, load_w2, load_w3, name_of, weights


class Trade(bt.Algo):
    """Buys and sells at given times."""

    def __init__(self, wanted: dict[pd.Timestamp, float]) -> None:
        super().__init__()
        self.wanted = wanted

    def __call__(self, target: Any) -> bool:
        """One bar."""
        want = self.wanted.get(target.now)
        if want:
            held = "X" in target.children and target.children["X"].position
            if (want > 0) is not bool(held):
                target.transact(SHARES if want > 0 else -SHARES, "X")
        return True


def crossing(frame: pd.DataFrame) -> Outcome:
    """W1 and W4."""
    fast, slow = (frame["close"].rolling(length).mean() for length in (FAST, SLOW))
    side = np.sign(fast - slow)
    turns = side.where((side != side.shift()) & side.shift().notna()).shift(1).dropna()
    strategy = bt.Strategy("w1", [Trade(dict(zip(turns.index, turns, strict=True)))], children=["X"])
    prices = frame[["open"]].set_axis(["X"], axis=1)
    run = bt.Backtest(strategy, prices, initial_capital=CASH, integer_positions=True, progress_bar=False)
    run.run()
    return Outcome(run.strategy.value, len(run.strategy.get_transactions()) // 2)


def portfolio(panel: dict[str, np.ndarray]) -> Outcome:
    """W2, sized at the open it fills at."""
    index, close = pd.to_datetime(panel["day"], unit="D"), panel["close"]
    names = [name_of(number) for number in range(close.shape[1])]
    rows = {index[day + 1]: weights(close[day - 126 : day + 1]) for day in range(len(close) - 1) if decides(day)}
    wanted = pd.DataFrame.from_dict(rows, orient="index", columns=names)
    algos = [bt.algos.RunOnDate(*wanted.index), bt.algos.WeighTarget(wanted), bt.algos.Rebalance()]
    run = bt.Backtest(
        bt.Strategy("w2", algos),
        pd.DataFrame(panel["open"], index=index, columns=names),
        initial_capital=W2_CASH,
        integer_positions=True,
        progress_bar=False,
        commissions=lambda quantity, price: abs(quantity) * price * FEE,
    )
    run.run()
    return Outcome(run.strategy.value, len(run.strategy.get_transactions()))


def main() -> None:
    """Run what the command line says."""
    folder, workload, bars, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if workload == "w2":
        panel = load_w2(folder)
        report("bt", lambda: portfolio(panel), repeats, "sized at the open it fills at")
        return
    columns = load_w3(folder, "AAPL") if workload == "w4" else load_w1(folder, bars)
    index = pd.to_datetime(columns["timestamp"], unit="D" if workload == "w4" else "ns")
    frame = pd.DataFrame({name: columns[name] for name in ("open", "close")}, index=index)
    report("bt", lambda: crossing(frame), repeats, "marked at the last open")


if __name__ == "__main__":
    main()
