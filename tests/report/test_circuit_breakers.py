"""What the circuit breakers did: in words, in rows and as shaded times."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.report import canvas, charts
from framework.report.circuit_breakers import MEANINGS, MOST_ROWS, changes, changes_sentence, restricted
from framework.report.tear_sheet_data import from_record
from framework.report.timeline import Timeline
from framework.rules.guards import state as guards
from framework.rules.guards.state import TradingState, Transition
from tests.report.records import daily_times, guarded, make_record, ns

if TYPE_CHECKING:
    from framework.domain.record import RunRecord

ACTIVE, REDUCING, HALTED = TradingState


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return guarded(make_record(daily_times(260)))


def test_every_code_of_the_guards_has_a_name_and_a_reason_and_nothing_else_has() -> None:
    assert {value for name, value in vars(guards).items() if name.isupper() and isinstance(value, str)} == set(MEANINGS)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_reason_can_be_written(code: str) -> None:
    (row,) = changes([Transition(1, code, ACTIVE, HALTED, 0.25, 3.0)], intraday=False)
    assert row.allowed == "Halted"
    assert "{" not in row.name + row.why


def test_a_row_says_when_what_why_and_what_is_allowed_then(record: RunRecord) -> None:
    rows = changes(from_record(record).transitions, intraday=False)
    assert daily_times(51)[-1] == ns(date(2005, 3, 14))
    assert rows[0] == ("2005-03-14", "Daily loss", "daily_loss", "Equity 2.31% below the last session's end (limit 2.00%)", "Reducing")
    assert [row.allowed for row in rows] == ["Reducing", "Active", "Active", "Reducing", "Halted"]


def test_a_code_of_another_version_is_shown_as_it_is_written() -> None:
    (row,) = changes([Transition(1, "moon_phase", ACTIVE, REDUCING, 0.5, 0.25)], intraday=True)
    assert (row.name, row.code, row.why) == ("Moon phase", "moon_phase", "0.5 against 0.25")


def test_a_long_list_is_cut_and_says_so() -> None:
    transitions = [Transition(row, "daily_loss", ACTIVE, REDUCING, 0.1, 0.1) for row in range(MOST_ROWS + 1)]
    assert len(changes(transitions, intraday=False)) == MOST_ROWS
    assert f"The first {MOST_ROWS} of {MOST_ROWS + 1} changes" in changes_sentence(transitions)
    assert "changes are listed" not in changes_sentence(transitions[:-1])


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from(list(TradingState))), max_size=30))
def test_the_spans_are_the_times_in_which_not_everything_was_allowed(steps: list[tuple[int, TradingState]]) -> None:
    times = np.cumsum([step for step, _ in steps]).tolist()
    states = [ACTIVE, *(state for _, state in steps)]
    transitions = [Transition(at, "x", before, after, 0.0, 0.0) for at, before, after in zip(times, states[:-1], states[1:], strict=True)]
    end = (times[-1] if times else 0) + 5
    now = ACTIVE
    expected = []
    for instant in range(end):
        now = next((one.after for one in reversed(transitions) if one.timestamp <= instant), ACTIVE)
        expected.append(now)
    drawn = [ACTIVE] * end
    for span in restricted(transitions, end):
        drawn[span.start : span.stop] = [span.state] * (span.stop - span.start)
    assert drawn == expected


def test_restricted_times_are_shaded_and_named_in_the_legend(record: RunRecord) -> None:
    def legend(data_of: RunRecord) -> list[str]:
        with canvas.styled():
            (axes,) = charts.equity_figure(from_record(data_of), Timeline.of(data_of.timestamps))[0].axes
        return [text.get_text() for text in axes.get_legend().get_texts()]

    assert legend(record)[-2:] == ["Reducing only", "Halted"]
    assert not {"Reducing only", "Halted"} & set(legend(make_record(record.timestamps)))


def test_making_a_page_does_not_pay_for_scipy_or_pandas() -> None:
    code = (
        "import sys, framework.report.folder, framework.report.reading, framework.report.tear_sheet;"
        " print(sorted({'scipy', 'pandas', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
