"""Whatever is put in: the contract's exit code, a message that says what, where and what to do, and never a traceback."""

from __future__ import annotations

import json
import math
from typing import NamedTuple

import pytest

from framework import run
from tests.app.project import ROWS, Files, bars, call, changed, config, csv_text, on_bar, process, strategy, write

USAGE, DATA = 2, 3
SOUND = config()
NO_BARS = {"onetape.toml": bars("")["onetape.toml"]}
#: As if IBM had split 2:1 on the 21st session.
HALVED = [*ROWS[:20], *((day, *(price / 2 for price in prices), volume) for day, *prices, volume in ROWS[20:])]


class Case(NamedTuple):
    """A mistake: the project that holds it, the exit code, what the message must name, and the command."""

    name: str
    code: int
    says: tuple[str, ...]
    files: Files
    command: str = "backtest"


def text(source: str) -> Files:
    """A project whose config is ``source``."""
    return {"onetape.toml": source}


# The twenty kinds named first. Every third also runs as a process of its own.
TWENTY = [
    Case("missing file", USAGE, ("other.toml", "does not exist", "onetape init"), {}, "backtest -c other.toml"),
    Case("unknown key with a near name", USAGE, ("onetape.toml", "[data] strat", "did you mean 'start'"), config(data={"strat": 1})),
    Case("unknown symbol", DATA, ("IBX", "did you mean IBM", "[data] source"), config(universe={"symbols": ["IBX"]})),
    Case(
        "start after end",
        USAGE,
        ("[data] start = 2006-01-03", "end = 2005-01-03", "must be the earlier"),
        config(data={"end": "2005-01-03"}),
    ),
    Case("NaN bar", DATA, ("IBM at 2012-02-01", "row 22", "close is nan", '[data.policy] nan = "drop"'), bars(changed(20, close="nan"))),
    Case(
        "negative price",
        DATA,
        ("IBM at 2012-02-01", "row 22", "low is -1", '[data.policy] non_positive = "drop"'),
        bars(changed(20, low=-1)),
    ),
    Case(
        "high below low", DATA, ("IBM at 2012-02-01", "row 22", "high 1,", '[data.policy] inverted = "drop"'), bars(changed(20, high=1.0))
    ),
    Case(
        "duplicated bar",
        DATA,
        ("IBM at 2012-01-31", "row 22", "row 21", '[data.policy] duplicate = "keep_first"'),
        bars([*ROWS[:20], ROWS[19], *ROWS[20:]]),
    ),
    Case(
        "unordered bars",
        DATA,
        ("IBM at 2012-02-01", "row 23", '[data.policy] unordered = "sort"'),
        bars([*ROWS[:20], ROWS[21], ROWS[20], *ROWS[22:]]),
    ),
    Case("empty file", DATA, ("IBM.csv is empty", "at least two bars"), bars("")),
    Case("zero cash", USAGE, ("[account] cash = 0", "at least 0.01"), config(account={"cash": 0})),
    Case(
        "negative quantity",
        USAGE,
        ("AAPL: quantity = -1", "above 0", "use sell", "Mine.on_bar at 2006-01-03 21:00 UTC", "mine.py:7"),
        on_bar("ctx.buy('AAPL', -1)"),
    ),
    Case(
        "unknown strategy class",
        USAGE,
        ("[strategy] class = 'strategies.sma_cross:SmaCros'", "did you mean 'SmaCross'"),
        config(strategy={"class": "strategies.sma_cross:SmaCros"}),
    ),
    Case(
        "strategy raising in on_bar",
        USAGE,
        ("Mine.on_bar at 2006-01-03 21:00 UTC", "mine.py:7", "ZeroDivisionError: division by zero\n    1 / 0\n"),
        on_bar("1 / 0"),
    ),
    Case("strategy without its parameters' types", USAGE, ("Mine.fast = 10 has no type", "write `fast: int = 10`"), strategy("fast = 10")),
    Case(
        "secret in the config file",
        USAGE,
        ("onetape.toml", "[broker] password", "environment", "change it"),
        config(broker={"password": "an-example-only"}),
    ),
    Case("unwritable output folder", USAGE, ("file/sub", "file is a file", "--out"), {**SOUND, "file": ""}, "backtest --out file/sub"),
    Case("config that is not UTF-8", USAGE, ("onetape.toml", "byte 0", "save it as UTF-8"), {"onetape.toml": b"\xff\xfem\x00o\x00"}),
    Case("bars that are not UTF-8", DATA, ("IBM.csv", "offset", "save it as UTF-8"), bars(csv_text(ROWS).encode() + b"\xff")),
    Case("symbol with one bar", DATA, ("IBM", "1 bar", "at least 2", "remove the symbol"), bars(ROWS[:1])),
]

FILES = [
    Case("file that almost exists", USAGE, ("onetap.toml", "did you mean 'onetape.toml'"), SOUND, "backtest -c onetap.toml"),
    Case("folder as config", USAGE, ("is a folder", "name the file in it"), SOUND, "backtest -c ."),
    Case("config below a file", USAGE, ("onetape.toml/x", "Not a directory"), SOUND, "backtest -c onetape.toml/x"),
    Case("empty config", USAGE, ("section [strategy] is missing", "section [universe] is missing", "symbols = "), text("")),
    Case("TOML broken", USAGE, ("onetape.toml is not valid TOML", "line 1", "correct it"), text("[data\n")),
    Case("TOML with a key twice", USAGE, ("not valid TOML", "line 2"), text('mode = "backtest"\nmode = "backtest"\n')),
    Case("TOML with a date that is none", USAGE, ("not valid TOML", "line 2"), text("[data]\nstart = 2006-02-30\n")),
    Case("JSON broken", USAGE, ("c.json is not valid JSON", "line 1"), {"c.json": "{"}, "backtest -c c.json"),
    Case("JSON that is a list", USAGE, ("c.json holds a list", "sections with keys"), {"c.json": "[1]"}, "backtest -c c.json"),
    Case("JSON nested without end", USAGE, ("c.json", "nested too deeply"), {"c.json": "[" * 100_000}, "backtest -c c.json"),
    Case("YAML broken", USAGE, ("c.yaml is not valid YAML", "line 2"), {"c.yaml": "a: [1\nb"}, "backtest -c c.yaml"),
    Case("YAML of a control character", USAGE, ("c.yaml is not valid YAML", "#x0001"), {"c.yaml": "a: \x01"}, "backtest -c c.yaml"),
    Case("YAML that is empty", USAGE, ("c.yaml is empty", "onetape init"), {"c.yaml": ""}, "backtest -c c.yaml"),
    Case("YAML that holds itself", USAGE, ("c.yaml", "nested too deeply"), {"c.yaml": "data: &a {b: *a}"}, "backtest -c c.yaml"),
]

VALUES = [
    Case("unknown section", USAGE, ("unknown section [brokr]", "did you mean 'broker'"), config(brokr={"name": "generic"})),
    Case("key of another section", USAGE, ("unknown key cash", "belongs below [account]"), config(cash=5)),
    Case("unknown key with no near name", USAGE, ("[data] zzz", "known there: source, path"), config(data={"zzz": 1})),
    Case("address without a name for the run", USAGE, ("[tape] url", "{run}"), config(tape={"url": "sqlite:///a.db"})),
    Case("address with a password", USAGE, ("[tape] url", "PGPASSWORD"), config(tape={"url": "postgresql://me:hunter2@host/db"})),
    Case("section that is a value", USAGE, ("[universe] = 5", "table"), config(universe=5)),
    Case("section left out", USAGE, ("section [universe] is missing", 'symbols = ["AAPL", "MSFT"]'), config(universe=None)),
    Case("class left out", USAGE, ("[strategy] class is missing", "strategies.sma_cross:SmaCross"), config(strategy={"class": None})),
    Case("wrong mode", USAGE, ('mode = "backtset"', "choose backtest"), config(mode="backtset")),
    Case("date that is text", USAGE, ('[data] start = "soon"', "2005-01-31"), config(data={"start": "soon"})),
    Case("date that is a number", USAGE, ("[data] start = 20060103", "2005-01-31"), config(data={"start": 20060103})),
    Case("no such month", USAGE, ('[data] start = "2006-13-01"', "2005-01-31"), config(data={"start": "2006-13-01"})),
    Case("infinite cash", USAGE, ("[account] cash = inf", "finite"), config(account={"cash": float("inf")})),
    Case("cash that is NaN", USAGE, ("[account] cash = nan", "finite"), config(account={"cash": float("nan")})),
    Case("cash below a cent", USAGE, ("[account] cash = 1e-07", "at least 0.01"), config(account={"cash": 1e-7})),
    Case("cash beyond the books", USAGE, ("[account] cash = 1000000000000.0", "at most 1,000,000,000"), config(account={"cash": 1e12})),
    Case("cash that is true", USAGE, ("[account] cash = true", "not true or false"), config(account={"cash": True})),
    Case("cash that is text", USAGE, ('[account] cash = "lots"', "a number, without quotes"), config(account={"cash": "lots"})),
    Case("percent for a fraction", USAGE, ("max_position_var_pct = 5", "0.05 means 5 %"), config(sizing={"max_position_var_pct": 5})),
    Case("half a day", USAGE, ("[sizing] lookback_days = 1.5", "a whole number"), config(sizing={"lookback_days": 1.5})),
    Case("unknown venue", USAGE, ('[broker] name = "robinhod"', "did you mean 'robinhood'"), config(broker={"name": "robinhod"})),
    Case("unknown fees", USAGE, ('[fills] fees = "venu"', "did you mean 'venue'"), config(fills={"fees": "venu"})),
    Case("unknown key of the fees", USAGE, ("[fills] fees.per_shar", "did you mean 'per_share'"), config(fills={"fees": {"per_shar": 1}})),
    Case("negative slippage", USAGE, ("[fills] slippage.bps = -1", "at least 0"), config(fills={"slippage": {"bps": -1}})),
    Case("symbol in small letters", USAGE, ("'ibm'", "capital letters"), config(universe={"symbols": ["ibm"]})),
    Case("symbol with a line break", USAGE, ("'IBM\\n'", "capital letters"), config(universe={"symbols": ["IBM\n"]})),
    Case("symbol twice", USAGE, ("'IBM'", "listed twice"), config(universe={"symbols": ["IBM", "IBM"]})),
    Case("no symbols", USAGE, ("[universe] symbols = []", "at least one"), config(universe={"symbols": []})),
    Case("symbols as text", USAGE, ('[universe] symbols = "IBM"', "a list"), config(universe={"symbols": "IBM"})),
    Case("symbol that is a number", USAGE, ("[universe] symbols, item 2 = 5", "text"), config(universe={"symbols": ["IBM", 5]})),
    Case("unknown resolution", USAGE, ('[data] resolution = "5x"', "such as 5m"), config(data={"resolution": "5x"})),
    Case("resolution the sample lacks", USAGE, ("[data] resolution = '5m'", "daily"), config(data={"resolution": "5m"})),
    Case("unknown calendar", USAGE, ("[data] calendar = 'XXXX'", "XNYS"), config(data={"calendar": "XXXX"})),
    Case("unknown timezone", USAGE, ("[data] timezone = 'Mars'", "America/New_York"), config(data={"timezone": "Mars"})),
    Case("unknown policy", USAGE, ("[data.policy] gaps", "did you mean gap"), config(data={"policy": {"gaps": "accept"}})),
    Case("range without bars", DATA, ("AAPL", "start = 2013-06-03", "2013-03-01"), config(data={"start": "2013-06-03", "end": None})),
    Case("secret in a list", USAGE, ("token", "looks like a secret"), config(universe={"symbols": [{"token": "an-example-only"}]})),
    Case("secret as a parameter", USAGE, ("params.api_key", "secret"), config(strategy={"params": {"api_key": "an-example-only"}})),
]

STRATEGIES = [
    Case("class that is no place", USAGE, ('class = "a.b"', "module:ClassName"), config(strategy={"class": "a.b"})),
    Case(
        "module that is not there", USAGE, ("'min'", "did you mean 'mine'"), {**strategy("pass"), **config(strategy={"class": "min:Mine"})}
    ),
    Case(
        "module of a package that is not there",
        USAGE,
        ("strategies.sma_cros", "did you mean 'strategies.sma_cross'"),
        config(strategy={"class": "strategies.sma_cros:SmaCross"}),
    ),
    Case("class that is no strategy", USAGE, ("class Mine is no subclass of framework.Strategy",), strategy("pass", "object")),
    Case("syntax error", USAGE, ("cannot be imported: SyntaxError", "mine.py:7"), strategy("x: int = 1\ndef on_bar(self:")),
    Case("module that raises", USAGE, ("cannot be imported: ZeroDivisionError", "mine.py:1"), {**strategy("pass"), "mine.py": "1 / 0\n"}),
    Case(
        "module that exits",
        USAGE,
        ("cannot be imported: SystemExit", "mine.py:2"),
        {**strategy("pass"), "mine.py": "import sys\nsys.exit(0)\n"},
    ),
    Case("module that needs another", USAGE, ("'nosuch'", "not installed"), {**strategy("pass"), "mine.py": "import nosuch\n"}),
    Case("unknown parameter", USAGE, ("'fastt'", "did you mean 'fast'"), config(strategy={"params": {"fastt": 5}})),
    Case("parameter of the wrong type", USAGE, ("SmaCross.fast = 'x'", "a whole number"), config(strategy={"params": {"fast": "x"}})),
    Case(
        "parameter that is no number",
        USAGE,
        ("Mine.level = nan", "must be a number"),
        {
            **strategy("level: float = 1.0\ndef on_bar(self, ctx): ..."),
            **config(strategy={"class": "mine:Mine", "params": {"level": math.nan}}),
        },
    ),
    Case("parameter that is a list", USAGE, ("[strategy] params.fast = [1]", "a number, text"), config(strategy={"params": {"fast": [1]}})),
    Case("parameters that cannot be", USAGE, ("fast = 40", "below slow"), config(strategy={"params": {"fast": 40}})),
    Case("parameter without a default", USAGE, ("Mine.fast has no default", "write `fast: int = ...`"), strategy("fast: int")),
    Case(
        "on_bar without ctx",
        USAGE,
        ("Mine.on_bar cannot be called", "positional argument", "write def on_bar(self, ctx)"),
        strategy("def on_bar(self): pass"),
    ),
    Case("on_bar without self", USAGE, ("Mine.on_bar", "write def on_bar(self, ctx)"), strategy("def on_bar(ctx): pass")),
    Case("on_fill without the fill", USAGE, ("write def on_fill(self, ctx, fill)",), strategy("def on_fill(self, ctx): pass")),
    Case("names of the command", USAGE, ("'onetape'", "from framework import"), {**strategy("pass"), "mine.py": "import onetape\n"}),
    Case("path for a module", USAGE, ("module:ClassName", "without .py"), config(strategy={"class": "./mine.py:Mine"})),
    Case(
        "file for a module",
        USAGE,
        ("there is no module 'mine.py'; did you mean 'mine'?",),
        {**strategy("pass"), **config(strategy={"class": "mine.py:Mine"})},
    ),
    Case(
        "strategy raising in a method of its own",
        USAGE,
        ("mine.py:9", "NameError: name 'clos' is not defined\n    return clos[-1]\n"),
        strategy("def on_bar(self, ctx):\n    self.last()\ndef last(self):\n    return clos[-1]"),
    ),
    Case(
        "refused order", USAGE, ("mine.py:7]\n    ctx.buy('AAPL', 1, order_type='stp')\n",), on_bar("ctx.buy('AAPL', 1, order_type='stp')")
    ),
    Case("strategy that exits", USAGE, ("the strategy called sys.exit(0)", "raise an exception"), on_bar("raise SystemExit(0)")),
    Case("schedule that cannot be read", USAGE, ("'market_cloze'", "market_close"), on_bar("ctx.schedule('market_cloze', print)")),
    Case("schedule finer than the bars", USAGE, ("'market_close-15m'", "daily"), on_bar("ctx.schedule('market_close-15m', print)")),
    Case("bars of an unknown symbol", USAGE, ("'IBX'", "['AAPL', 'IBM']", "mine.py:7"), on_bar("ctx.bars('IBX')")),
    Case("strength out of range", USAGE, ("AAPL: target strength 2", "from -1", "mine.py:7"), on_bar("ctx.target('AAPL', 2)")),
    Case("stop price that is NaN", USAGE, ("AAPL: stop", "finite", "mine.py:7"), on_bar("ctx.target('AAPL', 1, stop=float('nan'))")),
    Case("stop order without a stop", USAGE, ("AAPL", "needs stop_price"), on_bar("ctx.sell('AAPL', 1, order_type='stop_loss')")),
    Case("unknown order type", USAGE, ("'stp'", "stop_loss", "mine.py:7"), on_bar("ctx.buy('AAPL', 1, order_type='stp')")),
    Case("writing into the past", USAGE, ("read-only", "mine.py:7"), on_bar("ctx.bars('AAPL').close[-1] = 1")),
    Case(
        "signals of the wrong shape",
        USAGE,
        ("shape (3,)", "[T, N]"),
        strategy("def signals(self, bars): return np.zeros(3)", "SignalStrategy"),
    ),
    Case("signals out of range", USAGE, ("AAPL", "[-1, 1]"), strategy("def signals(self, bars): return bars.close", "SignalStrategy")),
    Case("signals left out", USAGE, ("Mine defines neither on_bar nor signals", "define signals"), strategy("pass", "SignalStrategy")),
]

BARS = [
    Case("header and nothing else", DATA, ("IBM.csv", "no rows"), bars(csv_text([]))),
    Case("price that is text", DATA, ("IBM.csv, row 22, column close", "'abc'"), bars(changed(20, close="abc"))),
    Case("date that cannot be read", DATA, ("row 22", "'soon'", "2012-01-31"), bars(changed(20, date="soon"))),
    Case("session left out", DATA, ("no bar on 2012-02-01", '[data.policy] gap = "accept"'), bars([*ROWS[:20], *ROWS[21:]])),
    Case("split not declared", DATA, ("IBM at 2012-02-01", "a split of 2"), bars(HALVED)),
    Case("column left out", DATA, ("no column volume", "present: timestamp"), bars(csv_text(ROWS).replace("volume", "vol"))),
    Case("no header", DATA, ("the first line seems to be a bar", "timestamp,open"), bars(csv_text(ROWS).partition("\n")[2])),
    Case("semicolons", DATA, ("IBM.csv", "parted by commas"), bars(csv_text(ROWS).replace(",", ";"))),
    Case("page instead of bars", DATA, ("IBM.csv", "columns of time"), bars("<html>not found</html>")),
    Case("no folder of bars", DATA, ("[data] path", "is not a folder"), bars(ROWS, path="baars")),
    Case("path left out", USAGE, ("[data] path is not set", "IBM.csv"), bars(ROWS, path=None)),
    Case("folder as CSV", DATA, ("IBM.csv cannot be read",), {**NO_BARS, "bars/IBM.csv/x": ""}),
    Case("file of another symbol", DATA, ("IBM.csv is not there", "IBN.csv"), {**NO_BARS, "bars/IBN.csv": ""}),
    Case("bars that are not Parquet", DATA, ("IBM.parquet cannot be read",), {**bars("", source="parquet"), "bars/IBM.parquet": "x"}),
]  # fmt: skip

COMMANDS = [
    Case("unknown engine", USAGE, ("--engine 'warp'", "auto, backtrader, arrays"), SOUND, "backtest --engine warp"),
    Case("unknown option", USAGE, ("No such option: --outt", "--out"), SOUND, "backtest --outt x"),
    Case(
        "argument too many",
        USAGE,
        (
            "unexpected extra argument",
            "other.toml",
        ),
        SOUND,
        "backtest other.toml",
    ),
    Case("unknown command", USAGE, ("No such command 'backtset'", "backtest"), SOUND, "backtset"),
    Case("file as output folder", USAGE, ("--out", "is a file"), {**SOUND, "file": ""}, "backtest --out file"),
    Case("output over other files", USAGE, ("--out mine", "empty or new folder"), {**SOUND, "mine/notes.txt": ""}, "backtest --out mine"),
    Case("runs that is a file", USAGE, ("runs is a file", "--out"), {**SOUND, "runs": ""}),
    Case("report without a run", DATA, ("no run below runs/", "onetape backtest"), {}, "report"),
    Case("report of an unknown run", DATA, ("'zzz'", "onetape backtest"), {}, "report zzz"),
    Case("report of a folder that is no run", DATA, ("mine is not a run folder", "summary.json"), {"mine/notes.txt": ""}, "report mine"),
    Case("init over a config", USAGE, ("onetape.toml exists already", "another folder"), SOUND, "init"),
    Case("init below a file", USAGE, ("cannot write into file/sub", "onetape init DIR"), {"file": ""}, "init file/sub"),
]

CASES = [*TWENTY, *FILES, *VALUES, *STRATEGIES, *BARS, *COMMANDS]


def check(case: Case, done: tuple[int, str, str]) -> None:
    """The exit code, the message on stderr alone, and no traceback."""
    code, out, err = done
    assert code == case.code, err
    assert [part for part in case.says if part not in err] == [], err
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_is_refused_with_a_remedy(case, folder):
    write(case.files, folder)
    check(case, call(*case.command.split()))
    assert not (folder / "runs").is_dir(), "nothing may be left behind"


@pytest.mark.parametrize("case", TWENTY[::3], ids=lambda case: case.name)
def test_bad_input_is_refused_by_the_installed_command(case, folder):
    write(case.files, folder)
    check(case, process(*case.command.split(), folder=folder))


def test_every_case_has_its_own_name():
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_fraction_of_a_share_is_refused_by_the_venue_and_recorded(folder):
    write(on_bar("ctx.buy('AAPL', 1.5)"), folder)
    done = process("backtest", "--out", "run", folder=folder)
    assert (done.code, done.err) == (0, "")
    summary = json.loads((folder / "run/summary.json").read_text(encoding="utf-8"))
    assert summary["refusals"] == {"fractional_not_allowed": summary["bars"] // 2}
    assert f"{summary['bars'] // 2} x fractional_not_allowed" in done.out


def test_the_same_fraction_is_traded_where_the_venue_has_fractions(folder):
    write(strategy("def on_bar(self, ctx):\n    ctx.buy('AAPL', 1.5)", broker={"name": "generic"}), folder)
    result = run(folder / "onetape.toml")
    assert "fractional_not_allowed" not in result.summary["refusals"]
    assert 1.5 in set(result.fills["quantity"])


def test_a_full_disk_is_said_to_be_full(folder):
    write({**SOUND, "run/summary.json": "{}"}, folder)
    (folder / "run/orders.csv").symlink_to("/dev/full")
    code, out, err = call("backtest", "--out", "run")
    assert (code, out) == (USAGE, "")
    assert "run" in err
    assert "No space left on device; choose another" in err


def test_a_secret_s_value_is_never_printed(folder):
    write(config(universe={"symbols": [{"token": "an-example-only"}]}), folder)
    done = call("backtest")
    assert "an-example-only" not in done.out + done.err


def test_every_mistake_of_a_file_is_named_at_once(folder):
    write(config(account={"cash": -1}, data={"strat": 1}), folder)
    assert call("backtest").err.splitlines() == [
        "error: onetape.toml: 2 things are wrong:",
        "  unknown key [data] strat; did you mean 'start'?",
        "  [account] cash = -1: must be at least 0.01",
    ]


def test_bad_bars_may_be_let_pass_by_name(folder):
    summary = run(write(bars(changed(20, close="nan"), policy={"nan": "drop"}), folder) / "onetape.toml").summary
    assert summary["bars"] == len(ROWS) - 1
    assert any("close is nan" in line and "dropped" in line for line in summary["warnings"])


def test_a_bug_is_called_a_bug_and_its_traceback_kept(folder, monkeypatch):
    write(SOUND, folder)
    monkeypatch.setattr("framework.app.backtest.run.run", lambda *_, **__: 1 / 0)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    code, _, err = call("backtest")
    assert code == 70
    assert "bug in onetape: ZeroDivisionError" in err
    assert "Traceback" not in err
    (kept,) = folder.glob("onetape-crash-*.txt")
    assert str(kept) in err
    assert "Traceback" in kept.read_text(encoding="utf-8")


def test_a_crash_file_holds_no_secret_of_the_environment(folder, monkeypatch):
    write(SOUND, folder)
    (folder / ".env").write_text("ROBINHOOD_ACCOUNT_NUMBER=canary-998877\n")
    monkeypatch.setenv("ONETAPE_ALERT_URL_DESK", "json://canary-host/canary-path")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)

    def crash(*_, **__):
        raise ZeroDivisionError("canary-998877 json://canary-host/canary-path canary%2D998877")

    monkeypatch.setattr("framework.app.backtest.run.run", crash)
    code, _, err = call("backtest")
    (kept,) = folder.glob("onetape-crash-*.txt")
    text = kept.read_text(encoding="utf-8")
    assert code == 70
    assert "ZeroDivisionError" in text
    assert "crash" in text
    assert "canary" not in err + text


def test_the_sound_project_of_these_cases_runs(folder):
    write(SOUND, folder)
    assert call("backtest", "--quiet") == (0, "", "")
