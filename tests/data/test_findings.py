"""Every kind of finding under every policy."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from data import DataRequest, FindingKind, load
from data.calendar import session_closes
from data.policy import POLICIES
from framework.errors import BadDataError

PRICES = ["open", "high", "low", "close"]


def with_cells(table, rows, columns, values):
    changed = table.copy()
    changed.loc[rows, columns] = values
    return changed


def duplicate(table):
    return with_cells(table, 20, "date", table.date[19])


def unordered(table):
    return table.iloc[[*range(20), 21, 20, *range(22, 60)]]


def nan(table):
    return with_cells(table, 20, "close", np.nan)


def non_positive(table):
    return with_cells(table, 20, "low", -1.0)


def inverted(table):
    return with_cells(table, 20, ["high", "low"], [table.low[20], table.high[20]])


def bad_volume(table):
    return with_cells(table, 20, "volume", -5.0)


def zero_volume(table):
    return with_cells(table, [20, 30], "volume", 0.0)


def gap(table):
    return table.drop(index=[20, 21])


def not_a_session(table):
    saturday = table.iloc[[22]].assign(date="2012-02-04")
    return pd.concat([table.iloc[:23], saturday, table.iloc[23:]])


def suspect_tick(table):
    return with_cells(table, 20, "low", table.low[20] * 0.8)


def split_jump(table):
    return with_cells(table, slice(20, None), PRICES, (table.loc[20:, PRICES] / 2).round(3))


def bad_dividend(table):
    return table.assign(dividend=[101.0 if row == 20 else 0.0 for row in range(60)])


BREAK = {
    FindingKind.DUPLICATE: duplicate,
    FindingKind.UNORDERED: unordered,
    FindingKind.NAN: nan,
    FindingKind.NON_POSITIVE: non_positive,
    FindingKind.INVERTED: inverted,
    FindingKind.BAD_VOLUME: bad_volume,
    FindingKind.ZERO_VOLUME: zero_volume,
    FindingKind.GAP: gap,
    FindingKind.NOT_A_SESSION: not_a_session,
    FindingKind.SUSPECT_TICK: suspect_tick,
    FindingKind.BAD_DIVIDEND: bad_dividend,
    FindingKind.SPLIT_JUMP: split_jump,
}
DONE = {
    "keep_first": "kept the first",
    "keep_last": "kept the last",
    "sort": "sorted",
    "drop": "dropped",
    "accept": "accepted",
}
# A finding about finer bars needs some: test_finer.py.
CASES = [(kind, policy) for kind in BREAK for policy in POLICIES[kind] if policy != "refuse"]


def test_sound_bars_have_no_findings(bars, load_csv):
    loaded = load_csv(bars)
    assert loaded.findings == ()
    np.testing.assert_array_equal(loaded.series["AAPL"].close, bars.close)


@pytest.mark.parametrize("kind", BREAK)
def test_a_refusal_names_kind_symbol_time_row_file_and_the_key_to_change(kind, bars, load_csv, tmp_path):
    broken = BREAK[kind](bars)
    others = {"gap": "accept"} if kind is FindingKind.DUPLICATE else {}
    with pytest.raises(BadDataError) as refusal:
        load_csv(broken, policy={**others, kind: "refuse"})
    message = str(refusal.value)
    assert refusal.value.exit_code == 3
    assert f"{kind} (1):" in message
    assert "AAPL at 2012-0" in message
    assert str(tmp_path / "AAPL.csv") in message
    assert ("row " in message) == (kind is not FindingKind.GAP)
    for policy in set(POLICIES[kind]) - {"refuse"}:
        assert f'[data.policy] {kind} = "' in message
        assert f'"{policy}"' in message


@pytest.mark.parametrize(("kind", "policy"), CASES)
def test_a_policy_lets_the_finding_pass_and_records_what_was_done(kind, policy, bars, load_csv):
    broken = BREAK[kind](bars)
    others = {"gap": "accept"} if kind is FindingKind.DUPLICATE else {}
    loaded = load_csv(broken, policy={**others, kind: policy})
    (finding,) = [finding for finding in loaded.findings if finding.kind is kind]
    assert (finding.symbol, finding.action) == ("AAPL", DONE[policy])
    series = loaded.series["AAPL"]
    dropped = 1 if policy == "drop" or kind is FindingKind.DUPLICATE else 0
    assert len(series) == len(broken) - dropped
    assert (np.diff(series.timestamp) > 0).all()
    assert np.isfinite([series.open, series.high, series.low, series.close, series.volume]).all()


@pytest.mark.parametrize(
    ("kind", "row"),
    [(kind, 22) for kind in BREAK if kind not in {FindingKind.GAP, FindingKind.UNORDERED, FindingKind.NOT_A_SESSION}]
    + [(FindingKind.UNORDERED, 23), (FindingKind.GAP, None), (FindingKind.NOT_A_SESSION, 25)],
)
def test_a_finding_knows_its_row_and_time(kind, row, bars, load_csv):
    dates = list(bars.date)
    broken = BREAK[kind](bars)
    loaded = load_csv(broken, policy={"gap": "accept", kind: POLICIES[kind][-1]} if kind is not FindingKind.ZERO_VOLUME else {})
    (finding,) = [finding for finding in loaded.findings if finding.kind is kind]
    day = {FindingKind.DUPLICATE: dates[19], FindingKind.NOT_A_SESSION: "2012-02-04"}.get(kind, dates[20])
    assert finding.row == row
    assert datetime.fromtimestamp(finding.timestamp / 1e9, tz=UTC) == datetime.fromisoformat(f"{day}T21:00:00Z")


def test_keeping_the_first_or_the_last_duplicate_keeps_that_row(bars, load_csv):
    twice = pd.concat([bars.iloc[:21], bars.iloc[[20]].assign(close=bars.low[20]), bars.iloc[21:]])
    first = load_csv(twice, policy={"duplicate": "keep_first"})
    last = load_csv(twice, policy={"duplicate": "keep_last"})
    assert first.series["AAPL"].close[20] == bars.close[20]
    assert last.series["AAPL"].close[20] == bars.low[20]
    assert first.findings[0].detail == "same time as row 22; they differ in close"


@pytest.mark.parametrize("policy", ["keep_first", "keep_last"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_dividend_or_split_that_only_one_of_two_rows_has_is_not_lost(policy, at, bars, load_csv):
    twice = pd.concat([bars.iloc[:21], bars.iloc[20:21], bars.iloc[21:]]).reset_index(drop=True)
    twice = twice.assign(dividend=0.0, split=1.0).assign(pay_date="")
    twice.loc[20 + at, ["dividend", "pay_date"]] = [0.5, "2012-02-09"]
    twice.loc[21 - at, "split"] = 0.5
    loaded = load_csv(twice, policy={"duplicate": policy, "split_jump": "accept"})
    series = loaded.series["AAPL"]
    assert (len(series), series.dividend[20], series.split[20]) == (60, 0.5, 0.5)
    assert str(np.datetime64(int(series.pay_day[20]), "D")) == "2012-02-09"
    assert "they differ in dividend, split" in loaded.findings[0].detail


def test_all_findings_of_all_symbols_come_in_one_refusal(bars, tmp_path):
    nan(bars).to_csv(tmp_path / "IBM.csv", index=False)
    bars.loc[1:9, "open"] = np.nan
    suspect_tick(bars).to_csv(tmp_path / "AAPL.csv", index=False)
    with pytest.raises(BadDataError) as refusal:
        load(DataRequest(symbols=("IBM", "AAPL"), source="csv", path=tmp_path))
    message = str(refusal.value)
    assert message.startswith("the data was refused, 11 findings:")
    assert "nan (10):" in message
    assert "and 7 more" in message
    assert "suspect_tick (1):" in message


def test_bars_that_are_all_broken_are_refused_for_that_not_for_being_few(bars, load_csv):
    with pytest.raises(BadDataError, match=r"nan \(60\)"):
        load_csv(bars.assign(close=np.nan))
    with pytest.raises(BadDataError, match="0 bars in the range to trade"):
        load_csv(bars.assign(close=np.nan), policy={"nan": "drop"})


def test_a_dropped_bar_is_not_a_gap_and_hands_its_dividend_and_split_on(bars, load_csv):
    broken = nan(split_jump(bars)).assign(dividend=0.0, split=1.0)
    broken.loc[20, ["dividend", "split"]] = [0.5, 2.0]
    broken.loc[10, "dividend"] = 0.5
    loaded = load_csv(broken, policy={"nan": "drop"})
    series = loaded.series["AAPL"]
    assert [finding.kind for finding in loaded.findings] == [FindingKind.NAN]
    assert len(series) == 59
    assert (series.split[20], series.dividend[20], series.dividend[10]) == (2.0, 0.5, 0.25)
    assert series.close[19] == bars.close[19] / 2


def test_a_saturday_accepted_stands_between_friday_and_monday(bars, load_csv):
    broken = not_a_session(bars)
    series = load_csv(broken, policy={"not_a_session": "accept"}).series["AAPL"]
    days = [str(np.datetime64(int(stamp), "ns"))[:10] for stamp in series.timestamp]
    assert days == list(broken.date)


@pytest.mark.parametrize(
    "ratio", [1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 28, 50, 1 / 2, 1 / 3, 1 / 8, 1 / 10, 1 / 25, 1 / 100, 1 / 1_000]
)
def test_a_split_nobody_declared_is_found_in_either_direction(ratio, bars, load_csv):
    bars.loc[20:, ["open", "high", "low", "close"]] /= ratio
    with pytest.raises(BadDataError, match=rf"split_jump \(1\)[\s\S]*a split of {ratio:g} \(new for old\)"):
        load_csv(bars)


@pytest.mark.parametrize(("price", "kind"), [(1_000_000_000.5, "nan"), (-2e200, "nan"), (4.9e-7, "non_positive"), (-1e-9, "non_positive")])
def test_a_price_the_books_cannot_count_is_no_price(price, kind, bars, load_csv):
    with pytest.raises(BadDataError, match=rf"{kind} \(1\):[\s\S]*row 22[\s\S]*is {re.escape(f'{price:g}')}; allowed: "):
        load_csv(with_cells(bars, 20, PRICES, price), policy={"split_jump": "accept"})


@pytest.mark.parametrize("price", [1e9, 6e-7])
def test_the_last_price_they_count_is_one(price, bars, load_csv):
    loaded = load_csv(with_cells(bars, 20, PRICES, price), policy={"split_jump": "accept"})
    assert loaded.series["AAPL"].close[20] == price


@pytest.mark.parametrize(
    ("column", "value"), [("split", 100_001), ("split", 0.99e-5), ("split", -2), ("dividend", 1.1e9), ("dividend", -0.1)]
)
def test_an_event_that_cannot_be_booked_is_refused(column, value, bars, load_csv):
    with pytest.raises(BadDataError, match=rf"row 22, column {column}: {re.escape(f'{value:g}')}; a {column} is "):
        load_csv(bars.assign(**{column: [value if row == 20 else None for row in range(60)]}))


def test_a_dividend_may_take_nearly_all_of_a_share(bars, load_csv):
    paid = bars.assign(dividend=[bars.close[19] if row == 20 else 0.0 for row in range(60)])
    assert load_csv(paid).findings == ()


@pytest.mark.parametrize("every", [1, 2, 7])
def test_prices_in_cents_here_and_dollars_there_are_found_however_often_they_change(every, bars, load_csv):
    prices = ["open", "high", "low", "close"]
    bars.loc[[row for row in range(20, 60) if row // every % 2], prices] *= 100
    with pytest.raises(BadDataError, match=r"split_jump \(\d+\)[\s\S]*or prices in another unit\?"):
        load_csv(bars)


@pytest.mark.parametrize("move", [0.75, 0.8, 0.61, 0.42, 1.3, 1.8, 2.4])
def test_a_large_overnight_move_that_is_no_split_is_not_accused(move, bars, load_csv):
    bars.loc[20:, ["open", "high", "low", "close"]] *= move * bars.close[19] / bars.open[20]
    assert load_csv(bars).findings == ()


def test_a_split_declared_although_the_prices_already_hold_it_is_found(bars, load_csv):
    bars["split"] = ["2" if index == 20 else "" for index in range(60)]
    with pytest.raises(BadDataError, match="the declared split of 2 may already be in the prices"):
        load_csv(bars)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("daily_volatility", [0.01, 0.03, 0.08])
def test_ordinary_fat_tailed_shares_are_not_accused(seed, daily_volatility, load_csv):
    days = session_closes(date(2012, 1, 3), date(2013, 12, 31)).day.astype("datetime64[D]").astype(str)
    steps = np.random.default_rng(seed).standard_t(3, (len(days), 78)) * daily_volatility / np.sqrt(3 * 78)
    paths = 1000 * np.exp(np.cumsum(steps)).reshape(steps.shape)
    table = pd.DataFrame({"date": days, "open": paths[:, 0], "high": paths.max(1), "low": paths.min(1)})
    assert load_csv(table.assign(close=paths[:, -1], volume=1e6)).findings == ()
