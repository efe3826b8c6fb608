"""Fitting GARCH(1,1): needs the package arch (``pip install "onetape[risk]"``) and takes tens of milliseconds."""

from __future__ import annotations

import math
import warnings
from enum import StrEnum
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

import numpy as np

from framework.rules.risk.estimate import deviation, fault_of
from framework.rules.risk.garch import GarchModel, no_model

if TYPE_CHECKING:
    from framework.domain.market import Floats

#: Below this the likelihood is too flat for four parameters: use EWMA.
FIT_MINIMUM = 500
#: The unit in which likelihoods are printed, and in which the optimiser is well scaled for returns that move 0.1 % a day or more.
PERCENT = 100.0
_CALMEST, _WILDEST = 1e-6, 1.0
MISSING = 'fitting needs the package arch: pip install "onetape[risk]"'


class Shocks(StrEnum):
    """Distribution of the standardised shocks."""

    NORMAL = "normal"
    STUDENT = "t"


def fit_garch(returns: Floats, shocks: Shocks = Shocks.NORMAL, *, asymmetric: bool = False, backcast: float | None = None) -> GarchModel:
    """Maximum-likelihood GARCH(1,1), or GJR-GARCH when ``asymmetric``, with a constant mean, by the arch package.

    Source: Bollerslev (1986); Glosten, Jagannathan and Runkle (1993). Assumes that one set of parameters holds for the whole sample. Wrong
    across breaks in the volatility level, where the persistence is driven to 1; noisy below some 1000 returns.

    Args:
        returns: float64 [n], n >= 500, simple, oldest first, fractions.
        shocks: Distribution of the shocks.
        asymmetric: Lets losses raise volatility more than gains.
        backcast: Presample square; by default arch's exponentially weighted mean of the first 75 squares.

    Returns:
        The model, or one whose note says why there is none: too few returns, no variance, no arch, no convergence.
    """
    if fault := fault_of(returns, FIT_MINIMUM):
        return no_model(returns.size, fault)
    spread = deviation(returns)
    if not _CALMEST <= spread <= _WILDEST:
        return no_model(len(returns), f"the deviation of the returns is {spread:.3g}; {_CALMEST:g} to {_WILDEST:g} can be fitted")
    if find_spec("arch") is None:
        return no_model(len(returns), MISSING)
    # In percent a calmer series leaves the optimiser at its starting values, and it reports success.
    unit = PERCENT * 10.0 ** max(math.ceil(-3.0 - math.log10(spread)), 0)
    return _fitted(returns, shocks, asymmetric, backcast, unit)


def _fitted(returns: Floats, shocks: Shocks, asymmetric: bool, backcast: float | None, unit: float) -> GarchModel:
    """The fit to ``unit`` times the returns."""
    from arch import arch_model

    presample = None if backcast is None else backcast * unit * unit
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            asymmetry = int(asymmetric)
            model = arch_model(unit * returns, mean="Constant", vol="GARCH", p=1, o=asymmetry, q=1, dist=shocks.value, rescale=False)
            result = model.fit(disp="off", show_warning=False, backcast=presample)
            if presample is None:
                presample = float(cast("float", model.volatility.backcast(np.asarray(model.resids(model.starting_values())))))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return no_model(len(returns), f"the fit failed: {error}")
    if result.convergence_flag != 0:
        return no_model(len(returns), f"the fit did not converge (flag {result.convergence_flag})")
    found = {str(name): float(value) for name, value in result.params.items()}
    if not all(math.isfinite(value) for value in found.values()):
        return no_model(len(returns), f"the fit has no finite parameters: {found}")
    square = unit * unit
    return GarchModel(
        mu=found["mu"] / unit,
        omega=found["omega"] / square,
        alpha=found["alpha[1]"],
        gamma=found.get("gamma[1]", 0.0),
        beta=found["beta[1]"],
        freedom=found.get("nu", math.inf),
        backcast=presample / square,
        log_likelihood=float(result.loglikelihood) + len(returns) * math.log(unit / PERCENT),
        observations=len(returns),
    )
