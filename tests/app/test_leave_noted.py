"""What the tape has of a leave, and when it is a sign that the operator is there."""

from __future__ import annotations

import pytest

from framework.app.arming.arming import Leave
from framework.app.arming.noting import NOTED, leave_noted
from framework.app.arming.promotion import Promoted
from framework.app.arming.rollout import Rollout
from framework.runtime.control.audit import SIGNS


@pytest.mark.parametrize(("confirmed", "signs"), [(None, 1), ("1234", 0)])
def test_only_a_confirmation_by_hand_shows_that_the_operator_is_there(confirmed, signs):
    noted = leave_noted("conservative", Leave(is_armed=True, confirmed=confirmed), Promoted(), Rollout(), 7)
    assert noted[0].kind == NOTED
    assert sum(event.kind in SIGNS for event in noted) == signs
    assert {event.timestamp for event in noted} == {7}
