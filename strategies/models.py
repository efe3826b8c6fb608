"""Models in files, asked about features: scikit-learn's by joblib, and ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from framework.errors import ConfigError, MissingDataError
from strategies.indicators import needed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ONNX = ".onnx"


class Answer(NamedTuple):
    """What a model says of n rows of features.

    Attributes:
        values: float64 [n]: the prediction of a regressor; the mean of a classifier's classes by their probabilities, where two classes
            are -1 and 1 whatever they are called.
        probabilities: float64 [n, classes]; ``None`` from a regressor.
    """

    values: Floats
    probabilities: Floats | None


class Model(Protocol):
    """Something fitted.

    Attributes:
        width: Features that it was fitted with; ``None`` where it does not say.
    """

    width: int | None

    def ask(self, rows: Floats) -> Answer:
        """What it says of ``rows``, float64 [n, features], n at least 1."""
        ...


def model_in(path: Path) -> Model:
    """The model in ``path``: ONNX by its suffix, otherwise what joblib loads. A joblib file is a program: load only your own.

    Raises:
        MissingDataError: The file is not there.
        ConfigError: The library is not installed, or cannot load it.
    """
    if not path.is_file():
        raise MissingDataError(f"[strategy] params: model = {str(path)!r} is not there")
    if path.suffix == ONNX:
        return _Onnx(path)
    needed("sklearn", "models")
    return _Fitted(needed("joblib", "models").load(path))


def _answer_of(probabilities: Floats, classes: Floats) -> Answer:
    names = np.array([-1.0, 1.0]) if len(classes) == 2 else classes
    return Answer(probabilities @ names, probabilities)


class _Fitted:
    """A scikit-learn model."""

    def __init__(self, model: object) -> None:
        self._model: Any = model
        self.width: int | None = getattr(model, "n_features_in_", None)

    def ask(self, rows: Floats) -> Answer:
        """See ``Model``."""
        if not hasattr(self._model, "predict_proba"):
            return Answer(np.asarray(self._model.predict(rows), dtype=np.float64).reshape(len(rows)), None)
        return _answer_of(self._model.predict_proba(rows), np.asarray(self._model.classes_, dtype=np.float64))


class _Onnx:
    """A model of one input [n, features] and, of a regressor, one output; of a classifier, its labels and their probabilities."""

    def __init__(self, path: Path) -> None:
        runtime = needed("onnxruntime", "models")
        try:
            self._session: Any = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors have no common base
            raise ConfigError(f"{path} is no ONNX model that can be run: {error}") from None
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 2:
            raise ConfigError(f"{path} takes {[tuple(one.shape) for one in inputs]}; a model takes one input of [rows, features]")
        self._path = path
        self._input = inputs[0].name
        self._type = np.float64 if inputs[0].type == "tensor(double)" else np.float32
        self.width: int | None = inputs[0].shape[1] if isinstance(inputs[0].shape[1], int) else None

    def ask(self, rows: Floats) -> Answer:
        """See ``Model``."""
        found = self._session.run(None, {self._input: rows.astype(self._type)})
        if len(found) == 1:
            return Answer(np.asarray(found[0], dtype=np.float64).reshape(len(rows)), None)
        told = found[1]
        if isinstance(told, list):  # a dictionary a row, as converters write it by default
            classes = sorted(told[0])
            return _answer_of(np.array([[row[name] for name in classes] for row in told], dtype=np.float64), _numbers(classes, self._path))
        probabilities = np.asarray(told, dtype=np.float64)
        if probabilities.shape[1] != 2:
            raise ConfigError(f"{self._path} has {probabilities.shape[1]} classes without their names; convert it with zipmap")
        return _answer_of(probabilities, np.zeros(2))


def _numbers(classes: list[Any], path: Path) -> Floats:
    if len(classes) == 2:
        return np.zeros(2)
    try:
        return np.array([float(name) for name in classes])
    except ValueError:
        raise ConfigError(f"{path} has the classes {classes}; more than two must be numbers, which its signal is the mean of") from None
