"""A cash account at the double: what a session counts as violations of good faith, the venue counts; and the limit that avoids them."""

from __future__ import annotations

import json

import pytest

from tests.app.project import ROWS, call, csv_text, strategy, write
from tests.app.three_words import played_live, settings

#: All in and all out in turn, so that each purchase is paid with the sale of the day before, which takes three days to settle (2012).
IN_AND_OUT = """def on_bar(self, ctx):
    if ctx.position("IBM").quantity:
        ctx.close("IBM")
    else:
        ctx.buy("IBM", notional=float(ctx.cash) * 0.9)"""


def project(folder, kind, *, settled_only, mode="live"):
    ordinary = {"strategy": {"class": "mine:Mine", "params": None}, "stops": {"attach": "never"}, "account": {"type": kind}}
    ordinary["limits"] = {"profile": "venue", "settled_cash_only": settled_only}
    return write(strategy(IN_AND_OUT) | settings(mode, **ordinary), folder)


def played(folder, *, settled_only):
    """Nine days of it: the double's account, and the session's own word on it."""
    project(folder, "cash", settled_only=settled_only)
    (account,) = played_live(folder, 0.0, 9)["accounts"].values()
    return account, json.loads((folder / "live" / "summary.json").read_text())


@pytest.mark.slow
def test_the_session_and_the_venue_count_the_same_violations(folder):
    account, told = played(folder, settled_only=False)
    assert len(account["good_faith_violations"]) >= 2
    (warning,) = (one for one in told["warnings"] if "good faith" in one)
    assert warning.startswith(f"good faith violations: {len(account['good_faith_violations'])}, first on ")


@pytest.mark.slow
def test_who_spends_settled_cash_only_violates_nothing(folder):
    account, told = played(folder, settled_only=True)
    assert account["good_faith_violations"] == []
    assert told["refusals"]["unsettled_cash"] >= 2
    assert told["trades"] >= 2


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["limited", "cash"])
def test_a_rehearsal_has_the_kind_of_account_that_the_config_has(folder, kind):
    """In and out ten times: with the restrictions of a cash account, or with none, as the backtest has them."""
    project(folder, kind, settled_only=False, mode="backtest")
    write({"bars/IBM.csv": csv_text(ROWS[:40])}, folder)
    assert call("backtest", "--out", "backtest", "--quiet").code == 0
    assert call("live", "--rehearse", "--out", "live", "--quiet").code == 0
    backtest, live = (json.loads((folder / name / "summary.json").read_text()) for name in ("backtest", "live"))
    assert [live[name] for name in ("decisions_hash", "final_equity", "refusals")] == [
        backtest[name] for name in ("decisions_hash", "final_equity", "refusals")
    ]
    assert ("unsettled_cash" in backtest["refusals"]) is (kind == "cash")
