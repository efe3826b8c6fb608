"""The shadow of a session as its tape has it, and as the tape gives it when it is taken again."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

from data import Dataset
from framework.app.assembly.assemble import Coming, span_of
from framework.app.assembly.loader import load_strategy
from framework.app.sessions.session import Hooks, session_parts
from framework.domain.venue import venue
from framework.errors import SafetyError
from framework.runtime.loading import validated
from framework.runtime.sessions.recorded import bars_of, recorded
from framework.runtime.sessions.taped_broker import TapedBroker
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from pathlib import Path

    from framework.engine.market import Market
    from framework.engine.ports import Broker, BrokerListener
    from framework.runtime.sessions.taping import Taping


class EndError(SafetyError):
    """The tape has nothing more to say."""


def nobody(_: BrokerListener) -> Broker:
    raise EndError("the tape ends here")


def broker_of(taping: Taping, market: Market) -> TapedBroker:
    return TapedBroker(taping, venue("robinhood", fractional=None), market, nobody, lambda: 0)


def shadows_on(tape: Path) -> list[tuple[object, ...]]:
    """Id, order, time, quantity and price of each shadow fill of a tape."""
    with TapeStore.attach(tape) as store:
        found = list(store.events(kinds=["shadow_fill"]))
    return [
        (one.payload["shadow_id"], one.payload["order_id"], one.timestamp, one.payload["quantity_micros"], one.payload["price_micros"])
        for one in found
    ]


def shadows_again(tape: Path, folder: Path) -> list[tuple[object, ...]]:
    """The same, worked out anew of everything else on the tape; nothing went wrong on the way."""
    with TapeStore.attach(tape) as store:
        events = list(store.events())
    config = validated(tomllib.loads(str(events[0].payload["config"])), "the tape")
    strategy = load_strategy(config.strategy.path, config.strategy.params, folder)
    known = recorded(events)
    coming = Coming(Dataset(known.history, known.first, ()), span_of(Dataset(bars_of(known), 0, ())), ())
    simulation, turns, _, _ = session_parts(config, strategy, coming, known, None, Hooks(venue=broker_of))
    shadow = simulation.shadow
    assert shadow is not None

    def decided(timestamp: int) -> None:
        shadow.decided()
        turns.over(timestamp)

    with simulation.broker, suppress(EndError):
        simulation.engine.start(known.first)
        simulation.driver.run(decided)
    assert shadow.trouble == ""
    return [(one.execution_id, one.order_id, one.timestamp, one.quantity_micros, one.price_micros) for one in shadow.fills]
