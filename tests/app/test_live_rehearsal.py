"""``onetape live --rehearse``: recorded days at a Robinhood on this machine, through the real client, without an account."""

from __future__ import annotations

import json
from datetime import date

import pytest

from framework.app.arming.promotion import shown_by
from framework.runtime.loading import load_config
from tests.app.project import ROWS, call, config, csv_text, write

#: As the double fills: at its price, as much as is asked for.
EQUAL = {"slippage": {"model": "none"}, "max_volume_share": 0.0}


def project(folder, rows=ROWS[:34], **data):
    settings = config(
        strategy={"params": {"fast": 2, "slow": 5}},
        universe={"symbols": ["IBM"]},
        data={"source": "csv", "path": "bars", "start": date(2012, 2, 8), "end": None, **data},
        sizing={"method": "equal"},
        stops={"method": "percent", "percent": 0.5},
        fills=EQUAL,
    )
    return write({**settings, "bars/IBM.csv": csv_text(rows)}, folder)


def summary(folder, run):
    return json.loads((folder / run / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.campaign
def test_it_decides_and_earns_what_the_backtest_does_and_replays(folder):
    project(folder)
    assert call("backtest", "--out", "backtest", "--quiet").code == 0
    done = call("live", "--rehearse", "--out", "live")
    assert done.code == 0, done.err
    backtest, live = summary(folder, "backtest"), summary(folder, "live")
    assert backtest["trades"] > 0
    assert [live[name] for name in ("decisions_hash", "final_equity", "trades")] == [
        backtest[name] for name in ("decisions_hash", "final_equity", "trades")
    ]
    assert "orders sent to the Robinhood on this machine: " in done.out
    assert "incident" not in done.out
    assert (live["mode"], json.loads(call("status", "live", "--json").out)["mode"]) == ("rehearsal", "rehearsal")
    assert "-rehearsal-" in live["run_id"]
    assert json.loads(call("status", "live", "--json").out)["session"].startswith("ended 2012-02-21T21:00")
    told = json.loads(call("compare", "live", "--json").out)
    page = (folder / "live" / "report.html").read_text(encoding="utf-8")
    assert "Beside the fill model" in page
    assert told["sentence"] in page
    assert call("compare", "live", "backtest").code == 0
    assert call("replay", "live").code == 0
    assert not list((folder / "live").glob("*.session"))


@pytest.mark.campaign
def test_it_counts_as_no_trial_on_paper(folder):
    project(folder)
    assert call("live", "--rehearse", "--quiet").code == 0
    assert shown_by(load_config(folder / "onetape.toml"), folder).sessions == 0


def test_it_plays_the_last_days_that_are_asked_for(folder):
    project(folder)
    assert call("live", "--rehearse", "--days", "2", "--out", "live", "--quiet").code == 0
    assert (summary(folder, "live")["start"], summary(folder, "live")["bars"]) == (str(ROWS[32][0]), 2)


@pytest.mark.parametrize(
    ("sections", "code", "says"),
    [
        ({"broker": {"name": "generic"}}, 2, 'needs name = "robinhood"'),
        ({"data": {"start": date(2005, 2, 1), "end": date(2005, 3, 11)}}, 3, "AAPL splits in these days"),
        ({"data": {"start": date(2000, 3, 1), "end": date(2000, 4, 1)}}, 3, "needs bars before [data] start"),
    ],
    ids=["another venue", "a split", "no history"],
)
def test_what_cannot_be_rehearsed_is_refused(folder, sections, code, says):
    write(config(**sections), folder)
    done = call("live", "--rehearse")
    assert done.code == code
    assert says in done.err
    assert not list((folder / "runs").glob("*/tape.db"))


@pytest.mark.parametrize("option", ["--arm", "--dry-run", "--until-close", "--for=1s", "--resume=x"])
def test_it_stands_alone(folder, option):
    write(config(), folder)
    done = call("live", "--rehearse", option)
    assert done.code == 2
    assert "--rehearse plays the last --days of [data]" in done.err
