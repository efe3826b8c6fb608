"""Event strategies on the compiled loop: callbacks first, with a context that writes down what they ask for; then all of it in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from framework.app.assembly.drivers import chosen
from framework.app.backtest.booked import booked_by
from framework.app.backtest.compiling import LARGE, NAME, Told, is_warm, looped_of, prepared_for, terms_for, verdict
from framework.engine.recorded import RecordingDriver
from framework.errors import DataError
from framework.runtime.collector import seldom_collected

if TYPE_CHECKING:
    from collections.abc import Callable

    from brokers.simulated.broker import SimulatedBroker
    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.app.backtest.curves import Curves
    from framework.compiled.play import Kernel, Played
    from framework.compiled.prepare import Prepared
    from framework.compiled.stepping import Stepped
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config

#: Bars that take an event driver as long as one order does, about.
BARS_PER_ORDER = 100
#: Work, in bars, from which on it is worth to load the loop.
LOADED = 500_000


class Noting(NamedTuple):
    """Who writes down what is played bar by bar, and who is told now and then how many decisions have been recorded, or played."""

    curves: Curves
    on_slice: Callable[[int], None]
    on_recorded: Callable[[int], None]


def by_recording(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation, noting: Noting, *, forecasts: bool) -> Told:
    """What was left of a run of an event strategy whose callbacks were run first, if that may be worth it.

    Raises:
        ConfigError: The loop is asked for by name and cannot play it.
        DataError: There is no bar to play.
    """
    tries, why = verdict(config, strategy, dataset, simulation)
    if not tries:
        return Told(None, "", why)
    other = chosen(config, strategy).reason
    recorded = Recorded(config, dataset, simulation)
    with simulation.broker, seldom_collected():
        against = recorded.play(noting)
    if not against and recorded.looped is not None:
        looped = looped_of(config, strategy, simulation, lambda: simulation, recorded.looped, forecasts=forecasts)
        recorded.context.end(looped.explicit_orders)
        return Told(looped.booked(), NAME, f"{why}, and nothing asks bar by bar what became of an order")
    if not len(noting.curves):
        raise DataError("no bar lies in the traded range")
    return Told(booked_by(simulation, noting.curves, config.account.type), simulation.driver.name, f"{other}; {against}")


class Recorded:
    """A run whose callbacks come first.

    Attributes:
        context: What the strategy speaks to.
        looped: What the loop has played of it.
    """

    def __init__(self, config: Config, dataset: Dataset, simulation: Simulation) -> None:
        self._config = config
        self._dataset = dataset
        self._simulation = simulation
        self._bars = sum(len(one) for one in dataset.series.values())
        self._stepped: Stepped | None = None
        self.context = simulation.engine.recording()
        self.looped: Played | None = None

    def play(self, noting: Noting) -> str:
        """Run the callbacks and what they ask for; why the loop has not played it, empty where it has."""
        simulation, first = self._simulation, self._dataset.first_trade
        broker = cast("SimulatedBroker", simulation.broker)
        driver = RecordingDriver(simulation.market, broker, simulation.engine, self.context, first, noting.on_slice)
        driver.run(self._opened, noting.on_recorded)
        driver.stop()
        if not self.context.is_recording:
            return self._looked()
        if simulation.market.now < first:
            return "there is nothing to play"
        if not self._is_worth_it():
            driver.play()
            return f"{len(self.context.wishes):,} orders and targets are played before the loop is loaded or compiled"
        self.looped = self._stepped.finish() if self._stepped is not None else self._at_once()
        if self.looped.left:
            driver.play()
            return f"the compiled loop was left: {self.looped.left}"
        return ""

    def _looked(self) -> str:
        if self._stepped is not None and self._stepped.left:
            return f"the compiled loop was left: {self._stepped.left}"
        return f"not compiled: the strategy looked at {self.context.looked_at}"

    def _is_worth_it(self) -> bool:
        """Whether the loop is faster, its compilation counted in."""
        return self._stepped is not None or self._is_wanted(self._bars + BARS_PER_ORDER * len(self.context.wishes))

    def _is_wanted(self, work: int) -> bool:
        return self._config.engine.name == NAME or work >= LARGE or (work >= LOADED and is_warm())

    def _opened(self) -> Stepped | None:
        """The loop to be asked about the account, for a strategy that asks; ``None`` where that is not worth loading it."""
        if self._is_wanted(self._bars):
            from framework.compiled.jit import KERNEL

            self._stepped = self.steps(KERNEL)
        return self._stepped

    def steps(self, kernel: Kernel) -> Stepped:
        """The loop, to be played in steps."""
        from framework.compiled.stepping import Stepped

        config, simulation, prepared = self._config, self._simulation, self._prepared
        terms = terms_for(config, self._dataset, simulation)
        return Stepped(simulation.market, prepared, terms, simulation.engine.desk.policies.sizing, self.context.wishes, kernel)

    def _at_once(self) -> Played:
        from framework.compiled.jit import KERNEL

        return self.at_once(KERNEL)

    def at_once(self, kernel: Kernel) -> Played:
        """All that was asked for, played in one go."""
        from framework.compiled.asked import wished
        from framework.compiled.play import play

        prepared = self._prepared
        asked = wished(self.context.wishes, slice(None), prepared, self._simulation.engine.desk.policies.sizing)
        return play(prepared, terms_for(self._config, self._dataset, self._simulation), asked, kernel)

    @property
    def _prepared(self) -> Prepared:
        return prepared_for(self._config, self._dataset, self._simulation)
