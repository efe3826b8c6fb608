"""The run folder: what a finished run leaves on disk (all of it but the tape)."""

from __future__ import annotations

import csv
import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from framework.domain.fill import Trade
from framework.errors import ConfigError
from framework.report.beside_model import read_beside_model
from framework.report.cells import float_cell, micros_cell, text_cell
from framework.report.dates import iso_utc
from framework.report.tear_sheet_data import from_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from framework.domain.fill import Fill
    from framework.domain.order import Order
    from framework.domain.record import RunRecord
    from framework.report.tear_sheet_data import TearSheetData

ORDER_COLUMNS = tuple(
    "timestamp order_id symbol side order_type quantity limit_price stop_price trail_amount trail_type time_in_force status reason role "
    "parent_id tag strategy".split()
)
FILL_COLUMNS = tuple("timestamp symbol side quantity price fees order_id tag strategy reference_price execution_id".split())
TRADE_COLUMNS = tuple(field.name for field in fields(Trade))
EQUITY_COLUMNS = tuple("timestamp equity cash exposure var_1d cvar_1d joint_var_1d joint_cvar_1d benchmark".split())


def write_run(record: RunRecord, folder: Path) -> None:
    """Write the run's files into ``folder``, which is made if need be: JSON, TOML, CSV, PNG and the tear sheet.

    Times in the files are ISO-8601 UTC. Quantities, prices and fees of orders and fills are exact decimals; text that a
    spreadsheet could take for a formula has a leading apostrophe; a figure that does not exist is an empty cell. Raises ``ConfigError``
    if the folder cannot be written.
    """
    from framework.report.tear_sheet import write_tear_sheet  # matplotlib is paid for only where a page is made

    data = replace(from_record(record), beside_model=read_beside_model(folder, record.mode))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_tables(record, data, folder)
        write_tear_sheet(data, folder)
    except OSError as error:
        raise ConfigError(f"cannot write the run folder {folder}: {error.strerror}; choose another one with --out") from error


def _write_tables(record: RunRecord, data: TearSheetData, folder: Path) -> None:
    summary = json.dumps(data.summary, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "summary.json").write_text(f"{summary}\n", encoding="utf-8")
    (folder / "config.toml").write_text(record.config_text, encoding="utf-8")
    _write_csv(folder / "orders.csv", ORDER_COLUMNS, _order_rows(record.orders))
    _write_csv(folder / "fills.csv", FILL_COLUMNS, _fill_rows(record.fills))
    _write_csv(folder / "trades.csv", TRADE_COLUMNS, _trade_rows(record.trades))
    _write_csv(folder / "equity.csv", EQUITY_COLUMNS, _equity_rows(data))


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _order_rows(orders: Sequence[Order]) -> Iterable[tuple[str, ...]]:
    """One row for each state change of each order, with the terms that held from it on."""
    changes = [(order, change, terms) for order in orders for change, terms in order.steps()]
    times = iso_utc(change.timestamp for _, change, _ in changes)
    for time, (order, change, terms) in zip(times, changes, strict=True):
        yield (
            time,
            text_cell(order.order_id),
            text_cell(order.symbol),
            order.side,
            order.order_type,
            micros_cell(terms.quantity_micros),
            micros_cell(terms.limit_micros),
            micros_cell(terms.stop_micros),
            micros_cell(terms.trail_micros),
            "" if order.trail_micros is None else order.trail_type,
            order.time_in_force,
            change.status,
            text_cell(change.reason),
            order.role,
            text_cell(order.parent_id),
            text_cell(order.tag),
            text_cell(order.strategy),
        )


def _fill_rows(fills: Sequence[Fill]) -> Iterable[tuple[str, ...]]:
    for time, fill in zip(iso_utc(fill.timestamp for fill in fills), fills, strict=True):
        yield (
            time,
            text_cell(fill.symbol),
            fill.side,
            micros_cell(fill.quantity_micros),
            micros_cell(fill.price_micros),
            micros_cell(fill.fees_micros),
            text_cell(fill.order_id),
            text_cell(fill.tag),
            text_cell(fill.strategy),
            micros_cell(fill.reference_micros),
            text_cell(fill.execution_id),
        )


def _trade_rows(trades: Sequence[Trade]) -> Iterable[tuple[str, ...]]:
    entries = iso_utc(trade.entry_at for trade in trades)
    exits = iso_utc(trade.exit_at for trade in trades)
    for entry, leave, trade in zip(entries, exits, trades, strict=True):
        amounts = (
            trade.quantity,
            trade.entry_price,
            trade.exit_price,
            trade.pnl,
            trade.return_fraction,
            trade.fees,
            trade.dividends,
            trade.r_multiple,
            trade.mae,
            trade.mfe,
        )
        tags = (text_cell(trade.entry_tag), text_cell(trade.exit_tag))
        taxes = (float_cell(trade.realized_gain), float_cell(trade.disallowed_loss), "yes" if trade.wash_sale else "no")
        yield (text_cell(trade.symbol), trade.side, entry, leave, *map(float_cell, amounts), str(trade.bars_held), *tags, *taxes)


def _equity_rows(data: TearSheetData) -> Iterable[tuple[str, ...]]:
    columns = [getattr(data, name) for name in EQUITY_COLUMNS[1:]]
    return zip(iso_utc(data.timestamps.tolist()), *(map(float_cell, column.tolist()) for column in columns), strict=True)
