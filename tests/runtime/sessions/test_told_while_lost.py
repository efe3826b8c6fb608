"""The operator wants orders back while nobody knows whether the venue has one of them: it is taken back once it is found."""

from __future__ import annotations

import pytest

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.order import OrderStatus
from framework.domain.venue_order import Dedupe, LinkCapabilities
from tests.runtime.sessions.test_coming_back import Process, tape
from tests.venue.market import match
from tests.venue.scripted import Fault, ScriptedVenue

__all__ = ["tape"]
S = OrderStatus


def enters_once(ctx):
    if not ctx.state.get("entered"):
        ctx.state["entered"] = True
        ctx.buy("AAPL", 5, order_type="limit", limit_price=90.0, time_in_force="gtc")


class Told(Process):
    """A session whose first order is lost on the way back; then the operator says something, and the venue answers again."""

    def __init__(self, tape, venue, command):
        super().__init__(tape, venue, enters_once, [100.0, 100.0, 100.0, 100.0, 100.0, 100.0])
        self.command = command
        self.effect = {}

    def lived(self, arriving, until):
        for number, arrival in enumerate(super().lived(arriving, until)):
            if number == 0:
                self.venue.script("send", Fault.LOST_AFTER)
                self.venue.script("orders", *[Fault.FAILED] * 3)
            if number == 1:
                (entry,) = self.engine.desk.blotter.of()
                assert entry.status is S.UNKNOWN
                command = self.command(entry.order_id)
                self.effect = {**self.desk.obey(command), **self.turns.command(self.turns.now, command)}
            yield arrival


@pytest.mark.parametrize(
    "command",
    [
        lambda _: OperatorCommand(CommandKind.FLATTEN, "ada", "out of the market"),
        lambda _: OperatorCommand(CommandKind.CANCEL_ALL, "ada", "wrong prices"),
        lambda order_id: OperatorCommand(CommandKind.CANCEL, "ada", "wrong price", arguments={"order_id": order_id}),
    ],
    ids=["flatten", "cancel-all", "cancel"],
)
def test_an_order_whose_answer_was_lost_is_taken_back_once_it_is_found(tape, command):
    venue = ScriptedVenue()
    told = Told(tape, venue, command)
    told.play()
    (entry,) = venue.truth.ours()
    assert entry.now.status is S.CANCELED
    assert list(told.engine.desk.blotter.of()) == []
    assert len(told.effect["wanted_back"]) == 1
    again = Process(tape, venue, enters_once, told.prices)
    again.play()
    assert again.known() == told.known()


class Flattened(Process):
    """A session that is told to leave everything while its entry works; the venue fills a part of it before the cancel."""

    def __init__(self, tape, venue, *sends):
        super().__init__(tape, venue, enters_once, [100.0] * 9)
        self.sends, self.jobs = sends, []

    def lived(self, arriving, until):
        for number, arrival in enumerate(super().lived(arriving, until)):
            if number == 1:
                self.venue.script("cancel", Fault.PART_FILLED_BEFORE)
                self.venue.script("send", *self.sends)
                command = OperatorCommand(CommandKind.FLATTEN, "ada", "out of the market")
                self.desk.obey(command)
                self.turns.command(self.turns.now, command)
            yield arrival

    def look(self, closes, price, share=1.0):
        """As the feed does between two bars."""
        self.venue.prices["AAPL"] = price
        if share:
            match(self.venue, share)
        self.jobs = self.jobs or self.desk.jobs(self.turns, lambda: self.turns.now)
        self.turns.forming(closes)
        for _ in range(12):
            self.venue.truth.clock.advance(8)
            for job in self.jobs:
                job.act(self.venue.truth.clock.now())


def test_what_fills_of_an_entry_after_a_flatten_is_left_too(tape):
    venue = ScriptedVenue()
    flattened = Flattened(tape, venue)
    flattened.play()
    assert venue.truth.shares.get("AAPL", 0) == 0
    assert flattened.engine.desk.breakers.trading.name == "HALTED"
    again = Process(tape, venue, enters_once, flattened.prices)
    again.play()
    assert again.known() == flattened.known()


def test_a_sale_that_the_venue_refuses_is_not_asked_for_again_and_again(tape):
    venue = ScriptedVenue()
    Flattened(tape, venue, *[Fault.REJECTED] * 20).play()
    assert venue.truth.shares == {"AAPL": 2_500_000}
    assert venue.requests["send"] == 2


def test_what_is_bought_after_trading_goes_on_is_kept(tape):
    venue = ScriptedVenue()

    class Resumed(Flattened):
        def lived(self, arriving, until):
            for number, arrival in enumerate(super().lived(arriving, until)):
                if number == 3:
                    command = OperatorCommand(CommandKind.RESUME, "ada", "it is over")
                    self.desk.obey(command)
                    self.turns.command(self.turns.now, command)
                    self.strategy.script = lambda ctx: ctx.position("AAPL").quantity or ctx.buy("AAPL", 7)
                yield arrival

    Resumed(tape, venue).play()
    assert venue.truth.shares == {"AAPL": 7_000_000}


class Throttled(Flattened):
    """A session whose entry waits for the venue, or was lost on its way there, while the operator says something."""

    def __init__(self, tape, venue, kind, fault):
        super().__init__(tape, venue)
        self.kind, self.fault = kind, fault

    def lived(self, arriving, until):
        for number, arrival in enumerate(Process.lived(self, arriving, until)):
            if number == 0:
                self.venue.script("send", self.fault)
            yield arrival

    def look(self, closes, price, share=1.0):
        if self.venue.requests.get("send") and self.engine.desk.breakers.trading.name == "ACTIVE":
            command = OperatorCommand(self.kind, "ada", "prices look wrong")
            self.desk.obey(command)
            self.turns.command(self.turns.now, command)
        super().look(closes, price, share)


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.LOST_BEFORE])
@pytest.mark.parametrize(("kind", "sent"), [(CommandKind.HALT, 0), (CommandKind.REDUCE, 0), (CommandKind.RESUME, 1)])
def test_an_entry_that_waits_is_not_sent_after_trading_was_stopped(tape, kind, sent, fault):
    venue = ScriptedVenue(link=LinkCapabilities(Dedupe.PROVEN, 3_600.0, echoes_client_id=True, listing_lag_seconds=1.0))
    throttled = Throttled(tape, venue, kind, fault)
    throttled.play()
    assert len(list(venue.truth.ours())) == sent
    again = Process(tape, venue, enters_once, throttled.prices)
    again.play()
    assert again.known() == throttled.known()
