"""Where do two runs of one strategy part, in decisions, in fills and in money? Money is explained to the last micro-dollar.

What a run earned is, fill by fill, the value of the shares at the last close less what was paid for them, less fees, plus what the account
got without a trade. The difference of two runs is therefore the sum over their orders of:

- strategy: orders that only one of them decided
- missing: shares of an order that only one of them traded
- timing: the price of shares that both traded, on different bars
- slippage: the same on the same bar
- fees, account (dividends, interest, payouts), cash (what they began with), marks (other last closes), and rounding.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import notional, rounded_quotient

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: In the order they are shown.
COMPONENTS = ("strategy", "missing", "timing", "slippage", "fees", "account", "cash", "marks", "rounding")


class Decided(NamedTuple):
    """An order decision; quantities in micro-shares, prices in micro-dollars, times in ns UTC."""

    order_id: str
    timestamp: int
    symbol: str
    sign: int
    quantity: int
    order_type: str
    line: str


class Traded(NamedTuple):
    """A fill; ``shares`` are in those of the last bar, signed as the trade, ``value`` is what they cost (a sale: below 0)."""

    order_id: str
    timestamp: int
    symbol: str
    shares: int
    value: int
    slippage: int
    fees: int


class RunFacts(NamedTuple):
    """What of a run is compared: decisions by order id, fills, and the account; money in micro-dollars.

    ``marks`` are the last closes, 0 for what has ceased to trade; ``account`` what came without a trade, by kind.
    """

    name: str
    initial: int
    equity: int
    marks: Mapping[str, int]
    decisions: Mapping[str, Decided]
    fills: Sequence[Traded]
    account: Mapping[str, int]


class Divergence(NamedTuple):
    """How two runs differ; money is the first's less the second's, micro-dollars.

    Attributes:
        decisions: Decisions that both took, that only the first and that only the second took.
        first: The first decision that only one of them took, as a line of each; empty where it took none.
        unfilled: Orders that traded in the one and not in the other: (in the first only, in the second only).
        components: Money by component, and by symbol within it.
        total: The difference of what they earned.
    """

    decisions: tuple[int, int, int]
    first: tuple[str, str]
    unfilled: tuple[tuple[str, ...], tuple[str, ...]]
    components: Mapping[str, Mapping[str, int]]
    total: int


def divergence(one: RunFacts, other: RunFacts) -> Divergence:
    """Compare ``one`` with ``other``; orders are the same where their ids and terms are."""
    same = {name for name, order in one.decisions.items() if other.decisions.get(name, order._replace(line="")).line == order.line}
    parted = (_first_apart(one, same), _first_apart(other, same))
    filled, others = ({fill.order_id for fill in run.fills} for run in (one, other))
    unfilled = tuple(sorted(same & (filled - others))), tuple(sorted(same & (others - filled)))
    counts = len(same), len(one.decisions) - len(same), len(other.decisions) - len(same)
    return Divergence(counts, parted, unfilled, _attributed(one, other, same), one.equity - other.equity)


def _first_apart(run: RunFacts, same: set[str]) -> str:
    return next((order.line for name, order in run.decisions.items() if name not in same), "")


def _attributed(one: RunFacts, other: RunFacts, same: set[str]) -> dict[str, dict[str, int]]:
    money: dict[str, dict[str, int]] = {name: defaultdict(int) for name in COMPONENTS}
    mine, theirs = _by_order(one.fills), _by_order(other.fills)
    for order_id in sorted({*mine, *theirs}):
        _order_apart(money, mine.get(order_id, []), theirs.get(order_id, []), one.marks, decided=order_id in same)
    for kind in sorted({*one.account, *other.account}):
        money["account"][kind] = one.account.get(kind, 0) - other.account.get(kind, 0)
    money["cash"][""] = one.initial - other.initial
    for symbol, shares in _shares(other.fills).items():
        money["marks"][symbol] = notional(shares, one.marks.get(symbol, 0)) - notional(shares, other.marks.get(symbol, 0))
    explained = sum(sum(amounts.values()) for amounts in money.values())
    money["rounding"][""] = one.equity - other.equity - explained
    return {name: {symbol: amount for symbol, amount in amounts.items() if amount} for name, amounts in money.items()}


def _by_order(fills: Iterable[Traded]) -> dict[str, list[Traded]]:
    found: dict[str, list[Traded]] = defaultdict(list)
    for fill in fills:
        found[fill.order_id].append(fill)
    return found


def _shares(fills: Iterable[Traded]) -> dict[str, int]:
    """What fills added up to, by symbol, in shares of the last bar."""
    found: dict[str, int] = defaultdict(int)
    for fill in fills:
        found[fill.symbol] += fill.shares
    return found


def _order_apart(
    money: dict[str, dict[str, int]], mine: Sequence[Traded], theirs: Sequence[Traded], marks: Mapping[str, int], *, decided: bool
) -> None:
    """Put the difference that one order made where it belongs; ``decided`` says that both runs took the decision."""
    symbol = (mine or theirs)[0].symbol
    mark = marks.get(symbol, 0)
    money["fees"][symbol] -= sum(fill.fees for fill in mine) - sum(fill.fees for fill in theirs)
    (shares, value), (others, paid) = _sums(mine), _sums(theirs)
    common = min(abs(shares), abs(others)) * (1 if shares + others > 0 else -1) if decided else 0
    both, counter = _part(value, common, shares), _part(paid, common, others)
    when = "slippage" if [fill.timestamp for fill in mine] == [fill.timestamp for fill in theirs] else "timing"
    money[when][symbol] -= both - counter
    extra = notional(shares - common, mark) - (value - both) - notional(others - common, mark) + (paid - counter)
    money["missing" if decided else "strategy"][symbol] += extra


def _sums(fills: Sequence[Traded]) -> tuple[int, int]:
    return sum(fill.shares for fill in fills), sum(fill.value for fill in fills)


def _part(value: int, common: int, shares: int) -> int:
    """What ``common`` of ``shares`` that cost ``value`` cost."""
    return rounded_quotient(value * abs(common), abs(shares)) if common else 0
