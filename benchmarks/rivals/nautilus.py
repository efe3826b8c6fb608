"""NautilusTrader on W1, W4 and W5: ``python nautilus.py FOLDER WORKLOAD BARS REPEATS [TRAIL]``. Its orders fill at the signal's close."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model import BarType, InstrumentId, Money, Price, Quantity, Symbol, TraderId, Venue
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TrailingOffsetType, TriggerType
from nautilus_trader.model.instruments import Equity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from timing import Outcome, report
from workloads import CASH, COLUMNS, FAST, SHARES, SLOW, load_w1, load_w3

if TYPE_CHECKING:
    from collections.abc import Sequence

VENUE = Venue("SIM")


class Settings(StrategyConfig, frozen=True):
    """Which bars, and the trailing stop as a fraction."""

    bar_type: BarType
    trail: float = 0.0


class Cross(Strategy):
    """W1's rule; with ``trail`` a trailing stop when the position opens."""

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self.fast, self.slow = SimpleMovingAverage(FAST), SimpleMovingAverage(SLOW)
        self.side, self.holds, self.quantity, self.stop_order = 0, False, Quantity.from_int(SHARES), None

    def on_start(self) -> None:
        """Subscribe."""
        self.instrument = self.config.bar_type.instrument_id
        for indicator in (self.fast, self.slow):
            self.register_indicator_for_bars(self.config.bar_type, indicator)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar: Any) -> None:  # noqa: ARG002 - its signature
        """One bar."""
        if not self.slow.initialized:
            return
        side = 1 if self.fast.value > self.slow.value else -1
        if self.side and side != self.side:
            if side > 0 and not self.holds:
                self._send(OrderSide.BUY)
            elif side < 0 and self.holds:
                if self.stop_order is not None:
                    self.cancel_order(self.stop_order)
                self._send(OrderSide.SELL)
        self.side = side

    def _send(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(self.instrument, side, self.quantity))

    def on_position_opened(self, event: Any) -> None:  # noqa: ARG002 - its signature
        """Place the stop."""
        self.holds = True
        if self.config.trail:
            self.stop_order = self.order_factory.trailing_stop_market(
                self.instrument,
                OrderSide.SELL,
                self.quantity,
                trailing_offset=Decimal(str(self.config.trail * 1e4)),
                trailing_offset_type=TrailingOffsetType.BASIS_POINTS,
                trigger_type=TriggerType.LAST_PRICE,
                reduce_only=True,
            )
            self.submit_order(self.stop_order)

    def on_position_closed(self, event: Any) -> None:  # noqa: ARG002 - its signature
        """Forget the stop."""
        self.holds, self.stop_order = False, None


def instrument_of(decimals: int) -> Equity:
    """One share."""
    return Equity(
        instrument_id=InstrumentId(Symbol("X"), VENUE),
        raw_symbol=Symbol("X"),
        currency=USD,
        price_precision=decimals,
        price_increment=Price(10**-decimals, decimals),
        lot_size=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
    )


def played(instrument: Equity, bar_type: BarType, bars: Sequence[Any], last: float, trail: float) -> Outcome:
    """One run of a new engine."""
    settings = BacktestEngineConfig(
        trader_id=TraderId("B-1"),
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=True),
        run_analysis=False,
    )
    engine = BacktestEngine(settings)
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.CASH, starting_balances=[Money(CASH, USD)], base_currency=USD)
    engine.add_instrument(instrument)
    engine.add_data(bars)
    engine.add_strategy(Cross(Settings(bar_type=bar_type, trail=trail)))
    engine.run()
    cash = float(engine.portfolio.account(VENUE).balance_total(USD))
    held = float(engine.portfolio.net_position(instrument.id))
    trades = len(engine.cache.positions_closed()) + len(engine.cache.position_snapshots())
    engine.dispose()
    return Outcome(cash + held * last, trades)


def main() -> None:
    """Run what the command line says."""
    folder, workload, bars, repeats = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    trail = float(sys.argv[5]) if len(sys.argv) > 5 else 0.0
    columns = load_w3(folder, "AAPL") if workload == "w4" else load_w1(folder, bars)
    index = pd.to_datetime(columns["timestamp"], unit="D" if workload == "w4" else "ns", utc=True)
    instrument = instrument_of(2 if workload == "w4" else 4)
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    frame = pd.DataFrame({name: columns[name] for name in COLUMNS}, index=index)
    made = BarDataWrangler(bar_type, instrument).process(frame)
    last = float(columns["close"][-1])
    report("NautilusTrader", lambda: played(instrument, bar_type, made, last, trail), repeats, "fills at the close of the signal")


if __name__ == "__main__":
    main()
