"""The model-signal strategy: predictions as of their time, models as they answer, gates that close."""

from __future__ import annotations

import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from framework.errors import ConfigError, MissingDataError
from strategies.model_signal import ModelSignal
from strategies.predictions import entropy_of, from_file
from tests.strategies.panels import panel

CLOSE = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 80)))
BARS = panel(ONE=CLOSE, TWO=CLOSE[::-1])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    name = f"made_{abs(hash(str(tmp_path)))}"
    text = (
        "import numpy as np\n\n\ndef lags(bars):\n    change = np.diff(np.log(bars.close), axis=0, prepend=np.nan)\n"
        "    before = np.vstack([np.full_like(change[:1], np.nan), change[:-1]])\n    return {'last': change, 'before': before}\n"
        "\n\ndef odd(bars):\n    return {'one': bars.close[1:]}\n"
    )
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    yield name
    sys.modules.pop(name, None)


def predicted(path, rows, **columns):
    """A file of rows (bar, symbol, value), each made an hour before its bar's close."""
    table = pd.DataFrame(rows, columns=["bar", "symbol", "prediction"])
    table["timestamp"] = pd.to_datetime(BARS.timestamp[table.pop("bar")], utc=True) - pd.Timedelta(hours=1)
    table = table.assign(**columns)
    table.to_parquet(path) if path.endswith("parquet") else table.to_csv(path, index=False)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("path", ["said.parquet", "said.csv"])
def test_a_bar_is_given_the_last_prediction_until_it_is_stale(path):
    predicted(path, [(10, "ONE", 0.8), (12, "ONE", -0.4), (11, "TWO", 0.05)])
    found = ModelSignal(predictions=path, max_age=3.0, shorts=True).signals(BARS)
    assert found[9:17, 0].tolist() == [0.0, 0.8, 0.8, -0.4, -0.4, -0.4, 0.0, 0.0]
    assert (found[:, 1] == 0.0).all()  # below the threshold
    assert ModelSignal(predictions=path, threshold=0.0).signals(BARS)[11, 1] == 0.05
    assert (ModelSignal(predictions=path).signals(BARS) >= 0.0).all()


@pytest.mark.usefixtures("folder")
def test_a_prediction_made_after_the_close_counts_at_the_next_one():
    table = pd.DataFrame({"timestamp": pd.to_datetime(BARS.timestamp[[20]] + 1, utc=True), "symbol": ["ONE"], "prediction": [0.9]})
    table.to_parquet("late.parquet")
    found = ModelSignal(predictions="late.parquet", max_age=1.0).signals(BARS)[:, 0]
    assert found[19:23].tolist() == [0.0, 0.0, 0.9, 0.0]


@pytest.mark.usefixtures("folder")
def test_a_probability_is_a_signal_with_its_entropy():
    predicted("said.csv", [(10, "ONE", None), (20, "ONE", None)], probability=[0.9, 0.55])
    table = pd.read_csv("said.csv").drop(columns="prediction")
    table.to_csv("said.csv", index=False)
    from pathlib import Path

    found = from_file(Path("said.csv"), BARS, 2.0)
    assert found.signal[10, 0] == pytest.approx(0.8)
    assert found.entropy[20, 0] == pytest.approx(-(0.55 * np.log2(0.55) + 0.45 * np.log2(0.45)))
    sure = ModelSignal(predictions="said.csv", max_entropy=0.6, threshold=0.0).signals(BARS)[:, 0]
    assert (sure[10], sure[20]) == (pytest.approx(0.8), 0.0)


def test_a_classifier_is_asked_about_its_features(folder):
    change = np.diff(np.log(CLOSE), prepend=np.nan)
    data = np.column_stack([change[2:], change[1:-1]])
    model = LogisticRegression(C=1e6).fit(data, data[:, 0] > 0.0)
    joblib.dump(model, "model.joblib")
    found = ModelSignal(model="model.joblib", features=f"{folder}:lags", shorts=True, threshold=0.0).signals(BARS)
    assert (found[:2] == 0.0).all()
    assert found[2:, 0] == pytest.approx(2.0 * model.predict_proba(data)[:, 1] - 1.0)


def test_a_regressor_is_scaled_and_cut_to_one(folder):
    change = np.diff(np.log(CLOSE), prepend=np.nan)
    data = np.column_stack([change[2:], change[1:-1]])
    model = LinearRegression().fit(data, 3.0 * data[:, 0])
    joblib.dump(model, "model.joblib")
    found = ModelSignal(model="model.joblib", features=f"{folder}:lags", shorts=True, threshold=0.0, scale=40.0).signals(BARS)
    assert found[2:, 0] == pytest.approx(np.clip(120.0 * data[:, 0], -1.0, 1.0))


def test_gates_close_on_features_and_on_those_that_are_missing(folder):
    predicted("said.csv", [(row, "ONE", 0.5) for row in range(80)])
    gated = ModelSignal(predictions="said.csv", features=f"{folder}:lags", gates="last < 0.005, before > -0.005").signals(BARS)[:, 0]
    change = np.diff(np.log(CLOSE), prepend=np.nan)
    before = np.concatenate([[np.nan], change[:-1]])
    assert np.array_equal(gated == 0.5, (change < 0.005) & (before > -0.005))
    assert (ModelSignal(predictions="said.csv", gates="var_95_1d < 1").signals(BARS)[:, 0] == 0.0).all()  # 80 bars are too few for it


@pytest.mark.usefixtures("folder")
def test_too_many_refusals_halt():
    predicted("said.csv", [(row, "ONE", 0.5) for row in range(80) if not 30 <= row < 40])
    one = panel(ONE=CLOSE)
    free = ModelSignal(predictions="said.csv", max_age=0.5).signals(one)[:, 0]
    halted = ModelSignal(predictions="said.csv", max_age=0.5, halt=0.5, halt_bars=10).signals(one)[:, 0]
    assert np.flatnonzero(free == 0.0).tolist() == list(range(30, 40))
    assert np.flatnonzero(halted == 0.0).tolist() == list(range(30, 44))  # six of ten are refused until row 43


def test_entropy_is_a_share_of_the_most_there_can_be():
    assert entropy_of(np.array([[0.5, 0.5], [1.0, 0.0], [np.nan, np.nan]])) == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)
    assert entropy_of(np.full((1, 4), 0.25)) == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({}, ConfigError, "needs predictions = a file or model = a file, one of the two"),
        ({"predictions": "a", "model": "b"}, ConfigError, "one of the two"),
        ({"predictions": "none.csv"}, MissingDataError, "predictions = 'none.csv' is not there"),
        ({"model": "none.joblib", "features": "MADE:lags"}, MissingDataError, "model = 'none.joblib' is not there"),
        ({"model": "none.joblib"}, ConfigError, 'needs features = "module:function"'),
        ({"predictions": "said.csv", "features": "MADE:none"}, ConfigError, "write .module:function"),
        ({"predictions": "said.csv", "features": "MADE:odd"}, ConfigError, r"one; each must be an array \[T, N\] = \(80, 2\)"),
        ({"predictions": "said.csv", "gates": "last <> 3"}, ConfigError, "gates: 'last <> 3' cannot be read"),
        ({"predictions": "said.csv", "gates": "nosuch < 3"}, ConfigError, "nosuch"),
        ({"predictions": "bare.csv"}, ConfigError, "no column prediction; needed: timestamp, symbol, prediction or probability"),
        ({"predictions": "wild.csv"}, ConfigError, "column prediction has values outside of -1 to 1"),
        ({"predictions": "said.csv", "halt": 0.0}, ConfigError, "ModelSignal.halt = 0.0; allowed: 0.01 to 1"),
    ],
)
def test_what_cannot_be_used_says_why(folder, params, error, message):
    predicted("said.csv", [(10, "ONE", 0.5)])
    predicted("wild.csv", [(10, "ONE", 5.0)])
    pd.read_csv("said.csv").drop(columns="prediction").to_csv("bare.csv", index=False)
    params = {name: value.replace("MADE", folder) if isinstance(value, str) else value for name, value in params.items()}
    with pytest.raises(error, match=message):
        ModelSignal(**params).signals(BARS)


def test_a_model_of_other_features_is_refused(folder):
    joblib.dump(LinearRegression().fit(np.eye(3), np.arange(3)), "model.joblib")
    with pytest.raises(ConfigError, match="was fitted with 3 features; 2 are given: last, before"):
        ModelSignal(model="model.joblib", features=f"{folder}:lags").signals(BARS)
