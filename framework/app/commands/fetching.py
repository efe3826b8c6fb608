"""From a vendor's name to bars in the catalogue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.catalog import Catalog
from data.importing import take_in
from data.tables import raw_bars
from data.vendors import KEYS, VENDORS, Wanted, vendor
from framework.app.crash import without_secrets
from framework.errors import ConfigError
from framework.runtime.environment import environment_of
from framework.runtime.logs.redaction import Redactor
from framework.runtime.network.downloads import downloader
from framework.runtime.secrets import SecretStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from data.importing import Imported
    from data.request import DataRequest


def fetched(source: str, catalog: Path, request: DataRequest, start: date, end: date) -> Iterator[Imported]:
    """Bars of ``request.symbols`` from ``start`` to ``end`` from the vendor ``source``, checked and written into ``catalog``.

    ``ONETAPE_<VENDOR>_URL`` in the environment is asked instead of the vendor's own address.

    Raises:
        ConfigError: There is no such vendor, a key is missing, or the range is none.
        BrokerError: The vendor cannot be reached, or refused.
        DataError: Bars are missing or have findings whose policy is to refuse; symbols before it are written.
    """
    import numpy as np

    if source not in VENDORS:
        raise ConfigError(f"data fetch {source}: there are sample, {', '.join(VENDORS)}")
    if start > end:
        raise ConfigError(f"--start {start} is after --end {end}")
    redact = Redactor()
    secrets = SecretStore(Path(), redact)
    keys = tuple(secrets.need(name).reveal() for name in dict(KEYS)[source])
    asked = vendor(source, downloader(), keys, environment_of(Path()).get(f"ONETAPE_{source.upper()}_URL"))
    request = request if asked.is_raw else replace(request, adjust="none")
    with without_secrets(redact):
        for symbol in request.symbols:
            table = asked.bars(Wanted(symbol, request.resolution, start, end))
            raw = raw_bars(symbol, source, table, np.arange(1, len(table) + 1), request)
            yield take_in(Catalog(catalog), raw, request)
