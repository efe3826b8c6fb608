"""Rules that imports and types cannot hold: one door, one writer of the books, no state in modules, names that say something."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tests.architecture.source import Source, attribute_writes, calls_of, mutable_globals, sources, unexplained_broad_excepts

BANNED_WORDS = frozenset({"util", "utils", "helper", "helpers", "misc", "common", "manager", "managers", "base", "core"})
BOOK_FIELDS = frozenset(
    "cash_micros quantity_micros cost_micros realized_micros receivable_micros dividends_micros interest_micros traded_micros "
    "slippage_micros".split()
)
ORDER_FIELDS = frozenset({"status", "filled_micros", "filled_value_micros"})


def banned_names(source: Source) -> list[str]:
    """Folders and files of a path that are named after nothing."""
    parts = PurePosixPath(source.path).with_suffix("").parts
    return [part for part in parts if BANNED_WORDS & set(part.split("_"))]


def outside(path: str, offences: list[str]) -> list[str]:
    """Offences that are not in the one file that may."""
    return [offence for offence in offences if not offence.startswith(f"{path}:")]


def test_the_four_packages_are_read():
    assert {source.path.split("/")[0] for source in sources()} == {"framework", "strategies", "brokers", "data"}


def test_no_file_is_named_after_nothing():
    assert not {source.path: banned_names(source) for source in sources() if banned_names(source)}


def test_only_the_limits_rule_approves_an_order():
    found = [call for source in sources() for call in calls_of(source, "ApprovedOrder")]
    assert not outside("framework/rules/limits.py", found)


def test_only_the_ledger_writes_the_books():
    found = [write for source in sources() for write in attribute_writes(source, BOOK_FIELDS)]
    # An order has a quantity too, and the lifecycle restates it.
    positions = [write for write in found if not (write.startswith("framework/rules/lifecycle.py:") and write.endswith("quantity_micros"))]
    assert not outside("framework/rules/ledger.py", positions)


def test_only_the_lifecycle_changes_an_order():
    found = [write for source in sources() for write in attribute_writes(source, ORDER_FIELDS)]
    assert not outside("framework/rules/lifecycle.py", found)


def test_no_module_holds_state_that_can_change():
    assert not [name for source in sources() for name in mutable_globals(source)]


def test_every_broad_except_says_why():
    assert not [where for source in sources() for where in unexplained_broad_excepts(source)]


# Each rule catches what it is there for, and lets the ordinary pass.


@pytest.mark.parametrize("path", ["framework/utils.py", "data/base/prices.py", "brokers/order_manager.py", "framework/rules/common.py"])
def test_a_file_named_after_nothing_is_found(path):
    assert banned_names(Source(path, ""))


@pytest.mark.parametrize("text", ["ApprovedOrder(order)", "order.ApprovedOrder(order)"])
def test_an_approval_is_found(text):
    assert calls_of(Source("x.py", text), "ApprovedOrder") == ["x.py:1"]


@pytest.mark.parametrize(
    "text",
    [
        "book.cash_micros = 1",
        "book.cash_micros += 1",
        "del book.cash_micros",
        "a, book.cash_micros = 1, 2",
        "for book.cash_micros in (1, 2): pass",
        "setattr(book, 'cash_micros', 1)",
        "object.__setattr__(book, 'cash_micros', 1)",
    ],
)
def test_a_write_to_the_books_is_found(text):
    assert attribute_writes(Source("x.py", text), BOOK_FIELDS) == ["x.py:1 cash_micros"]


def test_reading_the_books_is_allowed():
    assert not attribute_writes(Source("x.py", "cash = book.cash_micros\nBook(cash_micros=1)"), BOOK_FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "seen = []",
        "seen: dict[str, int] = {}",
        "seen = {x for x in y}",
        "seen = set()",
        "seen = collections.deque()",
        "def f():\n    global g",
    ],
)
def test_state_in_a_module_is_found(text):
    assert mutable_globals(Source("x.py", text))


@pytest.mark.parametrize(
    "text", ["__all__ = ['a']", "names = ('a',)", "names = frozenset({'a'})", "table = MappingProxyType({1: 2})", "def f():\n    seen = []"]
)
def test_constants_and_local_variables_are_allowed(text):
    assert not mutable_globals(Source("x.py", text))


@pytest.mark.parametrize(
    "head", ["except Exception:", "except:", "except (ValueError, Exception):", "except BaseException:  # noqa: BLE001"]
)
def test_a_broad_except_without_a_reason_is_found(head):
    assert unexplained_broad_excepts(Source("x.py", f"try:\n    f()\n{head}\n    pass"))


@pytest.mark.parametrize("head", ["except ValueError:", "except Exception:  # noqa: BLE001 - a strategy may raise anything"])
def test_a_narrow_or_explained_except_is_allowed(head):
    assert not unexplained_broad_excepts(Source("x.py", f"try:\n    f()\n{head}\n    pass"))
