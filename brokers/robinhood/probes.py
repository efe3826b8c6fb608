"""Questions about the service that only a real account can answer, P1 to P12 of docs/robinhood.md, asked over the session that trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokers.robinhood.probe_bench import ProbeBench, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LISTING_POLLS = 60
SAMPLES = 5


class Finding(NamedTuple):
    """What a probe found.

    Attributes:
        probe: ``P1`` to ``P12``.
        answer: One of the words its function names, or ``not asked``.
        evidence: Statuses and words of the answers, without account numbers.
    """

    probe: str
    answer: str
    evidence: tuple[str, ...]


class Probe(NamedTuple):
    """A question; ``places`` says whether it sends orders (one share, far below the market, canceled at once)."""

    name: str
    ask: Callable[[ProbeBench], str]
    places: bool


def run_probes(bench: ProbeBench, *, with_orders: bool) -> list[Finding]:
    """Ask every question, or only those that send no order; whatever was placed is canceled before the next."""
    found = []
    for probe in PROBES:
        if probe.places and not with_orders:
            found.append(Finding(probe.name, "not asked", ()))
            continue
        bench.begin(probe.name)
        try:
            answer = probe.ask(bench)
        finally:
            bench.clear_up()
        found.append(Finding(probe.name, answer, tuple(bench.evidence)))
    return found


def dedupe_of(found: Sequence[Finding]) -> str:
    """Whether one ``ref_id`` makes one order: ``proven`` by P1, P2 and P4, ``absent`` when any of them made two, otherwise ``assumed``."""
    answers = {one.probe: one.answer for one in found}
    asked = [answers.get(name, "not asked") for name in ("P1", "P2", "P4")]
    if "placed again" in asked:
        return "absent"
    return "proven" if all(answer in {"refused", "the first order"} for answer in asked) else "assumed"


def listing_lag_of(found: Sequence[Finding]) -> float | None:
    """Seconds after which every sample of P6 was listed; ``None`` where it was not asked or an order was never seen."""
    answer = next((one.answer for one in found if one.probe == "P6"), "")
    seconds = answer.removesuffix(" s")
    return float(seconds) if answer.endswith(" s") else None


def _same_twice(bench: ProbeBench) -> str:
    """``refused``, ``the first order``, ``placed again`` or ``unclear``."""
    ref_id = bench.new_ref()
    first = bench.place(ref_id)
    return bench.judged(first, bench.place(ref_id), ref_id)


def _same_id_other_limit(bench: ProbeBench) -> str:
    """As P1."""
    ref_id = bench.new_ref()
    first = bench.place(ref_id)
    return bench.judged(first, bench.place(ref_id, price=bench.lower_price), ref_id)


def _same_after_cancel(bench: ProbeBench) -> str:
    """As P1."""
    ref_id = bench.new_ref()
    first = bench.place(ref_id)
    bench.cancel_and_wait(first)
    return bench.judged(first, bench.place(ref_id), ref_id)


def _same_after_a_minute(bench: ProbeBench) -> str:
    """As P1. An hour and a day are for whoever asks again then."""
    ref_id = bench.new_ref()
    first = bench.place(ref_id)
    bench.wait(60.0)
    return bench.judged(first, bench.place(ref_id), ref_id)


def _shows_ref(bench: ProbeBench) -> str:
    """``everywhere``, ``nowhere``, ``order only`` or ``listing only``; ``no orders`` on an account without any."""
    rows = bench.listed()
    mine = next((row for row in rows if row.get("ref_id")), None)
    if not rows:
        return "no orders"
    single = fields_of(bench.get(f"/orders/{(mine or rows[0])['id']}/")).get("ref_id")
    shown = (single is not None, mine is not None)
    return {(True, True): "everywhere", (True, False): "order only", (False, True): "listing only", (False, False): "nowhere"}[shown]


def _listing_lag(bench: ProbeBench) -> str:
    """``<seconds> s``, the longest of the samples, or ``never listed``."""
    longest = 0.0
    for _ in range(SAMPLES):
        ref_id = bench.new_ref()
        begun = bench.now()
        bench.place(ref_id)
        for _ in range(LISTING_POLLS):
            if any(row.get("ref_id") == ref_id for row in bench.listed()):
                break
            bench.wait(1.0)
        else:
            return "never listed"
        longest = max(longest, bench.now() - begun)
    return f"{longest:.1f} s"


def _throttle_words(bench: ProbeBench) -> str:
    """``none seen``, ``body``, ``header`` or ``header and body``; nothing is asked for that."""
    if not bench.throttled:
        return "none seen"
    header, body = (any(one[place] for one in bench.throttled) for place in (0, 1))
    return "header and body" if header and body else "header" if header else "body" if body else "no hint"


def _dead_session(bench: ProbeBench) -> str:
    """``refused`` or ``placed``."""
    ref_id = bench.new_ref()
    bench.place(ref_id, token="an-example-of-no-session")  # noqa: S106 - made up
    bench.wait(5.0)
    return "placed" if any(row.get("ref_id") == ref_id for row in bench.listed()) else "refused"


def _more_than_held(bench: ProbeBench) -> str:
    """``refused`` or ``placed``."""
    answer = bench.place(bench.new_ref(), side="sell", price=bench.higher_price, quantity=str(int(bench.free_shares()) + 1))
    return "placed" if answer.status_code == 201 else "refused"


def _cancel_answers(bench: ProbeBench) -> str:
    """Statuses of canceling again an order that is canceled, one that was filled (0: there is none), and one that never was."""
    placed = bench.place(bench.new_ref())
    bench.cancel_and_wait(placed)
    again = bench.cancel(str(fields_of(placed).get("id")))
    filled = next((row["id"] for row in bench.listed() if row.get("state") == "filled"), None)
    statuses = [again, 0 if filled is None else bench.cancel(filled), bench.cancel("00000000-0000-4000-8000-000000000000")]
    return " ".join(map(str, statuses))


def _stop_beside(bench: ProbeBench) -> str:
    """``refused``, ``placed`` or ``no shares``."""
    free = int(bench.free_shares())
    if free < 1:
        return "no shares"
    bench.place(bench.new_ref(), side="sell", price=bench.higher_price, quantity=str(free))
    answer = bench.place(bench.new_ref(), side="sell", type="market", trigger="stop", stop_price=bench.lower_price, price=None)
    return "placed" if answer.status_code == 201 else "refused"


def _filter(bench: ProbeBench) -> str:
    """``inclusive``, ``exclusive`` or ``ignored``, and the order of rows: ``newest first`` or ``not sorted``; ``no orders`` without two."""
    rows = bench.listed()
    if len(rows) < 2:
        return "no orders"
    times = [str(row["created_at"]) for row in rows]
    order = "newest first" if times == sorted(times, reverse=True) else "not sorted"
    newest = max(str(row["updated_at"]) for row in rows)
    after = {str(row["updated_at"]) for row in bench.listed(since=newest)}
    kind = "ignored" if min(after, default=newest) < newest else "inclusive" if newest in after else "exclusive"
    return f"{kind}, {order}"


PROBES = (
    Probe("P1", _same_twice, places=True),
    Probe("P2", _same_id_other_limit, places=True),
    Probe("P3", _same_after_cancel, places=True),
    Probe("P4", _same_after_a_minute, places=True),
    Probe("P5", _shows_ref, places=False),
    Probe("P6", _listing_lag, places=True),
    Probe("P8", _dead_session, places=True),
    Probe("P9", _more_than_held, places=True),
    Probe("P10", _cancel_answers, places=True),
    Probe("P11", _stop_beside, places=True),
    Probe("P12", _filter, places=False),
    # Last, so that it has seen every answer.
    Probe("P7", _throttle_words, places=False),
)
