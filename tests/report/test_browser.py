"""The pages in a real browser: nothing is asked of the network, nothing complains, and what is drawn is there."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from framework.report.comparison import ComparedRun
from framework.report.comparison_page import page as comparison
from framework.report.palette import DARK, LIGHT
from framework.report.tear_sheet import render
from framework.report.tear_sheet_data import from_record
from tests.report.records import daily_times, make_record

sync_playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").sync_playwright
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: Debian's package chromium has it"),
]

THEMES = {"light": LIGHT, "dark": DARK}
EVIL = "<script>document.title='x'</script><img src=http://192.0.2.1/>"


class Watched:
    """A page, and everything it should not have done."""

    def __init__(self, page):
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path):
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("#canvas[data-ready]")
        assert self.soon(lambda: self.pixels().std() > 4)

    def state(self, name):
        return self.page.locator("#canvas").get_attribute(f"data-{name}")

    def span(self):
        """First and last point that are shown."""
        return float(self.state("from")), float(self.state("to"))

    def soon(self, condition):
        """Whether it becomes true within five seconds."""
        for _ in range(100):
            if condition():
                return True
            self.page.wait_for_timeout(50)
        return False

    def pixels(self):
        """What is seen of the chart, [height, width, 3] from 0 to 255."""
        image = self.page.locator("#canvas").screenshot()
        return np.rint(imread(BytesIO(image))[:, :, :3] * 255).astype(int)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield started
        started.close()


@pytest.fixture(scope="module")
def record():
    return make_record(daily_times(520))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages and screenshots; kept where ``ONETAPE_SCREENSHOTS`` says, else with the other files of the test run."""
    named = os.environ.get("ONETAPE_SCREENSHOTS")
    place = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    place.mkdir(parents=True, exist_ok=True)
    return place


@pytest.fixture(scope="module")
def report(record, folder):
    path = folder / "report.html"
    path.write_text(render(from_record(replace(record, description=EVIL, strategy="Crossing"))), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def both(record, folder):
    slower = make_record(daily_times(400), seed=8)
    path = folder / "comparison.html"
    runs = [ComparedRun("first", from_record(record)), ComparedRun("second", from_record(slower))]
    path.write_text(comparison(runs), encoding="utf-8")
    return path


@contextmanager
def opened(browser, path, *, theme="light", width=1200, folder=None, shot=None):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    watched = Watched(context.new_page())
    watched.open(path)
    yield watched
    if shot:
        watched.page.screenshot(path=folder / f"{shot}.png", full_page=True)
    assert watched.complaints == []
    assert set(watched.asked) == {path.as_uri()}
    context.close()


def share(pixels, color):
    """Part of the picture in (nearly) that color."""
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]
    return float(np.mean(np.abs(pixels - wanted).max(axis=2) <= 6))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1200, 400])
def test_the_report_is_whole_in_either_theme_on_any_screen(browser, report, folder, theme, width):
    with opened(browser, report, theme=theme, width=width, folder=folder, shot=f"report-{theme}-{width}") as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth") == width
        assert watched.page.title() == "Crossing, 2005-01-03 to 2006-12-29"
        seen = watched.pixels()
        assert seen.std() > 8
        assert share(seen, THEMES[theme]["card"]) > 0.4
        assert share(seen, THEMES[theme]["gain"]) > 0.0005
        assert share(seen, THEMES[theme]["loss"]) > 0.0005
        cut_off = "e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'visible'"
        assert watched.page.evaluate(f"[...document.querySelectorAll('h1,h2,h3,button,.value,.cards .card')].filter({cut_off}).length") == 0


def test_the_marks_of_trades_are_drawn_and_few_trades_leave_few_of_them(browser, report, record, folder):
    few = folder / "few.html"
    few.write_text(render(from_record(replace(record, fills=record.fills[:1], trades=()))), encoding="utf-8")
    colored = {}
    for path in (report, few):
        with opened(browser, path) as watched:
            watched.page.locator("[data-days='0']").click()
            watched.page.mouse.move(0, 0)
            watched.page.wait_for_timeout(200)
            prices = watched.pixels()[:340]
            colored[path] = int(watched.state("marks")), share(prices, LIGHT["gain"]) + share(prices, LIGHT["loss"])
    assert colored[few][0] == 1
    assert colored[report][0] > 10
    assert colored[report][1] > 0.001
    assert colored[few][1] < colored[report][1] / 5


def test_another_symbol_can_be_chosen(browser, report):
    with opened(browser, report) as watched:
        first, before = watched.state("symbol"), watched.pixels()
        other = watched.page.locator("#symbol option").nth(2).get_attribute("value")
        watched.page.select_option("#symbol", other)
        assert watched.soon(lambda: np.mean(np.abs(watched.pixels() - before).max(axis=2) > 30) > 0.01)
        assert watched.state("symbol") == other != first
        assert watched.page.locator("#reading").inner_text().startswith(other)


def test_a_click_on_a_trade_shows_it(browser, report, record, folder):
    with opened(browser, report, folder=folder, shot="trade") as watched:
        page = watched.page
        page.locator("#trades-head button", has_text="Result").click()
        row = page.locator("#trades-body tr").first
        best = max(record.trades, key=lambda trade: trade.pnl)
        assert row.locator("th").inner_text() == best.symbol
        row.locator("button").click()
        tip = page.locator(".tip")
        assert watched.soon(tip.is_visible)
        assert watched.state("symbol") == best.symbol
        first, last = (int(np.searchsorted(record.timestamps, at)) for at in (best.entry_at, best.exit_at))
        assert watched.span()[0] < first <= last < watched.span()[1] < watched.span()[0] + 260
        assert f"+${best.pnl:,.0f}" in tip.inner_text()
        assert page.evaluate("document.querySelector('#chart').getBoundingClientRect().top") < 120


def test_the_table_of_trades_fits_beside_the_reasons_a_strategy_gives(browser, record, folder):
    path = folder / "reasons.html"
    reasons = {"entry_tag": "dip in a long rise", "exit_tag": "the rise is over, and so is the market's"}
    path.write_text(render(from_record(replace(record, trades=tuple(replace(one, **reasons) for one in record.trades)))), "utf-8")
    with opened(browser, path, width=1280) as watched:
        assert watched.page.locator("#trades-body tr").first.inner_text().count("dip in a long rise") == 1
        assert watched.page.evaluate("(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.trades'))")


def test_a_trade_in_the_lists_of_the_largest_shows_it_too(browser, report, record):
    worst = min(record.trades, key=lambda trade: trade.pnl)
    with opened(browser, report) as watched:
        watched.page.locator("#results h3", has_text="Largest losses").locator("xpath=following::button[1]").click()
        assert watched.soon(watched.page.locator(".tip").is_visible)
        assert watched.state("symbol") == worst.symbol
        assert f"${abs(worst.pnl):,.0f}" in watched.page.locator(".tip").inner_text()


def test_everything_works_from_the_keyboard(browser, report, record):
    with opened(browser, report) as watched:
        page = watched.page
        page.locator("#canvas").focus()
        page.keyboard.press("Home")
        assert "2005-01-03" in page.locator("#reading").inner_text()
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        date = str(record.timestamps[[10]].astype("datetime64[ns]").astype("datetime64[D]")[0])
        assert date in page.locator("#reading").inner_text()
        wide = np.diff(watched.span())
        page.keyboard.press("+")
        assert watched.soon(lambda: np.diff(watched.span()) < 0.6 * wide)
        page.keyboard.press("n")
        assert watched.soon(page.locator("#trades-body tr.chosen").is_visible)
        first = next(trade for trade in sorted(record.trades, key=lambda one: one.entry_at) if trade.symbol == watched.state("symbol"))
        assert page.locator("#trades-body tr.chosen td.d").first.inner_text() == first.side
        assert watched.soon(page.locator(".tip").is_visible)


def test_the_page_scrolls_over_the_chart_and_zooms_with_a_key_held(browser, report):
    with opened(browser, report) as watched:
        page = watched.page
        page.locator("#canvas").scroll_into_view_if_needed()
        page.locator("#canvas").hover()
        before, top = watched.span(), page.evaluate("scrollY")
        page.mouse.wheel(0, 300)
        assert watched.soon(lambda: page.evaluate("scrollY") > top)
        assert watched.span() == before
        page.locator("#canvas").hover()
        page.keyboard.down("Control")
        page.mouse.wheel(0, -300)
        page.keyboard.up("Control")
        assert watched.soon(lambda: watched.span()[0] > before[0])


def test_the_theme_can_be_switched_and_is_remembered(browser, report):
    with opened(browser, report) as watched:
        page = watched.page
        assert share(watched.pixels(), LIGHT["card"]) > 0.4
        page.locator("#theme").click()
        assert watched.soon(lambda: share(watched.pixels(), DARK["card"]) > 0.4)
        assert page.evaluate("getComputedStyle(document.querySelector('.drawing text, .drawing path')).color") == "rgb(230, 233, 238)"
        watched.asked.clear()
        page.reload()
        page.wait_for_selector("#canvas[data-ready]")
        assert watched.soon(lambda: share(watched.pixels(), DARK["card"]) > 0.4)
        assert "Light" in page.locator("#theme").inner_text()


def test_print_is_light_and_has_the_still_pictures(browser, report):
    with opened(browser, report, theme="dark") as watched:
        page = watched.page
        assert not page.locator(".stills").is_visible()
        page.emulate_media(media="print")
        assert page.locator(".stills").is_visible()
        assert not page.locator("#chart").is_visible()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_without_scripts_the_still_pictures_are_there(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator(".stills").is_visible()
    assert not page.locator("#chart").is_visible()
    context.close()


def test_a_script_in_what_the_run_says_does_not_run(browser, report):
    with opened(browser, report) as watched:
        assert "document.title='x'" in watched.page.locator("header .says").inner_text()
        assert watched.page.title().startswith("Crossing")


def test_a_text_that_were_not_escaped_would_neither_run_nor_ask_anybody(browser, report, folder):
    broken = folder / "broken.html"
    broken.write_text(report.read_text(encoding="utf-8").replace("<header>", f"<header>{EVIL}<p onclick='x'></p>", 1), encoding="utf-8")
    context = browser.new_context()
    watched = Watched(context.new_page())
    watched.open(broken)
    assert watched.page.title().startswith("Crossing")
    assert sum("Content Security Policy" in complaint for complaint in watched.complaints) >= 2
    assert [url for url in watched.asked if not url.startswith("file:")] in ([], ["http://192.0.2.1/"])
    context.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1200, 400])
def test_the_comparison_is_whole(browser, both, folder, theme, width):
    with opened(browser, both, theme=theme, width=width, folder=folder, shot=f"comparison-{theme}-{width}") as watched:
        page = watched.page
        assert page.evaluate("document.documentElement.scrollWidth") == width
        seen = watched.pixels()
        for color in ("one", "two"):
            assert share(seen, THEMES[theme][color]) > 0.0005
        page.locator("#canvas").focus()
        page.keyboard.press("End")
        assert "first" in page.locator("#reading").inner_text()
        before = page.locator("#reading").inner_text()
        page.keyboard.press("Shift+ArrowLeft")
        assert page.locator("#reading").inner_text() != before
        assert page.locator(".warnings").is_visible()
