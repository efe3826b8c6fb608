"""Who was in an index when: a universe as it was known on each day, so that the losers of later years are not left out.

A CSV file with the columns ``symbol,from,to``, dates such as ``2012-01-31``: a member from ``from`` on, up to and without ``to``; blank is
still a member. A symbol may come back: then it has several rows.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.days import EPOCH
from data.finding import NS_PER_DAY
from framework.domain.values import SYMBOL_PATTERN
from framework.errors import BadDataError, MissingDataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from framework.domain.market import Integers

_HEADER = ("symbol", "from", "to")
#: Bars of a US session close between 04:00 and 20:00 New York: five hours earlier all of them have the session's date in UTC.
_SHIFT = 5 * 3600 * 10**9


class Membership(NamedTuple):
    """``symbol`` was a member from ``first`` on, up to and without ``end``."""

    symbol: str
    first: date
    end: date


@dataclass(frozen=True, slots=True)
class Universe:
    """Memberships, by symbol and date."""

    memberships: tuple[Membership, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Everybody who ever was a member, sorted: what ``[universe] symbols`` must hold."""
        return tuple(sorted({one.symbol for one in self.memberships}))

    def on(self, day: date) -> tuple[str, ...]:
        """The members on ``day``, sorted."""
        return tuple(sorted(one.symbol for one in self.memberships if one.first <= day < one.end))

    def mask(self, symbols: Sequence[str], timestamps: Integers) -> NDArray[np.bool_]:
        """Which of ``symbols`` were members at each of ``timestamps`` (int64 [T], bar closes, ns UTC): bool [T, N]."""
        days = (timestamps - _SHIFT) // NS_PER_DAY
        found = np.zeros((len(days), len(symbols)), dtype=np.bool_)
        for one in self.memberships:
            if one.symbol in symbols:
                inside = (days >= (one.first - EPOCH).days) & (days < (one.end - EPOCH).days)
                found[inside, list(symbols).index(one.symbol)] = True
        return found


def read_universe(path: Path) -> Universe:
    """The universe in ``path``.

    Raises:
        MissingDataError: The file is not there.
        BadDataError: A row cannot be read, or two of one symbol overlap; the message names file and line.
    """
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except FileNotFoundError:
        raise MissingDataError(f"{path} is not there; it should hold the columns {','.join(_HEADER)}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadDataError(f"{path} cannot be read as UTF-8 CSV: {error}") from None
    if not lines or tuple(name.strip().lower() for name in lines[0]) != _HEADER:
        raise BadDataError(f"{path}:1: the first line must be {','.join(_HEADER)}")
    found = sorted(_membership(f"{path}:{number}", line) for number, line in enumerate(lines[1:], start=2) if any(line))
    for one, following in pairwise(found):
        if one.symbol == following.symbol and following.first < one.end:
            raise BadDataError(f"{path}: {one.symbol} is a member from {one.first} and again from {following.first}, before it left")
    return Universe(tuple(found))


def _membership(place: str, line: list[str]) -> Membership:
    cells = [cell.strip() for cell in line]
    if len(cells) != len(_HEADER) or not SYMBOL_PATTERN.match(cells[0]):
        raise BadDataError(f"{place}: {','.join(line)!r}; write it as AAPL,2012-01-31,2015-06-30 or AAPL,2012-01-31,")
    try:
        first = date.fromisoformat(cells[1])
        end = date.fromisoformat(cells[2]) if cells[2] else date.max - timedelta(days=1)
    except ValueError as error:
        raise BadDataError(f"{place}: {error}; write dates as 2012-01-31") from None
    if end <= first:
        raise BadDataError(f"{place}: it ends on {end}, not after it begins on {first}")
    return Membership(cells[0], first, end)
