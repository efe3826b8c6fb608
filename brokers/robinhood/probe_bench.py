"""What a probe works with: single requests over the session, notes of what was answered, and a broom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests import Response, Session

API = "https://api.robinhood.com"
FORM_VERSION = 7
CANCEL_POLLS = 30
ENDED = frozenset({"cancelled", "canceled", "rejected", "filled", "partially_filled_rest_cancelled"})


class ProbeSubject(NamedTuple):
    """What may be used: an account's number, and for orders a liquid stock and limits in dollars far below and far above its price."""

    account: str
    symbol: str = ""
    instrument_id: str = ""
    low: str = ""
    lower: str = ""
    high: str = ""


class ProbeBench:
    """Sends the requests of probes.

    Args:
        session: Logged in, with the transport that trades; orders leave only as far as that lets them.
        subject: What may be used.
        wait: Sleeps, seconds.
        now: Monotonic, seconds.
        run: Name of this run: it makes the ``ref_id`` of its orders, which must be new.
    """

    def __init__(self, session: Session, subject: ProbeSubject, wait: Callable[[float], None], now: Callable[[], float], run: str) -> None:
        self._session, self._subject, self._run = session, subject, run
        self.wait, self.now = wait, now
        self.lower_price, self.higher_price = subject.lower, subject.high
        self.evidence: list[str] = []
        self.throttled: list[tuple[bool, bool]] = []
        self._probe, self._count = "", 0
        self._placed: list[str] = []
        self._refs: set[str] = set()

    @classmethod
    def of_client(cls, subject: ProbeSubject, wait: Callable[[float], None], now: Callable[[], float], run: str) -> ProbeBench:
        """A bench on the session of robin_stocks, which has the transport."""
        from robin_stocks.robinhood.globals import SESSION

        return cls(SESSION, subject, wait, now, run)

    def begin(self, probe: str) -> None:
        """The notes that follow are those of ``probe``."""
        self._probe, self._count = probe, 0
        self.evidence.clear()

    def new_ref(self) -> str:
        """A ``ref_id`` that was never used."""
        self._count += 1
        return str(uuid5(NAMESPACE_URL, f"onetape probe {self._subject.account} {self._run} {self._probe} {self._count}"))

    def get(self, path: str, **query: str) -> Response:
        """Read ``path``."""
        return self._noted(self._session.get(API + path, params=query, timeout=16, allow_redirects=False))

    def place(self, ref_id: str, token: str | None = None, **changed: str | None) -> Response:
        """An order to buy one share far below the market for the day, or what ``changed`` makes of it; ``token``: of another session."""
        form = {
            "account": f"{API}/accounts/{self._subject.account}/",
            "instrument": f"{API}/instruments/{self._subject.instrument_id}/",
            "symbol": self._subject.symbol,
            "side": "buy",
            "type": "limit",
            "trigger": "immediate",
            "time_in_force": "gfd",
            "market_hours": "regular_hours",
            "quantity": "1",
            "price": self._subject.low,
            "order_form_version": FORM_VERSION,
            "ref_id": ref_id,
            **changed,
        }
        kept = {name: value for name, value in form.items() if value is not None}
        headers = {"Content-Type": "application/json"} | ({} if token is None else {"Authorization": f"Bearer {token}"})
        self._refs.add(ref_id)  # whatever is answered, it may be there
        answer = self._noted(self._session.post(f"{API}/orders/", json=kept, headers=headers, timeout=16, allow_redirects=False))
        if answer.status_code == 201 and "id" in fields_of(answer):
            self._placed.append(str(fields_of(answer)["id"]))
        return answer

    def cancel(self, order_id: str) -> int:
        """Ask for the cancel of an order; the status of the answer."""
        return self._noted(self._session.post(f"{API}/orders/{order_id}/cancel/", timeout=16, allow_redirects=False)).status_code

    def cancel_and_wait(self, placed: Response) -> None:
        """Cancel what ``placed`` answered, and wait until it has ended."""
        order_id = str(fields_of(placed).get("id", ""))
        if not order_id:
            return
        self.cancel(order_id)
        for _ in range(CANCEL_POLLS):
            if fields_of(self.get(f"/orders/{order_id}/")).get("state") in ENDED:
                return
            self.wait(1.0)

    def listed(self, since: str | None = None) -> list[dict[str, Any]]:
        """The account's orders as the first page shows them."""
        query = {"account_numbers": self._subject.account} | ({} if since is None else {"updated_at[gte]": since})
        rows = fields_of(self.get("/orders/", **query)).get("results", [])
        return [row for row in rows if isinstance(row, dict)]

    def free_shares(self) -> float:
        """Shares of the stock that can be sold."""
        rows = fields_of(self.get("/positions/", nonzero="true", account_number=self._subject.account)).get("results", [])
        return next((float(row["shares_available_for_sells"]) for row in rows if row.get("symbol") == self._subject.symbol), 0.0)

    def judged(self, first: Response, second: Response, ref_id: str) -> str:
        """What became of a second order under ``ref_id``: ``refused``, ``the first order``, ``placed again`` or ``unclear``."""
        if first.status_code != 201:
            return "unclear"
        ids = {fields_of(one).get("id") for one in (first, second)} - {None}
        ids |= {row["id"] for row in self.listed() if row.get("ref_id") == ref_id}
        if len(ids) > 1:
            return "placed again"
        if second.status_code == 400:
            return "refused"
        return "the first order" if second.status_code in {200, 201} else "unclear"

    def clear_up(self) -> None:
        """Cancel whatever is still there of what was placed, or was asked for and answered otherwise."""
        found = [str(row["id"]) for row in self.listed() if row.get("ref_id") in self._refs] if self._refs else []
        for order_id in dict.fromkeys([*self._placed, *found]):
            if fields_of(self.get(f"/orders/{order_id}/")).get("cancel"):
                self.cancel(order_id)
        self._placed.clear()
        self._refs.clear()

    def _noted(self, answer: Response) -> Response:
        words = fields_of(answer).get("detail") or next((key for key in fields_of(answer) if answer.status_code == 400), "")
        self.evidence.append(f"{answer.request.method} {answer.status_code} {words}".strip())
        if answer.status_code == 429:
            self.throttled.append(("Retry-After" in answer.headers, "second" in answer.text))
        return answer


def fields_of(answer: Response) -> dict[str, Any]:
    """The JSON object of an answer; anything else has no fields."""
    try:
        read = answer.json()
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}
