"""One symbol's raw rows -> sound, adjusted bars, and everything found on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from data.adjustment import adjusted, with_events_moved
from data.attendance import closed_findings, gap_findings, outside_sessions, stamped
from data.checks import broken_bars, broken_findings, zero_volume_findings
from data.finding import FindingKind
from data.ordering import in_order
from data.outliers import split_jumps, suspect_ticks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data.calendar import Sessions
    from data.finding import Finding
    from data.raw_bars import RawBars
    from data.request import DataRequest


def validated(raw: RawBars, sessions: Sessions, request: DataRequest) -> tuple[RawBars, list[Finding]]:
    """``raw`` in order, mended, adjusted, with ``when`` in ns UTC; possibly empty.

    Where policy is to refuse, the bars are mended all the same, so that one refusal can name all findings.
    """
    raw, findings = in_order(stamped(raw, sessions, request), request)
    dropped, found = _unusable(raw, sessions, request)
    bars = with_events_moved(adjusted(raw, request.adjust), np.flatnonzero(~dropped))
    findings += found + zero_volume_findings(bars)
    doubtful = suspect_ticks(bars) + split_jumps(bars, np.searchsorted(sessions.close, bars.when))
    return bars, findings + [finding for finding in doubtful if (finding.row, finding.kind) not in raw.confirmed]


def _unusable(raw: RawBars, sessions: Sessions, request: DataRequest) -> tuple[NDArray[np.bool_], list[Finding]]:
    outside = outside_sessions(raw.when, sessions, request)
    price_names = ("open", "high", "low", "close", *(["adj_close"] if request.adjust == "adj_close" else []))
    broken = broken_bars(raw, price_names)
    findings = closed_findings(raw, outside, request) + gap_findings(raw, outside, sessions, request)
    dropped: NDArray[np.bool_] = np.logical_or.reduce(list(broken.values()))
    if request.action(FindingKind.NOT_A_SESSION) != "accept":
        dropped |= outside
    return dropped, findings + broken_findings(raw, broken, price_names)
