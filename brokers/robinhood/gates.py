"""The last door before the network: whether an order's POST may leave the process. It is shut unless everything says otherwise."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from brokers.robinhood.amounts import iso, micros, micros_or_none
from framework.domain.values import notional
from framework.errors import NotArmedError
from framework.rules.arming import check_amount, check_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from framework.rules.arming import ArmToken


class OrderGate(Protocol):
    """Judges every POST of an order, whoever makes it."""

    def judge(self, form: Mapping[str, object]) -> Mapping[str, object] | None:
        """``None`` lets it go; anything else is the answer, and nothing is sent.

        Raises:
            NotArmedError: It must not be sent.
        """


class PurchaseBook(Protocol):
    """What was let go to be bought for, by the id under which it was sent; micro-dollars."""

    def others(self, ref: str) -> int:
        """All that counts but what is under ``ref``."""

    def note(self, ref: str, value: int) -> None:
        """``value`` is about to leave under ``ref``: the same order under the same id is one purchase, however often it is tried.

        Raises:
            NotArmedError: It cannot be counted.
        """


class Purchases:
    """A count that ends with the process."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}

    def others(self, ref: str) -> int:
        """All but ``ref``."""
        return sum(value for name, value in self._values.items() if name != ref)

    def note(self, ref: str, value: int) -> None:
        """Count it."""
        self._values[ref] = value


class ShutGate:
    """Backtest, paper, and everything that has not been armed: no order leaves.

    Args:
        reason: Why, for the message.
    """

    def __init__(self, reason: str = "this is not a live session") -> None:
        self._reason = reason

    def judge(self, form: Mapping[str, object]) -> None:
        """Refuse."""
        raise NotArmedError(f"an order for {form.get('symbol')} was about to leave for Robinhood; it did not: {self._reason}")


class DryRunGate:
    """Answers orders itself: each is told to ``log`` and gets an id, and none leaves; ``now`` is ns UTC."""

    def __init__(self, log: Callable[[Mapping[str, object]], object], now: Callable[[], int]) -> None:
        self._log, self._now = log, now

    def judge(self, form: Mapping[str, object]) -> Mapping[str, object]:
        """An answer as the venue would give it, with an id that says what it is."""
        self._log(form)
        number, at = str(uuid5(NAMESPACE_URL, f"dry-run|{form.get('ref_id')}")), iso(self._now())
        told = (
            "ref_id account instrument symbol side type trigger time_in_force quantity price stop_price trailing_peg market_hours".split()
        )
        return {
            "id": f"dry-run-{number}",
            **{name: form[name] for name in told if name in form},
            "instrument_id": str(form.get("instrument", "")).rstrip("/").rsplit("/", 1)[-1],
            "state": "confirmed",
            "cumulative_quantity": "0",
            "average_price": None,
            "executions": [],
            "reject_reason": None,
            "created_at": at,
            "updated_at": at,
        }


class ArmedGate:
    """Lets orders go while all of this holds: the config says live, the account was confirmed, the lease is ours, the leave is fresh.

    Args:
        is_live: Whether the config says so.
        account: The account's number; an order for another is refused.
        is_confirmed: Whether the venue showed that account as ours.
        token: The operator's leave.
        key: Under which it was signed.
        holds_lease: Whether this process still is the one that trades the account.
        is_halted: Whether entries are stopped: by an operator (a HALT file, a signal), or by a doubt about the time; sales go on.
        now: ns UTC.
        purchases: What was bought for so far; ``None`` counts for this gate alone.
    """

    def __init__(
        self,
        *,
        is_live: bool,
        account: str,
        is_confirmed: Callable[[], bool],
        token: ArmToken | None,
        key: bytes,
        holds_lease: Callable[[], bool],
        is_halted: Callable[[], bool],
        now: Callable[[], int],
        purchases: PurchaseBook | None = None,
    ) -> None:
        self._is_live, self._account, self._is_confirmed = is_live, account, is_confirmed
        self._token, self._key, self._now = token, key, now
        self._holds_lease, self._is_halted = holds_lease, is_halted
        self._purchases = Purchases() if purchases is None else purchases
        self._lock = threading.Lock()

    def judge(self, form: Mapping[str, object]) -> None:
        """Let it go, or say which condition does not hold."""
        if not self._is_live:
            raise NotArmedError('not armed: the config does not say mode = "live"')
        if self._token is None:
            raise NotArmedError("not armed: no operator has given leave; start with --arm")
        check_token(self._token, self._account, self._now(), self._key)
        if not self._is_confirmed():
            raise NotArmedError("not armed: the venue has not confirmed the account")
        if str(form.get("account", "")).rstrip("/").rsplit("/", 1)[-1] != self._account:
            raise NotArmedError("not armed: the order is for another account than the one that was confirmed")
        if not self._holds_lease():
            raise NotArmedError("not armed: this process does not hold the account's lease (any more)")
        if form.get("side") != "sell":
            self._check_purchase(form, self._token)

    def _check_purchase(self, form: Mapping[str, object], token: ArmToken) -> None:
        if self._is_halted():
            raise NotArmedError("not armed: entries are halted, by an operator or because clock or calendar differ from the venue's")
        with self._lock:
            name, value = str(form.get("ref_id")), _value(form)
            check_amount(token, self._purchases.others(name), value)
            self._purchases.note(name, value)


def _value(form: Mapping[str, object]) -> int:
    try:
        quantity, price = micros(form.get("quantity")), micros_or_none(form.get("price"))
    except ValueError as error:
        raise NotArmedError(f"not armed for an order whose value is not known: {error}") from None
    if price is None or price <= 0 or quantity <= 0:
        raise NotArmedError("not armed for a purchase without a quantity and a price")
    return notional(quantity, price)


def form_of(body: bytes | str | None) -> Mapping[str, object]:
    """The fields of an order's POST, however it is encoded; an unreadable one has none."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    if not text.lstrip().startswith("{"):
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
