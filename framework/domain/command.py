"""What an operator may tell a process that trades."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class CommandKind(StrEnum):
    """What is commanded."""

    HALT = "halt"  # nothing is sent any more but what protects, and cancels
    REDUCE = "reduce"  # no entries; exits go on
    RESUME = "resume"  # every breaker is closed
    CANCEL = "cancel"  # one order, named by the argument order_id
    SETTLE = "settle"  # the venue never had the order named by the argument order_id, whose answer was lost: a person has looked
    ACKNOWLEDGE = "acknowledge"  # a person has looked at the incident named by the arguments code and subject
    CANCEL_ALL = "cancel_all"  # every working order that protects no position
    FLATTEN = "flatten"  # halt, cancel all, and leave every position at market
    OVERRIDE = "override"  # a limit, a cap or a breaker (argument name) is value for so many seconds
    ROTATE = "rotate"  # the process begins its log files anew
    HEARTBEAT = "heartbeat"  # the operator is there


class OperatorCommand(NamedTuple):
    """A command, from a person or from what stands in for one.

    Attributes:
        who: Who gave it; ``why``: the reason they gave.
        sequence: The event of the tape that holds it; -1 for one that is on no tape yet.
        arguments: What more it says, such as the name and the value of an override.
    """

    kind: CommandKind
    who: str
    why: str
    sequence: int = -1
    arguments: Mapping[str, object] = MappingProxyType({})
