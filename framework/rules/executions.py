"""What has traded, according to the pictures a venue showed of an order? Each execution is booked once, however the pictures come.

Pictures may be repeated, late, out of order, and their two figures may disagree for a while: ``cumulative`` may lead or lag the list of
executions. So what is booked is the union of all executions seen; shares that only ``cumulative`` knows are booked under an id made from
the figures once waiting has not helped, and the real executions that come for them later are matched with those instead of being booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import MICRO, notional, rounded_quotient
from framework.domain.venue_order import Execution

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.venue_order import VenueOrder


class Lot(NamedTuple):
    """Shares booked at a price that was computed, whose executions have not been seen."""

    quantity_micros: int
    price_micros: int


class Match(NamedTuple):
    """An execution, or the first part of it, that had been booked before it was seen.

    ``excess_micros`` is what it was worth above the price it was booked at, micro-dollars.
    """

    execution_id: str
    quantity_micros: int
    excess_micros: int


@dataclass(frozen=True, slots=True)
class Known:
    """What is booked of one order at a venue.

    Attributes:
        executions: Executions that were seen, by id; without shares those that were taken back.
        unmatched: Lots whose executions have not been seen, oldest first.
        booked_micros, value_micros: Shares booked, and what they were worth at the prices they were booked at.
        cumulative_micros: The most shares any picture has shown.
        updated_at: Of the newest picture, by the venue's clock.
    """

    executions: Mapping[str, Execution]
    unmatched: tuple[Lot, ...] = ()
    booked_micros: int = 0
    value_micros: int = 0
    cumulative_micros: int = 0
    updated_at: int = 0


class Bookings(NamedTuple):
    """What a picture adds: executions to book, oldest first, matches, and executions that the venue has taken back."""

    booked: tuple[Execution, ...] = ()
    synthetic: Execution | None = None
    matches: tuple[Match, ...] = ()
    seen: tuple[Execution, ...] = ()
    busted: tuple[Execution, ...] = ()


def bookings(known: Known, shown: VenueOrder, *, is_overdue: bool = False) -> Bookings:
    """What ``shown`` adds to ``known``; with ``is_overdue`` shares whose executions do not come are booked without them."""
    busted = _busted(known, shown)
    fresh = {one.execution_id: one for one in shown.executions if one.execution_id not in known.executions and one.quantity_micros > 0}
    seen = tuple(sorted(fresh.values(), key=lambda one: (one.timestamp, one.execution_id)))
    unmatched, booked, matches = list(known.unmatched), [], []
    for one in seen:
        rest, excess = _matched(one, unmatched)
        if rest < one.quantity_micros:
            matches.append(Match(one.execution_id, one.quantity_micros - rest, excess))
        if rest:
            booked.append(one._replace(quantity_micros=rest))
    synthetic = _synthetic(known, shown, booked) if is_overdue else None
    return Bookings(tuple(booked), synthetic, tuple(matches), seen, busted)


def _matched(one: Execution, unmatched: list[Lot]) -> tuple[int, int]:
    """Take what was booked before from ``unmatched``; returns (shares that were not, excess worth of those that were)."""
    rest, excess = one.quantity_micros, 0
    while rest and unmatched:
        lot = unmatched.pop(0)
        part = min(rest, lot.quantity_micros)
        excess += notional(part, one.price_micros) - notional(part, lot.price_micros)
        rest -= part
        if part < lot.quantity_micros:
            unmatched.insert(0, lot._replace(quantity_micros=lot.quantity_micros - part))
    return rest, excess


def _synthetic(known: Known, shown: VenueOrder, booked: list[Execution]) -> Execution | None:
    """The shares nobody has seen the executions of, at the price that makes the venue's average true."""
    before = known.booked_micros + sum(one.quantity_micros for one in booked)
    missing = shown.cumulative_micros - before
    if missing <= 0 or shown.average_micros is None:
        return None
    worth = notional(shown.cumulative_micros, shown.average_micros) - known.value_micros - sum(one.value_micros for one in booked)
    price = rounded_quotient(worth * MICRO, missing)
    name = f"{shown.venue_order_id}:{before}-{shown.cumulative_micros}"
    return Execution(name, missing, price if price > 0 else shown.average_micros, shown.updated_at)


def _busted(known: Known, shown: VenueOrder) -> tuple[Execution, ...]:
    """Executions that are gone from a newer picture which also shows fewer shares: a list that only lags shows as many."""
    if shown.updated_at <= known.updated_at or shown.cumulative_micros >= known.booked_micros:
        return ()
    still = {one.execution_id for one in shown.executions}
    return tuple(one for name, one in known.executions.items() if name not in still and one.quantity_micros)


def after(
    known: Known,
    seen: tuple[Execution, ...],
    synthetic: Execution | None,
    busted: tuple[str, ...],
    cumulative_micros: int,
    updated_at: int,
) -> Known:
    """``known`` with what a picture added, as ``bookings`` told."""
    unmatched, executions = list(known.unmatched), dict(known.executions)
    booked, value = known.booked_micros, known.value_micros
    for one in seen:
        rest, _ = _matched(one, unmatched)
        executions[one.execution_id] = one
        booked += rest
        value += one._replace(quantity_micros=rest).value_micros
    if synthetic is not None:
        unmatched.append(Lot(synthetic.quantity_micros, synthetic.price_micros))
        booked += synthetic.quantity_micros
        value += synthetic.value_micros
    for name in busted:
        gone = executions[name]
        executions[name] = gone._replace(quantity_micros=0)
        booked -= gone.quantity_micros
        value -= gone.value_micros
    most = cumulative_micros if busted else max(known.cumulative_micros, cumulative_micros)
    return Known(executions, tuple(unmatched), booked, value, most, max(known.updated_at, updated_at))
