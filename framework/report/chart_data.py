"""The interactive chart as one JSON document: candles, marks, lines, trades, equity and drawdown on one axis."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from framework.report.dates import local_times
from framework.report.grid import Grid, candles
from framework.report.marks import MOST_MARKS, Rescaled, Trips, held_spans, marks, tracks
from framework.report.price_chart import MOST_PANELS
from framework.report.wording import count
from framework.rules.performance import drawdowns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from framework.domain.fill import Trade
    from framework.domain.market import Floats
    from framework.report.tear_sheet_data import TearSheetData
    from framework.report.timeline import Timeline
    from framework.report.trades import OpenPosition

#: What the page's script reads.
Document = dict[str, object]

#: Round trips in the table of trades, those with the largest results.
MOST_TRADES = 2_000


def listed_trades(data: TearSheetData) -> list[Trade]:
    """The round trips of the table, oldest first: all of them, or the ``MOST_TRADES`` with the largest gains and losses."""
    chosen = sorted(data.trades, key=lambda trade: -abs(trade.pnl))[:MOST_TRADES]
    return sorted(chosen, key=lambda trade: (trade.entry_at, trade.exit_at, trade.symbol))


def chart_document(data: TearSheetData, line: Timeline, held: Sequence[OpenPosition]) -> Document | None:
    """What the page's script draws; ``None`` where nothing was traded, or no traded symbol has a bar in the run."""
    if data.timestamps.size < 2:
        return None
    grid = Grid.of(line)
    listed = listed_trades(data)
    symbols = _symbols(data, grid, listed, {position.symbol: position for position in held})
    if not symbols:
        return None
    return {
        "intraday": line.intraday,
        "times": grid.times.tolist(),
        "step": grid.step,
        "notes": _notes(data, grid, listed),
        "equity": _rounded(grid.last_of(data.equity), 2),
        "benchmark": _rounded(grid.last_of(data.benchmark), 2),
        "drawdown": _rounded(grid.lowest_of(drawdowns(data.equity, data.initial_cash)), 5),
        "symbols": symbols,
        "trades": _trades(listed, grid, intraday=line.intraday),
    }


def charted_trades(data: TearSheetData, document: Document | None) -> dict[int, int]:
    """Numbers of the round trips that a click can show on the chart, by the ``id`` of the trade."""
    symbols = document["symbols"] if document else []
    drawn = {symbol["name"] for symbol in symbols} if isinstance(symbols, list) else set()
    return {id(trade): number for number, trade in enumerate(listed_trades(data)) if trade.symbol in drawn}


def _rounded(column: Floats, digits: int) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in np.round(column, digits).tolist()]


def _symbols(data: TearSheetData, grid: Grid, listed: Sequence[Trade], held: Mapping[str, OpenPosition]) -> list[dict[str, object]]:
    """The most traded symbols that have prices."""
    traded = Counter(fill.symbol for fill in data.fills)
    ordered = [symbol for symbol in sorted(traded, key=lambda symbol: (-traded[symbol], symbol)) if symbol in data.series]
    numbers: dict[int, int] = {id(trade): number for number, trade in enumerate(listed)}
    found = (_symbol(data, grid, symbol, numbers, held.get(symbol)) for symbol in ordered[:MOST_PANELS])
    return [symbol for symbol in found if symbol is not None]


def _symbol(
    data: TearSheetData, grid: Grid, symbol: str, numbers: Mapping[int, int], held: OpenPosition | None
) -> dict[str, object] | None:
    bars = data.series[symbol]
    seen = bars.close[np.isfinite(bars.close) & (bars.close > 0.0)]
    decimals = int(np.clip(3 - np.floor(np.log10(seen.min())), 2, 8)) if seen.size else 2
    opening, high, low, close, volume = candles(bars, grid, decimals)
    if all(price is None for price in close):
        return None
    rescaled = Rescaled(bars)
    trades = sorted((trade for trade in data.trades if trade.symbol == symbol), key=lambda trade: (trade.entry_at, trade.exit_at))
    own = {place: numbers[id(trade)] for place, trade in enumerate(trades) if id(trade) in numbers}
    trips = Trips(trades, own, held)
    drawn, left_out = marks((fill for fill in data.fills if fill.symbol == symbol), trips, rescaled, grid)
    return {
        "name": symbol,
        "decimals": decimals,
        "open": opening,
        "high": high,
        "low": low,
        "close": close,
        "volume": volume,
        "marks": [(*mark[:3], round(mark.price, 6), round(mark.paid, 6), *mark[5:]) for mark in drawn],
        "held": held_spans(trips, grid),
        "stops": tracks((one for one in data.stops if one.symbol == symbol), rescaled, grid),
        "limits": tracks((one for one in data.limits if one.symbol == symbol), rescaled, grid),
        "note": f"The {MOST_MARKS:,} largest fills are marked, {count(left_out, 'smaller one')} not." if left_out else "",
    }


def _trades(listed: Sequence[Trade], grid: Grid, *, intraday: bool) -> list[list[object]]:
    """A row a trade: symbol, side, first and last point, when, shares, prices, result in dollars, of value, in R, bars, reasons."""
    entries = local_times((trade.entry_at for trade in listed), intraday=intraday)
    exits = local_times((trade.exit_at for trade in listed), intraday=intraday)
    return [
        [
            trade.symbol,
            trade.side,
            grid.place(trade.entry_at),
            grid.place(trade.exit_at),
            entry,
            leave,
            trade.quantity,
            round(trade.entry_price, 6),
            round(trade.exit_price, 6),
            round(trade.pnl, 2),
            round(trade.return_fraction, 6),
            None if trade.r_multiple is None else round(trade.r_multiple, 4),
            trade.bars_held,
            trade.entry_tag or "",
            trade.exit_tag or "",
        ]
        for trade, entry, leave in zip(listed, entries, exits, strict=True)
    ]


def _notes(data: TearSheetData, grid: Grid, listed: Sequence[Trade]) -> list[str]:
    """What the chart does not show as it was."""
    notes = []
    if grid.step > 1:
        notes.append(f"Each candle is {grid.step:,} bars put together: first open, highest, lowest, last close, all the volume.")
    if len(listed) < len(data.trades):
        notes.append(f"The table has the {len(listed):,} trades with the largest results of {len(data.trades):,}.")
    return notes
