"""What the books say at the moment of a check, the earlier orders of the same decision included. Money and shares in micros."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.order import OrderRole, OrderSide, OrderType, TrailType
from framework.domain.values import notional
from framework.rules.account.margin import initial_of
from framework.rules.fills import trail_distance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.order import Order

UNKNOWN_SECTOR = "unknown"
#: A loss of a thousand times the value is not an estimate.
LARGEST_VAR = 1e3

#: What makes two orders the same order: symbol, side, quantity, type, the three prices, strategy and tag.
Fingerprint = tuple[str, str, int, str, int | None, int | None, int | None, str, str | None]


def fingerprint(order: Order) -> Fingerprint:
    """What an accidental repetition of ``order`` would share with it."""
    return (
        order.symbol,
        order.side,
        order.quantity_micros,
        order.order_type,
        order.limit_micros,
        order.stop_micros,
        order.trail_micros,
        order.strategy,
        order.tag,
    )


class AccountStanding(NamedTuple):
    """The account as a whole; micro-dollars unless said otherwise.

    Attributes:
        equity: Cash and positions.
        gross: Sum of |position value|.
        entering: Working entries at their entry price.
        reserved: Working entries at their worst price (``worst_price``), with their fees.
        cash: Cash of the books.
        unsettled: The part of it that has not settled (``pretrade.settlement``).
        traded: Value traded today and of orders working, both sides.
        positions: Number of symbols held or being entered.
        entries_in_bar: Entries accepted in this decision.
        entries_today: Entries accepted in this session.
        var: Sum of |value| * charged VaR over positions and working entries.
        sectors: Sum of |value| by sector, working entries included.
        heat: Loss of all positions and working entries at their stops; ``None`` where unknown.
        receivable: The part of ``equity`` that is still to be paid: dividends between ex date and pay date.
        margin: Initial margin of positions and of working entries at their worst price, with fees; ``None`` where entries are paid in full.
    """

    equity: int
    gross: int
    entering: int
    reserved: int
    cash: int
    unsettled: int
    traded: int
    positions: int
    entries_in_bar: int
    entries_today: int
    var: int
    sectors: Mapping[str, int]
    heat: int | None = None
    receivable: int = 0
    margin: int | None = None


class Standing(NamedTuple):
    """One symbol, and the account it is in. ``None`` is a figure that is not known.

    Attributes:
        account: The account as a whole.
        held: Micro-shares, signed.
        exits: Micro-shares already being sold (or bought back) by working orders, protective ones not counted.
        price: Last price, micro-dollars; 0 when there is none.
        pending: Micro-dollars of working entries in the symbol, at their entry price.
        working: Fingerprints of the working entries in the symbol.
        sector: Name of the sector; ``unknown`` is one like any other.
        var: VaR charged to a position, as a fraction of its value.
        risk_per_share: Micro-dollars that one share loses when the entry is stopped out, an allowance for gaps included; ``None``: no stop.
        at_risk: Micro-dollars that position and working entries lose at their stops; ``None``: no stops, all of their value.
        correlation: Highest correlation with a holding, signed by the directions of both; 0 when nothing else is held.
        market_cap: Dollars.
        average_volume: Micro-shares a day.
        fees: Micro-dollars that the order would be charged at its worst price.
    """

    account: AccountStanding
    held: int
    exits: int
    price: int
    pending: int = 0
    working: tuple[Fingerprint, ...] = ()
    sector: str = UNKNOWN_SECTOR
    var: float | None = None
    risk_per_share: int | None = None
    at_risk: int | None = None
    correlation: float | None = None
    market_cap: float | None = None
    average_volume: int | None = None
    fees: int = 0


def reducing(order: Order, standing: Standing) -> int:
    """Micro-shares of ``order`` that close shares not yet being closed by another order."""
    if standing.held * order.side.sign >= 0:
        return 0
    return min(order.quantity_micros, max(abs(standing.held) - standing.exits, 0))


def entry_price(order: Order, last: int) -> int:
    """Micro-dollars at which an entry counts: a buy's limit, else the higher of last, stop and limit price."""
    return worst_price(order, last, 0.0)


def worst_price(order: Order, last: int, collar: float) -> int:
    """Micro-dollars at which an entry is reserved: a buy's limit, or the last (or stop) price and ``collar``, a fraction of it, on top.

    A limit bounds what a buy pays; a short sale may fetch more than its limit, and so weigh more. The level at which a trailing stop buys
    starts at its distance above the last price, and only falls.
    """
    limit, stop = order.limit_micros or 0, order.stop_micros or 0
    if limit and order.side is OrderSide.BUY:
        return limit
    if order.order_type is OrderType.TRAILING_STOP and order.side is OrderSide.BUY:
        level = last + trail_distance(last, order.trail_micros or 0, order.trail_type is TrailType.PERCENTAGE)
        stop = min(stop or level, level)
    return with_collar(max(last, stop) if stop else last, limit, collar)


def with_collar(price: int, limit: int, collar: float) -> int:
    """``price`` and ``collar`` on top of it, at least ``limit`` (0 for none); micro-dollars, rounded up."""
    return max(math.ceil(price * (1.0 + collar)), limit) if collar or limit else price


def after(standing: Standing, order: Order, quantity: int, collar: float) -> Standing:
    """The standing of the same symbol, and of the account, once ``quantity`` micro-shares of ``order`` were accepted.

    Protective orders change nothing: what they would close is open until they fill.
    """
    if order.role is not OrderRole.TARGET and order.role.protects:
        return standing
    price = entry_price(order, standing.price)
    closed = min(reducing(order, standing), quantity)
    opened = quantity - closed
    if opened:
        standing = _entered(standing, order, opened, price, worst_price(order, standing.price, collar))
    if closed:
        account = standing.account._replace(traded=standing.account.traded + notional(closed, price))
        standing = standing._replace(account=account, exits=standing.exits + closed)
    return standing


def _entered(standing: Standing, order: Order, opened: int, price: int, worst: int) -> Standing:
    account, value, sector = standing.account, notional(opened, price), standing.sector
    risk = notional(opened, loss_per_share(standing, price))
    entered = AccountStanding(
        equity=account.equity,
        gross=account.gross,
        entering=account.entering + value,
        reserved=account.reserved + notional(opened, worst) + standing.fees,
        cash=account.cash,
        unsettled=account.unsettled,
        traded=account.traded + value,
        positions=account.positions + (standing.held == 0 and standing.pending == 0),
        entries_in_bar=account.entries_in_bar + 1,
        entries_today=account.entries_today + 1,
        var=account.var + notional(opened, var_per_share(standing, price) or 0),
        sectors={**account.sectors, sector: account.sectors.get(sector, 0) + value},
        heat=None if account.heat is None else account.heat + risk,
        receivable=account.receivable,
        margin=None if account.margin is None else account.margin + initial_of(order.side.sign * opened, worst) + standing.fees,
    )
    return standing._replace(
        account=entered,
        pending=standing.pending + value,
        working=(*standing.working, fingerprint(order)),
        at_risk=None if standing.at_risk is None and standing.risk_per_share is None else risk_of(standing) + risk,
    )


def loss_per_share(standing: Standing, price: int) -> int:
    """Micro-dollars a share entered at ``price`` may lose: down to its stop, or all of it where there is none."""
    return loss_each(standing.risk_per_share or 0, price)


def loss_each(stop: int, price: int) -> int:
    """The same, with ``stop`` the micro-dollars a share loses at its stop; 0 without one."""
    return price if stop <= 0 else stop


def risk_of(standing: Standing) -> int:
    """Micro-dollars at risk in the symbol now, working entries included."""
    if standing.at_risk is not None:
        return standing.at_risk
    return standing.pending + (notional(abs(standing.held), standing.price) if standing.held else 0)


def var_per_share(standing: Standing, price: int) -> int | None:
    """VaR of a share at ``price``, micro-dollars rounded up; ``None`` when the symbol's VaR is not known or makes no sense."""
    var = standing.var
    if var is None or not 0.0 <= var <= LARGEST_VAR:
        return None
    return var_each(var, price)


def var_each(var: float, price: int) -> int:
    """The same of a ``var`` that makes sense."""
    return max(math.ceil(price * var), 1)
