"""Corporate actions that stand in a file of their own, beside the bars.

A CSV file with the columns ``date,symbol,action,value`` and optionally ``pay_date``, UTF-8, one action a row::

    date,symbol,action,value,pay_date
    2005-02-28,AAPL,split,2,
    2012-08-09,AAPL,dividend,2.65,2012-08-16
    2019-03-01,XYZ,delisting,0.61,
    2022-06-09,META,symbol_change,FB,

``split``: new shares for one old share, before the open of ``date``. ``dividend``: dollars a share of that day, ``date`` is the ex date;
paid on ``pay_date``, or on the ex date where there is none. ``delisting``: dollars a share that holders are paid on ``date``, the first
day on which the share does not trade any more; 0 when it has become worthless. ``symbol_change``: ``symbol`` was called ``value`` before
``date``; its bars until then are read under the old name.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from data.policy import near
from framework.domain.values import HIGHEST_PRICE, SYMBOL_PATTERN
from framework.errors import BadDataError, MissingDataError
from framework.rules.account.splits import MOST_SHARES, RATIOS

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("date", "symbol", "action", "value")
PAY_DATE = "pay_date"
SPLIT, DIVIDEND, DELISTING, SYMBOL_CHANGE = ACTIONS = ("split", "dividend", "delisting", "symbol_change")


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the file; ``place`` is file and line, for messages."""

    place: str
    day: date
    symbol: str
    kind: str
    value: float = 0.0
    old_symbol: str = ""
    pay_day: date | None = None


def read_actions(path: Path | None) -> tuple[Action, ...]:
    """The actions in ``path``, by symbol and date; none without a path.

    Raises:
        MissingDataError: The file is not there.
        BadDataError: It cannot be read, or says something twice; the message names file and line.
    """
    if path is None:
        return ()
    found = sorted((_action(place, cells) for place, cells in _rows(path)), key=lambda one: (one.symbol, one.day, one.kind))
    for first, second in pairwise(found):
        same = first.day == second.day or first.kind == DELISTING
        if same and (first.symbol, first.kind) == (second.symbol, second.kind):
            raise BadDataError(f"{second.place}: {second.symbol} has a second {second.kind}, after {first.place}; keep one")
    return tuple(found)


def _rows(path: Path) -> list[tuple[str, dict[str, str]]]:
    """(file:line, cells by column) of every row that is not blank."""
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise MissingDataError(f"[data] actions = {str(path)!r} is not there; it should hold the columns {','.join(COLUMNS)}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDataError(f"{path} cannot be read as UTF-8 CSV: {error}") from None
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if sorted(header) not in (sorted(COLUMNS), sorted((*COLUMNS, PAY_DATE))):
        raise BadDataError(f"{path}:1: the first line must be {','.join(COLUMNS)}, with or without {PAY_DATE}; it is {','.join(header)}")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line]
        if any(cells):
            if len(cells) != len(header):
                raise BadDataError(f"{path}:{number}: {len(cells)} values for the {len(header)} columns {','.join(header)}")
            rows.append((f"{path}:{number}", dict(zip(header, cells, strict=True))))
    return rows


def _action(place: str, cells: dict[str, str]) -> Action:
    kind = cells["action"].lower()
    if kind not in ACTIONS:
        raise BadDataError(f"{place}: there is no action {kind!r}{near(kind, ACTIONS)}; allowed: {', '.join(ACTIONS)}")
    day, symbol, pay = _day(place, "date", cells["date"]), _symbol(place, cells["symbol"]), cells.get(PAY_DATE, "")
    if kind == SYMBOL_CHANGE:
        return Action(place, day, symbol, kind, old_symbol=_symbol(place, cells["value"]))
    value = _value(place, kind, cells["value"])
    if pay and kind != DIVIDEND:
        raise BadDataError(f"{place}: a {kind} has no {PAY_DATE}; leave it blank")
    pay_day = _day(place, PAY_DATE, pay) if pay else None
    if pay_day is not None and pay_day < day:
        raise BadDataError(f"{place}: {PAY_DATE} {pay_day} is before the ex date {day}; a dividend is paid on its ex date or later")
    return Action(place, day, symbol, kind, value, pay_day=pay_day)


def _day(place: str, column: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadDataError(f"{place}: {column} {text!r} is no date; write it as 2012-01-31") from None


def _symbol(place: str, text: str) -> str:
    if not SYMBOL_PATTERN.match(text):
        raise BadDataError(f"{place}: {text!r} is not a US equity symbol; write it as AAPL or BRK.B")
    return text


def _value(place: str, kind: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    sound = (
        1 / MOST_SHARES <= value <= MOST_SHARES if kind == SPLIT else HIGHEST_PRICE >= value > 0.0 or (kind == DELISTING and value == 0.0)
    )
    if not sound:
        unit = f"new shares for one old one, {RATIOS}" if kind == SPLIT else "dollars a share, above 0"
        raise BadDataError(f"{place}: value {text!r}; a {kind} is {unit}")
    return value
