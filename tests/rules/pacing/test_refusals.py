"""What a refusal asks for, however it says so."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.rules.pacing.refusals import LONGEST_HINT, Backoff, Hint, hint_in, wait_after

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "header", "expected"),
    [
        ('{"detail": "Request was throttled. Expected available in 14 seconds."}', None, Hint(14.0, was_capped=False)),
        ("Expected available in 1 second.", None, Hint(1.0, was_capped=False)),
        ("Expected available in 1154515 seconds.", None, Hint(900.0, was_capped=True)),
        ("Expected available in 123321321 seconds", None, Hint(900.0, was_capped=True)),
        ("Expected available in 0 seconds", None, Hint(0.0, was_capped=False)),
        ("Expected available in 2.7 seconds", None, Hint(2.0, was_capped=False)),
        ("Expected available in -5 seconds.", None, None),
        ("Expected available in NaN seconds.", None, None),
        ("Expected available in inf seconds", None, None),
        ("Expected available in 1e400 seconds", None, None),
        ("Expected available in ١٤ seconds", None, None),
        ("Too many requests for fractional orders.", None, None),
        ("", None, None),
        ("", "7", Hint(7.0, was_capped=False)),
        ("", " 7 ", Hint(7.0, was_capped=False)),
        ("", "-7", None),
        ("", "nan", None),
        ("", "99999999999", Hint(900.0, was_capped=True)),
        ("available in 30 seconds", "7", Hint(30.0, was_capped=False)),
        ("", "Fri, 20 Nov 2026 12:00:20 GMT", Hint(20.0, was_capped=False)),
        ("", "Fri, 20 Nov 2026 11:59:00 GMT", Hint(0.0, was_capped=False)),
        ("", "Sat, 20 Nov 2027 12:00:00 GMT", Hint(900.0, was_capped=True)),
        ("", "Fri, 99 Nov 2026 12:00:20 GMT", None),
        ("", "tomorrow", None),
    ],
)
def test_a_hint_is_read(text, header, expected):
    assert hint_in(text, header, DATE) == expected


@pytest.mark.parametrize("answered", [None, "", "yesterday"])
def test_a_date_without_a_date_to_compare_with_is_the_longest_wait(answered):
    assert hint_in("", "Fri, 20 Nov 2026 12:00:20 GMT", answered) == Hint(LONGEST_HINT, was_capped=False)


@given(st.text(max_size=300), st.none() | st.text(max_size=60), st.none() | st.text(max_size=60))
def test_no_refusal_keeps_us_away_for_longer_than_a_quarter_of_an_hour(text, header, answered):
    hint = hint_in(text, header, answered)
    assert hint is None or 0.0 <= hint.seconds <= LONGEST_HINT


@given(st.sampled_from(["Expected available in {} seconds", "in {} second", "{}"]), st.from_regex(r"[-+0-9.eE_]{1,40}", fullmatch=True))
def test_no_number_breaks_the_reading(form, number):
    hint = hint_in(form.format(number), number, DATE)
    assert hint is None or (math.isfinite(hint.seconds) and 0.0 <= hint.seconds <= LONGEST_HINT)


def test_a_long_answer_is_read_at_its_start_only():
    assert hint_in("x" * 1_000_000 + " in 14 seconds") is None


@given(st.integers(0, 10_000), st.floats(0.0, 1.0, exclude_max=True), st.floats(1.0, 10.0), st.floats(1.0, 600.0))
def test_the_wait_without_a_hint_grows_up_to_its_cap(failures, spread, base, longest):
    wait = wait_after(failures, None, Backoff(base, longest), spread)
    assert 0.75 * min(base, longest) * 0.999 <= wait <= longest
    assert wait <= wait_after(failures + 1, None, Backoff(base, longest), spread)


def test_the_waits_of_the_documents():
    assert [wait_after(failures, None, Backoff(), 0.0) for failures in range(7)] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]


def test_a_hint_is_heeded_as_it_stands():
    assert wait_after(3, Hint(14.0, was_capped=False), Backoff(), 0.9) == 14.0
