"""What an operator's command does to a running engine; everything it sends goes through the one door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.domain.command import CommandKind
from framework.domain.order import OrderRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.command import OperatorCommand
    from framework.engine.desk import Desk
    from framework.engine.overrides import Overrides

FLATTEN = "flatten"


class Operator:
    """Carries commands out at ``desk``."""

    def __init__(self, desk: Desk, overrides: Overrides) -> None:
        self._desk = desk
        self._overrides = overrides

    def obey(self, now: int, command: OperatorCommand) -> Mapping[str, object]:
        """Do what ``command`` says, at ``now`` (ns UTC), and tell what came of it; one that is not the engine's changes nothing."""
        breakers, by = self._desk.breakers, f"{command.who}: {command.why}"
        match command.kind:
            case CommandKind.HALT:
                breakers.on_halt(now, by)
            case CommandKind.REDUCE:
                breakers.on_reduce(now, by)
            case CommandKind.RESUME:
                breakers.on_resume(now)
                self._desk.protection.try_again()
            case CommandKind.OVERRIDE:
                return self._told(**self._overrides.give(now, command.arguments))
            case CommandKind.CANCEL:
                order_id = str(command.arguments.get("order_id"))
                return self._told(canceled=[order_id] if self._desk.cancel(order_id, by) else [])
            case CommandKind.CANCEL_ALL:
                return self._told(canceled=self._cancel_all(by))
            case CommandKind.FLATTEN:
                breakers.on_halt(now, by)
                return self._told(canceled=self._cancel_all(by), closed=self._close_all())
        return self._told()

    def _told(self, **effect: object) -> Mapping[str, object]:
        return {"trading": self._desk.breakers.trading.name, **effect}

    def _cancel_all(self, reason: str) -> list[str]:
        ids = [order.order_id for order in self._desk.blotter.of() if not order.role.protects]
        return [order_id for order_id in ids if self._desk.cancel(order_id, reason)]

    def _close_all(self) -> list[str]:
        held = sorted(symbol for symbol, position in self._desk.book.positions.items() if position.quantity_micros)
        orders = [self._desk.close(symbol, FLATTEN, OrderRole.FLATTEN) for symbol in held]
        return [order.order_id for order in orders if order is not None]
