"""What a session writes on its tape beside facts and the order manager's events: what it heard, and where each turn of the engine ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.domain.command import CommandKind, OperatorCommand
from framework.domain.market import FeedStatus
from framework.errors import TapeError
from framework.runtime.orders import events
from framework.runtime.tape.chain import NewEvent
from framework.runtime.tape.facts import ACCOUNT_KINDS
from framework.runtime.tape.inputs import BARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.runtime.tape.chain import TapeEvent

HISTORY = "history"
FORMING = "bar_forming"  # what is heard from here on belongs to the bar that closes then
LOOKED = "clock_looked"  # time has come so far, without bars
LATE = "bars_late"  # the bars that follow came when they were past: nothing is decided on them
COMMANDED = "command_given"  # the operator's command reaches the engine here
RESUMED = "session_resumed"  # the tape has nothing more to say: from here on the venue is asked
STOPPED = "session_stopped"  # the strategy is told that this is the end, for now
DECIDED = "decided"  # the engine's turn is over
ASKED = "broker_asked"  # the engine asks something of its broker
ANSWERED = "broker_answered"  # with something else than "done"
QUESTIONED = "quote_asked"  # the engine asks for a quote while nobody is there to ask: what the one who comes tells first belongs here
QUOTED = "broker_quoted"
FED = "feed_status"  # quotes have stopped coming, or come again
#: What begins a turn, which DECIDED ends.
TURNS = frozenset({BARS, LOOKED, COMMANDED, STOPPED})
#: What the engine hears of its orders and of the account, and what shows that something it asked for was taken up.
HEARD = frozenset({events.REPORT, events.CORRECTION, events.LEVEL}) | events.ACTIONS
TRACES = frozenset({events.INTENT, events.CANCEL, events.HOLD})
#: All that is needed to take the same turns again.
INPUTS = TURNS | HEARD | TRACES | {DECIDED, FORMING, LATE, RESUMED, ASKED, ANSWERED, QUESTIONED, QUOTED, FED}

SHADOW_FILL = "shadow_fill"  # what the fill model made of an order that a real venue has
SHADOW_DIVERGED = "shadow_diverged"  # the two came to be further apart than the config allows
STRATEGY_FAILED = "strategy_failed"  # it raised: what it wanted in this turn was not done
#: What follows from the rest and changes nothing.
BESIDE = frozenset({SHADOW_FILL, SHADOW_DIVERGED, STRATEGY_FAILED})

_FACTS = frozenset({"refused", *(name for _, name in ACCOUNT_KINDS)})


def is_fact(kind: str) -> bool:
    """Whether an event of ``kind`` is something that was decided or that happened to the books."""
    return kind in _FACTS or kind.startswith(("order_", "guard_"))


def beside_of(event: NewEvent | TapeEvent) -> tuple[str, object]:
    """What tells one event of ``BESIDE`` from another."""
    return event.kind, event.payload.get("shadow_id", event.timestamp)


def command_mark(now: int, command: OperatorCommand) -> NewEvent:
    """``command`` as it reaches the engine at ``now`` (ns UTC)."""
    payload = {"kind": str(command.kind), "who": command.who, "why": command.why, "command": command.sequence}
    return NewEvent(now, COMMANDED, {**payload, "arguments": dict(command.arguments)})


def read_command_mark(event: TapeEvent) -> OperatorCommand:
    """The command of a ``COMMANDED`` event.

    Raises:
        TapeError: It cannot be read.
    """
    told: Mapping[str, Any] = event.payload
    try:
        return OperatorCommand(CommandKind(told["kind"]), told["who"], told["why"], told["command"], told["arguments"])
    except (KeyError, ValueError) as error:
        raise TapeError(f"the command of event {event.sequence} cannot be read: {error}") from None


def fed_mark(status: FeedStatus) -> NewEvent:
    """Whether quotes come is known to those who decide."""
    return NewEvent(status.timestamp, FED, {"connected": status.is_connected})


def read_fed_mark(event: TapeEvent) -> FeedStatus:
    """The status in a ``FED`` event."""
    return FeedStatus(event.timestamp, bool(event.payload["connected"]))
