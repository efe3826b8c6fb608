"""Logging in with a person at hand: password, one-time code, approval of the device; every wait has an end."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple, Protocol

from brokers.robinhood.grants import Grant, Verdict, granted, password_form
from brokers.robinhood.otp import STEP_SECONDS, code_at
from framework.domain.request import Priority
from framework.errors import AuthenticationError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from brokers.robinhood.replies import Reply
    from brokers.robinhood.tokens import Tokens
    from brokers.robinhood.wire import Wire
    from framework.domain.secret import Secret
    from framework.engine.network import Clock, RequestBudget

#: Seconds for a person to approve the device, and between two looks: looking counts against the account's limit too.
APPROVAL_SECONDS, LOOK_SECONDS = 300.0, 5.0
_CODE_TRIES = 3
_APPROVED = "workflow_status_approved"


class Person(Protocol):
    """Who sits in front of the terminal."""

    def tell(self, text: str) -> None:
        """Show ``text``."""

    def ask(self, question: str) -> str:
        """What was typed.

        Raises:
            AuthenticationError: Nobody is there.
        """


class Credentials(NamedTuple):
    """What logs in; without ``totp`` the person is asked for codes."""

    username: str
    password: Secret
    totp: Secret | None


class Login:
    """One login.

    Args:
        wire: To the venue, open.
        attempts: How often a login may be tried; its memory outlives the process.
        clock: Monotonic.
        now: ns UTC, for one-time codes.
        person: Who approves and types.
    """

    def __init__(self, wire: Wire, attempts: RequestBudget, clock: Clock, now: Callable[[], int], person: Person) -> None:
        self._wire, self._attempts, self._clock, self._now, self._person = wire, attempts, clock, now, person

    def run(self, credentials: Credentials, device: str) -> Tokens:
        """Log ``device`` in.

        Raises:
            AuthenticationError: It did not work; the message says why and what to do. Nothing is tried again by itself.
        """
        try:
            with self._attempts.slot(Priority.PROTECTION, patience=0.0):
                grant = self._granted(credentials, device)
        except ThrottledError as error:
            raise AuthenticationError(
                f"logins were tried too often lately; wait {error.retry_after:.0f} s, or Robinhood locks the account"
            ) from None
        if grant.tokens is not None:
            return grant.tokens
        if grant.verdict is Verdict.THROTTLED:
            seconds = self._attempts.refused(grant.hint)
            raise AuthenticationError(
                f"Robinhood takes no login from here now ({grant.reason}); wait at least {seconds:.0f} s, do not repeat"
            )
        if grant.verdict is Verdict.NO_ANSWER:
            raise AuthenticationError(f"Robinhood did not answer the login ({grant.reason}); try again later")
        raise AuthenticationError(f"Robinhood refused the login ({grant.reason}); check user name, password and one-time secret")

    def _granted(self, credentials: Credentials, device: str) -> Grant:
        grant = self._with_code(credentials, device)
        if grant.verdict is Verdict.VERIFICATION:
            self._verify(grant.workflow, device)
            # The same device: it is the one that was approved. The code of before has expired.
            grant = self._with_code(credentials, device)
        return grant

    def _with_code(self, credentials: Credentials, device: str) -> Grant:
        """The password with a code; a code that was refused is tried once more, with the next one."""
        grant = self._ask(credentials, device, self._code(credentials))
        if grant.verdict is not Verdict.CODE_WANTED:
            return grant
        if credentials.totp is None:
            return self._ask(credentials, device, self._person.ask("Code of your authenticator app, or from the text message: ").strip())
        self._clock.sleep(STEP_SECONDS - self._now() / 1e9 % STEP_SECONDS + 1.0)
        again = self._ask(credentials, device, self._code(credentials))
        if again.verdict is Verdict.CODE_WANTED:
            return Grant(
                Verdict.REFUSED, reason=f"{again.reason}; the one-time secret is not this account's, or this machine's clock is wrong"
            )
        return again

    def _code(self, credentials: Credentials) -> str | None:
        return None if credentials.totp is None else code_at(credentials.totp, self._now() // 1_000_000_000)

    def _ask(self, credentials: Credentials, device: str, code: str | None) -> Grant:
        form = password_form(credentials.username, credentials.password, device, code)
        return granted(self._wire.post_form("/oauth2/token/", form, Priority.PROTECTION), device, self._now())

    def _verify(self, workflow: str, device: str) -> None:
        """See a device verification to its end."""
        until = self._clock.now_ns() + round(APPROVAL_SECONDS * 1e9)
        given = {"device_id": device, "flow": "suv", "input": {"workflow_id": workflow}}
        machine = self._needed(self._wire.post("/pathfinder/user_machine/", Priority.PROTECTION, json=given), "id")
        view = f"/pathfinder/inquiries/{machine}/user_view/"
        told = ""
        while self._clock.now_ns() < until:
            challenge = self._challenge(view)
            if challenge is None:
                self._clock.sleep(LOOK_SECONDS)
                continue
            kind, number = str(challenge.get("type")), str(challenge.get("id"))
            if kind != told:
                self._explain(kind)
                told = kind
            if self._is_passed(challenge, kind, number) and self._is_confirmed(view):
                self._person.tell("The device is approved.")
                return
            self._clock.sleep(LOOK_SECONDS)
        raise AuthenticationError(
            f"nobody approved the device within {APPROVAL_SECONDS:.0f} s; run `onetape login` again and approve it in the app"
        )

    def _challenge(self, view: str) -> Mapping[str, Any] | None:
        fields = self._wire.get(view, {}, Priority.STATUS, LOOK_SECONDS * 4).fields
        context = fields.get("context") or (fields.get("type_context") or {}).get("context") or {}
        found = context.get("sheriff_challenge") if isinstance(context, dict) else None
        return found if isinstance(found, dict) else None

    def _explain(self, kind: str) -> None:
        if kind == "prompt":
            self._person.tell("Open the Robinhood app on your phone and approve the login of this device (within 5 minutes).")
        else:
            self._person.tell(f"Robinhood sends you a code by {kind}.")

    def _is_passed(self, challenge: Mapping[str, Any], kind: str, number: str) -> bool:
        if challenge.get("status") == "validated":
            return True
        if kind == "prompt":
            fields = self._wire.get(f"/push/{number}/get_prompts_status/", {}, Priority.STATUS, LOOK_SECONDS * 4).fields
            return fields.get("challenge_status") == "validated"
        return self._types_code(kind, number)

    def _types_code(self, kind: str, number: str) -> bool:
        for _ in range(_CODE_TRIES):
            code = self._person.ask(f"Code from the {kind}: ").strip()
            reply = self._wire.post_form(f"/challenge/{number}/respond/", {"response": code}, Priority.PROTECTION)
            if reply.fields.get("status") == "validated":
                return True
            self._person.tell(f"That was not it. {reply.reason}")
        raise AuthenticationError(f"{_CODE_TRIES} wrong codes; run `onetape login` again")

    def _is_confirmed(self, view: str) -> bool:
        given = {"sequence": 0, "user_input": {"status": "continue"}}
        fields = self._wire.post(view, Priority.PROTECTION, json=given).fields
        told = (fields.get("type_context") or {}, fields.get("context") or {}, fields.get("verification_workflow") or {})
        return any(_APPROVED in (one.get("result"), one.get("workflow_status")) for one in told if isinstance(one, dict))

    def _needed(self, reply: Reply, name: str) -> str:
        found = reply.fields.get(name)
        if not isinstance(found, str):
            raise AuthenticationError(
                f"Robinhood began a verification and did not go on with it ({reply.reason}); run `onetape login` again"
            )
        return found


def new_device() -> str:
    """An id for this machine, in the form the venue knows."""
    text = hashlib.sha256(os.urandom(32)).hexdigest()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))
