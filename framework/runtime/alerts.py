"""Telling people: e-mail, Slack, Telegram, webhooks by severity through Apprise, from a thread of its own; trading never waits for it."""

from __future__ import annotations

import queue
import threading
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Self

from framework.errors import ConfigError
from framework.runtime.clock import MonotonicClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apprise import Apprise

    from framework.domain.secret import Secret
    from framework.engine.network import Clock

_SECOND = 1_000_000_000
_QUEUED = 1_000


class Severity(IntEnum):
    """How soon a person has to look."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


class Channel(NamedTuple):
    """A place alerts go: its Apprise URL (it holds passwords), the least severity that goes there, and what the config calls it."""

    url: Secret
    least: Severity = Severity.INFO
    name: str = ""


class Alert(NamedTuple):
    """One message; ``repeats`` is how often it was raised and not sent since the last time."""

    severity: Severity
    title: str
    text: str
    repeats: int = 0


class RateGate:
    """The same alert at most once in a while, and no more than a number of alerts an hour; a critical one only keeps to the former."""

    def __init__(self, clock: Clock, quiet_seconds: float = 300.0, most_an_hour: int = 60) -> None:
        self._clock, self._quiet, self._most = clock, round(quiet_seconds * _SECOND), most_an_hour
        self._last: dict[tuple[Severity, str], tuple[int, int]] = {}
        self._sent: list[int] = []

    def passes(self, severity: Severity, title: str) -> int | None:
        """How often it was held back since it last passed, if it passes now; ``None`` when it is held back."""
        now = self._clock.now_ns()
        self._sent = [at for at in self._sent if at > now - 3_600 * _SECOND]
        at, held = self._last.get((severity, title), (now - self._quiet, 0))
        too_many = severity < Severity.CRITICAL and len(self._sent) >= self._most
        if now - at < self._quiet or too_many:
            self._last[severity, title] = (at, held + 1)
            return None
        self._last[severity, title] = (now, 0)
        self._sent.append(now)
        return held


class Alerts:
    """Sends alerts to all channels of their severity.

    Args:
        channels: Where to.
        redact: Takes secrets out of what is sent.
        gate: Holds repetitions back.
        timeout: Seconds one delivery may take.

    Raises:
        ConfigError: The extra ``alerts`` is not installed, or a URL is not understood.
    """

    def __init__(
        self, channels: Sequence[Channel], redact: Callable[[str], str], gate: RateGate | None = None, timeout: float = 20.0
    ) -> None:
        self._senders = [(channel.least, _sender(channel.url)) for channel in channels]
        self._redact, self._timeout = redact, timeout
        self._gate = RateGate(MonotonicClock()) if gate is None else gate
        self._queue: queue.Queue[Alert | None] = queue.Queue(_QUEUED)
        self._lock = threading.Lock()
        self._undelivered = 0
        self._thread = threading.Thread(target=self._deliver_all, name="alerts", daemon=True)
        self._thread.start()

    def alert(self, severity: Severity, title: str, text: str) -> bool:
        """Queue an alert; ``False`` when it was held back or nobody delivers any more."""
        with self._lock:
            held = self._gate.passes(severity, title)
        if held is None:
            return False
        try:
            self._queue.put_nowait(Alert(severity, self._redact(title), self._redact(text), held))
        except queue.Full:
            self._undelivered += 1
            return False
        return True

    @property
    def undelivered(self) -> int:
        """Alerts in a row that reached no channel: above 0 nobody hears us, and the dead-man's switch may act."""
        return self._undelivered

    def close(self, seconds: float = 30.0) -> None:
        """Deliver what is queued, for at most ``seconds``."""
        self._queue.put(None)
        self._thread.join(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _deliver_all(self) -> None:
        while (alert := self._queue.get()) is not None:
            wanted = [sender for least, sender in self._senders if alert.severity >= least]
            # One channel may be down; the others are tried all the same.
            arrived = [_deliver(sender, alert, self._timeout) for sender in wanted]
            self._undelivered = 0 if any(arrived) or not wanted else self._undelivered + 1


def delivered(channel: Channel, alert: Alert, timeout: float = 20.0) -> bool:
    """Whether ``channel`` takes ``alert`` now, within ``timeout`` seconds; whoever asks has taken the secrets out of it.

    Raises:
        ConfigError: The extra ``alerts`` is not installed, or the URL is not understood.
    """
    return _deliver(_sender(channel.url), alert, timeout)


def _deliver(sender: Apprise, alert: Alert, timeout: float) -> bool:
    from apprise import NotifyType

    kinds = {Severity.INFO: NotifyType.INFO, Severity.WARNING: NotifyType.WARNING, Severity.CRITICAL: NotifyType.FAILURE}
    again = f"\n({alert.repeats} more since the last message)" if alert.repeats else ""
    title = f"[{alert.severity.name}] {alert.title}"
    try:
        return bool(sender.notify(title=title, body=f"{alert.text}{again}", notify_type=kinds[alert.severity], timeout=timeout))
    except Exception:  # noqa: BLE001 - a plugin for somebody's service may raise anything
        return False


def _sender(url: Secret) -> Apprise:
    try:
        from apprise import Apprise
    except ImportError:
        raise ConfigError('alerts need Apprise: pip install "onetape[alerts]"') from None
    sender = Apprise()
    if not sender.add(url.reveal()):
        raise ConfigError(f"{url.name} is not an Apprise URL; see https://github.com/caronc/apprise for how each service is written")
    return sender
