"""What becomes of outcomes: who leads, which cell of the picture they stand in, and that they are kept."""

from __future__ import annotations

import multiprocessing
from itertools import product

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from framework.errors import BadDataError, ConfigError
from framework.research.claim import claimed
from framework.research.ledger import Entry, TrialLedger
from framework.research.objective import Objective, read_objectives
from framework.research.ranking import leaders
from framework.research.space import Choices, Interval
from framework.research.store import Store
from framework.research.surface import MOST_CELLS, surface
from framework.research.trial import Outcome, Trial

KINDS = {"fast": int, "share": float, "loud": bool, "mode": str}
METRICS = {"sharpe": float, "trades": int, "warnings": str}
FIGURES = st.sampled_from([np.nan, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0])


def arrays(columns):
    return hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(columns)), elements=FIGURES)


# Objectives and leaders


def test_metrics_know_which_way_is_better_or_are_told():
    known = ("sharpe", "max_drawdown", "volatility", "trades")
    read = read_objectives(["sharpe", "max_drawdown", "volatility", "min:trades"], known)
    assert read == (Objective("sharpe", 1), Objective("max_drawdown", 1), Objective("volatility", -1), Objective("trades", -1))
    assert [str(one) for one in read] == ["max:sharpe", "max:max_drawdown", "min:volatility", "min:trades"]
    assert [one.value({"sharpe": 2.0, "trades": 3, "volatility": None}) for one in read] == [2.0, None, None, -3]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["sharp"], "no metric 'sharp'; did you mean 'sharpe'"),
        (["zzz"], "no metric 'zzz'; there are sharpe, trades"),
        (["trades"], "write max:trades or min:trades"),
        (["most:trades"], "'most' is no way to go; write max:trades or min:trades"),
        (["sharpe", "min:sharpe"], "sharpe is given twice"),
        ([], "--objective is missing"),
    ],
)
def test_an_objective_that_cannot_be_meant_is_refused(texts, message):
    with pytest.raises(ConfigError, match=message):
        read_objectives(texts, ("sharpe", "trades"))


@given(arrays(1), st.integers(1, 12))
def test_of_one_objective_the_best_lead_and_equals_keep_their_order(values, most):
    known = [row for row in range(len(values)) if not np.isnan(values[row, 0])]
    assert leaders(values, most).tolist() == sorted(known, key=lambda row: (-values[row, 0], row))[:most]


@given(arrays(2) | arrays(3))
def test_of_several_those_lead_that_no_other_beats(values):
    known = [row for row in range(len(values)) if not np.isnan(values[row]).any()]

    def beats(one, other):
        return (values[one] >= values[other]).all() and (values[one] > values[other]).any()

    wanted = [row for row in known if not any(beats(other, row) for other in known)]
    found = leaders(values, 1).tolist()
    assert sorted(found) == wanted
    assert [values[row, 0] for row in found] == sorted((values[row, 0] for row in wanted), reverse=True)


# The surface


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 1), FIGURES), max_size=30))
def test_a_cell_is_the_best_of_everything_that_is_not_on_the_axes(trials):
    across, down = Choices("x", (3, 1, 7, 2, 9)), Choices("y", ("a", "b", "c", "d"))
    columns = [[(3, 1, 7, 2, 9)[x] for x, *_ in trials], ["abcd"[y] for _, y, *_ in trials]]
    found = surface((across, down), columns, np.array([value for *_, value in trials], dtype=np.float64))
    for x, y in product(range(5), range(4)):
        there = [value for *place, _, value in trials if place == [x, y] and not np.isnan(value)]
        assert found.cells[y, x] == max(there) if there else np.isnan(found.cells[y, x])
    assert (found.x_labels, found.y_labels, found.shares) == (("3", "1", "7", "2", "9"), ("a", "b", "c", "d"), False)


def test_many_values_share_cells_and_an_interval_is_cut_into_them():
    many, between = Choices("x", tuple(range(0, 300, 2))), Interval("y", 10.0, 40.0)
    found = surface((many, between), [[0, 4, 298, 2], [10.0, 10.5, 40.0, 25.0]], np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.shares
    assert found.cells.shape == (30, 50)
    assert found.cells.shape[1] <= MOST_CELLS
    assert (found.cells[0, 0], found.cells[29, 49], found.cells[15, 0]) == (2.0, 3.0, 4.0)
    assert (found.x_labels[:2], found.y_labels[0]) == (("0", "6"), "10.5")


def test_one_parameter_is_one_row():
    found = surface((Choices("x", (0.1, 0.2)),), [[0.2, 0.1, 0.2]], np.array([1.0, np.nan, 3.0]))
    assert found.cells.tolist()[0][1] == 3.0
    assert np.isnan(found.cells[0, 0])
    assert (found.x_labels, found.y_labels) == (("0.1", "0.2"), ("",))


# The store

OUTCOMES = st.builds(
    lambda number, fast, share, loud, mode, sharpe, trades, text, error: Outcome(
        Trial(number, {"fast": fast, "share": share, "loud": loud, "mode": mode}),
        {} if error else {"sharpe": sharpe, "trades": trades, "warnings": text},
        error,
    ),
    st.integers(0, 2**40),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False),
    st.booleans(),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.integers(0, 2**40),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(["", "it broke"]),
)


@given(st.lists(st.lists(OUTCOMES, max_size=4), max_size=4))
def test_what_is_kept_comes_back_the_same(tmp_path_factory, parts):
    folder = tmp_path_factory.mktemp("store")
    store = Store(folder, KINDS, METRICS)
    kept = []
    for part in parts:
        store.add(part)
        kept += store.flush()
    assert kept == [one for part in parts for one in part]
    again = Store(folder, KINDS, METRICS)
    assert list(again.outcomes()) == kept
    assert again.numbers().tolist() == [one.trial.number for one in kept]


def outcome(number, **metrics):
    params = {"fast": number, "share": 0.5, "loud": True, "mode": "a"}
    return Outcome(Trial(number, params), {"sharpe": 1.0, "trades": 2, "warnings": "[]"} | metrics)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "trials", KINDS, METRICS)
    for numbers in ((3, 1), (2,)):
        made.add(outcome(number, sharpe=float(number)) for number in numbers)
        made.flush()
    return made


@pytest.mark.usefixtures("store")
def test_other_programs_read_the_folder_as_one_table(tmp_path):
    frame = pd.read_parquet(tmp_path / "trials")
    assert frame["number"].tolist() == [3, 1, 2]
    assert frame["params_fast"].tolist() == [3, 1, 2]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "number": "int64",
        "params_fast": "int64",
        "params_share": "float64",
        "params_loud": "bool",
        "params_mode": "str",
        "sharpe": "float64",
        "trades": "int64",
        "warnings": "str",
        "error": "str",
    }


def test_rows_columns_and_the_frame_are_the_same_trials(store):
    assert [row["sharpe"] for row in store.rows([2, 3])] == [2.0, 3.0]
    assert store.columns(("sharpe",)).column("sharpe").to_pylist() == [3.0, 1.0, 2.0]
    assert store.frame()["number"].tolist() == [1, 2, 3]
    assert len(Store(store._folder.parent / "none", KINDS, METRICS).frame()) == 0


@pytest.mark.usefixtures("store")
def test_half_a_file_of_a_killed_process_is_no_result(tmp_path):
    whole = tmp_path / "trials" / "000000.parquet"
    (tmp_path / "trials" / "000002.part").write_bytes(whole.read_bytes()[:100])
    again = Store(tmp_path / "trials", KINDS, METRICS)
    assert sorted(again.numbers()) == [1, 2, 3]
    again.add([outcome(9)])
    again.flush()
    assert sorted(path.name for path in (tmp_path / "trials").iterdir()) == ["000000.parquet", "000001.parquet", "000002.parquet"]


@pytest.mark.usefixtures("store")
def test_a_file_that_was_taken_away_costs_its_own_trials_alone(tmp_path):
    (tmp_path / "trials" / "000000.parquet").unlink()
    again = Store(tmp_path / "trials", KINDS, METRICS)
    again.add([outcome(3), outcome(1)])
    again.flush()
    assert sorted(Store(tmp_path / "trials", KINDS, METRICS).numbers()) == [1, 2, 3]


@pytest.mark.parametrize("content", [b"PAR1 no table", b""])
def test_a_file_that_was_harmed_is_named(store, tmp_path, content):
    (tmp_path / "trials" / "000001.parquet").write_bytes(content)
    with pytest.raises(BadDataError, match=r"000001\.parquet cannot be read: .*; remove it, and its trials run again"):
        store.numbers()


def test_a_file_with_other_columns_is_named(store, tmp_path):
    pq.write_table(pa.table({"number": [1]}), tmp_path / "trials" / "000001.parquet")
    with pytest.raises(BadDataError, match=r"000001\.parquet has other columns"):
        store.numbers()


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="choose another folder with --out"):
        Store(tmp_path / "file", KINDS, METRICS)


# The ledger


def test_the_ledger_counts_a_setting_once_for_each_strategy_and_its_bars(tmp_path):
    ledger = TrialLedger(tmp_path / "runs" / "trials.db")
    assert len(ledger.sharpes("a:A", "bars")) == 0
    ledger.add("a:A", "bars", [Entry("one", 0.5), Entry("two", None)])
    ledger.add("a:A", "bars", [Entry("one", 0.9), Entry("three", -1.0)])
    ledger.add("a:A", "other bars", [Entry("one", 0.7)])
    ledger.add("b:B", "bars", [Entry("one", 0.8)])
    again = TrialLedger(tmp_path / "runs" / "trials.db")
    np.testing.assert_array_equal(sorted(again.sharpes("a:A", "bars")), [-1.0, 0.5, np.nan])
    assert [len(again.sharpes(*key)) for key in (("a:A", "other bars"), ("b:B", "bars"), ("b:B", "none"))] == [1, 1, 0]


def test_a_ledger_that_is_none_is_refused(tmp_path):
    (tmp_path / "trials.db").write_text("this is no database, whatever it is called" * 100)
    for use in (lambda ledger: ledger.add("a:A", "bars", []), lambda ledger: ledger.sharpes("a:A", "bars")):
        with pytest.raises(ConfigError, match=r"ledger of trials .*trials\.db cannot be used: .*; move it away"):
            use(TrialLedger(tmp_path / "trials.db"))


def test_a_failure_half_way_adds_nothing(tmp_path):
    ledger = TrialLedger(tmp_path / "trials.db")

    def entries():
        yield Entry("one", 0.5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.add("a:A", "bars", entries())
    assert len(ledger.sharpes("a:A", "bars")) == 0


# The folder's owner

PLAN = {"strategy": "a:A", "seed": 1}


def claim_and_tell(folder, pipe):
    with claimed(folder, PLAN):
        pipe.send("mine")
        pipe.recv()


def test_a_folder_is_one_process_s_at_a_time_and_free_when_that_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    other = context.Process(target=claim_and_tell, args=(tmp_path / "s", theirs))
    other.start()
    assert ours.poll(60)
    with pytest.raises(ConfigError, match="another process works in"), claimed(tmp_path / "s", PLAN):
        pass
    other.kill()
    other.join()
    with claimed(tmp_path / "s", PLAN):
        assert (tmp_path / "s" / "sweep.json").is_file()


def test_the_same_search_goes_on_and_another_is_told_what_differs(tmp_path):
    for _ in range(2):
        with claimed(tmp_path / "s", PLAN):
            pass
    message = r"holds another sweep: seed was 1 and is 2, where was null and is \"a < b\"; name another folder"
    with pytest.raises(ConfigError, match=message), claimed(tmp_path / "s", PLAN | {"seed": 2, "where": "a < b"}):
        pass


@pytest.mark.parametrize("name", ["notes.txt", "summary.json"])
def test_a_folder_with_something_else_is_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match="holds files that are no sweep of onetape; name an empty or new folder"), claimed(tmp_path, PLAN):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_plan_that_was_harmed_is_named(tmp_path):
    (tmp_path / "sweep.json").write_text('{"strategy"')
    with pytest.raises(ConfigError, match=r"sweep\.json cannot be read"), claimed(tmp_path, PLAN):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    message = r"cannot write the sweep's folder .*; choose another one with --out"
    with pytest.raises(ConfigError, match=message), claimed(tmp_path / "file" / "s", PLAN):
        pass
