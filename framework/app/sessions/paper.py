"""A paper session from a config to a run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from framework.app.assembly.assemble import rehearsed
from framework.app.assembly.hosting import as_strategy_reads, as_strategy_sees
from framework.app.assembly.loader import load_strategy
from framework.app.backtest.run import load_data
from framework.app.folders.free_place import check_place
from framework.app.folders.run_folders import find_run, new_folder
from framework.app.folders.saving import save_session
from framework.app.folders.tape_place import HALT, new_tape
from framework.app.sessions.session import Hooks, header, play_session
from framework.errors import ConfigError
from framework.report.summary import summarize
from framework.runtime.clock import Stopwatch, run_stamp
from framework.runtime.control.control import Control
from framework.runtime.control.switches import HaltFile, HaltSignal
from framework.runtime.sessions.turns import Commanded
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from framework.runtime.config import Config


class Ended(NamedTuple):
    """A session that has ended: its figures, its folder, and how many decisions it began behind."""

    summary: Mapping[str, object]
    folder: Path
    resumed: int


def rehearse_session(
    config: Config, beside: Path, out: Path | None, resume: str | None, on_progress: Callable[[int, int], None] | None
) -> Ended:
    """Let the bars ``config`` asks for arrive in a paper session; its run folder is ``out``, one of its own, or that of ``resume``.

    Raises:
        ConfigError: The config or the strategy is wrong, or both ``out`` and ``resume`` are given.
        DataError: The data is missing or broken, or the tape cannot be gone on with.
    """
    if out is not None and resume is not None:
        raise ConfigError("--out names the folder of a new session, --resume that of one that goes on: give one of them")
    if config.fills.path == "finer":
        raise ConfigError(
            '[fills] path = "finer" needs bars of two resolutions at once; a session has those that arrive: choose another path'
        )
    watch, config = Stopwatch(), config.model_copy(update={"mode": "paper"})
    check_place(out, for_session=True)
    strategy = load_strategy(config.strategy.path, config.strategy.params, beside, config.strategy.cerebro)
    config, dataset = as_strategy_reads(strategy, config), as_strategy_sees(strategy, load_data(config, None))
    folder = find_run(resume) if resume is not None else out or new_folder(f"{run_stamp()}-paper-{type(strategy).__name__}")
    folder.mkdir(parents=True, exist_ok=True)
    total = sum(int((one.timestamp >= dataset.first_trade).sum()) for one in dataset.series.values()) // len(dataset.series)
    done = 0

    def count(_: int) -> None:
        nonlocal done
        done += 1
        if on_progress is not None and done % 200 == 0:
            on_progress(done, total)

    heard, coming = HaltSignal(), rehearsed(dataset)
    with TapeStore.open(new_tape(folder, config.tape.url), header=header(config, strategy)) as store, heard.listening():
        commanded = Commanded(coming.arriving, Control(store, HaltFile(folder / HALT), heard))
        hooks = Hooks(count, lambda turns, _: commanded.begin(turns))
        played = play_session(config, strategy, coming._replace(arriving=commanded), store, watch, hooks)
    save_session(played.record, folder)
    return Ended(summarize(played.record), folder, played.resumed)
