"""Nothing that is secret is left in anything a live session leaves behind, in eight spellings."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from brokers.robinhood.testing import DoubleProcess
from tests.brokers.robinhood.live.canary import PASSWORD, SECRETS, TOTP, session
from tests.brokers.robinhood.live.children import child_of, ended

SPELLINGS = {
    "raw": lambda text: text,
    "URL": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "lower case": str.lower,
    "split": lambda text: text[: len(text) // 2] + "\n" + text[len(text) // 2 :],
}


def spelled(secret):
    return {name: spell(secret).encode() for name, spell in SPELLINGS.items()}


@pytest.fixture(scope="module")
def remains(tmp_path_factory):
    """(what it is called, its bytes) of everything the session left, and the tokens it used."""
    folder = tmp_path_factory.mktemp("run")
    with DoubleProcess(speed=10.0) as double:
        double.configure(request_takes=0.0)
        double.configure_login(password=PASSWORD, totp_secret=TOTP)
        code = ended(child_of(lambda: session(double.url, folder), folder / "said"))
        seen = double.requests()
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return files, code, seen


def test_the_session_went_as_wrong_as_it_was_to(remains):
    left, code, seen = remains
    assert code != 0
    assert {"logs/app.log", "logs/errors.log", "logs/orders.jsonl", "tape.db", "budget.db"} <= set(left)
    assert b"it failed" in left["logs/app.log"]
    assert b"Traceback" in left["said"]
    assert b"redacted" in left["said"]
    assert sum(method == "POST" and path == "/orders/" for _, method, path, _ in seen) >= 4
    assert any(b"HTTP/1.1" in line for line in left["logs/app.log"].splitlines())


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_secret_is_in_anything_it_left(remains, spelling):
    left, _, _ = remains
    found = [(name, secret[:4]) for name, raw in left.items() for secret in SECRETS if spelled(secret)[spelling] in raw]
    assert found == []


def test_no_token_is_in_anything_it_left(remains):
    left, _, _ = remains
    # Tokens of the double are ids derived from their number.
    from brokers.robinhood.testing.market import derived_id

    tokens = [derived_id(kind, number) for kind in ("access", "refresh") for number in range(1, 30)]
    spellings = [(name, form) for token in tokens for name, form in spelled(token).items()]
    assert [(name, how) for name, raw in left.items() for how, form in spellings if form in raw] == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_that_was_left_would_be_found(spelling):
    assert spelled(PASSWORD)[spelling] in b"before " + spelled(PASSWORD)[spelling] + b" after"
