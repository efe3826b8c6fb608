"""What is known after a request that could make or cancel an order? When in doubt it is UNKNOWN, which is settled by asking.

The table for an order, first row that holds:

============================================================  =================
evidence                                                      outcome
============================================================  =================
no byte has left (DNS, refused, TLS, deadline, not armed)      NOT_SENT
bytes left, no whole answer (time-out, reset, short body)      UNKNOWN
2xx, an object with ``id`` that shows what was sent            ACCEPTED
400 or 422, an object with the key of our client id            EXISTS
400 or 422, a known form of refusal                            REJECTED
401 with a ``detail``                                          NOT_AUTHENTICATED
403 with a ``detail``                                          FORBIDDEN
429 with a ``detail`` or a hint when to come back              THROTTLED
anything else                                                  UNKNOWN
============================================================  =================

FORBIDDEN is the account's: it is restricted, or the session may not trade. 400 says what is wrong with the order.

A cancel has no id to show and no client id: any 2xx is ACCEPTED; 404 with a ``detail`` is REJECTED, and so is 403, the answer to a second
cancel.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, TypeGuard

from framework.domain.venue_order import OutcomeKind

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.domain.venue_order import VenueOrder

_K = OutcomeKind


class Stage(StrEnum):
    """How far a request got."""

    UNSENT = "unsent"  # failed before the first byte could leave
    UNANSWERED = "unanswered"  # bytes may have left, and no whole answer came
    ANSWERED = "answered"  # status and body were received completely


def submission_outcome(
    stage: Stage, status: int, body: object, client_id_key: str, has_hint: bool = False, shows_what_was_sent: bool = False
) -> OutcomeKind:
    """The outcome of asking for an order.

    Args:
        stage: How far the request got; only ANSWERED looks at the rest.
        status: Of HTTP.
        body: The parsed JSON of the answer; ``None`` when it was none.
        client_id_key: The venue's name for our client id, as in its refusals.
        has_hint: Whether a header says when to come back.
        shows_what_was_sent: Whether the order in the answer ``agrees`` with ours.
    """
    if stage is not Stage.ANSWERED:
        return _K.NOT_SENT if stage is Stage.UNSENT else _K.UNKNOWN
    if 200 <= status < 300:
        return _K.ACCEPTED if shows_what_was_sent and _has_id(body) else _K.UNKNOWN
    if status in (400, 422) and isinstance(body, Mapping) and client_id_key in body:
        return _K.EXISTS
    return _refusal(status, body, has_hint)


def cancel_outcome(stage: Stage, status: int, body: object, has_hint: bool = False) -> OutcomeKind:
    """The outcome of asking for a cancel; arguments as in ``submission_outcome``."""
    if stage is not Stage.ANSWERED:
        return _K.NOT_SENT if stage is Stage.UNSENT else _K.UNKNOWN
    if 200 <= status < 300:
        return _K.ACCEPTED
    if status in (403, 404) and _has_detail(body):
        return _K.REJECTED
    return _refusal(status, body, has_hint)


def _refusal(status: int, body: object, has_hint: bool) -> OutcomeKind:
    if status in (400, 422) and is_refusal(body):
        return _K.REJECTED
    if status == 429 and (has_hint or _has_detail(body)):
        return _K.THROTTLED
    if status in (401, 403) and _has_detail(body):
        return _K.NOT_AUTHENTICATED if status == 401 else _K.FORBIDDEN
    return _K.UNKNOWN


def is_refusal(body: object) -> bool:
    """Whether ``body`` says no in a known form: a ``detail``, or lists of complaints by field (``non_field_errors`` among them)."""
    if not isinstance(body, Mapping) or not body:
        return False
    return all(_is_text(value) if key == "detail" else _are_texts(value) for key, value in body.items())


def agrees(shown: VenueOrder, order: Order, client_id: str, quantity_micros: int) -> bool:
    """Whether ``shown`` is what was asked for; a stale connection may answer with another order.

    Prices are not compared: a venue may round or collar them.
    """
    same = (shown.symbol, shown.side, shown.quantity_micros) == (order.symbol, order.side, quantity_micros)
    return same and shown.client_id in (None, client_id)


def is_worse(shown: VenueOrder, order: Order, quantity_micros: int) -> bool:
    """Whether the venue works an order in a way that was not asked for: other shares, or a limit that gives away more.

    A market order that the venue works as a limit order is what some venues make of it.
    """
    if shown.quantity_micros != quantity_micros:
        return True
    if order.limit_micros is None or shown.limit_micros is None or shown.order_type is not order.order_type:
        return False
    return order.side.sign * (shown.limit_micros - order.limit_micros) > 0


def _has_id(body: object) -> bool:
    return isinstance(body, Mapping) and _is_text(body.get("id"))


def _has_detail(body: object) -> bool:
    return isinstance(body, Mapping) and _is_text(body.get("detail"))


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_text(item) for item in value)
