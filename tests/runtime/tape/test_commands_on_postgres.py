"""onetape tape and the operator's commands on a tape in PostgreSQL."""

from __future__ import annotations

import json

from sqlalchemy import NullPool, create_engine, text

from framework.runtime.tape.store import TapeStore
from framework.runtime.tape.views import COLUMNS
from tests.app.project import call
from tests.runtime.tape.conftest import HEADER
from tests.runtime.tape.test_views import arrival, bars_event, decided, filled


def test_a_tape_in_postgresql_is_proved_rebuilt_exported_and_commanded_by_its_address(empty_schema, tmp_path):
    with TapeStore.open(empty_schema, header=HEADER | {"cash_micros": 10**9}) as store:
        store.append([bars_event(arrival(10, IBM=100.0)), decided(), filled("x"), bars_event(arrival(20, IBM=110.0))])
    assert json.loads(call("tape", "verify", empty_schema, "--json").out) == {"verified": True, "events": 5, "trouble": ""}
    for _ in range(2):
        assert json.loads(call("tape", "rebuild", empty_schema, "--json").out)["rows"] == {
            "orders": 1, "fills": 1, "executed_trades": 0, "live_positions": 1, "equity": 2, "lineage": 2,
        }  # fmt: skip
    engine = create_engine(empty_schema.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT symbol, value_micros FROM live_positions")).all() == [("IBM", 220_000_000)]
    assert call("tape", "export", empty_schema, "--out", str(tmp_path / "out")).code == 0
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(COLUMNS)
    done = call("halt", empty_schema, "--why", "a test", "--who", "ada", "--json")
    assert json.loads(done.out) == {"command": "halt", "sequence": 5, "halt_file": None, "trouble": "", "heard": None}
