"""The divergence of two runs as a page, a document and a few lines."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from framework.domain.order import TrailType
from framework.report import pages
from framework.report.divergence import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.report.divergence import Divergence, RunFacts

TEMPLATE = "divergence.html.j2"
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "strategy": "orders that only one of them decided",
        "missing": "shares of a common order that only one of them traded",
        "timing": "what shares that both traded cost, at different times",
        "slippage": "the same, at the same time",
        "fees": "commission and regulatory fees",
        "account": "dividends, payouts, interest",
        "cash": "what they began with",
        "marks": "other last closes",
        "rounding": "parts of a micro-dollar",
    }
)


class Slipped(NamedTuple):
    """Slippage of the fills of one order type in one hour of the day in New York, basis points; a cost is positive."""

    run: str
    kind: str
    hour: str
    fills: int
    mean: float
    worst: float


def slippage_by_hour(run: RunFacts) -> list[Slipped]:
    """What fills cost beside the price the market gave, by order type and hour."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    zone = ZoneInfo("America/New_York")
    for fill in run.fills:
        hour = datetime.fromtimestamp(fill.timestamp // 10**9, zone).strftime("%H:00")
        base = abs(fill.value - fill.slippage)
        found[run.decisions[fill.order_id].order_type, hour].append(1e4 * fill.slippage / base if base else 0.0)
    return [Slipped(run.name, *key, len(each), sum(each) / len(each), max(each)) for key, each in sorted(found.items())]


def document(one: RunFacts, other: RunFacts, found: Divergence) -> dict[str, object]:
    """Everything found, as one JSON document; dollars."""
    both, mine, theirs = found.decisions
    return {
        "runs": [one.name, other.name],
        "sentence": verdict(one, other, found),
        "difference": found.total / 1e6,
        "components": {name: sum(found.components[name].values()) / 1e6 for name in COMPONENTS},
        "by_symbol": {name: {symbol: each / 1e6 for symbol, each in found.components[name].items()} for name in COMPONENTS},
        "decisions": {"both": both, "first_only": mine, "second_only": theirs},
        "first_apart": list(found.first),
        "traded_in_one_only": [list(names) for names in found.unfilled],
        "slippage": [row._asdict() for run in (one, other) for row in slippage_by_hour(run)],
    }


def verdict(one: RunFacts, other: RunFacts, found: Divergence) -> str:
    """One sentence."""
    both, mine, theirs = found.decisions
    if mine == theirs == 0 and found.total == 0:
        return f"{one.name} and {other.name} took the same {both:,} decisions and earned the same."
    parts = [f"{name} {money(amount)}" for name in COMPONENTS if (amount := sum(found.components[name].values()))]
    same = f"the same {both:,} decisions" if mine == theirs == 0 else f"{both:,} common decisions, {mine:,} and {theirs:,} of their own"
    return f"{one.name} and {other.name} took {same}; the difference of {money(found.total)} is {', '.join(parts) or 'nothing'}."


def page(one: RunFacts, other: RunFacts, found: Divergence) -> str:
    """The page, which opens offline."""
    largest = max((abs(sum(each.values())) for each in found.components.values()), default=0) or 1
    rows = [
        {
            "name": name,
            "meaning": MEANINGS[name],
            "money": money(sum(found.components[name].values())),
            "share": round(100 * sum(found.components[name].values()) / largest),
            "symbols": [(symbol, money(amount)) for symbol, amount in sorted(found.components[name].items()) if symbol],
        }
        for name in COMPONENTS
    ]
    slipped = [
        row._asdict() | {"mean": f"{row.mean:.2f}", "worst": f"{row.worst:.2f}"} for run in (one, other) for row in slippage_by_hour(run)
    ]
    both, mine, theirs = found.decisions
    return pages.render(
        TEMPLATE,
        one=one.name,
        other=other.name,
        total=money(found.total),
        sentence=verdict(one, other, found),
        components=rows,
        both=f"{both:,}",
        mine=f"{mine:,}",
        theirs=f"{theirs:,}",
        first=tuple(map(said, found.first)),
        unfilled=found.unfilled,
        slippage=slipped,
    )


def said(line: str) -> str:
    """A decision as a person reads it; what is empty stays empty."""
    if not line:
        return ""
    timestamp, symbol, side, quantity, kind, limit, stop, trail, trail_type, force, reason = json.loads(line)
    levels = [f"{name} {_plain(level)}" for name, level in (("limit", limit), ("stop", stop)) if level is not None]
    if trail is not None:
        levels.append(f"trail {_plain(trail)}{'%' if trail_type == TrailType.PERCENTAGE else ''}")
    order = " ".join((side, _plain(quantity), symbol, kind, *levels, force))
    return f"{datetime.fromtimestamp(timestamp // 10**9, UTC):%Y-%m-%d %H:%M} UTC: {order} ({reason})"


def _plain(micros: int) -> str:
    return f"{micros / 1e6:,.6f}".rstrip("0").rstrip(".")


def money(micros: int) -> str:
    """A difference in dollars, with its sign."""
    return f"{'-' if micros < 0 else '+' if micros > 0 else ''}${abs(micros) / 1e6:,.2f}"
