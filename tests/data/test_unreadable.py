"""What cannot be read at all: the message names the file, the place and the remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from data import DataRequest, load
from framework.errors import BadDataError, ConfigError, MissingDataError

HEADER = "date,open,high,low,close,volume\n"
ROWS = "2012-01-03,10,11,9,10.5,100\n2012-01-04,10,11,9,10.5,100\n2012-01-05,10,11,9,10.5,100\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "AAPL.csv is empty"),
        ("\n \n", "AAPL.csv is empty"),
        (HEADER, "AAPL.csv has a header and no rows"),
        (HEADER.replace("volume", "vol") + ROWS, r"AAPL.csv: no column volume; present: date, open, high, low, close, vol"),
        (HEADER.replace("date", "day") + ROWS, "AAPL.csv: 0 columns of time, need one, named timestamp or date; present: day, open"),
        (HEADER.replace("open", "date ") + ROWS, "no column open|0 columns of time"),
        (HEADER.replace("low", "Close") + ROWS, "no column low"),
        (HEADER.strip() + ",Close\n" + ROWS.replace("100\n", "100,1\n"), r"column close stands there 2 times \(case is ignored\)"),
        (HEADER.replace("volume", "volume,dividends") + ROWS.replace("100\n", "100,0\n"), "column dividends is not read.*dividend"),
        (HEADER.replace("volume", "volume,Stock Splits") + ROWS.replace("100\n", "100,0\n"), "column stock_splits is not read.*split"),
        (
            HEADER.replace("volume", "volume,split") + ROWS.replace("100\n", "100,0\n"),
            "row 2, column split: 0; a split is new shares for one old",
        ),
        (HEADER.replace("volume", "volume,dividend") + ROWS.replace("100\n", "100,-1\n", 1), "row 2, column dividend: -1; a dividend is"),
        (HEADER + ROWS.replace("11", "eleven", 1), r"AAPL.csv, row 2, column high: 'eleven' is not a number; write it like 1234.5"),
        (HEADER + ROWS.replace("05,10,11", '05,10,"1,100"'), r"row 4, column high: '1,100' is not a number"),
        (HEADER + "\n" + ROWS.replace("05,10,11", "05,10,true"), "row 5, column high: '(?i:true)' is not a number"),
        (HEADER + ROWS.replace("100\n", "100,7\n", 1), "more values than the header has names"),
        (HEADER + ROWS + "2012-01-06,10,11,9,10.5,100,7\n", "AAPL.csv is not a comma-separated table: .*line 5"),
        (HEADER + ROWS.replace("2012-01-04", ""), "AAPL.csv, row 3: the timestamp is blank; allowed: ISO 8601"),
        (HEADER + ROWS.replace("2012-01-04", "01/04/2012"), "AAPL.csv, row 3: '01/04/2012' is no timestamp; allowed: ISO 8601"),
        (HEADER + ROWS.replace("2012-01-04", "9999-01-04"), "row 3: '9999-01-04' is no timestamp"),
        (HEADER + ROWS.replace("2012-01-04", "2012-01-04T21:00:00Z"), "some timestamps have a UTC offset and some have none"),
        ((HEADER + ROWS).encode() + b"\xe9", r"AAPL.csv is not UTF-8: byte 0xe9 at offset 116; save it as UTF-8"),
        ((HEADER + ROWS).encode("utf-16"), "is not UTF-8: byte 0xff at offset 0"),
        (HEADER + ROWS.splitlines()[0], "1 bar in the range to trade, at least 2 are needed"),
    ],
)
def test_an_unreadable_file_is_refused(content, message, load_csv):
    with pytest.raises(BadDataError, match=message) as refusal:
        load_csv(content)
    assert refusal.value.exit_code == 3
    assert "AAPL" in str(refusal.value)


@pytest.mark.parametrize("content", ["\ufeff" + HEADER + ROWS, HEADER + "\n" + ROWS + "\n\n", (HEADER + ROWS).replace("\n", "\r\n"),
                                     HEADER.upper() + ROWS, HEADER.replace("date", " Timestamp ") + ROWS.replace("-", "")])  # fmt: skip
def test_marks_blank_lines_and_case_do_not_matter(content, load_csv):
    assert load_csv(content).series["AAPL"].close.tolist() == [10.5, 10.5, 10.5]


def test_a_missing_file_names_near_ones_and_those_there_are(tmp_path):
    for name in ("aapl.csv", "IBM.csv"):
        (tmp_path / name).write_text(HEADER + ROWS)
    with pytest.raises(MissingDataError, match=r"AAPL\.csv is not there; did you mean aapl\.csv\?; the folder holds IBM\.csv, aapl\.csv"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path))


def test_a_full_folder_is_not_listed_in_full_and_an_empty_one_is_said_to_be(tmp_path):
    with pytest.raises(MissingDataError, match=r"the folder holds no \.csv file"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path))
    for index in range(12):
        (tmp_path / f"X{index:02}.csv").touch()
    with pytest.raises(MissingDataError, match=r"X09\.csv and 2 more"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path))


def test_a_missing_folder_names_a_near_one(tmp_path):
    (tmp_path / "prices").mkdir()
    with pytest.raises(MissingDataError, match=r"\[data\] path = '.*/price' is not a folder; did you mean prices\?"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path / "price"))
    with pytest.raises(MissingDataError, match="is not a folder"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path / "a" / "b"))


def test_a_folder_where_a_file_should_be_is_missing_data(tmp_path):
    (tmp_path / "AAPL.csv").mkdir()
    with pytest.raises(MissingDataError, match=r"AAPL\.csv cannot be read: Is a directory"):
        load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path))


@pytest.mark.parametrize("source", ["csv", "parquet"])
def test_a_source_of_files_needs_a_path(source):
    with pytest.raises(ConfigError, match=rf'\[data\] path is not set: source = "{source}" needs the folder that holds AAPL\.{source}'):
        load(DataRequest(symbols=("AAPL",), source=source))


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "AAPL.parquet").write_text(HEADER + ROWS)
    with pytest.raises(BadDataError, match=r"AAPL\.parquet cannot be read as Parquet"):
        load(DataRequest(symbols=("AAPL",), source="parquet", path=tmp_path))


def test_a_missing_frame_names_those_given():
    with pytest.raises(MissingDataError, match=r"no DataFrame for AAPL; did you mean AAPLE\?; given: AAPLE, IBM"):
        load(DataRequest(symbols=("AAPL",)), frames={"IBM": pd.DataFrame(), "AAPLE": pd.DataFrame()})
    with pytest.raises(ConfigError, match=r'source = "frames" needs DataFrames'):
        load(DataRequest(symbols=("AAPL",), source="frames"))


def test_a_frame_with_two_columns_of_time_or_numbers_for_times_is_refused(bars):
    request = DataRequest(symbols=("AAPL",), source="frames")
    dated = bars.set_index(pd.DatetimeIndex(bars.date))
    with pytest.raises(BadDataError, match="the DataFrame of AAPL: 2 columns of time, need one"):
        load(request, {"AAPL": dated})
    with pytest.raises(BadDataError, match="row 1: the timestamp 20120103 is a number"):
        load(request, {"AAPL": bars.assign(date=bars.date.str.replace("-", "").astype(int))})


@pytest.mark.parametrize(
    ("package", "request_text", "remedy"),
    [
        ("bokeh_sampledata", "symbols=('AAPL',)", "onetape[sample]"),
        ("pyarrow", "symbols=('AAPL',), source='parquet'", "onetape[parquet]"),
    ],
)
def test_a_missing_optional_package_is_named_with_the_command_that_installs_it(package, request_text, remedy):
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from data import DataRequest, load\nfrom framework.errors import MissingDataError\n"
        f"try: load(DataRequest({request_text}))\nexcept MissingDataError as error: print(error)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert f'pip install "{remedy}"' in done.stdout


def test_another_release_of_the_sample_is_refused():
    code = (
        "import importlib.metadata as metadata\nmetadata.version = lambda name: '2025.0'\n"
        "from data import DataRequest, load\nfrom framework.errors import MissingDataError\n"
        "try: load(DataRequest(symbols=('AAPL',)))\nexcept MissingDataError as error: print(error)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert "needs bokeh_sampledata 2026.1, found 2025.0" in done.stdout
