"""Requests that cannot be meant are refused with the key and what is allowed."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from data import DataRequest, FindingKind
from data.policy import POLICIES
from framework.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"symbols": ()}, r"\[universe\] symbols is empty"),
        ({"symbols": ("../AAPL",)}, r"'\.\./AAPL' is not a symbol"),
        ({"symbols": ("AAPL", "IBM", "AAPL")}, "AAPL stands there 2 times"),
        ({"source": "cvs"}, r"\[data\] source = 'cvs'; did you mean csv\?; allowed: sample, csv, parquet, catalog, frames"),
        ({"adjust": "split"}, r"\[data\] adjust = 'split'; did you mean splits\?; allowed: splits, adj_close, none"),
        ({"resolution": "1w"}, r"\[data\] resolution = '1w'; allowed: 1d, or minutes or hours"),
        ({"resolution": "0m"}, r"\[data\] resolution = '0m'"),
        ({"start": date(2012, 1, 2), "end": date(2012, 1, 1)}, r"\[data\] start = 2012-01-02 is after end = 2012-01-01"),
        ({"warmup": -1}, r"\[data\] warmup = -1; allowed: 0 or more"),
        ({"timezone": "America/NewYork"}, r"\[data\] timezone = 'America/NewYork' is unknown"),
        ({"policy": {"gaps": "accept"}}, r"\[data\.policy\] gaps: no such kind of finding; did you mean gap\?; allowed: duplicate,"),
        ({"policy": {"gap": "drop"}}, r"\[data\.policy\] gap = 'drop': no such policy; allowed: refuse, accept"),
        ({"policy": {"duplicate": "keep-last"}}, r"did you mean keep_last\?; allowed: refuse, keep_first, keep_last"),
    ],
)
def test_a_value_that_does_not_exist_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        DataRequest(**{"symbols": ("AAPL",), **given})


def test_every_kind_of_finding_is_refused_by_default_but_those_that_change_no_bar():
    request = DataRequest(symbols=("AAPL",))
    assert set(POLICIES) == set(FindingKind)
    assert {kind for kind in FindingKind if request.action(kind) != "refuse"} == {FindingKind.ZERO_VOLUME, FindingKind.FINER_RANGE}


def test_the_length_of_a_bar_follows_from_the_resolution():
    assert [DataRequest(symbols=("A",), resolution=text).step for text in ("5m", "1h", "1d")] == [300 * 10**9, 3600 * 10**9, 0]


def test_importing_the_package_costs_neither_numpy_nor_pandas():
    code = "import sys, data; data.DataRequest(symbols=('A',)); print({'numpy', 'pandas', 'exchange_calendars'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_name_the_package_does_not_have_is_an_attribute_error():
    import data

    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        data.lode  # noqa: B018
