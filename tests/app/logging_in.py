"""Somebody who is logged in at a double, for whole commands and scripts."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from brokers.robinhood.testing import ACCOUNT
from brokers.robinhood.tokens import SessionFile, Tokens
from framework.domain.secret import Secret
from framework.runtime.clock import now_ns
from framework.runtime.network.budget import budget_file

if TYPE_CHECKING:
    from pathlib import Path

    from brokers.robinhood.testing import RobinhoodDouble

USER, KEY = "trader@example.com", b"k" * 32


def logged_in(double: RobinhoodDouble, state: Path) -> dict[str, str]:
    """Write the session of a person who has logged in at ``double`` into ``state``; the environment of this person's programs."""
    issued = double.issue_token()
    access, refresh = (Secret(name, issued[name.replace(" ", "_")]) for name in ("access token", "refresh token"))
    place = budget_file(state / "sessions", "robinhood", USER).with_suffix(".session")
    SessionFile(place, KEY, USER, lambda _: None).save(Tokens(access, refresh, "device-1", now_ns(), 86_400.0))
    return {
        "ROBINHOOD_USERNAME": USER,
        "ROBINHOOD_ACCOUNT_NUMBER": ACCOUNT,
        "ONETAPE_SESSION_KEY": base64.b64encode(KEY).decode(),
        "ONETAPE_STATE": str(state),
        "ONETAPE_ROBINHOOD_URL": double.url,
    }
