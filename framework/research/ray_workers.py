"""Workers on a Ray cluster: the one at a given address or running on this machine, else one started here for the search."""

from __future__ import annotations

import socket
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, Self

from framework.errors import ConfigError
from framework.research.workers import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from framework.research.trial import Outcome, Recipe, Trial

#: Of the project only Python files travel to the nodes, by the rules of .gitignore; bars go through the object store.
_LEFT_HERE = ("*", "!*/", "!*.py", ".*/", "venv/", "runs/")

#: Seconds to reach the cluster.
_PATIENCE = 10.0


class RayWorkers:
    """``count`` actors of one core each, or as many as the cluster has cores.

    What ``recipe`` holds goes into Ray's object store once; each node maps its one copy. The Python files of ``folder``, the strategy among
    them, are sent to the nodes. onetape itself must be installed there. ``address`` is that of RAY_ADDRESS, "host:port", if it is set.

    Raises:
        ConfigError: Ray is not installed, no cluster answers, or (``wait``) a worker cannot start.
    """

    def __init__(self, recipe: Recipe, count: int | None, folder: Path, address: str | None) -> None:
        self._ray = _loaded()
        self._recipe, self._folder, self._wanted, self._address = recipe, folder, count, address
        self._idle: list[Any] = []
        #: Answer that is awaited -> its actor and the trials it is at; none while it starts.
        self._awaited: dict[Any, tuple[Any, Sequence[Trial]]] = {}
        self._owns_connection = False

    @property
    def count(self) -> int:
        """How many there are, those that still start among them."""
        return len(self._idle) + len(self._awaited)

    @property
    def free(self) -> int:
        """How many have nothing to do."""
        return len(self._idle)

    def submit(self, trials: Sequence[Trial]) -> None:
        """Give ``trials`` to one that has none."""
        actor = self._idle.pop()
        self._awaited[actor.evaluate.remote(trials)] = actor, trials

    def wait(self) -> list[Answer]:
        """Block until one has answered, died or started; a dead one is replaced, wherever the cluster has a core."""
        (ready,), _ = self._ray.wait(list(self._awaited), num_returns=1)
        actor, trials = self._awaited.pop(ready)
        try:
            outcomes: list[Outcome] = self._ray.get(ready)
        except self._ray.exceptions.RayError as error:
            if not trials:
                raise ConfigError(f"a worker cannot start on the Ray cluster: {error}") from None
            self._start()
            return [Answer(trials, (), f"its worker died ({type(error).__name__})")]
        self._idle.append(actor)
        return [Answer(trials, outcomes)] if trials else []

    def _start(self) -> None:
        actor = self._kind.remote(self._shared)
        self._awaited[actor.evaluate.remote(())] = actor, ()

    def __enter__(self) -> Self:
        self._owns_connection = not self._ray.is_initialized()
        if self._owns_connection:
            self._connect()
        self._kind = self._ray.remote(num_cpus=1, max_restarts=0)(_Actor)
        self._shared = self._ray.put(self._recipe)
        for _ in range(self._wanted or max(int(self._ray.cluster_resources().get("CPU", 1)), 1)):
            self._start()
        return self

    def _connect(self) -> None:
        environment = {"working_dir": str(self._folder), "excludes": list(_LEFT_HERE)}
        try:
            if self._address is not None:
                _check_answers(self._address)
            self._ray.init(self._address, runtime_env=environment, log_to_driver=False, logging_level="error")
        except (OSError, RuntimeError, ValueError) as error:
            raise ConfigError(
                f"no Ray cluster answers at {self._address or 'this machine'}: {error}; "
                "start one with `ray start --head`, and mend or unset RAY_ADDRESS"
            ) from None

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        for actor in (*self._idle, *(actor for actor, _ in self._awaited.values())):
            self._ray.kill(actor)
        if self._owns_connection:
            self._ray.shutdown()


class _Actor:
    """Evaluates trials on a node; what a strategy prints goes to stderr there."""

    def __init__(self, recipe: Recipe) -> None:
        self._evaluate = recipe()

    def evaluate(self, trials: Sequence[Trial]) -> list[Outcome]:
        with redirect_stdout(sys.stderr):
            return self._evaluate(trials)


def _check_answers(address: str) -> None:
    """Ray itself would go on trying for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _PATIENCE).close()


def _loaded() -> Any:  # noqa: ANN401 - loaded only where it is asked for
    try:
        import ray
    except ImportError:
        raise ConfigError('--executor ray needs Ray: pip install "onetape[ray]"; --executor processes does without') from None
    return ray
