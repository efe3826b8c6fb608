"""The figures of a run, as ``summary.json`` holds them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from framework.domain.account_event import Dividend, Interest
from framework.domain.values import MICRO
from framework.report.dates import iso_dates, session_days
from framework.report.trades import figures_of
from framework.rules import performance

if TYPE_CHECKING:
    from framework.domain.market import Floats, Integers
    from framework.domain.record import RunRecord

#: Every field of ``summary.json``, in its order.
SUMMARY_FIELDS = tuple(
    "run_id mode engine strategy params symbols start end bars initial_cash final_equity total_return cagr volatility sharpe sortino "
    "calmar max_drawdown max_drawdown_days trades win_rate profit_factor expectancy average_r exposure turnover fees slippage_cost "
    "interest dividends var_95_1d cvar_95_1d refusals trials warnings elapsed_seconds decisions_hash inputs_hash config_hash "
    "version".split()
)


def curve_figures(days: Integers, equity: Floats, initial_cash: float) -> dict[str, float | None]:
    """The figures that follow from one equity curve alone; the strategy's and the benchmark's are made here alike."""
    returns = performance.daily_returns(days, equity, initial_cash)
    growth = performance.cagr(returns)
    drawdown, under_water = performance.under_water(days, equity, initial_cash)
    volatility, sharpe = performance.volatility_and_sharpe(returns)
    var, cvar = performance.tail_losses(returns)
    return {
        "final_equity": float(equity[-1]) if equity.size else None,
        "total_return": performance.total_return(equity, initial_cash),
        "cagr": growth,
        "volatility": volatility,
        "sharpe": sharpe,
        "sortino": performance.sortino(returns),
        "calmar": performance.calmar(growth, drawdown),
        "max_drawdown": drawdown,
        "max_drawdown_days": under_water,
        "var_95_1d": var,
        "cvar_95_1d": cvar,
    }


def trade_figures(pnl: Floats, multiples: Floats) -> dict[str, float | None]:
    """The figures of the round trips: ``pnl`` dollars of each, ``multiples`` R of those that had a stop."""
    return {
        "trades": pnl.size,
        "win_rate": performance.win_rate(pnl),
        "profit_factor": performance.profit_factor(pnl),
        "expectancy": performance.average(pnl),
        "average_r": performance.average(multiples),
    }


def _book_figures(record: RunRecord, days: Integers) -> dict[str, float | None]:
    return {
        "exposure": performance.average(record.exposure[np.isfinite(record.exposure)]),
        "turnover": performance.annual_turnover(record.traded_value, record.equity, days),
        "fees": record.fees,
        "slippage_cost": record.slippage_cost,
        "interest": -sum(event.amount_micros for event in record.account_events if isinstance(event, Interest)) / MICRO,
        "dividends": sum(event.amount_micros for event in record.account_events if isinstance(event, Dividend)) / MICRO,
    }


def _facts(record: RunRecord, dates: list[str]) -> dict[str, object]:
    return {
        "run_id": record.run_id,
        "mode": record.mode,
        "engine": record.engine,
        "strategy": record.strategy,
        "params": plain(record.params),
        "symbols": list(record.symbols),
        "start": dates[0] if dates else None,
        "end": dates[-1] if dates else None,
        "bars": record.bars,
        "initial_cash": record.initial_cash,
        "refusals": dict(sorted(Counter(refusal.code for refusal in record.refusals).items())),
        "trials": record.trials,
        "warnings": list(record.warnings),
        "elapsed_seconds": round(record.elapsed_seconds, 3),
        "decisions_hash": record.decisions_hash,
        "inputs_hash": record.inputs_hash,
        "config_hash": record.config_hash,
        "version": record.version,
    }


def summarize(record: RunRecord) -> dict[str, object]:
    """The content of ``summary.json``: every field of the contract in its order, ``None`` for a figure the run does not have.

    Ratios are fractions; money is dollars. ``start`` and ``end`` are New York dates of the first and last decision; ``turnover`` is
    value traded (both sides) over mean equity a year of 365.25 days; ``exposure`` is the mean over all decision times; ``interest`` is what
    borrowing cash and shares cost, less what cash brought; ``dividends`` are those paid, less those owed on short sales.
    """
    days = session_days(record.timestamps)
    figures: dict[str, object] = {
        **_facts(record, iso_dates(days[[0, -1]]) if days.size else []),
        **curve_figures(days, record.equity, record.initial_cash),
        **trade_figures(*figures_of(record.trades)),
        **_book_figures(record, days),
    }
    return {name: figures[name] for name in SUMMARY_FIELDS}


def plain(value: object) -> object:
    """A parameter as JSON can hold it: numbers, text, lists and mappings as they are, anything else (and NaN) as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value)
