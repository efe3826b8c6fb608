"""What the tape says that came of a question of the engine to its broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.errors import BrokerError, OrderSubmissionError, PartedError

if TYPE_CHECKING:
    from framework.runtime.sessions.taping import Question
    from framework.runtime.tape.chain import TapeEvent


class NotTakenError(OrderSubmissionError):
    """An order went nowhere, at a time (ns UTC)."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at


def answered(event: TapeEvent, asking: Question) -> int:
    """The number of the question that an answer is to; tapes of before did not say, and meant the one that was asked last.

    Raises:
        PartedError: It names another question than the session has asked.
    """
    said: Any = event.payload
    number = said.get("ask", asking.number)
    if number == asking.number and (said.get("call", asking.call), said.get("subject", asking.subject)) != asking[1:]:
        raise PartedError(
            f"the tape answers to {said['call']} {said['subject']}, and the session has asked to {asking.call} {asking.subject}"
        )
    return int(number)


def read_answer(event: TapeEvent) -> bool:
    """Whether it was done.

    Raises:
        NotTakenError: It was an order, and went nowhere.
        BrokerError: What the broker raised then.
    """
    said: Any = event.payload
    if not said.get("taken", True):
        raise NotTakenError(event.timestamp, said["raised"])
    if said["raised"] is not None:
        raise BrokerError(said["raised"])
    return bool(said["done"])
