"""The files of a session: JSON, UTC, correlated, cut at their size, and without a secret whatever happens."""

from __future__ import annotations

import base64
import errno
import io
import json
import logging
import re
import resource
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from framework.domain.secret import Secret
from framework.errors import OnetapeError
from framework.runtime.logs.context import about
from framework.runtime.logs.redaction import Redactor
from framework.runtime.logs.session import ORDERS, TRADES, SessionLogs

CANARY = 'tok"en/+example\\77'


@pytest.fixture
def redact():
    return Redactor([Secret("token", CANARY)])


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_who_where_and_in_which_session(tmp_path, redact):
    with SessionLogs(tmp_path, "session-1", redact) as logs, about(order_id="o-1", client_id="c-1"):
        logs.logger("orders").info("sent", symbol="AAPL")
        logging.getLogger("urllib3").warning("retrying %s", "x")
    first, second = lines(tmp_path / "app.log")
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "sent",
        "symbol": "AAPL",
        "order_id": "o-1",
        "client_id": "c-1",
        "level": "info",
        "logger": "onetape.orders",
        "session_id": "session-1",
    }
    assert (second["event"], second["logger"], second["order_id"], second["session_id"]) == ("retrying x", "urllib3", "o-1", "session-1")


def test_each_kind_of_line_has_its_file(tmp_path, redact):
    with SessionLogs(tmp_path, "s", redact) as logs:
        logs.logger(ORDERS).info("an order")
        logs.logger(TRADES).info("a trade")
        logs.logger("app").error("an error")
        logs.logger("app").debug("a detail")
    found = {path.name: [line["event"] for line in lines(path)] for path in tmp_path.iterdir()}
    assert found == {
        "app.log": ["an order", "a trade", "an error"],
        "orders.jsonl": ["an order", "a trade"],
        "trades.log": ["a trade"],
        "errors.log": ["an error"],
    }


def test_the_files_belong_to_their_owner(tmp_path, redact):
    with SessionLogs(tmp_path, "s", redact):
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_a_file_is_cut_at_its_size_and_five_older_parts_stay(tmp_path, redact):
    with SessionLogs(tmp_path, "s", redact, max_bytes=2_000) as logs:
        for number in range(200):
            logs.logger("app").info("x" * 100, number=number)
    assert sorted(path.name for path in tmp_path.glob("app.log*")) == ["app.log", *(f"app.log.{part}" for part in range(1, 6))]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.glob("app.log*"))
    assert lines(tmp_path / "app.log")[-1]["number"] == 199
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("app.log*")} == {0o600}


def raise_in_depth(text):
    held = {text: 1}
    try:
        int(f"401 for {text}")
    except ValueError as error:
        raise RuntimeError(f"refused: {held}") from error


def test_no_secret_is_in_any_file_whoever_logged_it_and_however(tmp_path, redact, capsys):
    echo = io.StringIO()
    with SessionLogs(tmp_path, CANARY, redact, echo) as logs, about(order_id=CANARY, client_id="c-1"):
        log = logs.logger("app")
        log.warning("Authorization: Bearer %s", CANARY)
        log.error("body", body=json.dumps({"a": CANARY}), url=quote(CANARY, safe=""), login=base64.b64encode(f"u:{CANARY}".encode()))
        log.error("nested", body={CANARY: [CANARY, CANARY.encode(), {"x": CANARY.encode().hex()}]})
        logging.getLogger("requests").error("headers %r", {"Authorization": f"Bearer {CANARY}"}, extra={"more": CANARY})
        try:
            raise_in_depth(CANARY)
        except RuntimeError:
            log.exception("failed")
            logging.getLogger("elsewhere").exception("failed")
        stream = logs.stream("robin_stocks")
        print(f"Error for url {CANARY}", "and more", file=stream)
        print(CANARY, end="", file=stream)
        stream.flush()
        thread = threading.Thread(target=raise_in_depth, args=(CANARY,))
        thread.start()
        thread.join()
        sys.excepthook(ValueError, ValueError(CANARY), None)
    shown = capsys.readouterr()
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir()) + echo.getvalue() + shown.out + shown.err
    assert text.count("[redacted]") > 30
    for form in (
        CANARY,
        json.dumps(CANARY)[1:-1],
        json.dumps(json.dumps(CANARY)[1:-1])[1:-1],
        quote(CANARY, safe=""),
        CANARY.encode().hex(),
    ):
        assert form.lower() not in text.lower()
    assert not re.search(r"tok.{1,4}en", text)


def test_warnings_and_errors_are_shown_and_the_rest_is_not(tmp_path, redact):
    echo = io.StringIO()
    with SessionLogs(tmp_path, "s", redact, echo) as logs:
        logs.logger("app").info("quiet")
        logs.logger("app").warning("loud")
    assert [json.loads(line)["event"] for line in echo.getvalue().splitlines()] == ["loud"]


def test_everything_is_as_before_when_the_session_ends(tmp_path, redact):
    root = logging.getLogger()
    before = (list(root.handlers), root.level, sys.excepthook, threading.excepthook)
    with SessionLogs(tmp_path, "s", redact):
        assert sys.excepthook is not before[2]
    assert (list(root.handlers), root.level, sys.excepthook, threading.excepthook) == before
    assert not logging.getLogger("onetape.orders").handlers


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path, redact, capsys):
    with SessionLogs(tmp_path, "s", redact) as logs:
        file = logs._everything[0]
        file.stream.close()
        file.stream = FullDisk()
        logs.logger("app").info(CANARY)
        assert logs.lost == 1
        file.stream = None
    assert capsys.readouterr().err == ""


class FullDisk(io.StringIO):
    def write(self, _):
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def no_room():
    """No file can grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_that_was_to_be_cut_on_a_full_disk_goes_on_when_there_is_room(tmp_path, redact):
    """A log that fills the disk is cut just then; what is said for weeks afterwards must not be lost, nor the end of the session."""
    with SessionLogs(tmp_path, "s-1", redact) as logs:
        app = logs.logger("app")
        app.info("before")
        with no_room():
            for _ in range(5):
                app.error("lost")
            logs.rotate()
            app.error("lost too")
        app.error("after")
    for name in ("app.log", "errors.log"):
        assert "after" in "".join(path.read_text() for path in tmp_path.glob(f"{name}*"))


def test_a_session_ends_on_a_full_disk(tmp_path, redact):
    with no_room(), SessionLogs(tmp_path, "s-1", redact) as logs:
        logs.logger("app").error("lost")


def test_a_folder_that_cannot_be_written_is_named(tmp_path, redact):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(OnetapeError, match="logs cannot be written"):
        SessionLogs(tmp_path / "logs", "s", redact)


def test_a_backtest_does_not_pay_for_logs():
    modules = "framework.app.commands.cli, framework.app.backtest.run"
    code = f"import sys, {modules}; print(sorted({{'structlog', 'tenacity', 'apprise'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
