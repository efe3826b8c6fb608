"""A run folder with everything in it, its report too, made where secrets are at hand: none of them is in it, in eight spellings."""

from __future__ import annotations

import base64

import pytest

from brokers.robinhood.testing.market import derived_id
from tests.app.project import call
from tests.app.test_live_rehearsal import project
from tests.brokers.robinhood.live.canary import PASSWORD, TOTP
from tests.brokers.robinhood.live.test_canaries import spelled

SECRETS = {
    "ROBINHOOD_USERNAME": "kanarie.user@example.com",
    "ROBINHOOD_PASSWORD": PASSWORD,
    "ROBINHOOD_TOTP_SECRET": TOTP,
    "ROBINHOOD_ACCOUNT_NUMBER": "7KA99123",
    "ONETAPE_SESSION_KEY": base64.b64encode(b"kanarie-kanarie-kanarie-kanarie!").decode(),
}


@pytest.mark.slow
def test_no_secret_is_in_a_run_folder_or_its_report(folder, monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    project(folder)
    assert call("live", "--rehearse", "--days", "8", "--out", "run", "--quiet").code == 0
    assert call("report", "run").code == 0
    left = {path.relative_to(folder / "run").as_posix(): path.read_bytes() for path in (folder / "run").rglob("*") if path.is_file()}
    assert {"report.html", "summary.json", "config.toml", "orders.csv", "tape.db"} <= set(left)
    secrets = [*SECRETS.values(), *(derived_id(kind, number) for kind in ("access", "refresh") for number in range(1, 10))]
    found = [(name, how) for name, raw in left.items() for secret in secrets for how, form in spelled(secret).items() if form in raw]
    assert found == []
