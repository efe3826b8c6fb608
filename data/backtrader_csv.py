"""CSV files as backtrader's own feeds read them (``BacktraderCSVData``, ``GenericCSVData``, Yahoo downloads)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.tables import BAR_COLUMNS, column_name
from framework.errors import BadDataError, MissingDataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

#: Names its sample files use, and ours.
_NAMES = (("datetime", "timestamp"), ("date_time", "timestamp"), ("adjclose", "adj_close"), ("adjusted_close", "adj_close"))


def read_backtrader(path: Path) -> pd.DataFrame:
    """The bars in ``path``: a header, ``Date`` with or without ``Time`` beside it, prices and volume; open interest is left out.

    Times are taken as they stand there, for bars' closes.

    Raises ``MissingDataError`` when the file is not there, ``BadDataError`` when it is none of this kind.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, index_col=False)
    except FileNotFoundError:
        raise MissingDataError(f"{path} is not there") from None
    except (OSError, ValueError) as error:
        raise BadDataError(f"{path} is no CSV file: {error}") from None
    names = [column_name(name) for name in table.columns]
    table = table.set_axis([dict(_NAMES).get(name, name) for name in names], axis=1)
    if "date" in table and "time" in table:
        stamps = table.pop("date").astype(str) + "T" + table.pop("time").astype(str)
        table.insert(0, "timestamp", stamps)
    kept = [name for name in ("timestamp", "date", *BAR_COLUMNS, "adj_close", "dividend", "split") if name in table]
    missing = [name for name in BAR_COLUMNS if name not in kept]
    if missing or kept[0] not in {"timestamp", "date"}:
        raise BadDataError(f"{path}: no column {', '.join(missing) or 'Date'}; present: {', '.join(names)}")
    return table[kept]
