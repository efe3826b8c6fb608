"""``[data] source = "robinhood"``: past bars over the network, for warm-ups and short tests."""

from __future__ import annotations

import io
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from brokers.robinhood.gates import ShutGate
from brokers.robinhood.history import past_bars
from data.calendar import session_closes
from framework.app.crash import without_secrets
from framework.app.robinhood.connection import DOUBLE_URL, SESSION_KEY, USERNAME, Ears, RobinhoodLink
from framework.runtime.clock import now_ns
from framework.runtime.environment import environment_of, state_folder
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from brokers.robinhood.history import PastBar
    from framework.runtime.config import BrokerSection, Config


def robinhood_frames(config: Config) -> dict[str, pd.DataFrame]:
    """The bars Robinhood has of the universe, by symbol; what has not closed yet is left out.

    Raises:
        ConfigError: The user is not named, or there are no bars of this resolution.
        AuthenticationError: Nobody is logged in.
        DataError: There are none, or they cannot be read.
    """
    now = now_ns()
    with open_link(config.broker, "past bars are read, no order is placed") as link:
        bars = past_bars(link.reader, config.universe.symbols, config.data.resolution, now, _unfinished(now, config.data.calendar))
    return {symbol: _frame(found) for symbol, found in bars.items()}


@contextmanager
def open_link(broker: BrokerSection, reason: str) -> Iterator[RobinhoodLink]:
    """A connection that reads; ``reason`` is why its gate is shut to orders."""
    environment, redact = environment_of(Path.cwd()), Redactor()
    store, ears = SecretStore(Path.cwd(), redact), Ears(lambda _: None, lambda _: None, io.StringIO())
    username, key, gate = store.need(USERNAME), store.need(SESSION_KEY), ShutGate(reason)
    state, double = state_folder(environment), environment.get(DOUBLE_URL)
    with without_secrets(redact), RobinhoodLink(broker, username, key, state, gate, redact, ears, double) as link:
        link.wire.open()
        with closing(link.wire):
            link.session.start()
            yield link


def _unfinished(now: int, calendar: str) -> frozenset[str]:
    """Dates around ``now`` whose session has not closed."""
    today = datetime.fromtimestamp(now / 1e9, UTC).date()
    sessions = session_closes(date.fromordinal(today.toordinal() - 2), date.fromordinal(today.toordinal() + 2), calendar)
    return frozenset(
        date.fromordinal(date(1970, 1, 1).toordinal() + int(day)).isoformat()
        for day, close in zip(sessions.day, sessions.close, strict=True)
        if close > now
    )


def _frame(bars: list[PastBar]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(bars, columns=["timestamp", "open", "high", "low", "close", "volume"])
    if isinstance(bars[0].when, int):
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
    return frame
