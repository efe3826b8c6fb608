"""A run's facts as pandas tables, for notebooks. A column has one dtype, whatever the run holds."""

from __future__ import annotations

from dataclasses import astuple, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from framework.domain.fill import Trade
from framework.domain.values import from_micros
from framework.errors import MissingDataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from framework.domain.fill import Fill
    from framework.domain.market import BarSeries
    from framework.domain.order import Order
    from framework.domain.record import RunRecord

FILL_COLUMNS = tuple("timestamp symbol side quantity price fees order_id tag strategy".split())
ORDER_COLUMNS = tuple(
    "timestamp order_id symbol side order_type quantity limit_price stop_price trail_amount trail_type time_in_force status reason role "
    "parent_id tag strategy".split()
)
TRADE_COLUMNS = tuple(field.name for field in fields(Trade))
CURVES = tuple("equity cash benchmark exposure var_1d cvar_1d joint_var_1d joint_cvar_1d".split())

_TIMES = frozenset({"timestamp", "entry_at", "exit_at"})
_KINDS = MappingProxyType({"bars_held": np.int64, "wash_sale": np.bool_})
_TEXTS = frozenset(
    "symbol side order_id tag strategy order_type trail_type time_in_force status reason role parent_id entry_tag exit_tag".split()
)


def _frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Times in UTC, text as str, counts as int64, flags as bool, everything else float64; what does not exist is NaN."""
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    return pd.DataFrame({name: _column(name, column) for name, column in zip(columns, values, strict=True)})


def _column(name: str, values: Sequence[Any]) -> pd.DatetimeIndex | pd.Series[str] | np.ndarray[tuple[int], np.dtype[np.generic]]:
    if name in _TIMES:
        return _utc(np.array(values, dtype=np.int64))
    if name in _TEXTS:
        return pd.Series(values, dtype="str")
    return np.array(values, dtype=_KINDS.get(name, np.float64))


def _utc(timestamps: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(timestamps.view("datetime64[ns]")).tz_localize("UTC")


def fills_frame(fills: Sequence[Fill]) -> pd.DataFrame:
    """One row a fill, in order of time; shares, dollars a share and dollars."""
    return _frame(
        FILL_COLUMNS,
        [
            (one.timestamp, one.symbol, one.side.value, one.quantity, one.price, one.fees, one.order_id, one.tag, one.strategy)
            for one in fills
        ],
    )


def _dollars(micros: int | None) -> Decimal | None:
    return None if micros is None else from_micros(micros)


def orders_frame(orders: Sequence[Order]) -> pd.DataFrame:
    """One row for every state change of every order with the terms from then on, in order of decision; a price it does not have is NaN."""
    return _frame(
        ORDER_COLUMNS,
        [
            (
                change.timestamp,
                one.order_id,
                one.symbol,
                one.side.value,
                one.order_type.value,
                from_micros(terms.quantity_micros),
                _dollars(terms.limit_micros),
                _dollars(terms.stop_micros),
                _dollars(terms.trail_micros),
                None if one.trail_micros is None else one.trail_type.value,
                one.time_in_force.value,
                change.status.value,
                change.reason or one.reason,
                one.role.value,
                one.parent_id,
                one.tag,
                one.strategy,
            )
            for one in orders
            for change, terms in one.steps()
        ],
    )


def trades_frame(trades: Sequence[Trade]) -> pd.DataFrame:
    """One row a round trip; money in dollars."""
    return _frame(TRADE_COLUMNS, [astuple(one) for one in trades])


def bars_frame(series: Mapping[str, BarSeries], symbol: str) -> pd.DataFrame:
    """Open, high, low, close and volume of ``symbol`` by close of the bar.

    Raises:
        MissingDataError: ``series`` has no such symbol.
    """
    if symbol not in series:
        raise MissingDataError(f"{symbol!r} is no symbol of this run; it has {', '.join(sorted(series))}")
    one = series[symbol]
    columns = {name: getattr(one, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=_utc(one.timestamp))


def equity_series(record: RunRecord) -> pd.Series[float]:
    """Equity in dollars by decision time."""
    return pd.Series(record.equity, index=_utc(record.timestamps), name="equity")


def curves_frame(record: RunRecord) -> pd.DataFrame:
    """What stands in equity.csv, by decision time: dollars, and fractions of equity for exposure and the forecasts."""
    return pd.DataFrame({name: getattr(record, name) for name in CURVES}, index=_utc(record.timestamps))
