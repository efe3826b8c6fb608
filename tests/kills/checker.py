"""A second opinion: the rows of the tape against the book of the venue. It shares no code with the order manager, on purpose."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.venue.truth import Truth


def rows_of(tape: Path) -> list[tuple[str, dict]]:
    """Kind and payload of every event."""
    with closing(sqlite3.connect(f"file:{tape}?mode=ro", uri=True)) as connection:
        return [(kind, json.loads(payload)) for kind, payload in connection.execute("SELECT kind, payload FROM events ORDER BY sequence")]


def violations(tape: Path, truth: Truth) -> list[str]:
    """What is lost, doubled, invented or drifted, in words; to be asked when nothing is under way."""
    rows = rows_of(tape)
    return [*_claims(rows, truth), *_bindings(rows, truth), *_executions(rows, truth), *_money(rows, truth)]


def _claims(rows: list[tuple[str, dict]], truth: Truth) -> list[str]:
    """No request without an intent and a claim that were written before it, and never more requests than claims."""
    found, planned, claims = [], set(), defaultdict(list)
    for kind, payload in rows:
        if kind == "venue_intent" and payload["ref"]:
            planned.add(payload["ref"])
        if kind == "venue_dispatch":
            claims[payload["ref"]].append(payload["n"])
            if payload["ref"] not in planned:
                found.append(f"claim without intent: {payload['ref']}")
    found += [f"claims of {ref} are {numbers}" for ref, numbers in claims.items() if numbers != list(range(len(numbers)))]
    found += [f"{count} requests for {ref}, {len(claims[ref])} claims" for ref, count in truth.arrivals.items() if count > len(claims[ref])]
    copies = Counter(one.now.client_id for one in truth.orders.values() if one.now.client_id)
    return found + [f"DUPLICATE {ref}: {count} orders" for ref, count in copies.items() if count > 1]


def _bindings(rows: list[tuple[str, dict]], truth: Truth) -> list[str]:
    """Our orders at the venue are those that are bound, one to one."""
    bound = [(payload["ref"], payload["venue_order_id"]) for kind, payload in rows if kind == "venue_bound"]
    real = {name: one.now.client_id for name, one in truth.orders.items() if one.now.client_id}
    known = {name for _, name in bound}
    found = [f"LOST {name} ({ref})" for name, ref in real.items() if name not in known]
    found += [f"PHANTOM {name} for {ref}" for ref, name in bound if real.get(name) != ref]
    return found + [f"bound twice: {one}" for one, count in Counter([*(r for r, _ in bound), *(n for _, n in bound)]).items() if count > 1]


def _executions(rows: list[tuple[str, dict]], truth: Truth) -> list[str]:
    """Each execution of the venue is booked once."""
    booked = Counter(payload["fill"][0] for kind, payload in rows if kind == "venue_report" and "fill" in payload)
    real = {each.execution_id for one in truth.orders.values() if one.now.client_id for each in one.now.executions}
    found = [f"booked {count} times: {name}" for name, count in booked.items() if count > 1]
    return (
        found
        + [f"not booked: {name}" for name in sorted(real - set(booked))]
        + [f"invented: {name}" for name in sorted(set(booked) - real)]
    )


def _money(rows: list[tuple[str, dict]], truth: Truth) -> list[str]:
    """Shares and cash, to the micro."""
    orders = {payload["order_id"]: payload["order"] for kind, payload in rows if kind == "venue_intent"}
    shares, cash = defaultdict(int), 0
    for kind, payload in rows:
        if kind == "venue_report" and "fill" in payload:
            _, _, quantity, price, _, fees = payload["fill"]
            order = orders[payload["order_id"]]
            sign = 1 if order["side"] == "buy" else -1
            shares[order["symbol"]] += sign * quantity
            cash -= sign * _product(quantity, price) + fees
        if kind == "venue_correction":
            shares[payload["symbol"]] += payload["quantity_micros"]
            cash += payload["amount_micros"] - payload["fees_micros"]
        if kind == "venue_split" and payload["quantity_micros"]:
            shares[payload["symbol"]] = payload["held_micros"]
        if kind == "venue_paid":
            cash += payload["amount_micros"] + payload["others_micros"]
    held, real = ({name: count for name, count in book.items() if count} for book in (shares, truth.shares))
    drift = [] if held == real else [f"DRIFT of shares: {held} here, {real} at the venue"]
    return drift + ([] if cash == truth.cash else [f"DRIFT of cash: {cash} here, {truth.cash} at the venue"])


def _product(quantity: int, price: int) -> int:
    """Micro-dollars, to the nearest, ties away from zero."""
    return int((Decimal(quantity) * price / 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))
