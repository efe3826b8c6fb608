"""The dead man's switch of a live session: a process of its own that hears each turn of the loop, and acts when it hears nothing.

It halts the session, cancels its entries at the venue and tells a person; stops and exits stay where they are. The session itself may hang,
be suspended or be dead: nothing of it is needed. One that died and was started again in time is left alone.

It is started as ``python -m framework.app.watchdog.watchdog`` and imports what it needs when it acts, so that it costs little while all is
well.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Self

_BEAT, _END = b".", b"q"


class Watchdog:
    """The session's side. ``beat`` at each turn of the loop; the first one begins the watch.

    Args:
        folder: The run folder; what the watchdog does is in its ``watchdog.log``.
        place: Of the tape.
        beside: The config's folder, for secrets.
        seconds: The silence after which it acts.
    """

    def __init__(self, folder: Path, place: str | Path, beside: Path, seconds: float) -> None:
        # A user's data.py in the current folder is not ours; without -P it would be taken for it, on the day the watchdog acts.
        call = [sys.executable, "-P", "-m", "framework.app.watchdog.watchdog", str(folder), str(place), str(beside), str(seconds)]
        paths = [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        # A session of its own: Ctrl-C in the terminal is the trader's to hear.
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            call, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, env=environment
        )
        self._pipe = self._process.stdin
        if self._pipe is not None:
            os.set_blocking(self._pipe.fileno(), False)

    def beat(self, _now: int) -> None:
        """The loop has turned."""
        self._say(_BEAT)

    @property
    def is_there(self) -> bool:
        """Whether anybody listens."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End the watch of a session that ended; one that died of an error is watched like any that died."""
        if kind is None:
            self._say(_END)
        if self._pipe is not None:
            with suppress(OSError):
                self._pipe.close()
        if kind is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5.0)
        else:
            self._process.returncode = 0  # it goes on without us, and that is meant

    def _say(self, word: bytes) -> None:
        if self._pipe is not None:
            with suppress(OSError):  # a full pipe has beats enough; one without a reader is told by is_there
                os.write(self._pipe.fileno(), word)


class Silence(Enum):
    """Why nothing is heard."""

    HANGS = "its loop has not turned"
    DIED = "it has died, and was not started again"


def watch(pipe: int, seconds: float) -> Silence | None:
    """Listen to ``pipe`` until nothing was heard for ``seconds``, or nobody speaks any more; ``None`` where the session ended."""
    is_watching = False
    while True:
        if not select.select([pipe], [], [], seconds if is_watching else None)[0]:
            return Silence.HANGS
        heard = os.read(pipe, 4_096)
        if not heard:
            return Silence.DIED if is_watching else None
        if _END in heard:
            return None
        is_watching = True


def main(arguments: list[str]) -> None:
    """Watch the session that started this process."""
    folder, place, beside, seconds = arguments
    silence = watch(sys.stdin.fileno(), float(seconds))
    if silence is None:
        return
    since = time.time_ns()
    if silence is Silence.DIED:
        time.sleep(float(seconds))
    from framework.app.watchdog.acts import act

    act(folder, place, beside, since if silence is Silence.DIED else None, f"{silence.value} for {float(seconds):g} s")


if __name__ == "__main__":
    main(sys.argv[1:])
