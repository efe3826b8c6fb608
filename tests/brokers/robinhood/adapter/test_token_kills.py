"""A process that is killed before any one bytecode of saving its tokens leaves the old ones or the new ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

from brokers.robinhood.tokens import SessionFile, Tokens
from framework.domain.secret import Secret
from tests.brokers.robinhood.adapter.session import KEY, USER

#: Forks a child for each bytecode of ``save`` in our own code; the child kills itself before it.
KILLER = """
import os, signal, sys
from pathlib import Path
from brokers.robinhood import tokens
from brokers.robinhood.tokens import SessionFile, Tokens
from framework.domain.secret import Secret

file = SessionFile(Path(sys.argv[1]), b"k" * 32, "trader@example.com", lambda _: None)
old, new = (Tokens(Secret("a", f"access-{name}"), Secret("r", f"refresh-{name}"), name, 1, 2.0) for name in ("old", "new"))
file.save(old)
count, ended = 0, False

def tracer(frame, event, _):
    global count
    if frame.f_code.co_filename != tokens.__file__:
        return None
    frame.f_trace_opcodes = True
    if event == "opcode":
        count += 1
        if count == place:
            os.kill(os.getpid(), signal.SIGKILL)
    return tracer

place = 0
kinds = set()
while not ended:
    place += 1
    child = os.fork()
    if child == 0:
        count = 0
        sys.settrace(tracer)
        file.save(new)
        sys.settrace(None)
        os._exit(0)
    ended = os.waitpid(child, 0)[1] == 0
    found = file.load()
    assert found in (old, new), place
    kinds.add(found.device)
    file.save(old)
print(place, sorted(kinds))
"""


@pytest.mark.campaign
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_old_or_new_whenever_it_is_killed(tmp_path):
    path = tmp_path / "private" / "robinhood.session"
    ended = subprocess.run([sys.executable, "-c", KILLER, str(path)], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    places, kinds = ended.stdout.split(maxsplit=1)
    assert int(places) > 100
    assert kinds.strip() == "['new', 'old']"
    file = SessionFile(path, KEY, USER, lambda _: None)
    last = Tokens(Secret("a", "access-last"), Secret("r", "refresh-last"), "last", 1, 2.0)
    file.save(last)
    assert file.load() == last
