"""The shadow of a live session: what the fill model makes of its orders, beside it and without a say."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.compare.compare import facts_of_run, shadow_of_run
from framework.app.compare.parting import parted_of
from framework.app.folders.saving import save_session
from framework.app.sessions.replay import replay
from framework.report.divergence import divergence
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, call, config, csv_text, write
from tests.app.three_words import rows_of
from tests.builders import bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KNOWN, COUNT = 25, 22
#: As the double fills: at its price, as much as is asked for.
EQUAL = {"slippage": {"model": "none"}, "max_volume_share": 0.0}


def settings(mode: str, **sections: object) -> dict[str, str | bytes]:
    return config(
        mode=mode,
        strategy={"params": {"fast": 2, "slow": 5}},
        universe={"symbols": ["IBM"]},
        data={"source": "csv", "path": "bars", "start": date(2012, 2, 8), "end": None, "warmup": KNOWN},
        sizing={"method": "equal"},
        stops={"method": "percent", "percent": 0.5},
        **{"fills": EQUAL, **sections},
    )


def played(
    folder: Path,
    half_spread: float,
    stops: tuple[int, ...] = (),
    mode: str = "live",
    operator: Callable[[int], object] = lambda _: None,
    **sections: object,
) -> Path:
    """A live session at the double over 22 real days, begun again after each number of decisions in ``stops``; its folder."""
    write(settings(mode, **sections), folder)
    known = load_config(folder / "onetape.toml")
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({"IBM": bars("IBM", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    (folder / "live").mkdir()
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3]) as double:
        days = Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:])), half_spread)
        for count in (*stops, COUNT):
            strategy = load_strategy(known.strategy.path, known.strategy.params, folder)
            record = Live(double, days, folder / "live", []).play(known, strategy, history, count, operator).record
    save_session(record, folder / "live")
    write({"bars/IBM.csv": csv_text(rows_of(record.series["IBM"]))}, folder)
    return folder / "live"


@pytest.mark.campaign
@pytest.mark.parametrize("halted", [False, True])
def test_paper_on_quotes_is_measured_against_a_backtest_over_its_bars(folder, halted):
    def halt(decisions: int) -> None:
        if halted and decisions == 5:
            (folder / "live" / "HALT").touch()

    paper = played(folder, 0.0, mode="paper", operator=halt)
    assert (parted_of(paper, folder) > 0) is halted


def plain(fills: object) -> list[tuple[object, ...]]:
    return [(one.order_id, one.timestamp, one.shares, one.value, one.slippage) for one in fills]


@pytest.mark.campaign
def test_the_shadow_of_a_live_session_is_what_paper_fills_also_over_restarts(folder):
    live = played(folder, 0.0, (4, 11, 12, 20))
    assert call("paper", "--rehearse", "--out", "paper", "--quiet").code == 0
    real, shadow = shadow_of_run(live)
    assert plain(shadow.fills) == plain(facts_of_run(folder / "paper").fills)
    assert len(shadow.fills) >= 4
    assert shadow.equity == facts_of_run(folder / "paper").equity
    assert divergence(real, shadow).total == 0
    assert replay(live / "tape.db", folder).difference is None
    assert call("tape", "verify", str(live)).code == 0


def notes(folder: Path, kind: str) -> list[dict[str, object]]:
    with TapeStore.attach(folder / "tape.db") as store:
        return [event.payload for event in store.events(kinds=[kind])]


@pytest.mark.campaign
def test_fills_too_far_from_the_model_stop_entries_where_the_config_says_so_also_over_restarts(folder):
    shadow = {"max_slippage_bps": 5.0, "least_orders": 3, "action": "reduce"}
    live = played(folder, 0.30, (9, 10, 16, 18), shadow=shadow)
    real, model = shadow_of_run(live)
    found = divergence(real, model)
    assert found.decisions[1:] == (0, 0)
    assert sum(sum(each.values()) for each in found.components.values()) == found.total < 0
    (diverged,) = notes(live, "shadow_diverged")
    assert diverged["orders"] >= 3
    assert diverged["slippage_bps"] > 5.0
    (command,) = notes(live, "command_reduce")
    assert (command["who"], command["why"]) == ("shadow", diverged["why"])
    assert {one["kind"] for one in notes(live, "command_given")} == {"reduce"}  # what holds is given again at each start
    told = json.loads(call("status", str(live), "--json").out)
    assert told["trading"] == "REDUCING"
    assert str(diverged["why"]) in told["shadow"]
    assert replay(live / "tape.db", folder).difference is None


@pytest.mark.campaign
def test_a_live_run_alone_is_compared_with_its_shadow_and_another_has_none(folder):
    live = played(folder, 0.03)
    done = call("compare", str(live), "--json", "--out", "page.html")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["runs"] == ["live", "live (shadow)"]
    assert found["components"]["slippage"] + found["components"]["timing"] < 0
    assert {row["run"] for row in found["slippage"]} == {"live", "live (shadow)"}
    assert "live less live (shadow)" in (folder / "page.html").read_text()
    shadows = json.loads(call("fills", str(live), "--shadow", "--json").out)
    assert len(shadows) == len(notes(live, "shadow_fill")) >= 4
    assert {one["order_id"] for one in shadows} <= {one["order_id"] for one in json.loads(call("orders", str(live), "--all", "--json").out)}
    real, shadow = shadow_of_run(live)
    assert parted_of(live, folder) == abs(real.equity - shadow.equity) / 100_000_000_000 > 0
    assert call("paper", "--rehearse", "--out", "paper", "--quiet").code == 0
    alone = call("compare", "paper")
    assert alone.code == 3
    assert "has no shadow" in alone.err
