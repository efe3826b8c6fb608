"""Alerts reach an SMTP server and a webhook, by severity, once in a while, and never with a secret."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from framework.domain.secret import Secret
from framework.errors import ConfigError
from framework.runtime.alerts import Alerts, Channel, RateGate, Severity
from framework.runtime.logs.redaction import Redactor

# One of Apprise's plugins imports a module that is about to leave the standard library.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class HandClock:
    now = 0

    def now_ns(self):
        return self.now

    def sleep(self, seconds):
        self.now += round(seconds * 1e9)


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as takes a message."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                message = []
                while (part := self.rfile.readline()) != b".\r\n":
                    message.append(part)
                self.server.received.append(b"".join(message).decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serving(server):
    server.received, server.status = [], 200
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()
    return server


@pytest.fixture
def mail():
    with serving(MailServer(("127.0.0.1", 0), Mailbox)) as server:
        yield server
        server.shutdown()


@pytest.fixture
def hook():
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Hook)) as server:
        yield server
        server.shutdown()


def mail_url(server):
    host, port = server.server_address
    return Secret("mail", f"mailto://{host}:{port}/?from=bot@onetape.example&to=me@onetape.example&mode=insecure")


def hook_url(server):
    host, port = server.server_address
    return Secret("hook", f"json://{host}:{port}/alerts")


def plain(text):
    return text


def test_a_critical_alert_reaches_mail_and_webhook(mail, hook):
    with Alerts([Channel(mail_url(mail), Severity.CRITICAL), Channel(hook_url(hook))], plain) as alerts:
        assert alerts.alert(Severity.CRITICAL, "no stop", "AAPL is unprotected")
    assert alerts.undelivered == 0
    assert "[CRITICAL] no stop" in mail.received[0]
    assert "AAPL is unprotected" in mail.received[0]
    assert [(one["title"], one["message"], one["type"]) for one in hook.received] == [
        ("[CRITICAL] no stop", "AAPL is unprotected", "failure")
    ]


def test_a_channel_hears_what_is_severe_enough_for_it(mail, hook):
    with Alerts([Channel(mail_url(mail), Severity.CRITICAL), Channel(hook_url(hook), Severity.WARNING)], plain) as alerts:
        for severity in Severity:
            alerts.alert(severity, "x", "y")
    assert len(mail.received) == 1
    assert [one["title"] for one in hook.received] == ["[WARNING] x", "[CRITICAL] x"]


def test_a_channel_that_is_down_does_not_silence_the_others(mail, hook):
    hook.status = 500
    with Alerts([Channel(hook_url(hook)), Channel(mail_url(mail))], plain) as alerts:
        alerts.alert(Severity.INFO, "x", "y")
    assert (len(mail.received), alerts.undelivered) == (1, 0)


def test_alerts_that_reach_nobody_are_counted_until_one_does(hook):
    hook.status = 500
    alerts = Alerts([Channel(hook_url(hook))], plain, RateGate(HandClock(), quiet_seconds=0.0))
    for _ in range(2):
        alerts.alert(Severity.INFO, "x", "y")
    alerts.close()
    assert alerts.undelivered == 2


def test_repetitions_are_held_back_and_counted(hook):
    clock = HandClock()
    with Alerts([Channel(hook_url(hook))], plain, RateGate(clock)) as alerts:
        sent = [alerts.alert(Severity.CRITICAL, "again", "y") for _ in range(5)]
        clock.sleep(300.0)
        sent.append(alerts.alert(Severity.CRITICAL, "again", "y"))
    assert sent == [True, False, False, False, False, True]
    assert [one["message"] for one in hook.received] == ["y", "y\n(4 more since the last message)"]


def test_an_hour_has_room_for_a_number_of_alerts_and_every_critical_one():
    clock = HandClock()
    gate = RateGate(clock, most_an_hour=3)
    assert [gate.passes(Severity.WARNING, str(number)) for number in range(5)] == [0, 0, 0, None, None]
    assert gate.passes(Severity.CRITICAL, "now") == 0
    clock.sleep(3_600.0)
    assert gate.passes(Severity.WARNING, "3") == 1


def test_no_alert_holds_a_secret(hook):
    redact = Redactor([Secret("token", "tok-12345-example")])
    with Alerts([Channel(hook_url(hook))], redact) as alerts:
        alerts.alert(Severity.INFO, "tok-12345-example", "refused: tok-12345-example")
    assert hook.received[0]["title"] == "[INFO] [redacted]"
    assert hook.received[0]["message"] == "refused: [redacted]"


def test_a_url_that_is_none_is_refused_without_showing_it():
    with pytest.raises(ConfigError, match="ALERT_URL is not an Apprise URL") as error:
        Alerts([Channel(Secret("ALERT_URL", "nonsense-example"))], plain)
    assert "nonsense" not in str(error.value)
