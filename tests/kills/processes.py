"""Traders in processes of their own, killed as the kernel kills: the venue lives on in the parent, with every byte that reached it."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection, Pipe
from typing import TYPE_CHECKING, Any

from tests.venue.clock import FakeClock
from tests.venue.scripted import BrokenError, ScriptedVenue

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from framework.domain.venue import Capabilities
    from framework.domain.venue_order import LinkCapabilities

#: Only bytecodes of ours are counted; what a library does in between shows at its borders, where it commits.
OURS = ("framework/",)
REQUESTS = ("send", "cancel", "order", "orders", "positions", "account", "quotes")


class RemoteVenue:
    """The venue as a child sees it: every request goes through a pipe to the parent."""

    def __init__(self, pipe: Connection, capabilities: Capabilities, link: LinkCapabilities, clock: FakeClock) -> None:
        self._pipe = pipe
        self.capabilities = capabilities
        self.link = link
        self.truth = self
        self.clock = clock

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def is_connected(self) -> bool:
        return True

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in REQUESTS:
            raise AttributeError(name)

        def ask(*args: object) -> Any:
            self._pipe.send((name, args))
            answer = self._pipe.recv()
            if isinstance(answer, BrokenError):
                raise answer
            return answer

        return ask


class Tracer:
    """Counts bytecodes of ours and kills the process right before number ``kill_at``; 0 only counts."""

    def __init__(self, kill_at: int = 0) -> None:
        self.count = 0
        self._kill_at = kill_at

    def __call__(self, frame: FrameType, event: str, _arg: object) -> Callable[..., Any] | None:
        if not any(part in frame.f_code.co_filename for part in OURS):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        if event == "opcode":
            self.count += 1
            if self.count == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def run(
    venue: ScriptedVenue,
    work: Callable[[RemoteVenue, Tracer], None],
    kill_at: int = 0,
    before: Callable[[str], bool] = lambda _name: False,
) -> int:
    """Let a child do ``work``; the parent serves its requests. Returns the number of bytecodes it counted, 0 when it was killed.

    ``before(name)`` is asked for each request that arrived, before it is served: true kills the child there, and the request stands.
    """
    ours, theirs = Pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        ours.close()
        os.close(told)
        _live(venue, work, kill_at, theirs, tell)
    theirs.close()
    os.close(tell)
    _serve(venue, ours, child, before)
    counted = os.read(told, 64)
    os.close(told)
    ours.close()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError("the trader failed; its traceback is above")
    return int(counted or 0)


def _live(venue: ScriptedVenue, work: Callable[[RemoteVenue, Tracer], None], kill_at: int, pipe: Connection, tell: int) -> None:
    code = 1
    try:
        tracer = Tracer(kill_at)
        clock = FakeClock(venue.truth.clock.now(), venue.truth.clock.monotonic())
        work(RemoteVenue(pipe, venue.capabilities, venue.link, clock), tracer)
        os.write(tell, str(tracer.count).encode())
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the child ends here and the parent hears of it
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _serve(venue: ScriptedVenue, pipe: Connection, child: int, before: Callable[[str], bool]) -> None:
    while True:
        try:
            name, args = pipe.recv()
        except (EOFError, ConnectionResetError):
            return
        dies = before(name)
        try:
            answer = getattr(venue, name)(*args)
        except BrokenError as error:
            answer = error
        if dies:
            os.kill(child, signal.SIGKILL)
        try:
            pipe.send(answer)
        except (BrokenPipeError, ConnectionResetError):
            return


def traced(tracer: Tracer, work: Callable[[], object]) -> None:
    """Do ``work`` under the tracer."""
    sys.settrace(tracer)
    try:
        work()
    finally:
        sys.settrace(None)
