"""Bars that closed, or had begun, while no process looked: made of the venue's own short bars, where it has all of them.

A bar that closed while nobody was there comes late: it is history, stops move by it, and nothing is decided on it. The bar in which a
process starts again is decided on as any other if all of it is there soon after its close; otherwise it comes late too, or not at all.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol

from framework.domain.market import Bar, ClosedBar, FeedStatus
from framework.errors import BadDataError, BrokerError, DataError
from framework.runtime.sessions.arrivals import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from framework.domain.market import ShortBar
    from framework.runtime.sessions.quote_feed import QuoteFeed, Time

SECOND = 1_000_000_000
#: Length of the venue's short bars, ns.
SHORT = 300 * SECOND
#: What is decided on a bar is decided so soon after its close, ns; later it is late.
IN_TIME = 30 * SECOND
#: Between two questions for the past, ns.
PAUSE = 5 * SECOND
#: Between two looks after the session meanwhile, ns.
NAP = SECOND // 20
#: So often the past is asked for again at most: a clock that is set back makes nothing longer.
AGAIN = range(IN_TIME // PAUSE)
#: Bars that closed longer ago than this are not asked for, ns: the venue has short bars of a week.
DEPTH = 6 * 86_400 * SECOND


class PastSource(Protocol):
    """Where the past is asked for."""

    def short_bars(self, symbols: Sequence[str]) -> Mapping[str, Sequence[ShortBar]]:
        """The short bars of the last week that are complete, those in which nothing traded too, oldest first.

        Raises:
            BrokerError: No answer.
            DataError: It cannot be read.
        """


class Span(NamedTuple):
    """A bar of the session's clock: from ``opens`` to ``closes``, ns UTC."""

    opens: int
    closes: int


def composed(symbol: str, shorts: Sequence[ShortBar], span: Span) -> Bar | None:
    """The bar of ``span``; ``None`` where a part of it is missing or cannot be, or nothing traded."""
    inside = [one for one in shorts if span.opens <= one.begins < span.closes and _can_be(symbol, one)]
    wanted = range(span.opens, span.closes, SHORT)
    if [one.begins for one in inside] != list(wanted) or wanted[-1] + SHORT != span.closes:
        return None
    traded = [one for one in inside if one.traded]
    if not traded:
        return None
    high, low = max(one.high for one in traded), min(one.low for one in traded)
    return Bar(symbol, span.closes, traded[0].open, high, low, traded[-1].close, sum(one.volume for one in traded))


def _can_be(symbol: str, one: ShortBar) -> bool:
    """Whether ``one`` has prices, and a volume, as bars have them."""
    try:
        Bar(symbol, one.begins, *one[1:6])
    except BadDataError:
        return False
    return True


class Calendar(NamedTuple):
    """The clock of the session's bars: when the one closes that a time lies in, or the next one, and when that one opened."""

    next_close: Callable[[int], int]
    opened: Callable[[int], int]

    def spans(self, after: int, until: int) -> list[Span]:
        """The bars that closed after ``after``, up to ``until``."""
        found, close = [], self.next_close(after + 1)
        while close <= until:
            found.append(Span(self.opened(close), close))
            close = self.next_close(close + 1)
        return found


class Recovered:
    """What ``feed`` gives, with what was missed before it.

    Args:
        feed: Quotes from ``since`` (ns UTC) on, as bars; once it is over the past is not waited for either.
        source: The past.
        symbols: Whose bars.
        calendar: Of the bars.
        time: Whose clock it is.
        since: From when on quotes are looked at.
        seen: The close of the last bar of a symbol, ns UTC; asked when the tape has been taken again.
        between: Called while the past is waited for.
        skips: Whether a bar of a symbol that closed at a time must not be made: its shares have split since.
    """

    def __init__(
        self,
        feed: QuoteFeed,
        source: PastSource,
        symbols: Sequence[str],
        calendar: Calendar,
        time: Time,
        since: int,
        seen: Callable[[str], int],
        between: Callable[[int], object],
        skips: Callable[[str, int], bool],
    ) -> None:
        self._feed, self._source, self._symbols, self._calendar = feed, source, symbols, calendar
        self._time, self._since, self._seen = time, since, seen
        self._between, self._skips = between, skips

    def __iter__(self) -> Iterator[Arrival | FeedStatus]:
        last = max(self._seen(symbol) for symbol in self._symbols)
        began = self._calendar.next_close(self._since + 1)
        missed = [one for one in self._calendar.spans(max(last, self._since - DEPTH), began) if one.opens < self._since]
        gone = [one for one in missed if one.closes <= self._since]
        yield from self._made(gone, late=True)
        broken = [one for one in missed if one.closes > self._since]
        for came in self._feed:
            if isinstance(came, FeedStatus) or not broken or came.timestamp < broken[0].closes:
                yield came
                continue
            yield from self._of_the_start(broken.pop(), came)

    def _of_the_start(self, span: Span, came: Arrival) -> Iterator[Arrival]:
        """The bar in which the process started, as soon as it is there; what ``came`` has of it, where it is not."""
        if came.timestamp != span.closes:
            yield from self._made([span], late=True)
            yield came
            return
        found = self._made([span], late=False)
        for _ in AGAIN:
            if found or self._time.now() + PAUSE >= span.closes + IN_TIME or not self._waited():
                break
            found = self._made([span], late=False)
        yield from found or [came]

    def _waited(self) -> bool:
        """A pause in which the session is looked after; whether it goes on."""
        ends = self._time.now() + PAUSE
        for _ in range(PAUSE // NAP):
            if self._feed.is_over() or self._time.now() >= ends:
                break
            self._between(self._time.now())
            self._time.sleep(NAP)
        return not self._feed.is_over()

    def _past(self, until: int) -> Mapping[str, Sequence[ShortBar]]:
        """What the venue has, asked for until it answers or ``until`` (ns UTC) is near; nothing where it does not, which was told."""
        for _ in AGAIN:
            with suppress(BrokerError, DataError):
                return self._source.short_bars(self._symbols)
            if self._time.now() + PAUSE >= until or not self._waited():
                break
        return {}

    def _made(self, spans: Sequence[Span], *, late: bool) -> list[Arrival]:
        """The bars of ``spans`` as far as the venue has all of them."""
        if not spans:
            return []
        now = self._time.now()
        shorts, found = self._past(now + IN_TIME if late else now), []
        for span in spans:
            bars = {}
            for symbol in self._symbols:
                bar = None if self._skips(symbol, span.closes) else composed(symbol, shorts.get(symbol, ()), span)
                if bar is not None and self._seen(symbol) < span.closes:
                    bars[symbol] = ClosedBar(bar)
            if bars:
                found.append(Arrival(span.closes, bars, late))
        return found
