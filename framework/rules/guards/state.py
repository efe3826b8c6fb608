"""What the circuit breakers are and what they remember: plain data, so that a latched breaker survives a restart."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from framework.errors import InvariantError

if TYPE_CHECKING:
    from collections.abc import Mapping


class TradingState(IntEnum):
    """What is allowed; the larger, the stricter.

    ACTIVE: everything. REDUCING: orders that only reduce a position, protective ones and cancels. HALTED: protective orders (stops,
    take-profits, an operator's flatten) and cancels; a strategy's own exits are refused, because what decides them is not trusted.
    """

    ACTIVE = 0
    REDUCING = 1
    HALTED = 2


class RiskViolationType(StrEnum):
    """What went beyond a limit although it should not have. An order shrunk or refused in advance is a limit at work, and no violation."""

    POSITION_SIZE = "position_size"
    TOTAL_EXPOSURE = "total_exposure"
    SECTOR_EXPOSURE = "sector_exposure"
    CORRELATION = "correlation"
    PORTFOLIO_RISK = "portfolio_risk"
    LIQUIDITY = "liquidity"
    DAILY_LOSS_LIMIT = "daily_loss_limit"
    DRAWDOWN_LIMIT = "drawdown_limit"
    STALE_DATA = "stale_data"
    BROKER_ERRORS = "broker_errors"


class Breaker(NamedTuple):
    """Where a breaker leads, whether the next session may release it, what violation it counts as, and how it explains itself."""

    state: TradingState
    daily: bool
    violation: RiskViolationType | None
    detail: str


DAILY_LOSS = "daily_loss"
DRAWDOWN = "drawdown"
CONSECUTIVE_LOSSES = "consecutive_losses"
PROFIT_PROTECTION = "profit_protection"
STALE_DATA = "stale_data"
BROKER_ERRORS = "broker_errors"
EMERGENCY_SHUTDOWN = "emergency_shutdown"
OPERATOR_HALT = "operator_halt"
OPERATOR_REDUCE = "operator_reduce"
SIZE_CUT = "size_cut"
SIZE_RESTORED = "size_restored"
NEW_SESSION = "new_session"
RESUMED = "resumed"
OVERRIDDEN = "overridden"

BREAKERS: Mapping[str, Breaker] = MappingProxyType(
    {
        DAILY_LOSS: Breaker(
            TradingState.REDUCING,
            True,
            RiskViolationType.DAILY_LOSS_LIMIT,
            "equity is {figure:.2%} below the last session's end ([guards] max_daily_loss_pct = {limit})",
        ),
        DRAWDOWN: Breaker(
            TradingState.REDUCING,
            False,
            RiskViolationType.DRAWDOWN_LIMIT,
            "equity is {figure:.2%} below its peak ([guards] max_drawdown_pct = {limit})",
        ),
        CONSECUTIVE_LOSSES: Breaker(
            TradingState.REDUCING, True, None, "{figure:.0f} losing trades in a row ([guards] max_consecutive_losses = {limit:.0f})"
        ),
        PROFIT_PROTECTION: Breaker(
            TradingState.REDUCING, True, None, "{figure:.0%} of the day's best profit is given back ([guards] profit_give_back = {limit})"
        ),
        STALE_DATA: Breaker(
            TradingState.REDUCING,
            True,
            RiskViolationType.STALE_DATA,
            "{subject} ([guards] max_missed_bars = {limit:.0f})",
        ),
        BROKER_ERRORS: Breaker(
            TradingState.HALTED,
            False,
            RiskViolationType.BROKER_ERRORS,
            "{figure:.0f} of the last orders and cancels failed at the broker ([guards] max_broker_errors = {limit:.0f})",
        ),
        EMERGENCY_SHUTDOWN: Breaker(
            TradingState.HALTED, False, None, "{figure:.0f} violations of {subject} ([guards] max_violations = {limit:.0f})"
        ),
        OPERATOR_HALT: Breaker(TradingState.HALTED, False, None, "halted by the operator: {subject}"),
        OPERATOR_REDUCE: Breaker(TradingState.REDUCING, False, None, "entries stopped by the operator: {subject}"),
    }
)


class Trip(NamedTuple):
    """A breaker that has tripped: when, what was measured, what is allowed; ``subject`` is what a number cannot say."""

    timestamp: int
    code: str
    figure: float
    limit: float
    subject: str = ""

    @property
    def detail(self) -> str:
        """What happened and which key allows how much, in a sentence."""
        return BREAKERS[self.code].detail.format(figure=self.figure, limit=self.limit, subject=self.subject)


class Tally(NamedTuple):
    """How often a kind of violation was seen, and in which session (counted from the start) last."""

    kind: RiskViolationType
    seen: int
    session: int


class Transition(NamedTuple):
    """A change of what is allowed, or of the size of entries: the code says why, the figure and the limit how far it went."""

    timestamp: int
    code: str
    before: TradingState
    after: TradingState
    figure: float
    limit: float


@dataclass(frozen=True, slots=True)
class GuardState:
    """What the breakers remember; plain data, so that it can be stored and read back.

    Attributes:
        session: Number of the current session, as given by the caller (days since 1970, for example).
        sessions: Sessions begun since the start.
        equity: Last equity seen; ``opening``: that of the last session's end; ``day_peak``: the highest of this session (the opening
            included); ``peak``: the highest of all. Micro-dollars.
        losses: Losing round trips in a row; ``wins``: winning ones.
        size_is_cut: Entries are sized by ``streak_multiplier``.
        tallies: Violations by kind, sorted.
        failures: The last submissions and cancels, oldest first, from a failed one on: 1 failed, 0 did not.
        data_is_stale: At the last look, data of something held or worked on were missing: no new session releases that breaker.
        trips: Breakers that have tripped, in that order.
    """

    session: int
    equity: int
    opening: int
    day_peak: int
    peak: int
    sessions: int = 1
    losses: int = 0
    wins: int = 0
    size_is_cut: bool = False
    tallies: tuple[Tally, ...] = ()
    failures: tuple[int, ...] = ()
    data_is_stale: bool = False
    trips: tuple[Trip, ...] = ()

    @property
    def trading(self) -> TradingState:
        """The strictest state any tripped breaker asks for."""
        return max((BREAKERS[trip.code].state for trip in self.trips), default=TradingState.ACTIVE)

    @property
    def cause(self) -> Trip | None:
        """The trip that explains ``trading``: the first of the strictest."""
        return next((trip for trip in self.trips if BREAKERS[trip.code].state is self.trading), None)

    def to_dict(self) -> dict[str, Any]:
        """The state as plain data (numbers, text and lists)."""
        rows = {name: [list(row) for row in getattr(self, name)] for name in ("tallies", "trips")}
        return asdict(self) | rows | {"failures": list(self.failures)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> GuardState:
        """The state that ``to_dict`` gave.

        Raises:
            InvariantError: A field is missing, unknown or not what it should be: do not trade on a guess.
        """
        try:
            rows = {
                "tallies": tuple(Tally(RiskViolationType(kind), seen, session) for kind, seen, session in data["tallies"]),
                "failures": tuple(data["failures"]),
                "trips": tuple(Trip(*row) for row in data["trips"]),
            }
            state = cls(**{**data, **rows})
        except (KeyError, TypeError, ValueError) as error:
            raise InvariantError(f"the stored state of the guards cannot be read ({error}); got {dict(data)}") from error
        _check_restored(state)
        return state


_NOT_WHOLE_NUMBERS = frozenset({"size_is_cut", "data_is_stale", "tallies", "failures", "trips"})


def _check_restored(state: GuardState) -> None:
    plain = [getattr(state, one.name) for one in fields(state) if one.name not in _NOT_WHOLE_NUMBERS]
    numbers = [*plain, *state.failures, *(number for tally in state.tallies for number in tally[1:])]
    wrong = [number for number in numbers if type(number) is not int]
    wrong += [trip for trip in state.trips if trip.code not in BREAKERS or [type(part) for part in trip] != [int, str, float, float, str]]
    flags = (state.size_is_cut, state.data_is_stale)
    if wrong or {type(flag) for flag in flags} != {bool}:
        raise InvariantError(f"the stored state of the guards has what it cannot have: {wrong or flags}")
