"""A live session that dies at any of its writes goes on in the middle of its turn: nothing is lost, doubled, or decided otherwise."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.loader import load_strategy
from framework.app.replay import replay
from framework.runtime.loading import load_config
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, strategy, write
from tests.brokers.robinhood.live.world import truth_of
from tests.builders import bars
from tests.campaigns import size
from tests.kills.checker import rows_of, violations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.runtime.tape.chain import NewEvent, TapeEvent
    from framework.runtime.tape.lease import Lease

KNOWN, COUNT = 25, 16
SYMBOLS = ["AAPL", "IBM"]
#: Trades nearly every day: enters, leaves, turns brackets around, cancels.
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    day = ctx.state["day"]
    for number, symbol in enumerate(ctx.symbols):
        step = (day + number) % 5
        if step == 1:
            ctx.target(symbol, 0.8)
        elif step == 2:
            ctx.sell(symbol, 3, order_type="limit", limit_price=round(float(ctx.bars(symbol).close[-1]) * 1.2, 2), time_in_force="gtc")
        elif step == 3:
            ctx.cancel_all(symbol)
        elif step == 4:
            ctx.target(symbol, 0.0)
"""


class DiedError(BaseException):
    """The process is gone: nothing after it was done."""


class MortalTape(TapeStore):
    """Dies with the process at a write, before it is on the disk or after."""

    left = 1 << 30
    after = False

    def append(self, events: Sequence[NewEvent], lease: Lease | None = None) -> tuple[TapeEvent, ...]:
        type(self).left -= 1
        if self.left == 0 and not self.after:
            raise DiedError
        written = super().append(events, lease)
        if self.left == 0:
            raise DiedError
        return written


def lived(folder, dice):
    """Lives until the days are over; how many died, and the double."""
    settings = load_config(folder / "onetape.toml")
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({one: bars(one, rows[:KNOWN], closes[:KNOWN]) for one in SYMBOLS}, closes[KNOWN], ())
    double = opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", SYMBOLS, rows[KNOWN - 1][3])
    moves = [move for one in SYMBOLS for move in moves_of(one, rows[KNOWN:], opens[KNOWN:])]
    live = Live(double, Days(double, moves), folder, [], MortalTape)
    deaths = 0
    with double:
        while deaths < 60:
            MortalTape.left, MortalTape.after = dice.randint(1, 25) if deaths < 30 else 1 << 30, dice.random() < 0.5
            mine = load_strategy(settings.strategy.path, settings.strategy.params, folder)
            try:
                live.play(settings, mine, history, COUNT)
            except DiedError:
                deaths += 1
            else:
                break
        return deaths, live.incidents, truth_of(double)


@pytest.fixture
def project(folder):
    extra = {"universe": {"symbols": SYMBOLS}, "data": {"source": "csv", "path": "bars", "start": None, "end": None}}
    fills = {"slippage": {"model": "none"}, "max_volume_share": 0.0}
    limits = {"max_orders_per_bar": 50}
    write(strategy(BODY, mode="live", sizing={"method": "equal"}, fills=fills, limits=limits, **extra), folder)
    return folder


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(size(4, 100)))
def test_a_session_that_dies_again_and_again_is_one_session(project, seed):
    deaths, incidents, truth = lived(project, random.Random(seed))  # noqa: S311 - repeatable, not secret
    assert violations(project / "tape.db", truth) == []
    kinds = Counter(kind for kind, _ in rows_of(project / "tape.db"))
    assert deaths > 3
    assert kinds["venue_bound"] > 2
    assert [one for one in incidents if one.effect == "halt"] == []
    assert replay(project / "tape.db", project).difference is None
