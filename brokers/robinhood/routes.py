"""Which requests may be sent at all, what each is for, and whether it makes an order."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from framework.domain.request import Priority
from framework.errors import SafetyError

HOSTS = frozenset({"api.robinhood.com", "bonfire.robinhood.com"})
_ORDER = re.compile(r"/orders/")
_CANCEL = re.compile(r"/orders/[0-9a-f-]{8,64}/cancel/")
#: POSTs that log in. Every other POST, and every other method, could change something: it is refused.
_LOGIN = re.compile(
    r"/oauth2/(?:revoke_)?token/|/pathfinder/user_machine/|/pathfinder/inquiries/[\w-]+/user_view/|/challenge/[\w-]+/respond/"
)
_STATUS = re.compile(r"/(?:orders|positions|accounts|portfolios)(?:/|$)")


class Route(NamedTuple):
    """What a request is."""

    priority: Priority
    is_order: bool = False
    is_login: bool = False


def route(method: str, url: str) -> Route:
    """What ``method url`` is.

    Raises:
        SafetyError: It must not be sent: another host, no https, or a request that could change something we do not know.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.hostname not in HOSTS or parts.port not in (None, 443) or parts.username is not None:
        raise SafetyError(f"{method} {parts.scheme}://{parts.hostname}: only Robinhood is talked to, over https")
    if method == "GET":
        return Route(Priority.STATUS if _STATUS.match(parts.path) else Priority.DATA)
    if method == "POST" and _ORDER.fullmatch(parts.path):
        return Route(Priority.ENTRY, is_order=True)
    if method == "POST" and _CANCEL.fullmatch(parts.path):
        return Route(Priority.CANCEL)
    if method == "POST" and _LOGIN.fullmatch(parts.path):
        return Route(Priority.PROTECTION, is_login=True)
    raise SafetyError(f"{method} {parts.path}: neither a read, an equity order, its cancel nor a login; it is not sent")
