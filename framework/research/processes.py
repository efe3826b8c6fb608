"""Worker processes of this machine.

One pipe each: when a worker dies it is known which trial killed it, and the others go on (the pools of the standard library give up all).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import contextmanager, redirect_stdout, suppress
from multiprocessing.connection import wait as wait_for
from typing import TYPE_CHECKING, Self, cast

from framework.errors import ConfigError
from framework.research.sharing import attach, share
from framework.research.workers import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path

    from framework.research.trial import Recipe, Trial

#: Processes share the cores already; libraries of linear algebra read these when they are loaded.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_READY = "ready"
_PATIENCE = 5.0


class _Worker:
    """A process and the trials it is at."""

    def __init__(self, path: Path) -> None:
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=work, args=(path, theirs), daemon=True)
        with _deaf():
            self.process.start()
        theirs.close()  # so that the pipe ends with the worker
        self.trials: Sequence[Trial] = ()
        self.is_ready = False

    def end(self) -> str:
        """Wait for its end and say what it died of."""
        self.process.join(_PATIENCE)
        code = self.process.exitcode or 0
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


@contextmanager
def _deaf() -> Iterator[None]:
    """A process started within it does not hear Ctrl-C, which reaches all of them: the parent decides."""
    if threading.current_thread() is not threading.main_thread():  # Python sets signals in the main thread only
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Processes:
    """``count`` processes that share one copy of what ``recipe`` holds, in a file in ``folder``.

    Raises:
        ConfigError: (``wait``) They end before they begin.
    """

    def __init__(self, recipe: Recipe, count: int, folder: Path) -> None:
        self.count = count
        self._path = folder / "shared.bin"
        self._recipe = recipe
        self._workers: list[_Worker] = []

    @property
    def free(self) -> int:
        """Workers without a trial; one that still starts can be given some."""
        return sum(not worker.trials for worker in self._workers)

    def submit(self, trials: Sequence[Trial]) -> None:
        """Give ``trials`` to one that has none."""
        worker = next(worker for worker in self._workers if not worker.trials)
        worker.trials = trials
        with suppress(OSError):  # it died while idle: its pipe has ended, which ``wait`` sees
            worker.pipe.send(trials)

    def wait(self) -> list[Answer]:
        """Block until some have answered, started or died; a dead one is replaced."""
        ready = wait_for([worker.pipe for worker in self._workers])
        answers = [self._answer(worker) for worker in tuple(self._workers) if worker.pipe in ready]
        return [answer for answer in answers if answer is not None]

    def _answer(self, worker: _Worker) -> Answer | None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            return self._replaced(worker)
        if message == _READY:
            worker.is_ready = True
            return None
        trials, worker.trials = worker.trials, ()
        return Answer(trials, message)

    def _replaced(self, worker: _Worker) -> Answer | None:
        reason = worker.end()
        if not worker.is_ready:
            raise ConfigError(
                f"a worker process ended before it began ({reason}; what it said stands above); in a script, call sweep() "
                'below `if __name__ == "__main__":`, for workers import the script; or set jobs to 1'
            )
        worker.pipe.close()
        self._workers[self._workers.index(worker)] = _Worker(self._path)
        return Answer(worker.trials, (), f"its worker process died ({reason})") if worker.trials else None

    def __enter__(self) -> Self:
        try:
            share(self._recipe, self._path)
        except OSError as error:
            raise ConfigError(f"cannot write the bars that workers share, {self._path}: {error.strerror}") from None
        self._workers = [_Worker(self._path) for _ in range(self.count)]
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        for worker in self._workers:
            worker.pipe.close()  # one without work ends by that
            if kind is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            worker.process.kill()
            worker.process.join()
        self._path.unlink(missing_ok=True)


def work(path: Path, pipe: Connection) -> None:
    """Evaluate what comes through ``pipe`` until it ends; what a strategy prints goes to stderr."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # also where it was not started deaf
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")  # noqa: TID251 - a process of its own, before it loads anything
    evaluate = cast("Recipe", attach(path))()
    with redirect_stdout(sys.stderr), suppress(EOFError, OSError):  # the parent has gone
        pipe.send(_READY)
        while True:
            pipe.send(evaluate(pipe.recv()))
