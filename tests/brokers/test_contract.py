"""What every broker must do, numbered by nothing but their names; a new broker adds a line to ``VENUES``."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from framework.domain.order import OrderSide, OrderStatus
from framework.engine.ports import Broker
from framework.errors import BrokerError, InvalidOrderError, MissingDataError, OrderCancellationError
from tests.brokers.robinhood.live.contract import RobinhoodVenue
from tests.brokers.venues import Listener, PaperVenue, Releasing, SimulatedVenue, approved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.brokers.venues import Venue

VENUES = {"paper": PaperVenue, "robinhood": RobinhoodVenue, "simulated": SimulatedVenue}


@pytest.fixture(params=sorted(VENUES))
def venue(request: pytest.FixtureRequest) -> Iterator[Venue]:
    made = VENUES[request.param]()
    yield made
    made.close()


@pytest.fixture
def heard(venue: Venue) -> Listener:
    """A connected broker's listener."""
    listener = Listener()
    venue.broker.subscribe(listener)
    venue.broker.connect()
    venue.ready()
    return listener


class TestSession:
    def test_it_is_a_broker(self, venue):
        assert isinstance(venue.broker, Broker)

    def test_connecting_and_disconnecting_twice_is_harmless(self, venue):
        states = [venue.broker.is_connected()]
        for step in (venue.broker.connect, venue.broker.connect, venue.broker.disconnect, venue.broker.disconnect):
            step()
            states.append(venue.broker.is_connected())
        assert states == [False, True, True, False, False]

    def test_a_with_statement_connects_and_always_disconnects(self, venue):
        def fail_inside():
            with venue.broker as broker:
                states.append((broker is venue.broker, broker.is_connected()))
                raise KeyError

        states = []
        with pytest.raises(KeyError):
            fail_inside()
        assert states == [(True, True)]
        assert not venue.broker.is_connected()

    def test_nothing_is_placed_without_a_session(self, venue):
        with pytest.raises(BrokerError, match="not connected"):
            venue.broker.place_order(approved("1"))
        assert venue.broker.get_open_orders() == []

    @pytest.mark.usefixtures("heard")
    def test_orders_outlive_the_session(self, venue):
        venue.broker.place_order(approved("1", limit=90))
        venue.broker.disconnect()
        venue.broker.connect()
        assert [order.order_id for order in venue.broker.get_open_orders()] == ["1"]

    def test_it_declares_what_it_can_do(self, venue):
        capabilities = venue.broker.capabilities
        assert capabilities.name
        assert capabilities.order_types
        assert capabilities.times_in_force
        assert capabilities.lot_micros >= 1


@pytest.mark.usefixtures("heard")
class TestOrders:
    def test_a_placed_order_is_accepted_reported_and_listed(self, venue, heard):
        placed = venue.broker.place_order(approved("1", limit=90))
        assert placed.status is OrderStatus.ACCEPTED
        assert [(one.order_id, one.status) for one in heard.updates] == [("1", OrderStatus.ACCEPTED)]
        assert [order.order_id for order in venue.broker.get_open_orders()] == ["1"]

    def test_a_fill_is_reported_once_with_its_numbers(self, venue, heard):
        venue.broker.place_order(approved("1"))
        venue.trade_at(101)
        assert [one.status for one in heard.updates] == [OrderStatus.ACCEPTED, OrderStatus.FILLED]
        fill = heard.updates[-1].fill
        assert (fill.symbol, fill.side, fill.quantity, fill.price) == ("A", OrderSide.BUY, 10, 101)
        assert venue.broker.get_order("1").average_price == 101
        assert venue.broker.get_open_orders() == []

    def test_the_same_id_is_never_taken_twice(self, venue):
        venue.broker.place_order(approved("1"))
        venue.trade_at(100)
        with pytest.raises(BrokerError, match="'1' was used before"):
            venue.broker.place_order(approved("1"))

    def test_a_working_order_can_be_canceled_once(self, venue, heard):
        venue.broker.place_order(approved("1", limit=90))
        assert venue.broker.cancel_order("1") is True
        venue.settle()
        assert venue.broker.cancel_order("1") is False
        said = [one.status for one in heard.updates if one.status is not OrderStatus.PENDING_CANCEL]
        assert said == [OrderStatus.ACCEPTED, OrderStatus.CANCELED]
        venue.trade_at(80)
        assert venue.broker.get_order("1").filled_micros == 0

    def test_a_filled_order_cannot_be_canceled(self, venue):
        venue.broker.place_order(approved("1"))
        venue.trade_at(100)
        assert venue.broker.cancel_order("1") is False
        assert venue.broker.get_order("1").status is OrderStatus.FILLED

    def test_an_unknown_order_is_an_error_by_name(self, venue):
        with pytest.raises(OrderCancellationError, match="'nope'"):
            venue.broker.cancel_order("nope")
        with pytest.raises(BrokerError, match="'nope'"):
            venue.broker.get_order("nope")

    def test_open_orders_come_oldest_first(self, venue):
        for name in ("2", "1", "3"):
            venue.broker.place_order(approved(name, limit=90))
        assert [order.order_id for order in venue.broker.get_open_orders()] == ["2", "1", "3"]

    def test_what_it_hands_out_cannot_change_what_it_keeps(self, venue):
        venue.broker.place_order(approved("1", limit=90))
        venue.broker.get_order("1").changes.clear()
        venue.broker.get_open_orders()[0].limit_micros = 1
        assert venue.broker.get_order("1").limit_price == 90
        assert venue.broker.get_order("1").changes

    def test_our_order_is_not_changed_by_the_venue(self, venue):
        ours = approved("1")
        venue.broker.place_order(ours)
        venue.trade_at(100)
        assert (ours.order.status, ours.order.filled_micros) == (OrderStatus.SUBMITTED, 0)


class TestHeldOrders:
    """An order placed as EMULATED is held by the adapter, unknown to the venue."""

    def test_a_held_order_is_listed_and_nothing_is_said_of_it(self, venue, heard):
        venue.broker.place_order(approved("1", limit=90, status=OrderStatus.EMULATED))
        assert [(order.order_id, order.status) for order in venue.broker.get_open_orders()] == [("1", OrderStatus.EMULATED)]
        assert heard.updates == []

    def test_when_its_price_is_reached_it_is_reported_and_once_released_it_works(self, venue):
        heard = Releasing(venue.broker)
        venue.broker.subscribe(heard)
        venue.broker.connect()
        venue.ready()
        venue.broker.place_order(approved("1", limit=90, status=OrderStatus.EMULATED))
        venue.trade_at(95)
        assert heard.updates == []
        venue.trade_at(89)
        venue.settle()
        assert [update.status for update in heard.updates] == [OrderStatus.SUBMITTED, OrderStatus.ACCEPTED, OrderStatus.FILLED]

    def test_a_price_that_is_reached_fills_nothing_before_the_release(self, venue, heard):
        venue.broker.place_order(approved("1", limit=90, status=OrderStatus.EMULATED))
        venue.trade_at(89)
        said = [update.status for update in heard.updates]
        assert said[0] is OrderStatus.SUBMITTED
        assert OrderStatus.FILLED not in said
        assert venue.broker.get_positions() == []

    def test_a_working_order_can_be_taken_back_and_sent_again(self, venue, heard):
        venue.broker.place_order(approved("1", limit=90))
        venue.broker.hold_order("1")
        assert venue.broker.get_order("1").status is OrderStatus.EMULATED
        venue.settle()
        venue.broker.release_order("1")
        venue.settle()
        assert [update.status for update in heard.updates] == [OrderStatus.ACCEPTED, OrderStatus.ACCEPTED]

    def test_a_held_order_can_be_canceled(self, venue, heard):
        venue.broker.place_order(approved("1", limit=90, status=OrderStatus.EMULATED))
        assert venue.broker.cancel_order("1")
        assert [update.status for update in heard.updates] == [OrderStatus.CANCELED]

    @pytest.mark.usefixtures("heard")
    @pytest.mark.parametrize("verb", ["hold_order", "release_order"])
    def test_an_unknown_order_can_be_neither_held_nor_released(self, venue, verb):
        with pytest.raises(BrokerError, match="nobody"):
            getattr(venue.broker, verb)("nobody")


@pytest.mark.usefixtures("heard")
class TestAccount:
    def test_positions_cash_and_equity_follow_the_fills(self, venue):
        venue.broker.place_order(approved("1"))
        venue.trade_at(100)
        venue.trade_at(110)
        (position,) = venue.broker.get_positions()
        assert (position.symbol, position.quantity, position.average_price) == ("A", 10, 100)
        account = venue.broker.get_account()
        assert (account.cash, account.equity, account.buying_power) == (9_000, 10_100, 9_000)
        assert venue.broker.get_portfolio_value() == Decimal(10_100)

    def test_a_position_that_was_closed_is_gone(self, venue):
        for name, side in (("1", OrderSide.BUY), ("2", OrderSide.SELL)):
            venue.broker.place_order(approved(name, side))
            venue.trade_at(100)
        assert venue.broker.get_positions() == []

    def test_a_position_handed_out_is_a_copy(self, venue):
        venue.broker.place_order(approved("1"))
        venue.trade_at(100)
        venue.broker.get_positions()[0].quantity_micros = 0
        assert venue.broker.get_positions()[0].quantity == 10

    def test_looking_at_the_account_changes_nothing(self, venue):
        venue.broker.place_order(approved("1"))
        venue.trade_at(100)
        assert len({venue.broker.get_portfolio_value() for _ in range(3)}) == 1

    def test_a_quote_is_the_last_trade(self, venue):
        venue.trade_at(101.5)
        quote = venue.broker.get_quote("A")
        assert (quote.symbol, quote.last) == ("A", 101.5)
        assert quote.bid <= quote.last <= quote.ask

    def test_a_symbol_that_never_traded_has_no_quote(self, venue):
        with pytest.raises(MissingDataError, match="B: "):
            venue.broker.get_quote("B")
        assert sorted(venue.broker.get_quotes(["A", "B"])) == ["A"]

    def test_an_unknown_symbol_has_no_quote(self, venue):
        with pytest.raises((InvalidOrderError, MissingDataError), match="C"):
            venue.broker.get_quote("C")
