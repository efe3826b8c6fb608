"""A double of its own for every test, a link to it, and robin_stocks as it was afterwards."""

from __future__ import annotations

import sys

import pytest
from robin_stocks.robinhood import helper
from robin_stocks.robinhood.globals import SESSION

from brokers.robinhood.testing import RobinhoodDouble
from tests.brokers.robinhood.adapter.session import Link, connected


@pytest.fixture
def double():
    with RobinhoodDouble() as running:
        yield running


@pytest.fixture(autouse=True)
def robin_stocks_as_it_was():
    trust = SESSION.trust_env
    yield
    SESSION.trust_env = trust
    SESSION.cookies.clear()
    helper.set_output(sys.stdout)
    helper.set_login_state(False)
    helper.update_session("Authorization", None)
    helper.update_session("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


@pytest.fixture
def link(double, tmp_path):
    """Connected and armed."""
    with connected(double, tmp_path) as one:
        yield one


@pytest.fixture
def stranger(double, tmp_path):
    """Not logged in; its wire is open."""
    one = Link(double, tmp_path)
    one.wire.open()
    yield one
    one.close()
