"""A person sells the session's shares in the app: with their word for what they went for, ledger, venue and P&L agree, and it replays."""

from __future__ import annotations

from datetime import date

import pytest

from data import Dataset
from data.calendar import session_closes
from framework.app.assembly.loader import load_strategy
from framework.app.commands.looking_views import status_of
from framework.app.compare.compare import facts_of_run
from framework.app.folders.saving import save_session
from framework.app.sessions.replay import replay
from framework.domain.account_event import TradeCorrection
from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.values import MICRO, notional
from framework.runtime.control.sending import send_command
from framework.runtime.loading import load_config
from framework.runtime.orders.incidents import Code
from framework.runtime.tape.store import TapeStore
from tests.app.live_world import Days, Live, moves_of, opened_double
from tests.app.project import ROWS, call, strategy, write
from tests.brokers.robinhood.adapter.session import ACCOUNT
from tests.builders import bars

pytestmark = pytest.mark.slow
KNOWN = 25
BODY = """\
def on_start(self, ctx):
    ctx.state["day"] = 0

def on_bar(self, ctx):
    ctx.state["day"] += 1
    if ctx.state["day"] in (1, 7):
        ctx.buy("IBM", 10)
"""


@pytest.fixture
def sold(folder):
    """Ten shares bought, sold by hand on day 3, acknowledged on day 5, ten more on day 7: what was played, where, and the book there."""
    settings = {"mode": "live", "universe": {"symbols": ["IBM"]}, "stops": {"attach": "never"}, "guards": {"enabled": False}}
    data = {"source": "csv", "path": "bars", "start": None, "end": None}
    write(strategy(BODY, fills={"slippage": {"model": "none"}, "max_volume_share": 0.0}, data=data, **settings), folder)
    config = load_config(folder / "onetape.toml")
    mine = load_strategy(config.strategy.path, config.strategy.params, folder)
    rows = [tuple(float(value) for value in row[1:]) for row in ROWS]
    sessions = session_closes(date(2012, 1, 3), date(2012, 4, 30))
    closes, opens = sessions.close[: len(rows)].tolist(), sessions.open[: len(rows)].tolist()
    history = Dataset({"IBM": bars("IBM", rows[:KNOWN], closes[:KNOWN])}, closes[KNOWN], ())
    run, incidents = folder / "run", []
    run.mkdir()
    with opened_double(closes[KNOWN - 1] + 3_600 * 10**9, "100000", ["IBM"], rows[KNOWN - 1][3]) as double:

        def operator(count):
            if count == 3:
                double.place_by_hand(ACCOUNT, "IBM", side="sell", quantity="10")
            if count == 5:
                price = next(one for one in double.book()["orders"] if one["side"] == "sell")["executions"][0]["price"]
                said = {"code": str(Code.POSITION), "subject": "IBM", "price_micros": price}
                send_command(run / "tape.db", OperatorCommand(CommandKind.ACKNOWLEDGE, "ada", "sold by hand", arguments=said), None)

        days = Days(double, list(moves_of("IBM", rows[KNOWN:], opens[KNOWN:])))
        played = Live(double, days, run, incidents).play(config, mine, history, 9, operator)
        book = double.book()
    save_session(played.record, run)
    return played.record, run, book


def test_ledger_and_venue_agree_and_the_session_goes_on(sold):
    record, run, book = sold
    shares = book["accounts"][ACCOUNT]["shares"]["IBM"]
    assert record.open_positions == {"IBM": shares / MICRO}
    (correction,) = (event for event in record.account_events if isinstance(event, TradeCorrection))
    assert correction.quantity_micros == -10 * MICRO
    told = status_of(str(run / "tape.db"))
    assert [one for one in told["incidents"] if str(Code.POSITION) in one] == []
    assert [one.partition(" (")[0] for one in told["foreign_orders"]] == ["sell 10 IBM"]
    assert replay(run / "tape.db", run.parent).difference is None


def test_what_they_earned_is_a_round_trip_and_the_run_s_p_and_l_is_the_sum_of_its_parts(sold):
    record, run, _ = sold
    with TapeStore.attach(run / "tape.db") as store:
        assert len(list(store.events(kinds=["trade_corrected"]))) == 1
    facts = facts_of_run(run)
    traded = sum(notional(one.shares, facts.marks[one.symbol]) - one.value - one.fees for one in facts.fills)
    assert facts.equity == facts.initial + traded + sum(facts.account.values())
    assert list(facts.account) == ["trade_corrected"]
    header, trip = (run / "trades.csv").read_text().splitlines()
    row = dict(zip(header.split(","), trip.split(","), strict=True))
    (bought,) = [one for one in record.fills if one.timestamp < int(record.account_events[-1].timestamp)]
    gained = record.account_events[-1].amount_micros - notional(10 * MICRO, bought.price_micros) - bought.fees_micros
    assert float(row["pnl"]) == pytest.approx(gained / MICRO)


def test_a_price_of_something_else_is_refused():
    said = call("acknowledge", "cash_difference", "account", "nowhere", "--price", "10", "--why", "a gift")
    assert said.code == 2
    assert "cash_difference is about none" in said.err


@pytest.mark.parametrize("price", ["0", "-1", "nan", "inf"])
def test_a_price_that_is_none_is_refused(price):
    said = call("acknowledge", "position_mismatch", "IBM", "nowhere", "--price", price, "--why", "sold")
    assert said.code == 2
    assert "--price" in said.err
