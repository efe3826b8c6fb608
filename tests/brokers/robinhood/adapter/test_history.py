"""Past bars and hours of the market, as the venue has them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.robinhood.amounts import moment
from brokers.robinhood.history import DEPTHS, five_minutes, past_bars
from brokers.robinhood.hours import HoursWatch, MarketHours, disagreement, market_hours
from brokers.robinhood.reader import Reader
from brokers.robinhood.testing.clock import iso
from brokers.robinhood.testing.hours import REGULAR, next_window
from data.calendar import session_closes
from framework.errors import BadDataError, ConfigError, MissingDataError
from framework.runtime.network.retrying import ReadRetry

NOW = moment("2026-03-02T15:00:00Z")


@pytest.fixture
def reader(link):
    return Reader(link.wire, link.session, ReadRetry(2, clock=link.clock))


def bar(begins_at, close="100.5", **changes):
    return {
        "begins_at": begins_at, "open_price": "100.0", "high_price": "101.0", "low_price": "99.5", "close_price": close, "volume": 1200,
        "session": "reg", "interpolated": False, **changes,
    }  # fmt: skip


def test_daily_bars_carry_their_date_and_the_one_of_today_is_left_out(reader, double):
    days = ["2026-02-26T00:00:00Z", "2026-02-27T00:00:00Z", "2026-03-02T00:00:00Z"]
    double.set_bars("AAPL", "day", [bar(day) for day in days])
    found = past_bars(reader, ["AAPL"], "1d", NOW, frozenset({"2026-03-02"}))["AAPL"]
    assert [one.when for one in found] == ["2026-02-26", "2026-02-27"]
    assert found[0][1:] == (100.0, 101.0, 99.5, 100.5, 1200.0)


def test_short_bars_carry_their_close_and_the_one_that_still_forms_is_left_out(reader, double):
    double.set_bars("AAPL", "5minute", [bar("2026-03-02T14:50:00Z"), bar("2026-03-02T14:55:00Z"), bar("2026-03-02T15:00:00Z")])
    found = past_bars(reader, ["AAPL"], "5m", NOW, frozenset())["AAPL"]
    assert [one.when for one in found] == [moment("2026-03-02T14:55:00Z"), moment("2026-03-02T15:00:00Z")]


def test_bars_the_venue_made_up_are_left_out(reader, double):
    double.set_bars("AAPL", "day", [bar("2026-02-26T00:00:00Z", interpolated=True), bar("2026-02-27T00:00:00Z")])
    assert [one.when for one in past_bars(reader, ["AAPL"], "1d", NOW, frozenset())["AAPL"]] == ["2026-02-27"]


def test_bars_are_told_apart_by_the_name_they_carry(reader, double):
    for symbol, close in (("AAPL", "1.5"), ("F", "2.5")):
        double.set_bars(symbol, "day", [bar("2026-02-27T00:00:00Z", close, open_price=close, high_price=close, low_price=close)])
    found = past_bars(reader, ["F", "AAPL"], "1d", NOW, frozenset())
    assert {symbol: bars[0].close for symbol, bars in found.items()} == {"AAPL": 1.5, "F": 2.5}


def test_many_symbols_are_asked_for_in_pages(reader, double):
    symbols = [f"A{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(160)]
    for symbol in symbols:
        double.list_stock(symbol, "10.00")
        double.set_bars(symbol, "day", [bar("2026-02-27T00:00:00Z")])
    before = double.counts()["requests"]
    assert sorted(past_bars(reader, symbols, "1d", NOW, frozenset())) == symbols
    assert double.counts()["requests"] == before + 3


def test_a_page_that_is_not_shown_leaves_no_bars_at_all(reader, double):
    symbols = ["AAPL", *(f"A{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(100))]
    double.set_bars("AAPL", "day", [bar("2026-02-27T00:00:00Z")])
    double.fault(path="/quotes/historicals/", query="ACA", times=9, status=500, handled="no")
    with pytest.raises(MissingDataError, match="did not show past bars"):
        past_bars(reader, symbols, "1d", NOW, frozenset())


def test_a_symbol_without_bars_is_named(reader, double):
    double.set_bars("AAPL", "day", [bar("2026-02-27T00:00:00Z")])
    with pytest.raises(MissingDataError, match="ZZZZ: Robinhood has no bars of it"):
        past_bars(reader, ["AAPL", "ZZZZ"], "1d", NOW, frozenset())


def test_a_resolution_it_has_not_is_refused(reader):
    with pytest.raises(ConfigError, match="Robinhood has 5m, 10m, 1h"):
        past_bars(reader, ["AAPL"], "1m", NOW, frozenset())


def test_no_answer_is_no_data(reader, double):
    double.fault(path="/quotes/historicals/", status=503, times=9)
    with pytest.raises(MissingDataError, match="did not show past bars: status 503"):
        past_bars(reader, ["AAPL"], "1d", NOW, frozenset())


@pytest.mark.parametrize("change", [{"close_price": None}, {"volume": "many"}, {"high_price": "NaN"}])
def test_a_bar_that_cannot_be_read_stops_it(reader, double, change):
    double.set_bars("AAPL", "day", [bar("2026-02-27T00:00:00Z") | change])
    with pytest.raises(BadDataError, match="AAPL: a past bar"):
        past_bars(reader, ["AAPL"], "1d", NOW, frozenset())


@pytest.mark.parametrize("resolution", sorted(DEPTHS))
def test_every_depth_is_one_the_venue_has(reader, double, resolution):
    double.set_bars("AAPL", DEPTHS[resolution][0], [bar("2026-02-27T15:00:00Z")])
    assert len(past_bars(reader, ["AAPL"], resolution, NOW, frozenset())["AAPL"]) == 1


def calendar_hours(day):
    found = session_closes(day, day)
    return MarketHours(int(found.open[0]), int(found.close[0])) if len(found) else MarketHours(0, 0)


@pytest.mark.slow
def test_the_hours_of_the_venue_are_those_of_the_calendar_holidays_and_half_days_too(reader):
    days = [date(2026, 2, 12) + timedelta(days=number) for number in range(32)]
    days += [date(2026, 11, 25) + timedelta(days=number) for number in range(4)]
    found = {day: market_hours(reader, day.isoformat()) for day in days}
    assert [day for day, hours in found.items() if disagreement(hours, calendar_hours(day))] == []
    assert not found[date(2026, 2, 16)].is_open  # Presidents' Day
    assert found[date(2026, 11, 27)].closes_at == moment("2026-11-27T18:00:00Z")


@pytest.mark.parametrize("fault", [{"status": 500}, {"mangles": "null"}, {"status": 200, "body": {"date": "2026-03-02", "is_open": True}}])
def test_hours_that_are_not_shown_are_no_information(reader, double, fault):
    double.fault(path="/markets/*", times=9, **fault)
    assert market_hours(reader, "2026-03-02") is None


hours = st.builds(MarketHours, st.integers(0, 3), st.integers(0, 3))


@given(st.none() | hours, hours)
def test_only_what_both_say_is_traded_on(venue, calendar):
    assert (disagreement(venue, calendar) == "") is (venue == calendar)


def test_nothing_is_bought_until_the_venue_is_open_when_our_calendar_says_so(reader, double):
    told = []
    watch = HoursWatch(reader, calendar_hours, told.append)
    assert watch.doubt
    watch.look(NOW)
    asked = double.counts()["requests"]
    watch.look(NOW + 3_600 * 10**9)
    assert (watch.doubt, told, double.counts()["requests"]) == ("", [], asked)


def test_a_venue_that_is_closed_when_our_calendar_says_it_is_open_is_told_once_and_asked_again(reader, double):
    told = []
    watch = HoursWatch(reader, calendar_hours, told.append)
    shut = {"date": "2026-03-02", "is_open": False}
    double.fault(path="/markets/*", times=2, status=200, body=shut)
    watch.look(NOW)
    watch.look(NOW)
    assert told == [
        (
            "2026-03-02: the venue says the market is closed, our calendar says it is open; "
            "nothing is bought until they agree, look at the market and at [data] calendar"
        )
    ]
    assert watch.doubt
    watch.look(NOW)
    assert watch.doubt == ""


def test_a_new_day_is_asked_for_by_its_date_in_new_york(reader, double):
    watch = HoursWatch(reader, calendar_hours, lambda _: None)
    for moment_of_day in ("2026-03-02T21:30:00Z", "2026-03-03T03:00:00Z", "2026-03-03T06:00:00Z", "2026-03-08T12:00:00Z"):
        watch.look(moment(moment_of_day))
    asked = [path for _, _, path, _ in double.requests() if path.startswith("/markets/")]
    assert [path.split("/")[-2] for path in asked] == ["2026-03-02", "2026-03-03", "2026-03-08"]
    assert watch.doubt == ""


def test_bars_of_five_minutes_say_in_which_nothing_traded_and_what_has_not_closed_is_left_out(reader, double):
    double.list_stock("SPY", "100.00")
    now = double.venue.clock.now()
    opened = next_window(now + 24 * 3_600 * 10**9, REGULAR)[0]
    for after, price in ((60, "101.00"), (180, "99.00"), (720, None)):
        double.move_to(iso(opened + after * 10**9))
        if price is not None:
            double.trade_at("SPY", price)
    found = five_minutes(reader, ["SPY", "NONE"], double.venue.clock.now())
    today = [one for one in found["SPY"] if one.begins >= opened]
    assert [one.begins for one in today] == [opened, opened + 300 * 10**9]
    assert [(*one[1:5], one.traded) for one in today] == [(101.0, 101.0, 99.0, 99.0, True), (99.0, 99.0, 99.0, 99.0, False)]
    assert set(found) == {"SPY"}


def test_a_venue_that_does_not_show_five_minutes_is_no_empty_past(reader, double):
    double.fault(path="/quotes/historicals/", status=503, times=9)
    with pytest.raises(MissingDataError, match="did not show"):
        five_minutes(reader, ["AAPL"], NOW)
