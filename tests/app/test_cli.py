"""The commands: what they print, what they write, how they end."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import empyrical
import numpy as np
import pytest

from framework.app.folders.run_folders import find_run, new_folder
from tests.app.project import ONETAPE, ROWS, Done, bars, call, config, process, strategy, write

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    "init",
    "backtest",
    "sweep",
    "report",
    "doctor",
    "halt",
    "resume",
    "settle",
    "acknowledge",
    "override",
    "rotate",
    "heartbeat",
    "cancel-all",
    "flatten",
    "tape",
)
RUN_FILES = set("summary.json config.toml orders.csv fills.csv trades.csv equity.csv report.html equity.png tape.db".split())
# The contract's list, in its order.
SUMMARY = (
    "run_id mode engine strategy params symbols start end bars initial_cash final_equity total_return cagr volatility sharpe sortino "
    "calmar max_drawdown max_drawdown_days trades win_rate profit_factor expectancy average_r exposure turnover fees slippage_cost "
    "interest dividends var_95_1d cvar_95_1d refusals trials warnings elapsed_seconds decisions_hash inputs_hash config_hash version"
).split()


def no_constants(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def read_json(text: str) -> dict[str, object]:
    return json.loads(text, parse_constant=no_constants)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def runs(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "runs").iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Done]:
    """A project with one run, made by the installed command, and what that printed."""
    place = write(config(sizing={"method": "equal"}), tmp_path_factory.mktemp("finished"))
    return place, process("backtest", folder=place)


def test_a_backtest_prints_figures_that_follow_from_its_equity_curve(finished):
    place, done = finished
    (run,) = runs(place)
    equity = np.array([float(row["equity"]) for row in rows(run / "equity.csv")])
    assert equity[0] == 100_000.0  # the first decision comes before anything could be traded: it is no day of its own
    returns = np.diff(equity) / equity[:-1]
    trades = rows(run / "trades.csv")
    assert (done.code, done.err) == (0, "")
    assert len(trades) > 3
    printed = {label.strip(): value.strip() for label, value in re.findall(r"│([^│]+)│([^│]+)│", done.out)}
    assert printed["final equity"] == f"${equity[-1]:,.2f}"
    assert printed["total return"] == f"{equity[-1] / 100_000 - 1:+.2%}"
    sharpe = json.loads((run / "summary.json").read_text(encoding="utf-8"))["sharpe"]
    assert sharpe == pytest.approx(empyrical.sharpe_ratio(returns), abs=1e-5)  # the file's equity is rounded to the cent
    assert printed["Sharpe ratio"] == f"{sharpe:.2f}"
    assert printed["max drawdown"] == f"{empyrical.max_drawdown(returns):.2%}"
    assert printed["trades"] == str(len(trades))
    assert printed["win rate"] == f"{np.mean([float(trade['pnl']) > 0 for trade in trades]):.1%}"
    assert f"report: {(run / 'report.html').relative_to(place)}\n" in done.out
    assert done.out.splitlines()[0] == "SmaCross(fast=5, slow=20)"
    assert done.out.splitlines()[-1].startswith("next: ")


def test_a_run_folder_holds_the_contract_s_files_and_nothing_else(finished):
    (run,) = runs(finished[0])
    assert {path.name for path in run.iterdir()} == RUN_FILES
    assert re.fullmatch(r"\d{8}T\d{6}Z-backtest-SmaCross", run.name)
    assert list(read_json((run / "summary.json").read_text(encoding="utf-8"))) == SUMMARY


def test_report_makes_page_and_pictures_again(finished, monkeypatch):
    place, _ = finished
    (run,) = runs(place)
    before = (run / "report.html").read_bytes()
    for name in ("report.html", "equity.png"):
        (run / name).unlink()
    monkeypatch.chdir(place)
    assert call("report") == (0, f"report: {(run / 'report.html').relative_to(place)}\n", "")
    assert read_json(call("report", "--json").out) == {"report": str((run / "report.html").relative_to(place))}
    assert {path.name for path in run.iterdir()} == RUN_FILES
    assert len((run / "report.html").read_bytes()) == pytest.approx(len(before), rel=0.01)


@pytest.mark.parametrize("named", ["runs/{}", "{}", "absolute"])
def test_report_finds_a_run_by_path_and_by_name(finished, named, monkeypatch):
    (run,) = runs(finished[0])
    monkeypatch.chdir(finished[0])
    argument = str(run) if named == "absolute" else named.format(run.name)
    assert find_run(argument).samefile(run)


def test_report_without_a_name_takes_the_newest_run(folder):
    for number, name in enumerate(["20260103T000000Z-b", "20260102T000000Z-a", "20260101T000000Z-c"]):
        write({f"runs/{name}/summary.json": "{}"}, folder)
        os.utime(folder / f"runs/{name}/summary.json", (number, 5 if number == 1 else number))
    assert "20260102T000000Z-a is not a run folder" in call("report").err


def test_a_report_of_a_tape_that_was_changed_says_so(finished, folder):
    (run,) = runs(finished[0])
    write({f"broken/{path.name}": path.read_bytes() for path in run.iterdir()}, folder)
    (folder / "broken/tape.db").write_bytes(b"no database")
    code, out, err = call("report", "broken")
    assert (code, out) == (3, "")
    assert "tape.db cannot be read as a tape" in err


def test_json_is_the_summary_and_nothing_else(folder):
    write(config(), folder)
    done = process("backtest", "--json", "--out", "run", folder=folder)
    assert (done.code, done.err) == (0, "")
    printed = read_json(done.out)
    assert list(printed) == SUMMARY
    assert printed == read_json((folder / "run/summary.json").read_text(encoding="utf-8"))
    assert {path.name for path in (folder / "run").iterdir()} == RUN_FILES


def test_quiet_prints_nothing_and_a_second_run_gets_its_own_folder(folder):
    write(config(), folder)
    assert [call("backtest", "--quiet"), call("backtest", "--quiet")] == [(0, "", ""), (0, "", "")]
    assert [{path.name for path in run.iterdir()} for run in runs(folder)] == [RUN_FILES, RUN_FILES]


def test_without_a_report_the_figures_are_told_and_no_run_folder_is_written(folder):
    write(config(), folder)
    code, out, err = call("backtest", "--no-report", "--json")
    assert (code, list(read_json(out)), err) == (0, SUMMARY, "")
    code, out, _ = call("backtest", "--no-report")
    assert code == 0
    assert "final equity" in out
    assert "engine: arrays, the fastest that runs every strategy of ours" in out
    assert "report" not in out
    assert not list(folder.glob("runs/*/*"))


def test_a_place_for_a_report_that_is_not_wanted_is_a_misunderstanding(folder):
    write(config(), folder)
    code, _, err = call("backtest", "--no-report", "--out", "run")
    assert code == 2
    assert "--out run has no use with --no-report" in err


def test_a_small_backtest_needs_no_large_libraries(folder):
    write(bars(ROWS), folder)
    code = "import sys; from framework import run; run('onetape.toml').summary; print(sorted(HEAVY & set(sys.modules)))"
    heavy = '{"pandas", "pyarrow", "exchange_calendars", "scipy", "matplotlib", "numba", "backtrader"}'
    done = subprocess.run([sys.executable, "-c", f"HEAVY = {heavy}; {code}"], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_two_runs_of_one_second_do_not_share_a_folder(folder):
    assert [new_folder("20260131T000000Z-backtest-X").name[-2:] for _ in range(3)] == ["-X", "-2", "-3"]
    assert len(runs(folder)) == 3


def test_out_replaces_an_earlier_run_there(folder):
    write(config(), folder)
    assert call("backtest", "--quiet", "--out", "run").code == 0
    write(config(account={"cash": 5_000}), folder)
    assert call("backtest", "--quiet", "--out", "run", "--engine", "backtrader").code == 0
    assert read_json((folder / "run/summary.json").read_text(encoding="utf-8"))["initial_cash"] == 5_000
    assert not (folder / "runs").exists()
    # The engine of the command line goes before the config's.
    assert 'name = "backtrader"' in (folder / "run/config.toml").read_text(encoding="utf-8").split("[engine]")[1]


def test_a_new_user_s_first_run_works(folder):
    assert process("init", "my bot", folder=folder) == (
        0,
        "wrote my bot/onetape.toml\nwrote my bot/.env.example\nwrote my bot/my_strategy.py\nnext: cd 'my bot' && onetape backtest\n",
        "",
    )
    os.chdir(folder / "my bot")
    assert call("backtest")[::2] == (0, "")
    (run,) = runs(folder / "my bot")
    assert read_json((run / "summary.json").read_text(encoding="utf-8"))["trades"] > 0
    # What the run folder holds is a config again, for the same strategy.
    again = read_json(call("backtest", "-c", str(run / "config.toml"), "--json", "--out", "again").out)
    first = read_json((run / "summary.json").read_text(encoding="utf-8"))
    assert [again[name] for name in ("decisions_hash", "config_hash")] == [first[name] for name in ("decisions_hash", "config_hash")]


def test_init_says_what_it_wrote_in_json():
    assert read_json(call("init", "--json").out) == {"written": ["onetape.toml", ".env.example", "my_strategy.py"]}
    assert call("doctor", "--quiet") == (0, "", "")


def test_doctor_passes_where_a_run_would(folder):
    write(config(), folder)
    done = process("doctor", folder=folder)
    assert (done.code, done.err) == (0, "")
    assert "FAIL" not in done.out
    assert "onetape.toml is valid; strategies.sma_cross:SmaCross loads; " in done.out
    checks = read_json(call("doctor", "--json").out)
    assert {check["name"]: check["passed"] for check in checks} == dict.fromkeys(
        ("python", "packages", "extras", "run folder", "config", ".env"), True
    )


def test_doctor_names_every_extra():
    (said,) = [check["detail"] for check in read_json(call("doctor", "--json").out) if check["name"] == "extras"]
    assert all(extra in said for extra in ("sample", "parquet", "research", "robinhood", "catalog", "models", "alerts"))


#: Runs a command as where a package is not installed.
WITHOUT = """
import sys

gone, sys.argv[1:] = sys.argv[1], sys.argv[2:]


class Gone:
    def find_spec(self, name, path=None, target=None):
        if name == gone:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Gone())
from framework.app.commands.cli import main

main()
"""


def without(module: str, *command: str, folder: Path) -> Done:
    given = {**os.environ, "TMPDIR": str(folder)}
    words = [sys.executable, "-c", WITHOUT, module, *command]
    done = subprocess.run(words, cwd=folder, env=given, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", ["login", "paper"])
def test_a_package_that_is_not_installed_is_named_with_what_brings_it(command, folder):
    write(config(), folder)
    said = 'error: this needs requests, which is not installed: pip install "onetape[robinhood]"\n'
    assert without("requests", command, folder=folder) == (2, "", said)


def test_a_module_that_no_extra_brings_is_a_bug(folder):
    write(config(), folder)
    done = without("rich.console", "backtest", folder=folder)
    assert done.code == 70
    assert "this is a bug in onetape: ModuleNotFoundError" in done.err


def test_doctor_passes_where_nothing_is_yet():
    code, out, _ = call("doctor")
    assert code == 0
    assert "no onetape.toml here; `onetape init` writes one" in out


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (config(account={"cash": 0}), "[account] cash = 0: must be at least 0.01"),
        (config(strategy={"class": "strategies.sma_cross:SmaCros"}), "did you mean 'SmaCross'"),
        (config(universe={"symbols": ["IBX"]}), "IBX is not in the sample"),
        ({"onetape.toml": b"\xff"}, "save it as UTF-8"),
        ({**config(), "runs": ""}, "runs is a file"),
        ({**config(), ".env": "an-example-only\n"}, ".env, line 1: write NAME=value"),
    ],
)
def test_doctor_fails_where_a_run_would(folder, files, says):
    write(files, folder)
    (folder / ".env").touch(mode=0o600)
    code, out, err = call("doctor")
    assert (code, err) == (1, "")
    assert says in out
    assert "FAIL" in out


def test_doctor_fails_for_a_config_that_was_named_and_is_not_there():
    code, out, _ = call("doctor", "-c", "other.toml")
    assert code == 1
    assert "other.toml does not exist" in out


def test_doctor_minds_secrets_that_others_can_read(folder):
    write({**config(), ".env": ""}, folder)
    (folder / ".env").chmod(0o644)
    assert "chmod 600 .env" in call("doctor").out
    (folder / ".env").chmod(0o600)
    assert call("doctor").code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_has_an_example(command):
    code, out, _ = call(command, "--help")
    assert code == 0
    assert re.search(rf"Examples: +onetape {command}", out)


def test_help_names_every_command_and_where_to_start():
    code, out, _ = call("--help")
    assert code == 0
    assert [command for command in COMMANDS if f" {command} " not in out] == []
    assert "onetape init my_bot" in out


def test_version_is_the_package_s(folder):
    from importlib.metadata import version

    assert process("--version", folder=folder) == (0, f"onetape {version('onetape')}\n", "")


def test_control_c_stops_a_run_cleanly(folder):
    # The first bar says that the run is on its way; the second never comes.
    body = "def on_bar(self, ctx):\n    import pathlib, time\n    pathlib.Path('started').touch()\n    time.sleep(60)"
    write(strategy(body), folder)
    with subprocess.Popen([ONETAPE, "backtest"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        for _ in range(400):
            if (folder / "started").exists() or run.poll() is not None:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(0.05)
        run.send_signal(signal.SIGINT)
        try:
            out, err = run.communicate(timeout=20)
        finally:
            run.kill()
    assert (run.returncode, out, err) == (130, "", "stopped; it was a simulation, nothing is open at a broker\n")
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("command", [("backtest",), ("init", "other")], ids=" ".join)
def test_a_reader_that_goes_away_is_no_error(folder, command):
    write(config(), folder)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([ONETAPE, *command], cwd=folder, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_progress_bar_is_drawn_on_a_terminal_only(monkeypatch):
    from framework.app.commands.progress import progress

    with progress(shown=True) as nothing:
        assert nothing is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with progress(shown=False) as nothing:
        assert nothing is None
    with progress(shown=True) as report:
        report(5, 10)


def test_a_run_that_traded_nothing_says_so(folder):
    write(config(strategy={"params": {"fast": 5, "slow": 500}}), folder)
    assert re.search(r"note: nothing was traded in \d+ bars: does the strategy ever ask\?", call("backtest", "--no-report").out)
    write(config(sizing={"min_position_value": 1e9}), folder)
    assert "note: nothing was traded: see what was refused, above" in call("backtest", "--no-report").out


def test_a_range_that_the_bars_do_not_fill_is_named(folder):
    write(config(data={"end": "2024-12-31"}), folder)
    assert "note: [data] end = 2024-12-31, and the bars end on 2013-03-01" in call("backtest", "--no-report").out
    write(config(data={"start": "1990-01-02"}), folder)
    assert "note: [data] start = 1990-01-02, and the bars begin on 2000-03-01" in call("backtest", "--no-report").out
    write(config(data={"start": "2006-01-01"}), folder)
    assert "note: [data]" not in call("backtest", "--no-report").out


def test_a_rehearsal_names_what_can_be_done_with_it(folder):
    write(config(), folder)
    done = call("paper", "--rehearse", "--out", "paper")
    assert "next: `onetape replay paper`" in done.out
    assert "onetape compare paper" in done.out


def test_the_help_puts_together_what_belongs_together():
    shown = call("--help").out
    places = [shown.index(panel) for panel in ("Start here", "Research", "Sessions", "While a session runs, from any terminal")]
    assert places == sorted(places)
    assert [panel for panel in ("init", "sweep", "live", "flatten") if not re.search(rf"│ {panel} ", shown)] == []
    assert places[0] < shown.index("│ init ") < places[1] < shown.index("│ walkforward ") < places[2] < shown.index("│ paper ") < places[3]


def test_the_starter_takes_its_parameters_from_the_class(folder):
    assert call("init", "first", "--quiet").code == 0
    source = folder / "first/my_strategy.py"
    source.write_text(source.read_text(encoding="utf-8").replace("dip: int = 3", "dip: int = 5"), encoding="utf-8")
    told = read_json(call("backtest", "-c", "first/onetape.toml", "--json", "--no-report").out)
    assert told["params"] == {"trend": 100, "dip": 5}
