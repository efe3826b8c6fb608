"""A run whose tape is in a database: the same run, every command finds its tape, and the folder keeps its other files."""

from __future__ import annotations

import json
from datetime import date

import pytest

from framework.app.backtest.run import run
from framework.app.folders.saving import save_run
from framework.app.folders.tape_place import ADDRESS, tape_of, tape_place
from framework.errors import ConfigError, MissingDataError
from framework.runtime.loading import validated
from framework.runtime.tape.reading import read_bars, read_events, read_transitions, verify_tape
from tests.app.project import ROWS, bars, call, write
from tests.postgres import cluster, programs


@pytest.fixture(scope="module")
def server():
    if programs() is None:
        pytest.skip("PostgreSQL's programs are not installed (apt-get install postgresql)")
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, folder):
    return f"sqlite:///{folder}/tapes/{{run}}.db" if request.param == "sqlite" else request.getfixturevalue("server")


def project(folder, url):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    settings = (folder / "onetape.toml").read_text()
    (folder / "onetape.toml").write_text(f'{settings}\n[tape]\nurl = "{url}"\n')


@pytest.mark.slow
def test_a_backtest_has_the_events_it_would_have_in_a_file(folder, url):
    write(bars(ROWS, start=date(2012, 2, 8), warmup=25), folder)
    save_run(run(folder / "onetape.toml").record, folder / "file")
    project(folder, url)
    record = run(folder / "onetape.toml").record
    for _ in range(2):  # the second takes the place of the first
        save_run(record, folder / "there")
    assert not (folder / "there" / "tape.db").exists()
    one, other = tape_of(folder / "file"), tape_of(folder / "there")
    told = [(event.kind, event.timestamp) for event in read_events(one)]
    assert [(event.kind, event.timestamp) for event in read_events(other)] == told
    assert verify_tape(other) == verify_tape(one) == len(told)
    assert read_transitions(other) == read_transitions(one)
    assert read_bars(other).keys() == read_bars(one).keys()
    assert sorted(path.name for path in (folder / "there").iterdir()) == sorted(
        {*(path.name for path in (folder / "file").iterdir()), ADDRESS} - {"tape.db"}
    )


@pytest.mark.campaign
def test_every_command_finds_the_tape_by_its_run_and_by_its_address(folder, url):
    project(folder, url)
    assert call("backtest", "--out", "runs/one", "--quiet").code == 0
    assert call("paper", "--rehearse", "--out", "runs/two", "--quiet").code == 0
    for name in ("one", "two"):
        address = (folder / "runs" / name / ADDRESS).read_text().strip()
        assert not (folder / "runs" / name / "tape.db").exists()
        for place in (f"runs/{name}", address):
            verified = call("tape", "verify", place, "--json")
            assert verified.code == 0, verified.err
            assert json.loads(verified.out)["events"] > 10
        assert call("tape", "rebuild", f"runs/{name}").code == 0
        assert call("tape", "export", address, "--out", f"export-{name}").code == 0
        done = call("replay", f"runs/{name}")
        assert done.code == 0, done.out + done.err
        assert call("report", f"runs/{name}").code == 0
    assert (folder / "export-one" / "fills.csv").read_text().count("\n") > 2
    compared = call("compare", "runs/one", "runs/two", "--json")
    assert compared.code == 0, compared.err
    assert json.loads(call("status", "runs/two", "--json").out)["mode"] == "paper"
    halted = call("halt", "runs/one", "--why", "too late")
    assert halted.code == 2
    assert "has ended" in halted.err
    assert call("halt", "runs/two", "--why", "in time").code == 0
    assert (folder / "runs" / "two" / "HALT").exists()


@pytest.mark.slow
def test_a_session_goes_on_where_its_tape_is_and_is_halted_by_the_file_in_its_folder(folder, url):
    project(folder, url)
    assert call("paper", "--rehearse", "--out", "runs/two", "--quiet").code == 0
    place = tape_place("runs/two")
    assert place.halt_file == folder.relative_to(folder) / "runs" / "two" / "HALT"
    again = call("paper", "--rehearse", "--resume", "runs/two", "--quiet")
    assert again.code == 0, again.err


@pytest.mark.campaign
def test_two_projects_with_runs_of_one_name_have_tapes_of_their_own(folder, server):
    project(folder, server)
    tapes, record = [], run(folder / "onetape.toml").record
    for name in ("mine", "yours"):
        save_run(record, folder / name / "run")
        tapes.append(tape_of(folder / name / "run"))
    assert len(set(tapes)) == 2


@pytest.mark.campaign
def test_a_backtest_does_not_write_over_the_tape_of_a_session(folder, server):
    project(folder, server)
    assert call("paper", "--rehearse", "--out", "runs/two", "--quiet").code == 0
    done = call("backtest", "--out", "runs/two", "--quiet")
    assert done.code == 2
    assert "tape of a session" in done.err


def test_a_database_that_is_not_there_is_named_without_a_password(folder, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    project(folder, "postgresql://trader@127.0.0.1:9/tapes")
    done = call("paper", "--rehearse", "--out", "runs/two", "--quiet")
    assert done.code != 0
    assert "127.0.0.1" in done.err
    assert "hunter2" not in done.err + done.out


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:hunter2@host/db", "PGPASSWORD"),
        ("postgresql://me:hunter2/@host/db", "PGPASSWORD"),
        ("postgresql://host/db?user=me&password=hunter2", "PGPASSWORD"),
        ("postgresql://host/db?sslpassword=hunter2", "PGPASSWORD"),
        ("sqlite:///tape.db", "{run}"),
        ("mysql://host/db", "write sqlite:///"),
        ("tapes", "write sqlite:///"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_its_password(url, said):
    with pytest.raises(ConfigError, match=r"\[tape\] url") as error:
        validated({**config_tree(), "tape": {"url": url}}, "c.toml")
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)


def config_tree():
    return {"strategy": {"class": "a:B"}, "universe": {"symbols": ["AAPL"]}}


def test_a_run_without_any_tape_is_named(folder):
    (folder / "runs" / "empty").mkdir(parents=True)
    with pytest.raises(MissingDataError, match="no tape"):
        list(read_events(tape_place("runs/empty").place))
