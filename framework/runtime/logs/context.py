"""What a line of a log is about, whoever writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structlog.contextvars import bound_contextvars

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def about(*, order_id: str, client_id: str) -> AbstractContextManager[None]:
    """Within it every line of this thread says which order it is about, ours and under which id at the venue; lines of libraries too."""
    return bound_contextvars(order_id=order_id, client_id=client_id)
