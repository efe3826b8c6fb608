"""Robinhood for a script of backtrader's: its Cerebro drives a paper or live session of ours."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from brokers.backtrader.store import Running, SessionStore
from framework.app.arming.arming import Leave
from framework.app.backtest.run import resolved_config
from framework.app.sessions.live import live_sitting
from framework.app.sessions.wishes import Ended, Script, Wish
from framework.errors import ConfigError, NotArmedError
from framework.runtime.loading import validated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from brokers.backtrader.live_host import LiveHost
    from brokers.backtrader.store import Wanted
    from framework.runtime.config import Config

_SECOND = 1_000_000_000
#: Both are those of the script.
_OF_SCRIPT = ("strategy", "universe")


class RobinhoodStore(SessionStore):
    """Feeds and a broker for ``cerebro.adddata`` and ``cerebro.setbroker``; ``cerebro.run()`` then is a session on Robinhood's quotes.

    On paper, unless the config says ``mode = "live"`` and ``arm`` or ``dry_run`` is given: the same steps as ``onetape live``.

    Args:
        config: A file, or a dict shaped like one without strategy and universe, which are those of the Cerebro. Past bars come from
            ``[data] source``, for a dict by default from Robinhood.
        arm: Whether real orders are allowed.
        confirm: The account's last four characters, for real orders.
        dollars: The most that may be bought for; the config's cash by default.
        hours: How long the leave holds; the session ends with it.
        reason: Why it trades although it was not tried enough, or with the venue's limits only.
        dry_run: Orders are made up to the last step, logged, and not sent.
        until_close: Whether it ends with the trading session.
        seconds: After how long it ends; ``None`` for never.
        resume: The run that goes on, a folder or an id below runs/.
        out: The run folder, instead of a new one below runs/.

    Attributes:
        ended: What came of it, once the run is over.

    Raises:
        ConfigError: The config is wrong.
    """

    def __init__(
        self,
        config: str | Path | Mapping[str, object] | None = None,
        *,
        arm: bool = False,
        confirm: str | None = None,
        dollars: int | None = None,
        hours: int = 24,
        reason: str = "",
        dry_run: bool = False,
        until_close: bool = False,
        seconds: float | None = None,
        resume: str | None = None,
        out: str | Path | None = None,
    ) -> None:
        self._config, beside = _resolved(config or {})
        is_live = arm or dry_run or self._config.mode == "live"
        self._leave = Leave(arm, confirm, dollars, hours, reason, dry_run) if is_live else None
        length = None if seconds is None else round(seconds * _SECOND)
        self._wish = Wish(beside, None if out is None else Path(out), resume, until_close, length, _nobody)
        self.ended: Ended | None = None
        super().__init__(self._opened, self._config.account.cash)

    @contextmanager
    def _opened(self, wanted: Wanted) -> Iterator[Running]:
        config = _of_script(self._config if self._leave else self._config.model_copy(update={"mode": "paper"}), wanted)
        script = Script(wanted.guest, wanted.is_stopped, wanted.hear)
        with live_sitting(config, self._wish, self._leave, script) as (session, opened):
            yield Running(cast("LiveHost", opened.simulation.driver), opened.note)
            self.ended = session.ended(opened)


def _resolved(config: str | Path | Mapping[str, object]) -> tuple[Config, Path]:
    if isinstance(config, (str, Path)):
        return resolved_config(config)
    given = [name for name in _OF_SCRIPT if name in config]
    if given:
        raise ConfigError(f"RobinhoodStore: config has a section {given[0]!r}, which is that of the Cerebro; remove it")
    data = config.get("data", {})
    tree = {
        **config,
        "data": {"source": "robinhood", **data} if isinstance(data, dict) else data,
        "strategy": {"class": "script:Script"},
        "universe": {"symbols": ["SPY"]},
    }
    return validated(tree, "RobinhoodStore"), Path.cwd()


def _of_script(config: Config, wanted: Wanted) -> Config:
    """``config`` for what the script plays.

    Raises:
        ConfigError: A symbol or a resolution is none.
    """
    hosted = wanted.guest.hosted
    tree = {
        "strategy": {"class": f"{hosted.kind.__module__}:{hosted.kind.__name__}", "params": dict(hosted.values)},
        "universe": {"symbols": list(wanted.symbols)},
        "data": {"resolution": wanted.resolution},
    }
    checked = validated(tree, "the script")
    data = config.data.model_copy(update={"resolution": checked.data.resolution})
    return config.model_copy(update={"strategy": checked.strategy, "universe": checked.universe, "data": data})


def _nobody(question: str) -> str:
    raise NotArmedError(f'{question.strip().rstrip(":")}: give RobinhoodStore(confirm="1234")')
