"""Who is told, as the config has it."""

from __future__ import annotations

import socketserver
import threading

import pytest

from framework.app.arming.alerting import alerts_of, channels_of, examine_alerts
from framework.app.crash import is_secret, redactor_of_environment
from framework.errors import ConfigError
from framework.runtime.alerts import Severity
from framework.runtime.loading import validated
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore
from tests.app.project import tree

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise
NOBODY = "json://127.0.0.1:9/nobody"


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as takes a message."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (part := self.rfile.readline()) != b".\r\n":
                    self.server.received.append(part.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")


@pytest.fixture
def mail():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def config(**alerts):
    return validated(tree(alerts=alerts), "a test")


def test_the_address_without_a_target_hears_everything_and_one_with_a_target_is_not_told_twice(folder, monkeypatch):
    secrets = SecretStore(folder, Redactor())
    assert channels_of(config(), secrets) == []
    monkeypatch.setenv("ONETAPE_ALERT_URL", NOBODY)
    (plain,) = channels_of(config(), SecretStore(folder, Redactor()))
    assert (plain.name, plain.least) == ("", Severity.INFO)
    named = config(targets={"desk": {"variable": "ONETAPE_ALERT_URL", "least": "warning"}})
    (desk,) = channels_of(named, SecretStore(folder, Redactor()))
    assert (desk.name, desk.least) == ("desk", Severity.WARNING)


def test_the_pace_is_the_config_s(folder, monkeypatch):
    monkeypatch.setenv("ONETAPE_ALERT_URL", NOBODY)
    settings = config(quiet_seconds=0, most_an_hour=2)
    with alerts_of(settings, channels_of(settings, SecretStore(folder, Redactor())), str) as alerts:
        assert [alerts.alert(Severity.INFO, "again", "x") for _ in range(3)] == [True, True, False]
    assert alerts_of(settings, [], str) is None


def test_an_examination_sends_a_mail(folder, mail, monkeypatch):
    host, port = mail.server_address
    monkeypatch.setenv("MY_MAIL", f"mailto://{host}:{port}/?from=bot@onetape.example&to=me@onetape.example&mode=insecure")
    (check,) = examine_alerts(config(targets={"me": {"variable": "MY_MAIL", "least": "critical"}}), folder)
    assert check == ("alerts me", True, "delivered; hears critical and above")
    assert any("[CRITICAL] test alert" in line for line in mail.received)


@pytest.mark.parametrize("variable", ["mailto://me:word@example.com", "lower_case", "A", ""])
def test_what_is_no_name_of_a_variable_is_refused_without_being_shown(variable):
    with pytest.raises(ConfigError, match="is the name of an environment variable") as refused:
        config(targets={"desk": {"variable": variable}})
    assert not variable or len(variable) < 3 or variable not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("ROBINHOOD_PASSWORD", True),
        ("ROBINHOOD_ACCOUNT_NUMBER", True),
        ("ONETAPE_SESSION_KEY", True),
        ("ONETAPE_ALERT_URL_PAGER", True),
        ("POLYGON_API_KEY", True),
        ("ONETAPE__ACCOUNT__CASH", False),
        ("ROBINHOOD_RATE_LIMIT_WINDOW", False),
        ("PATH", False),
    ],
)
def test_variables_are_secrets_by_their_names(name, secret):
    assert is_secret(name) is secret


def test_a_broken_env_file_does_not_hide_what_the_environment_has(folder, monkeypatch):
    (folder / ".env").write_text("no equals sign\n")
    monkeypatch.setenv("ROBINHOOD_PASSWORD", "canary-123456")
    assert redactor_of_environment(folder)("it was canary-123456") == "it was [redacted]"
