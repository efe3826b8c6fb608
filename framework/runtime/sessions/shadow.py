"""The shadow of a live session: every order that is sent is filled by the fill model too, beside the venue and without a say in anything.

It follows from what the engine sent and heard and from the bars, so that taking the turns of a tape again brings it back as it was. The
shadow of an order ends with the first bar of its symbol after the order has; what guards a position begins where the shadow of the order
that opened it trades.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from framework.domain.account_event import Split
from framework.domain.order import OPEN_STATUSES, Order, OrderStatus
from framework.domain.order_update import OrderUpdate
from framework.domain.values import notional
from framework.errors import words_of
from framework.rules.limits import approved_before
from framework.rules.shadowing import Matched, Part, beyond, gap
from framework.runtime.sessions.marks import SHADOW_DIVERGED, SHADOW_FILL
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill
    from framework.domain.order import ApprovedOrder
    from framework.engine.journal import Journal
    from framework.engine.market import Market
    from framework.engine.ports import BrokerListener
    from framework.rules.shadowing import Gap, ShadowLimits

_NOTHING = Part()
_SENT = frozenset({OrderStatus.SUBMITTED, OrderStatus.EMULATED})
#: The real one is not to trade any more, by our word or the venue's.
_TAKEN_BACK = frozenset({OrderStatus.PENDING_CANCEL, OrderStatus.CANCELED, OrderStatus.REJECTED})


class ModelVenue(Protocol):
    """Where shadows trade: the simulated venue."""

    def subscribe(self, listener: BrokerListener) -> None:
        """Tell ``listener`` what happens."""

    def place_order(self, approved: ApprovedOrder) -> Order:
        """Let an order work from now on."""

    def cancel_order(self, order_id: str) -> bool:
        """End an order; ``False`` where it had ended."""

    def split_ahead(self, split: Split) -> None:
        """Let shares and orders follow a split whose bar has not been traded on."""

    def on_slice(self, rows: Sequence[int]) -> None:
        """Trade on the bars of ``rows``, which have just closed."""


@dataclass(slots=True)
class _Pair:
    """A real order and its shadow, which ``works`` once it is at the model's venue; what has traded of either."""

    order: Order
    works: bool = False
    real: Part = _NOTHING
    model: Part = _NOTHING


class Shadow:
    """Follows ``journal`` and lets ``venue`` fill what was sent.

    Args:
        journal: Of the session: decisions and what was heard of them.
        market: Of the session.
        venue: Of its own: nothing it fills reaches a book.
        limits: How far the two may part.

    Attributes:
        note: Told of what belongs on the tape beside the facts of the session.
        fills: What the model has filled.
        diverged: What was beyond the limits, each time it came to be so.
        trouble: Why there are no more shadows; empty while there are.
    """

    def __init__(self, journal: Journal, market: Market, venue: ModelVenue, limits: ShadowLimits) -> None:
        self._journal, self._market, self._venue, self._limits = journal, market, venue, limits
        self._seen = 0
        self._rows: Sequence[int] = ()
        self._decided: dict[str, Order] = {}
        self._pairs: dict[str, _Pair] = {}
        #: Orders that guard what the shadow does not hold yet, by the order that is to open it.
        self._waiting: dict[str, list[str]] = defaultdict(list)
        #: Orders whose real one has ended, by row: they end with the next bar.
        self._ending: dict[int, list[str]] = defaultdict(list)
        self._matched: deque[Matched] = deque(maxlen=limits.window)
        self._words = ""
        self.note: Callable[[NewEvent], object] = lambda _: None
        self.fills: list[Fill] = []
        self.diverged: list[str] = []
        self.trouble = ""
        venue.subscribe(self)

    @property
    def gap(self) -> Gap:
        """How far the two have parted of late."""
        return gap(self._matched)

    # --- what the session does

    def work(self, rows: Sequence[int]) -> None:
        """Bars of ``rows`` have closed: what was heard since the last decision happened while they formed. It trades after the decision."""
        self._rows = rows
        self._guarded(lambda: self._catch_up(forming=True))

    def decided(self) -> None:
        """A decision was taken: trade on its bars, send the shadow what was sent, and take back what was taken back."""
        self._guarded(self._trade)
        self._guarded(lambda: self._catch_up(forming=False))

    def _guarded(self, act: Callable[[], None]) -> None:
        if self.trouble:
            return
        try:
            act()
        except Exception as error:  # noqa: BLE001 - nothing that goes wrong with a shadow is a reason to stop trading
            self.trouble = f"shadow fills have ended: {words_of(error)}"

    def _trade(self) -> None:
        rows, self._rows = self._rows, ()
        self._venue.on_slice(rows)
        for row in rows:
            for order_id in self._ending.pop(row, ()):
                self._over(order_id)
        self._judge()

    def _catch_up(self, *, forming: bool) -> None:
        """What has been decided and heard since the last time; while a bar was ``forming``, or at a decision."""
        events = self._journal.events[self._seen :]
        self._seen += len(events)
        for event in events:
            if isinstance(event, Order):
                self._decided[event.order_id] = event
            elif isinstance(event, OrderUpdate):
                self._hear(event, forming=forming)
            elif isinstance(event, Split):
                self._venue.split_ahead(event)

    def _hear(self, update: OrderUpdate, *, forming: bool) -> None:
        order = self._decided.get(update.order_id)
        if order is not None:
            del self._decided[update.order_id]
            if update.status in _SENT:  # and not denied
                self._send(order)
            return
        pair = self._pairs.get(update.order_id)
        if pair is None:
            return
        if update.fill is not None:
            pair.real = _more(pair.real, update.fill)
        self._end(pair, update.status, at_once=update.status in _TAKEN_BACK and not (forming and pair.order.role.protects))

    def _end(self, pair: _Pair, status: OrderStatus, *, at_once: bool) -> None:
        """Let the shadow end as far as ``status`` ends the real one."""
        is_over = status not in OPEN_STATUSES
        if at_once:
            self._take_back(pair)
        if is_over and at_once:
            self._over(pair.order.order_id)
        elif is_over:
            self._ending[self._market.row_of(pair.order.symbol)].append(pair.order.order_id)

    def _send(self, order: Order) -> None:
        pair = self._pairs[order.order_id] = _Pair(_as_sent(order))
        opening = self._pairs.get(order.parent_id or "") if order.role.protects else None
        if opening is not None and not opening.model.shares:
            self._waiting[opening.order.order_id].append(order.order_id)
        else:
            self._begin(pair)

    def _begin(self, pair: _Pair) -> None:
        pair.works = True
        self._venue.place_order(approved_before(pair.order, pair.order.order_type))

    def _take_back(self, pair: _Pair) -> None:
        """No more of it trades."""
        if pair.works:
            self._venue.cancel_order(pair.order.order_id)
        for waiting in self._waiting.values():
            if pair.order.order_id in waiting:
                waiting.remove(pair.order.order_id)

    def _over(self, order_id: str) -> None:
        """Neither of the two trades any more: they can be compared."""
        pair = self._pairs.pop(order_id, None)
        if pair is None:
            return
        self._take_back(pair)
        for guard in self._waiting.pop(order_id, ()):
            self._begin(self._pairs[guard])
        self._matched.append(Matched(pair.order.side.sign, pair.real, pair.model))

    def _judge(self) -> None:
        before, self._words = self._words, beyond(self.gap, self._limits)
        if self._words and not before:
            self.diverged.append(self._words)
            self.note(NewEvent(self._market.now, SHADOW_DIVERGED, {"why": self._words, **self.gap._asdict()}))

    # --- what its venue tells

    def on_update(self, update: OrderUpdate) -> None:
        """Keep what has traded, and let begin what guards it."""
        fill = update.fill
        if fill is None:
            return
        self.fills.append(fill)
        pair = self._pairs[fill.order_id]
        pair.model = _more(pair.model, fill)
        self.note(_event_of(fill))
        for guard in self._waiting.pop(fill.order_id, ()):
            self._begin(self._pairs[guard])

    def on_account(self, event: AccountEvent) -> None:
        """Nothing: what it holds is in nobody's account."""


def _as_sent(order: Order) -> Order:
    """``order`` as it left: what has become of it since is the venue's."""
    terms = order.decided
    return replace(
        order,
        quantity_micros=terms.quantity_micros,
        limit_micros=terms.limit_micros,
        stop_micros=terms.stop_micros,
        trail_micros=terms.trail_micros,
        status=OrderStatus.SUBMITTED,
        filled_micros=0,
        filled_value_micros=0,
        fees_micros=0,
        changes=[],
        asked=None,
        triggered=False,
    )


def _more(part: Part, fill: Fill) -> Part:
    return Part(part.shares + fill.quantity_micros, part.value + notional(fill.quantity_micros, fill.price_micros))


def _event_of(fill: Fill) -> NewEvent:
    """A fill of the model as it stands on the tape; its id has a name of its own, so that nobody takes it for a trade."""
    payload = {
        "shadow_id": fill.execution_id,
        "order_id": fill.order_id,
        "symbol": fill.symbol,
        "side": str(fill.side),
        "quantity_micros": fill.quantity_micros,
        "price_micros": fill.price_micros,
        "reference_micros": fill.reference_micros,
        "fees_micros": fill.fees_micros,
    }
    return NewEvent(fill.timestamp, SHADOW_FILL, payload)
