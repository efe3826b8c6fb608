"""What the circuit breakers did: a row for each change, and the times in which trading was restricted."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from framework.report.dates import local_times
from framework.report.wording import count
from framework.rules.guards import state as guards
from framework.rules.guards.state import TradingState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from framework.rules.guards.state import Transition

#: Changes that are listed, the first ones.
MOST_ROWS = 40

#: What each code means: its name, and a sentence with the figure that was measured and the limit; another code is shown as it is written.
MEANINGS = MappingProxyType(
    {
        guards.DAILY_LOSS: ("Daily loss", "Equity {figure:.2%} below the last session's end (limit {limit:.2%})"),
        guards.DRAWDOWN: ("Drawdown", "Equity {figure:.2%} below its peak (limit {limit:.2%})"),
        guards.CONSECUTIVE_LOSSES: ("Losing streak", "{figure:.0f} losing trades in a row (limit {limit:.0f})"),
        guards.PROFIT_PROTECTION: ("Profit protection", "{figure:.0%} of the day's best profit given back (limit {limit:.0%})"),
        guards.STALE_DATA: ("Stale data", "Bars of a symbol held or wanted did not come ({limit:.0f} in a row, or it never had one)"),
        guards.BROKER_ERRORS: ("Broker errors", "{figure:.0f} of the last orders and cancels failed (limit {limit:.0f})"),
        guards.EMERGENCY_SHUTDOWN: ("Emergency shutdown", "{figure:.0f} violations of one kind (limit {limit:.0f})"),
        guards.OPERATOR_HALT: ("Halted by the operator", "By command"),
        guards.OPERATOR_REDUCE: ("Entries stopped by the operator", "By command"),
        guards.SIZE_CUT: ("Entries made smaller", "{figure:.0f} losing trades in a row (from {limit:.0f} on)"),
        guards.SIZE_RESTORED: ("Entries at full size again", "{figure:.0f} winning trades in a row (from {limit:.0f} on)"),
        guards.NEW_SESSION: ("New session", "Daily breakers released: {figure:.0f}"),
        guards.OVERRIDDEN: ("Released by the operator", "Its limit is another one for a while"),
        guards.RESUMED: ("Resumed by the operator", "Breakers closed: {figure:.0f}"),
    }
)


class Change(NamedTuple):
    """A row: when, what, why, and what may be sent from then on."""

    when: str
    name: str
    code: str
    why: str
    allowed: str


class Span(NamedTuple):
    """A time in which not everything might be sent: ns UTC, both ends included."""

    state: TradingState
    start: int
    stop: int


def changes(transitions: Sequence[Transition], *, intraday: bool) -> list[Change]:
    """The first ``MOST_ROWS`` changes in words, in the order they happened."""
    shown = transitions[:MOST_ROWS]
    times = local_times((one.timestamp for one in shown), intraday=intraday)
    return [_change(one, when) for one, when in zip(shown, times, strict=True)]


def _change(one: Transition, when: str) -> Change:
    name, pattern = MEANINGS.get(one.code, (one.code.replace("_", " ").capitalize(), "{figure:g} against {limit:g}"))
    return Change(when, name, one.code, pattern.format(figure=one.figure, limit=one.limit), one.after.name.capitalize())


def changes_sentence(transitions: Sequence[Transition]) -> str:
    """How often breakers tripped and what the states mean."""
    tripped = sum(one.after > one.before for one in transitions)
    left_out = f" The first {MOST_ROWS} of {len(transitions):,} changes are listed." if len(transitions) > MOST_ROWS else ""
    return (
        f"Trading was restricted {count(tripped, 'time')}. Reducing: only orders that make a position smaller, and protective ones, may be"
        f" sent. Halted: protective orders alone. A size cut makes entries smaller and restricts nothing else.{left_out}"
    )


def restricted(transitions: Sequence[Transition], end: int) -> list[Span]:
    """When trading was not fully allowed, in order; a restriction still in force lasts until ``end`` (ns UTC)."""
    spans = []
    state, since = TradingState.ACTIVE, 0
    for one in transitions:
        if one.after is state:
            continue
        if state is not TradingState.ACTIVE:
            spans.append(Span(state, since, one.timestamp))
        state, since = one.after, one.timestamp
    if state is not TradingState.ACTIVE:
        spans.append(Span(state, since, end))
    return spans
