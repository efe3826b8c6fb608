"""Rows in time order, one for each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from data.finding import Finding, FindingKind
from data.spans import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import Integers


def in_order(raw: RawBars, request: DataRequest) -> tuple[RawBars, list[Finding]]:
    """``raw`` (``when`` in ns UTC) strictly increasing in time, and what was found; two rows of one time are settled by policy."""
    if all((raw.when[span][1:] > raw.when[span][:-1]).all() for span in spans(len(raw), overlap=1)):
        return raw, []
    findings = _unordered(raw)
    if findings:
        raw = raw.take(np.argsort(raw.when, kind="stable"))
    again = np.flatnonzero(np.diff(raw.when) == 0) + 1
    if len(again) == 0:
        return raw, findings
    keep_last = request.action(FindingKind.DUPLICATE) == "keep_last"
    findings += [_duplicate(raw, int(index), "last" if keep_last else "first") for index in again]
    keep = np.ones(len(raw), dtype=bool)
    keep[again - 1 if keep_last else again] = False
    return _with_events(raw, keep), findings


def _with_events(raw: RawBars, keep: NDArray[np.bool_]) -> RawBars:
    """The rows of ``keep``, one of each time; a dividend or a split that only another row of the time has is theirs."""
    first = np.flatnonzero(np.diff(raw.when, prepend=raw.when[:1] - 1))
    kept = raw.take(keep)
    without, unsplit = kept.dividend == 0.0, kept.split == 1.0
    largest, smallest = np.maximum.reduceat(raw.split, first), np.minimum.reduceat(raw.split, first)
    return replace(
        kept,
        dividend=np.where(without, np.maximum.reduceat(raw.dividend, first), kept.dividend),
        pay_day=np.where(without, np.maximum.reduceat(raw.pay_day, first), kept.pay_day),
        split=np.where(unsplit, np.where(largest > 1.0, largest, smallest), kept.split),
    )


def _unordered(raw: RawBars) -> list[Finding]:
    """One finding for the whole file: a file written newest first would have one for each row."""
    late: Integers = np.flatnonzero(raw.when[1:] < np.maximum.accumulate(raw.when)[:-1]) + 1
    if len(late) == 0:
        return []
    first = late[0]
    detail = f"older than the row before it, as {len(late)} of {len(raw)} rows are"
    return [Finding(FindingKind.UNORDERED, raw.symbol, int(raw.when[first]), detail, int(raw.row[first]), "sorted")]


def _duplicate(raw: RawBars, index: int, kept: str) -> Finding:
    differing = [
        name
        for name in ("open", "high", "low", "close", "volume", "dividend", "split")
        if getattr(raw, name)[index] != getattr(raw, name)[index - 1]
    ]
    how = f"they differ in {', '.join(differing)}" if differing else "they are equal"
    detail = f"same time as row {raw.row[index - 1]}; {how}"
    return Finding(FindingKind.DUPLICATE, raw.symbol, int(raw.when[index]), detail, int(raw.row[index]), f"kept the {kept}")
