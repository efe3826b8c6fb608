"""Sound bars of sixty real sessions, to be broken in one place by each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import exchange_calendars
import numpy as np
import pandas as pd
import pytest

from data import DataRequest, Dataset, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def bars(sound_bars: pd.DataFrame) -> pd.DataFrame:
    """A copy of the sound bars that the test may break."""
    return sound_bars.copy()


@pytest.fixture(scope="session")
def sound_bars() -> pd.DataFrame:
    """60 sessions of XNYS from 2012-01-03 on, moving about 1 % a day."""
    calendar = exchange_calendars.get_calendar("XNYS", start="2012-01-03", end="2012-06-29")
    dates = calendar.sessions[:60].strftime("%Y-%m-%d")
    moves = np.random.default_rng(7).normal(0.0, 0.01, 61)
    closes = 100.0 * np.exp(np.cumsum(moves))
    opened, closed = closes[:-1], closes[1:]
    columns = {
        "date": list(dates),
        "open": opened.round(2),
        "high": (np.maximum(opened, closed) * 1.004).round(2),
        "low": (np.minimum(opened, closed) * 0.996).round(2),
        "close": closed.round(2),
        "volume": np.full(60, 1_000_000.0),
    }
    return pd.DataFrame(columns)


@pytest.fixture
def load_csv(tmp_path: Path) -> Callable[..., Dataset]:
    """Write text, bytes or a table as AAPL.csv and load it."""

    def write_and_load(content: str | bytes | pd.DataFrame, **request: object) -> Dataset:
        text = content.to_csv(index=False) if isinstance(content, pd.DataFrame) else content
        (tmp_path / "AAPL.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load(DataRequest(symbols=("AAPL",), source="csv", path=tmp_path, **request))

    return write_and_load
