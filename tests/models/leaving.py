"""A model of selling a position that a resting stop protects.

Two shares, one stop for both. Against the seller work: the stop fills share by share while it rests, the cancel is lost, late or applied
after a fill, a sale is lost on its way, and the process dies between any two steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.models.exploring import Step

if TYPE_CHECKING:
    from collections.abc import Iterator


class Exit(NamedTuple):
    """How the seller goes about it, and whether the venue keeps shares of resting sales from other orders."""

    writes_first: bool = True  # that it leaves is on disk before the cancel is sent
    waits: bool = True  # for the end of the stop, before the sale
    sizes_after: bool = True  # by the fills known after that end
    restores: bool = True  # on recovery a position without stop and without a written exit gets a stop
    venue_holds: bool = False


GONE = -1


class Book(NamedTuple):
    shares: int = 2
    stop: int = 2  # what is left of it, GONE when it has ended
    sale: int = GONE
    cancel_flies: bool = False
    sale_flies: int = 0
    journal: str = ""  # "", exit, selling, done
    step: str = "idle"
    seen: int = 0  # shares when the cancel was sent
    crashes: int = 2
    sales: int = 2  # how often it is tried


Way = "Iterator[Step[Book]]"


def steps(way: Exit, book: Book) -> Way:
    """Everything that may happen next."""
    yield from market(way, book)
    if book.step == "down":
        yield Step("restart", book._replace(step="recovering"))
        return
    if book.crashes:
        yield Step("crash", book._replace(crashes=book.crashes - 1, step="down"))
    yield from TURNS[book.step](way, book)


def market(way: Exit, book: Book) -> Way:
    """What the venue and the wires do."""
    if book.stop > 0:
        yield Step("the stop fills", book._replace(shares=book.shares - 1, stop=book.stop - 1 or GONE))
    if book.sale > 0:
        yield Step("the sale fills", book._replace(shares=book.shares - 1, sale=book.sale - 1 or GONE))
    if book.cancel_flies:
        yield Step("the cancel is applied", book._replace(cancel_flies=False, stop=GONE))
        yield Step("the cancel is lost", book._replace(cancel_flies=False))
    if book.sale_flies:
        free = book.shares - max(book.stop, 0) - max(book.sale, 0)
        is_taken = not way.venue_holds or book.sale_flies <= free
        sale = max(book.sale, 0) + book.sale_flies if is_taken else book.sale
        yield Step("the sale is accepted" if is_taken else "the sale is refused", book._replace(sale_flies=0, sale=sale))
        yield Step("the sale is lost", book._replace(sale_flies=0))


def written(way: Exit, book: Book, word: str) -> str:
    return word if way.writes_first else book.journal


def recovering(way: Exit, book: Book) -> Way:
    if book.journal in ("exit", "selling"):
        yield Step("go on with the exit", book._replace(step="canceling" if book.journal == "exit" else "checking"))
    elif way.restores and book.stop == GONE and book.sale == GONE and not book.sale_flies and book.shares > 0:
        yield Step("place the stop again", book._replace(stop=book.shares, step="idle"))
    else:
        yield Step("nothing to recover", book._replace(step="idle"))


def idle(way: Exit, book: Book) -> Way:
    if book.journal == "" and book.shares > 0:
        yield Step("leave", book._replace(journal=written(way, book, "exit"), step="canceling"))


def canceling(way: Exit, book: Book) -> Way:
    if book.stop > 0:
        yield Step("cancel the stop", book._replace(cancel_flies=True, step="waiting" if way.waits else "sizing", seen=book.shares))
    else:
        yield Step("the stop has ended before", book._replace(step="sizing", seen=book.shares))


def waiting(_: Exit, book: Book) -> Way:
    if book.stop == GONE:
        yield Step("the stop has ended", book._replace(step="sizing"))
    elif not book.cancel_flies:
        yield Step("cancel again", book._replace(step="canceling"))


def sizing(way: Exit, book: Book) -> Way:
    size = book.shares if way.waits and way.sizes_after else book.seen
    if size <= 0:
        yield Step("nothing is left", book._replace(journal="done", step="idle"))
    elif book.sales:
        sent = book._replace(journal=written(way, book, "selling"), sale_flies=size, step="checking", sales=book.sales - 1, seen=size)
        yield Step(f"sell {size}", sent)
    else:
        yield Step("give up, place the stop again", book._replace(stop=book.shares, step="idle", journal="done"))


def checking(way: Exit, book: Book) -> Way:
    if book.sale_flies:
        return
    if book.shares <= 0:
        yield Step("closed", book._replace(journal="done", step="idle"))
    elif book.sale == GONE:
        yield Step("the sale is not there", book._replace(step="canceling", journal=written(way, book, "exit")))


TURNS = {
    "recovering": recovering,
    "idle": idle,
    "canceling": canceling,
    "waiting": waiting,
    "sizing": sizing,
    "checking": checking,
}


def faults(book: Book) -> Iterator[str]:
    """OVERSOLD: more was sold than there was. NAKED: shares, nothing that protects or sells them, and nobody about to see to it."""
    if book.shares < 0:
        yield "OVERSOLD"
    nothing_works = book.stop == GONE and book.sale == GONE and not book.sale_flies and not book.cancel_flies
    if book.shares > 0 and nothing_works and book.step == "idle" and book.journal in ("", "done"):
        yield "NAKED"
