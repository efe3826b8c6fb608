"""Order flow into a file, for as long as the user wants."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data.flow_stream import ADDRESS, FlowRecorder
from framework.app.sessions.stopping import asked_to_stop
from framework.runtime.clock import now_ns
from framework.runtime.environment import environment_of
from framework.runtime.logs.redaction import Redactor
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data.flow_stream import Recorded

#: The vendor's key is the one that `onetape data fetch polygon` uses.
KEY = "POLYGON_API_KEY"


def recorded_flow(symbols: Sequence[str], path: Path, length: int | None) -> Recorded:
    """Record trades and quotes of ``symbols`` behind what ``path`` has, for ``length`` ns or, with ``None``, until Ctrl-C.

    ``ONETAPE_POLYGON_SOCKET`` in the environment is asked instead of the vendor's own address.

    Raises:
        ConfigError: The key is missing, or the address is none.
        AuthenticationError: The feed refuses the key.
    """
    key = SecretStore(Path(), Redactor()).need(KEY).reveal()
    address = environment_of(Path()).get("ONETAPE_POLYGON_SOCKET") or ADDRESS
    until = None if length is None else now_ns() + length
    with asked_to_stop() as stopped:
        return FlowRecorder(symbols, key, now_ns, lambda: stopped() or (until is not None and now_ns() >= until), address).record(path)
