"""Who may come in: passwords, codes, devices, tokens that end, and a lock after too many failures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from brokers.robinhood.testing.answers import THROTTLED, Answer
from brokers.robinhood.testing.clock import SECOND
from brokers.robinhood.testing.market import derived_id
from brokers.robinhood.testing.otp import is_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brokers.robinhood.testing.clock import VirtualClock

BAD_CREDENTIALS = "Unable to log in with provided credentials."
PENDING = "workflow_status_internal_pending"
FAILURES, LOCK = 3, 300 * SECOND


@dataclass(slots=True)
class Credentials:
    """The one user of the double. Without ``totp_secret`` no code is asked for."""

    username: str = "trader@example.com"
    password: str = "an-example-only"  # noqa: S105 - of a double
    totp_secret: str | None = "JBSWY3DPEHPK3PXP"  # noqa: S105 - of a double; 80 bits, as Robinhood's are


@dataclass(slots=True)
class Workflow:
    """A verification of a device that a person has to end."""

    id: str
    device: str
    challenge: str
    approved: bool = False


@dataclass(slots=True)
class GateSettings:
    """How strict the gate is.

    Attributes:
        verification: ``prompt``, ``sms`` or ``email``: how a new device is verified; empty: it is not.
        code: What the sms or the e-mail says.
        access_seconds: Life of an access token.
        refresh_needs_person: Whether a refresh is answered with a workflow.
        legacy: Whether a password is answered with the challenge of before 2024-12.
        mfa_type: Of the second factor: ``app`` or ``sms``.
    """

    verification: str = ""
    code: str = "135790"
    access_seconds: float = 691_200.0
    refresh_needs_person: bool = False
    legacy: bool = False
    mfa_type: str = "app"


class Gate:
    """Tokens given out, and what it takes to get one."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._numbers = count(1)
        self.credentials = Credentials()
        self.settings = GateSettings()
        self.access: dict[str, int] = {}
        self.refresh: set[str] = set()
        self.devices: set[str] = set()
        self.workflows: dict[str, Workflow] = {}
        self.failures: list[int] = []

    def grant(self, fields: Mapping[str, Any]) -> Answer:
        """``POST /oauth2/token/``."""
        if self.is_locked():
            return Answer.json(429, {"detail": THROTTLED.format(LOCK // SECOND)})
        if fields.get("grant_type") == "refresh_token":
            return self._by_refresh(fields)
        if fields.get("grant_type") == "password":
            return self._by_password(fields)
        return Answer.json(403, {"detail": "unsupported_grant_type"})

    def is_locked(self) -> bool:
        """Whether too many logins have failed in the last minutes."""
        since = self._clock.now() - LOCK
        self.failures = [at for at in self.failures if at > since]
        return len(self.failures) >= FAILURES

    def admits(self, token: str) -> bool:
        """Whether ``token`` is an access token that lives."""
        return self.access.get(token, 0) > self._clock.now()

    def issue(self) -> dict[str, Any]:
        """A new pair of tokens, as a login gets it."""
        number = next(self._numbers)
        access, refresh = derived_id("access", number), derived_id("refresh", number)
        self.access[access] = self._clock.now() + int(self.settings.access_seconds * SECOND)
        self.refresh.add(refresh)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": int(self.settings.access_seconds),
            "token_type": "Bearer",
            "scope": "internal",
            "mfa_code": None,
            "backup_code": None,
            "user_uuid": derived_id("user"),
        }

    def revoke(self, token: str) -> None:
        """``token`` is worth nothing any more."""
        self.access.pop(token, None)
        self.refresh.discard(token)

    def expire(self) -> None:
        """All access tokens end now; refresh tokens live on."""
        self.access.clear()

    def approve(self) -> int:
        """A person approves every device that waits; how many did."""
        waiting = [one for one in self.workflows.values() if not one.approved]
        for one in waiting:
            one.approved = True
        return len(waiting)

    def is_valid_code(self, given: str) -> bool:
        """Whether ``given`` answers a challenge: the code that was sent, or one of the authenticator's."""
        return given == self.settings.code or self._is_totp(given)

    def finish(self, workflow: Workflow) -> None:
        """The device of an approved workflow is known from now on."""
        self.devices.add(workflow.device)

    def _by_refresh(self, fields: Mapping[str, Any]) -> Answer:
        given = str(fields.get("refresh_token", ""))
        if self.settings.refresh_needs_person:
            return self._ask_person()
        if given not in self.refresh:
            return self._failed({"detail": "Invalid refresh token.", "error": "invalid_grant"})
        # Both tokens rotate: the pair before is dead.
        self.refresh.clear()
        self.access.clear()
        return Answer.json(200, self.issue())

    def _by_password(self, fields: Mapping[str, Any]) -> Answer:
        mine = self.credentials
        if (fields.get("username"), fields.get("password")) != (mine.username, mine.password):
            return self._failed({"detail": BAD_CREDENTIALS})
        if self.settings.legacy:
            return Answer.json(400, {"detail": "Request blocked, challenge issued.", "challenge": self._legacy_challenge()})
        if mine.totp_secret is not None and (asked := self._ask_code(fields)) is not None:
            return asked
        if self.settings.verification and str(fields.get("device_token")) not in self.devices:
            return self._ask_person()
        return Answer.json(200, self.issue())

    def _ask_code(self, fields: Mapping[str, Any]) -> Answer | None:
        if not fields.get("mfa_code"):
            return Answer.json(200, {"mfa_required": True, "mfa_type": self.settings.mfa_type})
        if self._is_totp(str(fields["mfa_code"])):
            return None
        return self._failed({"detail": "Please enter a valid code.", "mfa_required": True, "mfa_type": self.settings.mfa_type})

    def _is_totp(self, given: str) -> bool:
        secret = self.credentials.totp_secret
        return secret is not None and is_code(secret, given, self._clock.now() // SECOND)

    def _ask_person(self) -> Answer:
        workflow = derived_id("workflow", next(self._numbers))
        return Answer.json(403, {"verification_workflow": {"id": workflow, "workflow_status": PENDING}})

    def _legacy_challenge(self) -> dict[str, Any]:
        names = {"id": derived_id("challenge"), "user": derived_id("user"), "type": "sms", "alternate_type": "email", "status": "issued"}
        return {**names, "remaining_retries": 3, "remaining_attempts": 3}

    def _failed(self, body: dict[str, Any]) -> Answer:
        self.failures.append(self._clock.now())
        return Answer.json(400, body)
