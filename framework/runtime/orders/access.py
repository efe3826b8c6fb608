"""What is asked of the venue without a memory: the session, the account and the market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from framework.errors import BrokerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from types import TracebackType

    from framework.domain.book import Account, Position
    from framework.domain.market import Quote
    from framework.engine.venue_gateway import VenueGateway


class Access:
    """The part of a broker that only passes on."""

    def __init__(self, gateway: VenueGateway) -> None:
        self._gateway = gateway

    def connect(self) -> None:
        """Open the session."""
        self._gateway.connect()

    def disconnect(self) -> None:
        """Close the session; working orders stay as they are."""
        self._gateway.disconnect()

    def is_connected(self) -> bool:
        """Whether the venue can be asked."""
        return self._gateway.is_connected()

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Disconnect."""
        self.disconnect()

    def get_positions(self) -> list[Position]:
        """All positions of the account, whoever opened them.

        Raises:
            BrokerError: The venue does not say.
        """
        holdings = self._gateway.positions()
        if not holdings.complete:
            raise BrokerError(f"the positions are not known: {holdings.reason}")
        return sorted(holdings.positions, key=lambda position: position.symbol)

    def get_account(self) -> Account:
        """Cash, equity and buying power.

        Raises:
            BrokerError: The venue does not say.
        """
        account = self._gateway.account()
        if account is None:
            raise BrokerError("the account is not known: the venue did not answer")
        return account

    def get_portfolio_value(self) -> Decimal:
        """Equity of the account, dollars."""
        return self.get_account().equity

    def get_quotes(self, symbols: Sequence[str]) -> dict[str, Quote]:
        """Current quotes of the symbols that have one."""
        return self._gateway.quotes(symbols)
