"""What validation can find wrong with a bar, and how each finding is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND


class FindingKind(StrEnum):
    """The kinds of finding; the value is the key under ``[data.policy]``."""

    DUPLICATE = "duplicate"  # two rows of one time
    UNORDERED = "unordered"  # a row older than one before it
    NAN = "nan"  # a price that is blank, NaN, infinite or above a billion dollars
    NON_POSITIVE = "non_positive"  # a price of zero or below, or so small that the books count it as zero
    INVERTED = "inverted"  # high and low do not contain open and close
    BAD_VOLUME = "bad_volume"  # a volume that is blank, NaN, infinite or negative
    ZERO_VOLUME = "zero_volume"  # legal: nothing fills on such a bar
    OVERLAP = "overlap"  # a bar that closes sooner after the one before than bars are long
    GAP = "gap"  # the exchange was open and there is no bar
    NOT_A_SESSION = "not_a_session"  # there is a bar and the exchange was closed
    SUSPECT_TICK = "suspect_tick"  # a high or low far outside open and close
    FINER_RANGE = "finer_range"  # the finer bars of a bar reach other prices than the bar itself
    BAD_DIVIDEND = "bad_dividend"  # a dividend of more than the share cost at the close before
    SPLIT_JUMP = "split_jump"  # an overnight move of a split's size that no declared split explains


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found and what was done about it.

    Attributes:
        kind: What it is.
        symbol: Whose bars.
        timestamp: Close of the (first) bar concerned, ns UTC; for a gap the close of the first bar missing; ``None`` where there is none.
        detail: What was found, in words and figures.
        row: Line of a CSV file (the header is line 1); for tables the row counted from 1; ``None`` for a bar that is not there.
        action: What was done, such as "dropped".
    """

    kind: FindingKind
    symbol: str
    timestamp: int | None
    detail: str
    row: int | None
    action: str


def moment(timestamp: int) -> str:
    """``timestamp`` (ns UTC) as ISO-8601 text to the second, such as ``2012-01-03T21:00:00Z``."""
    return datetime.fromtimestamp(timestamp // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
