"""Two live sessions with tapes of their own at one account of one double, as two machines would trade it."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.commands.looking_views import status_of
from framework.app.sessions.replay import replay
from framework.runtime.loading import load_config
from framework.runtime.orders.incidents import ACCOUNT, Code, Effect
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, strategy, write
from tests.builders import bars

pytestmark = pytest.mark.campaign
KNOWN = 25
OTHER = (Code.OTHER_TRADER, ACCOUNT, Effect.HALT)
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    if ctx.state["day"] in DAYS:
        ctx.target("IBM", 0.3)
        ctx.buy("IBM", ctx.state["day"], order_type="limit", limit_price=100.0, time_in_force="gtc")
"""


class Two(NamedTuple):
    """One market at one double."""

    folder: object
    double: object
    days: Days
    rows: list
    closes: list

    def play(self, name, known, count):
        """A session called ``name`` that knows so many bars before it begins, until it has decided ``count`` times; what it raised."""
        incidents = []
        (self.folder / name).mkdir(exist_ok=True)
        config = load_config(self.folder / "onetape.toml")
        mine = load_strategy(config.strategy.path, config.strategy.params, self.folder)
        history = Dataset({"IBM": bars("IBM", self.rows[:known], self.closes[:known])}, self.closes[known], ())
        Live(self.double, self.days, self.folder / name, incidents).play(config, mine, history, count)
        return [(one.code, one.subject, one.effect) for one in incidents]

    @property
    def placed(self):
        return len(self.double.book()["orders"])


@pytest.fixture
def two(folder, request):
    """Both trade on the same days of theirs, which are the parameter."""
    everything = {"mode": "live", "universe": {"symbols": ["IBM"]}, "sizing": {"method": "equal"}, "guards": {"enabled": False}}
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    body = BODY.replace("DAYS", str(request.param))
    write(strategy(body, fills={"slippage": {"model": "none"}, "max_volume_share": 0.0}, data=data, **everything), folder)
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3]) as double:
        yield Two(folder, double, Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:]))), rows, closes)


@pytest.mark.parametrize("two", [(1, 4)], indirect=True)
def test_the_second_buys_nothing_while_the_first_has_orders_and_the_first_goes_on(two):
    assert two.play("one", KNOWN, 3) == []
    placed = two.placed
    assert placed > 1
    assert OTHER in two.play("two", KNOWN + 3, 3)
    assert two.placed == placed  # not one order more
    assert any(Code.OTHER_TRADER in one for one in status_of(str(two.folder / "two" / "tape.db"))["incidents"])
    assert OTHER not in two.play("one", KNOWN, 8)  # it comes back, and nothing has been traded meanwhile
    assert two.placed > placed
    for name in ("one", "two"):
        assert replay(two.folder / name / "tape.db", two.folder).difference is None


@pytest.mark.parametrize("two", [(4,)], indirect=True)
def test_one_that_comes_back_after_the_other_has_begun_to_trade_opens_nothing(two):
    assert two.play("one", KNOWN, 3) == []
    assert two.placed == 0
    assert OTHER not in two.play("two", KNOWN + 3, 4)
    placed = two.placed
    assert placed > 1
    assert OTHER in two.play("one", KNOWN, 6)
    assert two.placed == placed
    assert replay(two.folder / "one" / "tape.db", two.folder).difference is None
