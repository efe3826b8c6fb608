"""Files of QuantConnect's LEAN: zipped CSV without a header, prices in ten-thousandths of a dollar, times of New York at a bar's start.

``equity/usa/daily/aapl.zip`` holds ``20140328 00:00,open,high,low,close,volume``; ``equity/usa/minute/aapl/20140328_trade.zip`` the bars of
one day as ``milliseconds since midnight,open,high,low,close,volume``.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from framework.errors import BadDataError, MissingDataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_SCALE = 10_000.0
_COLUMNS = ("time", "open", "high", "low", "close", "volume")
_DAY_FILE = re.compile(r"^(\d{8})_trade\.zip$")
FOLDERS = (("1d", "daily"), ("1h", "hour"), ("1m", "minute"))


def lean_symbols(root: Path, resolution: str) -> list[str]:
    """The symbols of ``resolution`` below ``root``, the folder that holds ``daily``, ``hour`` and ``minute``.

    Raises ``MissingDataError`` where there is no such folder.
    """
    folder = _folder(root, resolution)
    return sorted({path.stem.upper() for path in folder.glob("*.zip")} | {path.name.upper() for path in folder.iterdir() if path.is_dir()})


def read_lean(root: Path, symbol: str, resolution: str, timezone: str) -> pd.DataFrame:
    """The bars of ``symbol`` as a table: timestamp (the close of intraday bars, the date of daily ones), open, high, low, close, volume.

    Raises ``MissingDataError`` when they are not there, ``BadDataError`` when a file cannot be read.
    """
    import pandas as pd

    folder = _folder(root, resolution)
    if resolution == "1m":
        days = sorted(path for path in (folder / symbol.lower()).glob("*.zip") if _DAY_FILE.match(path.name))
        tables = [_minutes(path, timezone) for path in days]
    else:
        whole = folder / f"{symbol.lower()}.zip"
        tables = [_bars(whole, resolution, timezone)] if whole.is_file() else []
    if not tables:
        raise MissingDataError(f"{folder} has no bars of {symbol}; LEAN keeps them in {symbol.lower()}.zip, minutes in {symbol.lower()}/")
    return pd.concat(tables, ignore_index=True)


def _folder(root: Path, resolution: str) -> Path:
    name = dict(FOLDERS).get(resolution)
    if name is None or not (root / name).is_dir():
        known = ", ".join(f"{key} in {value}/" for key, value in FOLDERS)
        raise MissingDataError(f"{root} has no LEAN bars of {resolution}; name the folder that holds them ({known}), such as equity/usa")
    return root / name


def _rows(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with zipfile.ZipFile(path) as archive:
            (name,) = archive.namelist()
            content = archive.read(name)
        table = pd.read_csv(io.BytesIO(content), header=None, names=list(_COLUMNS), dtype={"time": str})
        prices = list(_COLUMNS[1:5])
        table[prices] = table[prices].astype(float) / _SCALE
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise BadDataError(f"{path} is no file of LEAN: {error}") from None
    if table.empty:
        raise BadDataError(f"{path} is no file of LEAN: it is empty")
    return table


def _minutes(path: Path, timezone: str) -> pd.DataFrame:
    import pandas as pd

    table = _rows(path)
    midnight = pd.Timestamp(path.name[:8])
    start = midnight + pd.to_timedelta(table.pop("time").astype("int64"), unit="ms")
    table.insert(0, "timestamp", (start + pd.Timedelta(minutes=1)).dt.tz_localize(timezone))
    return table


def _bars(path: Path, resolution: str, timezone: str) -> pd.DataFrame:
    import pandas as pd

    table = _rows(path)
    try:
        start = pd.to_datetime(table.pop("time"), format="%Y%m%d %H:%M")
    except ValueError as error:
        raise BadDataError(f"{path} is no file of LEAN: {error}") from None
    closes = start if resolution == "1d" else (start + pd.Timedelta(hours=1)).dt.tz_localize(timezone)
    table.insert(0, "timestamp", closes)
    return table
