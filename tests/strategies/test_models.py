"""Models converted to ONNX say what the models they were made of say."""

from __future__ import annotations

import numpy as np
import pytest
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from framework.errors import ConfigError, MissingDataError
from strategies.models import model_in

DATA = np.random.default_rng(5).normal(size=(200, 3))


@pytest.fixture
def saved(tmp_path):
    """Saves a model as ONNX, and opens it."""

    def save(model, **options):
        path = tmp_path / "model.onnx"
        path.write_bytes(to_onnx(model, DATA[:1].astype(np.float32), options=options or None).SerializeToString())
        return model_in(path)

    return save


@pytest.mark.parametrize("options", [{}, {"zipmap": False}], ids=["dictionaries", "array"])
def test_a_classifier_of_two_classes(saved, options):
    model = LogisticRegression().fit(DATA, DATA[:, 0] > 0.0)
    answer = saved(model, **options).ask(DATA)
    assert answer.probabilities == pytest.approx(model.predict_proba(DATA), abs=1e-5)
    assert answer.values == pytest.approx(2.0 * model.predict_proba(DATA)[:, 1] - 1.0, abs=1e-5)


def test_a_classifier_of_three_classes_is_the_mean_of_them(saved):
    model = RandomForestClassifier(20, random_state=1).fit(DATA, np.sign(np.round(DATA[:, 0])).astype(int))
    answer = saved(model).ask(DATA)
    assert answer.values == pytest.approx(model.predict_proba(DATA) @ [-1.0, 0.0, 1.0], abs=1e-5)


def test_three_classes_without_their_names_are_refused(saved):
    model = LogisticRegression().fit(DATA, np.sign(np.round(DATA[:, 0])).astype(int))
    with pytest.raises(ConfigError, match="3 classes without their names; convert it with zipmap"):
        saved(model, zipmap=False).ask(DATA)


def test_three_classes_that_are_no_numbers_are_refused(saved):
    model = LogisticRegression().fit(DATA, np.array(["buy", "hold", "sell"])[np.arange(200) % 3])
    with pytest.raises(ConfigError, match="must be numbers"):
        saved(model).ask(DATA)


def test_a_regressor(saved):
    model = LinearRegression().fit(DATA, DATA @ [1.0, -2.0, 0.5])
    found = saved(model)
    assert found.width == 3
    assert found.ask(DATA).probabilities is None
    assert found.ask(DATA[:1]).values == pytest.approx(model.predict(DATA[:1]), abs=1e-4)


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "page.onnx").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no ONNX model that can be run"):
        model_in(tmp_path / "page.onnx")
    with pytest.raises(MissingDataError, match="nowhere"):
        model_in(tmp_path / "nowhere.onnx")
