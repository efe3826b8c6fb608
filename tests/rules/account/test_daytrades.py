"""Day trades, and who was a pattern day trader while there was such a rule."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from framework.rules.account import daytrades
from framework.rules.account.daytrades import Traded

FIRST = date(2024, 6, 3).toordinal() - date(1970, 1, 1).toordinal()


def fills(*changes, symbol="A", session=FIRST):
    """Fills of one session from signed shares, starting flat."""
    held, found = 0, []
    for change in changes:
        found.append((session, symbol, held, held + change))
        held += change
    return found


def columns(found):
    """Fills, with numbers in the place of symbols."""
    names = sorted({symbol for _, symbol, _, _ in found})
    return Traded(*np.array([(session, names.index(symbol), before, after) for session, symbol, before, after in found]).reshape(-1, 4).T)


def day_trades(found):
    sessions = daytrades.day_trades(columns(found)).tolist()
    return {session: sessions.count(session) for session in sessions}


def pattern_day_trader_on(found, sessions):
    return daytrades.pattern_day_trader_on(columns(found), np.array(sessions))


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ((10,), 0),
        ((10, -10), 1),
        ((-10, 10), 1),  # a short is one too
        ((10, -5, -5), 1),  # closed in two parts
        ((5, 5, -10), 1),  # opened in two parts
        ((10, -10, 10, -10), 2),
        ((10, -5, 5, -10), 2),
        ((10, -20, 10), 2),  # through zero and back
    ],
)
def test_what_is_opened_and_closed_in_a_session_is_a_day_trade(changes, count):
    assert sum(day_trades(fills(*changes)).values()) == count


def test_what_was_held_over_night_is_none_and_symbols_do_not_mix():
    overnight = [(FIRST, "A", 0, 10), (FIRST + 1, "A", 10, 0)]
    assert day_trades(overnight) == {}
    mixed = [(FIRST, "A", 0, 10), (FIRST, "B", 10, 0)]
    assert day_trades(mixed) == {}
    held_before = [(FIRST, "A", 0, 10), (FIRST + 1, "A", 10, 5), (FIRST + 1, "A", 5, 15), (FIRST + 1, "A", 15, 0)]
    assert day_trades(held_before) == {FIRST + 1: 1}


def rounds(*sessions):
    return [fill for session in sessions for fill in fills(10, -10, session=session)]


SESSIONS = [FIRST + number for number in (0, 1, 2, 3, 4, 7, 8, 9)]


def test_the_fourth_day_trade_in_five_sessions_makes_a_pattern():
    assert pattern_day_trader_on(rounds(*SESSIONS[:4]), SESSIONS) == SESSIONS[3]
    assert pattern_day_trader_on(rounds(*SESSIONS[:3]), SESSIONS) is None
    # The fourth comes in the sixth session.
    assert pattern_day_trader_on(rounds(SESSIONS[0], SESSIONS[1], SESSIONS[2], SESSIONS[5]), SESSIONS) is None


def test_six_percent_of_all_trades_or_less_are_no_pattern():
    many = [(FIRST, f"S{number}", 0, 1) for number in range(59)]
    four = [fill for symbol in "ABCD" for fill in fills(10, -10, symbol=symbol)]
    assert pattern_day_trader_on(four + many, SESSIONS) is None  # 4 of 67 fills
    assert pattern_day_trader_on(four + many[:-1], SESSIONS) == FIRST  # 4 of 66


def test_from_the_fourth_of_june_2026_on_there_is_no_such_rule():
    last = date(2026, 6, 3).toordinal() - date(1970, 1, 1).toordinal()
    assert pattern_day_trader_on(rounds(*range(last - 3, last + 1)), list(range(last - 3, last + 2))) == last
    assert pattern_day_trader_on(rounds(*range(last - 2, last + 2)), list(range(last - 3, last + 2))) is None
