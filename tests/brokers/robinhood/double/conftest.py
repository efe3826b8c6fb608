"""The unmodified robin_stocks client, led to a double that is its own for every test."""

from __future__ import annotations

import contextlib
import io

import pytest

from brokers.robinhood.testing import RobinhoodDouble, redirect
from tests.brokers.robinhood.double.client import FORM, SESSION, helper, stocks


@pytest.fixture
def double():
    """A double whose clock stands at 10:00 in New York on a Monday."""
    with RobinhoodDouble() as running:
        yield running


@pytest.fixture
def adapter(double):
    """The client as it comes, logged out, and what it has said to the double."""
    mounted = dict(SESSION.adapters)
    said = io.StringIO()
    helper.set_output(said)
    stocks.get_symbol_by_url.cache_clear()
    with contextlib.redirect_stdout(said):
        yield redirect(SESSION, double.url)
    SESSION.close()
    SESSION.adapters.clear()
    SESSION.adapters.update(mounted)
    helper.set_login_state(False)
    helper.update_session("Authorization", None)
    helper.update_session("Content-Type", FORM)


@pytest.fixture
def client(double, adapter):  # noqa: ARG001 - it has led the session there
    """The same, logged in with a token of the double's."""
    helper.update_session("Authorization", "Bearer " + double.issue_token()["access_token"])
    helper.set_login_state(True)
    from robin_stocks import robinhood

    return robinhood
