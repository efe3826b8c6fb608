"""Trades what a model predicts, behind gates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framework import SignalStrategy
from framework.errors import ConfigError
from strategies.indicators import check
from strategies.predictions import Opinions, features_of, from_file, from_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from framework import Panel

    Floats = NDArray[np.float64]

_GATE = re.compile(r"^(\w+)\s*(<|>)\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)$")


class ModelSignal(SignalStrategy):
    """Holds what a model is sure of, while what it sees is what it knows.

    Bets on the model. Opinions come from a file of predictions (Parquet or CSV), or from a model (scikit-learn or ONNX) that is asked about
    features. Three safeguards stand before them: a gate on each feature named in ``gates``; the entropy of the opinion; and a halt, when of
    the last ``halt_bars`` bars' opinions more than ``halt`` were refused or missing, for then the world is not the one it was fitted to.
    What is refused is flat. It fails as models do: fitted to what is over, or to the very bars it is tested on, which no audit of bars can
    see in a file of predictions.

    Parameters:
        predictions: Path of the file; relative to the current folder, as ``model``.
        model: Path of a model instead: ONNX (``.onnx``), or scikit-learn's saved by joblib.
        features: "module:function" that makes the model's features of the bars, as arrays [T, N] by name.
        gates: Conditions on features, own or registered ones, such as "var_95_1d < 0.05, momentum > -0.3".
        threshold: Least size of a signal that is traded, 0 to 1.
        max_entropy: Most entropy of an opinion, 0 to 1; 1 lets all pass.
        max_age: Days after which a prediction of the file is stale, 0 to 365.
        scale: What a regressor's prediction is multiplied by, above 0.
        halt: Share of refused or missing opinions that halts, 0.01 to 1; 1 never does.
        halt_bars: Bars over which it is measured, 1 to 500.
        shorts: Whether signals below 0 are traded; else they are flat.
    """

    predictions: str = ""
    model: str = ""
    features: str = ""
    gates: str = ""
    threshold: float = 0.1
    max_entropy: float = 1.0
    max_age: float = 5.0
    scale: float = 1.0
    halt: float = 1.0
    halt_bars: int = 20
    shorts: bool = False

    def signals(self, bars: Panel) -> NDArray[np.float64]:
        """The model's signals where nothing speaks against them, 0 elsewhere; NaN where a symbol has no bar."""
        check(self, threshold=(0.0, 1.0), max_entropy=(0.0, 1.0), max_age=(0.0, 365.0), halt=(0.01, 1.0), halt_bars=(1, 500))
        features = features_of(self.features, bars) if self.features else {}
        opinions = self._opinions(bars, features)
        allowed = self._gated(bars, features) & (opinions.entropy <= self.max_entropy) & ~np.isnan(opinions.signal)
        wanted = np.clip(opinions.signal, -1.0 if self.shorts else 0.0, 1.0)
        traded = allowed & (np.abs(wanted) >= self.threshold) & ~self._halted(allowed, bars)[:, None]
        return np.where(np.isnan(bars.close), np.nan, np.where(traded, wanted, 0.0))

    def _opinions(self, bars: Panel, features: Mapping[str, Floats]) -> Opinions:
        if bool(self.predictions) is bool(self.model):
            raise ConfigError("[strategy] params: ModelSignal needs predictions = a file or model = a file, one of the two")
        if self.predictions:
            return from_file(Path(self.predictions), bars, self.max_age)
        if not features:
            raise ConfigError('[strategy] params: ModelSignal with a model needs features = "module:function"')
        return from_model(Path(self.model), features, self.scale)

    def _gated(self, bars: Panel, features: Mapping[str, Floats]) -> NDArray[np.bool_]:
        """Where every gate is open; a feature that is NaN closes it."""
        found = np.ones(bars.close.shape, dtype=np.bool_)
        for text in filter(None, (part.strip() for part in self.gates.split(","))):
            match = _GATE.match(text)
            if match is None:
                raise ConfigError(f"[strategy] params: gates: {text!r} cannot be read; write NAME < NUMBER or NAME > NUMBER")
            name, sign, limit = match.groups()
            values = features[name] if name in features else bars.feature(name)
            found &= values < float(limit) if sign == "<" else values > float(limit)
        return found

    def _halted(self, allowed: NDArray[np.bool_], bars: Panel) -> NDArray[np.bool_]:
        """Rows [T] at which too many of the last bars' opinions were refused or missing; a bar without a close asks for none."""
        there = ~np.isnan(bars.close)
        refused, asked = (np.cumsum(one.sum(axis=1)) for one in (there & ~allowed, there))
        before = np.maximum(np.arange(len(asked)) - self.halt_bars, -1)

        def recent(total: NDArray[np.int64]) -> NDArray[np.int64]:
            return total - np.where(before >= 0, total[before], 0)

        halted: NDArray[np.bool_] = recent(refused) > self.halt * recent(asked)
        return halted
