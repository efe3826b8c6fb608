"""What a person must know, and what it does to trading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from framework.errors import SafetyError
from framework.runtime.orders import events
from framework.runtime.tape.chain import NewEvent

if TYPE_CHECKING:
    from framework.runtime.orders.books import OrderBooks


class Effect(StrEnum):
    """What an incident does to trading until it is over or acknowledged."""

    SEEN = "seen"  # it goes on, and somebody has taken it upon themselves
    ALERT = "alert"  # somebody is told
    REDUCING = "reducing"  # no entries
    HALT = "halt"  # no entries, and somebody has to say that it may go on


class Code(StrEnum):
    """What may happen; ``lasting`` ones are open until they are cleared."""

    PARKED = "order_parked"  # it is not known whether the venue has an order, and only a person can find out
    ADOPTED = "adopted_late"  # an order that was given up, or refused, is at the venue all the same
    AMBIGUOUS = "ambiguous_match"  # several orders of the venue could be ours
    LATE_FILL = "late_fill"  # an order filled after its end
    OVER_FILLED = "over_filled"  # more was filled than was asked for
    BUSTED = "execution_busted"  # the venue took back a trade
    UNKNOWN_WORD = "unknown_venue_state"
    CHANGED_TERMS = "changed_terms"  # the venue works an order under other terms
    FOREIGN_ORDER = "foreign_order"  # in an account that is ours alone
    OTHER_TRADER = "other_trader"  # another onetape trades the account, or has left an order there
    POSITION = "position_mismatch"  # the venue has other shares than we have traded
    SPLIT_AWAITED = "split_awaited"  # a split was announced, and the venue shows the shares of before
    CASH = "cash_difference"  # the account has other money than our trades have moved
    LEDGER = "ledger_mismatch"  # the engine's books are not what the tape says
    MISSING = "order_missing"  # the venue does not show an order that it had
    UNPROTECTED = "unprotected_position"
    CANCELED_ELSEWHERE = "canceled_elsewhere"  # somebody else took a protective order back
    STOP_REACHED = "stop_reached"  # the venue takes no stop whose price was reached before it came; it goes as what it has become
    RESTRICTED = "account_restricted"  # the venue refuses the account, not the order
    SESSION_ENDED = "session_ended"  # the venue refuses the session; it is renewed, or a person has to log in
    GATEWAY = "gateway_error"  # the venue's adapter itself broke


def code_of(name: str) -> Code:
    """The code called ``name``.

    Raises:
        SafetyError: There is none.
    """
    try:
        return Code(name)
    except ValueError:
        raise SafetyError(f"{name!r} is no incident; there are {', '.join(Code)}") from None


#: What is not over when a person has looked at it: it stays open without an effect, and ends by itself.
STAYS = frozenset({Code.PARKED, Code.UNPROTECTED, Code.MISSING})


#: The subject of what concerns all orders.
ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened; ``subject`` is the order or symbol."""

    code: Code
    subject: str
    effect: Effect
    detail: str

    def event(self, now: int, *, lasts: bool) -> NewEvent:
        """It as an event; one that ``lasts`` is open until it is cleared."""
        payload = {"code": str(self.code), "subject": self.subject, "effect": str(self.effect), "detail": self.detail, "lasts": lasts}
        return NewEvent(now, events.INCIDENT, payload)


def cleared(now: int, code: Code, subject: str, who: str, why: str) -> NewEvent:
    """The end of an incident."""
    return NewEvent(now, events.CLEARED, {"code": str(code), "subject": subject, "who": who, "why": why})


def acknowledged(now: int, code: Code, subject: str, who: str, why: str) -> NewEvent:
    """A person has looked at an incident: its end, or what it is until then."""
    kind = events.ACKNOWLEDGED if code in STAYS else events.CLEARED
    return NewEvent(now, kind, {"code": str(code), "subject": subject, "who": who, "why": why})


def latch(books: OrderBooks) -> Effect | None:
    """The strongest effect of what is not over."""
    effects = set(books.incidents.values())
    return next((effect for effect in (Effect.HALT, Effect.REDUCING) if effect in effects), None)


def is_frozen(books: OrderBooks, symbol: str) -> bool:
    """Whether ``symbol`` may not be entered until somebody has looked at it."""
    return any((code, symbol) in books.incidents for code in (Code.POSITION, Code.CANCELED_ELSEWHERE))


def nobody(_incident: Incident) -> None:
    """Nobody is told."""
