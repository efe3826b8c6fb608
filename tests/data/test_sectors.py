"""The shipped table of sectors and a file of one's own on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from data import sectors
from data.sample import SAMPLE_SYMBOLS
from data.sectors import SECTORS_FILE, sector_map
from framework.domain.values import SYMBOL_PATTERN
from framework.errors import BadDataError, MissingDataError

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, text: str) -> Path:
    path = folder / "own.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_names_each_symbol_once_in_order_and_as_a_symbol():
    symbols = [line.split(",")[0] for line in SECTORS_FILE.read_text(encoding="utf-8").splitlines()[1:]]
    assert symbols == sorted(set(symbols))
    assert all(SYMBOL_PATTERN.match(symbol) for symbol in symbols)


def test_the_table_has_eleven_sectors_and_funds():
    assert set(sector_map().values()) == {
        "communication_services", "consumer_discretionary", "consumer_staples", "energy", "financials", "fund", "health_care",
        "industrials", "information_technology", "materials", "real_estate", "utilities",
    }  # fmt: skip


def test_the_description_names_every_sector_and_its_example_can_be_read(tmp_path):
    text = sectors.__doc__
    assert [name for name in sorted(set(sector_map().values())) if name not in text] == []
    example = "\n".join(line.strip() for line in text.split("::")[1].split("\n\n")[1].splitlines())
    own = sector_map(written(tmp_path, example))
    assert (own["GOOG"], own["ZZZZ"]) == ("information_technology", "energy")


def test_the_sample_is_in_the_table():
    table = sector_map()
    assert {symbol: table[symbol] for symbol in SAMPLE_SYMBOLS} == {
        "AAPL": "information_technology",
        "FB": "communication_services",
        "GOOG": "communication_services",
        "IBM": "information_technology",
        "MSFT": "information_technology",
    }


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        sector_map()["AAPL"] = "energy"  # type: ignore[index]


def test_a_file_of_ones_own_replaces_and_adds_rows(tmp_path):
    own = sector_map(written(tmp_path, "\ufeffSymbol, Sector\nAAPL,energy\n\nZZZZ , utilities\nZZZZ,utilities\n"))
    assert (own["AAPL"], own["ZZZZ"], own["MSFT"]) == ("energy", "utilities", "information_technology")
    assert len(own) == len(sector_map()) + 1


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingDataError, match=r"none\.csv is not there; it should hold the columns symbol,sector"):
        sector_map(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"own\.csv:1: the first line must be symbol,sector"),
        ("ticker,sector\n", r"own\.csv:1: the first line must be symbol,sector"),
        ("symbol,sector\n\nAAPL\n", r"own\.csv:3: a row has two columns"),
        ("symbol,sector\nAAPL,energy,x\n", r"own\.csv:2: a row has two columns"),
        ("symbol,sector\naapl,energy\n", r"own\.csv:2: 'aapl' is not a US equity symbol"),
        ("symbol,sector\nAAPL,enrgy\n", r"own\.csv:2: there is no sector 'enrgy'; did you mean energy\?; choose one of comm"),
        ("symbol,sector\nAAPL,energy\nAAPL,fund\n", r"own\.csv:3: AAPL is in energy and in fund; name it once"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path, text, message):
    with pytest.raises(BadDataError, match=message):
        sector_map(written(tmp_path, text))


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "own.csv"
    path.write_bytes(b"symbol,sector\nAAPL,\xe9nergie\n")
    with pytest.raises(BadDataError, match="cannot be read as UTF-8 CSV"):
        sector_map(path)
