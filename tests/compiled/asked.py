"""Random runs of event strategies: orders and targets that depend on bars alone, until one looks at its account."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from framework.engine.strategy import Strategy
from tests.compiled.drawn import STRENGTHS, drawn_case

if TYPE_CHECKING:
    from data import Dataset
    from framework.runtime.config import Config

NEVER = 10**9


class Asking(Strategy):
    """Orders and targets as the dice say, the same whatever comes of them."""

    seed: int = 0
    often: float = 0.1
    orders: float = 0.5
    shares: int = 100
    long_only: bool = False
    looks_at: int = NEVER
    look: str = "position"
    scheduled: bool = False

    def on_start(self, ctx):
        self._dice = np.random.default_rng(self.seed)
        self._bars, self._orders, self._holds, self.seen = 0, [], dict.fromkeys(ctx.symbols, 0), []
        if self.scheduled:
            ctx.schedule("market_close", self._ask)

    def on_bar(self, ctx):
        self._bars += 1
        if not self.scheduled and self.look != "trade":
            self._ask(ctx)
        if self._bars >= self.looks_at:
            self.seen.append(self._look(ctx))

    def _ask(self, ctx):
        for symbol in ctx.symbols:
            if self._dice.random() < self.often and len(ctx.bars(symbol)):
                if self._dice.random() < self.orders:
                    self._order(ctx, symbol)
                else:
                    wanted = self._dice.choice(np.abs(STRENGTHS) if self.long_only else STRENGTHS)
                    ctx.target(symbol, wanted)
                    self._holds[symbol] = 0

    def _order(self, ctx, symbol):
        shares = int(self._dice.choice((1, 1, 2, 3))) * self.shares
        sells = self._dice.random() < (0.1 if self._holds[symbol] <= 0 and self.long_only else 0.5)
        if sells and self.long_only and self._holds[symbol] > 0:
            shares = min(shares, self._holds[symbol])
        self._orders.append((ctx.sell if sells else ctx.buy)(symbol, shares))
        self._holds[symbol] += -shares if sells else shares

    def _trade(self, ctx, symbol):
        """Decide by what is held, by what it has cost, and by what there is to spend."""
        held, said = ctx.position(symbol), self._dice.random()
        if held.quantity_micros == 0 and said < self.often and ctx.cash > 1_000 and len(ctx.bars(symbol)):
            if said < self.often * self.orders:
                ctx.buy(symbol, self.shares)
            else:
                ctx.target(symbol, 0.5 if ctx.equity > 90_000 else 1.0)
        elif held.quantity_micros and said < 0.1:
            ctx.close(symbol)
        elif held.quantity_micros > 0 and said < 0.15 and held.quantity % 2 == 0:
            ctx.sell(symbol, held.quantity / 2)
        return held, ctx.cash

    def _look(self, ctx):
        symbol = ctx.symbols[0]
        if self.look in {"position", "equity"}:
            return ctx.position(symbol) if self.look == "position" else (ctx.equity, ctx.cash)
        if self.look == "trade":
            return [self._trade(ctx, symbol) for symbol in ctx.symbols]
        if self.look == "close":
            return getattr(ctx.close(symbol), "order_id", None)
        if self.look == "order":
            return [(order.status, order.filled_micros, order in ctx.open_orders()) for order in self._orders]
        if self.look == "cancel":
            return [ctx.cancel(order) for order in self._orders[-2:] if order.is_open]
        return [order.order_id for order in ctx.open_orders()]


@dataclass(frozen=True)
class Asked:
    """A run: what it is told, the parameters of its strategy, and its bars."""

    config: Config
    params: dict[str, object]
    dataset: Dataset

    @property
    def strategy(self) -> Asking:
        """A new one: each run uses up its dice."""
        return Asking(**self.params)


def asked_case(number: int, *, looks: bool = False) -> Asked:
    case = drawn_case(number)
    dice = Random(number + 1_000_000)  # noqa: S311 - dice
    params: dict[str, object] = {
        "seed": number,
        "often": dice.choice((0.02, 0.05, 0.2)),
        "orders": dice.choice((0.0, 0.5, 1.0, 1.0)),
        "shares": dice.choice((1, 10, 100, 1000)),
        "long_only": dice.random() < 0.7,
        "scheduled": dice.random() < 0.15,
    }
    if looks:
        params["looks_at"] = dice.choice((1, 2, 17, 30))
        params["look"] = dice.choice(("position", "equity", "close", "trade", "trade", "trade", "order", "cancel", "orders"))
    return Asked(case.config, params, case.dataset)
