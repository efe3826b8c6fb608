"""One symbol's raw rows -> sound, adjusted bars, and everything found on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.adjustment import adjusted, with_events_moved
from data.attendance import closed_findings, first_bars, gap_findings, outside_sessions, overlap_findings, stamped
from data.checks import broken_bars, broken_findings, zero_volume_findings
from data.finding import FindingKind
from data.ordering import in_order
from data.outliers import bad_dividends, split_jumps, suspect_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.calendar import Sessions
    from data.finding import Finding
    from data.raw_bars import RawBars
    from data.request import DataRequest
    from framework.domain.market import Integers


class Validation:
    """Checks one symbol after the other; most have the times of the one before, which are looked at once."""

    def __init__(self, sessions: Sessions, request: DataRequest) -> None:
        self._sessions = sessions
        self._request = request
        self._given: Integers = np.empty(0, np.int64)
        self._plain: PlainTimes | None = None

    def __call__(self, raw: RawBars) -> tuple[RawBars, list[Finding]]:
        """``validated(raw)``."""
        if raw.when is not self._given and not np.array_equal(raw.when, self._given):
            self._given, self._plain = raw.when, plain_times(raw, self._sessions, self._request)
        if self._plain is None or broken_bars(raw, _price_names(self._request)):
            return validated(raw, self._sessions, self._request)
        bars = adjusted(replace(raw, when=self._plain.when), self._request.adjust)
        return bars, zero_volume_findings(bars) + _doubtful(bars, self._plain.opening)


def validated(raw: RawBars, sessions: Sessions, request: DataRequest) -> tuple[RawBars, list[Finding]]:
    """``raw`` in order, mended, adjusted, with ``when`` in ns UTC; possibly empty.

    Where policy is to refuse, the bars are mended all the same, so that one refusal can name all findings.
    """
    raw, findings = in_order(stamped(raw, sessions, request), request)
    dropped, found = _unusable(raw, sessions, request)
    bars = adjusted(raw, request.adjust)
    if dropped is not None:
        bars = with_events_moved(bars, np.flatnonzero(~dropped))
    findings += found + zero_volume_findings(bars)
    return bars, findings + _doubtful(bars, first_bars(bars.when, sessions)[1:])


class PlainTimes(NamedTuple):
    """Times of rows about which there is nothing to say: ns UTC, and the positions of the first in each session but the first."""

    when: Integers
    opening: Integers


def plain_times(raw: RawBars, sessions: Sessions, request: DataRequest) -> PlainTimes | None:
    """The times of ``raw``, if they are in order, in sessions, as far apart as bars are long, and none is missing."""
    raw, findings = in_order(stamped(raw, sessions, request), request)
    if findings or outside_sessions(raw.when, sessions, request) is not None:
        return None
    if gap_findings(raw, None, sessions, request) or overlap_findings(raw, None, sessions, request):
        return None
    return PlainTimes(raw.when, first_bars(raw.when, sessions)[1:])


def _doubtful(bars: RawBars, opening: Integers) -> list[Finding]:
    found = suspect_ticks(bars) + bad_dividends(bars) + split_jumps(bars, opening)
    return [finding for finding in found if (finding.row, finding.kind) not in bars.confirmed]


def _price_names(request: DataRequest) -> tuple[str, ...]:
    """The columns that must hold prices."""
    return ("open", "high", "low", "close", *(["adj_close"] if request.adjust == "adj_close" else []))


def _unusable(raw: RawBars, sessions: Sessions, request: DataRequest) -> tuple[NDArray[np.bool_] | None, list[Finding]]:
    """Which rows cannot be used, bool[n], ``None`` where all can; and what was found."""
    outside = outside_sessions(raw.when, sessions, request)
    price_names = _price_names(request)
    broken = broken_bars(raw, price_names)
    findings = closed_findings(raw, outside, request) + gap_findings(raw, outside, sessions, request)
    findings += overlap_findings(raw, outside, sessions, request)
    unusable = [*broken.values()]
    if outside is not None and request.action(FindingKind.NOT_A_SESSION) != "accept":
        unusable.append(outside)
    dropped = np.logical_or.reduce(unusable) if unusable else None
    return dropped, findings + broken_findings(raw, broken, price_names)
