"""How far is what a session earned from what the fill model earns on the same bars?"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from data import Dataset
from framework.app.assembly.assemble import backtest
from framework.app.assembly.loader import load_strategy
from framework.app.compare.compare import facts_of_run, shadow_of_run
from framework.app.folders.tape_place import tape_of
from framework.errors import BadDataError, MissingDataError
from framework.runtime.loading import validated
from framework.runtime.sessions.recorded import bars_of, recorded
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from pathlib import Path


def parted_of(folder: Path, beside: Path) -> float:
    """Money that the session in ``folder`` earned apart, as a fraction of the cash it began with.

    A live one is compared with its shadow, one on paper with a backtest over the bars that arrived; the strategy is looked for in
    ``beside``.

    Raises:
        OnetapeError: The tape cannot be read, or the strategy cannot be run any more.
    """
    real = facts_of_run(folder)
    with TapeStore.attach(tape_of(folder)) as store:
        events = list(store.events())
    if events[0].payload.get("mode") == "live":
        _, shadow = shadow_of_run(folder)
        if real.fills and not shadow.fills:
            raise MissingDataError("it has traded, and has no shadow fills: an earlier version made it")
        return abs(real.equity - shadow.equity) / real.initial
    known = recorded(events)
    if not known.history:
        raise BadDataError("the tape has no bars that were known before the session")
    config = validated(tomllib.loads(str(events[0].payload["config"])), "the config on the tape")
    strategy = load_strategy(config.strategy.path, config.strategy.params, beside, config.strategy.cerebro)
    simulation = backtest(config, strategy, Dataset(bars_of(known), known.first, ()))
    with simulation.broker:
        simulation.engine.start(known.first)
        simulation.driver.run(lambda _: None)
        simulation.engine.stop()
    return abs(real.equity - simulation.engine.desk.valuation.equity()) / real.initial
