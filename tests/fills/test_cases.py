"""The table of hand-computed cases, played; and the table itself, checked with a pencil."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fills.table import Case, Filled, can_be_mirrored, cases, mirrored, play, shared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _pytest.mark.structures import ParameterSet

CASES = cases()
AT_THE_OPEN = {"open", "gap", "rest"}


def named(case: Case) -> str:
    return case.name


def to_play(cases: Sequence[Case]) -> list[ParameterSet]:
    """A disputed case is expected to fail."""
    marks = {
        case.name: [pytest.mark.xfail(strict=True, raises=AssertionError, reason=case.disputed)] if case.disputed else [] for case in cases
    }
    return [pytest.param(case, id=case.name, marks=marks[case.name]) for case in cases]


@pytest.mark.parametrize("case", to_play(CASES))
def test_a_case_fills_as_worked_out_by_hand(case):
    found = play(case)
    assert found.fills == list(case.fills), case.why
    assert found.held == case.held
    assert {order: found.ends[order] for order, _, _ in case.ends} == {order: (state, bar) for order, state, bar in case.ends}
    assert found.reported == list(case.reported)


@pytest.mark.parametrize("case", to_play([case for case in CASES if can_be_mirrored(case)]))
def test_the_other_side_of_a_case_is_its_mirror_image(case):
    image = mirrored(case)
    assert play(image).fills == list(image.fills), case.why


# --- the table


def test_there_are_enough_cases_and_each_says_why():
    assert len(CASES) >= 120
    assert max(Counter(case.name for case in CASES).values()) == 1
    assert all(len(case.why) > 20 for case in CASES)
    assert sum(case.silent for case in CASES) < len(CASES) / 10


def test_the_cases_cover_types_sides_times_in_force_paths_and_reasons():
    wishes = [wish for case in CASES for wish in case.orders]
    kinds = {tuple(sorted(wish.prices)) for wish in wishes if not wish.is_bracket}
    assert {(wish.does, wish.force) for wish in wishes} == {(side, force) for side in SIDES for force in FORCES}
    assert {(wish.does, *sorted(wish.prices)) for wish in wishes if not wish.is_bracket} == {
        (side, *kind) for side in SIDES for kind in kinds
    }
    assert len(kinds) == 5
    assert {case.model.get("path", "pessimistic") for case in CASES} == {"pessimistic", "optimistic", "nearest", "finer"}
    assert {reason for case in CASES for reasons in case.reasons for reason in reasons} == {*REASONS, "cap"}


SIDES = ("buy", "sell")
FORCES = ("day", "gtc", "ioc", "fok", "opg", "cls")


@pytest.mark.parametrize("case", CASES, ids=named)
def test_what_is_held_is_the_sum_of_the_fills(case):
    assert case.held == sum((fill.quantity for fill in case.fills), Decimal(0))


@pytest.mark.parametrize("case", [case for case in CASES if case.fills and case.model["slippage"] == "none"], ids=named)
def test_a_reason_is_the_reason(case):
    traded = Counter()
    for fill in case.fills:
        traded[fill.bar] += abs(fill.quantity)
    for number, (fill, reasons) in enumerate(zip(case.fills, case.reasons, strict=True)):
        reason, *more = reasons
        assert REASONS[reason](case, fill, number), f"{case.name}: {fill} is no {reason}"
        if more:
            assert more == ["cap"]
            assert traded[fill.bar] == lot(case, shared(case.bars[fill.bar].row[4], case.model["max_volume_share"]))


def lot(case: Case, quantity: Decimal) -> Decimal:
    return Decimal(int(quantity)) if case.venue == "robinhood" else quantity


def price_of(case: Case, fill: Filled, name: str) -> Decimal | None:
    """The price an order was given, or its leg."""
    number, _, leg = fill.order.removeprefix("#").partition(".")
    prices = case.orders[int(number) - 1].prices
    wanted = {"limit": "profit"}.get(name, name) if leg else name
    is_there = wanted in prices and leg in ("", wanted)
    return Decimal(prices[wanted]) if is_there else None


def opens_there(case: Case, fill: Filled) -> bool:
    walked = case.bars[fill.bar].finer or (case.bars[fill.bar].row,)
    return any(Decimal(str(row[0])) == fill.price for row in walked)


def is_beyond(case: Case, fill: Filled) -> bool:
    """The open is at or beyond the order's price: a limit is as good or better, a stop as bad or worse."""
    sign = 1 if fill.quantity > 0 else -1
    limit, stop = price_of(case, fill, "limit"), price_of(case, fill, "stop")
    if limit is not None:
        return sign * (fill.price - limit) <= 0
    return stop is None or sign * (fill.price - stop) >= 0


def is_without_price(case: Case, fill: Filled) -> bool:
    return price_of(case, fill, "limit") is price_of(case, fill, "stop") is None


def is_entry(case: Case, fill: Filled) -> bool:
    """A bracket's entry at market; its stop is another order's."""
    wish = case.orders[int(fill.order[1:].partition(".")[0]) - 1]
    return wish.is_bracket and "." not in fill.order and "limit" not in wish.prices


def passes(case: Case, fill: Filled) -> bool:
    opened, high, low, _, _ = case.bars[fill.bar].row
    return low <= fill.price <= high and Decimal(str(opened)) != fill.price


REASONS = {
    "open": lambda case, fill, _: opens_there(case, fill) and (is_entry(case, fill) or is_without_price(case, fill)),
    "gap": lambda case, fill, _: opens_there(case, fill) and is_beyond(case, fill),
    "touch": lambda case, fill, _: passes(case, fill) and fill.price == price_of(case, fill, "limit"),
    "trigger": lambda case, fill, _: passes(case, fill) and fill.price == price_of(case, fill, "stop"),
    "trail": lambda case, fill, _: passes(case, fill) and is_without_price(case, fill),
    "rest": lambda case, fill, _: opens_there(case, fill) and fill.order.partition(".")[2] != "profit",
    "collar": lambda case, fill, _: passes(case, fill) and is_without_price(case, fill) and case.venue == "robinhood",
    "close": lambda case, fill, _: fill.price == Decimal(str(case.bars[fill.bar].row[3])),
    "now": lambda case, fill, number: fill.price == case.fills[number - 1].price and "." in fill.order,
}


def test_the_table_is_plain_text():
    text = (Path(__file__).parent / "cases.toml").read_text()
    assert max(map(len, text.splitlines())) <= 160
