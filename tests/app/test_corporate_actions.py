"""From files of bars and actions to the tables, the tape and the page of a run."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from framework import run
from framework.app.folders.saving import rewrite_report
from framework.domain.account_event import CashInLieu, Delisted, Dividend, Entitlement, Split
from framework.domain.market import Delisting
from framework.errors import DataError
from framework.runtime.hashing import inputs_hash
from framework.runtime.tape.reading import read_account_events, read_bars, verify_tape
from tests.app.project import COLUMNS, ROWS, call, csv_text, strategy, write

#: Prices of IBM halve on the 21st of its 60 sessions; GONE is IBM for 40 sessions.
EX, PAID, GONE_ON = (str(ROWS[index][0]) for index in (20, 24, 40))
ACTIONS = f"""date,symbol,action,value,pay_date
{EX},IBM,split,1.5,
{ROWS[22][0]},IBM,dividend,0.4,{PAID}
{GONE_ON},GONE,delisting,100,
"""
BODY = """
def on_bar(self, ctx):
    self._bars = getattr(self, "_bars", 0) + 1
    if self._bars == 5:
        ctx.buy("IBM", 101)
        ctx.buy("GONE", 50)
        ctx.buy("IBM", 7, order_type="limit", limit_price=60.01)
    if self._bars == 50:
        ctx.close("IBM")
"""


def as_quoted(row, index):
    """IBM's row, of which every share became one and a half before session 20."""
    prices = dict(zip(COLUMNS, row, strict=True))
    ratio = 1.0 if index < 20 else 1.5
    return tuple(round(value / ratio, 4) if name in {"open", "high", "low", "close"} else value for name, value in prices.items())


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("actions")
    settings = {"source": "csv", "path": "bars", "actions": "actions.csv", "start": None, "end": None, "policy": {"split_jump": "accept"}}
    files = strategy(
        BODY.strip(),
        universe={"symbols": ["GONE", "IBM"]},
        data=settings,
        limits={"profile": "venue"},
        stops={"attach": "entries", "method": "percent", "percent": 40},
        fills={"slippage": "none", "fees": "none"},
        guards={"enabled": False},
    )
    bars = {"bars/IBM.csv": csv_text([as_quoted(row, index) for index, row in enumerate(ROWS)]), "bars/GONE.csv": csv_text(ROWS[:40])}
    return write({**files, **bars, "actions.csv": ACTIONS}, folder)


@pytest.fixture(scope="module")
def folder(project):
    return run(project / "onetape.toml").save(project / "out")


def table(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def copied(project, folder, actions):
    """The project with other actions."""
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("out"))
    (folder / "actions.csv").write_text(actions)
    return folder


def test_everything_that_happened_to_the_account_is_on_the_tape_and_comes_back(folder):
    with closing(sqlite3.connect(folder / "tape.db")) as tape:
        kinds = [kind for (kind,) in tape.execute("SELECT kind FROM events ORDER BY sequence")]
    happened = ("order_restated", "split", "cash_in_lieu", "dividend_entitled", "dividend_paid", "delisted")
    # The stop and the limit order were restated, then the shares split.
    assert [kind for kind in kinds if kind in happened] == ["order_restated", *happened]
    events = read_account_events(folder / "tape.db")
    assert [type(event) for event in events] == [Split, CashInLieu, Entitlement, Dividend, Delisted]
    split, lieu, entitled, paid, gone = events
    assert (split.new, split.old, split.held_micros) == (3, 2, 151 * 10**6)
    assert lieu.quantity_micros == 500_000
    assert (entitled.amount_micros, paid.amount_micros) == (60_400_000, 60_400_000)
    assert (gone.quantity_micros, gone.amount_micros) == (50 * 10**6, 5_000 * 10**6)
    assert verify_tape(folder / "tape.db") == len(kinds)


def test_the_tape_keeps_what_was_decided_and_what_became_of_it(folder):
    with closing(sqlite3.connect(folder / "tape.db")) as tape:
        rows = [(kind, json.loads(load)) for kind, load in tape.execute("SELECT kind, payload FROM events ORDER BY sequence")]
    (decided,) = [load for kind, load in rows if kind == "order_decided" and load["order_type"] == "limit"]
    (restated,) = [load for kind, load in rows if kind == "order_restated" and load["order_id"] == decided["order_id"]]
    assert (decided["quantity_micros"], decided["limit_micros"]) == (7 * 10**6, 60_010_000)
    assert (restated["quantity_micros"], restated["limit_micros"]) == (10 * 10**6, 40_000_000)
    assert restated["reason"] == "split 3 for 2"


def test_the_table_of_orders_has_the_terms_of_every_moment(folder):
    limit = [row for row in table(folder, "orders") if row["order_type"] == "limit"]
    assert [(row["status"], row["quantity"], row["limit_price"], row["reason"]) for row in limit][:3] == [
        ("submitted", "7", "60.01", ""),
        ("accepted", "7", "60.01", ""),
        ("accepted", "10", "40", "split 3 for 2"),
    ]


def test_trades_are_in_shares_of_their_exit_and_taxes_beside_them(folder):
    gone, ibm = table(folder, "trades")
    bought = float(ROWS[5][1])
    assert (gone["symbol"], gone["exit_tag"], float(gone["exit_price"])) == ("GONE", "delisted", 100.0)
    assert float(gone["pnl"]) == pytest.approx(50 * (100 - bought), abs=1e-6)
    assert (ibm["symbol"], float(ibm["quantity"]), float(ibm["dividends"])) == ("IBM", 151.5, 60.4)
    assert float(ibm["entry_price"]) == pytest.approx(bought / 1.5, abs=1e-6)
    assert float(ibm["realized_gain"]) == pytest.approx(float(ibm["pnl"]) - 60.4, abs=1e-6)
    assert {row["wash_sale"] for row in (gone, ibm)} == {"no"}


def test_bars_with_pay_days_and_a_delisting_come_back_and_are_in_the_fingerprint(project, folder):
    record = run(project / "onetape.toml").record
    back = read_bars(folder / "tape.db")
    np.testing.assert_array_equal(back["IBM"].pay_day, record.series["IBM"].pay_day)
    assert (back["IBM"].pay_day.dtype, back["GONE"].pay_day) == (np.int64, None)
    assert back["GONE"].delisting == record.series["GONE"].delisting
    assert isinstance(back["GONE"].delisting, Delisting)
    assert inputs_hash(back.values()) == record.inputs_hash


def test_other_actions_are_another_input(project, tmp_path):
    first = run(project / "onetape.toml").record.inputs_hash
    for number, (old, new) in enumerate(((f",0.4,{PAID}", f",0.4,{ROWS[25][0]}"), ("delisting,100", "delisting,101"))):
        other = copied(project, tmp_path / str(number), ACTIONS.replace(old, new))
        assert run(other / "onetape.toml").record.inputs_hash != first


def test_the_report_made_again_from_the_tape_is_the_same_page(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert rewrite_report(folder).read_text(encoding="utf-8") == page


def test_dividends_are_in_the_summary(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["dividends"], summary["interest"], summary["warnings"]) == (60.4, 0.0, [])


def test_an_event_of_the_tape_that_cannot_be_read_is_refused(folder, tmp_path):
    copy = tmp_path / "tape.db"
    copy.write_bytes((folder / "tape.db").read_bytes())
    with closing(sqlite3.connect(copy)) as tape, tape:
        tape.execute("DROP TRIGGER events_only_grow")
        tape.execute("UPDATE events SET payload = '{}' WHERE kind = 'split'")
    with pytest.raises(DataError, match=r"tape\.db: an event of the account cannot be read"):
        read_account_events(copy)


def test_bars_that_end_without_a_word_are_a_warning(project, tmp_path):
    other = copied(project, tmp_path / "other", ACTIONS.replace(f"{GONE_ON},GONE,delisting,100,\n", ""))
    (warning,) = run(other / "onetape.toml").summary["warnings"]
    assert warning.startswith(f"GONE: its bars end on {ROWS[39][0]}, before the run; the 50 shares held are valued at that close, ")
    assert warning.endswith("say so in the file of [data] actions")


def test_a_broken_actions_file_ends_the_command_with_file_and_line(project, tmp_path, monkeypatch):
    monkeypatch.chdir(copied(project, tmp_path / "other", "date,symbol,action,value\n2012-02-01,IBM,merger,2\n"))
    done = call("backtest")
    assert done.code == 3
    assert "actions.csv:2: there is no action 'merger'" in done.err


def test_margin_interest_is_a_cost_of_its_own(tmp_path):
    files = strategy(
        "def on_bar(self, ctx):\n    if not ctx.position('IBM').quantity: ctx.buy('IBM', 1_500)",
        universe={"symbols": ["IBM"]},
        account={"type": "margin"},
        limits={"profile": "venue"},
        guards={"enabled": False},
        stops={"attach": "never"},
        fills={"fees": "none", "slippage": "none"},
    )
    result = run(write(files, tmp_path) / "onetape.toml")
    folder = result.save(tmp_path / "out")
    paid = result.summary["interest"]
    assert 0.0 < paid < 2_000.0
    assert result.summary["fees"] == 0.0
    assert "Interest and borrow fees" in (folder / "report.html").read_text(encoding="utf-8")


def test_buy_and_hold_is_paid_for_a_delisted_symbol_too(project):
    record = run(project / "onetape.toml").record
    gone, last = record.series["GONE"], len(record.timestamps) - 1
    half = record.initial_cash / 2
    ibm = record.benchmark[last] - half * 100 / gone.open[0]
    before = int(np.flatnonzero(record.timestamps == gone.timestamp[-1])[0])
    # Between the last day with both and the end, what IBM's half changed by is IBM's alone.
    other = record.series["IBM"]
    paid = half / other.open[0] * (other.close[-1] + other.dividend[1:].sum())
    assert ibm == pytest.approx(paid)
    assert record.benchmark[before] == pytest.approx(
        half / gone.open[0] * gone.close[-1] + half / other.open[0] * (other.close[before] + other.dividend[1 : before + 1].sum())
    )


def test_a_rehearsed_session_and_one_that_goes_on_from_its_tape_see_the_same_actions(project, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(copied(project, tmp_path / "rehearsed", ACTIONS))
    assert call("paper", "--rehearse", "--out", "p").code == 0
    first, known = (json.loads((place / "summary.json").read_text()) for place in (Path("p"), folder))
    own = {"run_id", "mode", "engine", "elapsed_seconds", "config_hash"}
    assert {name for name in known if known[name] != first[name]} <= own
    assert call("paper", "--rehearse", "--resume", "p").code == 0
    assert call("replay", "p").code == 0
