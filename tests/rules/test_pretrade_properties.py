"""The door alone, for any order and any books: what it leaves of an order is all that fits, and nothing makes it fail."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.rules.pretrade.risk_limits import RiskLimits
from framework.rules.pretrade.standing import AccountStanding, Standing, after
from framework.rules.pretrade.validator import Decision, PreTradeValidator
from tests.rules.standings import GENERIC, ROBINHOOD

SYMBOLS = ("AAPL", "FB", "IBM", "MSFT")
SECTORS = {"AAPL": "technology", "FB": "media", "IBM": "technology", "MSFT": "technology"}

#: A limit is kept to a millionth (``entry.share``), so that 0.29 is 29 %; a finer one would be rounded up half of the time.
FRACTION = st.none() | st.integers(0, 1_200_000).map(lambda millionths: millionths / MICRO)
COUNT = st.none() | st.integers(0, 6)
LIMITS = st.builds(
    RiskLimits,
    max_position_pct=FRACTION,
    max_position_risk_pct=FRACTION,
    max_sector_exposure_pct=FRACTION,
    max_total_exposure_pct=FRACTION,
    max_portfolio_heat_pct=FRACTION,
    max_portfolio_var_pct=FRACTION,
    max_turnover_pct_per_day=FRACTION,
    max_average_volume_pct=FRACTION,
    max_correlation=FRACTION,
    max_positions=COUNT,
    max_orders_per_bar=COUNT,
    max_orders_per_day=COUNT,
    min_order_value_dollars=st.none() | st.floats(0.0, 1_000.0),
    max_order_value_dollars=st.none() | st.floats(0.0, 50_000.0),
    price_band_pct=FRACTION,
    entry_collar_pct=st.floats(0.0, 0.5),
    settled_cash_only=st.booleans(),
    refuse_duplicates=st.booleans(),
)


@dataclass
class Holding:
    """One symbol; micros."""

    price: int
    held: int
    var: float
    risk: int
    volume: int

    @property
    def value(self) -> int:
        return abs(self.held) * self.price // MICRO


HOLDING = st.builds(
    Holding,
    price=st.integers(1, 1_000 * MICRO),
    held=st.integers(-1_000, 1_000).map(lambda shares: shares * MICRO),
    var=st.floats(0.0, 0.3),
    risk=st.integers(1, 100 * MICRO),
    volume=st.integers(0, 10_000 * MICRO),
)
WISH = st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(OrderSide), st.integers(1, 3_000))


def account_of(holdings: dict[str, Holding], cash: int) -> AccountStanding:
    gross = sum(each.value for each in holdings.values())
    sectors = {name: sum(each.value for key, each in holdings.items() if SECTORS[key] == name) for name in set(SECTORS.values())}
    return AccountStanding(
        equity=cash + sum(each.held * each.price // MICRO for each in holdings.values()),
        gross=gross,
        entering=0,
        reserved=0,
        cash=cash,
        unsettled=0,
        traded=0,
        positions=sum(each.held != 0 for each in holdings.values()),
        entries_in_bar=0,
        entries_today=0,
        var=math.ceil(sum(each.value * each.var for each in holdings.values())),
        sectors=sectors,
        heat=sum(abs(each.held) * each.risk // MICRO for each in holdings.values()),
    )


PORTFOLIO = st.fixed_dictionaries(dict.fromkeys(SYMBOLS, HOLDING))
CASH = st.integers(0, 500_000 * MICRO)


def wish(symbol: str, side: OrderSide, quantity: int, role: OrderRole = OrderRole.EXPLICIT) -> Order:
    return Order("order-1", symbol, side, quantity, OrderType.MARKET, 7, role=role)


@given(PORTFOLIO, st.lists(WISH, min_size=1, max_size=4), LIMITS, CASH)
def test_a_shrunk_order_is_as_large_as_it_may_be(holdings, wishes, limits, cash):
    """What was accepted passes again; one lot more does not."""
    account = account_of(holdings, cash)
    checker = PreTradeValidator(limits, GENERIC)
    for name, side, shares in wishes:
        each = holdings[name]
        about = {"var": each.var, "risk_per_share": each.risk, "at_risk": 0, "correlation": 0.5, "average_volume": each.volume}
        standing = Standing(account, each.held, 0, each.price, sector=SECTORS[name], **about)
        verdict = checker.check(wish(name, side, shares * MICRO, OrderRole.TARGET), standing)
        if verdict.decision is not Decision.SHRINK:
            continue
        # The fewest shares that are worth two micro-dollars in any measure: less may vanish in rounding.
        least = 2 * MICRO // min(each.price, each.risk, max(math.ceil(each.price * each.var), 1)) + 2
        quantity = verdict.quantity_micros
        again, more = (checker.check(wish(name, side, quantity + lots), standing) for lots in (0, least))
        assert again.decision is Decision.ACCEPT
        assert more.decision is Decision.REFUSE or quantity + least >= shares * MICRO


BROKEN_NUMBER = st.none() | st.floats()
MICROS = st.integers(-(2**62), 2**62)


@given(
    st.builds(
        Order,
        order_id=st.just("order-1"),
        symbol=st.sampled_from(SYMBOLS),
        side=st.sampled_from(OrderSide),
        quantity_micros=MICROS,
        order_type=st.sampled_from(OrderType),
        created_at=st.just(7),
        limit_micros=st.none() | MICROS,
        stop_micros=st.none() | MICROS,
        trail_micros=st.none() | MICROS,
        time_in_force=st.sampled_from(TimeInForce),
        role=st.sampled_from(OrderRole),
    ),
    st.builds(
        Standing,
        account=st.builds(
            AccountStanding,
            *(MICROS for _ in range(7)),
            *(st.integers(0, 1_000) for _ in range(3)),
            MICROS,
            st.dictionaries(st.just("unknown"), MICROS),
            st.none() | MICROS,
        ),
        held=MICROS,
        exits=MICROS,
        price=MICROS,
        pending=MICROS,
        var=BROKEN_NUMBER,
        risk_per_share=st.none() | MICROS,
        at_risk=st.none() | MICROS,
        correlation=BROKEN_NUMBER,
        market_cap=BROKEN_NUMBER,
        average_volume=st.none() | MICROS,
    ),
    LIMITS,
    st.sampled_from([GENERIC, ROBINHOOD]),
)
def test_no_input_raises_and_nothing_but_the_quantity_asked_for_is_sent(order, standing, limits, venue):
    verdict = PreTradeValidator(limits, venue).check(order, standing)
    assert 0 <= verdict.quantity_micros <= max(order.quantity_micros, 0)
    assert bool(verdict.violations) == (verdict.decision is not Decision.ACCEPT)
    if verdict.quantity_micros:
        after(standing, order, verdict.quantity_micros, limits.entry_collar_pct)
