"""The simulator against the oracle, fill by fill, on random scenarios; and the oracle's power to notice a change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.fills.oracle import Ask, Fill, Live, Oracle, Piece
from tests.fills.scenarios import SIDE_BY_SIDE, Rules, Scenario, drawn_rules, drawn_scenario, fills_of, smallest, told_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARTS = 10
#: In each part; 5,000 in all, and ten times what a larger profile asks for.
SCENARIOS = max(5_000, 10 * settings().max_examples) // PARTS
SHORT_AND_LONG = [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, PARTS))]


def drawn(seed: str, count: int, is_wanted: Callable[[Scenario, Rules], bool]) -> Iterator[tuple[Rules, list[Scenario]]]:
    """``count`` scenarios, in the runs they share."""
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    while count > 0:
        rules = drawn_rules(dice)
        scenarios = [scenario for _ in range(SIDE_BY_SIDE) if is_wanted(scenario := drawn_scenario(dice, rules), rules)][:count]
        count -= len(scenarios)
        if scenarios:
            yield rules, scenarios


def grouped(scenario: Scenario, rules: Rules) -> list[Ask]:
    """Orders of which only one is to fill, where one can fill in part."""
    partners = {number for number, ask in enumerate(scenario.asks) if ask.partner >= 0} | {ask.partner for ask in scenario.asks}
    return [scenario.asks[number] for number in sorted(partners) if number >= 0 and rules.share > 0]


def expires_by_itself(scenario: Scenario, rules: Rules) -> bool:
    return any(ask.force == "day" for ask in grouped(scenario, rules))


def is_canceled_by_itself(scenario: Scenario, rules: Rules) -> bool:
    return any(ask.cancel_at >= 0 for ask in grouped(scenario, rules))


def is_overtaken(scenario: Scenario, rules: Rules) -> bool:
    """A stop was reached and not done when its entry filled further."""
    return scenario.oracle(rules).overtaken


def is_settled(scenario: Scenario, rules: Rules) -> bool:
    """An order made smaller by its partner is younger than the one it replaces; with days and cancels that shows, rarely."""
    return not any(matter(scenario, rules) for matter in (expires_by_itself, is_canceled_by_itself))


def compare(seed: str, count: int, is_wanted: Callable[[Scenario, Rules], bool]) -> None:
    for rules, scenarios in drawn(seed, count, is_wanted):
        for scenario, fills in zip(scenarios, fills_of(scenarios, rules), strict=True):
            assert fills == scenario.expected(rules), told_in_words(smallest(scenario, rules), rules)


@pytest.mark.parametrize("part", SHORT_AND_LONG)
def test_the_oracle_agrees_on_every_fill(part):
    compare(f"fills {part}", SCENARIOS, is_settled)


def test_the_oracle_agrees_when_one_of_a_group_expires():
    compare("expires", 200, lambda *one: expires_by_itself(*one) and not is_canceled_by_itself(*one))


def test_the_oracle_agrees_when_one_of_a_group_is_canceled():
    compare("canceled", 200, lambda *one: is_canceled_by_itself(*one) and not expires_by_itself(*one))


def test_the_oracle_agrees_when_an_entry_fills_after_its_stop_was_reached():
    compare("overtaken", 50, is_overtaken)


# --- what the scenarios reach


@pytest.fixture(scope="module")
def played() -> list[tuple[Rules, Scenario, list[Fill]]]:
    """Scenarios with what the simulator made of them."""
    return [
        (rules, scenario, fills)
        for rules, scenarios in drawn("power", 600, is_settled)
        for scenario, fills in zip(scenarios, fills_of(scenarios, rules), strict=True)
    ]


def kind(ask: Ask) -> str:
    if ask.profit or ask.loss:
        return "bracket"
    return "trail" if ask.trail or ask.percent else "_".join(name for name in ("stop", "limit") if getattr(ask, name)) or "market"


def test_the_scenarios_reach_every_order_type_time_in_force_and_path(played):
    kinds, forces, paths, prices = Counter(), Counter(), Counter(), Counter()
    for rules, scenario, fills in played:
        for fill in fills:
            number, _, leg = fill.order.partition(".")
            ask = scenario.asks[int(number)]
            opened = {piece[0] for piece in scenario.bars[fill.bar]}
            kinds[kind(ask) + (leg and "'s exit")] += 1
            forces[ask.force] += 1
            paths[rules.path] += 1
            prices["open" if fill.price in opened else "inside"] += 1
    assert set(kinds) == {"market", "limit", "stop", "stop_limit", "trail", "bracket", "bracket's exit"}
    assert set(forces) == {"day", "gtc", "ioc", "fok", "opg", "cls"}
    assert set(paths) == {"pessimistic", "optimistic", "nearest", "finer"}
    assert min(*kinds.values(), *forces.values(), *paths.values(), *prices.values()) >= 20


# --- what the oracle would notice


class SavedByItsStop(Oracle):
    """A gap fills at the stop."""

    def fill(self, one: Live, size: int, price: int) -> None:
        super().fill(one, size, one.stop if one.stop and not one.limit and not one.waits else price)


class PaysItsLimit(Oracle):
    """A gap fills at the limit."""

    def fill(self, one: Live, size: int, price: int) -> None:
        super().fill(one, size, one.limit or price)


class KnowsTheBarBefore(Oracle):
    """A trailing stop has seen the high and the low of the bar it was decided on."""

    def accept(self, number: int, ask: Ask) -> None:
        super().accept(number, ask)
        for piece in self.bars[self.now] or []:
            self.live[-1].see(piece[1])
            self.live[-1].see(piece[2])


class WaitsAgain(Oracle):
    """What is left of a stop waits for its price again."""

    def fill(self, one: Live, size: int, price: int) -> None:
        super().fill(one, size, price)
        one.waits = "stop" if one.stop and not one.limit else one.waits


class FillsBoth(Oracle):
    """Of two orders of a group both fill."""

    def accept(self, number: int, ask: Ask) -> None:
        super().accept(number, ask._replace(partner=-1))


class ExitsNextBar(Oracle):
    """Exits live from the bar after the entry's."""

    def meets(self, one: Live, here: int, there: int, up: int) -> int:
        return 0 if "." in one.name and one.ask.at == self.now else super().meets(one, here, there, up)


class EachItsOwnShare(Oracle):
    """The volume is there for every order again."""

    def reach(self, one: Live, price: int) -> None:
        before, self.room = self.room, self.room + sum(abs(fill.quantity) for fill in self.fills if fill.bar == self.now)
        super().reach(one, price)
        self.room = min(before, self.room)


class LivesForEver(Oracle):
    """A day order is good till canceled."""

    def is_over(self, one: Live) -> bool:
        return one.ask.force != "day" and super().is_over(one)


class TakesItsTime(Oracle):
    """What is to trade at once has until the end of the bar."""

    def meets(self, one: Live, here: int, there: int, up: int) -> int:
        known = one.ask
        one.ask = known._replace(force="day") if known.force in ("ioc", "fok") else known
        found = super().meets(one, here, there, up)
        one.ask = known
        return found


class YoungestFirst(Oracle):
    """Of two orders at one price the younger goes first."""

    def accept(self, number: int, ask: Ask) -> None:
        super().accept(number, ask)
        self.live.insert(0, self.live.pop())


class TradesWithoutVolume(Oracle):
    """A bar without volume trades."""

    def trade(self, pieces: list[Piece]) -> None:
        silent = pieces or [(*piece[:4], 1) for piece in self.bars[self.now] or []]
        super().trade(silent)


class ForgetsTheTrigger(Oracle):
    """A stop-limit whose limit is not met waits for its stop again."""

    def trade(self, pieces: list[Piece]) -> None:
        super().trade(pieces)
        for one in self.live:
            one.waits = "stop" if one.stop and one.limit else one.waits


class TradesItsOwnBar(Oracle):
    """An order fills on the bar it was decided on."""

    def accept(self, number: int, ask: Ask) -> None:
        super().accept(number, ask)
        for _, high, low, _, volume in self.bars[self.now] or []:
            self.room = volume
            for one in self.live[-1:]:
                self.reach(one, low if ask.sign > 0 else high)


PLANTED = (
    SavedByItsStop,
    PaysItsLimit,
    KnowsTheBarBefore,
    WaitsAgain,
    FillsBoth,
    ExitsNextBar,
    EachItsOwnShare,
    LivesForEver,
    TakesItsTime,
    YoungestFirst,
    TradesWithoutVolume,
    ForgetsTheTrigger,
    TradesItsOwnBar,
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__doc__)
def test_a_rule_that_was_changed_is_noticed(played, planted):
    noticed = [fills != scenario.expected(rules, planted) for rules, scenario, fills in played]
    assert sum(noticed) >= 3


CHANGED: dict[str, Callable[[Rules], Rules]] = {
    "a touch is enough, or no longer": lambda rules: replace(rules, through=not rules.through),
    "the extremes change places": lambda rules: replace(rules, path="pessimistic" if rules.path == "optimistic" else "optimistic"),
    "the nearest extreme first": lambda rules: replace(rules, path="nearest" if rules.path != "nearest" else "pessimistic"),
    "more of the volume": lambda rules: replace(rules, share=rules.share * 1.01),
    "no cap": lambda rules: replace(rules, share=0.0),
}


@pytest.mark.parametrize("change", CHANGED.values(), ids=list(CHANGED))
def test_a_setting_that_was_changed_is_noticed(played, change):
    noticed = [fills != scenario.expected(change(rules)) for rules, scenario, fills in played]
    assert sum(noticed) >= 3
