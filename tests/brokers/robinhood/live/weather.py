"""What goes wrong at a venue on a bad day, drawn by dice: requests, answers, orders, sessions, prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

    from brokers.robinhood.testing import RemoteDouble, RobinhoodDouble

THROTTLED = {"handled": "no", "status": 429, "body": {"detail": "Request was throttled. Expected available in 14 seconds."}}
NO_HINT = {"handled": "no", "status": 429, "body": {"detail": "Slow down."}}
ERROR = {"status": 500, "body": "<h1>Server Error (500)</h1>"}
LOST, NEVER = {"drops": True}, {"drops": True, "handled": "no"}
SESSION = {"handled": "no", "status": 401, "body": {"detail": "Incorrect authentication credentials."}}
PORTAL = {"handled": "no", "status": 302, "headers": {"Location": "https://portal.example.com/"}}

#: What meets an order on its way.
ORDER_FAULTS: tuple[dict[str, Any], ...] = (
    LOST, NEVER, {"handled": "later", "later_seconds": 40}, {"handled": "later", "later_seconds": 400}, ERROR, {**ERROR, "handled": "no"},
    {"mangles": "html"}, {"mangles": "empty"}, {"mangles": "truncated"}, {"mangles": "without_id"}, {"mangles": "swapped"},
    {"mangles": "null"}, {"mangles": "listed"}, {"mangles": "nan"}, {"drops_after": 50}, {"mangles": "truncated_gzip"},
    THROTTLED, NO_HINT, SESSION, PORTAL,
)  # fmt: skip
CANCEL_FAULTS: tuple[dict[str, Any], ...] = (LOST, NEVER, ERROR, {**ERROR, "handled": "no"}, {"mangles": "html"}, THROTTLED, SESSION)
READ_FAULTS: tuple[dict[str, Any], ...] = (
    {**ERROR, "handled": "no"}, NEVER, {"mangles": "truncated"}, {"mangles": "endless"}, {"mangles": "duplicated_rows"},
    {"mangles": "reversed_rows"}, {"mangles": "stale"}, {"mangles": "html"}, {"mangles": "foreign_next"}, THROTTLED, SESSION,
    {"query": "cursor=", **ERROR}, {"mangles": "without_next"},
)  # fmt: skip
PLANS: tuple[dict[str, Any], ...] = (
    {"rests": True, "fills": [[1, "1"], [9, "2"]]}, {"fill_while_canceling": "1", "rests": True, "cancel_takes": 3}, {"cancel_takes": 20},
    {"rests": True, "reject_after": 3}, {"lag": 20}, {"confirm_after": 5}, {"rests": True, "fills": [[2, "1"]], "reject_after": 8},
)  # fmt: skip


def worsen(double: RobinhoodDouble | RemoteDouble, dice: Random) -> str:
    """One thing goes wrong; what."""
    kind = dice.choices(["order", "cancel", "read", "plan", "session"], [5, 2, 4, 4, 0.5])[0]
    if kind == "order":
        double.fault(method="POST", path="/orders/", **(what := dice.choice(ORDER_FAULTS)))
    elif kind == "cancel":
        double.fault(method="POST", path="/orders/*/cancel/", **(what := dice.choice(CANCEL_FAULTS)))
    elif kind == "read":
        double.fault(
            method="GET", path=dice.choice(["/orders/", "/orders/", "/orders/*", "/positions/"]), **(what := dice.choice(READ_FAULTS))
        )
    elif kind == "plan":
        double.plan(**(what := dice.choice(PLANS)))
    else:
        double.expire_tokens()
        what = {"expired": True}
    return f"{kind}: {what}"


def blow(double: RobinhoodDouble | RemoteDouble, dice: Random, symbol: str) -> None:
    """The price of ``symbol`` moves, sometimes with few shares on offer."""
    cents = dice.randint(9_500, 10_500)
    double.quote(symbol, f"{(cents - 1) / 100:.2f}", f"{(cents + 1) / 100:.2f}", f"{cents / 100:.2f}", dice.choice([3, 50, 10_000]))
