"""Any portfolio, any orders in any order: once the accepted ones fill at their reference price, no limit is exceeded."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from framework.domain.order import Order, OrderRole, OrderSide, OrderType, TimeInForce
from framework.domain.values import MICRO
from framework.rules.pretrade.risk_limits import RiskLimits
from framework.rules.pretrade.standing import AccountStanding, Standing, after, reducing
from framework.rules.pretrade.validator import Decision, PreTradeValidator, Verdict
from tests.rules.standings import GENERIC, ROBINHOOD

SYMBOLS = ("AAPL", "FB", "IBM", "MSFT")
SECTORS = {"AAPL": "technology", "FB": "media", "IBM": "technology", "MSFT": "technology"}
#: Every value is rounded to a micro-dollar, and every VaR of a share up to one; an order has at most 1e5 shares here.
ROUNDING = 100

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
    """One symbol, counted by the test itself; micros."""

    price: int
    held: int
    var: float
    risk: int
    volume: int
    bought: int = 0
    sold: int = 0
    entered: int = 0

    @property
    def worst(self) -> int:
        """|value| of the largest position that the fills of any of the orders can make."""
        return max(abs(self.held), abs(self.held + self.bought), abs(self.held - self.sold)) * self.price // MICRO

    @property
    def before(self) -> int:
        return abs(self.held) * self.price // MICRO


HOLDING = st.builds(
    Holding,
    price=st.integers(1, 1_000 * MICRO),
    held=st.integers(-1_000, 1_000).map(lambda shares: shares * MICRO),
    var=st.floats(0.0, 0.3),
    risk=st.integers(1, 100 * MICRO),
    volume=st.integers(0, 10_000 * MICRO),
)
WISH = st.tuples(
    st.sampled_from(SYMBOLS), st.sampled_from(OrderSide), st.integers(1, 3_000), st.sampled_from([OrderRole.TARGET, OrderRole.EXPLICIT])
)


@dataclass
class Played:
    """A decision with all its orders."""

    holdings: dict[str, Holding]
    start: AccountStanding
    verdicts: list[Verdict] = field(default_factory=list)
    entries: int = 0
    traded: int = 0
    spent: int = 0


def account_of(holdings: dict[str, Holding], cash: int, unsettled: int) -> AccountStanding:
    gross = sum(each.before for each in holdings.values())
    sectors = {name: sum(each.before for key, each in holdings.items() if SECTORS[key] == name) for name in set(SECTORS.values())}
    return AccountStanding(
        equity=cash + sum(each.held * each.price // MICRO for each in holdings.values()),
        gross=gross,
        entering=0,
        reserved=0,
        cash=cash,
        unsettled=unsettled,
        traded=0,
        positions=sum(each.held != 0 for each in holdings.values()),
        entries_in_bar=0,
        entries_today=0,
        var=math.ceil(sum(each.before * each.var for each in holdings.values())),
        sectors=sectors,
        heat=sum(abs(each.held) * each.risk // MICRO for each in holdings.values()),
    )


def play(holdings, wishes, limits, venue, cash, unsettled) -> Played:
    """Check the orders one after the other, each against a standing that holds the earlier ones."""
    played = Played(holdings, account_of(holdings, cash, unsettled))
    account, checker = played.start, PreTradeValidator(limits, venue)
    standings = {
        name: Standing(
            account=account,
            held=each.held,
            exits=0,
            price=each.price,
            sector=SECTORS[name],
            var=each.var,
            risk_per_share=each.risk,
            at_risk=abs(each.held) * each.risk // MICRO,
            correlation=0.5,
            average_volume=each.volume,
        )
        for name, each in holdings.items()
    }
    for number, (name, side, shares, role) in enumerate(wishes):
        order = Order(f"order-{number}", name, side, shares * MICRO, OrderType.MARKET, 7, role=role)
        standing = standings[name]._replace(account=account)
        verdict = checker.check(order, standing)
        played.verdicts.append(verdict)
        check_one(played, order, standing, verdict, limits)
        if verdict.quantity_micros:
            standings[name] = after(standing, order, verdict.quantity_micros, limits.entry_collar_pct)
            account = standings[name].account
    assert account.entries_in_bar == account.entries_today == played.entries
    assert abs(account.traded - played.traded) <= ROUNDING
    return played


def check_one(played: Played, order: Order, standing: Standing, verdict: Verdict, limits: RiskLimits) -> None:
    """What each order must keep to by itself; counts what was accepted."""
    closing = reducing(order, standing)
    assert verdict.quantity_micros >= (closing if order.role is OrderRole.TARGET or closing == order.quantity_micros else 0)
    assert verdict.quantity_micros <= order.quantity_micros
    assert (verdict.decision is Decision.ACCEPT) == (verdict.quantity_micros == order.quantity_micros) == (not verdict.violations)
    assert (verdict.decision is Decision.REFUSE) == (verdict.quantity_micros == 0)
    holding, value = played.holdings[order.symbol], verdict.quantity_micros * standing.price // MICRO
    played.traded += value
    holding.bought += verdict.quantity_micros if order.side is OrderSide.BUY else 0
    holding.sold += verdict.quantity_micros if order.side is OrderSide.SELL else 0
    if order.side is OrderSide.BUY:
        played.spent += math.floor(value * (1.0 + limits.entry_collar_pct) * (1.0 - 1e-12))
    opened = verdict.quantity_micros - closing
    if opened <= 0:
        return
    played.entries += 1
    holding.entered += opened
    share = lambda part, whole: math.inf if part is None else part * whole + ROUNDING  # noqa: E731
    equity = standing.account.equity
    assert played.traded <= share(limits.max_turnover_pct_per_day, equity)
    assert opened <= share(limits.max_average_volume_pct, holding.volume)
    assert value <= (math.inf if limits.max_order_value_dollars is None else limits.max_order_value_dollars * MICRO + 1)
    assert value + 1 >= (limits.min_order_value_dollars or 0.0) * MICRO - 1
    assert abs(holding.entered) * holding.risk // MICRO <= share(limits.max_position_risk_pct, equity)


def exceeded(total: float, before: float, part: float | None, whole: int) -> bool:
    """Whether a limit is exceeded, and more so than it was."""
    return part is not None and total > max(part * whole, before) + ROUNDING


PORTFOLIO = st.fixed_dictionaries(dict.fromkeys(SYMBOLS, HOLDING))
CASH = st.integers(0, 500_000 * MICRO)


@given(PORTFOLIO, st.lists(WISH, max_size=8), LIMITS, st.sampled_from([GENERIC, ROBINHOOD]), CASH, CASH)
def test_no_limit_is_exceeded_after_the_accepted_orders_fill(holdings, wishes, limits, venue, cash, unsettled):
    played = play(holdings, wishes, limits, venue, cash, unsettled)
    equity, every = played.start.equity, played.holdings.items()
    for each in holdings.values():
        assert not exceeded(each.worst, each.before, limits.max_position_pct, equity)
        if not venue.shorting and each.held >= 0:
            assert each.sold <= each.held
    assert not exceeded(sum(each.worst for each in holdings.values()), played.start.gross, limits.max_total_exposure_pct, equity)
    assert not exceeded(sum(each.worst for each in holdings.values()), played.start.gross, 1.0, equity)
    for sector, before in played.start.sectors.items():
        in_sector = sum(each.worst for name, each in every if SECTORS[name] == sector)
        assert not exceeded(in_sector, before, limits.max_sector_exposure_pct, equity)
    assert not exceeded(sum(each.worst * each.var for each in holdings.values()), played.start.var, limits.max_portfolio_var_pct, equity)
    entered = sum(each.entered * each.risk // MICRO for each in holdings.values())
    if entered:
        assert not exceeded(entered + played.start.heat, 0, limits.max_portfolio_heat_pct, equity)
    count = sum(each.held != 0 or each.entered != 0 for each in holdings.values())
    assert count <= max(math.inf if limits.max_positions is None else limits.max_positions, played.start.positions)
    for most in (limits.max_orders_per_bar, limits.max_orders_per_day):
        assert played.entries <= (math.inf if most is None else most)


@given(PORTFOLIO, st.lists(WISH, max_size=8), LIMITS, CASH, CASH)
def test_buys_from_flat_are_paid_with_settled_cash_at_their_worst_price(holdings, wishes, limits, cash, unsettled):
    for each in holdings.values():
        each.held = 0
    only_buys = [(name, OrderSide.BUY, shares, role) for name, _, shares, role in wishes]
    played = play(holdings, only_buys, limits, ROBINHOOD, cash, unsettled)
    assert played.spent <= (max(cash - unsettled, 0) if limits.settled_cash_only else cash) + ROUNDING


def wish(symbol: str, side: OrderSide, quantity: int, role: OrderRole = OrderRole.EXPLICIT) -> Order:
    return Order("order-1", symbol, side, quantity, OrderType.MARKET, 7, role=role)


@given(PORTFOLIO, st.lists(WISH, min_size=1, max_size=4), LIMITS, CASH)
def test_a_shrunk_order_is_as_large_as_it_may_be(holdings, wishes, limits, cash):
    """What was accepted passes again; one lot more does not."""
    account = account_of(holdings, cash, 0)
    checker = PreTradeValidator(limits, GENERIC)
    for name, side, shares, _ in wishes:
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
