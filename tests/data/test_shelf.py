"""A panel that does not fit into memory is read file by file and lies on the disk; it is the same panel, and the same run."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, load, loading
from data.shelf import Shelf
from framework import run
from framework.domain.market import nothing
from framework.errors import BadDataError, MissingDataError
from tests.builders import bars, still

COLUMNS = [field.name for field in fields(type(bars("A", still(1.0, 2)))) if field.name not in {"symbol", "delisting", "release"}]


def assert_same(one, other):
    for name in COLUMNS:
        first, second = getattr(one, name), getattr(other, name)
        assert (first is None) == (second is None)
        if first is not None:
            np.testing.assert_array_equal(first, second, strict=True)


def written(folder, bars, **changes):
    for number, symbol in enumerate(("AAA", "BBB", "CCC")):
        table = bars.assign(close=bars["close"] + number * 0.01, high=bars["high"] + 0.05, **changes.get(symbol, {}))
        (table if symbol != "CCC" else table[5:]).to_parquet(folder / f"{symbol}.parquet")
    return DataRequest(symbols=("CCC", "AAA", "BBB"), source="parquet", path=folder)


@pytest.fixture
def always_on_the_disk(monkeypatch):
    monkeypatch.setattr(loading, "FITS", 0)


def test_bars_on_the_disk_are_the_bars_that_were_put_there():
    series = bars("A", [(1.0, 2.0, 0.5, 1.5, 10.0), (1.5, 3.0, 1.0, 2.5, 20.0)], dividends={1: 0.25}, splits={1: 2.0})
    put = Shelf().put(series)
    assert_same(put, series)
    assert not any(getattr(put, name).flags.writeable for name in COLUMNS if getattr(put, name) is not None)
    put.release()
    assert_same(put, series)  # read again


def test_symbols_with_the_same_closes_share_them():
    shelf = Shelf()
    one, other, third = (shelf.put(bars(name, still(1.0, count))) for name, count in (("A", 3), ("B", 3), ("C", 2)))
    assert one.timestamp is other.timestamp
    assert third.timestamp is not one.timestamp


def test_a_copy_for_another_process_has_its_columns_with_it():
    put = Shelf().put(bars("A", still(1.0, 3)))
    copy = pickle.loads(pickle.dumps(put))  # noqa: S301 - our own bytes
    assert_same(copy, put)
    copy.release()


def test_a_panel_read_file_by_file_is_the_panel(bars, tmp_path, monkeypatch):
    request = written(tmp_path, bars)
    whole = load(request)
    monkeypatch.setattr(loading, "FITS", 0)
    lying = load(request)
    assert lying.first_trade == whole.first_trade
    assert lying.findings == whole.findings
    assert list(lying.series) == list(whole.series) == ["AAA", "BBB", "CCC"]
    for symbol, one in lying.series.items():
        assert_same(one, whole.series[symbol])
        assert (one.release is nothing, whole.series[symbol].release is nothing) == (False, True)


def test_a_run_over_it_is_the_run(bars, tmp_path, monkeypatch):
    written(tmp_path, bars, BBB={"split": np.where(np.arange(60) == 30, 2.0, 1.0)})
    config = {
        "strategy": {"class": "strategies.sma_cross:SmaCross", "params": {"fast": 2, "slow": 5}},
        "universe": {"symbols": ["AAA", "BBB", "CCC"]},
        "data": {"source": "parquet", "path": str(tmp_path), "warmup": 0, "policy": {"split_jump": "accept"}},
        "sizing": {"method": "equal"},
    }
    whole = run(config).record
    monkeypatch.setattr(loading, "FITS", 0)
    lying = run(config).record
    assert len(whole.fills) > 3
    assert (lying.decisions_hash, lying.inputs_hash, lying.fills) == (whole.decisions_hash, whole.inputs_hash, whole.fills)
    for name in ("equity", "exposure", "var_1d", "joint_var_1d", "benchmark"):
        np.testing.assert_array_equal(getattr(lying, name), getattr(whole, name))


@pytest.mark.usefixtures("always_on_the_disk")
def test_what_is_wrong_with_a_file_is_said_as_ever(bars, tmp_path):
    request = written(tmp_path, bars, BBB={"low": bars["low"].where(bars.index != 7, 1e6)})
    with pytest.raises(BadDataError, match=r"inverted \(1\):\n    BBB"):
        load(request)
    (tmp_path / "AAA.parquet").unlink()
    with pytest.raises(MissingDataError, match=r"AAA\.parquet is not there"):
        load(request)


@pytest.mark.usefixtures("always_on_the_disk")
def test_a_symbol_with_too_few_bars_to_trade_is_refused(bars, tmp_path):
    written(tmp_path, bars)
    pd.read_parquet(tmp_path / "BBB.parquet")[:1].to_parquet(tmp_path / "BBB.parquet")
    with pytest.raises(BadDataError, match=r"BBB \(.*\): 1 bar in the range"):
        load(DataRequest(symbols=("AAA", "BBB"), source="parquet", path=tmp_path))
