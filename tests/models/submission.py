"""A model of asking a venue for one order over a channel that loses, delays and repeats; docs/reliability.md has the protocol in words.

A decision wants exactly one order. Against it work: crashes and restarts, a second process, lost and late requests and answers, orders
that show up late in listings, listings that answer "nothing" in an outage, and a person who places the same order by hand.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tests.models.exploring import Step

if TYPE_CHECKING:
    from collections.abc import Iterator


class Protocol(NamedTuple):
    """How the trader goes about it, and what the venue does for it."""

    writes_first: bool = True  # the intent is on disk before anything is sent
    same_id: bool = True  # every attempt of a decision carries the same client id
    dedupes: bool = False  # the venue takes a client id once
    after_silence: str = "ask"  # ask | send_again | give_up
    when_missing: str = "hold"  # hold | send_again | give_up
    listing_lies: bool = True  # "nothing there" although there is something
    adopts_late: bool = True  # an order that was given up is taken back when it shows up
    signals_again: bool = False  # the strategy may decide anew after giving up
    processes: int = 1
    own_journals: bool = False  # two machines
    fence: str = "none"  # none | lease | lock
    asks_while_running: bool = True  # not only at start
    binds_by_terms: bool = False  # the venue shows no client id: symbol, side, quantity and price have to do
    person_trades: bool = False


class Trader(NamedTuple):
    step: str = "down"
    client_id: int = 0
    epoch: int = -1


DOWN = Trader()


class World(NamedTuple):
    journals: tuple[str, ...]  # empty, intent, dispatched, bound, misbound, closed
    traders: tuple[Trader, ...]
    epoch: int = 0
    wires: tuple[tuple[int, int], ...] = ()  # requests on the way: trader, client id
    answers: tuple[tuple[int, str], ...] = ()  # on the way back: trader, what it says
    hidden: tuple[int, ...] = ()  # orders of ours at the venue that no listing shows yet, by client id
    shown: tuple[int, ...] = ()
    crashes: int = 2
    sends: int = 3
    signals: int = 0
    person: str = "away"  # away, about, traded


Way = "Iterator[Step[World]]"
MOST_EPOCHS = 3


def opening(protocol: Protocol, crashes: int, sends: int) -> World:
    return World(
        journals=("empty",) * (protocol.processes if protocol.own_journals else 1),
        traders=(DOWN,) * protocol.processes,
        crashes=crashes,
        sends=sends,
        signals=int(protocol.signals_again),
        person="about" if protocol.person_trades else "away",
    )


class View:
    """A world as one of its traders sees it."""

    def __init__(self, protocol: Protocol, world: World, number: int) -> None:
        self.protocol, self.world, self.number = protocol, world, number
        self.me = world.traders[number]
        self.page = number if protocol.own_journals else 0
        self.journal = world.journals[self.page]

    @property
    def is_fenced(self) -> bool:
        return self.protocol.fence == "lease" and self.me.epoch != self.world.epoch

    def goes(self, step: str, client_id: int | None = None, **changes: object) -> World:
        me = self.me._replace(step=step, client_id=self.me.client_id if client_id is None else client_id)
        return self.world._replace(traders=replaced(self.world.traders, self.number, me), **changes)

    def dies(self) -> World:
        answers = tuple(answer for answer in self.world.answers if answer[0] != self.number)
        return self.world._replace(traders=replaced(self.world.traders, self.number, DOWN), answers=answers)

    def writes(self, word: str, step: str, client_id: int | None = None, **changes: object) -> World:
        """The epoch is compared in the transaction that writes; whoever lost the lease ends."""
        if self.is_fenced:
            return self.dies()
        return self.goes(step, client_id, journals=replaced(self.world.journals, self.page, word), **changes)


def replaced(items: tuple, number: int, item: object) -> tuple:
    return (*items[:number], item, *items[number + 1 :])


def without(items: tuple, number: int) -> tuple:
    return items[:number] + items[number + 1 :]


def steps(protocol: Protocol, world: World) -> Way:
    """Everything that may happen next."""
    for number in range(protocol.processes):
        view = View(protocol, world, number)
        yield from starting(view) if view.me.step == "down" else running(view)
    yield from network(protocol, world)
    yield from venue(world)


def starting(view: View) -> Way:
    another = any(trader.step != "down" for trader in view.world.traders)
    if view.protocol.fence == "lock" and another:
        return
    epoch = view.world.epoch + (view.protocol.fence == "lease")
    if epoch <= MOST_EPOCHS:
        traders = replaced(view.world.traders, view.number, Trader("recovering", 0, epoch))
        yield Step(f"start {view.number}", view.world._replace(epoch=epoch, traders=traders))


def running(view: View) -> Way:
    if view.world.crashes:
        yield Step(f"crash {view.number}", view.dies()._replace(crashes=view.world.crashes - 1))
    if view.is_fenced and view.me.step != "sending":  # one that was paused may still send
        yield Step(f"end {view.number}, the lease is lost", view.dies(), settles=True)
        return
    for name, state, settles in TURNS[view.me.step](view):
        yield Step(f"{name} ({view.number})", state, settles)


def recovering(view: View) -> Way:
    step = {"empty": "idle", "intent": "ready", "dispatched": "asking"}.get(view.journal, "idle")
    yield Step(f"recover: {view.journal}", view.goes(step, int(view.protocol.same_id)), settles=True)


def idle(view: View) -> Way:
    protocol = view.protocol
    if view.journal == "dispatched" and protocol.asks_while_running:
        yield Step("ask again", view.goes("asking", 1), settles=True)
    elif view.journal == "empty":
        started = view.writes("intent", "ready", 1) if protocol.writes_first else view.goes("sending", 1)
        yield Step("decide", started, settles=True)
    elif view.journal == "closed":
        if protocol.adopts_late and view.world.shown:
            yield Step("adopt late", view.writes("bound", "idle"), settles=True)
        if view.world.signals:
            yield Step("signal again", view.writes("empty", "idle", signals=view.world.signals - 1), settles=True)


def ready(view: View) -> Way:
    if view.journal == "intent":
        yield Step("write the dispatch", view.writes("dispatched", "sending", 1), settles=True)
    else:
        yield Step("somebody else did", view.goes("recovering"), settles=True)


def sending(view: View) -> Way:
    world, protocol = view.world, view.protocol
    if not world.sends:
        return
    decision = 2 if protocol.signals_again and not world.signals else 1
    client_id = decision if protocol.same_id else 10 + world.sends
    wires = tuple(sorted((*world.wires, (view.number, client_id))))
    yield Step(f"send {client_id}", view.goes("waiting", wires=wires, sends=world.sends - 1))


def waiting(view: View) -> Way:
    yield Step("no answer", view.goes("silent"))
    for place, (number, word) in enumerate(view.world.answers):
        if number == view.number:
            step = {"taken": "answered", "known": "asking"}[word]
            yield Step(f"answer: {word}", view.goes(step, answers=without(view.world.answers, place)))


def silent(view: View) -> Way:
    if view.protocol.after_silence == "send_again":
        yield Step("send again", view.goes("sending"))
    elif view.protocol.after_silence == "give_up":
        yield Step("take silence for a no", view.writes("closed", "idle"))
    else:
        yield Step("ask", view.goes("asking"))


def answered(view: View) -> Way:
    yield Step("write the binding", view.writes("bound", "idle"), settles=True)


def asking(view: View) -> Way:
    protocol, world = view.protocol, view.world
    if view.journal in ("bound", "misbound", "closed"):
        yield Step("somebody else settled it", view.goes("idle"), settles=True)
        return
    alien = protocol.binds_by_terms and world.person == "traded"
    if world.shown:
        yield Step("found", view.writes("bound", "idle"), settles=True)
    if alien:
        yield Step("found the person's order", view.writes("misbound", "idle"), settles=True)
    if (not world.shown and not alien) or protocol.listing_lies:
        if protocol.when_missing == "send_again":
            yield Step("not listed: send again", view.goes("sending"))
        elif protocol.when_missing == "give_up":
            yield Step("not listed: take it for a no", view.writes("closed", "idle"))


TURNS = {
    "recovering": recovering,
    "idle": idle,
    "ready": ready,
    "sending": sending,
    "waiting": waiting,
    "silent": silent,
    "answered": answered,
    "asking": asking,
}


def network(protocol: Protocol, world: World) -> Way:
    """Requests arrive whenever they like, or never; so do answers."""
    for place, (number, client_id) in enumerate(world.wires):
        rest = without(world.wires, place)
        yield Step(f"request {client_id} is lost", world._replace(wires=rest))
        is_known = protocol.dedupes and client_id in (*world.hidden, *world.shown)
        hidden = world.hidden if is_known else tuple(sorted((*world.hidden, client_id)))
        answers = tuple(sorted((*world.answers, (number, "known" if is_known else "taken"))))
        yield Step(f"request {client_id} arrives", world._replace(wires=rest, hidden=hidden, answers=answers))
    for place in range(len(world.answers)):
        yield Step("an answer is lost", world._replace(answers=without(world.answers, place)))


def venue(world: World) -> Way:
    for place, client_id in enumerate(world.hidden):
        shown = tuple(sorted((*world.shown, client_id)))
        yield Step(f"order {client_id} shows up", world._replace(hidden=without(world.hidden, place), shown=shown))
    if world.person == "about":
        yield Step("a person places the same order", world._replace(person="traded"))


def faults(protocol: Protocol, world: World, is_quiet: bool) -> Iterator[str]:
    """DUPLICATE at any time; the others when everything has come to rest."""
    book = (*world.hidden, *world.shown)
    if len(book) > 1:
        yield "DUPLICATE"
    up = [number for number, trader in enumerate(world.traders) if trader.step != "down"]
    at_rest = up and not (world.wires or world.answers or world.hidden)
    if not (is_quiet and at_rest and all(world.traders[number].step in ("idle", "asking") for number in up)):
        return
    words = Counter(world.journals[number] for number in up) if protocol.own_journals else Counter(world.journals)
    if book and not words["bound"]:
        yield "LOST"
    if words["bound"] and not book:
        yield "PHANTOM"
    if words["misbound"]:
        yield "MISBOUND"
