"""Every exception, grouped by what the person in front of it must do.

The class decides the exit code of the command line (``exit_code``). A message says what was given,
what is allowed and where (file and key, or symbol and timestamp).
"""

from __future__ import annotations


class OnetapeError(Exception):
    """Base of everything onetape raises on purpose."""

    exit_code = 70


class ConfigError(OnetapeError):
    """Fix the configuration or the command line, then start again."""

    exit_code = 2


class SecretInConfigError(ConfigError):
    """A secret stands in a config file: move it to the environment, ``.env`` or the keyring, and change it."""


class StrategyError(ConfigError):
    """The strategy cannot be loaded or raised while it ran: fix the strategy."""


class OrderError(ConfigError):
    """An order was asked for that could never be valid: fix the call."""


class InvalidOrderError(OrderError):
    """A field of the order is missing, contradictory or out of range."""


class UnsupportedOrderTypeError(OrderError):
    """The order type does not exist or is not allowed here."""


class VerificationError(OnetapeError):
    """Two drivers do not agree on a run: report it, with the config and the bars."""

    exit_code = 1


class StoppedError(OnetapeError):
    """A session was asked to stop before it was ready: nothing was decided, and nothing has to be done."""

    exit_code = 0


class DataError(OnetapeError):
    """The market data is missing or broken: do not trade on it."""

    exit_code = 3


class MissingDataError(DataError):
    """A file, a symbol or a date range is not there."""


class BadDataError(DataError):
    """Bars were read but cannot be trusted: mend them, or choose a policy for the finding."""


class TapeError(OnetapeError):
    """The tape cannot be read, written or trusted: nothing may be sent until it can."""

    exit_code = 3


class AlreadyRecordedError(TapeError):
    """An event with this key is on the tape already: it happened, do not do it again."""


class PartedError(TapeError):
    """What the tape says was not decided again: the code, the config or the data have changed since."""


class LeaseLostError(TapeError):
    """Another process may trade the account now: stop, and start again through recovery."""


class SafetyError(OnetapeError):
    """Refused for safety: something that could move real money was not confirmed."""

    exit_code = 4


class LeaseHeldError(SafetyError):
    """Another process trades the account: stop that one first."""


class TapeMismatchError(SafetyError):
    """The tape is another account's or another mode's, or an older copy of itself: use the right one."""


class NotArmedError(SafetyError):
    """An order was about to leave for a real account without the leave to do so."""


class BrokerError(OnetapeError):
    """The broker or the network failed, or said no."""

    exit_code = 5


class OrderSubmissionError(BrokerError):
    """An order could not be placed: the venue refused it, or nothing was sent."""


class OrderCancellationError(BrokerError):
    """The order could not be canceled: it is unknown or already ended."""


class OrderStatusError(BrokerError):
    """What became of an order could not be asked, or the answer cannot be read."""


class AuthenticationError(BrokerError):
    """The venue does not know us (any more): log in with ``onetape login``."""


class ThrottledError(BrokerError):
    """Too many requests: nothing was sent; ask again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvariantError(OnetapeError):
    """Something that can never happen did: stop, keep the run folder, report it."""


class InvalidTransitionError(InvariantError):
    """An order was told to change in a way the transition table does not know."""


def words_of(error: BaseException) -> str:
    """The type and the text of an error; where a user's ``__str__`` raises itself, the type alone."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - what it says is the user's code too
        return f"{type(error).__name__} (whose text cannot be shown)"
