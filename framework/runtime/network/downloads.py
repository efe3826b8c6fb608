"""Pages over HTTP, asked for again where the network or the server had no time."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from framework.errors import AuthenticationError, BrokerError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 30.0
_TRIES = 5
_AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, *(code for code in HTTPStatus if code >= HTTPStatus.INTERNAL_SERVER_ERROR)})


class _BusyError(BrokerError):
    """It may work in a moment."""


def downloader(most_wait: float = 60.0, sleep: Callable[[float], None] | None = None) -> Callable[[str, Mapping[str, str]], bytes]:
    """What gets the page at a URL, up to five times, with pauses that double up to ``most_wait`` seconds (by ``sleep``).

    What it gives raises ``ConfigError`` for an address that is not HTTPS (or of this machine), ``AuthenticationError`` where the key is
    refused and ``BrokerError`` where the page cannot be had. Messages have the host and the path, never a key.
    """
    options = {} if sleep is None else {"sleep": sleep}

    def get(url: str, headers: Mapping[str, str]) -> bytes:
        retrying = Retrying(
            retry=retry_if_exception_type(_BusyError),
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential(max=most_wait),
            reraise=True,
            **options,  # type: ignore[arg-type] # the sleep, or nothing
        )
        return retrying(_get, url, headers)

    return get


def _get(url: str, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    place = f"{parts.netloc}{parts.path}"
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise ConfigError(f"{place} is not asked without encryption; use https")
    try:
        with urlopen(Request(url, headers={"User-Agent": "onetape", **headers}), timeout=_SECONDS) as answer:  # noqa: S310 - the scheme was looked at
            content: bytes = answer.read()
    except HTTPError as error:
        error.close()
        raise _refused(error.code, place) from None
    except (URLError, OSError) as error:
        raise _BusyError(f"{place} cannot be reached: {getattr(error, 'reason', error)}") from None
    return content


def _refused(code: int, place: str) -> BrokerError:
    if code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return AuthenticationError(f"{place} refused the key (HTTP {code}): check it, and what its plan allows")
    kind = _BusyError if code in _AGAIN else BrokerError
    return kind(f"{place} answered HTTP {code}")
