"""The decision core for any portfolio, signals, prices and policy: one test for each thing that must always hold."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from framework.domain.values import MICRO
from framework.rules.execution.pricing import OffsetPolicy, priced
from framework.rules.execution.rebalance import RebalancePolicy, rebalanced
from framework.rules.pretrade.standing import after
from framework.rules.pretrade.validator import Decision, PreTradeValidator
from framework.rules.sizing.lots import change, shares_for
from framework.rules.sizing.sizers import allocate
from tests.properties import accounts, filled, garbage, keeping, raising
from tests.properties.dice import Dice
from tests.properties.examples import clause, seeds

odds = st.sampled_from([0.0, 0.0, 0.1])
#: Dollars of rounding in a size that is added up from several numbers.
CENT = 0.01


@clause
@given(seeds, odds, st.integers(1, 5), st.integers(0, 6), st.integers(0, 2))
def test_no_limit_is_exceeded_after_the_accepted_orders_fill_at_their_reference_price(seed, odd, symbols, explicit, working):
    dice = Dice(seed, odd)
    world = accounts.world(dice, symbols, explicit=explicit, working=working)
    first = dice.count(0, len(world.explicit))
    wishes = [*world.explicit[:first], *accounts.targets(world), *world.explicit[first:]]
    decision = filled.decided(world, wishes)
    keeping.assert_each_order_keeps_to_itself(world, decision)
    keeping.assert_no_exit_is_stopped(decision)
    keeping.assert_entries_are_paid(world, decision)
    if not world.explicit and not working:
        keeping.assert_sizes_hold(world, decision)
    sent = decision.working + decision.sent
    for fills in (filled.one_of_each(dice, sent), filled.some_fills(dice, sent)):
        keeping.assert_limits_hold(world, decision, filled.filled(world, fills))


@clause
@given(seeds, odds, st.integers(1, 5))
def test_a_size_grows_with_the_strength_of_its_signal(seed, odd, symbols):
    dice = Dice(seed, odd)
    world = accounts.world(dice, symbols)
    directed = [name for name, strength in world.strengths.items() if abs(strength) > 0.0]
    assume(directed)
    symbol = dice.one_of(directed)
    more = raising.stronger(dice, world, symbol)
    assert raising.dollars(more, symbol) >= raising.dollars(world, symbol)
    assert raising.shares(more, symbol) >= raising.shares(world, symbol)


@clause
@given(seeds, odds, st.integers(1, 5))
def test_a_size_grows_with_the_budgets(seed, odd, symbols):
    dice = Dice(seed, odd)
    world = accounts.world(dice, symbols)
    symbol = raising.strongest(world)
    assume(symbol)
    more = raising.richer(dice, world)
    assert raising.dollars(more, symbol) >= raising.dollars(world, symbol) - CENT
    assert raising.shares(more, symbol) >= raising.shares(world, symbol)
    tight, wide = raising.one_budget(dice, world)
    for each in world.strengths:
        before = raising.dollars(tight, each)
        assert raising.dollars(wide, each) >= before - CENT - 1e-9 * abs(before)


@clause
@given(seeds, odds, st.integers(1, 5))
def test_a_size_shrinks_with_its_var(seed, odd, count):
    dice = Dice(seed, odd)
    world = accounts.world(dice, count)
    symbols = raising.untouched(world)
    assume(symbols)
    symbol = dice.one_of(symbols)
    world = raising.believed(dice, world, symbol)
    more = raising.riskier(dice, world, symbol)
    assert raising.dollars(more, symbol) <= raising.dollars(world, symbol) + CENT
    assert raising.shares(more, symbol) <= raising.shares(world, symbol) + MICRO


@clause
@given(seeds, odds, st.integers(1, 5))
def test_sizes_do_not_depend_on_the_order_of_the_symbols_but_for_ties_which_go_to_the_earlier(seed, odd, count):
    dice = Dice(seed, odd)
    world = accounts.world(dice, count)
    symbols = accounts.in_turn(dice, world.strengths)
    straight, mixed = accounts.sized(world, sorted(symbols)), accounts.sized(world, symbols)
    for symbol, target, wanted, code in zip(symbols, mixed.target, mixed.wanted, mixed.codes, strict=True):
        row = sorted(symbols).index(symbol)
        assert (target, wanted, code) == (straight.target[row], straight.wanted[row], straight.codes[row])


@clause
@given(seeds, st.sampled_from([0.1, 0.5, 0.9]), st.integers(0, 5))
def test_no_exception_escapes_whatever_the_numbers(seed, odd, count):
    dice = Dice(seed, odd)
    numbers, policy, venue = [garbage.number(dice) for _ in range(4)], accounts.sizing_of(dice), dice.one_of(garbage.NAMES)
    found = allocate(garbage.rows(dice, count), *numbers[:3], dice.count(-1, 20), policy)
    assert np.isfinite(found.target).all()
    for value in (*found.target.tolist(), numbers[3]):
        change(garbage.micros(dice), shares_for(value, garbage.micros(dice), venue.lot_micros), garbage.micros(dice), policy)
    order, standing, limits = garbage.order(dice), garbage.standing(dice), accounts.limits_of(dice)
    verdict = PreTradeValidator(limits, venue).check(order, standing)
    assert 0 <= verdict.quantity_micros <= max(order.quantity_micros, 0)
    assert bool(verdict.violations) == (verdict.decision is not Decision.ACCEPT)
    if verdict.quantity_micros:
        after(standing, order, verdict.quantity_micros, limits.entry_collar_pct)
    offsets = garbage.policy(dice, OffsetPolicy)
    limit, refusal = priced(7, order.symbol, order.side, garbage.micros(dice), garbage.micros(dice), venue, offsets)
    assert (limit > 0) == (refusal is None)
    weights = {symbol: garbage.number(dice) for symbol in garbage.SYMBOLS[:count]}
    micros = [{symbol: garbage.micros(dice) for symbol in garbage.SYMBOLS[:count]} for _ in range(2)]
    sums = garbage.micros(dice), garbage.micros(dice)
    rebalanced(7, weights, *micros, *sums, venue.lot_micros, garbage.policy(dice, RebalancePolicy))
    world = accounts.world(dice, 1 + count % 5, explicit=count, working=1)
    filled.decided(world, [*world.explicit, *accounts.targets(world)])
