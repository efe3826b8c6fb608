"""What a config says of the budget is what the budget does."""

from __future__ import annotations

import pytest

from framework.domain.request import Priority
from framework.domain.venue_order import OutcomeKind
from framework.errors import ConfigError, ThrottledError
from framework.runtime.loading import load_config
from framework.runtime.network.assembly import read_retry, request_budget

CONFIG = '[strategy]\nclass = "strategies.sma_cross:SmaCross"\n[universe]\nsymbols = ["AAPL"]\n[broker]\n'


def broker(tmp_path, text="", environment=None):
    (tmp_path / "onetape.toml").write_text(CONFIG + text)
    return load_config(tmp_path / "onetape.toml", environment or {}).broker


def test_the_defaults_are_the_requirement_documents(tmp_path):
    found = broker(tmp_path)
    assert (found.rate_limit_requests, found.rate_limit_window, found.order_cooldown) == (5, 15.0, 2.0)
    assert (found.backoff_base, found.max_backoff, found.max_retries) == (2.0, 60.0, 3)


def test_the_variables_of_the_requirement_documents_are_heeded(tmp_path):
    variables = {"ROBINHOOD_RATE_LIMIT_REQUESTS": "2", "ROBINHOOD_RATE_LIMIT_WINDOW": "60", "ROBINHOOD_ORDER_COOLDOWN": "0.5"}
    found = broker(tmp_path, environment=variables)
    assert (found.rate_limit_requests, found.rate_limit_window, found.order_cooldown) == (2, 60.0, 0.5)


@pytest.mark.parametrize(
    "text", ["rate_limit_requests = 0", "rate_limit_window = 0", "order_cooldown = -1", "max_retries = 11", "rate = 5"]
)
def test_what_makes_no_sense_is_refused(tmp_path, text):
    with pytest.raises(ConfigError, match=text.split(maxsplit=1)[0]):
        broker(tmp_path, text)


def test_two_budgets_of_one_user_are_one(tmp_path):
    section = broker(tmp_path, "rate_limit_requests = 1\nrate_limit_window = 60")
    with request_budget(section, tmp_path, "me") as one, request_budget(section, tmp_path, "me") as two:
        with one.slot(Priority.DATA, patience=1.0):
            pass
        with pytest.raises(ThrottledError), two.slot(Priority.CANCEL, patience=1.0):
            pass
    with request_budget(section, tmp_path, "somebody else") as other, other.slot(Priority.DATA, patience=1.0):
        pass


def test_no_retries_is_one_attempt(tmp_path):
    asked = []
    read_retry(broker(tmp_path, "max_retries = 0"))(lambda: asked.append(1), lambda _: OutcomeKind.UNKNOWN, 10.0)
    assert len(asked) == 1
