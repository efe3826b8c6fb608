"""The run folder: what is written, that it is exact, and that reading it back gives the same page."""

from __future__ import annotations

import csv
import json
import math
import struct
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import OrderType, TrailType
from framework.errors import BadDataError, ConfigError, MissingDataError
from framework.report.cells import float_cell, micros_cell, read_float, read_micros, read_text, text_cell
from framework.report.dates import NEW_YORK, iso_utc, new_york, parse_utc
from framework.report.folder import write_run
from framework.report.reading import read_run
from framework.report.tear_sheet import render
from framework.report.tear_sheet_data import from_record
from tests.report.records import Forecast, daily_times, edge_records, make_record

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.record import RunRecord


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return make_record(daily_times(300))


@pytest.fixture(scope="module")
def folder(record: RunRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "deep" / "run"
    write_run(record, path)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_the_contracts_files(folder: Path) -> None:
    names = {"summary.json", "config.toml", "orders.csv", "fills.csv", "trades.csv", "equity.csv", "equity.png", "report.html"}
    assert {path.name for path in folder.iterdir()} == names


def test_fills_are_exact_decimals_at_utc_times(record: RunRecord, folder: Path) -> None:
    written = rows(folder / "fills.csv")
    assert list(written[0])[:9] == ["timestamp", "symbol", "side", "quantity", "price", "fees", "order_id", "tag", "strategy"]
    assert len(written) == len(record.fills)
    for row, fill in zip(written, record.fills, strict=True):
        assert Decimal(row["price"]) * 1_000_000 == fill.price_micros
        assert Decimal(row["quantity"]) * 1_000_000 == fill.quantity_micros
        assert datetime.fromisoformat(row["timestamp"]) == datetime.fromtimestamp(fill.timestamp / 1e9, UTC)


def test_orders_have_one_row_for_each_change_of_state(record: RunRecord, folder: Path) -> None:
    written = [(row["order_id"], row["status"], row["reason"]) for row in rows(folder / "orders.csv")]
    assert written == [(order.order_id, str(change.status), change.reason) for order in record.orders for change in order.changes]


def test_prices_an_order_does_not_have_are_empty_cells(record: RunRecord, tmp_path: Path) -> None:
    trailing = replace(record.orders[0], order_type=OrderType.TRAILING_STOP, trail_micros=2_500_000, trail_type=TrailType.AMOUNT)
    write_run(replace(record, orders=[trailing, record.orders[1]], fills=(), trades=()), tmp_path)
    first, *_, last = rows(tmp_path / "orders.csv")
    assert (first["trail_amount"], first["trail_type"], first["limit_price"]) == ("2.5", "amount", "")
    assert (last["trail_amount"], last["trail_type"], last["stop_price"]) == ("", "", str(record.orders[1].stop_price))


def test_equity_rows_read_back_as_the_same_floats_and_nan_is_an_empty_cell(record: RunRecord, folder: Path) -> None:
    written = rows(folder / "equity.csv")
    assert [float(row["equity"]) for row in written] == record.equity.tolist()
    for name in Forecast._fields:
        assert [row[name] == "" for row in written] == np.isnan(getattr(record, name)).tolist()
        assert [float(row[name] or "nan") for row in written] == pytest.approx(getattr(record, name).tolist(), rel=0, nan_ok=True)


def test_the_picture_of_equity_is_a_png_at_twice_the_density(folder: Path) -> None:
    data = (folder / "equity.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1920, 740)


def test_the_page_made_from_the_folder_is_the_page_made_from_the_run(record: RunRecord, folder: Path) -> None:
    assert render(read_run(folder, record.series, record.description)) == (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(edge_records()))
def test_a_run_at_the_edge_survives_writing_and_reading(name: str, tmp_path: Path) -> None:
    record = edge_records()[name]
    write_run(record, tmp_path)
    back, data = read_run(tmp_path, record.series, record.description, record.events), from_record(record)
    assert back.transitions == data.transitions == tuple(record.events)
    assert (back.summary, back.fills, back.trades, back.order_states) == (data.summary, data.fills, data.trades, data.order_states)
    for column in ("timestamps", "equity", "cash", "exposure", *Forecast._fields, "benchmark"):
        np.testing.assert_array_equal(getattr(back, column), getattr(data, column))


def test_the_same_run_gives_the_same_bytes(record: RunRecord, folder: Path, tmp_path: Path) -> None:
    write_run(record, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_text_that_begins_like_a_formula_is_quoted_in_every_table(record: RunRecord, tmp_path: Path) -> None:
    formula = "=HYPERLINK(1)"
    fills = [replace(fill, tag=formula, strategy="@SUM(A1)") for fill in record.fills]
    orders = [replace(order, tag=formula) for order in record.orders]
    trades = [replace(trade, entry_tag=formula, exit_tag="-1+1") for trade in record.trades]
    write_run(replace(record, fills=fills, orders=orders, trades=trades), tmp_path)
    for name in ("orders.csv", "fills.csv", "trades.csv"):
        cells = [cell for row in rows(tmp_path / name) for column, cell in row.items() if "tag" in column or column == "strategy"]
        assert cells
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert read_run(tmp_path, {}).fills == tuple(fills)


@given(st.text())
def test_a_text_cell_reads_back_as_it_was(text: str) -> None:
    assert read_text(text_cell(text)) == (text or None)
    assert not text_cell(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.integers(-(2**62), 2**62))
def test_an_amount_cell_is_exact(micros: int) -> None:
    assert read_micros(micros_cell(micros)) == micros
    assert "E" not in micros_cell(micros)


@given(st.floats(allow_infinity=False))
def test_a_float_cell_reads_back_as_the_same_float(value: float) -> None:
    back = read_float(float_cell(value))
    assert back == value or (math.isnan(back) and math.isnan(value))


@given(st.lists(st.integers(0, 4_000_000_000_000_000_000)))
def test_times_read_back_to_the_nanosecond(times: list[int]) -> None:
    assert [parse_utc(text) for text in iso_utc(times)] == times


@given(st.lists(st.integers(631_152_000, 2_208_988_800)))
def test_new_york_time_is_the_time_zones_own(seconds: list[int]) -> None:
    local = new_york(np.array(seconds, dtype=np.int64) * 1_000_000_000)
    expected = [datetime.fromtimestamp(second, NEW_YORK).replace(tzinfo=UTC).timestamp() for second in seconds]
    assert (local / 1e9).tolist() == expected


def test_a_folder_without_a_run_says_which_files_are_missing(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(
        MissingDataError, match=r"not a run folder: config\.toml, equity\.csv, fills\.csv, orders\.csv, trades\.csv not found"
    ):
        read_run(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("summary.json", "{", r"summary\.json is not JSON"),
        ("summary.json", '{"run_id": 1}', r"summary\.json lacks mode, engine"),
        ("summary.json", "[]", r"summary\.json lacks run_id"),
        ("equity.csv", "a,b\n1,2\n", r"equity\.csv, line 1: the columns are a,b, expected timestamp"),
        ("equity.csv", "", r"equity\.csv, line 0: the columns are , expected"),
        (
            "equity.csv",
            "timestamp,equity,cash,exposure,var_95_1d,benchmark\n",
            r"equity\.csv, line 1: the columns are .*,var_95_1d,.*, expected .*,var_1d,",
        ),
        (
            "equity.csv",
            'timestamp,equity,cash,exposure,var_1d,cvar_1d,joint_var_1d,joint_cvar_1d,benchmark\n"never closed',
            r"equity\.csv, line 1: unexpected end of data",
        ),
        (
            "equity.csv",
            "timestamp,equity,cash,exposure,var_1d,cvar_1d,joint_var_1d,joint_cvar_1d,benchmark\nyesterday,1,1,1,1,1,1,1,1\n",
            r"equity\.csv, line 2: 'yesterday'",
        ),
        (
            "equity.csv",
            "timestamp,equity,cash,exposure,var_1d,cvar_1d,joint_var_1d,joint_cvar_1d,benchmark\n2005-01-03T21:00:00Z,1\n",
            r"equity\.csv, line 2",
        ),
        (
            "fills.csv",
            "timestamp,symbol,side,quantity,price,fees,order_id,tag,strategy,reference_price,execution_id\n2005-01-03T21:00:00Z,A,buy,x,1,0,o,,,1,e\n",
            r"fills\.csv, line 2",
        ),
    ],
)
def test_a_file_that_was_changed_is_named_with_its_line(folder: Path, tmp_path: Path, name: str, content: str, message: str) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_text(content)
    with pytest.raises(BadDataError, match=message):
        read_run(tmp_path, {})


def test_a_folder_that_cannot_be_written_is_named(record: RunRecord, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot write the run folder .*file.* --out"):
        write_run(record, tmp_path / "file" / "run")


def test_the_summary_file_is_json_a_strict_reader_accepts(folder: Path) -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert summary["symbols"] == ["AAPL", "IBM", "MSFT", "GOOG", "FB"]
