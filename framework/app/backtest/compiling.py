"""Runs on the compiled loop: whether one can be made there, whether it is worth a compiler, and its facts in the shape of any other run."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from framework.app.assembly.assemble import fill_model, span_of
from framework.app.assembly.drivers import chosen
from framework.app.assembly.hosting import guest_of
from framework.app.assembly.venues import venue_of
from framework.domain.market import nothing
from framework.domain.values import to_micros
from framework.engine.calls import signals_of
from framework.engine.strategy import SignalStrategy
from framework.errors import ConfigError
from framework.rules.costs.regulatory import RegulatoryFees
from framework.rules.sizing.policy import SizingMethod

if TYPE_CHECKING:
    from collections.abc import Callable

    from data import Dataset
    from framework.app.assembly.assemble import Ground, Simulation
    from framework.app.backtest.booked import Booked
    from framework.app.backtest.looped import Looped
    from framework.compiled.play import Kernel, Played
    from framework.compiled.prepare import Prepared
    from framework.compiled.terms import Terms
    from framework.engine.strategy import Strategy
    from framework.runtime.config import Config

#: Bars of all symbols below which the event drivers have finished before numba is imported.
SMALL = 100_000
#: Bars from which on a run takes longer than the compiler, which is needed once.
LARGE = 2_000_000
NAME = "compiled"


class Verdict(NamedTuple):
    """Whether the loop is to be tried, and why or why not."""

    tries: bool
    reason: str


def verdict(config: Config, strategy: Strategy, dataset: Dataset, ground: Ground | Simulation) -> Verdict:
    """Whether ``[engine] name`` and the size of the run ask for the loop, and the loop can have it.

    Raises:
        ConfigError: It is asked for by name and cannot.
    """
    asked, other = config.engine.name, chosen(config, strategy).reason
    if asked not in {"auto", NAME} or guest_of(strategy) is not None:
        return Verdict(False, other)
    bars = sum(len(one) for one in dataset.series.values())
    if asked == "auto" and bars < SMALL:
        return Verdict(False, f"{other}; {bars:,} bars are played before a compiled loop is loaded")
    against = _on_disk(strategy, ground) or objections(config, strategy, dataset, ground)
    if asked == NAME and against:
        raise ConfigError(f'[engine] name = "{NAME}" has no loop for this run: {against}; write "auto", which takes another driver for it')
    if against:
        return Verdict(False, f"{other}; not compiled: {against}")
    return Verdict(True, "as asked" if asked == NAME else "the loop knows all of it")


def _on_disk(strategy: Strategy, ground: Ground | Simulation) -> str:
    """Why an event strategy is not played at once where its bars are too many for the memory; a vectorised one needs them there anyway."""
    if isinstance(strategy, SignalStrategy) or all(one.release is nothing for one in ground.market.adjusted):
        return ""
    return "the bars lie on the disk"


def objections(config: Config, strategy: Strategy, dataset: Dataset, ground: Ground | Simulation) -> str:
    """Why the loop cannot play this run; empty when it can."""
    from data.calendar import session_bounds
    from data.due import DueBars
    from framework.compiled.envelope import reason
    from framework.compiled.prepare import objection, outage

    if find_spec("numba") is None:
        return 'numba is missing: pip install "onetape[fast]"'
    policies = ground.policies
    against = reason(strategy, policies, venue_of(config), fill_model(config, dataset.finer))
    against = against or objection(ground.market, dataset.first_trade, partial(session_bounds, calendar=config.data.calendar))
    if against or policies.guards is None or policies.guards.max_missed_bars is None:
        return against
    due = DueBars(*span_of(dataset), config.data.resolution, config.data.calendar)
    return outage(ground.market, dataset.first_trade, due.counts, policies.guards.max_missed_bars)


def prepared_for(config: Config, dataset: Dataset, ground: Ground | Simulation) -> Prepared:
    """The bars of a run as the loop reads it."""
    from framework.compiled.prepare import Prepared

    policies = ground.policies
    charges = isinstance(fill_model(config, dataset.finer).fees, RegulatoryFees)
    tails = policies.sizing.method is SizingMethod.CVAR
    return Prepared(ground.market, dataset.first_trade, policies.sectors, policies.risk, charges=charges, tails=tails)


def attempted(config: Config, strategy: SignalStrategy, dataset: Dataset, ground: Ground | Simulation, kernel: Kernel) -> Played:
    """One try on the loop: the signals, and what became of them."""
    from framework.compiled.play import play

    prepared = prepared_for(config, dataset, ground)
    signals = signals_of(strategy, prepared.panel)
    wished = prepared.wished(signals, type(strategy).__name__, ground.policies.sizing)
    return play(prepared, terms_for(config, dataset, ground), wished, kernel)


def terms_for(config: Config, dataset: Dataset, ground: Ground | Simulation) -> Terms:
    """What the loop is told of a run."""
    from framework.compiled.envelope import terms_of

    cash, symbols = to_micros(config.account.cash), len(ground.market.symbols)
    return terms_of(cash, symbols, ground.policies, venue_of(config), fill_model(config, dataset.finer))


def is_warm() -> bool:
    """Whether the loop has been compiled before."""
    from framework.compiled.jit import is_warm

    return is_warm()


class Told(NamedTuple):
    """What was left of a run, ``None`` where it has not been played; by which driver, and why by that one."""

    booked: Booked | None
    engine: str
    why: str


def by_loop(
    config: Config,
    strategy: SignalStrategy,
    dataset: Dataset,
    ground: Ground | Simulation,
    simulate: Callable[[], Simulation],
    *,
    forecasts: bool,
) -> Told:
    """What the loop left of this run of a vectorised strategy, if it can play it and is worth it.

    ``simulate`` makes the parts of an event driver, which only forecasts of risk need.

    Raises:
        ConfigError: It is asked for by name and cannot.
    """
    tries, why = verdict(config, strategy, dataset, ground)
    if not tries:
        return Told(None, "", why)
    bars = sum(len(one) for one in dataset.series.values())
    if config.engine.name == "auto" and bars < LARGE and not is_warm():
        other = chosen(config, strategy).reason
        return Told(None, "", f"{other}; {bars:,} bars are played before the loop is compiled, which has to be done once")
    from framework.compiled.jit import KERNEL

    played = attempted(config, strategy, dataset, ground, KERNEL)
    if played.left:
        return Told(None, "", f"the compiled loop was left: {played.left}")
    return Told(looped_of(config, strategy, ground, simulate, played, forecasts=forecasts).booked(), NAME, why)


def looped_of(
    config: Config, strategy: Strategy, ground: Ground | Simulation, simulate: Callable[[], Simulation], played: Played, *, forecasts: bool
) -> Looped:
    """What the loop has ``played``, checked."""
    from framework.app.backtest.looped import Kernels, Looped
    from framework.compiled.facts import Facts
    from framework.compiled.jit import KERNEL, TRIPS

    facts = Facts(type(strategy).__name__, ground.policies, venue_of(config))
    return Looped(simulate, played, facts, Kernels(KERNEL, TRIPS), forecasts=forecasts)
