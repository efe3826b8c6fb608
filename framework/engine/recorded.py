"""The recording driver: callbacks first, all of them; what they asked for is played afterwards, by whoever can play it fastest."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from framework.engine.arrays import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from framework.engine.arrays import Slice, Venue
    from framework.engine.engine import Engine
    from framework.engine.market import Market
    from framework.engine.recording import Books, Recording

#: Decisions between two words about how far it is.
SOME = 4096


class RecordingDriver:
    """Runs the callbacks over the bars from ``first`` (ns UTC) on, with a context that writes down what they ask for.

    Where one looks at the account, the arrays driver's loop plays what was asked for until then, and goes on with the strategy.
    ``on_slice(timestamp)`` follows each decision that is played here.

    Attributes:
        context: What the strategy speaks to.
    """

    def __init__(
        self, market: Market, broker: Venue, engine: Engine, context: Recording, first: int, on_slice: Callable[[int], None]
    ) -> None:
        self._market = market
        self._broker = broker
        self._engine = engine
        self._first = first
        self._on_slice = on_slice
        self._failure: Exception | None = None
        self.context = context
        self.context.on_look(self._begin)

    def run(self, open_books: Callable[[], Books | None], on_recorded: Callable[[int], None]) -> bool:
        """Run all callbacks but the last, ``on_stop``; whether all was written down, and nothing is played here yet.

        ``open_books`` gives who can be asked about the account, at the first question after the start; ``on_recorded`` is told now and
        then of how many decisions the callbacks have run.
        """
        self._engine.start(self._first)
        if not self.context.is_recording:
            self._go_on(self._slices())
            return False
        self.context.write_down(open_books)
        self.context.on_look(lambda: self._catch_up(self._market.now))
        coming, done = self._slices(), 0
        while some := list(islice(coming, SOME)):
            slices = iter(some)
            if not self._record(slices):
                self._go_on(chain(slices, coming))
                return False
            done += len(some)
            on_recorded(done)
        return True

    def stop(self) -> bool:
        """Run ``on_stop``; whether nobody looked."""
        self.context.rest(lambda: self._catch_up(None))
        self._engine.stop()
        self._check()
        return self.context.is_recording

    def play(self) -> None:
        """Play all that was written down, bar by bar; ``stop`` came before."""
        self.context.look("")

    def _record(self, slices: Iterable[Slice]) -> bool:
        """Whether nobody looked at any of ``slices``; the one at which somebody did has been played."""
        market, cursor, context, engine = self._market, self._market.cursor, self.context, self._engine
        entries, on_bar = engine.entries, engine.calls.plain
        for now, rows in slices:
            for row in rows:
                cursor[row] += 1
            market.now = now
            if entries:
                engine.scheduled(now)
            try:
                on_bar(context)
            except Exception as error:  # whatever a user's code raises is the user's to see, with its place
                raise engine.calls.raised(error) from error
            if not context.is_recording:
                self._check()
                engine.settle()
                self._on_slice(now)
                return False
        return True

    def _go_on(self, slices: Iterable[Slice]) -> None:
        """Play ``slices`` with the strategy, one by one."""
        on_slice, decide = self._on_slice, self._engine.on_slice
        for now, rows in slices:
            self._trade(now, rows)
            decide(now)
            on_slice(now)

    def _slices(self) -> Iterator[Slice]:
        """Every decision time from the cursors on."""
        series, cursor = self._market.adjusted, self._market.cursor
        return chain.from_iterable(windows([one.timestamp[seen + 1 :] for one, seen in zip(series, cursor, strict=True)]))

    def _trade(self, now: int, rows: Iterable[int]) -> None:
        """Bars of ``rows`` have closed."""
        market, rows = self._market, list(rows)
        for row in rows:
            market.cursor[row] += 1
        market.now = now
        market.on_bars(rows)
        self._broker.on_slice(rows)

    # --- the first look

    def _begin(self) -> None:
        """Somebody looked before the first bar: nothing was decided."""

    def _catch_up(self, now: int | None) -> None:
        """Play what was asked for, all of it or up to the decision at ``now``, which is still being taken."""
        try:
            self._replay(now)
        except Exception as error:  # what a strategy makes of it must not hide it
            self._failure = error
            raise

    def _replay(self, now: int | None) -> None:
        self._market.begin(self._first)
        for time, rows in self._slices():
            self._trade(time, rows)
            self._engine.look(time)
            self.context.repeat(time)
            if time == now:
                return
            self._engine.settle()
            self._on_slice(time)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
