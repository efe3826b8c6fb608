"""The decision table of outcomes: every row, and what must never leave UNKNOWN."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framework.domain.venue_order import OutcomeKind
from framework.rules.outcomes import Stage, cancel_outcome, is_refusal, submission_outcome

K = OutcomeKind
ORDER = {"id": "v1", "symbol": "AAPL"}
DETAIL = {"detail": "no"}


def outcome(status, body, *, stage=Stage.ANSWERED, hint=False, agrees=True):
    return submission_outcome(stage, status, body, "ref_id", hint, agrees)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, ORDER, K.ACCEPTED),
        (201, ORDER, K.ACCEPTED),
        (200, {}, K.UNKNOWN),
        (200, {"id": ""}, K.UNKNOWN),
        (200, {"id": 5}, K.UNKNOWN),
        (200, None, K.UNKNOWN),
        (200, [], K.UNKNOWN),
        (204, None, K.UNKNOWN),
        (301, ORDER, K.UNKNOWN),
        (302, DETAIL, K.UNKNOWN),
        (400, {"ref_id": ["Order with this ref_id already exists."]}, K.EXISTS),
        (422, {"ref_id": ["exists"], "detail": "x"}, K.EXISTS),
        (400, DETAIL, K.REJECTED),
        (422, DETAIL, K.REJECTED),
        (400, {"non_field_errors": ["Not enough buying power."]}, K.REJECTED),
        (400, {"price": ["This field is required."], "quantity": ["too small"]}, K.REJECTED),
        (400, {"price": "odd"}, K.UNKNOWN),
        (400, {"detail": ["odd"]}, K.UNKNOWN),
        (400, {"price": []}, K.UNKNOWN),
        (400, {}, K.UNKNOWN),
        (400, None, K.UNKNOWN),
        (400, "no", K.UNKNOWN),
        (401, DETAIL, K.NOT_AUTHENTICATED),
        (401, None, K.UNKNOWN),
        (403, DETAIL, K.FORBIDDEN),
        (403, None, K.UNKNOWN),
        (404, DETAIL, K.UNKNOWN),
        (408, DETAIL, K.UNKNOWN),
        (409, DETAIL, K.UNKNOWN),
        (409, {"ref_id": ["exists"]}, K.UNKNOWN),
        (429, DETAIL, K.THROTTLED),
        (429, None, K.UNKNOWN),
        (500, DETAIL, K.UNKNOWN),
        (502, None, K.UNKNOWN),
        (503, ORDER, K.UNKNOWN),
        (504, DETAIL, K.UNKNOWN),
    ],
)
def test_the_answer_to_a_submission_is_classed_by_the_table(status, body, expected):
    assert outcome(status, body) is expected


def test_a_header_that_says_when_to_come_back_is_a_throttle_without_a_body():
    assert outcome(429, None, hint=True) is K.THROTTLED


def test_an_answer_that_shows_another_order_proves_nothing():
    assert outcome(201, ORDER, agrees=False) is K.UNKNOWN


@given(st.integers(100, 599), st.sampled_from([ORDER, DETAIL, None, {}]), st.booleans())
def test_a_request_without_a_whole_answer_is_unknown_or_not_sent_whatever_else_is_there(status, body, agrees):
    assert outcome(status, body, stage=Stage.UNSENT, agrees=agrees) is K.NOT_SENT
    assert outcome(status, body, stage=Stage.UNANSWERED, agrees=agrees) is K.UNKNOWN
    assert cancel_outcome(Stage.UNSENT, status, body) is K.NOT_SENT
    assert cancel_outcome(Stage.UNANSWERED, status, body) is K.UNKNOWN


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "detail", "ref_id", "price"]), inner, max_size=3),
    max_leaves=6,
)


@given(st.integers(100, 599), JSON, st.booleans(), st.booleans())
def test_any_answer_has_an_outcome_and_only_evidence_leaves_unknown(status, body, hint, agrees):
    found = outcome(status, body, hint=hint, agrees=agrees)
    if status not in (400, 401, 403, 422, 429) and not 200 <= status < 300:
        assert found is K.UNKNOWN
    assert found is not K.NOT_SENT
    assert found is not K.ACCEPTED or (200 <= status < 300 and agrees)
    assert cancel_outcome(Stage.ANSWERED, status, body, hint) in K


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {}, K.ACCEPTED),
        (202, None, K.ACCEPTED),
        (400, DETAIL, K.REJECTED),
        (404, DETAIL, K.REJECTED),
        (403, DETAIL, K.REJECTED),
        (403, None, K.UNKNOWN),
        (404, None, K.UNKNOWN),
        (401, DETAIL, K.NOT_AUTHENTICATED),
        (429, DETAIL, K.THROTTLED),
        (500, DETAIL, K.UNKNOWN),
        (301, None, K.UNKNOWN),
    ],
)
def test_the_answer_to_a_cancel_is_classed_by_the_table(status, body, expected):
    assert cancel_outcome(Stage.ANSWERED, status, body) is expected


def test_a_refusal_without_any_complaint_is_none():
    assert not is_refusal({})
    assert not is_refusal({"price": [""]})
    assert is_refusal({"price": ["x"], "detail": "y"})
