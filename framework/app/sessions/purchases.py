"""What was bought for today, on the tape and by account: whoever starts again, or anew, does not begin with all of the leave's dollars."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from framework.engine.market import session_number
from framework.errors import NotArmedError, SafetyError, TapeError
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from framework.runtime.tape.store import TapeStore

PURCHASE = "purchase_allowed"


class TapedPurchases:
    """Purchases that were let go in the session of today, or under the leave given at ``since`` (ns UTC); ``now`` is ns UTC.

    A purchase that is let go counts whatever becomes of it: that it was canceled is the venue's word, and may come late. ``ledger`` is the
    account's file on this machine: a run that is begun anew, on a tape of its own, goes on counting there.
    """

    def __init__(self, now: Callable[[], int], since: int, ledger: Path | None = None) -> None:
        self._now, self._since, self._ledger = now, since, ledger
        self._known: dict[str, tuple[int, int]] = {}
        self._store: TapeStore | None = None

    def keep(self, store: TapeStore) -> None:
        """Go on with what the tape has, and write there.

        Raises:
            TapeError: It cannot be read.
            SafetyError: The account's file cannot be read.
        """
        self._store = store
        self._known = _of_account(self._ledger) | {
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
            self._keep_for_account(ref, now, value)
        except (TapeError, OSError) as error:
            raise NotArmedError(f"not armed: the purchase cannot be counted ({error})") from None
        self._known[ref] = (now, value)

    def _keep_for_account(self, ref: str, now: int, value: int) -> None:
        if self._ledger is None:
            return
        with self._ledger.open("a", encoding="utf-8") as file:
            file.write(json.dumps([ref, now, value]) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _of_account(ledger: Path | None) -> dict[str, tuple[int, int]]:
    """What every run of the account was let buy for; a line that was not finished belongs to a purchase that never left."""
    if ledger is None or not ledger.is_file():
        return {}
    try:
        text = ledger.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            os.truncate(ledger, len(whole.encode()))
        return {str(ref): (int(at), int(value)) for ref, at, value in map(json.loads, whole.splitlines())}
    except (OSError, ValueError, TypeError) as error:
        raise SafetyError(f"what was bought for today cannot be read from {ledger}: {error}; look into it before you trade") from None
