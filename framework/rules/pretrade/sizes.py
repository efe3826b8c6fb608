"""Limits on the size of an entry. Each rule gives the violation, with how many shares are allowed all the same, or ``None``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from framework.domain import reasons
from framework.domain.values import MICRO, notional, to_micros
from framework.rules.account.margin import initial_margin, initial_of
from framework.rules.pretrade import violations as codes
from framework.rules.pretrade.entry import share
from framework.rules.pretrade.standing import loss_per_share, risk_of, var_per_share

if TYPE_CHECKING:
    from framework.rules.pretrade.entry import Entry
    from framework.rules.pretrade.violations import LimitViolation


def max_order_value(entry: Entry) -> LimitViolation | None:
    """The order is worth too much."""
    cap = to_micros(entry.limits.max_order_value_dollars or 0.0)
    return entry.over(codes.MAX_ORDER_VALUE, cap, notional(entry.closed, entry.price), entry.price)


def volume_share(entry: Entry) -> LimitViolation | None:
    """The entry is too large a part of a day's volume; dollars pending count at the last price."""
    if entry.standing.average_volume is None:
        return entry.unknown(codes.VOLUME_SHARE, "the average daily volume", "max_average_volume_pct")
    cap = share(entry.standing.average_volume, entry.limits.max_average_volume_pct)
    return entry.over(codes.VOLUME_SHARE, cap, entry.standing.pending * MICRO // entry.standing.price, MICRO)


def position(entry: Entry) -> LimitViolation | None:
    """The position would be worth too much."""
    cap = share(entry.account.equity, entry.limits.max_position_pct)
    return entry.over(codes.POSITION, cap, entry.standing.pending + entry.held - entry.closes, entry.price)


def position_risk(entry: Entry) -> LimitViolation | None:
    """The position would lose too much at its stop."""
    cap = share(entry.account.equity, entry.limits.max_position_risk_pct)
    # Without stops the risk is the value, and the shares closed first bring none; else how much is theirs is not known apart.
    used = entry.standing.pending if entry.closes and entry.standing.at_risk is None else risk_of(entry.standing)
    return entry.over(codes.POSITION_RISK, cap, used, loss_per_share(entry.standing, entry.price))


def sector(entry: Entry) -> LimitViolation | None:
    """The sector would hold too much."""
    cap = share(entry.account.equity, entry.limits.max_sector_exposure_pct)
    return entry.over(codes.SECTOR, cap, entry.account.sectors.get(entry.standing.sector, 0) - entry.closes, entry.price)


def total_exposure(entry: Entry) -> LimitViolation | None:
    """All positions together would be worth too much."""
    cap = share(entry.account.equity, entry.limits.max_total_exposure_pct)
    return entry.over(codes.EXPOSURE, cap, entry.account.gross + entry.account.entering - entry.closes, entry.price)


def heat(entry: Entry) -> LimitViolation | None:
    """All positions together would lose too much at their stops."""
    if entry.account.heat is None:
        return entry.unknown(codes.HEAT, "the loss of all positions at their stops", "max_portfolio_heat_pct")
    cap = share(entry.account.equity, entry.limits.max_portfolio_heat_pct)
    return entry.over(codes.HEAT, cap, entry.account.heat, loss_per_share(entry.standing, entry.price))


def portfolio_var(entry: Entry) -> LimitViolation | None:
    """The sum of the VaR of all positions would be too high."""
    each = var_per_share(entry.standing, entry.price)
    if each is None:
        return entry.unknown(codes.VAR, "the symbol's VaR", "max_portfolio_var_pct")
    cap = share(entry.account.equity, entry.limits.max_portfolio_var_pct)
    return entry.over(codes.VAR, cap, entry.account.var - math.floor(entry.closes * (entry.standing.var or 0.0)), each)


def turnover(entry: Entry) -> LimitViolation | None:
    """Too much would be traded in a day."""
    cap = share(entry.account.equity, entry.limits.max_turnover_pct_per_day)
    return entry.over(codes.TURNOVER, cap, entry.account.traded + notional(entry.closed, entry.price), entry.price)


def settled_cash(entry: Entry) -> LimitViolation | None:
    """A buy would be paid with money that has not settled."""
    if entry.sign < 0:
        return None
    spent = entry.account.unsettled + entry.account.reserved + notional(entry.closed, entry.worst) + entry.standing.fees
    return entry.over(codes.SETTLED_CASH, entry.account.cash, spent, entry.worst)


def buying_power(entry: Entry) -> LimitViolation | None:
    """What is one's own would not suffice at the worst price and for the fees: for all of the value, or for its initial margin."""
    account, standing = entry.account, entry.standing
    own = account.equity - account.receivable
    if account.margin is None:
        return entry.over(reasons.BUYING_POWER, own, account.gross + account.reserved + standing.fees - entry.closes, entry.worst)
    closes = initial_of(standing.held, standing.price) if entry.closes else 0
    return entry.over(reasons.BUYING_POWER, own, account.margin + standing.fees - closes, initial_margin(entry.worst, entry.sign))
