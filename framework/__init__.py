"""onetape: write a strategy once, backtest it, forward-test it on paper, trade it live.

The names a strategy author needs; each is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.app.audits.lookahead import LookaheadAudit, audit_lookahead
    from framework.app.audits.montecarlo import MonteCarloAudit, audit_montecarlo
    from framework.app.audits.overfit import OverfitAudit, audit_overfit
    from framework.app.backtest.run import RunResult, run
    from framework.app.sessions.backtrader_store import RobinhoodStore
    from framework.app.sweeps.result import SweepResult
    from framework.app.sweeps.sweep import sweep
    from framework.app.sweeps.walkforward import WalkForward, walkforward
    from framework.domain.book import Account, Position
    from framework.domain.fill import Fill, Trade
    from framework.domain.market import Bar, Quote
    from framework.domain.order import Bracket, Order, OrderSide, OrderStatus, OrderType, TimeInForce
    from framework.engine.context import Context
    from framework.engine.entry_exit import EntryExitStrategy, MarketData
    from framework.engine.panel import Panel
    from framework.engine.ports import Broker
    from framework.engine.strategy import SignalStrategy, Strategy
    from framework.errors import OnetapeError
    from framework.research.folds import Cutting
    from framework.runtime.config import Config
    from framework.runtime.loading import load_config

__all__ = [
    "Account",
    "Bar",
    "Bracket",
    "Broker",
    "Config",
    "Context",
    "Cutting",
    "EntryExitStrategy",
    "Fill",
    "LookaheadAudit",
    "MarketData",
    "MonteCarloAudit",
    "OnetapeError",
    "Order",
    "OrderSide",
    "OrderStatus",
    "OrderType",
    "OverfitAudit",
    "Panel",
    "Position",
    "Quote",
    "RobinhoodStore",
    "RunResult",
    "SignalStrategy",
    "Strategy",
    "SweepResult",
    "TimeInForce",
    "Trade",
    "WalkForward",
    "audit_lookahead",
    "audit_montecarlo",
    "audit_overfit",
    "load_config",
    "run",
    "sweep",
    "walkforward",
]

__version__ = "0.1.0"

_HOMES = (
    ("framework.app.sessions.backtrader_store", ("RobinhoodStore",)),
    ("framework.app.audits.lookahead", ("LookaheadAudit", "audit_lookahead")),
    ("framework.app.audits.montecarlo", ("MonteCarloAudit", "audit_montecarlo")),
    ("framework.app.audits.overfit", ("OverfitAudit", "audit_overfit")),
    ("framework.app.backtest.run", ("RunResult", "run")),
    ("framework.app.sweeps.sweep", ("sweep",)),
    ("framework.app.sweeps.result", ("SweepResult",)),
    ("framework.app.sweeps.walkforward", ("WalkForward", "walkforward")),
    ("framework.domain.book", ("Account", "Position")),
    ("framework.domain.fill", ("Fill", "Trade")),
    ("framework.domain.market", ("Bar", "Quote")),
    ("framework.domain.order", ("Bracket", "Order", "OrderSide", "OrderStatus", "OrderType", "TimeInForce")),
    ("framework.engine.context", ("Context",)),
    ("framework.engine.entry_exit", ("EntryExitStrategy", "MarketData")),
    ("framework.engine.panel", ("Panel",)),
    ("framework.engine.ports", ("Broker",)),
    ("framework.engine.strategy", ("SignalStrategy", "Strategy")),
    ("framework.errors", ("OnetapeError",)),
    ("framework.research.folds", ("Cutting",)),
    ("framework.runtime.config", ("Config",)),
    ("framework.runtime.loading", ("load_config",)),
)


def __getattr__(name: str) -> object:
    for home, names in _HOMES:
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'framework' has no attribute {name!r}")
