"""What was bought for today, on the tape: a process that starts again does not begin with all of the leave's dollars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.engine.market import session_number
from framework.errors import NotArmedError, TapeError
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.runtime.tape.store import TapeStore

PURCHASE = "purchase_allowed"


class TapedPurchases:
    """Purchases that were let go in the session of today, or under the leave given at ``since`` (ns UTC); ``now`` is ns UTC.

    A purchase that is let go counts whatever becomes of it: that it was canceled is the venue's word, and may come late.
    """

    def __init__(self, now: Callable[[], int], since: int) -> None:
        self._now, self._since = now, since
        self._known: dict[str, tuple[int, int]] = {}
        self._store: TapeStore | None = None

    def keep(self, store: TapeStore) -> None:
        """Go on with what the tape has, and write there.

        Raises:
            TapeError: It cannot be read.
        """
        self._store = store
        self._known = {
            str(one.payload["ref_id"]): (one.timestamp, int(one.payload["value_micros"])) for one in store.events(kinds=[PURCHASE])
        }

    def others(self, ref: str) -> int:
        """Micro-dollars of all purchases that count now but the one under ``ref``."""
        today = session_number(self._now())
        values = [value for name, (at, value) in self._known.items() if name != ref and (at >= self._since or session_number(at) == today)]
        return sum(values)

    def note(self, ref: str, value: int) -> None:
        """``value`` micro-dollars are about to be bought for under ``ref``; tried again under the same it is one purchase.

        Raises:
            NotArmedError: The tape does not take it: nothing is bought that would be forgotten.
        """
        before = self._known.get(ref, (0, 0))[1]
        if value <= before:
            return
        if self._store is None:
            raise NotArmedError("not armed: there is no tape yet to count purchases on")
        now = self._now()
        try:
            self._store.append([NewEvent(now, PURCHASE, {"ref_id": ref, "value_micros": value})])
        except TapeError as error:
            raise NotArmedError(f"not armed: the purchase cannot be counted ({error})") from None
        self._known[ref] = (now, value)
