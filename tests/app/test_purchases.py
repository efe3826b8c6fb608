"""The dollars of a leave are counted on the tape: a process that starts again goes on counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from brokers.robinhood.gates import ArmedGate
from framework.app.sessions.purchases import PURCHASE, TapedPurchases
from framework.errors import NotArmedError, SafetyError
from framework.rules.arming import HOUR, arm
from framework.runtime.tape.store import TapeStore
from tests.brokers.robinhood.adapter.session import ACCOUNT, KEY

if TYPE_CHECKING:
    from pathlib import Path

#: A Monday, 15:00 UTC.
NOW = 1_772_463_600_000_000_000
HEADER = {"mode": "live", "account": "a"}


class Process:
    """A process that trades on a tape, with a leave for 2,000 dollars given at its start."""

    def __init__(self, store: TapeStore, start: int, ledger: Path | None = None) -> None:
        self.now = start
        self.purchases = TapedPurchases(lambda: self.now, start, ledger)
        self.purchases.keep(store)
        self.gate = ArmedGate(
            is_live=True,
            account=ACCOUNT,
            is_confirmed=lambda: True,
            token=arm("LIVE 0001 2000 24", ACCOUNT, start, KEY),
            key=KEY,
            holds_lease=lambda: True,
            is_halted=lambda: False,
            now=lambda: self.now,
            purchases=self.purchases,
        )

    def buy(self, ref: str, dollars: int, side: str = "buy") -> None:
        account = f"https://api.robinhood.com/accounts/{ACCOUNT}/"
        self.gate.judge({"account": account, "side": side, "quantity": "1", "price": str(dollars), "ref_id": ref})


@pytest.fixture
def store(tmp_path):
    with TapeStore.open(tmp_path / "tape.db", header=HEADER) as opened:
        yield opened


def test_a_supervisor_s_restart_does_not_begin_with_all_dollars(store):
    Process(store, NOW).buy("a", 1_500)
    again = Process(store, NOW + HOUR // 60)
    with pytest.raises(NotArmedError, match=r"1500\S* dollars were bought for"):
        again.buy("b", 600)
    again.buy("c", 500)
    with pytest.raises(NotArmedError):
        Process(store, NOW + HOUR).buy("d", 1)


def test_the_same_order_tried_again_after_a_restart_is_one_purchase(store):
    Process(store, NOW).buy("a", 1_500)
    again = Process(store, NOW + HOUR)
    again.buy("a", 1_500)
    again.buy("b", 500)
    assert [event.payload["ref_id"] for event in store.events(kinds=[PURCHASE])] == ["a", "b"]


def test_another_day_and_another_leave_begin_anew_but_a_leave_over_midnight_goes_on(store):
    evening = Process(store, NOW)
    evening.buy("a", 2_000)
    evening.now = NOW + 20 * HOUR  # the leave still holds
    with pytest.raises(NotArmedError):
        evening.buy("b", 1)
    Process(store, NOW + 20 * HOUR).buy("c", 2_000)


def test_a_sale_is_not_counted_and_what_was_refused_neither(store):
    one = Process(store, NOW)
    one.buy("a", 9_999, side="sell")
    with pytest.raises(NotArmedError):
        one.buy("b", 2_001)
    one.buy("c", 2_000)
    assert [event.payload["value_micros"] for event in store.events(kinds=[PURCHASE])] == [2_000_000_000]


def test_what_cannot_be_counted_is_not_bought(tmp_path):
    with TapeStore.open(tmp_path / "tape.db", header=HEADER) as store:
        one = Process(store, NOW)
    with pytest.raises(NotArmedError, match="cannot be counted"):
        one.buy("a", 1)


def test_a_run_that_is_begun_anew_on_the_account_does_not_begin_with_all_dollars(tmp_path):
    ledger = tmp_path / "account.purchases"
    with TapeStore.open(tmp_path / "one.db", header=HEADER) as store:
        Process(store, NOW, ledger).buy("a", 1_500)
    with TapeStore.open(tmp_path / "other.db", header=HEADER) as store:
        again = Process(store, NOW + HOUR, ledger)
        with pytest.raises(NotArmedError, match=r"1500\S* dollars were bought for"):
            again.buy("b", 600)
        again.buy("c", 500)
        Process(store, NOW + 24 * HOUR, ledger).buy("d", 2_000)


def test_a_line_that_a_dying_process_did_not_finish_is_no_purchase_and_another_is_a_question(store, tmp_path):
    ledger = tmp_path / "account.purchases"
    Process(store, NOW, ledger).buy("a", 1_500)
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + b'["b", 17')
    again = Process(store, NOW, ledger)
    again.buy("c", 500)
    assert ledger.read_bytes().count(b"\n") == 2
    ledger.write_bytes(b"?\n" + whole)
    with pytest.raises(SafetyError, match="cannot be read"):
        Process(store, NOW, ledger)
