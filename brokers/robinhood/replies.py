"""What came back for a request: how far it got, the status, and a body that was read strictly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from brokers.robinhood.wires import NoAnswerError
from framework.domain.venue_order import OutcomeKind
from framework.errors import SafetyError
from framework.rules.outcomes import Stage
from framework.rules.pacing.refusals import Hint, hint_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import Response


class Reply(NamedTuple):
    """One answer, or what is known without one.

    Attributes:
        stage: How far the request got.
        status: Of HTTP, 0 without an answer.
        body: Parsed JSON; ``None`` where it is none.
        hint: When to come back, if the venue said.
        reason: In words, for people.
    """

    stage: Stage
    status: int = 0
    body: object = None
    hint: Hint | None = None
    reason: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it is a 2xx with a JSON object."""
        return 200 <= self.status < 300 and isinstance(self.body, dict)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON object; an empty one where there is none."""
        return self.body if isinstance(self.body, dict) else {}


def reply_of(ask: Callable[[], Response], redact: Callable[[str], str]) -> Reply:
    """The reply to ``ask``; network trouble and refusals of the transport are values."""
    try:
        response = ask()
    except NoAnswerError as error:
        return Reply(Stage.UNANSWERED, reason=redact(str(error)))
    except (OSError, SafetyError) as error:  # requests' exceptions are OSErrors; NotSentError among them
        return Reply(Stage.UNSENT, reason=redact(str(error)))
    body = parsed(response.content)
    hint = (
        hint_in(response.text, response.headers.get("Retry-After"), response.headers.get("Date")) if response.status_code == 429 else None
    )
    return Reply(Stage.ANSWERED, response.status_code, body, hint, redact(_words(response.status_code, body)))


def read_kind(reply: Reply) -> OutcomeKind:
    """What is known after a read."""
    if reply.stage is Stage.UNSENT:
        return OutcomeKind.NOT_SENT
    if reply.is_good:
        return OutcomeKind.ACCEPTED
    if reply.status == 401:
        return OutcomeKind.NOT_AUTHENTICATED
    if reply.status == 429:
        return OutcomeKind.THROTTLED
    return OutcomeKind.REJECTED if reply.status in (400, 403, 404, 422) and isinstance(reply.body, dict) else OutcomeKind.UNKNOWN


def parsed(content: bytes) -> object:
    """The JSON in ``content`` with exact decimals; ``None`` for anything doubtful: NaN, keys that come twice, endless nesting."""
    try:
        return json.loads(content.decode(), parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _words(status: int, body: object) -> str:
    """What the venue says, in one line of a sensible length."""
    if not isinstance(body, dict):
        return f"status {status}, no JSON object"
    if 200 <= status < 300:
        return ""
    told = body.get("detail") or "; ".join(f"{key}: {value}" for key, value in body.items())
    return f"status {status}: {' '.join(str(told).split())[:300]}"
