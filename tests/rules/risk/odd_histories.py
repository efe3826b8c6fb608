"""Histories, books and models about which little can be said, and the words in which that is."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from framework.rules.risk.garch import GarchModel

PLAIN = np.array([0.01, -0.02, 0.015, -0.005, 0.0] * 6)
FLAT = np.zeros(30)
BELL = 0.01 * np.log(np.arange(0.5, 30.0) / np.arange(29.5, 0.0, -1.0))
FITTED = GarchModel(mu=0.0, omega=2e-6, alpha=0.08, gamma=0.02, beta=0.9, freedom=6.0, backcast=1e-4)
EYE, ONES = np.eye(2), np.ones(2)
NEGATIVE = np.array([[1.0, -3.0], [-3.0, 1.0]])
HISTORY = np.column_stack([PLAIN, PLAIN])
FINITE = "finite values up to 1e+30 are needed"
DOES_NOT_VARY = "the returns do not vary"
NO_HORIZON = "the horizon is 0 days; 1 to 10000 are allowed"


def assert_is(found: object, *expected: object) -> None:
    """NaN equals NaN here, and nothing else does."""
    np.testing.assert_equal(astuple(found), expected)
