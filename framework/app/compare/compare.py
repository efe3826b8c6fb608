"""``onetape compare``: what of two runs is compared, read from their tapes."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from framework.app.folders.session_tape import told_by
from framework.app.folders.tape_place import tape_of
from framework.domain.order import OrderSide
from framework.domain.values import notional, rounded_quotient, to_micros
from framework.engine.market import session_number, session_numbers
from framework.errors import BadDataError, ConfigError, MissingDataError
from framework.report.beside_model import AT_A_VENUE, DOCUMENT
from framework.report.divergence import Decided, RunFacts, Traded, divergence
from framework.report.divergence_page import document, page
from framework.runtime.sessions.marks import SHADOW_FILL
from framework.runtime.tape.reading import read_bars, read_mode
from framework.runtime.tape.recording import FIRST, LAST
from framework.runtime.tape.store import TapeStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from fractions import Fraction
    from pathlib import Path

    from framework.domain.market import BarSeries
    from framework.report.divergence import Divergence
    from framework.runtime.tape.chain import TapeEvent

#: What an account gets without a trade, and the payload's field that says how much.
_ACCOUNT = ("cash_in_lieu", "dividend_entitled", "delisted", "interest")
CORRECTED = "trade_corrected"
#: Of a decision, what makes it the same in another run: not the name it was given there.
_TERMS = ("symbol", "side", "quantity_micros", "order_type", "limit_micros", "stop_micros", "trail_micros", "trail_type", "time_in_force")


def facts_of_run(folder: Path) -> RunFacts:
    """What of the run in ``folder`` is compared.

    Raises:
        DataError: It has no tape, or it cannot be read.
    """
    tape = tape_of(folder)
    with TapeStore.attach(tape) as store:
        events = list(store.events())
    try:
        series = read_bars(tape) if read_mode(tape) == "backtest" else told_by(tape).series
        return _facts(folder.name, events, series)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadDataError(f"{tape}: an event cannot be read ({error!r}); make the run again") from None


def shadow_of_run(folder: Path) -> tuple[RunFacts, RunFacts]:
    """The live run in ``folder``, and what the fill model made of its orders.

    Raises:
        DataError: It has no tape, it cannot be read, or it has no shadow: only live sessions have one.
    """
    real = facts_of_run(folder)
    with TapeStore.attach(tape_of(folder)) as store:
        header = next(store.events(kinds=[FIRST])).payload
        fills = list(store.events(kinds=[SHADOW_FILL]))
    if header.get("mode") not in AT_A_VENUE:
        raise MissingDataError(
            f"{folder.name} is a {header.get('mode')} run and has no shadow: only sessions at a venue do; name a second run"
        )
    try:
        traded = _traded(fills, real.decisions, told_by(tape_of(folder)).series)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise BadDataError(f"{tape_of(folder)}: a shadow fill cannot be read ({error!r})") from None
    earned = sum(notional(one.shares, real.marks.get(one.symbol, 0)) - one.value - one.fees for one in traded)
    equity = real.initial + sum(real.account.values()) + earned
    return real, real._replace(name=f"{real.name} (shadow)", equity=equity, fills=traded)


def write_page(place: Path, one: RunFacts, other: RunFacts, found: Divergence) -> None:
    """Write the page about ``one`` and ``other`` to ``place``.

    Raises:
        ConfigError: It cannot be written.
    """
    try:
        place.write_text(page(one, other, found), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {place}: {error.strerror}; choose another place with --out") from None


def save_shadow(folder: Path) -> None:
    """Write what parts the live run in ``folder`` from its shadow into shadow.html and shadow.json beside its report.

    Raises:
        DataError: The tape cannot be read.
        ConfigError: They cannot be written.
    """
    real, shadow = shadow_of_run(folder)
    found = divergence(real, shadow)
    write_page(folder / "shadow.html", real, shadow, found)
    (folder / DOCUMENT).write_text(json.dumps(document(real, shadow, found), indent=2, allow_nan=False), encoding="utf-8")


def _facts(name: str, events: list[TapeEvent], series: Mapping[str, BarSeries]) -> RunFacts:
    config = tomllib.loads(str(events[0].payload["config"]))
    decisions = {one.order_id: one for one in map(_decided, _of(events, "order_decided"))}
    gone = {str(event.payload["symbol"]) for event in _of(events, "delisted")}
    marks = {symbol: 0 if symbol in gone else to_micros(float(one.close[-1])) for symbol, one in series.items() if len(one)}
    account: dict[str, int] = defaultdict(int)
    for event in events:
        if event.kind in _ACCOUNT:
            account[event.kind] += _number(event.payload["amount_micros"]) - _still_counted(event, series, marks)
        elif event.kind == CORRECTED:
            account[event.kind] += _corrected(event, marks, series)
    initial = to_micros(float(config.get("account", {}).get("cash", 100_000.0)))
    fills = [event for event in events if event.kind.startswith("order_") and event.payload.get("execution_id") is not None]
    return RunFacts(name, initial, _final_equity(events), marks, decisions, _traded(fills, decisions, series), account)


def _still_counted(event: TapeEvent, series: Mapping[str, BarSeries], marks: Mapping[str, int]) -> int:
    """What the part of a share that was paid in cash would be worth: fills, in shares of the last bar, do not know that it is gone."""
    if event.kind != "cash_in_lieu":
        return 0
    symbol = str(event.payload["symbol"])
    shares = _number(event.payload["quantity_micros"]) * later_splits(series[symbol], event.timestamp)
    return notional(rounded_quotient(shares.numerator, shares.denominator), marks[symbol])


def _corrected(event: TapeEvent, marks: Mapping[str, int], series: Mapping[str, BarSeries]) -> int:
    """What a corrected trade has earned by the end: its shares at their last price, and its money."""
    told, symbol = event.payload, str(event.payload["symbol"])
    later = later_splits(series[symbol], event.timestamp)
    shares = rounded_quotient(_number(told["quantity_micros"]) * later.numerator, later.denominator)
    return notional(shares, marks.get(symbol, 0)) + _number(told["amount_micros"]) - _number(told["fees_micros"])


def _of(events: Iterable[TapeEvent], kind: str) -> Iterable[TapeEvent]:
    return (event for event in events if event.kind == kind)


def _number(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value


def _decided(event: TapeEvent) -> Decided:
    told: dict[str, Any] = event.payload
    line = json.dumps([event.timestamp, *(told[name] for name in _TERMS), told["reason"]])
    sign = OrderSide(told["side"]).sign
    return Decided(told["order_id"], event.timestamp, told["symbol"], sign, told["quantity_micros"], told["order_type"], line)


def _final_equity(events: list[TapeEvent]) -> int:
    for event in reversed(events):
        if event.kind == LAST and "final_equity" in event.payload:
            return to_micros(float(str(event.payload["final_equity"])))
        if event.kind == "decided":
            return _number(event.payload["equity_micros"])
    raise BadDataError(f"the tape does not say what the account was worth at its end: its last event is {events[-1].kind}, not {FIRST}")


def _traded(events: list[TapeEvent], decisions: Mapping[str, Decided], series: Mapping[str, BarSeries]) -> tuple[Traded, ...]:
    return tuple(_fill(event.timestamp, event.payload, decisions[str(event.payload["order_id"])], series) for event in events)


def _fill(timestamp: int, told: Mapping[str, Any], order: Decided, series: Mapping[str, BarSeries]) -> Traded:
    quantity, price = order.sign * _number(told["quantity_micros"]), _number(told["price_micros"])
    later = later_splits(series[order.symbol], timestamp)
    shares = rounded_quotient(quantity * later.numerator, later.denominator)
    value = notional(quantity, price)
    slippage = value - notional(quantity, _number(told["reference_micros"]))
    return Traded(order.order_id, timestamp, order.symbol, shares, value, slippage, _number(told["fees_micros"]))


def later_splits(series: BarSeries, timestamp: int) -> Fraction:
    """How many shares of the last bar one of ``timestamp`` has become; a split holds before its session opens."""
    from fractions import Fraction

    found = Fraction(1)
    is_later = session_numbers(series.timestamp) > session_number(timestamp)
    for one in series.split[is_later & (series.split != 1.0)].tolist():
        found *= Fraction(one).limit_denominator(10_000)
    return found
