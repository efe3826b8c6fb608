"""A finished run folder back into the tear sheet's data."""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import TYPE_CHECKING, TypedDict, TypeVar

import numpy as np

from framework.domain.fill import Fill, Trade
from framework.domain.order import OrderRole, OrderSide, OrderStatus, OrderType
from framework.errors import BadDataError, MissingDataError
from framework.report.beside_model import read_beside_model
from framework.report.cells import read_float, read_micros, read_text
from framework.report.dates import parse_utc
from framework.report.folder import EQUITY_COLUMNS, FILL_COLUMNS, ORDER_COLUMNS, TRADE_COLUMNS
from framework.report.levels import LevelStep, working_levels
from framework.report.summary import SUMMARY_FIELDS
from framework.report.tear_sheet_data import TearSheetData

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from framework.domain.account_event import AccountEvent
    from framework.domain.market import BarSeries, Floats, Integers
    from framework.report.levels import WorkingLevel
    from framework.rules.guards.state import Transition

FILES = ("summary.json", "config.toml", "equity.csv", "fills.csv", "orders.csv", "trades.csv")

Value = TypeVar("Value")


def read_run(
    folder: Path,
    series: Mapping[str, BarSeries],
    description: str = "",
    transitions: Sequence[Transition] = (),
    account_events: Sequence[AccountEvent] = (),
    sectors: Mapping[str, str] | None = None,
) -> TearSheetData:
    """The tear sheet's data of a finished run folder.

    ``series`` are prices for the trade charts, by symbol; ``description`` is the strategy's one line, ``transitions`` are what the circuit
    breakers did, ``account_events`` what happened to the account without a trade, ``sectors`` those of the symbols. None of them is in the
    folder's tables; the tape has them.

    Raises:
        MissingDataError: Files are not there; they are named.
        BadDataError: Something cannot be read; file and line are named.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise MissingDataError(f"{folder} is not a run folder: {', '.join(missing)} not found; give the folder that holds summary.json")
    times, curves = _read_curves(folder / "equity.csv")
    summary = _read_summary(folder / "summary.json")
    return TearSheetData(
        summary=summary,
        description=description,
        config_text=(folder / "config.toml").read_text(encoding="utf-8", errors="replace"),
        timestamps=times,
        **curves,
        fills=tuple(_read_rows(folder / "fills.csv", FILL_COLUMNS, _fill)),
        trades=tuple(_read_rows(folder / "trades.csv", TRADE_COLUMNS, _trade)),
        **_read_orders(folder / "orders.csv"),
        series=series,
        transitions=tuple(transitions),
        account_events=tuple(account_events),
        sectors=sectors or {},
        beside_model=read_beside_model(folder, str(summary["mode"])),
    )


def _read_summary(path: Path) -> dict[str, object]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadDataError(f"{path} is not JSON: {error}; it was changed after the run, which must be made again") from error
    missing = [name for name in SUMMARY_FIELDS if not isinstance(summary, dict) or name not in summary]
    if missing:
        raise BadDataError(f"{path} lacks {', '.join(missing)}: it is not a summary of this version; make the run again")
    return {name: summary[name] for name in SUMMARY_FIELDS}


def _read_rows(path: Path, columns: Sequence[str], read: Callable[[dict[str, str]], Value]) -> list[Value]:
    """Each data row through ``read``; a wrong header or a row that cannot be read is a ``BadDataError``."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, strict=True)
        try:
            _check_header(rows.fieldnames, columns)
            return [read(_complete(row)) for row in rows]
        except (csv.Error, ValueError, ArithmeticError) as error:
            raise BadDataError(f"{path}, line {rows.line_num}: {error}; the file was changed after the run, make it again") from error


def _check_header(found: Sequence[str] | None, columns: Sequence[str]) -> None:
    if tuple(found or ()) != tuple(columns):
        raise ValueError(f"the columns are {','.join(found or ())}, expected {','.join(columns)}")


def _complete(row: dict[str, str]) -> dict[str, str]:
    """The row, if it has as many cells as there are columns."""
    if None in row or None in row.values():
        raise ValueError("the row does not have one cell for each column")
    return row


def _read_curves(path: Path) -> tuple[Integers, dict[str, Floats]]:
    """Times int64 [T] and the other columns float64 [T] by name."""
    names = EQUITY_COLUMNS[1:]

    def read(row: dict[str, str]) -> tuple[int, list[float]]:
        return parse_utc(row["timestamp"]), [read_float(row[name]) for name in names]

    rows = _read_rows(path, EQUITY_COLUMNS, read)
    times = np.array([time for time, _ in rows], dtype=np.int64)
    table = np.array([values for _, values in rows], dtype=np.float64).reshape(len(rows), len(names))
    return times, dict(zip(names, table.T, strict=True))


def _fill(row: dict[str, str]) -> Fill:
    return Fill(
        execution_id=read_text(row["execution_id"]) or "",
        order_id=read_text(row["order_id"]) or "",
        timestamp=parse_utc(row["timestamp"]),
        symbol=read_text(row["symbol"]) or "",
        side=OrderSide(row["side"]),
        quantity_micros=read_micros(row["quantity"]),
        price_micros=read_micros(row["price"]),
        reference_micros=read_micros(row["reference_price"]),
        fees_micros=read_micros(row["fees"]),
        tag=read_text(row["tag"]),
        strategy=read_text(row["strategy"]) or "",
    )


def _trade(row: dict[str, str]) -> Trade:
    return Trade(
        symbol=read_text(row["symbol"]) or "",
        side=row["side"],
        entry_at=parse_utc(row["entry_at"]),
        exit_at=parse_utc(row["exit_at"]),
        quantity=float(row["quantity"]),
        entry_price=float(row["entry_price"]),
        exit_price=float(row["exit_price"]),
        pnl=float(row["pnl"]),
        return_fraction=float(row["return_fraction"]),
        fees=float(row["fees"]),
        dividends=float(row["dividends"]),
        r_multiple=float(row["r_multiple"]) if row["r_multiple"] else None,
        mae=float(row["mae"]),
        mfe=float(row["mfe"]),
        bars_held=int(row["bars_held"]),
        entry_tag=read_text(row["entry_tag"]),
        exit_tag=read_text(row["exit_tag"]),
        realized_gain=float(row["realized_gain"]),
        disallowed_loss=float(row["disallowed_loss"]),
        wash_sale=row["wash_sale"] == "yes",
    )


class _OrdersRead(TypedDict):
    order_states: dict[str, int]
    stops: tuple[WorkingLevel, ...]
    limits: tuple[WorkingLevel, ...]


def _read_orders(path: Path) -> _OrdersRead:
    """Number of orders by their last status, and when each protective stop and each limit order worked."""
    rows = _read_rows(
        path, ORDER_COLUMNS, lambda row: (row["role"], row["order_type"], _step(row, "stop_price"), _step(row, "limit_price"))
    )
    last = {stop.order_id: str(stop.status) for _, _, stop, _ in rows}
    return {
        "order_states": dict(sorted(Counter(last.values()).items())),
        "stops": working_levels(stop for role, _, stop, _ in rows if role == OrderRole.STOP),
        "limits": working_levels(limit for _, order_type, _, limit in rows if order_type == OrderType.LIMIT),
    }


def _step(row: dict[str, str], level: str) -> LevelStep:
    return LevelStep(
        row["order_id"],
        read_text(row["symbol"]) or "",
        parse_utc(row["timestamp"]),
        OrderStatus(row["status"]),
        read_micros(row[level]) if row[level] else None,
    )
