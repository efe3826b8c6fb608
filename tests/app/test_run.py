"""``run`` from Python: what it takes, what it gives, and that the same input gives the same decisions anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from framework import Config, OnetapeError, Strategy, load_config, run
from framework.domain.account_event import Dividend
from framework.errors import BadDataError, ConfigError, MissingDataError, SecretInConfigError, StrategyError
from tests.app.project import COLUMNS, ROWS, bars, changed, config, strategy, tree, write

ROOT = Path(__file__).resolve().parents[2]
UTC_TIMES = "datetime64[ns, UTC]"
#: Every column of the contract's tables whose dtype is not float64.
DTYPES = {
    **dict.fromkeys(("timestamp", "entry_at", "exit_at"), UTC_TIMES),
    **dict.fromkeys(("symbol", "side", "order_id", "tag", "strategy", "order_type", "trail_type", "time_in_force"), "str"),
    **dict.fromkeys(("status", "reason", "role", "parent_id", "entry_tag", "exit_tag"), "str"),
    "bars_held": "int64",
    "wash_sale": "bool",
}
FILLS = "timestamp symbol side quantity price fees order_id tag strategy"
ORDERS = (
    "timestamp order_id symbol side order_type quantity limit_price stop_price trail_amount trail_type time_in_force status reason role "
    "parent_id tag strategy"
)
TRADES = (
    "symbol side entry_at exit_at quantity entry_price exit_price pnl return_fraction fees dividends r_multiple mae mfe bars_held "
    "entry_tag exit_tag realized_gain disallowed_loss wash_sale"
)
EXPECTED = [{name: DTYPES.get(name, "float64") for name in names.split()} for names in (FILLS, ORDERS, TRADES)]


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


@pytest.fixture(scope="module")
def result():
    return run(tree(sizing={"method": "equal"}))


def test_the_tables_have_the_contract_s_columns(result):
    assert [dtypes(result.fills), dtypes(result.orders), dtypes(result.trades)] == EXPECTED
    assert min(map(len, (result.fills, result.orders, result.trades))) > 3
    assert str(result.equity.index.dtype) == UTC_TIMES
    assert str(result.equity.dtype) == "float64"


def test_the_tables_of_a_run_without_trades_have_the_same_columns():
    empty = run(tree(sizing={"min_position_value": 1e9}))
    assert [len(empty.fills), len(empty.orders), len(empty.trades)] == [0, 0, 0]
    assert [dtypes(empty.fills), dtypes(empty.orders), dtypes(empty.trades)] == EXPECTED


def test_cash_and_shares_are_conserved_from_fill_to_equity(result):
    fills = result.fills
    signed = fills["quantity"].where(fills["side"] == "buy", -fills["quantity"])
    dividends = sum(event.amount_micros for event in result.record.account_events if isinstance(event, Dividend)) / 1e6
    cash = 100_000 - (signed * fills["price"]).sum() - fills["fees"].sum() + dividends
    held = signed.groupby(fills["symbol"]).sum()
    worth = sum(held[symbol] * result.record.series[symbol].close[-1] for symbol in held.index)
    assert result.equity.iloc[-1] == pytest.approx(cash + worth, abs=0.01)
    assert dict(held[held != 0]) == result.record.open_positions
    assert result.summary["final_equity"] == result.equity.iloc[-1]


def test_equity_has_one_value_for_each_session(result):
    import exchange_calendars

    sessions = exchange_calendars.get_calendar("XNYS", start="2006-01-03", end="2006-06-30")
    assert list(result.equity.index) == list(sessions.closes)


def test_every_order_ends_as_its_last_state_says(result):
    by_order = result.orders.groupby("order_id", sort=False)["status"].agg(list)
    assert {states[0] for states in by_order} <= {"submitted", "denied"}
    filled = result.fills.groupby("order_id")["quantity"].sum()
    asked = result.orders.groupby("order_id")["quantity"].first()
    done = by_order[by_order.map(lambda states: states[-1] == "filled")].index
    assert len(done) > 3
    assert (filled[done] == asked[done]).all()


def test_a_file_a_config_and_a_dict_give_the_same_run(folder, result):
    path = write(config(sizing={"method": "equal"}), folder) / "onetape.toml"
    others = [run(path), run(str(path)), run(load_config(path)), run(Config.model_validate(tree(sizing={"method": "equal"})))]
    assert {one.summary["decisions_hash"] for one in others} == {result.summary["decisions_hash"]}
    assert {one.summary["config_hash"] for one in others} == {result.summary["config_hash"]}


def test_frames_in_place_of_the_source_give_the_same_run_as_files(folder):
    path = write(bars(ROWS), folder) / "onetape.toml"
    frame = pd.DataFrame(ROWS, columns=list(COLUMNS))
    indexed = frame.set_index(pd.DatetimeIndex(frame.pop("date")))
    from_files, from_frames = run(path), run(path, data={"IBM": indexed})
    assert from_frames.record.inputs_hash == from_files.record.inputs_hash
    assert from_frames.record.decisions_hash == from_files.record.decisions_hash
    assert len(from_files.orders) > 0


def test_a_symbol_without_a_frame_is_named():
    with pytest.raises(MissingDataError, match="no DataFrame for AAPL"):
        run(tree(), data={"IBM": pd.DataFrame(ROWS, columns=list(COLUMNS))})


def test_another_process_and_another_order_of_symbols_decide_the_same(result):
    settings = tree(sizing={"method": "equal"}, universe={"symbols": ["IBM", "AAPL"]})
    code = f"import datetime; from framework import run; print(*(run({settings!r}).summary[n] for n in ('decisions_hash', 'config_hash')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "4711"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [result.summary["decisions_hash"], result.summary["config_hash"]]


def test_another_parameter_decides_otherwise(result):
    other = run(tree(sizing={"method": "equal"}, strategy={"params": {"fast": 6, "slow": 20}}))
    assert other.summary["decisions_hash"] != result.summary["decisions_hash"]
    assert other.summary["config_hash"] != result.summary["config_hash"]
    assert other.summary["inputs_hash"] == result.summary["inputs_hash"]


def test_the_config_hash_does_not_depend_on_where_the_project_lies(folder):
    summaries = [run(write(bars(ROWS), folder / place) / "onetape.toml").summary for place in ("here", "there/deep")]
    assert summaries[0]["config_hash"] == summaries[1]["config_hash"]
    assert summaries[0]["inputs_hash"] == summaries[1]["inputs_hash"]


@pytest.mark.parametrize(
    "files",
    [
        bars(ROWS),
        config(fills={"fees": {"per_share": 0.01}, "slippage": "none"}, data={"policy": {"gap": "accept"}}),
        config(strategy={"params": None}, universe={"symbols": ["IBM"]}, limits={"max_position_pct": 0.5}),
        {"mine.csv": "symbol,sector\nIBM,energy\n", **config(limits={"sectors_file": "mine.csv", "max_sector_exposure_pct": 0.01})},
    ],
)
def test_the_config_of_a_run_folder_gives_the_run_again(folder, files):
    first = run(write(files, folder) / "onetape.toml")
    first.save(folder / "run")
    again = run(folder / "run" / "config.toml")
    assert again.record.config_hash == first.record.config_hash
    assert again.record.decisions_hash == first.record.decisions_hash
    assert again.record.config_text == first.record.config_text


def test_the_environment_overrides_the_file(folder, monkeypatch):
    path = write({**config(), ".env": "ONETAPE__ACCOUNT__CASH=7000\nexport ONETAPE__STRATEGY__PARAMS__FAST='3'\n"}, folder) / "onetape.toml"
    monkeypatch.setenv("ONETAPE__ACCOUNT__CASH", "50_000")
    summary = run(path).summary
    assert (summary["initial_cash"], summary["params"]) == (50_000, {"fast": 3, "slow": 20})


def test_a_dict_may_hold_no_secret_either():
    with pytest.raises(SecretInConfigError, match=r"\[strategy\] params.api_key looks like a secret"):
        run(tree(strategy={"params": {"api_key": "an-example-only"}}))


def test_two_projects_with_a_module_of_one_name_run_their_own_strategy(folder):
    for place in ("a", "b", "c"):
        write(strategy(f'"""{place}"""\ndef on_bar(self, ctx): ...'), folder / place)
    # Within one second, and in any order: no cached module, and no cached list of a folder's files.
    assert [run(folder / place / "onetape.toml").record.description for place in "abacb"] == list("abacb")


def test_a_module_of_a_package_beside_the_config_is_found(folder):
    files = {
        "strategies/mine.py": strategy('"""own"""\ndef on_bar(self, ctx): ...')["mine.py"],
        **config(strategy={"class": "strategies.mine:Mine", "params": None}),
    }
    write(files, folder)
    with pytest.raises(StrategyError, match=r"mine\.py is there, but .* make an empty strategies/__init__\.py"):
        run(folder / "onetape.toml")
    write({"strategies/__init__.py": ""}, folder)
    assert run(folder / "onetape.toml").record.description == "own"
    assert run(tree(), beside=ROOT).record.strategy == "SmaCross"


def test_the_search_path_is_left_as_it_was(folder):
    before = sys.path.copy()
    write(strategy("import nosuch"), folder)
    with pytest.raises(StrategyError):
        run(folder / "onetape.toml")
    assert sys.path == before


def test_progress_is_reported_on_the_way(monkeypatch):
    monkeypatch.setattr("framework.app.backtest.run.PROGRESS_STEP", 50)
    seen: list[tuple[int, int]] = []
    run(tree(), on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == [50, 100]
    assert {total >= 125 for _, total in seen} == {True}


def test_save_writes_and_says_where(folder, result):
    assert result.save(folder / "a/b") == folder / "a/b"
    assert (folder / "a/b/summary.json").is_file()
    with pytest.raises(ConfigError, match="choose another"):
        result.save(folder / "a/b/summary.json/c")


def test_what_cannot_be_saved_as_a_tape_is_refused(folder, result):
    (folder / "run/tape.db").mkdir(parents=True)
    with pytest.raises(OnetapeError, match=r"cannot write the tape .*tape\.db"):
        result.save(folder / "run")


def test_orders_left_working_and_bars_without_volume_are_warned_of(folder):
    files = {
        **strategy("def on_bar(self, ctx):\n    ctx.buy('IBM', 1, order_type='limit', limit_price=1, tag=str(ctx.now))"),
        "bars/IBM.csv": "",
    }
    files |= {"bars/IBM.csv": bars([*ROWS[:30], (*ROWS[30][:5], 0), *ROWS[31:]])["bars/IBM.csv"]}
    files |= config(
        strategy={"class": "mine:Mine", "params": None},
        universe={"symbols": ["IBM"]},
        data={"source": "csv", "path": "bars", "start": None, "end": None},
    )
    warnings = run(write(files, folder) / "onetape.toml").summary["warnings"]
    assert "60 orders were still working at the end and never filled" in warnings
    assert any("IBM" in line and "without volume" in line for line in warnings)


class Steady(Strategy):
    """Holds IBM."""

    weight: float = 1.0

    def on_bar(self, ctx):
        if not ctx.position("IBM").quantity:
            ctx.target("IBM", self.weight)


def test_a_class_that_stands_in_no_file_runs_with_the_params_of_a_dict():
    given = tree(strategy={"class": None, "params": {"weight": 0.5}})
    result = run(given, strategy=Steady)
    assert (result.summary["strategy"], result.summary["params"]) == ("Steady", {"weight": 0.5})
    assert set(result.fills["symbol"]) == {"IBM"}


def test_a_class_given_for_a_file_has_its_own_defaults(folder):
    result = run(write(config(), folder) / "onetape.toml", strategy=Steady)
    assert result.summary["params"] == {"weight": 1.0}


def test_a_plain_backtrader_class_may_be_given():
    import backtrader

    class Once(backtrader.Strategy):
        def next(self):
            if not self.position:
                self.buy(size=5)

    assert run(tree(strategy=None, universe={"symbols": ["IBM"]}), strategy=Once).fills["quantity"].iloc[0] == 5


def test_a_class_that_is_no_strategy_is_refused():
    with pytest.raises(StrategyError, match="strategy = dict: it is no subclass"):
        run(tree(), strategy=dict)


def test_the_bars_of_a_run_are_a_frame(result):
    bars = result.bars("IBM")
    assert list(bars) == ["open", "high", "low", "close", "volume"]
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all()
    assert bars.index[-1] == result.equity.index[-1]
    with pytest.raises(MissingDataError, match="'FB' is no symbol of this run; it has AAPL, IBM"):
        result.bars("FB")


def test_the_curves_of_a_run_are_a_frame(result):
    curves = result.curves
    assert curves["equity"].equals(result.equity)
    assert (curves["cash"] <= curves["equity"] + 1e-9).all()
    assert curves["exposure"].mean() == pytest.approx(result.summary["exposure"])
    assert list(curves) == "equity cash benchmark exposure var_1d cvar_1d joint_var_1d joint_cvar_1d".split()


def test_a_run_draws_its_equity_and_its_trades(result):
    (account,), (prices,) = result.plot().axes, result.plot("IBM").axes
    assert account.lines[1].get_ydata()[-1] == result.summary["final_equity"]
    assert prices.lines[0].get_ydata()[-1] == result.bars("IBM")["close"].iloc[-1]
    with pytest.raises(MissingDataError, match="'FB' is no symbol of this run"):
        result.plot("FB")


def test_a_notebook_shows_the_headline_figures(result):
    page = result._repr_html_()
    assert "<b>SmaCross(fast=5, slow=20)</b><br>AAPL IBM, 2006-01-03 to 2006-06-30" in page
    assert f"${result.summary['final_equity']:,.2f}" in page


def test_an_account_that_cannot_be_counted_any_more_is_named():
    class Buys(Strategy):
        def on_bar(self, ctx):
            ctx.buy("IBM", 400)

    table = pd.DataFrame(changed(20, **dict.fromkeys(("open", "high", "low", "close"), 1e9)), columns=COLUMNS)
    wanted = tree(
        universe={"symbols": ["IBM"]},
        strategy={"params": None},
        data={"start": None, "end": None, "policy": {"split_jump": "accept"}},
        limits={"profile": "venue"},
        guards={"enabled": False},
        account={"cash": 500_000_000},
    )
    with pytest.raises(BadDataError, match=r"from 2012-0\d-\d\d on the account holds .* the books count up to 1e\+12: .* \[data.policy\]"):
        run(wanted, {"IBM": table}, strategy=Buys)
