"""What Robinhood answers to a login, read into what has to be done next."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.tokens import Tokens
from framework.domain.secret import Secret
from framework.rules.outcomes import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from brokers.robinhood.replies import Reply
    from framework.rules.pacing.refusals import Hint

_CLIENT = MappingProxyType({"client_id": "c82SH0WZOsabOXGP2sxqcj34FxkvfnWRZBKlBjFS", "expires_in": "86400", "scope": "internal"})
#: A life the venue names is not believed beyond these bounds, seconds.
_SHORTEST, _LONGEST, _USUAL = 300.0, 30 * 86_400.0, 86_400.0


class Verdict(StrEnum):
    """What became of a login."""

    GRANTED = "granted"
    CODE_WANTED = "code_wanted"  # a code of the authenticator app, or another one
    VERIFICATION = "verification"  # a person has to approve the device
    REFUSED = "refused"
    THROTTLED = "throttled"
    NO_ANSWER = "no_answer"


class Grant(NamedTuple):
    """The answer to a login; ``workflow`` is the verification's id."""

    verdict: Verdict
    tokens: Tokens | None = None
    workflow: str = ""
    hint: Hint | None = None
    reason: str = ""


def refresh_form(tokens: Tokens) -> Mapping[str, str]:
    """What exchanges a pair of tokens for the next."""
    refresh = tokens.refresh.reveal()
    return {**_CLIENT, "grant_type": "refresh_token", "refresh_token": refresh, "device_token": tokens.device}


def password_form(username: str, password: Secret, device: str, code: str | None) -> Mapping[str, str]:
    """What logs in with a password; the fields are robin_stocks'."""
    form = {
        **_CLIENT,
        "grant_type": "password",
        "username": username,
        "password": password.reveal(),
        "device_token": device,
        "try_passkeys": "False",
        "token_request_path": "/login",
        "create_read_only_secondary_token": "True",
    }
    return form if code is None else {**form, "mfa_code": code}


def granted(reply: Reply, device: str, now: int) -> Grant:
    """What ``reply`` to a login means."""
    fields = reply.fields
    access, refresh = fields.get("access_token"), fields.get("refresh_token")
    if reply.is_good and isinstance(access, str) and isinstance(refresh, str) and access and refresh:
        tokens = Tokens(Secret("access token", access), Secret("refresh token", refresh), device, now, _life(fields.get("expires_in")))
        return Grant(Verdict.GRANTED, tokens)
    workflow = fields.get("verification_workflow")
    if isinstance(workflow, dict) and isinstance(workflow.get("id"), str):
        return Grant(Verdict.VERIFICATION, workflow=workflow["id"], reason="the device has to be approved by a person")
    if fields.get("mfa_required"):
        return Grant(Verdict.CODE_WANTED, reason="a code is wanted" if reply.is_good else reply.reason)
    if reply.status == 429:
        return Grant(Verdict.THROTTLED, hint=reply.hint, reason=reply.reason)
    if reply.stage is not Stage.ANSWERED or not isinstance(reply.body, dict) or reply.status >= 500:
        return Grant(Verdict.NO_ANSWER, reason=reply.reason)
    return Grant(Verdict.REFUSED, reason=reply.reason)


def _life(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return _USUAL
    return min(max(float(seconds), _SHORTEST), _LONGEST)
