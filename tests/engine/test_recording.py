"""What a strategy sees of a context that only writes down what it asks for: nothing, and what it does besides is done once."""

from __future__ import annotations

import pickle
from copy import copy, deepcopy
from typing import ClassVar

import numpy as np
import pytest

from framework.app.backtest.run import run
from framework.domain.order import Order, OrderStatus
from framework.engine.context import Context
from framework.engine.promised import become, promising
from framework.engine.recording import Recording
from framework.engine.strategy import Strategy
from framework.errors import InvariantError, StrategyError
from tests.app.project import tree

#: What shows bars and time alone, or is made of what is a look; and what is made of ``_order``.
BLIND = {"bars", "now", "feature", "shares_for", "schedule", "cancel_all", "symbols", "state"}
ORDERS = {"buy", "sell"}


def test_whatever_a_context_shows_or_does_is_written_down_or_is_a_look():
    public = {name for name in vars(Context) if not name.startswith("_")}
    assert public - BLIND - ORDERS | {"_order"} <= set(vars(Recording))


def both(kind, **sections):
    """The run with a context that writes down, and without."""
    found = []
    for engine in ("compiled", "arrays"):
        kind.seen = []
        plain = {"stops": {"attach": "never"}, "sizing": {"method": "equal"}, "guards": {"enabled": False}, "broker": {"name": "generic"}}
        config = tree(strategy=None, engine={"name": engine}, **plain, **sections)
        record = run(config, strategy=kind).record
        found.append((record, list(kind.seen)))
    (one, seen), (other, expected) = found
    assert seen == expected
    assert one.decisions_hash == other.decisions_hash
    assert list(one.fills) == list(other.fills)
    assert np.array_equal(one.equity, other.equity)
    assert [order.changes for order in one.orders] == [order.changes for order in other.orders]
    return one


class Looks(Strategy):
    """Trades a while before it looks at anything."""

    seen: ClassVar[list[object]] = []

    def on_start(self, _):
        self._bars = 0

    def on_bar(self, ctx):
        self._bars += 1
        self.seen.append((self._bars, ctx.now, len(ctx.bars("AAPL"))))
        if self._bars % 5 == 1:
            ctx.buy("AAPL", 2)
            ctx.target("IBM", 0.5)
        if self._bars % 5 == 4:
            ctx.sell("AAPL", 1)
            ctx.target("IBM", 0.0)
        if self._bars > 40:
            self.look(ctx)

    def look(self, ctx):
        self.seen.append(([order.order_id for order in ctx.open_orders()], ctx.position("AAPL"), ctx.equity))


def test_a_look_shows_what_it_would_have_shown_and_no_callback_runs_twice():
    record = both(Looks)
    assert record.engine == "arrays"
    assert "looked at ctx.open_orders" in record.engine_reason


class InTheMiddle(Looks):
    """Looks between two orders of one decision, and goes on."""

    def look(self, ctx):
        order = ctx.buy("AAPL", 3)
        try:
            self.seen.append([one.order_id for one in ctx.open_orders()])
        except Exception:  # noqa: BLE001 - as users do
            self.seen.append("lost")
        self.seen.append((order.status, order in ctx.open_orders(), isinstance(order, Order), ctx.cancel(order), order.status))
        ctx.target("IBM", 0.25)


def test_a_look_in_the_middle_of_a_decision_leaves_what_was_asked_before_it():
    assert both(InTheMiddle).engine == "arrays"


class AtTheEnd(Looks):
    """Looks when all is over."""

    def look(self, ctx):
        pass

    def on_stop(self, ctx):
        self.seen.append((len(ctx.open_orders()), ctx.cash, ctx.position("AAPL")))


def test_a_look_when_all_is_over_sees_all_of_it():
    assert "ctx.open_orders" in both(AtTheEnd).engine_reason


class InStart(Looks):
    """Asks before the first bar."""

    def on_start(self, ctx):
        super().on_start(ctx)
        self.seen.append(ctx.equity)
        ctx.target("AAPL", 1.0)


def test_what_is_asked_before_the_first_bar_is_a_look():
    assert both(InStart).engine == "arrays"


@pytest.mark.parametrize(
    "call",
    [lambda ctx: ctx.buy("AAPL", 3), lambda ctx: ctx.target("AAPL", 0.5), lambda ctx: ctx.close("AAPL"), lambda ctx: ctx.sell("AAPL", 3)],
    ids=["buy", "target", "close", "sell"],
)
def test_what_is_asked_before_the_first_bar_with_history_behind_it_is_done_and_so_is_all_that_follows(call):
    class Begins(AtTheEnd):
        """Asks for something as it starts: there are prices, from the bars of the warm-up."""

        def on_start(self, ctx):
            super().on_start(ctx)
            self.seen.append(len(ctx.bars("AAPL")))
            call(ctx)

    record = both(Begins, data={"warmup": 20})
    assert Begins.seen[0] == 20
    assert len(record.fills) > 20
    assert record.engine == "arrays"


@pytest.mark.parametrize(
    "call",
    [
        lambda ctx: ctx.buy("AAPL", 1, order_type="limit", limit_price=50),
        lambda ctx: ctx.sell("AAPL", 1, tag="mine"),
        lambda ctx: ctx.buy("AAPL", 1, time_in_force="day"),
        lambda ctx: ctx.buy("AAPL", 0.5),
        lambda ctx: ctx.buy("AAPL", notional=500),
        lambda ctx: ctx.target("AAPL", 0.5, stop=10),
        lambda ctx: ctx.target("AAPL", 0.5, tag="mine"),
        lambda ctx: ctx.cancel_all(),
        lambda ctx: ctx.rebalance({"AAPL": 0.5}),
        lambda ctx: ctx.bracket("AAPL", 1, stop_loss=10),
    ],
)
def test_what_cannot_be_written_down_is_a_look_and_is_done(call):
    class Calls(Looks):
        """Does one thing more."""

        def look(self, ctx):
            call(ctx)

    assert both(Calls).engine == "arrays"


@pytest.mark.parametrize("call", [lambda ctx: ctx.target("AAPL", 2.0), lambda ctx: ctx.buy("MSFT", 1), lambda ctx: ctx.buy("AAPL", -1)])
def test_what_can_never_be_asked_is_told_as_ever(call):
    class Wrong(Looks):
        """Asks for what there is not."""

        def look(self, ctx):
            call(ctx)

    told = []
    for engine in ("compiled", "arrays"):
        with pytest.raises(Exception, match=r"Wrong\.on_bar at 2006") as error:
            run(tree(strategy=None, engine={"name": engine}), strategy=Wrong)
        told.append((type(error.value), str(error.value)))
    assert told[0] == told[1]


class Breaks(Looks):
    """Has a mistake."""

    def look(self, _):
        raise ValueError("a mistake")


def test_a_strategy_that_raises_ends_the_run_with_its_place():
    with pytest.raises(StrategyError, match=r"Breaks\.on_bar at 2006-\d\d-\d\d .*a mistake"):
        run(tree(strategy=None, engine={"name": "compiled"}), strategy=Breaks)


def test_an_order_that_was_promised_is_asked_about_once_and_is_the_order_then():
    asked = []

    def reveal():
        asked.append(1)
        become(promised, real)

    promised = promising(reveal)()
    real = Order("id", "A", "buy", 1, "market", 0)
    assert isinstance(promised, Order)
    assert promised.status is OrderStatus.INITIALIZED
    assert promised.is_open
    assert type(promised) is Order
    assert asked == [1]


def test_an_order_of_which_nobody_knows_says_so():
    with pytest.raises(InvariantError, match="promised"):
        _ = promising(lambda: None)().status


class Asks(Looks):
    """Asks what it holds, what it has and what it is worth, and closes."""

    def look(self, ctx):
        self.seen.append((ctx.position("AAPL"), ctx.cash, ctx.equity))
        if self._bars % 9 == 0 and self._bars % 5 == 0:
            self.seen.append((ctx.close("IBM") is None, ctx.position("IBM")))

    def on_stop(self, ctx):
        self.seen.append((ctx.cash, ctx.position("AAPL"), ctx.position("IBM"), ctx.equity))


def test_whoever_waits_is_told_how_far_it_is():
    told = []
    run(tree(strategy=None, engine={"name": "compiled"}), strategy=InTheMiddle, on_progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(0 < done <= total for done, total in told)


@pytest.mark.campaign
def test_the_loop_answers_what_is_asked_about_the_account():
    assert both(Asks).engine == "compiled"


class StopsWithAnOrder(Asks):
    """Orders when all is over."""

    def on_stop(self, ctx):
        super().on_stop(ctx)
        self.seen.append(ctx.buy("AAPL", 1).order_id)


@pytest.mark.campaign
def test_an_order_when_all_is_over_is_made_and_no_bar_is_left_for_it():
    record = both(StopsWithAnOrder)
    assert record.engine == "arrays"
    assert record.orders[-1].created_at == record.timestamps[-1]


@pytest.mark.campaign
def test_orders_that_were_kept_are_what_the_loop_made_of_them():
    class Keeps(Looks):
        """Keeps its orders, and never looks."""

        kept: ClassVar[list[Order]] = []

        def on_bar(self, ctx):
            self._bars += 1
            if self._bars % 7 == 1:
                self.kept.append(ctx.buy("AAPL", 10**6 if self._bars == 15 else 2))
            if self._bars % 7 == 5:
                self.kept.append(ctx.sell("AAPL", 1))

    record = both(Keeps)
    assert record.engine == "compiled", record.engine_reason
    half = len(Keeps.kept) // 2
    told = [[(order.order_id, order.status, order.changes) for order in kept] for kept in (Keeps.kept[:half], Keeps.kept[half:])]
    assert told[0] == told[1]
    assert {order.status for order in Keeps.kept} >= {OrderStatus.FILLED, OrderStatus.DENIED}


def test_an_order_that_was_promised_is_shown_like_any_other():
    class Shows(Looks):
        """Prints an order nobody has looked at."""

        def look(self, ctx):
            order = ctx.buy("AAPL", 1)
            self.seen.append((type(order).__name__, repr(order)))

    both(Shows)
    assert Shows.seen[-1][1].startswith("Order(order_id='Shows-AAPL-")


def through_bytes(order):
    return pickle.loads(pickle.dumps(order))  # noqa: S301 - our own


@pytest.mark.parametrize("kept", [copy, deepcopy, through_bytes])
def test_an_order_that_was_promised_can_be_kept_like_any_other(kept):
    class Keeps(Looks):
        """Keeps an order nobody has looked at."""

        def look(self, ctx):
            order = kept(ctx.buy("AAPL", 1))
            self.seen.append((type(order) is Order, order.order_id, order.status))

    both(Keeps)
    assert Keeps.seen[-1][0]


def test_a_callback_that_is_put_in_the_place_of_another_is_not_called_by_any_driver():
    class Swaps(Looks):
        """Goes on as something else, as it hopes."""

        def on_start(self, ctx):
            super().on_start(ctx)
            self.on_bar = self.other

        def other(self, _):
            self.seen.append("other")

        def look(self, ctx):
            pass

    record = both(Swaps)
    assert record.fills
    assert "other" not in Swaps.seen
