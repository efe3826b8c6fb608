"""The catalogue: what is written is there, whole, mended where it was added again, and read by many at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import DataRequest, load
from data.catalog import ADJUSTED, Catalog, Series
from data.finding import NS_PER_DAY
from data.importing import import_bars
from data.parts import COLUMNS, MOST_PARTS, compact, part_paths, read_parts, write_part
from framework.errors import BadDataError, ConfigError, MissingDataError
from tests.campaigns import size

AAPL = Series("AAPL")


def columns(days, close=100.0):
    """Bars at the midnights of ``days``."""
    count = len(days)
    price = np.broadcast_to(np.asarray(close, dtype=np.float64), count).copy()
    table = dict.fromkeys(COLUMNS, price) | {"timestamp": np.asarray(days, dtype=np.int64) * NS_PER_DAY}
    return table | {
        "dividend": np.zeros(count),
        "split": np.ones(count),
        "adj_close": np.full(count, np.nan),
        "pay_day": np.zeros(count, np.int64),
    }


def days(table):
    return (table["timestamp"] // NS_PER_DAY).tolist()


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "catalog")


def test_what_is_appended_is_read(catalog):
    table = columns([1, 2, 3], [10.0, 11.0, 12.0])
    assert catalog.append(AAPL, table) == (3, 0, 0)
    found = catalog.read(AAPL)
    assert set(found) == {"timestamp", *COLUMNS}
    for name, column in found.items():
        assert np.array_equal(column, table[name], equal_nan=True)
        assert column.dtype == table[name].dtype
    assert catalog.series() == [AAPL]


def test_bars_that_are_there_are_not_written_again_and_those_that_differ_count(catalog):
    catalog.append(AAPL, columns([1, 2, 3], [10.0, 11.0, 12.0]))
    assert catalog.append(AAPL, columns([2, 3], [11.0, 12.0])) == (0, 0, 2)
    assert len(part_paths(catalog.folder(AAPL))) == 1
    assert catalog.append(AAPL, columns([2, 3, 5], [11.5, 12.0, 14.0])) == (1, 1, 1)
    assert catalog.append(AAPL, columns([0, 4], [9.0, 13.0])) == (2, 0, 0)  # before the first, and in a gap
    found = catalog.read(AAPL)
    assert days(found) == [0, 1, 2, 3, 4, 5]
    assert found["close"].tolist() == [9.0, 10.0, 11.5, 12.0, 13.0, 14.0]


@given(added=st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 3)), max_size=8), max_size=6))
def test_a_series_is_what_was_added_last_of_each_time(tmp_path_factory, added):
    catalog, known = Catalog(tmp_path_factory.mktemp("catalog")), {}
    for rows in added:
        bars = dict(sorted(rows))
        told = catalog.append(AAPL, columns(list(bars), list(bars.values())))
        assert told.new == len(set(bars) - set(known))
        assert told.same == sum(known.get(day) == price for day, price in bars.items())
        assert sum(told) == len(bars)
        known |= bars
    if known:
        compact(catalog.folder(AAPL))
        found = catalog.read(AAPL)
        assert dict(zip(days(found), found["close"].tolist(), strict=True)) == known
        assert len(part_paths(catalog.folder(AAPL))) == 1
        assert {row["timestamp"].value // NS_PER_DAY: row["close"] for row in catalog.query("FROM bars").to_dict("records")} == known


def test_many_parts_become_one(catalog):
    for day in range(MOST_PARTS + 2):
        catalog.append(AAPL, columns([day]))
    assert len(part_paths(catalog.folder(AAPL))) < 5
    assert days(catalog.read(AAPL)) == list(range(MOST_PARTS + 2))


def test_what_came_in_while_parts_were_made_one_is_not_overruled(catalog, monkeypatch):
    catalog.append(AAPL, columns([1, 2], 10.0))
    catalog.append(AAPL, columns([3], 10.0))
    folder, late = catalog.folder(AAPL), [columns([1], 99.0)]

    def reading(*arguments, **options):
        found = read_parts(*arguments, **options)
        if late:
            write_part(folder, late.pop())
        return found

    monkeypatch.setattr("data.parts.read_parts", reading)
    compact(folder)
    assert catalog.read(AAPL)["close"].tolist() == [99.0, 10.0, 10.0]
    assert len(part_paths(folder)) == 1


def test_readers_see_whole_bars_while_others_write_and_make_parts_one(catalog):
    catalog.append(AAPL, columns([0], 0.5))
    stop, wrong = threading.Event(), []

    def read():
        last = 0
        while not stop.is_set():
            found = days(catalog.read(AAPL))
            if found != list(range(len(found))) or len(found) < last:
                wrong.append(found)
            last = len(found)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for one in readers:
        one.start()
    for day in range(1, 80):
        catalog.append(AAPL, columns([day]))
    stop.set()
    for one in readers:
        one.join()
    assert not wrong
    assert days(catalog.read(AAPL)) == list(range(80))


def test_two_writers_both_get_their_bars_in(catalog):
    command = [sys.executable, "-c", WRITER, str(catalog.root)]
    writers = [subprocess.Popen([*command, str(first)], stdout=subprocess.DEVNULL) for first in (100, 200)]
    assert [one.wait() for one in writers] == [0, 0]
    assert days(catalog.read(AAPL)) == [*range(100, 115), *range(200, 215)]


#: Appends fifteen bars, one at a time, and says after each that it is committed.
WRITER = """\
import sys
from pathlib import Path
import numpy as np
from data.catalog import Catalog, Series
from data.parts import COLUMNS
from data.finding import NS_PER_DAY

catalog, first = Catalog(Path(sys.argv[1])), int(sys.argv[2])
for day in range(first, first + int(sys.argv[3]) if len(sys.argv) > 3 else first + 15):
    table = {name: np.full(50, float(day)) for name in COLUMNS} | {"pay_day": np.zeros(50, np.int64)}
    stamps = np.arange(day * 50, day * 50 + 50) if len(sys.argv) > 3 else np.array([day])
    table = {name: column[: len(stamps)] for name, column in table.items()} | {"timestamp": stamps * NS_PER_DAY}
    catalog.append(Series("AAPL"), table)
    print(day, flush=True)
"""


@pytest.mark.campaign
def test_a_kill_at_any_moment_loses_nothing_that_was_committed(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    committed = -1
    for turn in range(size(12, 300)):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(catalog.root), str(committed + 1), "100000"], stdout=subprocess.PIPE, text=True
        )
        said = [int(writer.stdout.readline())]
        time.sleep(0.001 * (turn * 37 % 100))
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout if line.endswith("\n")]
        writer.wait()
        writer.stdout.close()
        committed = said[-1]
        found = catalog.read(AAPL, verify=True)
        there = days(found)
        assert there == list(range(len(there)))  # whole parts only, none twice
        assert len(there) in {(committed + 1) * 50, (committed + 2) * 50}  # the last may be written and not said
        assert np.array_equal(found["close"], np.repeat(np.arange(len(there) // 50, dtype=np.float64), 50))
        committed = len(there) // 50 - 1


def test_a_damaged_part_is_named(catalog):
    catalog.append(AAPL, columns(list(range(500)), np.arange(500.0) + 1.0))
    (path,) = part_paths(catalog.folder(AAPL))
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadDataError, match=r"000001\.parquet cannot be read: .*; remove it and import its bars again"):
        catalog.read(AAPL, verify=True)
    path.write_bytes(b"nothing")
    with pytest.raises(BadDataError, match="cannot be read"):
        catalog.read(AAPL)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "catalog").write_text("a file")
    with pytest.raises(ConfigError, match="cannot write into the catalogue"):
        Catalog(tmp_path / "catalog").append(AAPL, columns([1]))


def test_what_is_not_there_is_named_with_what_is_near(catalog):
    catalog.append(AAPL, columns([1]))
    with pytest.raises(MissingDataError, match="has no AAPL 5m raw; of AAPL there is 1d raw"):
        catalog.read(Series("AAPL", "5m"))
    with pytest.raises(MissingDataError, match=r"has no AAPLE 1d raw; did you mean AAPL\?"):
        catalog.read(Series("AAPLE"))
    with pytest.raises(MissingDataError, match="is empty"):
        Catalog(catalog.root / "none").query("FROM bars")


@pytest.mark.parametrize("package", ["pyarrow.parquet", "duckdb"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(catalog, monkeypatch, package):
    catalog.append(AAPL, columns([1]))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDataError, match=r'pip install "onetape\[catalog\]"'):
        catalog.query("FROM bars") if package == "duckdb" else catalog.read(AAPL)


# Arrays and queries.


def test_arrays_align_symbols_and_adjust_for_splits(catalog):
    first = columns([1, 2, 3, 5], [10.0, 10.0, 5.0, 6.0]) | {"split": np.array([1.0, 1.0, 2.0, 1.0])}
    catalog.append(AAPL, first)
    catalog.append(Series("IBM"), columns([2, 3, 4], [20.0, 21.0, 22.0]))
    found = catalog.arrays(["IBM", "AAPL"])
    assert found.symbols == ("AAPL", "IBM")
    assert (found.timestamp // NS_PER_DAY).tolist() == [1, 2, 3, 4, 5]
    nan = np.nan
    assert np.array_equal(found.close, [[5.0, nan], [5.0, 20.0], [5.0, 21.0], [nan, 22.0], [6.0, nan]], equal_nan=True)
    assert found.volume[0, 0] == 20.0
    part = catalog.arrays(["AAPL"], start=2 * NS_PER_DAY, end=3 * NS_PER_DAY)
    assert part.close.T.tolist() == [[5.0, 5.0]]
    catalog.append(Series("AAPL", "1d", ADJUSTED), first)
    assert catalog.arrays(["AAPL"], kind=ADJUSTED).close.T.tolist() == [[10.0, 10.0, 5.0, 6.0]]


def test_a_query_sees_every_series_with_its_names(catalog):
    catalog.append(AAPL, columns([1, 2], 10.0))
    catalog.append(AAPL, columns([2], 11.0))
    catalog.append(Series("IBM", "5m"), columns([2], 30.0))
    found = catalog.query("SELECT symbol, resolution, kind, count(*) AS bars, max(close) AS top FROM bars GROUP BY ALL ORDER BY symbol")
    assert found.to_numpy().tolist() == [["AAPL", "1d", "raw", 2, 11.0], ["IBM", "5m", "raw", 1, 30.0]]


def test_a_scan_gives_bars_in_pieces(catalog):
    catalog.append(AAPL, columns(list(range(25)), np.arange(25.0) + 1.0))
    catalog.append(AAPL, columns(list(range(25, 30)), np.arange(25.0, 30.0) + 1.0))
    pieces = list(catalog.scan(AAPL, 10))
    assert [len(piece["timestamp"]) for piece in pieces] == [10, 10, 5, 5]
    assert np.concatenate([piece["close"] for piece in pieces]).tolist() == [float(one) for one in range(1, 31)]


# As a source.


def test_the_catalogue_gives_the_bars_that_its_source_gives(catalog):
    request = DataRequest(("AAPL", "IBM"))
    done = list(import_bars(catalog, catalog.root, "sample", request))
    assert [one.series.symbol for one in done] == ["AAPL", "IBM"]
    direct = load(DataRequest(("AAPL", "IBM"), start=date(2004, 1, 5)))
    stored = load(DataRequest(("AAPL", "IBM"), source="catalog", path=catalog.root, start=date(2004, 1, 5)))
    assert stored.first_trade == direct.first_trade
    for symbol, series in direct.series.items():
        for name in ("timestamp", "open", "high", "low", "close", "volume", "dividend", "split"):
            assert np.array_equal(getattr(stored.series[symbol], name), getattr(series, name))
    # What the sample declares to be real is not refused from the catalogue either.
    load(DataRequest(("AAPL",), source="catalog", path=catalog.root))


def test_actions_beside_the_bars_are_used(catalog):
    table = columns([14977, 14978, 14979, 14980], [10.0, 10.0, 5.0, 5.0])
    catalog.append(AAPL, table)
    (catalog.root / "actions.csv").write_text("date,symbol,action,value\n2011-01-05,AAPL,split,2\n", encoding="utf-8")
    found = load(DataRequest(("AAPL",), source="catalog", path=catalog.root)).series["AAPL"]
    assert found.close.tolist() == [5.0, 5.0, 5.0, 5.0]
    assert found.split.tolist() == [1.0, 1.0, 2.0, 1.0]


def test_without_a_path_the_catalogue_is_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingDataError, match="the catalogue catalog has no AAPL 1d raw"):
        load(DataRequest(("AAPL",), source="catalog"))


def test_no_writer_leaves_files_behind(catalog):
    catalog.append(AAPL, columns([1]))
    assert sorted(path.name for path in catalog.folder(AAPL).iterdir()) == ["000001.parquet"]
