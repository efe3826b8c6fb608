"""A position and what protects it, from the plan made with its entry on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from framework.rules.account.splits import split_price
from framework.rules.stops.policy import ExitPolicy
from framework.rules.stops.state import Seen, known_price, nearer

if TYPE_CHECKING:
    from framework.domain.order import Order
    from framework.rules.stops.state import StopState

#: Exits whose prices were given with the entry: nothing moves them.
AS_GIVEN = ExitPolicy()
NOTHING_SEEN = Seen(0, 0, 0)


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """The protection decided together with an entry; it becomes orders when the entry fills.

    Either ``policy`` with what was ``seen`` at the decision, or the price ``stop_micros`` as given (0 for none). ``target_micros`` as given
    goes before the policy's own.
    """

    policy: ExitPolicy = AS_GIVEN
    seen: Seen = NOTHING_SEEN
    stop_micros: int = 0
    target_micros: int = 0

    def after_split(self, new: int, old: int) -> ExitPlan:
        """The same plan in the shares of a split."""
        seen = Seen(*(split_price(price, new, old) for price in self.seen))
        return ExitPlan(self.policy, seen, split_price(self.stop_micros, new, old), split_price(self.target_micros, new, old))


@dataclass(slots=True)
class Guarded:
    """How one position is protected: its stop state, the policy that moves it, and the orders that work for it.

    ``bar`` is the last bar that was taken in; on the ``entry_bar`` only the close came after the entry for certain. ``reached`` are stops
    whose price has been reached and that are not done: they go on selling their shares, and ``stop`` guards the others. ``moves`` says that
    bars can change anything, ``follows_best`` that only a new best price can.
    """

    parent_id: str
    policy: ExitPolicy
    state: StopState
    bar: int
    entry_bar: int
    code: str = ""
    stop: Order | None = None
    profit: Order | None = None
    reached: list[Order] = field(default_factory=list)
    moves: bool = field(init=False)
    follows_best: bool = field(init=False)
    #: The state, the stop and the steps of its life when the stop last stood where the state wants it.
    _agreed: tuple[StopState, Order | None, int] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        policy = self.policy
        others = (policy.chandelier_multiple, policy.pullback_bars, policy.breakeven_r, policy.time_bars, policy.may_loosen)
        self.moves = policy.moves
        self.follows_best = policy.moves and not any(others)

    def agree(self) -> None:
        """The stop stands where the state wants it."""
        self._agreed = self.state, self.stop, len(self.stop.changes) if self.stop is not None else 0

    def is_unmoved_by(self, high: float, low: float) -> bool:
        """Whether a bar between ``low`` and ``high`` (dollars) changes nothing: no new best price, and the stop stands where it should."""
        agreed, state, stop = self._agreed, self.state, self.stop
        if not self.follows_best or agreed is None or agreed[0] is not state or agreed[1] is not stop:
            return False
        if stop is not None and len(stop.changes) != agreed[2]:
            return False
        return nearer(state.direction, state.best, known_price(high if state.direction > 0 else low)) == state.best
