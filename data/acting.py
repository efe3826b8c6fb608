"""What the actions of a file do to the bars of a symbol."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from data.actions import DELISTING, DIVIDEND, SPLIT, SYMBOL_CHANGE
from data.days import EPOCH, day_start
from framework.domain.market import Delisting
from framework.errors import BadDataError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from data.actions import Action
    from data.raw_bars import RawBars
    from data.request import DataRequest


def read_with(symbol: str, actions: Sequence[Action], request: DataRequest, read: Callable[[str], RawBars]) -> RawBars:
    """The bars that ``read`` gives for ``symbol`` and for the names it had before, with its splits, dividends and delisting.

    Raises:
        ConfigError: A former name is in the universe too.
        BadDataError: The bars contradict an action.
    """
    raw = _acted(read(symbol), [one for one in actions if one.symbol == symbol], request)
    for change in [one for one in actions if (one.symbol, one.kind) == (symbol, SYMBOL_CHANGE)]:
        if change.old_symbol in request.symbols:
            raise ConfigError(
                f"[universe] symbols: {change.old_symbol} has been {symbol} since {change.day} ({change.place}); name {symbol} only"
            )
        raw = _chained(read_with(change.old_symbol, actions, request, read), raw, change, request)
    return raw


def _chained(old: RawBars, new: RawBars, change: Action, request: DataRequest) -> RawBars:
    """The bars before the change under the old name, then those under the new one."""
    start = day_start(change.day, request)
    if (new.when < start).any():
        raise BadDataError(
            f"{change.place}: {new.symbol} was {old.symbol} before {change.day}, but {new.origin} has bars before it; remove one of the two"
        )
    kept = old.take(old.when < start)
    names = [field.name for field in fields(new) if field.name not in {"symbol", "origin", "confirmed", "delisting"}]
    columns = {name: np.concatenate([getattr(kept, name), getattr(new, name)]) for name in names}
    chained: RawBars = replace(new, **columns)  # type: ignore[arg-type] # the names are those of the columns
    return replace(chained, origin=f"{old.origin}, from {change.day} {new.origin}", confirmed=new.confirmed | old.confirmed)


def _acted(raw: RawBars, actions: Sequence[Action], request: DataRequest) -> RawBars:
    if not actions:
        return raw
    dividend, split, pay_day = raw.dividend.copy(), raw.split.copy(), raw.pay_day.copy()
    delisting = None
    for one in actions:
        rows = _first_rows(raw, day_start(one.day, request))
        if one.kind == DELISTING:
            if (raw.when >= day_start(one.day, request)).any():
                raise BadDataError(f"{one.place}: {raw.symbol} is delisted from {one.day} on, but {raw.origin} has later bars; correct one")
            delisting = Delisting((one.day - EPOCH).days, one.value)
        elif one.kind == SPLIT:
            _check_unsaid(one, raw, (split[rows] != 1.0).any())
            split[rows] = one.value
        elif one.kind == DIVIDEND:
            _check_unsaid(one, raw, (dividend[rows] != 0.0).any())
            dividend[rows] = one.value
            pay_day[rows] = 0 if one.pay_day is None else (one.pay_day - EPOCH).days
    return replace(raw, dividend=dividend, split=split, pay_day=pay_day, delisting=delisting)


def _first_rows(raw: RawBars, start: int) -> NDArray[np.bool_]:
    """The row (or rows of one time) an action of the day that begins at ``start`` takes effect with; none after the last bar.

    What happened before the first bar is in its prices.
    """
    coming = raw.when >= start
    if not coming.any() or coming.all():
        return np.zeros(len(raw), dtype=bool)
    rows: NDArray[np.bool_] = raw.when == raw.when[coming].min()
    return rows


def _check_unsaid(action: Action, raw: RawBars, said: bool) -> None:  # noqa: FBT001 - one fact, named at the call
    if said:
        raise BadDataError(f"{action.place}: {raw.origin} has a {action.kind} of {raw.symbol} at {action.day} already; say it in one place")
