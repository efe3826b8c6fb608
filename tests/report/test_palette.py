"""Every color of a page can be read on what lies below it, in the light and in the dark (WCAG 2.2, level AA)."""

from __future__ import annotations

import re

import pytest

from framework.report.pages import FOLDER, render
from framework.report.palette import CURVES, DARK, LIGHT, css_variables, follow_theme

THEMES = {"light": LIGHT, "dark": DARK}
TEXT = [("ink", "page"), ("ink", "card"), ("ink", "warn"), ("muted", "page"), ("muted", "card"), ("accent", "page"), ("accent", "card")]
TEXT += [("gain-text", "card"), ("loss-text", "card"), ("card", "accent"), ("card", "ink")]
DRAWN = [(name, "card") for name in ("gain", "loss", "held", "edge", *CURVES)]


def channels(color: str) -> tuple[float, ...]:
    return tuple(int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))


def luminance(color: tuple[float, ...]) -> float:
    """Relative luminance as WCAG defines it."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): ([^;]+);", css))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_has_a_contrast_of_at_least_four_and_a_half(theme, front, back):
    colors = variables(css_variables(THEMES[theme]))
    assert contrast(channels(colors[front]), channels(colors[back])) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("front", "back"), DRAWN)
def test_what_is_drawn_has_a_contrast_of_at_least_three(theme, front, back):
    colors = variables(css_variables(THEMES[theme]))
    assert contrast(channels(colors[front]), channels(colors[back])) >= 3.0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", ["gain", "loss"])
def test_a_month_can_be_read_on_the_strongest_shade(theme, tone):
    colors = variables(css_variables(THEMES[theme]))
    shades = re.search(rf"\.heat \.{tone} {{ background: rgb\(var\(--{tone}-rgb\) / calc\(([\d.]+) \+ ([\d.]+) ", css())
    most = sum(map(float, shades.groups()))
    below = channels(colors["card"])
    shade = tuple(most * int(part) / 255 + (1 - most) * under for part, under in zip(colors[f"{tone}-rgb"].split(), below, strict=True))
    assert contrast(channels(colors["ink"]), shade) >= 4.5


def css() -> str:
    return (FOLDER / "page.css").read_text(encoding="utf-8")


def test_the_ratio_is_the_one_of_the_standard():
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21.0)
    assert contrast(channels("#767676"), channels("#ffffff")) == pytest.approx(4.54, abs=0.01)


def test_both_themes_name_the_same_colors_and_the_page_uses_no_other():
    assert set(LIGHT) == set(DARK)
    scripts = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("chart.js", "comparison.js"))
    used = set(re.findall(r"var\(--([\w-]+)\)", css())) | set(re.findall(r'color\("([\w-]+)"\)', scripts))
    assert used - {"heat"} <= set(variables(css_variables(LIGHT)))


def test_a_drawing_takes_the_colors_of_the_page_and_keeps_what_is_not_a_color_of_ours():
    drawn = '<path style="fill: #0072b2; stroke: #ffffff"/><path style="fill: #123456"/><use href="#m0072b2ff"/>'
    themed = '<path style="fill: var(--gain); stroke: var(--card)"/><path style="fill: #123456"/><use href="#m0072b2ff"/>'
    assert follow_theme(drawn) == themed


def test_print_is_light_whatever_is_shown():
    page = render("divergence.html.j2", **dict.fromkeys(("one", "other", "total", "sentence", "both", "mine", "theirs"), ""), **EMPTY)
    printed = re.search(r"@media print \{ :root, :root\[data-theme\] \{ color-scheme: light; ([^}]+)\}", page)
    assert printed is not None
    assert printed[1].strip() == css_variables(LIGHT)


EMPTY = {"components": (), "slippage": (), "first": ("", ""), "unfilled": ((), ())}
