"""How are positions left? Stops, targets and time, checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields

from framework.errors import ConfigError
from framework.rules.orders import LARGEST

_PERCENTS = ("percent", "trail_percent", "target_percent", "fallback_percent")
_COUNTS = ("atr_period", "chandelier_bars", "pullback_bars", "time_bars")


@dataclass(frozen=True, slots=True)
class ExitPolicy:
    """How positions are left; a rule with 0 is off. Percentages in percent (5 means 5 %), R is the risk a share at the entry.

    Attributes:
        percent: Stop that far from the entry.
        atr_multiple: Stop that many average true ranges (``atr_period``, as known at the entry) from the entry; it stays there.
        trail_percent: Stop that far from the best price since the entry.
        trail_amount: The same in dollars a share.
        chandelier_multiple: Stop that many ATR of ``chandelier_bars`` below the highest high of as many bars (Le Beau's chandelier
            exit; above the lowest low for a short). The window may reach back before the entry.
        pullback_bars: Stop one tick below the lowest low of that many bars (above the highest high for a short).
        fallback_percent: Used when every rule that is on lacks the history it needs: a position is never left without a stop.
        breakeven_r: After that many R of profit (best price) the stop moves to the entry plus ``breakeven_cost_bps`` of it, as soon as the
            close stands beyond that price.
        time_bars: The position is left at the close of its n-th bar; the bar of the entry is the first.
        target_r: Profit target that many R from the entry.
        target_percent: Profit target that far from the entry; only one of the two targets can be set.
        may_loosen: The level follows its rules both ways, but never past the initial one.
        lowers_on_dividend: Levels and prices fall by a dividend on its ex date, as the share does; otherwise the drop counts as a loss.

    Raises:
        ConfigError: A value out of range, two targets, or a rule in R without a stop that defines it.
    """

    percent: float = 0.0
    atr_multiple: float = 0.0
    atr_period: int = 14
    trail_percent: float = 0.0
    trail_amount: float = 0.0
    chandelier_multiple: float = 0.0
    chandelier_bars: int = 22
    pullback_bars: int = 0
    fallback_percent: float = 5.0
    breakeven_r: float = 0.0
    breakeven_cost_bps: float = 0.0
    time_bars: int = 0
    target_r: float = 0.0
    target_percent: float = 0.0
    may_loosen: bool = False
    lowers_on_dividend: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if not 0.0 <= value <= LARGEST:
                raise ConfigError(f"[stops] {one.name} = {value}; it must be a number from 0 (off) to {LARGEST:,}")
            if one.name in _PERCENTS and value >= 100.0:
                raise ConfigError(f"[stops] {one.name} = {value}; it is in percent and must be below 100 (5 means 5 %)")
            if one.name in _COUNTS and value != int(value):
                raise ConfigError(f"[stops] {one.name} = {value}; it counts bars and must be a whole number")
        self._check_together()

    def _check_together(self) -> None:
        if not (self.atr_period and self.chandelier_bars and self.fallback_percent):
            raise ConfigError("[stops] atr_period, chandelier_bars and fallback_percent must be above 0")
        if self.target_r and self.target_percent:
            raise ConfigError("[stops] target_r and target_percent are both set; keep one")
        if (self.target_r or self.breakeven_r) and not self.has_stop:
            raise ConfigError("[stops] target_r and breakeven_r need a stop that defines R; set percent, for example")

    @property
    def has_stop(self) -> bool:
        """Whether any rule gives a stop level."""
        levels = (self.percent, self.atr_multiple, self.trail_percent, self.trail_amount, self.chandelier_multiple, self.pullback_bars)
        return any(levels)

    @property
    def trails_at_venue(self) -> bool:
        """Whether the venue's own trailing stop does the trailing."""
        return bool(self.trail_percent or self.trail_amount)

    @property
    def moves(self) -> bool:
        """Whether anything but the price can bring the exit: levels that move with the bars, or time."""
        rules = (self.trail_percent, self.trail_amount, self.chandelier_multiple, self.pullback_bars, self.breakeven_r, self.time_bars)
        return any(rules)
