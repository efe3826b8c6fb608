"""A week of minute bars through a paper session, as fast as it takes them: the backtest's decisions and figures, and flat memory."""

from __future__ import annotations

import gc
import shutil
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.assemble import rehearsed
from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import play
from framework.app.sessions.replay import replay
from framework.app.sessions.session import Hooks, header, play_session
from framework.domain.market import BarSeries
from framework.report.summary import summarize
from framework.runtime.clock import Stopwatch
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.project import strategy, write
from tests.campaigns import size
from tests.kills.test_soak import resident_bytes
from tests.memory import memory_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.campaign
MINUTE = 60_000_000_000
#: One session of history, then a week: five of them, 390 minutes each.
SYMBOLS, SESSIONS = size(12, 50), size(3, 6)
#: A tenth of the week is warm-up. After it a process may grow by what a session keeps: its bars, curves and decisions.
WARM = 0.1
PER_BAR, SPARE = 700, 16 << 20
BODY = """\
def on_start(self, ctx):
    ctx.state["minute"] = 0

def on_bar(self, ctx):
    ctx.state["minute"] += 1
    for number, symbol in enumerate(ctx.symbols):
        step = (ctx.state["minute"] + 31 * number) % 390
        if step == 60:
            ctx.target(symbol, 0.5)
        elif step == 200:
            close = ctx.bars(symbol).close
            ctx.sell(symbol, 3, order_type="limit", limit_price=round(float(close[-1]) * 1.002, 2))
        elif step == 330:
            ctx.target(symbol, 0.0)
"""
OWN = {"run_id", "mode", "engine", "elapsed_seconds", "config_hash"}


def market() -> Dataset:
    """Random walks of a few basis points a minute."""
    dice = np.random.default_rng(8)
    sessions = session_closes(date(2012, 1, 9), date(2012, 1, 31))
    opens = sessions.open[:SESSIONS]
    times = (opens[:, None] + np.arange(1, 391) * MINUTE).ravel()
    series = {}
    for number in range(SYMBOLS):
        close = np.round((20 + 3 * number) * np.exp(np.cumsum(dice.normal(0.0, 4e-4, len(times)))), 2)
        opened = np.concatenate((close[:1], close[:-1]))
        high, low = np.maximum(opened, close) + 0.01, np.minimum(opened, close) - 0.01
        volume = dice.integers(1_000, 50_000, len(times)).astype(np.float64)
        nothing, one = np.zeros(len(times)), np.ones(len(times))
        name = f"S{chr(65 + number // 26)}{chr(65 + number % 26)}"
        series[name] = BarSeries(name, times, opened, high, low, close, volume, nothing, one)
    return Dataset(series, int(times[390]), ())


@pytest.fixture
def folder():
    made = memory_folder("week-")
    yield made
    shutil.rmtree(made)


def test_a_week_of_minutes_is_the_backtests_and_memory_stays_flat(folder: Path):
    data = market()
    sections = {"universe": {"symbols": sorted(data.series)}, "sizing": {"method": "equal"}, "guards": {"enabled": False}}
    files = strategy(BODY, data={"source": "csv", "path": "bars", "resolution": "1m", "start": None, "end": None}, **sections)
    write(files, folder)
    known = load_config(folder / "onetape.toml")

    def new():
        return load_strategy(known.strategy.path, known.strategy.params, folder)

    paper = known.model_copy(update={"mode": "paper"})
    slices, resident = (SESSIONS - 1) * 390, []

    def look(_timestamp: int) -> None:
        resident.append(0)
        if len(resident) == int(slices * WARM):
            gc.collect()
            resident[-1] = resident_bytes()

    watch = Stopwatch()
    with TapeStore.open(folder / "tape.db", header=header(paper, new())) as store:
        played = play_session(paper, new(), rehearsed(data), store, watch, Hooks(look))
    assert len(resident) == slices
    gc.collect()
    grown = resident_bytes() - max(resident)
    told = f"{slices} slices of {SYMBOLS} symbols: {watch.seconds:.0f} s, {resident_bytes() >> 20} MB, {grown >> 20} MB since warm-up"
    print(told)  # noqa: T201 - the figures of the night
    backtest = summarize(play(known, new(), data, Stopwatch()))
    session = summarize(played.record)
    assert {name for name in backtest if session[name] != backtest[name]} <= OWN
    assert session["trades"] > SYMBOLS
    assert grown < SPARE + PER_BAR * slices * SYMBOLS
    assert replay(folder / "tape.db", folder).difference is None
