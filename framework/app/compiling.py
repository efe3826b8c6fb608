"""Runs on the compiled loop: whether one can be made there, whether it is worth a compiler, and its facts in the shape of any other run."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from framework.app.assemble import fill_model, span_of
from framework.app.drivers import chosen
from framework.app.hosting import guest_of
from framework.app.venues import venue_of
from framework.domain.values import to_micros
from framework.engine.strategy import SignalStrategy
from framework.errors import ConfigError
from framework.rules.costs.regulatory import RegulatoryFees

if TYPE_CHECKING:
    from data import Dataset
    from framework.app.assemble import Simulation
    from framework.app.booked import Booked
    from framework.compiled.play import Kernel, Played
    from framework.compiled.prepare import Prepared
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


def verdict(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation) -> Verdict:
    """Whether ``[engine] name`` and the size of the run ask for the loop, and the loop can have it.

    Raises:
        ConfigError: It is asked for by name and cannot.
    """
    asked, other = config.engine.name, chosen(config, strategy).reason
    if asked not in {"auto", NAME} or guest_of(strategy) is not None or (asked == "auto" and not isinstance(strategy, SignalStrategy)):
        return Verdict(False, other)
    bars = sum(len(one) for one in dataset.series.values())
    if asked == "auto" and bars < SMALL:
        return Verdict(False, f"{other}; {bars:,} bars are played before a compiled loop is loaded")
    against = objections(config, strategy, dataset, simulation)
    if asked == NAME and against:
        raise ConfigError(f'[engine] name = "{NAME}" has no loop for this run: {against}; write "auto", which takes another driver for it')
    if against:
        return Verdict(False, f"{other}; not compiled: {against}")
    if asked == "auto" and bars < LARGE and not _is_warm():
        return Verdict(False, f"{other}; {bars:,} bars are played before the loop is compiled, which has to be done once")
    return Verdict(True, "as asked" if asked == NAME else "signals alone decide, and the loop knows all of the rest")


def objections(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation) -> str:
    """Why the loop cannot play this run; empty when it can."""
    from data.calendar import session_clock
    from data.due import DueBars
    from framework.compiled.envelope import reason
    from framework.compiled.prepare import objection, outage

    if find_spec("numba") is None:
        return 'numba is missing: pip install "onetape[fast]"'
    policies = simulation.engine.desk.policies
    against = reason(strategy, policies, venue_of(config), fill_model(config, dataset.finer))
    span = span_of(dataset)
    against = against or objection(simulation.market, dataset.first_trade, session_clock(*span, config.data.calendar))
    if against or policies.guards is None or policies.guards.max_missed_bars is None:
        return against
    due = DueBars(*span, config.data.resolution, config.data.calendar)
    return outage(simulation.market, dataset.first_trade, due, policies.guards.max_missed_bars)


def prepared_for(config: Config, dataset: Dataset, simulation: Simulation) -> Prepared:
    """The market of ``simulation`` as the loop reads it."""
    from framework.compiled.prepare import Prepared

    policies = simulation.engine.desk.policies
    charges = isinstance(fill_model(config, dataset.finer).fees, RegulatoryFees)
    return Prepared(simulation.market, dataset.first_trade, policies.sectors, policies.risk, charges=charges)


def attempted(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation, kernel: Kernel) -> Played:
    """One try on the loop: the signals, and what became of them."""
    from framework.compiled.envelope import terms_of
    from framework.compiled.play import play

    policies, prepared = simulation.engine.desk.policies, prepared_for(config, dataset, simulation)
    model = fill_model(config, dataset.finer)
    terms = terms_of(to_micros(config.account.cash), len(prepared.panel.symbols), policies, venue_of(config), model)
    signals = simulation.engine.signals(prepared.panel)
    return play(prepared, terms, prepared.wished(signals, type(strategy).__name__, policies.sizing), kernel)


def _is_warm() -> bool:
    from framework.compiled.jit import is_warm

    return is_warm()


def by_loop(config: Config, strategy: Strategy, dataset: Dataset, simulation: Simulation, *, forecasts: bool) -> tuple[Booked | None, str]:
    """What the loop left of this run, if it can play it and is worth it; and why, or why not.

    Raises:
        ConfigError: It is asked for by name and cannot.
    """
    tries, why = verdict(config, strategy, dataset, simulation)
    if not tries:
        return None, why
    from framework.app.looped import Kernels, Looped
    from framework.compiled.jit import KERNEL, TRIPS
    from framework.compiled.said import Facts

    played = attempted(config, strategy, dataset, simulation, KERNEL)
    if played.left:
        return None, f"the compiled loop was left: {played.left}"
    facts = Facts(type(strategy).__name__, simulation.engine.desk.policies, venue_of(config))
    return Looped(simulation, played, facts, Kernels(KERNEL, TRIPS), forecasts=forecasts).booked(), why
