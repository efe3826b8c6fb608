"""A run's facts as pandas tables, for notebooks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.domain.fill import Fill, Trade
    from framework.domain.order import Order
    from framework.domain.record import RunRecord

FILL_COLUMNS = ("timestamp", "symbol", "side", "quantity", "price", "fees", "order_id", "tag", "strategy")
ORDER_COLUMNS = (
    "timestamp",
    "order_id",
    "symbol",
    "side",
    "order_type",
    "quantity",
    "limit_price",
    "stop_price",
    "trail_amount",
    "time_in_force",
    "status",
    "reason",
    "role",
    "parent_id",
    "tag",
    "strategy",
)


def _utc(values: Sequence[int]) -> pd.DatetimeIndex:
    return pd.to_datetime(np.array(values, dtype=np.int64), utc=True)


def fills_frame(fills: Sequence[Fill]) -> pd.DataFrame:
    """One row a fill; quantity, price and fees as floats, timestamp in UTC."""
    rows = [
        (
            one.timestamp,
            one.symbol,
            one.side.value,
            float(one.quantity),
            float(one.price),
            float(one.fees),
            one.order_id,
            one.tag,
            one.strategy,
        )
        for one in fills
    ]
    frame = pd.DataFrame(rows, columns=list(FILL_COLUMNS))
    frame["timestamp"] = _utc([one.timestamp for one in fills])
    return frame


def orders_frame(orders: Sequence[Order]) -> pd.DataFrame:
    """One row for every state change of every order, in order of decision."""
    rows = [
        (
            change.timestamp,
            one.order_id,
            one.symbol,
            one.side.value,
            one.order_type.value,
            float(one.quantity),
            _number(one.limit_price),
            _number(one.stop_price),
            _number(one.trail_amount),
            one.time_in_force.value,
            change.status.value,
            change.reason or one.reason,
            one.role.value,
            one.parent_id,
            one.tag,
            one.strategy,
        )
        for one in orders
        for change in one.changes
    ]
    frame = pd.DataFrame(rows, columns=list(ORDER_COLUMNS))
    frame["timestamp"] = _utc([int(row[0]) for row in rows])
    return frame


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def trades_frame(trades: Sequence[Trade]) -> pd.DataFrame:
    """One row a round trip; money in dollars."""
    frame = pd.DataFrame([asdict(one) for one in trades], columns=_trade_columns())
    frame["entry_at"] = _utc([one.entry_at for one in trades])
    frame["exit_at"] = _utc([one.exit_at for one in trades])
    return frame


def _trade_columns() -> list[str]:
    from framework.domain.fill import Trade as Row

    return list(Row.__slots__)


def equity_series(record: RunRecord) -> pd.Series[float]:
    """Equity in dollars by decision time."""
    return pd.Series(record.equity, index=_utc(record.timestamps.tolist()), name="equity")
