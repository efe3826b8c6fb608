"""The broker of a session as the engine sees it: what the tape has it answers from there, and then it passes on to the order manager.

The engine hears a report where it heard it first: while it asks for something, or between two turns; one that comes while it is being told
another waits until that has been dealt with.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from framework.domain.account_event import Split, TradeCorrection
from framework.domain.market import Quote
from framework.domain.order import Order, OrderStatus, OrderType
from framework.domain.order_update import OrderUpdate
from framework.errors import BrokerError, DataError, OrderSubmissionError, SafetyError
from framework.runtime.orders import events
from framework.runtime.sessions.answers import NotTakenError, answered, read_answer
from framework.runtime.sessions.marks import ANSWERED, ASKED, HEARD, QUESTIONED, QUOTED, RESUMED, TRACES
from framework.runtime.sessions.taping import Question, answered_mark, asked_mark, quoted_mark
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from decimal import Decimal
    from types import TracebackType

    from framework.domain.account_event import AccountEvent
    from framework.domain.book import Account, Position
    from framework.domain.order import ApprovedOrder
    from framework.domain.venue import Capabilities
    from framework.engine.market import Market
    from framework.engine.ports import Broker, BrokerListener
    from framework.runtime.sessions.taping import Taping
    from framework.runtime.tape.chain import TapeEvent

PLACE, CANCEL, HOLD, RELEASE, QUOTE = "place", "cancel", "hold", "release", "quote"
#: What shows on the tape that a call was taken up.
_TRACE_OF = MappingProxyType({PLACE: events.INTENT, RELEASE: events.INTENT, CANCEL: events.CANCEL, HOLD: events.HOLD})


class TapedBroker:
    """Between engine and order manager.

    Args:
        taping: What the tape has, and where marks are noted.
        capabilities: What the venue accepts; the same whether it is asked or not.
        market: Of the session: its last closes are what is known where the venue does not quote, and a split is told before its bar.
        live: Makes the order manager, which tells the listener; called once, when the tape has nothing more to say.
        now: ns UTC.
        ready: Lets the order manager look at the venue, called once it is made: what the engine does in reply reaches the same one already.
        too_late: Why an order must not be placed any more that a process decided which died before it asked for it; empty where it may.
    """

    def __init__(
        self,
        taping: Taping,
        capabilities: Capabilities,
        market: Market,
        live: Callable[[BrokerListener], Broker],
        now: Callable[[], int],
        ready: Callable[[], None] = lambda: None,
        too_late: Callable[[Order], str] = lambda _: "",
    ) -> None:
        self._taping = taping
        self._capabilities = replace(capabilities, trails_apart=True)
        self._market = market
        self._make_live = live
        self._make_ready = ready
        self._too_late = too_late
        self._is_interrupted = False
        self._now = now
        self._live: Broker | None = None
        self._orders: dict[str, Order] = {}
        self._listener: BrokerListener | None = None
        self._untold: deque[OrderUpdate | AccountEvent] = deque()
        self._is_telling = False
        self._traces: Counter[tuple[str, str]] = Counter()
        self._levels: dict[str, int] = {}
        self._asks = 0
        self._answers: dict[int, TapeEvent] = {}

    # --- what happened

    def subscribe(self, listener: BrokerListener) -> None:
        """Tell ``listener`` what happens."""
        self._listener = listener

    def hear(self, event: TapeEvent) -> None:
        """Tell what an event of the tape says."""
        if event.kind == events.REPORT:
            self.on_update(events.read_report(event.payload, event.timestamp, self._known(str(event.payload["order_id"]))))
        elif event.kind == events.CORRECTION:
            self.on_account(events.read_correction(event.payload))
        elif event.kind == events.LEVEL:
            self._levels[str(event.payload["order_id"])] = int(str(event.payload["level_micros"]))
        elif event.kind in events.ACTIONS:
            action = events.read_action(event.kind, event.payload, event.timestamp)
            if action is not None:
                self.on_account(action)
        elif event.kind in TRACES:
            self._traces[event.kind, str(event.payload["order_id"])] += 1

    def on_update(self, update: OrderUpdate) -> None:
        """Hear the order manager."""
        self._tell(update)

    def on_account(self, event: AccountEvent) -> None:
        """Hear the order manager."""
        self._tell(event)

    def _tell(self, one: OrderUpdate | AccountEvent) -> None:
        self._untold.append(one)
        self._tell_all()

    def _tell_all(self) -> None:
        if self._is_telling or self._listener is None:
            return
        self._is_telling = True
        try:
            while self._untold:
                told = self._untold.popleft()
                if isinstance(told, OrderUpdate):
                    self._listener.on_update(told)
                else:
                    if isinstance(told, Split):
                        self._market.split_ahead(told.symbol, told.new, told.old)
                    self._listener.on_account(told)
        finally:
            self._is_telling = False

    # --- what is asked

    def place_order(self, approved: ApprovedOrder) -> Order:
        """Place an order. One that the order manager does not take, so that nothing was sent, is reported as rejected.

        Raises:
            BrokerError: As the order manager does, or did.
        """
        self._orders[approved.order.order_id] = approved.order
        try:
            self._ask(PLACE, approved.order.order_id, lambda broker: self._placed(broker, approved))
        except NotTakenError as error:
            over = OrderStatus.CANCELED if approved.order.status is OrderStatus.EMULATED else OrderStatus.REJECTED
            self._tell(OrderUpdate(approved.order.order_id, error.at, over, str(error)))
        return approved.order.snapshot()

    def _placed(self, broker: Broker, approved: ApprovedOrder) -> Order:
        refusal = self._too_late(approved.order) if self._is_interrupted else ""
        if refusal:
            raise OrderSubmissionError(refusal)
        return broker.place_order(approved)

    def cancel_order(self, order_id: str) -> bool:
        """Cancel an order.

        Raises:
            BrokerError: As the order manager does, or did.
        """
        return self._ask(CANCEL, order_id, lambda broker: broker.cancel_order(order_id))

    def hold_order(self, order_id: str) -> None:
        """Take an order back.

        Raises:
            BrokerError: As the order manager does, or did.
        """
        self._ask(HOLD, order_id, lambda broker: broker.hold_order(order_id))

    def release_order(self, order_id: str) -> None:
        """Send an order that was held.

        Raises:
            BrokerError: As the order manager does, or did.
        """
        self._ask(RELEASE, order_id, lambda broker: broker.release_order(order_id))

    def _ask(self, call: str, subject: str, act: Callable[[Broker], object]) -> bool:
        self._hear_ahead()
        event, self._asks = self._taping.asked(ASKED, call, subject), self._asks + 1
        question = Question(self._asks, call, subject)
        if event is None:
            self._taping.note(asked_mark(self._now(), call, subject))
            return self._asked_now(question, act)
        trace, before = (_TRACE_OF[call], subject), self._traces[_TRACE_OF[call], subject]

        def is_taken_up() -> bool:
            return question.number in self._answers or self._traces[trace] > before

        self._follow(question)
        while not is_taken_up() and self._taping.taken({RESUMED}):  # past the start of a later process only if nothing came of it before
            self._follow(question)
        if not is_taken_up() and not self._taping.is_behind:
            return self._asked_now(question, act)  # the process died before anything was made of it
        answer = self._answers.pop(question.number, None)
        return True if answer is None else read_answer(answer)

    def _follow(self, question: Question) -> None:
        """Hear what came of a question. Answers among it may be to one around it, which was asked again after a death."""
        found = self._taping.taken(HEARD | TRACES | {ANSWERED})
        for one in found:
            if one.kind == ANSWERED:
                self._answers.setdefault(answered(one, question), one)
        self._hear_all(found)

    def _hear_ahead(self, *also: str) -> None:
        """What was written together with what is being told just now, and therefore before this, waits to be told."""
        while found := self._taping.taken(HEARD | TRACES | {RESUMED, *also}):
            self._hear_all(found)  # what is asked in reply stands between this and what comes before the question

    def _hear_all(self, found: Sequence[TapeEvent]) -> None:
        """Hear what was written together, and tell it then: what the engine asks for in reply was heard after all of it."""
        with self._keeping_quiet():
            for one in found:
                self.hear(one)
        self._tell_all()

    @contextmanager
    def _keeping_quiet(self) -> Iterator[None]:
        """Within it what is heard waits to be told."""
        was, self._is_telling = self._is_telling, True
        try:
            yield
        finally:
            self._is_telling = was

    def _asked_now(self, question: Question, act: Callable[[Broker], object]) -> bool:
        if self._live is not None:
            return self._acted(question, self._live, act)
        try:
            with self._keeping_quiet():  # what the order manager found out when it was made is answered to after this
                return self._acted(question, self.live(), act)
        finally:
            self._tell_all()

    def _acted(self, question: Question, broker: Broker, act: Callable[[Broker], object]) -> bool:
        try:
            done = act(broker) is not False
        except OrderSubmissionError as error:
            at = self._now()
            self._taping.note(answered_mark(at, question, done=False, raised=str(error), taken=False))
            raise NotTakenError(at, str(error)) from None
        except BrokerError as error:
            self._taping.note(answered_mark(self._now(), question, done=False, raised=str(error)))
            raise
        if not done:
            self._taping.note(answered_mark(self._now(), question, done=False, raised=None))
        return done

    def go_live(self) -> None:
        """Have the order manager made ready, if it is not yet.

        Raises:
            PartedError: What the tape says was not decided again.
            SafetyError: The account is not known.
        """
        self.live()
        self._is_interrupted = False  # what comes now is decided here

    def with_untold(self, shares: Mapping[str, int]) -> dict[str, int]:
        """``shares``, micro-shares by symbol as the engine has them, as they are when it has been told everything."""
        found = dict(shares)
        for one in self._untold:
            if isinstance(one, OrderUpdate) and one.fill is not None:
                found[one.fill.symbol] = found.get(one.fill.symbol, 0) + one.fill.side.sign * one.fill.quantity_micros
            elif isinstance(one, TradeCorrection):
                found[one.symbol] = found.get(one.symbol, 0) + one.quantity_micros
            elif isinstance(one, Split):
                found[one.symbol] = one.held_micros
        return found

    def live(self) -> Broker:
        """The order manager.

        Raises:
            PartedError: What the tape says was not decided again.
            SafetyError: The account is not known.
        """
        if self._live is None:
            self._taping.caught_up()
            self._taping.note(NewEvent(self._now(), RESUMED, {}))
            self._is_interrupted = True
            with self._keeping_quiet():  # what the engine makes of it needs somebody to ask
                self._live = self._make_live(self)
                try:
                    self._make_ready()
                except BrokerError as error:  # not an answer to what was asked: nobody is there
                    self._live = None
                    raise SafetyError(f"nothing is decided before the account is known: {error}") from error
            self._tell_all()
        return self._live

    def get_quote(self, symbol: str) -> Quote:
        """What the venue quotes; where it does not, the last close."""
        self._hear_ahead(QUESTIONED)
        event = self._taping.asked(QUOTED, QUOTE, symbol)
        if event is not None:
            told: list[Any] = list(event.payload["prices"])
            return Quote(symbol, *told)
        if self._live is None:
            self._taping.note(NewEvent(self._now(), QUESTIONED, {}))
        quote = self._quoted_now(symbol)
        self._taping.note(quoted_mark(self._now(), symbol, (quote.timestamp, quote.bid, quote.ask, quote.last)))
        return quote

    def _quoted_now(self, symbol: str) -> Quote:
        try:
            return self.live().get_quote(symbol)
        except (BrokerError, DataError):
            last = self._market.last_price(symbol)
            return Quote(symbol, self._now(), last, last, last)

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """``get_quote`` of each."""
        return {symbol: self.get_quote(symbol) for symbol in symbols}

    def get_order(self, order_id: str) -> Order:
        """An order as far as it was told; the level of a trailing stop as far as anybody knows it has come.

        Raises:
            BrokerError: It is not known.
        """
        order = self._known(order_id).snapshot()
        if order.order_type is OrderType.TRAILING_STOP:
            order.stop_micros = self._level(order)
        return order

    def _level(self, order: Order) -> int | None:
        if self._live is not None:
            with suppress(BrokerError):  # not taken, or not listened to any more
                return self._live.get_order(order.order_id).stop_micros
        return self._levels.get(order.order_id, order.stop_micros)

    def get_open_orders(self) -> list[Order]:
        """All orders that may still fill, as far as it was told, oldest first."""
        return [order.snapshot() for order in self._orders.values() if order.is_open]

    def _known(self, order_id: str) -> Order:
        order = self._orders.get(order_id)
        if order is None:
            raise BrokerError(f"order {order_id!r} is not known")
        return order

    # --- the account and the session

    @property
    def capabilities(self) -> Capabilities:
        """What the venue accepts."""
        return self._capabilities

    def connect(self) -> None:
        """Nothing: the order manager connects before it is asked."""

    def disconnect(self) -> None:
        """Close the venue's session."""
        if self._live is not None:
            self._live.disconnect()

    def is_connected(self) -> bool:
        """Whether orders can be placed now."""
        return self._live is None or self._live.is_connected()

    def get_positions(self) -> list[Position]:
        """Positions of the account."""
        return self.live().get_positions()

    def get_account(self) -> Account:
        """The account."""
        return self.live().get_account()

    def get_portfolio_value(self) -> Decimal:
        """What the account is worth."""
        return self.live().get_portfolio_value()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.disconnect()
