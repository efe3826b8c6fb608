"""Where does a position's stop stand, bar after bar, and when must the position be left?

One frozen state per position is folded over closed bars: what bar t - 1 showed gives the level that guards bar t, so no level
knows the bar it guards. All prices are micro-dollars; a level of 0 means "none". ``direction`` is +1 for a long position and -1 for a
short one, and each rule is written once, with the sign. Levels carry no quantity: the order that works them has the size of the position.

Every rule of a policy that is not 0 applies, and the level nearest to the market holds. A level only tightens, with three exceptions:
``may_loosen`` lets it follow its rules both ways (never past the initial level), and a split or an ex-dividend moves it with the price.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple

from framework.domain.values import MICRO, rounded_quotient, to_micros
from framework.errors import InvariantError
from framework.rules.fills import trail_distance
from framework.rules.orders import LARGEST
from framework.rules.stops.atr import chandelier_level, wilder_atr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from framework.domain.market import Floats
    from framework.rules.stops.policy import ExitPolicy

FALLBACK = "stop_fallback"
BEYOND_MARKET = "stop_beyond_market"
STOP = "stop"
TAKE_PROFIT = "take_profit"
TIME_STOP = "time_stop"
#: The codes by number, as compiled code has them: of a fresh level, and of an exit.
MENDED = ("", FALLBACK, BEYOND_MARKET)
FELL_BACK, CLAMPED = 1, 2
DUE = ("", STOP, TAKE_PROFIT, TIME_STOP)
STOP_DUE, PROFIT_DUE, TIME_DUE = 1, 2, 3


class Seen(NamedTuple):
    """What a closed bar showed, and the levels that follow from the bars up to it, for one direction; micro-dollars, 0 is unknown."""

    high: int
    low: int
    close: int
    atr: int = 0
    chandelier: int = 0
    pullback: int = 0


@dataclass(frozen=True, slots=True)
class StopState:
    """The stop of one position after its last closed bar; plain integers, so that it can be stored and read back.

    Attributes:
        direction: +1 long, -1 short.
        entry: Average entry price.
        initial: Stop level at the entry, 0 without a stop.
        level: Stop level that guards the next bar, 0 without a stop.
        best: Best price since the entry: the highest for a long, the lowest for a short.
        risk: Distance from the entry to the initial level, one R; 0 without a stop.
        target: Profit target, 0 without one.
        trail: Trailing distance in micro-dollars a share, 0 without one; here because a split scales it.
        bars: Closed bars since the entry, the bar of the entry included.

    Raises:
        InvariantError: A direction other than +1 and -1, a price below 1 micro-dollar or a negative figure.
    """

    direction: int
    entry: int
    initial: int
    level: int
    best: int
    risk: int
    target: int
    trail: int
    bars: int

    def __post_init__(self) -> None:
        others = (self.initial, self.level, self.risk, self.target, self.trail, self.bars)
        if self.direction not in {1, -1} or min(self.entry, self.best) < 1 or min(others) < 0:
            raise InvariantError(f"a stop needs direction +1 or -1, an entry and a best price above 0 and nothing negative, got {self}")

    def to_dict(self) -> dict[str, int]:
        """The state as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> StopState:
        """The state that ``to_dict`` gave.

        Raises:
            InvariantError: A field is missing, unknown or not a whole number.
        """
        names = {one.name for one in fields(cls)}
        numbers = {name: value for name, value in data.items() if type(value) is int}
        if set(data) != names or set(numbers) != names:
            raise InvariantError(f"a stored stop must have whole numbers for {', '.join(sorted(names))}; got {dict(data)}")
        return cls(**numbers)


def away(direction: int, price: int, distance: int) -> int:
    """``price`` moved by ``distance`` against the position, one micro-dollar at least."""
    return max(price - direction * distance, 1)


def nearer(direction: int, first: int, second: int) -> int:
    """The level nearer to the market; 0 is none."""
    if first == 0 or second == 0:
        return first + second
    return direction * max(direction * first, direction * second)


def moving_level(direction: int, best: int, trail_rate: int, trail_amount: int, chandelier: int, pullback: int) -> int:
    """The tightest level of the rules that follow the market: ``trail_rate`` in micro-percent, the others in micro-dollars, 0 is off."""
    level = nearer(direction, chandelier, pullback)
    if trail_rate > 0:
        level = nearer(direction, level, away(direction, best, trail_distance(best, trail_rate, True)))
    if trail_amount > 0:
        level = nearer(direction, level, away(direction, best, trail_amount))
    return level


def breakeven_level(direction: int, entry: int, cost_rate: int) -> int:
    """The price at which a position has paid its costs (``cost_rate`` in millionths of the entry), rounded towards the gain."""
    return entry + direction * -(-entry * cost_rate // MICRO)


def seen_at(policy: ExitPolicy, direction: int, high: Floats, low: Floats, close: Floats, tick: int) -> Seen:
    """What the rules of ``policy`` need to know at the close of the last bar.

    Args:
        policy: Only what its rules use is computed.
        direction: +1 long, -1 short.
        high: float64 [n], n >= 1, dollars, up to and including the bar just closed; NaN makes unknown what it touches.
        low: The same of the lows.
        close: The same of the closes.
        tick: The venue's tick at this price, micro-dollars.
    """
    chandelier = pullback = 0
    if policy.chandelier_multiple > 0.0 and len(close) >= policy.chandelier_bars:
        average = wilder_atr(high, low, close, policy.chandelier_bars)
        hangs = chandelier_level(direction, high, low, average, policy.chandelier_bars, policy.chandelier_multiple)
        chandelier = max(to_micros(hangs), 1) if abs(hangs) <= LARGEST else 0
    if 0 < policy.pullback_bars <= len(close):
        extreme = low[-policy.pullback_bars :].min() if direction > 0 else high[-policy.pullback_bars :].max()
        lowest = known_price(float(extreme))
        pullback = away(direction, lowest, tick) if lowest else 0
    atr = wilder_atr(high, low, close, policy.atr_period) if policy.atr_multiple > 0.0 else 0.0
    return Seen(
        known_price(float(high[-1])), known_price(float(low[-1])), known_price(float(close[-1])), known_price(atr), chandelier, pullback
    )


def known_price(price: float) -> int:
    """``price`` dollars in micro-dollars, 0 where it is none."""
    return to_micros(price) if 0.0 < price <= LARGEST else 0


def opened(policy: ExitPolicy, seen: Seen, entry: int, direction: int, tick: int) -> tuple[StopState, str]:
    """The stop of a position just entered at ``entry``, from what was ``seen`` before; and a code for what had to be mended, or "".

    A level at or beyond the market (a chandelier can hang above the price it is entered at) is clamped to one ``tick`` behind the entry:
    the position exists, so it gets a stop. The code ``BEYOND_MARKET`` says so; whoever asks before the entry should refuse it instead,
    since an R of one tick means nothing. ``FALLBACK`` says that no rule had the history it needs.

    Raises:
        InvariantError: ``entry`` is below 1 or ``direction`` is not +1 or -1.
    """
    level, risk, target, trail, mended = opened_at(policy, seen, entry, direction, tick)
    return StopState(direction, entry, level, level, entry, risk, target, trail, 0), MENDED[mended]


def opened_at(policy: ExitPolicy, seen: Seen, entry: int, direction: int, tick: int) -> tuple[int, int, int, int, int]:
    """The numbers of :func:`opened`: level, R, target, trail and what had to be mended."""
    trail = to_micros(policy.trail_amount)
    level, mended = placed(policy, seen, entry, entry, direction, trail, tick)
    risk = max(direction * (entry - level), 1) if level else 0
    return level, risk, target_of(policy, entry, direction, risk), trail, mended


def placed(policy: ExitPolicy, seen: Seen, entry: int, market: int, direction: int, trail: int, tick: int) -> tuple[int, int]:
    """The level of a fresh entry with the market at ``market``, and what had to be mended (its place in ``MENDED``)."""
    if not policy.has_stop:
        return 0, 0
    level = moving_level(direction, market, to_micros(policy.trail_percent), trail, seen.chandelier, seen.pullback)
    if policy.percent > 0.0:
        level = nearer(direction, level, percent_away(direction, entry, policy.percent))
    if policy.atr_multiple > 0.0 and seen.atr > 0:
        level = nearer(direction, level, away(direction, entry, round(policy.atr_multiple * seen.atr)))
    mended = 0
    if level == 0:
        level, mended = percent_away(direction, entry, policy.fallback_percent), FELL_BACK
    behind = away(direction, market, tick)
    return (behind, CLAMPED) if direction * (level - behind) > 0 else (level, mended)


def percent_away(direction: int, price: int, percent: float) -> int:
    """``price`` moved by ``percent`` of it against the position."""
    return away(direction, price, trail_distance(price, to_micros(percent), True))


def target_of(policy: ExitPolicy, entry: int, direction: int, risk: int) -> int:
    """The profit target of ``policy`` for an ``entry`` with that R; 0 without one."""
    if policy.target_r > 0.0:
        return away(-direction, entry, round(policy.target_r * risk))
    return percent_away(-direction, entry, policy.target_percent) if policy.target_percent > 0.0 else 0


def added(state: StopState, policy: ExitPolicy, seen: Seen, entry: int, price: int, tick: int) -> tuple[StopState, str]:
    """The stop after more shares were bought at ``price`` (or sold short), with ``entry`` the new average.

    The level of the new average applies where it is tighter and still behind the market. One R, the best price and the bars held stay
    those of the first entry; the profit target moves to the new average.
    """
    initial, level, target, mended = added_at(state, policy, seen, entry, price, tick)
    return replace(state, entry=entry, initial=initial, level=level, target=target), MENDED[mended]


def added_at(state: StopState, policy: ExitPolicy, seen: Seen, entry: int, price: int, tick: int) -> tuple[int, int, int, int]:
    """The numbers of :func:`added`: initial level, level, target and what had to be mended."""
    level, mended = placed(policy, seen, entry, price, state.direction, state.trail, tick)
    target = target_of(policy, entry, state.direction, state.risk)
    return nearer(state.direction, state.initial, level), nearer(state.direction, state.level, level), target, mended


def advanced(state: StopState, policy: ExitPolicy, seen: Seen) -> StopState:
    """The state after a closed bar; its level guards the next one.

    On the bar of the entry only what happened after it may be ``seen``. A bar that is none (a price unknown, a close outside low and high)
    changes nothing and is not counted.
    """
    best, level, bars = advanced_to(state, policy, seen)
    return StopState(state.direction, state.entry, state.initial, level, best, state.risk, state.target, state.trail, bars)


def advanced_to(state: StopState, policy: ExitPolicy, seen: Seen) -> tuple[int, int, int]:
    """The numbers of :func:`advanced`: best price, level and bars."""
    if not 0 < seen.low <= seen.close <= seen.high:
        return state.best, state.level, state.bars
    direction = state.direction
    best = nearer(direction, state.best, seen.high if direction > 0 else seen.low)
    if not policy.has_stop:
        return best, state.level, state.bars + 1
    level = moving_level(direction, best, to_micros(policy.trail_percent), state.trail, seen.chandelier, seen.pullback)
    level = nearer(direction, level, state.initial if policy.may_loosen else state.level)
    if policy.breakeven_r > 0.0 and direction * (best - state.entry) >= policy.breakeven_r * state.risk:
        even = breakeven_level(direction, state.entry, round(policy.breakeven_cost_bps * 100))
        # At or beyond the market it would sell at once, which is not what it is for.
        level = nearer(direction, level, even) if direction * (seen.close - even) > 0 else level
    return best, level, state.bars + 1


def exit_due(state: StopState, policy: ExitPolicy, close: int) -> str:
    """Why the position must be left at the next opportunity, seen from a bar's ``close``: a code, or "" to stay.

    ``STOP``: the close stands at or beyond the level, where a venue takes no stop order any more. ``TAKE_PROFIT``: at or beyond the
    target. ``TIME_STOP``: held long enough. When several are due the first of these is given.
    """
    return DUE[due_number(state, policy, close)]


def due_number(state: StopState, policy: ExitPolicy, close: int) -> int:
    """The place of :func:`exit_due` in ``DUE``."""
    if state.level and state.direction * (close - state.level) <= 0:
        return STOP_DUE
    if state.target and state.direction * (close - state.target) >= 0:
        return PROFIT_DUE
    return TIME_DUE if 0 < policy.time_bars <= state.bars else 0


def split(state: StopState, new: int, old: int) -> StopState:
    """The state after ``new`` shares came for ``old``: every price times old / new, to the nearest micro-dollar; nothing else changes.

    Raises:
        InvariantError: A number of shares below 1.
    """
    if min(new, old) < 1:
        raise InvariantError(f"a split gives whole numbers of new for old shares, above 0; got {new} for {old}")

    def scaled(price: int) -> int:
        return max(rounded_quotient(price * old, new), 1) if price else 0

    return replace(
        state,
        entry=scaled(state.entry),
        initial=scaled(state.initial),
        level=scaled(state.level),
        best=scaled(state.best),
        risk=scaled(state.risk),
        target=scaled(state.target),
        trail=scaled(state.trail),
    )


def ex_dividend(state: StopState, policy: ExitPolicy, amount: int) -> StopState:
    """The state at the open of an ex date: prices and levels fall by ``amount`` (micro-dollars a share) if the policy says so.

    The holder of a long position has the cash instead, and one short owes it, so distances and R stay what they were.
    """
    if not policy.lowers_on_dividend:
        return state

    def lowered(price: int) -> int:
        return max(price - amount, 1) if price else 0

    return replace(
        state,
        entry=lowered(state.entry),
        initial=lowered(state.initial),
        level=lowered(state.level),
        best=lowered(state.best),
        target=lowered(state.target),
    )
