"""Three runs of one config: live at the double, and paper and backtest on the bars that the live one built of its quotes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.folders.saving import save_session
from framework.runtime.loading import load_config
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, call, config, csv_text, write
from tests.builders import bars

if TYPE_CHECKING:
    from pathlib import Path

    from framework.domain.market import BarSeries

KNOWN, COUNT = 25, 34
#: As the double fills: at its price, as much as is asked for.
EQUAL = {"slippage": {"model": "none"}, "max_volume_share": 0.0}


class Three(NamedTuple):
    """The three runs, by word, and the double's book after the live one."""

    folder: Path
    book: dict[str, object]


def settings(mode: str, **sections: object) -> dict[str, str | bytes]:
    """The config of the runs, on what is known before their first day; ``sections`` take the place of its own."""
    ordinary = {"strategy": {"params": {"fast": 2, "slow": 5}}, "stops": {"method": "percent", "percent": 0.5}}
    return config(
        mode=mode,
        universe={"symbols": ["IBM"]},
        data={"source": "csv", "path": "bars", "start": date(2012, 2, 8), "end": None, "warmup": KNOWN},
        sizing={"method": "equal"},
        fills=EQUAL,
        **{**ordinary, **sections},
    )


def rows_of(series: BarSeries) -> list[tuple[object, ...]]:
    """Daily bars as the rows of a CSV file."""
    days = [datetime.fromtimestamp(int(time) // 10**9, UTC).date() for time in series.timestamp]
    columns = (getattr(series, name).tolist() for name in ("open", "high", "low", "close", "volume"))
    return list(zip(days, *columns, strict=True))


def played_thrice(folder: Path, files: dict[str, str | bytes], half_spread: float, count: int = COUNT) -> Three:
    """Live first: the bars that it built of quotes are the others' bars; ``count`` days.

    ``half_spread`` is half the spread at the double, dollars.
    """
    write(files, folder)
    book = played_live(folder, half_spread, count)
    assert call("paper", "--rehearse", "--out", "paper", "--quiet").code == 0
    assert call("backtest", "--out", "backtest", "--quiet").code == 0
    return Three(folder, book)


def played_live(folder: Path, half_spread: float, count: int) -> dict[str, object]:
    """The project of ``folder`` live at the double, into ``live``; the double's book at the end."""
    known = load_config(folder / "onetape.toml")
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({"IBM": bars("IBM", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    (folder / "live").mkdir()
    kind = "cash" if known.account.type == "cash" else "margin"
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3], kind) as double:
        days = Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:])), half_spread)
        strategy = load_strategy(known.strategy.path, known.strategy.params, folder)
        played = Live(double, days, folder / "live", []).play(known, strategy, history, count)
        book: dict[str, object] = double.book()
    save_session(played.record, folder / "live")
    write({"bars/IBM.csv": csv_text(rows_of(played.record.series["IBM"]))}, folder)
    return book


def summary(folder: Path) -> dict[str, object]:
    """What a run says of itself."""
    told: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return told
