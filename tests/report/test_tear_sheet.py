"""The page: complete, self-contained, safe and true."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest

from framework.domain.fill import Refusal
from framework.report import pages
from framework.report.summary import summarize
from framework.report.tear_sheet import render
from framework.report.tear_sheet_data import from_record
from tests.report.records import daily_times, edge_records, make_record

if TYPE_CHECKING:
    from framework.domain.record import RunRecord

MINUS = "\N{MINUS SIGN}"
SECTIONS = ("equity", "drawdown", "months", "prices", "exposure", "var", "risk", "refusals", "results", "costs", "metrics", "provenance")
WITH_GUARDS = (*SECTIONS[:7], "guards", *SECTIONS[7:])
VOID = {"meta", "img", "br", "link", "input", "hr"}
LOADING = {"src", "href", "srcset", "action", "data", "poster", "xlink:href"}


class Page(HTMLParser):
    """The page's tags, text and attributes; fails on a tag that is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.sections: list[str] = []
        self.scripts: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.images: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        if tag not in VOID:
            self.open.append(tag)
        named = dict(attrs)
        if "id" in named:
            self.ids.append(named["id"] or "")
            self.sections += [named["id"] or ""] if tag == "section" else []
        self.links += [(tag, value or "") for name, value in attrs if name in LOADING or name.startswith("on")]
        if named.get("role") == "img":
            self.images.append(named.get("aria-label") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data)


@pytest.fixture(scope="module")
def record() -> RunRecord:
    return make_record(daily_times(520))


@pytest.fixture(scope="module")
def html(record: RunRecord) -> str:
    return render(from_record(record))


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_every_section_is_there_once(page: Page) -> None:
    assert [name for name in page.sections if name] == list(SECTIONS)
    assert len(page.ids) == len(set(page.ids))


def test_the_page_loads_nothing_from_outside(html: str, page: Page) -> None:
    """What is named outside of the charts' own code is one link, which nothing follows by itself."""
    assert {value for tag, value in page.links if not value.startswith("#")} == {"https://www.tradingview.com/"}
    assert page.tags["img"] == page.tags["link"] == page.tags["iframe"] == page.tags["object"] == 0
    ours = "".join(text for text in (html, *page.scripts) if "TradingView Lightweight Charts™ v" not in text)
    assert not re.search(r"@import|url\((?!#)|https?:(?!//www\.tradingview\.com/)", ours)


def test_a_browser_may_run_the_scripts_of_the_page_and_nothing_else(html: str, page: Page) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    run = [text for text in page.scripts if not text.startswith("{")]
    hashes = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in run]
    assert rules["script-src"].split() == hashes
    assert len(run) == 3


def test_the_charts_are_what_their_authors_published_and_travel_with_the_package() -> None:
    notice = (pages.FOLDER / "lightweight-charts.NOTICE.txt").read_text(encoding="utf-8")
    assert hashlib.sha256((pages.FOLDER / pages.CHARTS).read_bytes()).hexdigest() in notice
    assert "Apache License" in (pages.FOLDER / "lightweight-charts.LICENSE.txt").read_text(encoding="utf-8")
    project = tomllib.loads((pages.FOLDER.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["setuptools"]["package-data"]["framework.report"] == [f"{pages.FOLDER.name}/*"]


def test_the_drawings_name_only_parts_of_themselves(html: str) -> None:
    drawings = re.findall(r'<svg class="drawing".*?</svg>', html, re.DOTALL)
    assert len(drawings) == 11
    for drawing in drawings:
        used = set(re.findall(r'(?:url\(|href=")#([^")]+)', drawing))
        assert used <= set(re.findall(r'id="([^"]+)"', drawing))
        assert "<!--" not in drawing
        assert 'viewBox="0 0 691.2 ' in drawing


def test_every_drawing_has_a_sentence_for_those_who_do_not_see_it(page: Page) -> None:
    assert len(page.images) == page.tags["svg"] == 11
    assert all(len(alt) > 30 for alt in page.images)


def test_ten_years_of_five_symbols_stay_below_three_megabytes() -> None:
    assert len(render(from_record(make_record(daily_times(2520))))) < 3_000_000


def test_the_headline_compares_with_buy_and_hold(record: RunRecord, page: Page) -> None:
    summary = summarize(record)
    held = record.benchmark[-1] / 100_000 - 1.0
    strategy = f"{summary['total_return']:+.1%}".replace("-", MINUS)
    assert f"Total return {strategy} Buy and hold {held:+.1%}".replace("-", MINUS) in page.text
    assert f"Trades {len(record.trades)} Still open" in page.text


def test_hostile_text_is_escaped_wherever_it_stands(record: RunRecord) -> None:
    evil = "<script>alert('x')</script><img src=http://evil>"
    hostile = replace(
        record,
        run_id=evil,
        strategy=evil,
        description=evil,
        engine=evil,
        params={evil: evil},
        symbols=(evil,),
        warnings=(evil,),
        config_text=f"</pre>{evil}",
        decisions_hash=evil,
        version=evil,
        fills=[replace(fill, tag=evil) for fill in record.fills],
        trades=[replace(trade, symbol=evil, side=evil, entry_tag=evil) for trade in record.trades],
        refusals=[Refusal(1, evil, evil, evil)],
    )
    html = render(from_record(hostile))
    page = Page(html)
    assert page.tags["script"] == 4
    assert page.tags["img"] == 0
    assert page.text.count("alert('x')") >= 12
    assert "u003cscript>alert" in page.scripts[1]


def test_warnings_stand_on_the_page_and_an_empty_list_leaves_no_box(record: RunRecord, page: Page) -> None:
    assert "One warning" in page.text
    assert record.warnings[0] in page.text
    assert "warning" not in Page(render(from_record(replace(record, warnings=())))).text


def test_the_hashes_and_the_config_are_printed_whole(record: RunRecord, page: Page) -> None:
    for text in (record.decisions_hash, record.inputs_hash, record.config_hash, " ".join(record.config_text.split())):
        assert text in page.text


def test_refusals_are_named_in_words_beside_their_codes_and_counts(record: RunRecord, page: Page) -> None:
    times = Counter(refusal.code for refusal in record.refusals)
    assert f"One position would be too large position_limit {times['position_limit']}" in page.text
    assert f"Some new code some_new_code {times['some_new_code']}" in page.text


def test_the_ten_largest_gains_and_losses_are_listed_in_order(record: RunRecord, page: Page) -> None:
    gains = sorted((trade.pnl for trade in record.trades if trade.pnl > 0), reverse=True)[:10]
    losses = sorted(trade.pnl for trade in record.trades if trade.pnl < 0)[:10]
    listed = page.text[page.text.index("Largest gains") : page.text.index("Still open at the end")]
    amounts = [float(text.replace(MINUS, "-").replace("$", "").replace(",", "")) for text in re.findall(rf"[+{MINUS}]\$[\d,]+", listed)]
    assert amounts == pytest.approx(gains + losses, abs=0.51)


def test_the_costs_are_those_of_the_run(record: RunRecord, page: Page) -> None:
    assert f"Fees and commission ${record.fees:,.2f}" in page.text
    assert f"Together ${record.fees + record.slippage_cost:,.2f}" in page.text
    assert f"${record.traded_value:,.0f} changed hands" in page.text


EDGES = {
    "no trades": ("Nothing was traded.", "Nothing the strategy wanted was refused.", "No trade was closed.", "Profit factor n/a"),
    "no decision times": ("The run has no decision times.",),
    "one bar": ("The run has fewer than two decision times",),
    "two bars": ("Equity was never below an earlier high.",),
    "VaR all NaN": ("No VaR forecast above zero was made", "Forecasts checked n/a 1"),
    "joint VaR all NaN": ("n/a Sessions that ended with positions",),
    "guarded": ("Trading was restricted 3 times.", "Shaded: circuit breakers restricted trading."),
    "one symbol": ("buy and hold of the same symbol became", "BRK.B"),
    "forty symbols": ("The 12 most traded of 40 symbols are shown.", "and 28 more"),
    "intraday": ("2026-07-27",),
    "wiped out": (f"Total return {MINUS}100.0%", f"Max drawdown {MINUS}100.0%"),
    "no prices at hand": ("Prices were not at hand when this page was made",),
}


@pytest.mark.parametrize("name", sorted(EDGES))
def test_a_run_at_the_edge_gives_a_whole_page_that_says_so(name: str) -> None:
    record = edge_records()[name]
    page = Page(render(from_record(record)))
    assert [name for name in page.sections if name] == list(WITH_GUARDS if record.events else SECTIONS)
    for sentence in EDGES[name]:
        assert sentence in page.text
    assert "nan" not in page.text.lower().replace("finance", "")


def test_a_symbol_whose_prices_are_missing_is_named(record: RunRecord) -> None:
    series = {symbol: bars for symbol, bars in record.series.items() if symbol != "IBM"}
    assert "No prices at hand for IBM." in Page(render(from_record(replace(record, series=series)))).text


def test_a_symbol_without_a_bar_during_the_run_has_no_figure(record: RunRecord) -> None:
    late = replace(record.series["IBM"], timestamp=record.series["IBM"].timestamp + 10**18)
    page = Page(render(from_record(replace(record, series={"IBM": late}))))
    assert page.tags["svg"] == 5
    assert f"IBM {sum(trade.symbol == 'IBM' for trade in record.trades)} closed trades" in page.text


def test_an_exposure_nobody_recorded_is_said_not_drawn(record: RunRecord) -> None:
    unknown = np.full(record.timestamps.size, np.nan)
    assert "The run recorded no exposure." in Page(render(from_record(replace(record, exposure=unknown)))).text


def test_results_are_in_dollars_when_most_trades_had_no_stop(record: RunRecord) -> None:
    trades = [replace(trade, r_multiple=None) for trade in record.trades]
    assert "by result in dollars" in Page(render(from_record(replace(record, trades=trades)))).text
    trades[0] = record.trades[0]
    some = [replace(trade, r_multiple=None) if row < 3 else trade for row, trade in enumerate(record.trades)]
    assert "3 trades without a stop left out" in Page(render(from_record(replace(record, trades=some)))).text


def test_a_short_still_open_has_a_gain_when_the_price_fell(record: RunRecord) -> None:
    first = next(fill for fill in record.fills if fill.symbol == "IBM")
    bars = record.series["IBM"]
    short = replace(first, side=first.side.opposite if first.side.sign > 0 else first.side)
    gain = (short.price_micros / 1e6 - bars.close[-1]) * short.quantity_micros / 1e6
    text = Page(render(from_record(replace(record, fills=[short], trades=())))).text
    assert f"{gain:+,.0f}".replace("+", "+$").replace("-", f"{MINUS}$") in text[text.index("Still open at the end") :]


def test_the_number_of_trials_is_told_when_it_is_known(record: RunRecord, page: Page) -> None:
    assert "parameter sets were tried" not in page.text
    assert "1,200 parameter sets were tried" in Page(render(from_record(replace(record, trials=1200)))).text


def test_the_callers_own_plot_settings_are_left_as_they_were(record: RunRecord) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    render(from_record(record))
    assert dict(mpl.rcParams) == before


def test_a_run_over_decades_is_drawn_on_a_logarithmic_scale(record: RunRecord) -> None:
    grown = record.equity * np.linspace(1, 9, record.equity.size)
    assert "on a logarithmic scale" in Page(render(from_record(replace(record, equity=grown)))).text
