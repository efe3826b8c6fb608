"""Answers of analyzers as a file that JSON can read."""

from __future__ import annotations

import json
from collections import OrderedDict
from datetime import date, datetime, time

import numpy as np
import pytest

from framework.errors import ConfigError
from framework.report.analyses import plain, write_analyses


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        ("text", "text"),
        (3, 3),
        (np.int64(3), 3),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (float("nan"), None),
        (float("inf"), None),
        (date(2012, 1, 3), "2012-01-03"),
        (datetime(2012, 1, 3, 16), "2012-01-03T16:00:00"),  # noqa: DTZ001 - backtrader's times are local
        (time(16), "16:00:00"),
        ((1, 2.0), [1, 2.0]),
        (OrderedDict({date(2012, 1, 3): {"won": 1}, 2011: float("nan")}), {"2012-01-03": {"won": 1}, "2011": None}),
        ({None: 1}, {"None": 1}),
        ({1}, "{1}"),
    ],
)
def test_everything_has_a_plain_form(value, shown):
    found = plain(value)
    assert found == shown
    assert type(found) is type(shown)
    json.dumps(found, allow_nan=False)


def test_the_file_is_written_where_there_is_something_to_write(tmp_path):
    write_analyses({}, tmp_path)
    assert not list(tmp_path.iterdir())
    write_analyses({"sqn": {"sqn": 1.5}}, tmp_path)
    assert json.loads((tmp_path / "analyzers.json").read_text()) == {"sqn": {"sqn": 1.5}}


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write the run folder .*missing"):
        write_analyses({"sqn": 1}, tmp_path / "missing")
