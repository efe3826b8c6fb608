"""Calls into the user's strategy; whatever it raises comes back typed, with its place."""

from __future__ import annotations

import traceback
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

from framework.engine.panel import panel_of, targets_from_signals
from framework.engine.strategy import SignalStrategy, Strategy
from framework.errors import OnetapeError, StrategyError, words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.domain.order import Order
    from framework.domain.order_update import OrderUpdate
    from framework.engine.context import Context
    from framework.engine.market import Market
    from framework.engine.panel import Panel

#: Who calls a callback.
_HERE = str(Path(__file__).parent)


class Calls:
    """The strategy's callbacks, called only where the strategy overrides them.

    Attributes:
        hears_orders: Whether the strategy overrides ``on_order``.
        hears: Whether it overrides that, or ``on_fill``.
    """

    def __init__(self, strategy: Strategy, context: Context) -> None:
        self._strategy = strategy
        self._context = context
        self._signals: dict[int, list[tuple[int, float]]] = {}
        self._missed: dict[int, float] = {}
        self._first = 0
        kind = type(strategy)
        self._on_bar = strategy.on_bar if kind.on_bar is not Strategy.on_bar else None
        self.hears_orders = kind.on_order is not Strategy.on_order
        self._hears_fills = kind.on_fill is not Strategy.on_fill
        self.hears = self.hears_orders or self._hears_fills

    @property
    def plain(self) -> Callable[[Context], None]:
        """``on_bar`` as ``bar`` calls it, for a driver that calls nothing else; whatever it raises is for ``raised``."""
        return self._on_bar or Strategy().on_bar

    def raised(self, error: Exception) -> OnetapeError:
        """What ``on_bar`` raised, typed, with its place."""
        return self._typed("on_bar", error)

    def through(self, context: Context) -> Calls:
        """The same callbacks, handed another ``context``."""
        return Calls(self._strategy, context)

    def start(self) -> None:
        """Run ``on_start``."""
        self._call("on_start", self._strategy.on_start, self._context)

    def prepare_signals(self, market: Market, first: int) -> None:
        """Compute all signals of a vectorised strategy, for decisions from ``first`` (ns UTC) on."""
        self._first = first
        if isinstance(self._strategy, SignalStrategy):
            panel = panel_of(market.adjusted, daily=market.daily, indicators=market.indicators)
            self._signals = targets_from_signals(signals_of(self._strategy, panel), panel, first, type(self._strategy).__name__)

    def prepare_latest(self, market: Market) -> None:
        """Ask a vectorised strategy again when bars have arrived: what its signals say now that they are in."""
        if isinstance(self._strategy, SignalStrategy):
            self.prepare_signals(market, self._first)

    def missed(self, timestamp: int) -> None:
        """Nothing is decided at ``timestamp``: what the signals ask for then is wanted at the next decision, where they still do."""
        self._missed |= dict(self._signals.get(timestamp, ()))

    def bar(self, timestamp: int) -> None:
        """Run ``on_bar``, or issue the targets the signals ask for at ``timestamp``."""
        if self._signals:
            wanted = self._signals.get(timestamp, ())
            if self._missed:
                wanted, self._missed = sorted({**self._missed, **dict(wanted)}.items()), {}
            for row, strength in wanted:
                self._context.target(self._context.symbols[row], strength)
        if self._on_bar is not None:
            try:
                self._on_bar(self._context)
            except Exception as error:  # whatever a user's code raises is the user's to see, with its place
                raise self._typed("on_bar", error) from error

    def order(self, order: Order, update: OrderUpdate) -> None:
        """Run ``on_order`` for a state change, and ``on_fill`` for a fill."""
        if update.fill is not None and self._hears_fills:
            self._call("on_fill", self._strategy.on_fill, self._context, update.fill)
        if self.hears_orders:
            self._call("on_order", self._strategy.on_order, self._context, order)

    def scheduled(self, callback: Callable[[Context], None]) -> None:
        """Run a scheduled callback."""
        self._call(getattr(callback, "__name__", "scheduled callback"), callback, self._context)

    def stop(self) -> None:
        """Run ``on_stop``."""
        self._call("on_stop", self._strategy.on_stop, self._context)

    def _call(self, name: str, function: Callable[..., object], *args: object) -> object:
        try:
            return function(*args)
        except Exception as error:  # whatever a user's code raises is the user's to see, with its place
            raise self._typed(name, error) from error

    def _typed(self, name: str, error: Exception) -> OnetapeError:
        time = f" at {self._context.now:%Y-%m-%d %H:%M} UTC" if name.startswith("on_b") else ""
        return _typed(self._strategy, f"{name}{time}", error)


def signals_of(strategy: SignalStrategy, panel: Panel) -> object:
    """Run ``signals`` of a vectorised strategy; whatever it raises comes typed, with its place."""
    try:
        return strategy.signals(panel)
    except Exception as error:  # whatever a user's code raises is the user's to see, with its place
        raise _typed(strategy, "signals", error) from error


def _typed(strategy: Strategy, name: str, error: Exception) -> OnetapeError:
    where, line = _where(strategy, name, error)
    if isinstance(error, OnetapeError):
        return type(error)(f"{error} [{where}]{line}")
    return StrategyError(f"{where} raised {words_of(error)}{line}")


def _where(strategy: Strategy, name: str, error: BaseException) -> tuple[str, str]:
    """The callback with time and place, and the line of the user's file that raised, or called what did."""
    callback = f"{type(strategy).__name__}.{name}"
    frames = list(dropwhile(lambda frame: frame.filename.startswith(_HERE), traceback.extract_tb(error.__traceback__)))
    if not frames:
        return f"{callback}, module {type(strategy).__module__}", ""
    last = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    return f"{callback}, {last.filename}:{last.lineno}", f"\n    {last.line}" if last.line else ""
