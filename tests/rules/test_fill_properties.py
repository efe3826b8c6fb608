"""What holds for every bar and every order, and a slow walk that knows nothing but the definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from framework.rules import fills
from framework.rules.fills import LIMIT, MARKET, NEAREST, NO_FILL, OPTIMISTIC, PESSIMISTIC, STOP, STOP_LIMIT, TRAILING

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = (MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING)
STOPS = (STOP, STOP_LIMIT, TRAILING)
PERCENT = 1_000_000
HIGHEST = 40
#: The cases are cheap: more of them than a profile asks for, and never fewer.
MANY = max(300, settings().max_examples)
MOST = max(1500, settings().max_examples)


class Case(NamedTuple):
    """The arguments of ``match`` for an order that works from the open, in small whole prices."""

    kind: int
    sign: int
    limit: int
    level: int
    triggered: bool
    trail: int
    is_percentage: bool
    through: bool
    bar: tuple[int, int, int, int]
    path: int
    direction: int

    @property
    def points(self) -> tuple[int, int, int]:
        return fills.path_order(self.path, self.direction, self.bar)

    def match(self, leg: int = 0, price: int | None = None) -> tuple[int, int, bool, int]:
        first = self.bar[0] if price is None else price
        return fills.match(*self[:8], leg, first, self.points)


@st.composite
def bars(draw) -> tuple[int, int, int, int]:
    """(open, high, low, close), from 5 up, so that a trail of a fifth is at least one."""
    low = draw(st.integers(5, HIGHEST))
    high = draw(st.integers(low, HIGHEST))
    inside = st.integers(low, high)
    return draw(inside), high, low, draw(inside)


@st.composite
def cases(draw, kinds: tuple[int, ...] = KINDS) -> Case:
    is_percentage = draw(st.booleans())
    trail = draw(st.sampled_from((10 * PERCENT, 20 * PERCENT, 25 * PERCENT, 40 * PERCENT)) if is_percentage else st.integers(1, 15))
    level_or_limit = st.integers(1, HIGHEST + 5)
    kind = draw(st.sampled_from(kinds))
    return Case(
        kind,
        draw(st.sampled_from((1, -1))),
        draw(level_or_limit),
        draw(level_or_limit),
        kind == STOP_LIMIT and draw(st.booleans()),
        trail,
        is_percentage,
        draw(st.booleans()),
        draw(bars()),
        draw(st.sampled_from((PESSIMISTIC, OPTIMISTIC, NEAREST))),
        draw(st.sampled_from((1, -1))),
    )


def ticks(leg: int, price: int, points: tuple[int, int, int]) -> Iterator[tuple[int, int]]:
    """Every price the market passes from ``price`` on ``leg`` to the close, one step at a time, each with its leg."""
    yield leg, price
    for number in range(leg, 3):
        while price != points[number]:
            price += 1 if points[number] > price else -1
            yield number, price


def walked(case: Case, leg: int, start: int) -> tuple[int, int, bool, int]:
    """The same as ``match``, by asking at every tick what the definitions say."""
    sign, level, triggered = case.sign, case.level, case.triggered
    for count, (number, price) in enumerate(ticks(leg, start, case.points)):
        comes_alive = count == 0
        if case.kind in STOPS and not triggered:
            triggered = comes_alive = sign * price >= sign * level
        if case.kind in STOPS and not triggered:
            if case.kind == TRAILING:
                distance = (price * case.trail + 50 * PERCENT) // (100 * PERCENT) if case.is_percentage else case.trail
                level = max(level, price - distance) if sign < 0 else min(level, price + distance)
            continue
        if case.kind not in (LIMIT, STOP_LIMIT):
            return price, number, triggered, level
        marketable, beyond = sign * price <= sign * case.limit, sign * price < sign * case.limit
        if beyond or (marketable and (comes_alive or not case.through)):
            return price if comes_alive else case.limit, number, triggered, level
    return NO_FILL, 3, triggered, level


@settings(max_examples=MOST)
@given(cases())
def test_an_order_trades_where_a_walk_tick_by_tick_says(case):
    assert case.match() == walked(case, 0, case.bar[0])


@settings(max_examples=MANY)
@given(cases(), st.integers(0, 2), st.data())
def test_an_order_that_comes_alive_inside_the_bar_trades_where_the_walk_says(case, leg, data):
    path = (case.bar[0], *case.points)
    price = data.draw(st.integers(min(path[leg : leg + 2]), max(path[leg : leg + 2])))
    assert case.match(leg, price) == walked(case, leg, price)


@settings(max_examples=MANY)
@given(cases())
def test_a_fill_lies_inside_the_bar(case):
    price = case.match()[0]
    assert price == NO_FILL or case.bar[2] <= price <= case.bar[1]


@settings(max_examples=MANY)
@given(cases(kinds=(LIMIT, STOP_LIMIT)))
def test_a_limit_is_never_exceeded(case):
    price = case.match()[0]
    assert price == NO_FILL or case.sign * price <= case.sign * case.limit


@settings(max_examples=MANY)
@given(cases(kinds=(STOP, TRAILING)))
def test_a_stop_fills_at_its_trigger_or_at_a_worse_open(case):
    price, leg, _, level = case.match()
    if price != NO_FILL:
        assert case.sign * price >= case.sign * level
        assert price == level or (price, leg) == (case.bar[0], 0)


@given(cases(kinds=(MARKET,)))
def test_a_market_order_fills_at_the_open(case):
    assert case.match()[:2] == (case.bar[0], 0)


@settings(max_examples=MANY)
@given(cases())
@example(Case(TRAILING, -1, 1, 9, False, 5, False, False, (20, 20, 17, 18), PESSIMISTIC, 1))
def test_the_mirrored_market_gives_the_mirrored_fill(case):
    """All prices p become K - p, buys become sells and longs shorts. A percentage is no distance that survives a mirror."""
    mirror = 3 * HIGHEST
    case = case._replace(is_percentage=False, trail=min(case.trail, 15))
    opened, high, low, close = (mirror - price for price in case.bar)
    mirrored = case._replace(
        sign=-case.sign,
        limit=mirror - case.limit,
        level=mirror - case.level,
        bar=(opened, low, high, close),
        direction=-case.direction,
    )
    price, leg, triggered, level = case.match()
    expected = price if price == NO_FILL else mirror - price
    assert mirrored.match() == (expected, leg, triggered, mirror - level)


@settings(max_examples=MANY)
@given(cases(kinds=(LIMIT,)), st.integers(0, 10))
def test_a_limit_that_asks_for_less_fills_whenever_one_that_asks_for_more_does_and_no_later(case, concession):
    asks_more, asks_less = case.match(), case._replace(limit=case.limit + case.sign * concession).match()
    if asks_more[0] != NO_FILL:
        assert asks_less[0] != NO_FILL
        assert asks_less[1] <= asks_more[1]


@settings(max_examples=MANY)
@given(cases(kinds=(STOP,)), st.integers(0, 10))
def test_a_nearer_stop_fills_whenever_a_farther_one_does_and_no_worse(case, nearer):
    far, near = case.match(), case._replace(level=case.level - case.sign * nearer).match()
    if far[0] != NO_FILL:
        assert near[0] != NO_FILL
        assert near[1] <= far[1]
        assert case.sign * near[0] <= case.sign * far[0]


@given(cases(kinds=(LIMIT, STOP_LIMIT)))
def test_what_fills_through_would_have_filled_on_a_touch_at_the_same_price_and_no_later(case):
    through, touch = case._replace(through=True).match(), case._replace(through=False).match()
    if through[0] != NO_FILL:
        assert touch[0] == through[0]
        assert touch[1] <= through[1]


@given(bars(), st.data())
def test_inside_one_bar_the_pessimist_is_stopped_first_and_the_optimist_takes_profit_first(bar, data):
    opened, high, low, _ = bar
    long = data.draw(st.booleans())
    worst, best = (low, high) if long else (high, low)
    if opened in (worst, best):
        return
    stop_level = data.draw(st.integers(min(worst, opened), max(worst, opened)).filter(lambda level: level != opened))
    target = data.draw(st.integers(min(best, opened), max(best, opened)).filter(lambda level: level != opened))
    legs = {}
    for path in (PESSIMISTIC, OPTIMISTIC):
        exits = {"stop": (STOP, 0, stop_level), "target": (LIMIT, target, 0)}
        sign = -1 if long else 1
        case = Case(LIMIT, sign, 0, 0, False, 0, False, False, bar, path, -sign)
        outcome = {name: case._replace(kind=kind, limit=limit, level=level).match() for name, (kind, limit, level) in exits.items()}
        assert (outcome["stop"][0], outcome["target"][0]) == (stop_level, target)
        legs[path] = (outcome["stop"][1], outcome["target"][1])
    assert legs == {PESSIMISTIC: (0, 1), OPTIMISTIC: (1, 0)}


@settings(max_examples=MANY)
@given(cases(kinds=(TRAILING,)))
def test_a_trailing_stop_only_tightens(case):
    price, _, _, level = case.match()
    assert case.sign * level <= case.sign * case.level
    if price == NO_FILL:
        best = case.bar[1] if case.sign < 0 else case.bar[2]
        distance = fills.trail_distance(best, case.trail, case.is_percentage)
        assert level == case.sign * min(case.sign * case.level, case.sign * best + distance)


@given(st.lists(st.integers(10, 1000), min_size=1, max_size=20), st.sampled_from((1, -1)), st.integers(1, 50), st.integers(1, 1100))
def test_a_trail_stands_its_distance_from_the_best_price_ever_seen(prices, sign, trail, start):
    level = start
    for price in prices:
        level = fills.ratchet(sign, level, price, trail, False)
    best = min(prices) + trail if sign > 0 else max(prices) - trail
    assert level == (min(start, best) if sign > 0 else max(start, best))
