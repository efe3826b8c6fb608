"""The five workloads every engine is put to, as seeded data and plain rules; numpy only, so that each rival's environment can read them.

W1  one symbol, one-minute bars; averages of 10 and 30 closes cross; long only, 100 shares at the next open; no costs; 1,000,000 dollars
W2  500 symbols, 2,520 days; every 21 days the 50 strongest of half a year, weighted by inverse volatility, 95 % invested; 5 basis points
W3  W1's rule with 982 pairs of averages over five real symbols, daily
W4  W1's rule over AAPL daily, from the start of the process to its end
W5  W1 with a trailing stop on every entry

Averages that are exactly equal are nudged apart in the data, so that every engine must find the same crossings however it adds them up.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COLUMNS = ("open", "high", "low", "close", "volume")
FAST, SLOW, SHARES, CASH = 10, 30, 100, 1_000_000.0
PAIRS = [(fast, slow) for fast in range(5, 51) for slow in range(20, 201, 8) if fast < slow]
#: A part of them, evenly spaced: what is too slow for all is measured on these and scaled up.
SAMPLE = [(fast, slow) for fast in range(5, 51, 9) for slow in range(20, 201, 32) if fast < slow]
SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
#: W2: first decision, days between two, names held, windows of momentum and volatility, part invested, cash, fee.
FIRST, EVERY, TOP, MOMENTUM, VOLATILITY, INVESTED, W2_CASH, FEE = 126, 21, 50, 126, 20, 0.95, 10_000_000.0, 0.0005
NS_PER_DAY = 86_400_000_000_000
PER_SESSION = 390


def folded(walk: Floats, low: float, high: float) -> Floats:
    """A walk reflected into [low, high]."""
    width = high - low
    inside = np.mod(walk - low, 2.0 * width)
    return low + np.where(inside > width, 2.0 * width - inside, inside)


def equal_averages(close: Floats) -> NDArray[np.int64]:
    """Bars at which the two averages are exactly equal; prices have four decimals."""
    total = np.concatenate(([0], np.cumsum(np.round(close * 1e4).astype(np.int64))))
    return np.flatnonzero(3 * (total[30:] - total[20:-10]) == (total[30:] - total[:-30])) + 29


def minute_prices(count: int, seed: int) -> dict[str, Floats]:
    """Columns of one-minute bars, each a walk of six steps, four decimals; volumes are large enough for whole fills."""
    dice = np.random.default_rng(seed)
    steps = dice.normal(0.0, 0.0015 / np.sqrt(6), (count, 7))
    steps[:, 0] = dice.normal(0.0, 0.00015, count)
    steps[::PER_SESSION, 0] = dice.normal(0.0, 0.006, len(steps[::PER_SESSION]))
    walk = np.log(150.0) + np.cumsum(steps.ravel())
    path: Floats = np.round(np.exp(folded(walk, np.log(50.5), np.log(495.0))).reshape(count, 7), 4).astype(np.float64)
    while len(bad := equal_averages(path[:, -1])):
        path[bad, -1] = np.round(path[bad, -1] + 1e-4, 4)
    volume = np.round(np.exp(dice.normal(9.5, 0.7, count))) + 1000.0
    return dict(zip(COLUMNS, (path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1], volume), strict=True))


def session_minutes(count: int) -> NDArray[np.int64]:
    """Closes of ``count`` minutes of sessions of New York from 2008 on, ns UTC."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from data.xnys import new_york_sessions

    _, opened, closed = new_york_sessions(2008, 2039)
    minute = 60_000_000_000
    minutes = [np.arange(start + minute, end + 1, minute) for start, end in zip(opened, closed, strict=True)]
    return np.concatenate(minutes)[:count]


def session_days(count: int) -> NDArray[np.int64]:
    """Dates of ``count`` sessions from 2010 on, days since 1970."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from data.xnys import new_york_sessions

    return new_york_sessions(2010, 2039)[0][:count]


def daily_panel(symbols: int, days: int, seed: int) -> dict[str, Floats]:
    """Columns [days, symbols] of shares that share a market; three decimals."""
    dice = np.random.default_rng(seed)
    market = dice.normal(0.0002, 0.008, days)[:, None]
    own = dice.uniform(0.01, 0.03, symbols)
    moves = dice.uniform(0.5, 1.5, symbols) * market + dice.normal(0.0, 1.0, (days, symbols)) * own
    start = np.log(dice.uniform(20.0, 200.0, symbols))
    close = np.exp(folded(start + np.cumsum(moves, axis=0), np.log(5.0), np.log(1000.0)))
    opened = np.vstack([start[None], np.log(close[:-1])])
    opened = np.exp(opened + dice.normal(0.0, 0.003, close.shape))
    high = np.maximum(opened, close) * np.exp(np.abs(dice.normal(0.0, 0.004, close.shape)))
    low = np.minimum(opened, close) * np.exp(-np.abs(dice.normal(0.0, 0.004, close.shape)))
    volume = np.round(np.exp(dice.normal(14.5, 0.5, close.shape))) + 1e6
    return {name: np.round(column, 3) for name, column in zip(COLUMNS, (opened, high, low, close, volume), strict=True)}


def name_of(number: int) -> str:
    """A symbol for column ``number`` of W2: AAA, AAB, ..."""
    return "".join(chr(65 + number // 26**place % 26) for place in (2, 1, 0))


def weights(close: Floats) -> Floats:
    """W2's decision: of the last 127 closes [127, N] the weight of each symbol, 0 where none is wanted."""
    momentum = close[-1] / close[0] - 1.0
    top = np.argpartition(-momentum, TOP - 1)[:TOP]
    returns = close[-VOLATILITY:, top] / close[-VOLATILITY - 1 : -1, top] - 1.0
    inverse = 1.0 / returns.std(axis=0, ddof=1)
    found = np.zeros(close.shape[1])
    found[top] = inverse / inverse.sum() * INVESTED
    return found


def decides(day: int) -> bool:
    """Whether W2 decides at the close of ``day``, counted from 0."""
    return day >= FIRST and (day - FIRST) % EVERY == 0


def make(folder: Path) -> None:
    """Write all inputs that are not there yet into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "w1.npz").is_file():
        _save(folder / "w1.npz", {"timestamp": session_minutes(1_000_000), **minute_prices(1_000_000, 13)})
    if not (folder / "w2.npz").is_file():
        _save(folder / "w2.npz", {"day": session_days(2520), **daily_panel(500, 2520, 14)})
    if not (folder / "w3").is_dir():
        _write_real_prices(folder / "w3")


def _save(place: Path, columns: dict[str, NDArray[Any]]) -> None:
    np.savez(place, allow_pickle=False, **columns)


def _write_real_prices(folder: Path) -> None:
    from bokeh_sampledata import stocks

    folder.mkdir()
    for symbol in SYMBOLS:
        bars = getattr(stocks, symbol)
        rows = zip(*(bars[name] for name in ("date", *COLUMNS)), strict=True)
        lines = [f"{day},{o},{max(o, h, c)},{min(o, low, c)},{c},{v}" for day, o, h, low, c, v in rows]
        (folder / f"{symbol}.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *lines, ""]), encoding="utf-8")


def load_w1(folder: Path, bars: int) -> dict[str, NDArray[Any]]:
    """The first ``bars`` of W1, with their times."""
    with np.load(folder / "w1.npz") as file:
        return {name: file[name][:bars] for name in ("timestamp", *COLUMNS)}


def load_w2(folder: Path) -> dict[str, NDArray[Any]]:
    """W2's panel, with the days of its rows."""
    with np.load(folder / "w2.npz") as file:
        return {name: file[name] for name in ("day", *COLUMNS)}


def load_w3(folder: Path, symbol: str) -> dict[str, NDArray[Any]]:
    """The daily bars of one symbol of W3; ``timestamp`` are days since 1970."""
    lines = (folder / "w3" / f"{symbol}.csv").read_text(encoding="utf-8").split()[1:]
    days, *columns = zip(*(line.split(",") for line in lines), strict=True)
    numbers = {name: np.array(column, dtype=np.float64) for name, column in zip(COLUMNS, columns, strict=True)}
    return {"timestamp": np.array(days, dtype="datetime64[D]").astype(np.int64), **numbers}
