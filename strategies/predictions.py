"""Where a model's opinions come from: a file of predictions, or a model that is asked."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from framework.errors import ConfigError, MissingDataError
from strategies.models import model_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from framework import Panel

    Floats = NDArray[np.float64]

_COLUMNS = ("timestamp", "symbol")


class Opinions(NamedTuple):
    """What a model thinks: ``signal`` float64 [T, N] in [-1, 1], NaN for none, and the entropy of that, 0 sure to 1 knows nothing."""

    signal: Floats
    entropy: Floats


def entropy_of(probabilities: Floats) -> Floats:
    """Shannon entropy over the last axis, as a fraction of the most there can be; NaN stays NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(probabilities > 0.0, probabilities * np.log(probabilities), probabilities)
    found: Floats = -terms.sum(axis=-1) / np.log(probabilities.shape[-1])
    return found


def from_file(path: Path, bars: Panel, max_age: float) -> Opinions:
    """Predictions in a Parquet or CSV file: ``timestamp``, ``symbol`` and ``prediction`` (-1 to 1) or ``probability`` (of a rise, 0 to 1).

    A bar is given the last prediction made at or before its close, if it is not older than ``max_age`` days. ``entropy`` (0 to 1) may stand
    beside it; that of a probability is worked out.

    Raises:
        MissingDataError: The file is not there.
        ConfigError: A column is missing, or a value is out of its range.
    """
    import pandas as pd

    if not path.is_file():
        raise MissingDataError(f"[strategy] params: predictions = {str(path)!r} is not there")
    table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    kind = next((name for name in ("prediction", "probability") if name in table), "prediction")
    missing = [name for name in (*_COLUMNS, kind) if name not in table]
    if missing:
        raise ConfigError(f"{path}: no column {', '.join(missing)}; needed: timestamp, symbol, prediction or probability")
    table = table.assign(timestamp=pd.to_datetime(table["timestamp"], utc=True).astype("datetime64[ns, UTC]").astype("int64"))
    values = table[kind].to_numpy(dtype=np.float64)
    low = -1.0 if kind == "prediction" else 0.0
    if not ((values >= low) & (values <= 1.0) | np.isnan(values)).all():
        raise ConfigError(f"{path}: column {kind} has values outside of {low:g} to 1")
    both = np.column_stack([values, 1.0 - values])
    sure = table["entropy"].to_numpy(dtype=np.float64) if "entropy" in table else entropy_of(both) if low == 0.0 else np.zeros(len(values))
    table = table.assign(signal=values if low else 2.0 * values - 1.0, entropy=sure).sort_values("timestamp", kind="stable")
    found = Opinions(np.full(bars.close.shape, np.nan), np.full(bars.close.shape, np.nan))
    for column, symbol in enumerate(bars.symbols):
        own = table[table["symbol"] == symbol]
        times = own["timestamp"].to_numpy()
        place = np.searchsorted(times, bars.timestamp, "right") - 1
        fresh = place >= 0
        fresh[fresh] = bars.timestamp[fresh] - times[place[fresh]] <= max_age * 86_400e9
        for name in ("signal", "entropy"):
            getattr(found, name)[fresh, column] = own[name].to_numpy()[place[fresh]]
    return found


def from_model(path: Path, features: Mapping[str, Floats], scale: float) -> Opinions:
    """What the model in ``path`` (``model_in``) says of ``features``, each [T, N], in the order it was fitted with.

    A classifier's signal is the mean of its classes by their probabilities; a regressor's is ``scale`` times what it predicts. Where a
    feature is NaN there is no opinion.

    Raises:
        MissingDataError: The file is not there.
        ConfigError: It cannot be loaded, or takes other features.
    """
    model = model_in(path)
    stacked = np.stack(list(features.values()), axis=-1)
    if model.width not in (None, stacked.shape[-1]):
        raise ConfigError(f"{path} was fitted with {model.width} features; {stacked.shape[-1]} are given: {', '.join(features)}")
    known = ~np.isnan(stacked).any(axis=-1)
    found = Opinions(np.full(known.shape, np.nan), np.full(known.shape, np.nan))
    if known.any():
        values, probabilities = model.ask(stacked[known])
        found.signal[known] = np.clip(values if probabilities is not None else scale * values, -1.0, 1.0)
        found.entropy[known] = 0.0 if probabilities is None else entropy_of(probabilities)
    return found


def features_of(place: str, bars: Panel) -> dict[str, Floats]:
    """What the function at ``place``, "module:function", makes of ``bars``: features by name, each float64 [T, N].

    Raises:
        ConfigError: There is no such function, or a feature has another shape.
    """
    module, _, name = place.partition(":")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f'[strategy] params: features = {place!r}: {error}; write "module:function"') from None
    found = {str(key): np.asarray(values, dtype=np.float64) for key, values in function(bars).items()}
    wrong = [key for key, values in found.items() if values.shape != bars.close.shape]
    if wrong or not found:
        raise ConfigError(f"{place}: {', '.join(wrong) or 'no feature'}; each must be an array [T, N] = {bars.close.shape}")
    return found
