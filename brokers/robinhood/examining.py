"""A real account looked at: the probes over the session that trades, on a stock at its present price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokers.robinhood.amounts import text_of
from brokers.robinhood.instruments import Instruments
from brokers.robinhood.probe_bench import ProbeBench, ProbeSubject
from brokers.robinhood.probes import Finding, run_probes
from framework.domain.values import to_micros
from framework.errors import BrokerError

if TYPE_CHECKING:
    from brokers.robinhood.gateway import RobinhoodGateway
    from brokers.robinhood.reader import Reader
    from framework.engine.network import Clock

#: Far below and far above the market: such an order trades only in a crash, and is canceled at once.
_LOW, _LOWER, _HIGH = 0.5, 0.49, 2.0


def asked(
    gateway: RobinhoodGateway, reader: Reader, account: str, symbol: str, clock: Clock, run: str, *, with_orders: bool
) -> list[Finding]:
    """The answers to all probes, or to those that place no order; ``gateway`` is connected, ``run`` names this time.

    Raises:
        BrokerError: There is no price to start from, or the venue stopped answering.
    """
    quote = gateway.quotes([symbol]).get(symbol)
    instrument = Instruments(reader.read, clock).of_symbol(symbol)
    if quote is None or instrument is None:
        raise BrokerError(f"{symbol}: Robinhood shows no price to start the probes from; ask again in market hours")
    prices = [text_of(to_micros(round(quote.last * part, 2))) for part in (_LOW, _LOWER, _HIGH)]
    subject = ProbeSubject(account, symbol, instrument.id, *prices)
    bench = ProbeBench.of_client(subject, clock.sleep, lambda: clock.now_ns() / 1e9, run)
    try:
        return run_probes(bench, with_orders=with_orders)
    except OSError as error:  # requests' exceptions
        raise BrokerError(f"the probes stopped: {error}; what they had placed is canceled, look into the app") from None
