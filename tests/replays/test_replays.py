"""Recorded sessions with faults, restarts and operator commands: each is decided again, exactly."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from framework.app.sessions.replay import replay
from framework.runtime.loading import load_config
from framework.runtime.sessions.recorded import fact_of
from framework.runtime.tape.store import TapeStore
from tests.app.project import strategy, write
from tests.campaigns import size
from tests.memory import memory_folder
from tests.replays.world import World

ROOT = Path(__file__).resolve().parents[2]
#: Trades nearly every day: enters, leaves, turns brackets around, cancels, rests.
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    for number, symbol in enumerate(ctx.symbols):
        last = round(float(ctx.bars(symbol).close[-1]), 2)
        step = (ctx.state["day"] + 2 * number) % 6
        if step == 1:
            ctx.target(symbol, 0.8)
        elif step == 2:
            ctx.sell(symbol, 3, order_type="limit", limit_price=round(last * 1.01, 2), time_in_force="gtc")
        elif step == 3:
            ctx.cancel_all(symbol)
        elif step == 4:
            ctx.target(symbol, 0.0)
        elif step == 5:
            ctx.buy(symbol, 5, order_type="limit", limit_price=round(last * 0.995, 2))
"""
STOPS: tuple[dict[str, object], ...] = (
    {"method": "percent", "percent": 2.0},
    {"method": "trailing", "trail_percent": 3.0},
    {"method": "atr"},
    {"method": "percent", "target_percent": 3.0},
)
SIZING: tuple[dict[str, object], ...] = (
    {"method": "equal"},
    {"method": "fixed", "fixed_amount": 9_000.0},
    {"method": "atr"},
    {"method": "var", "min_observations": 10},
)
#: No multiple of 4: every part has live sessions and paper ones.
PARTS = size(3, 21)


@pytest.fixture
def folder():
    """One in memory: what is on the disk after a power cut is not the subject here."""
    made = memory_folder("replays-")
    yield made
    shutil.rmtree(made)


def recorded_session(folder, seed, sizing=None):
    """A session from its config to its last life; returns its world."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    drawn = dice.choice(SIZING)
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    settings = {"mode": "paper" if seed % 4 == 3 else "live", "universe": {"symbols": ["AAPL", "MSFT"]}, "data": data}
    files = strategy(BODY, sizing=sizing or drawn, stops=dice.choice(STOPS), limits={"max_orders_per_bar": 50}, **settings)
    write(files, folder)
    world = World(load_config(folder / "onetape.toml"), folder, dice, days=dice.randint(6, 16))
    world.live_through()
    return world


@pytest.mark.campaign
@pytest.mark.parametrize("part", range(PARTS))
def test_recorded_sessions_with_faults_restarts_and_commands_replay_exactly(part):
    met: Counter[str] = Counter()
    facts = []
    for seed in range(part, size(200, 5_000), PARTS):
        home = memory_folder("replay-")
        try:
            met += recorded_session(home, seed).met
            found = replay(home / "tape.db", home)
            assert found.difference is None, f"session {seed}: {found.difference}"
            facts.append(found.facts)
        finally:
            shutil.rmtree(home)
    # The sessions must have been what they are for.
    assert met["died"] > len(facts) // 5
    assert sum(count for what, count in met.items() if what.startswith(("send ", "cancel ", "orders "))) > 3 * len(facts)
    assert all(met[what] for what in ("halt", "resume", "flatten", "cancel_all", "reduce", "logged out or in"))
    assert sum(facts) > 20 * len(facts)


def decisions_of(found):
    """Orders as they were decided, in order."""
    return [(one.timestamp, json.loads(one.text)) for one in found if one.kind == "order_decided"]


@pytest.mark.slow
def test_a_changed_line_of_a_sizer_is_reported_at_the_first_decision_it_changes(folder, tmp_path):
    """The line that caps a position gives a tenth less; the days before the first capped one are the same again."""
    recorded_session(folder, 3, {"method": "fixed", "fixed_amount": 5_000.0})
    with TapeStore.attach(folder / "tape.db") as store:
        decisions = decisions_of([fact_of(event) for event in store.events()])
    capped = [(time, order) for time, order in decisions if "position_cap" in order["reason"]]
    assert 0 < decisions.index(capped[0]) < len(decisions) - 1
    shutil.copytree(ROOT / "framework", tmp_path / "framework", ignore=shutil.ignore_patterns("__pycache__"))
    sizer = tmp_path / "framework" / "rules" / "sizing" / "numbers.py"
    line = "return (cap, CAPPED) if amount > cap"
    assert sizer.read_text().count(line) == 1
    sizer.write_text(sizer.read_text().replace(line, line.replace("(cap,", "(0.9 * cap,")))
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    command = [sys.executable, "-c", "from framework.app.commands.cli import main; main()", "replay", str(folder), "--json"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)["first_difference"]
    assert told["recorded"]["order_id"] == told["replayed"]["order_id"] == capped[0][1]["order_id"]
    assert told["recorded"]["quantity_micros"] > told["replayed"]["quantity_micros"]
