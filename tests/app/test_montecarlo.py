"""``audit montecarlo``: who is all in the market falls with it, who is out does not."""

from __future__ import annotations

import json

import numpy as np
import pytest

from framework import audit_montecarlo
from framework.app.audits.montecarlo import Bounds
from tests.app.project import call, config, strategy, write

#: No caps, no stops: as much as the weights say.
BARE = {"limits": {"profile": "venue"}, "stops": {"attach": "never"}, "guards": {"enabled": False}, "broker": {"name": "generic"}}
HOLDS = "def on_bar(self, ctx):\n    if not ctx.position('IBM').quantity:\n        ctx.rebalance({'IBM': 0.95})"


def held(folder, body=HOLDS):
    write(strategy(body, universe={"symbols": ["IBM"]}, **BARE), folder)
    return folder / "onetape.toml"


def test_who_is_in_the_market_falls_with_it(folder):
    found = audit_montecarlo(held(folder), paths=50, places=2)
    assert [(one.scenario, round(one.market, 2)) for one in found.stresses[::2]] == [("1987", -0.29), ("2008", -0.32), ("2020", -0.34)]
    for one in found.stresses:
        assert one.fall == pytest.approx(0.95 * one.market, abs=0.04)
    assert not audit_montecarlo(held(folder), paths=50, places=2, bounds=Bounds(1.0, 0.2)).passed
    assert audit_montecarlo(held(folder), paths=50, places=2, bounds=Bounds(1.0, 0.6)).passed


def test_who_is_out_of_it_does_not(folder):
    found = audit_montecarlo(held(folder, "def on_bar(self, ctx): ..."), paths=50, places=1)
    assert [one.fall for one in found.stresses] == [0.0, 0.0, 0.0]
    assert found.summary["trades"] is None
    assert found.days.loss_probability == 0.0


def test_days_are_drawn_from_the_run_and_a_seed_repeats_them(folder):
    first, again, other = (audit_montecarlo(held(folder), paths=200, places=0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.days.growth, again.days.growth)
    assert not np.array_equal(first.days.growth, other.days.growth)
    told = first.summary["days"]
    assert list(told["total_return"]) == ["5%", "50%", "95%"]
    assert told["total_return"]["5%"] < told["total_return"]["50%"] < told["total_return"]["95%"]
    assert -1.0 < told["max_drawdown"]["5%"] < 0.0


def test_the_command_says_what_could_have_happened_and_ends_with_1_where_that_is_too_much(folder):
    write(config(), folder)
    code, out, err = call("audit", "montecarlo", "--paths", "100", "--places", "1", "--most-losses", "1")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        "strategies.sma_cross:SmaCross,",
        "days:",
        "trades:",
        "1987",
        "2008",
        "2020",
        "passed:",
    ]
    code, out, _ = call("audit", "montecarlo", "--paths", "100", "--places", "1", "--most-losses", "0", "--json")
    told = json.loads(out)
    assert (code, told["passed"], len(told["stress"])) == (1, False, 3)
    assert call("audit", "montecarlo", "--paths", "0", "--places", "0").code == 1
    assert call("audit", "montecarlo", "--strategy", "strategies.momentum:MomentumRotation", "--places", "0", "--quiet").out == ""
