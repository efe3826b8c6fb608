"""A run whose fills walk along finer bars, from its config to its tape."""

from __future__ import annotations

import pandas as pd
import pytest
import tomli_w

from framework import load_config, run
from framework.errors import ConfigError
from framework.runtime.tape.reading import read_bars, verify_tape
from tests.app.project import call, csv_text, tree, write

SETTINGS = {"path": "finer", "slippage": "none", "fees": "none"}
#: Two days; the second goes up to the target before it falls to the stop.
DAYS = [("2012-01-03", 100, 101, 99, 100, 1e6), ("2012-01-04", 100, 106, 94, 100, 1e6), ("2012-01-05", 100, 100, 100, 100, 1e6)]
HOURS = [
    ("2012-01-03T16:00", 100, 101, 99, 100, 1e6),
    ("2012-01-04T10:30", 100, 106, 100, 105, 1e6),
    ("2012-01-04T16:00", 105, 105, 94, 100, 1e6),
]
BRACKET = """from framework import Strategy


class Mine(Strategy):
    def on_bar(self, ctx):
        if len(ctx.bars("IBM")) == 1:
            ctx.bracket("IBM", 10, take_profit=105, stop_loss=95)
"""


def settings(**sections):
    data = {"source": "csv", "path": "days", "finer": "30m", "finer_path": "hours", "start": None, "end": None}
    return tree(
        strategy={"class": "mine:Mine", "params": None},
        universe={"symbols": ["IBM"]},
        data=data | sections.pop("data", {}),
        fills=SETTINGS | sections.pop("fills", {}),
    )


def project(folder, **sections):
    files = {"days/IBM.csv": csv_text(DAYS), "hours/IBM.csv": csv_text(HOURS), "mine.py": BRACKET}
    return write({**files, "onetape.toml": tomli_w.dumps(settings(**sections))}, folder) / "onetape.toml"


def prices(result):
    return result.fills["price"].tolist()


def test_a_run_from_files_walks_the_finer_bars_and_keeps_them_on_its_tape(tmp_path):
    result = run(project(tmp_path))
    assert prices(result) == [100.0, 105.0]
    assert prices(run(project(tmp_path / "whole", data={"finer": None, "finer_path": None}, fills={"path": "pessimistic"}))) == [
        100.0,
        95.0,
    ]
    result.save(tmp_path / "out")
    assert verify_tape(tmp_path / "out" / "tape.db") > 0
    assert {name: len(one) for name, one in read_bars(tmp_path / "out" / "tape.db").items()} == {"IBM": 3, "IBM 30m": 3}
    assert load_config(tmp_path / "out" / "config.toml").data.finer == "30m"


def test_other_finer_bars_are_another_input(tmp_path):
    first = run(project(tmp_path))
    changed = [*HOURS[:2], ("2012-01-04T16:00", 105, 105, 94, 99, 1e6)]
    write({"hours/IBM.csv": csv_text(changed)}, tmp_path)
    assert run(tmp_path / "onetape.toml").record.inputs_hash != first.record.inputs_hash


def test_frames_are_given_beside_one_another(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path).parent)
    columns = ["timestamp", "open", "high", "low", "close", "volume"]
    days, hours = (pd.DataFrame(rows, columns=columns) for rows in (DAYS, HOURS))
    asked = settings(data={"source": None, "path": None, "finer_path": None})
    assert prices(run(asked, {"IBM": days}, finer={"IBM": hours})) == [100.0, 105.0]
    with pytest.raises(ConfigError, match=r'run\(config, finer=\{"AAPL": frame\}\)'):
        run(asked, {"IBM": days})


def test_bars_without_finer_ones_and_bars_they_do_not_make_up_are_warned_of(tmp_path):
    config = project(tmp_path)
    write({"hours/IBM.csv": csv_text([HOURS[0], ("2012-01-04T10:30", 100, 107, 94, 105, 1e6), *HOURS[2:]])}, tmp_path)
    result = run(config)
    assert prices(result) == [100.0, 95.0]
    warnings = result.summary["warnings"]
    assert any("IBM: finer_range: 1 of 2 bars are not made up by their finer bars" in line for line in warnings)
    assert "IBM: orders worked on 1 bars without finer bars, walked as one each, the extreme that hurts first" in warnings


@pytest.mark.parametrize("change", [{"data": {"finer": None}}, {"fills": {"path": "nearest"}}])
def test_one_key_without_the_other_is_refused(tmp_path, change):
    done = call("backtest", "-c", str(project(tmp_path, **change)))
    assert done.code == 2
    assert 'sets one of [fills] path = "finer" and [data] finer = "5m" without the other; set both or none' in done.err
