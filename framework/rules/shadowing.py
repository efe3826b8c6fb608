"""How far is what a venue gave from what the fill model gives for the same orders?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(NamedTuple):
    """What of an order has traded on one side: micro-shares, and their price times shares, micro-dollars; never negative."""

    shares: int = 0
    value: int = 0


class Matched(NamedTuple):
    """An order that is over: ``sign`` is +1 for a purchase; what traded of it at the venue, and in the model."""

    sign: int
    venue: Part
    model: Part


class ShadowLimits(NamedTuple):
    """How far the two may part.

    Attributes:
        slippage_bps: Most the shares that traded on both sides may have cost beside the model, mean by value, basis points.
        missed: Most orders that traded on one side only, a fraction of those that traded at all.
        least: Orders that traded before anything is judged.
        window: The last so many are judged.
    """

    slippage_bps: float = 50.0
    missed: float = 0.25
    least: int = 10
    window: int = 50


class Gap(NamedTuple):
    """What was measured: orders that traded, what the common shares cost beside the model (basis points, a cost is positive), missed ones.

    ``missed`` is a fraction of ``orders``.
    """

    orders: int
    slippage_bps: float
    missed: float


def gap(matched: Sequence[Matched]) -> Gap:
    """Measure ``matched``; without any trade everything is 0."""
    traded = [one for one in matched if one.venue.shares or one.model.shares]
    alone = sum(not (one.venue.shares and one.model.shares) for one in traded)
    cost = base = 0.0
    for sign, venue, model in traded:
        common = min(venue.shares, model.shares)
        if common:
            modeled = model.value * common / model.shares
            cost += sign * (venue.value * common / venue.shares - modeled)
            base += modeled
    return Gap(len(traded), 1e4 * cost / base if base else 0.0, alone / len(traded) if traded else 0.0)


def beyond(found: Gap, limits: ShadowLimits) -> str:
    """What of ``found`` is beyond ``limits``, in words; empty where nothing is or too few orders have traded."""
    if found.orders < limits.least:
        return ""
    words = []
    if found.slippage_bps > limits.slippage_bps:
        words.append(f"{found.slippage_bps:.1f} basis points worse than the fill model, {limits.slippage_bps:.1f} allowed")
    if found.missed > limits.missed:
        words.append(f"{found.missed:.0%} of orders traded on one side only, {limits.missed:.0%} allowed")
    return "; ".join(words)
