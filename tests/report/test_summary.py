"""summary.json: the contract's fields, nothing that is not a number, and figures recomputed from the files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from framework.domain.fill import Refusal
from framework.report.summary import plain, summarize
from tests.report.records import daily_times, edge_records, make_record

if TYPE_CHECKING:
    from framework.domain.record import RunRecord

CONTRACT = (
    "run_id mode engine strategy params symbols start end bars initial_cash final_equity total_return cagr volatility sharpe sortino "
    "calmar max_drawdown max_drawdown_days trades win_rate profit_factor expectancy average_r exposure turnover fees slippage_cost "
    "interest dividends var_95_1d cvar_95_1d refusals trials warnings elapsed_seconds decisions_hash inputs_hash config_hash version"
).split()


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return make_record(daily_times(520))


def no_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


@pytest.mark.parametrize("name", sorted(edge_records()))
def test_every_field_is_there_in_order_and_nothing_is_nan(name: str) -> None:
    summary = summarize(edge_records()[name])
    assert list(summary) == CONTRACT
    assert json.loads(json.dumps(summary, allow_nan=False), parse_constant=no_constant) == summary


def test_figures_are_what_the_records_own_rows_give(record: RunRecord) -> None:
    summary = summarize(record)
    returns = record.equity[1:] / record.equity[:-1] - 1.0
    assert (summary["start"], summary["end"], summary["bars"]) == ("2005-01-03", "2006-12-29", 2600)
    assert summary["final_equity"] == record.equity[-1]
    assert summary["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * 252**0.5)
    assert summary["cagr"] == pytest.approx((record.equity[-1] / 100_000) ** (252 / 519) - 1.0)
    assert summary["trades"] == len(record.trades)
    assert summary["expectancy"] == pytest.approx(np.mean([trade.pnl for trade in record.trades]))
    assert summary["average_r"] == pytest.approx(np.mean([trade.r_multiple for trade in record.trades]))
    assert summary["exposure"] == pytest.approx(record.exposure.mean())
    years = 725 / 365.25
    assert summary["turnover"] == pytest.approx(record.traded_value / record.equity.mean() / years)


def test_refusals_are_counted_by_code(record: RunRecord) -> None:
    refusals = [Refusal(1, "AAPL", code, "") for code in ("b", "a", "b")]
    assert summarize(replace(record, refusals=refusals))["refusals"] == {"a": 1, "b": 2}


def test_an_exposure_that_is_unknown_at_times_is_averaged_over_the_others(record: RunRecord) -> None:
    exposure = np.full(record.timestamps.size, np.nan)
    assert summarize(replace(record, exposure=exposure))["exposure"] is None
    exposure[3] = 0.5
    assert summarize(replace(record, exposure=exposure))["exposure"] == 0.5


def test_the_time_taken_is_told_to_the_millisecond(record: RunRecord) -> None:
    assert summarize(record)["elapsed_seconds"] == 1.235


def test_dates_are_those_of_new_york(record: RunRecord) -> None:
    late = np.array([1104886800_000_000_000], dtype=np.int64)  # 2005-01-05T01:00Z is still the 4th in New York
    one = {name: np.ones(1) for name in ("equity", "cash", "exposure", "benchmark")}
    assert summarize(replace(record, timestamps=late, **one))["start"] == "2005-01-04"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (0.5, 0.5),
        (float("nan"), "nan"),
        ((1, 2), [1, 2]),
        ({1: np.float64(2.0)}, {"1": 2.0}),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_a_parameter_becomes_what_json_can_hold(value: object, written: object) -> None:
    assert plain(value) == written
