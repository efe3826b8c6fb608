"""What a live session writes on its tape of the leave it trades under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.command import CommandKind, OperatorCommand
from framework.runtime.control.audit import command_event
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.app.arming.arming import Leave
    from framework.app.arming.promotion import Promoted
    from framework.app.arming.rollout import Rollout

NOTED = "operator_noted"


def leave_noted(profile: str, leave: Leave, promoted: Promoted, first: Rollout, now: int) -> list[NewEvent]:
    """What was shown, what was missing, why it trades all the same, and what holds in the first sessions; ``now`` is ns UTC.

    A person who has typed the confirmation is there: the dead man's switch hears of them.
    """
    told = {"limits": profile, "missing": list(promoted.missing), "reason": leave.reason}
    shown = promoted.shown._asdict() | {"unmeasured": list(promoted.shown.unmeasured)}
    noted = [NewEvent(now, NOTED, {**told, "shown": shown, "first": first._asdict() | {"dollars": leave.dollars}})]
    if leave.confirmed is None:
        noted.append(command_event(now, OperatorCommand(CommandKind.HEARTBEAT, "whoever armed it", "confirmed by hand")))
    return noted
