"""What a run left in its books, whoever played it, and what there is to tell about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from brokers.simulated.broker import SimulatedBroker
from framework.app.backtest.account_notes import account_notes
from framework.domain.on_demand import OnDemand
from framework.domain.values import MICRO
from framework.report.trades import RoundTrips

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from data import Dataset
    from framework.app.assembly.assemble import Simulation
    from framework.app.backtest.curves import Curves
    from framework.domain.account_event import AccountEvent
    from framework.domain.fill import Fill, Refusal
    from framework.domain.market import Floats, Integers
    from framework.domain.order import Order
    from framework.domain.record import Forecasts
    from framework.rules.guards.state import Transition


@dataclass(frozen=True, eq=False, kw_only=True)
class Booked:
    """As in ``RunRecord``; money is micro-dollars, ``positions`` micro-shares, ``notes`` are plain words."""

    timestamps: Integers
    equity: Floats
    cash: OnDemand[Floats] = OnDemand()
    exposure: OnDemand[Floats] = OnDemand()
    forecasts: Forecasts
    fills: Sequence[Fill]
    orders: Sequence[Order]
    trades: RoundTrips
    account_events: Sequence[AccountEvent]
    refusals: Sequence[Refusal]
    events: Sequence[object]
    fees: int
    slippage: int
    traded: int
    decisions_hash: OnDemand[str] = OnDemand()
    positions: Mapping[str, int]
    notes: OnDemand[tuple[str, ...]] = OnDemand()


def booked_by(simulation: Simulation, curves: Curves, account_type: str) -> Booked:
    """What the engine of ``simulation`` has booked."""
    journal, book, market = simulation.journal, simulation.engine.desk.book, simulation.market
    series = dict(zip(market.symbols, market.adjusted, strict=True))
    return Booked(
        timestamps=curves.timestamps,
        equity=curves.equity,
        cash=curves.cash,
        exposure=curves.exposure,
        forecasts=curves,
        fills=tuple(journal.fills),
        orders=tuple(journal.orders),
        trades=RoundTrips(journal.fills, journal.orders, journal.account_events, series),
        account_events=tuple(journal.account_events),
        refusals=tuple(journal.refusals),
        events=tuple(journal.events),
        fees=book.fees_micros,
        slippage=book.slippage_micros,
        traded=book.traded_micros,
        decisions_hash=journal.decisions_hash,
        positions={symbol: position.quantity_micros for symbol, position in sorted(book.positions.items()) if position.quantity_micros},
        notes=tuple(_notes(simulation, account_type)),
    )


def _notes(simulation: Simulation, account_type: str) -> list[str]:
    broker, desk = simulation.broker, simulation.engine.desk
    waiting = sum(not order.role.protects for order in desk.blotter.orders.values())
    lines = [*idle_lines(broker.idle_bars), *_coarse_lines(broker)] if isinstance(broker, SimulatedBroker) else []
    lines += account_notes(simulation.market, desk.book, simulation.journal, account_type)
    return [*lines, *trip_lines(simulation.journal.transitions), *waiting_lines(waiting)]


def finding_lines(dataset: Dataset) -> list[str]:
    """What was found in the bars and let pass."""
    return [f"{finding.symbol}: {finding.kind.value}: {finding.detail} ({finding.action})" for finding in dataset.findings]


def idle_lines(idle: Mapping[str, int]) -> list[str]:
    """Symbols on which orders waited, and on how many bars."""
    return [f"{symbol}: orders waited on {bars} bars without volume" for symbol, bars in sorted(idle.items())]


def _coarse_lines(broker: SimulatedBroker) -> list[str]:
    return [
        f"{symbol}: orders worked on {bars} bars without finer bars, walked as one each, the extreme that hurts first"
        for symbol, bars in sorted(broker.coarse_bars.items())
    ]


def trip_lines(transitions: Sequence[Transition]) -> list[str]:
    """Breakers that tripped, how often, and when first."""
    lines = []
    for code in dict.fromkeys(one.code for one in transitions if one.after > one.before):
        times = [transition.timestamp for transition in transitions if transition.code == code]
        lines.append(f"guard {code}: tripped {len(times)} x, first at {_utc(times[0])}")
    return lines


def waiting_lines(count: int) -> list[str]:
    """Orders for a target that nobody has filled."""
    return [f"{count} orders were still working at the end and never filled"] if count else []


def in_shares(positions: Mapping[str, int]) -> dict[str, float]:
    """Positions of micro-shares in shares."""
    return {symbol: quantity / MICRO for symbol, quantity in positions.items()}


def _utc(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp // 10**9, UTC):%Y-%m-%d %H:%M} UTC"
