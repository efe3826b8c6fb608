"""What asks a session to stop: it ends by itself, and says what is open, instead of dying where it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASKED = """
import os, signal
from framework.app.sessions.stopping import asked_to_stop

{before}
with asked_to_stop() as asked:
    os.kill(os.getpid(), signal.{name})
    print(asked())
"""


def told(name: str, before: str = "") -> str:
    script = ASKED.format(name=name, before=before)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_asks_to_stop(name):
    """SIGHUP is a terminal that was closed, or a connection to the machine that broke off."""
    assert told(name) == "True"


def test_who_was_told_to_outlive_the_terminal_does():
    assert told("SIGHUP", "signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does") == "False"
