"""``onetape calibrate``: the fill model's parameters from the fills of a run, with intervals, as the file that [fills] slippage reads."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from framework.app.compare.compare import later_splits
from framework.app.folders.session_tape import told_by
from framework.app.folders.tape_place import tape_of
from framework.domain.order import OrderSide
from framework.domain.values import MICRO
from framework.engine.market import session_numbers
from framework.errors import ConfigError, MissingDataError
from framework.rules.costs.calibration import Calibration, Interval, calibrated, fill_probability
from framework.rules.costs.slippage import liquidity, square_root_impact
from framework.runtime.tape.reading import read_bars, read_mode
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from framework.domain.market import BarSeries, Floats
    from framework.runtime.tape.chain import TapeEvent

#: Completed sessions behind volume and volatility, as [fills] slippage has it.
SESSIONS = 20
_OVER = frozenset({"order_filled", "order_canceled", "order_expired", "order_rejected"})


class Found(NamedTuple):
    """What a run's fills say.

    Attributes:
        overall: Of all fills.
        by_type: Of those of each order type that has enough.
        limits: How likely a limit order fills when the market reaches its price; ``None`` without such orders.
        asked: Limit orders whose price was reached.
    """

    overall: Calibration
    by_type: Mapping[str, Calibration]
    limits: Interval | None
    asked: int


def calibrate(folder: Path, seed: int = 0) -> Found:
    """Fit the run in ``folder``.

    Raises:
        MissingDataError: It has too few fills.
        DataError: It has no tape, or it cannot be read.
    """
    tape = tape_of(folder)
    with TapeStore.attach(tape) as store:
        events = list(store.events())
    series = read_bars(tape) if read_mode(tape) == "backtest" else told_by(tape).series
    orders: dict[str, dict[str, Any]] = {str(one.payload["order_id"]): one.payload for one in events if one.kind == "order_decided"}
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        if event.payload.get("execution_id") is not None:
            order = orders[str(event.payload["order_id"])]
            points[order["order_type"]].append(_point(event.timestamp, event.payload, order, series[order["symbol"]]))
    generator = np.random.default_rng(seed)
    overall = _fitted([one for each in points.values() for one in each], generator)
    if overall is None:
        raise MissingDataError(f"{folder.name}: {sum(map(len, points.values()))} fills are too few to fit a model; calibrate a longer run")
    fitted = {kind: found for kind, each in sorted(points.items()) if (found := _fitted(each, generator)) is not None}
    filled, asked = _reached(events, orders, series)
    return Found(overall, fitted, fill_probability(filled, asked), asked)


def _fitted(points: Sequence[tuple[float, float]], generator: np.random.Generator) -> Calibration | None:
    columns = np.array(points, dtype=np.float64).reshape(-1, 2)
    return calibrated(columns[:, 0], columns[:, 1], generator)


def _point(timestamp: int, fill: Mapping[str, Any], order: Mapping[str, Any], series: BarSeries) -> tuple[float, float]:
    """What a fill cost as a fraction, and the square-root impact of its size by the sessions before it."""
    sign, reference = OrderSide(order["side"]).sign, fill["reference_micros"]
    known = liquidity(*_sessions_before(series, timestamp))
    shares = round(fill["quantity_micros"] * later_splits(series, timestamp))  # the bars count those of the last one
    return sign * (fill["price_micros"] - reference) / reference, square_root_impact(shares, known)


def _sessions_before(series: BarSeries, timestamp: int) -> tuple[Floats, Floats, Floats, Floats]:
    """High, low, close and volume of the last sessions that were over before that of ``timestamp``."""
    numbers = session_numbers(series.timestamp)
    today = int(session_numbers(np.array([timestamp]))[0])
    count = int(np.searchsorted(numbers, today))
    firsts = np.flatnonzero(np.diff(numbers[:count], prepend=numbers[:1] - 1))[-SESSIONS:]
    if not len(firsts):
        nothing = np.empty(0)
        return nothing, nothing, nothing, nothing
    start, each = int(firsts[0]), firsts - firsts[0]
    last = np.append(firsts[1:], count) - 1
    return (
        np.maximum.reduceat(series.high[start:count], each),
        np.minimum.reduceat(series.low[start:count], each),
        series.close[last],
        np.add.reduceat(series.volume[start:count], each),
    )


def _reached(events: Sequence[TapeEvent], orders: Mapping[str, Mapping[str, Any]], series: Mapping[str, BarSeries]) -> tuple[int, int]:
    """Limit orders that filled, and those whose price the market reached while they worked."""
    ended: dict[str, tuple[int, str]] = {}
    for event in events:
        if event.kind in _OVER:
            ended[str(event.payload["order_id"])] = (event.timestamp, event.kind)
    created = {str(event.payload["order_id"]): event.timestamp for event in events if event.kind == "order_decided"}
    filled = asked = 0
    for name, order in orders.items():
        if order["order_type"] != "limit" or name not in ended:
            continue
        over, kind = ended[name]
        filled += kind == "order_filled"
        asked += kind == "order_filled" or _touched(order, created[name], over, series[order["symbol"]])
    return filled, asked


def _touched(order: Mapping[str, Any], since: int, until: int, series: BarSeries) -> bool:
    worked = (series.timestamp > since) & (series.timestamp <= until)
    price = float(order["limit_micros"] / MICRO / later_splits(series, since))  # in shares of the last bar, as the bars are
    return bool((series.low[worked] <= price).any() if OrderSide(order["side"]) is OrderSide.BUY else (series.high[worked] >= price).any())


def write_parameters(found: Found, place: Path) -> None:
    """Write the file that ``[fills] slippage = { model = "fitted", file = … }`` reads.

    Raises:
        ConfigError: It cannot be written.
    """
    rows = [(None, found.overall), *found.by_type.items()]
    text = "version = 1\n" + "".join(_row(kind, one) for kind, one in rows)
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {place}: {error.strerror}; choose another place with --out") from None


def _row(kind: str | None, one: Calibration) -> str:
    head = "" if kind is None else f'order_type = "{kind}"\n'
    intercept, impact = (f"{low:.6g} to {high:.6g}" for low, high in _bounds(one))
    return (
        f"\n[[rows]]  # {one.fills} fills; 95 %: intercept {intercept} bps, impact {impact}\n{head}"
        f"intercept_bps = {one.intercept.value * 1e4:.6f}\nimpact = {one.impact.value:.6f}\n"
    )


def _bounds(one: Calibration) -> tuple[tuple[float, float], tuple[float, float]]:
    return (one.intercept.low * 1e4, one.intercept.high * 1e4), (one.impact.low, one.impact.high)


def report(found: Found) -> dict[str, object]:
    """Everything found, as one JSON document; intercepts in basis points."""
    return {
        "overall": _plain(found.overall),
        "by_type": {kind: _plain(one) for kind, one in found.by_type.items()},
        "limit_fill_probability": None if found.limits is None else found.limits._asdict(),
        "limit_orders_reached": found.asked,
    }


def _plain(one: Calibration) -> dict[str, object]:
    scaled = {name: value * 1e4 for name, value in one.intercept._asdict().items()}
    return {"fills": one.fills, "intercept_bps": scaled, "impact": one.impact._asdict()}
