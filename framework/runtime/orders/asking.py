"""Asking a gateway that may break: what it raises never gets further, and never goes without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from framework.domain.venue_order import Holdings
from framework.runtime.orders.incidents import Code, Effect, Incident, cleared

if TYPE_CHECKING:
    from collections.abc import Callable

    from framework.engine.venue_gateway import VenueGateway
    from framework.runtime.orders.clock import Clock
    from framework.runtime.orders.recorder import Recorder

Answer = TypeVar("Answer")


def positions_asked(recorder: Recorder, clock: Clock, gateway: VenueGateway) -> Holdings:
    """The positions of the account; a listing that is not complete where the gateway broke."""

    def broken(reason: str) -> Holdings:
        return Holdings((), complete=False, reason=reason)

    return asked(recorder, clock, "positions", gateway.positions, broken)


def asked(recorder: Recorder, clock: Clock, call: str, ask: Callable[[], Answer], otherwise: Callable[[str], Answer]) -> Answer:
    """What ``ask()`` answers; where it raises, ``otherwise(reason)``, and an incident until ``call`` answers again.

    The incident names the kind of the error only: its text may hold what must not be kept.
    """
    is_known = (Code.GATEWAY, call) in recorder.books.incidents
    try:
        answer = ask()
    except Exception as error:  # noqa: BLE001 - no information, whatever the reason; it is told below
        reason = f"{type(error).__name__} in the gateway"
        if not is_known:
            detail = f"{call} raised {type(error).__name__}; it counts as no answer"
            recorder.write(Incident(Code.GATEWAY, call, Effect.ALERT, detail).event(clock.now(), lasts=True))
        return otherwise(reason)
    if is_known:
        recorder.write(cleared(clock.now(), Code.GATEWAY, call, "onetape", "it answers again"))
    return answer
