"""How long to stay away after a venue said "too many requests"; its own hint is heeded and never believed without bound."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

#: No hint keeps us away longer, seconds: weeks have been reported, and a day without a look at the orders is worse than a refusal.
LONGEST_HINT = 900.0
#: A hint is at the start of an answer, or there is none.
_READ = 2_000
_NUMBER = re.compile(r"(?<![\w.-])(\d{1,12})(?:\.\d{0,9})?\s*seconds?\b", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"\d{1,12}", re.ASCII)


class Hint(NamedTuple):
    """Seconds to stay away, and whether the venue had asked for more than is believed."""

    seconds: float
    was_capped: bool


class Backoff(NamedTuple):
    """Seconds after refusal n: ``base`` to the power n, at most ``longest``."""

    base: float = 2.0
    longest: float = 60.0


def hint_in(text: str, retry_after: str | None = None, answered_at: str | None = None) -> Hint | None:
    """What a refusal asks for, whichever of the two asks for more.

    Args:
        text: Its body; "Expected available in 14 seconds." is understood.
        retry_after: Its header of that name: seconds or a date.
        answered_at: Its Date header; without it a date is taken for the longest wait.

    Returns:
        ``None`` where neither says anything that can be understood.
    """
    found = [one for one in (_of_body(text), _of_header(retry_after, answered_at)) if one is not None]
    if not found:
        return None
    asked = max(found)
    return Hint(min(asked, LONGEST_HINT), asked > LONGEST_HINT)


def _of_body(text: str) -> float | None:
    found = _NUMBER.search(text[:_READ])
    return None if found is None else float(found[1])


def _of_header(value: str | None, answered_at: str | None) -> float | None:
    if value is None:
        return None
    value = value.strip()[:100]
    if _PLAIN.fullmatch(value):
        return float(value)
    then, now = _moment(value), _moment(answered_at or "")
    if then is None:
        return None
    return LONGEST_HINT if now is None else max(0.0, (then - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text.strip()[:100])
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def wait_after(failures: int, hint: Hint | None, backoff: Backoff, spread: float) -> float:
    """Seconds to stay away after the refusal that follows ``failures`` others.

    A hint is heeded as it stands. Without one the wait grows, and ``spread`` in [0, 1) shortens it by up to a quarter, so that
    processes that were refused together do not come back together.
    """
    if hint is not None:
        return hint.seconds
    exponent = min(failures + 1, 64)
    return float(min(backoff.longest, backoff.base**exponent)) * (1.0 - 0.25 * spread)
