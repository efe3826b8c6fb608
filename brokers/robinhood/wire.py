"""Requests to Robinhood through robin_stocks' own session, each with what it is for and what came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import Response
from robin_stocks.robinhood import helper
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.fence import Fence
from brokers.robinhood.replies import Reply, reply_of
from brokers.robinhood.transport import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from brokers.robinhood.transport import Transport
    from framework.domain.request import Priority
    from framework.domain.secret import Secret

API = "https://api.robinhood.com"


class Wire:
    """Speaks to Robinhood.

    Args:
        transport: The way of every request.
        credential: The user; a process has one.
        redact: Takes secrets out of what the venue says.
        output: Where robin_stocks prints.
    """

    def __init__(self, transport: Transport, credential: str, redact: Callable[[str], str], output: TextIO) -> None:
        self._transport, self._redact, self._output = transport, redact, output
        self._fence = Fence(transport, credential)

    def open(self) -> None:
        """Put robin_stocks on our transport.

        Raises:
            SafetyError: This process talks under another credential, or already.
        """
        self._fence.raise_()
        SESSION.trust_env = False
        helper.set_output(self._output)

    def close(self) -> None:
        """Forget the token and let the connections go."""
        self.authorize(None)
        self._fence.lower()

    def authorize(self, token: Secret | None) -> None:
        """Send ``token`` with every request from now on."""
        helper.update_session("Authorization", None if token is None else f"Bearer {token.reveal()}")
        helper.set_login_state(token is not None)

    def get(self, path: str, query: Mapping[str, str], priority: Priority, patience: float) -> Reply:
        """Read ``path``, an address below the API or a whole one."""
        url = path if path.startswith("https://") else API + path

        def ask() -> Response:
            response = helper.request_get(url, "regular", dict(query), jsonify_data=False)
            assert isinstance(response, Response)  # noqa: S101 - what robin_stocks gives for jsonify_data=False
            return response

        with self._transport.purpose(Purpose(priority, patience)):
            return reply_of(ask, self._redact)

    def post(
        self, path: str, priority: Priority, *, json: Mapping[str, Any] | None = None, patience: float = 10.0, deadline: int | None = None
    ) -> Reply:
        """One POST of ``json``, or of an empty form. It is never repeated."""
        headers = {"Content-Type": "application/json"} if json is not None else {}
        with self._transport.purpose(Purpose(priority, patience, deadline)):
            return reply_of(lambda: SESSION.post(API + path, json=json, headers=headers, allow_redirects=False), self._redact)

    def post_form(self, path: str, fields: Mapping[str, str], priority: Priority, patience: float = 30.0) -> Reply:
        """One POST of a form without our token, as logins are made."""
        with self._transport.purpose(Purpose(priority, patience)):
            headers = {"Authorization": None}
            return reply_of(lambda: SESSION.post(API + path, data=dict(fields), headers=headers, allow_redirects=False), self._redact)
