"""One strategy, one config, three words: what a backtest decides, a paper session and a live one at the double decide too."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.compare import facts_of_run
from framework.app.loader import load_strategy
from framework.app.replay import replay
from framework.app.saving import save_session
from framework.report.divergence import divergence
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


def settings(mode: str) -> dict[str, str | bytes]:
    return config(
        mode=mode,
        strategy={"params": {"fast": 2, "slow": 5}},
        universe={"symbols": ["IBM"]},
        data={"source": "csv", "path": "bars", "start": date(2012, 2, 8), "end": None, "warmup": KNOWN},
        sizing={"method": "equal"},
        stops={"method": "percent", "percent": 0.5},
        fills=EQUAL,
    )


def rows_of(series: BarSeries) -> list[tuple[object, ...]]:
    days = [datetime.fromtimestamp(int(time) // 10**9, UTC).date() for time in series.timestamp]
    columns = (getattr(series, name).tolist() for name in ("open", "high", "low", "close", "volume"))
    return list(zip(days, *columns, strict=True))


@pytest.fixture
def three(folder, request):
    """Live first: the bars that it built of quotes are the others' bars. The parameter is half the spread at the double, dollars."""
    write(settings("live"), folder)
    known = load_config(folder / "onetape.toml")
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({"IBM": bars("IBM", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    (folder / "live").mkdir()
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3]) as double:
        days = Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:])), request.param)
        strategy = load_strategy(known.strategy.path, known.strategy.params, folder)
        played = Live(double, days, folder / "live", []).play(known, strategy, history, COUNT)
        book = double.book()
    save_session(played.record, folder / "live")
    write({"bars/IBM.csv": csv_text(rows_of(played.record.series["IBM"]))}, folder)
    assert call("paper", "--rehearse", "--out", "paper", "--quiet").code == 0
    assert call("backtest", "--out", "backtest", "--quiet").code == 0
    return Three(folder, book)


def summary(folder: Path) -> dict[str, object]:
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("three", [0.0], indirect=True)
def test_three_words_decide_the_same_and_earn_the_same(three):
    live, paper, backtest = (summary(three.folder / word) for word in ("live", "paper", "backtest"))
    assert live["trades"] >= 3
    assert live["decisions_hash"] == paper["decisions_hash"] == backtest["decisions_hash"]
    assert live["final_equity"] == paper["final_equity"] == backtest["final_equity"]
    assert [order for order in three.book["orders"] if order["stop"] and order["executions"]]
    for word in ("live", "paper", "backtest"):
        assert replay(three.folder / word / "tape.db", three.folder).difference is None
    assert call("compare", "live", "backtest").code == 0


@pytest.mark.campaign
@pytest.mark.parametrize("three", [0.03], indirect=True)
def test_what_a_venue_with_a_spread_costs_is_explained_to_the_micro_dollar(three):
    one, other = facts_of_run(three.folder / "live"), facts_of_run(three.folder / "backtest")
    found = divergence(one, other)
    parts = {name: sum(amounts.values()) for name, amounts in found.components.items()}
    assert sum(parts.values()) == found.total == one.equity - other.equity < 0
    assert parts["timing"] + parts["slippage"] < 0
    assert abs(parts["rounding"]) < 10_000
    assert replay(three.folder / "live" / "tape.db", three.folder).difference is None
