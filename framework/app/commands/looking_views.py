"""What a tape says of its session, in the words of a person: dollars, shares, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from framework.app.folders.run_folders import RUNS
from framework.app.folders.tape_place import ADDRESS, TAPE, tape_place
from framework.app.folders.tape_reading import views
from framework.domain.command import CommandKind
from framework.domain.order import OPEN_STATUSES
from framework.domain.values import from_micros
from framework.errors import BadDataError, MissingDataError
from framework.rules.guards.state import TradingState
from framework.runtime.control.audit import DONE
from framework.runtime.orders import events as venue
from framework.runtime.sessions.marks import DECIDED, FORMING, HISTORY, RESUMED, SHADOW_DIVERGED, SHADOW_FILL, STOPPED, TURNS
from framework.runtime.tape.recording import FIRST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from framework.app.folders.tape_place import TapePlace
    from framework.runtime.tape.chain import TapeEvent

Row = dict[str, object]
#: So many orders of somebody else a status shows.
_FOREIGN = 5
_GIVEN = f"command_{CommandKind.OVERRIDE}"
#: What a session that goes on writes now and then, and what it ends with.
_LIVES = TURNS | {HISTORY, FORMING, RESUMED}


def status_of(run: str) -> Row:
    """Where the session of ``run`` is.

    Raises:
        DataError: It has no tape, or it cannot be read.
    """
    place = _place(run)
    with TapeStore.attach(place.place) as store:
        events = list(store.events())
    if not events or events[0].kind != FIRST:
        raise BadDataError(f"{place.place}: it is no tape of a session")
    told = events[0].payload
    last = next((event for event in reversed(events) if event.kind == DECIDED), None)
    return {
        "run": str(place.place),
        "mode": told.get("mode"),
        "strategy": told.get("strategy"),
        "session": _session(str(told.get("mode")), events),
        "last_event": _utc(events[-1].timestamp),
        "last_decision": None if last is None else _utc(last.timestamp),
        "equity": None if last is None else _decimal(last.payload["equity_micros"]),
        "cash": None if last is None else _decimal(last.payload["cash_micros"]),
        "trading": _trading(events),
        "halt_file": place.halt_file is not None and place.halt_file.exists(),
        "positions": [f"{row['quantity']} {row['symbol']}" for row in positions_of(run)],
        "working_orders": len(orders_of(run, ended=False)),
        "foreign_orders": _foreign(events),
        "overrides": _overrides(events),
        "incidents": _incidents(events),
        "shadow": _shadow(events),
    }


def orders_of(run: str, *, ended: bool) -> list[Row]:
    """The orders of ``run`` that may still fill, or all."""
    rows = views(_place(run).place)["orders"]
    working = {str(status) for status in OPEN_STATUSES}
    return [_order(row) for row in rows if ended or row["status"] in working]


def positions_of(run: str) -> list[Row]:
    """What is held."""
    rows = views(_place(run).place)["live_positions"]
    names = (("quantity", "quantity_micros"), ("price", "price_micros"), ("value", "value_micros"), ("cost", "cost_micros"))
    return [{"symbol": row["symbol"], **{name: _decimal(row[column]) for name, column in names}} for row in rows]


def fills_of(run: str) -> list[Row]:
    """What has traded."""
    return [_fill(row, "execution_id") for row in views(_place(run).place)["fills"]]


def shadow_fills_of(run: str) -> list[Row]:
    """What the fill model made of the orders of a live session."""
    with TapeStore.attach(_place(run).place) as store:
        return [_fill({"timestamp": event.timestamp, **event.payload}, "shadow_id") for event in store.events(kinds=[SHADOW_FILL])]


def _fill(row: Row, name: str) -> Row:
    names = (("quantity", "quantity_micros"), ("price", "price_micros"), ("fees", "fees_micros"))
    head = {key: row[key] for key in ("symbol", "side", "order_id", name)}
    return {"time": _utc(row["timestamp"]), **head, **{key: _decimal(row[column]) for key, column in names}}


def _order(row: dict[str, Any]) -> Row:
    names = (("quantity", "quantity_micros"), ("filled", "filled_micros"), ("limit", "limit_micros"), ("stop", "stop_micros"))
    head = ("order_id", "symbol", "side", "order_type", "status", "role", "reason")
    return {"time": _utc(row["created_at"]), **{name: row[name] for name in head}} | {name: _decimal(row[column]) for name, column in names}


def _place(run: str) -> TapePlace:
    if run:
        return tape_place(run)
    known = [path for name in (TAPE, ADDRESS) for path in RUNS.glob(f"*/{name}")]
    if not known:
        raise MissingDataError("there is no tape below runs/ yet; `onetape paper` and `onetape live` write one")
    return tape_place(str(max(known, key=lambda path: path.stat().st_mtime_ns).parent))


def _session(mode: str, events: list[TapeEvent]) -> str:
    """Whether it has ended; a tape does not say of one that has not whether its process lives."""
    if mode == "backtest":
        return "ended"  # its tape is written when all is over
    last = next((event for event in reversed(events) if event.kind in _LIVES), events[-1])
    return f"ended {_utc(last.timestamp)}" if last.kind == STOPPED else f"runs, or was cut off after {_utc(events[-1].timestamp)}"


def _trading(events: list[TapeEvent]) -> str:
    after = next((event.payload.get("after") for event in reversed(events) if event.kind.startswith("guard_")), TradingState.ACTIVE)
    return TradingState(after).name


def _foreign(events: list[TapeEvent]) -> list[str]:
    """The newest orders at the venue that are not ours, as they were when they were first seen."""
    found = sorted((event.payload for event in events if event.kind == venue.FOREIGN), key=lambda told: int(told["created_at"]))
    return [f"{told['what']} ({told['word']}, {_utc(told['created_at'])})" for told in found[-_FOREIGN:]]


def _overrides(events: list[TapeEvent]) -> list[str]:
    """What is not as in the config, as far as the session has come."""
    now, given = events[-1].timestamp, {event.sequence: event.payload for event in events if event.kind == _GIVEN}
    found: dict[str, str] = {}
    for event in events:
        effect: dict[str, Any] = event.payload["effect"] if event.kind == DONE else {}
        if "override" in effect:
            said = given.get(event.payload["command"], {})
            text = f"{effect['override']} = {effect['value']:g} until {_utc(effect['until'])} ({said.get('who')}: {said.get('why')})"
            found[effect["override"]] = text if effect["until"] > now else ""
    return [text for text in found.values() if text]


def _shadow(events: list[TapeEvent]) -> str | None:
    """Of how many shadow fills, and when and how the venue's last came to be too far from them; ``None`` where there are none."""
    count = sum(event.kind == SHADOW_FILL for event in events)
    parted = next((event for event in reversed(events) if event.kind == SHADOW_DIVERGED), None)
    if not count:
        return None
    return f"{count} fills" if parted is None else f"{count} fills; {_utc(parted.timestamp)}: {parted.payload['why']}"


def _incidents(events: list[TapeEvent]) -> list[str]:
    known: dict[tuple[object, object], str] = {}
    for event in events:
        told = event.payload
        if event.kind == venue.INCIDENT and told["lasts"]:
            known[told["code"], told["subject"]] = f"{told['code']}: {told['detail']}"
        elif event.kind == venue.CLEARED:
            known.pop((told["code"], told["subject"]), None)
        elif event.kind == venue.ACKNOWLEDGED and (told["code"], told["subject"]) in known:
            known[told["code"], told["subject"]] += f" (acknowledged by {told['who']}: {told['why']})"
    return list(known.values())


def _decimal(micros: object) -> float | None:
    return float(from_micros(micros)) if isinstance(micros, int) else None


def _utc(timestamp: object) -> str:
    moment = timestamp if isinstance(timestamp, int) else 0
    return f"{datetime.fromtimestamp(moment // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"
