"""Corporate actions in a file of their own, and pay dates in the bars' own table."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, load
from framework.domain.market import Delisting
from framework.errors import BadDataError, ConfigError, MissingDataError

HEADER = "date,symbol,action,value,pay_date"
#: Dates of the sound bars: number 20 is 2012-02-01.
SPLIT_DAY = "2012-02-01"


def day(text):
    return (dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days


@pytest.fixture
def load_with(tmp_path, bars):
    """Write actions (rows after the header, or a whole text) and load frames with them."""

    def write_and_load(*rows, frames=None, **request):
        path = tmp_path / "actions.csv"
        path.write_text("\n".join([HEADER, *rows]) + "\n" if rows and not rows[0].startswith("!") else rows[0][1:])
        given = {"AAPL": bars} if frames is None else frames
        symbols = request.pop("symbols", tuple(given))
        return load(DataRequest(symbols=symbols, actions=path, **request), given).series

    return write_and_load


def test_a_split_in_the_file_is_one_in_the_bars(bars, load_with):
    raw = bars.assign(**{name: bars[name].where(bars.index >= 20, bars[name] * 2) for name in ("open", "high", "low", "close")})
    declared = load(DataRequest(symbols=("AAPL",)), {"AAPL": raw.assign(split=np.where(raw.index == 20, 2.0, 1.0))}).series["AAPL"]
    series = load_with(f"{SPLIT_DAY},AAPL,split,2,", frames={"AAPL": raw})["AAPL"]
    for name in ("open", "close", "volume", "split"):
        np.testing.assert_array_equal(getattr(series, name), getattr(declared, name))
    assert series.close[0] == bars.close[0]


def test_a_dividend_in_the_file_stands_on_its_ex_date_with_its_pay_day(load_with):
    series = load_with(f"{SPLIT_DAY},AAPL,dividend,0.5,2012-02-09", "2012-03-01,AAPL,dividend,0.25,")["AAPL"]
    assert series.dividend[20] == 0.5
    assert (series.dividend.sum(), series.pay_day.sum()) == (0.75, day("2012-02-09"))
    assert series.pay_day[20] == day("2012-02-09")


def test_a_pay_date_column_in_the_bars_table_does_the_same(bars):
    table = bars.assign(dividend=0.0, pay_date=None).astype({"pay_date": object})
    table.loc[20, ["dividend", "pay_date"]] = [0.5, "2012-02-09"]
    for pay_date in (table.pay_date, pd.to_datetime(table.pay_date)):
        series = load(DataRequest(symbols=("AAPL",)), {"AAPL": table.assign(pay_date=pay_date)}).series["AAPL"]
        assert series.pay_day.tolist() == [day("2012-02-09") if index == 20 else 0 for index in range(60)]


def test_without_pay_dates_there_is_no_column_of_them(bars, load_with):
    assert load(DataRequest(symbols=("AAPL",)), {"AAPL": bars}).series["AAPL"].pay_day is None
    assert load_with("2012-03-01,AAPL,dividend,0.25,")["AAPL"].pay_day is None


@pytest.mark.parametrize(
    ("pay_date", "dividend", "message"),
    [
        ("soon", 0.5, r"row 21, column pay_date: 'soon' is no date; write it as 2012-01-31"),
        ("2012-02-09", 0.0, r"row 21, column pay_date: '2012-02-09' stands beside no dividend"),
        ("2012-01-31", 0.5, r"row 21, column pay_date: '2012-01-31' is before the row's date"),
    ],
)
def test_a_pay_date_that_cannot_be_is_refused_with_its_row(bars, pay_date, dividend, message):
    table = bars.assign(dividend=0.0, pay_date=None).astype({"pay_date": object})
    table.loc[20, ["dividend", "pay_date"]] = [dividend, pay_date]
    with pytest.raises(BadDataError, match=message):
        load(DataRequest(symbols=("AAPL",)), {"AAPL": table})


def test_an_action_on_a_day_without_a_bar_takes_effect_with_the_next(bars, load_with):
    # Bar 20 is missing, and the policy lets that pass.
    series = load_with(f"{SPLIT_DAY},AAPL,dividend,0.5,", frames={"AAPL": bars.drop(20)}, policy={"gap": "accept"})["AAPL"]
    assert series.dividend[20] == 0.5


def test_actions_before_the_first_bar_are_in_its_price_and_after_the_last_still_to_come(load_with):
    series = load_with("2011-12-01,AAPL,split,2,", "2013-01-02,AAPL,split,3,", "2012-01-03,AAPL,dividend,1,")["AAPL"]
    assert (series.split.prod(), series.dividend.sum()) == (1.0, 0.0)


def test_duplicate_rows_of_a_day_keep_its_action(bars, load_with):
    twice = pd.concat([bars, bars.iloc[[20]]]).sort_values("date", kind="stable")
    for policy in ("keep_first", "keep_last"):
        series = load_with(f"{SPLIT_DAY},AAPL,dividend,0.5,", frames={"AAPL": twice}, policy={"duplicate": policy})["AAPL"]
        assert series.dividend[20] == 0.5


def test_intraday_actions_take_effect_with_the_first_bar_of_the_day(load_with):
    times = [f"2012-01-{number:02} {hour}:00" for number in (3, 4) for hour in (11, 12, 13, 14, 15)]
    table = pd.DataFrame({"timestamp": times, "open": 10.0, "high": 10.0, "low": 10.0, "close": 10.0, "volume": 1.0})
    frames = {"AAPL": table}
    series = load_with("2012-01-04,AAPL,dividend,0.5,2012-01-04", frames=frames, resolution="1h", policy={"gap": "accept"})["AAPL"]
    assert np.flatnonzero(series.dividend).tolist() == [5]


def test_other_symbols_actions_change_nothing(bars, load_with):
    plain = load(DataRequest(symbols=("AAPL",)), {"AAPL": bars}).series["AAPL"]
    series = load_with("2012-02-01,IBM,split,2,")["AAPL"]
    np.testing.assert_array_equal(series.close, plain.close)


# --- delistings and names


def test_a_delisting_is_known_by_day_and_payout(load_with):
    assert load_with("2012-05-01,AAPL,delisting,12.5,")["AAPL"].delisting == Delisting(day("2012-05-01"), 12.5)
    assert load_with("2012-05-01,AAPL,delisting,0,")["AAPL"].delisting.payout == 0.0


def test_bars_after_a_delisting_contradict_it(load_with):
    with pytest.raises(BadDataError, match=r"actions.csv:2: AAPL is delisted from 2012-02-01 on, but .* has later bars"):
        load_with(f"{SPLIT_DAY},AAPL,delisting,12.5,")


def test_bars_under_the_old_name_go_before_those_under_the_new(bars, load_with):
    frames = {"META": bars.iloc[20:], "FB": bars.iloc[:20]}
    series = load_with(f"{SPLIT_DAY},META,symbol_change,FB,", frames=frames, symbols=("META",))
    assert list(series) == ["META"]
    assert series["META"].close.tolist() == bars.close.tolist()


def test_the_old_name_may_go_on_as_another_share(bars, load_with):
    frames = {"META": bars.iloc[20:], "FB": bars}
    series = load_with(f"{SPLIT_DAY},META,symbol_change,FB,", frames=frames, symbols=("META",))
    assert len(series["META"]) == 60


def test_a_share_renamed_twice_and_split_under_its_first_name_is_one_series(bars, load_with):
    raw = bars.assign(**{name: bars[name].where(bars.index >= 10, bars[name] * 2) for name in ("open", "high", "low", "close")})
    frames = {"C": raw.iloc[40:], "B": raw.iloc[20:40], "A": raw.iloc[:20]}
    rows = (
        "2012-01-18,A,split,2,",
        f"{SPLIT_DAY},B,symbol_change,A,",
        "2012-03-01,C,symbol_change,B,",
    )
    assert bars.date[10] == "2012-01-18"
    assert bars.date[40] == "2012-03-01"
    series = load_with(*rows, frames=frames, symbols=("C",))["C"]
    assert (series.split[10], len(series)) == (2.0, 60)
    assert series.close.tolist() == pytest.approx(bars.close.tolist())


def test_bars_under_the_new_name_before_it_had_it_are_refused(bars, load_with):
    frames = {"META": bars, "FB": bars.iloc[:20]}
    with pytest.raises(BadDataError, match=r"META was FB before 2012-02-01, but .* has bars before it"):
        load_with(f"{SPLIT_DAY},META,symbol_change,FB,", frames=frames, symbols=("META",))


def test_old_and_new_name_in_one_universe_are_one_share_twice(bars, load_with):
    frames = {"META": bars.iloc[20:], "FB": bars.iloc[:20]}
    with pytest.raises(ConfigError, match=r"FB has been META since 2012-02-01 .*; name META only"):
        load_with(f"{SPLIT_DAY},META,symbol_change,FB,", frames=frames)


# --- what cannot be meant


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2012-02-01,AAPL,splt,2,", r"actions.csv:2: there is no action 'splt'.*split.*allowed: split, dividend, delisting, symbol_change"),
        ("2012-02-30,AAPL,split,2,", r"actions.csv:2: date '2012-02-30' is no date"),
        ("2012-02-01,aapl,split,2,", r"actions.csv:2: 'aapl' is not a US equity symbol"),
        ("2012-02-01,AAPL,split,0,", r"actions.csv:2: value '0'; a split is new shares for one old one, from 1/100,000"),
        ("2012-02-01,AAPL,split,two,", r"actions.csv:2: value 'two'"),
        ("2012-02-01,AAPL,split,inf,", r"actions.csv:2: value 'inf'"),
        ("2012-02-01,AAPL,dividend,-1,", r"actions.csv:2: value '-1'; a dividend is dollars a share, above 0"),
        ("2012-02-01,AAPL,delisting,-1,", r"actions.csv:2: value '-1'; a delisting is dollars a share"),
        ("2012-02-01,AAPL,split,2,2012-02-09", r"actions.csv:2: a split has no pay_date; leave it blank"),
        ("2012-02-01,AAPL,dividend,1,2012-01-09", r"actions.csv:2: pay_date 2012-01-09 is before the ex date 2012-02-01"),
        ("2012-02-01,META,symbol_change,fb,", r"actions.csv:2: 'fb' is not a US equity symbol"),
        ("2012-02-01,AAPL,split", r"actions.csv:2: 3 values for the 5 columns date,symbol,action,value,pay_date"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_with_its_line_and_a_remedy(load_with, row, message):
    with pytest.raises(BadDataError, match=message):
        load_with(row)


def test_what_is_said_twice_is_refused(bars, load_with):
    with pytest.raises(BadDataError, match=r"actions.csv:3: AAPL has a second split, after .*actions.csv:2; keep one"):
        load_with("2012-02-01,AAPL,split,2,", "2012-02-01,AAPL,split,3,")
    with pytest.raises(BadDataError, match=r"has a second delisting"):
        load_with("2012-05-01,AAPL,delisting,2,", "2012-06-01,AAPL,delisting,3,")
    declared = bars.assign(dividend=np.where(bars.index == 20, 0.5, 0.0), split=np.where(bars.index == 20, 2.0, 1.0))
    for kind in ("split", "dividend"):
        with pytest.raises(BadDataError, match=rf"has a {kind} of AAPL at 2012-02-01 already; say it in one place"):
            load_with(f"2012-02-01,AAPL,{kind},2,", frames={"AAPL": declared})


def test_a_file_that_is_not_there_or_no_such_table_is_refused(load_with, tmp_path, bars):
    with pytest.raises(MissingDataError, match=r"\[data\] actions = .*none.csv' is not there"):
        load(DataRequest(symbols=("AAPL",), actions=tmp_path / "none.csv"), {"AAPL": bars})
    with pytest.raises(BadDataError, match=r"actions.csv:1: the first line must be date,symbol,action,value, with or without pay_date"):
        load_with("!when,what\n")
    with pytest.raises(BadDataError, match=r"it is $"):
        load_with("!")


def test_columns_may_stand_in_any_order_and_blank_lines_are_passed_over(load_with):
    series = load_with("!Value,Action,Symbol,Date\n\n0.5,dividend,AAPL,2012-02-01\n\n")["AAPL"]
    assert series.dividend[20] == 0.5
