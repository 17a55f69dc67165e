"""report.html in a real browser: no error, no request, plots that react, a scene that is there; wide and narrow."""

import io

import numpy as np
import pytest
from browser import chromium
from PIL import Image
from test_report import folder  # noqa: F401

from mnrd.report import of_run
from mnrd.results.run import open_run

SCENE = "document.querySelector('.tall .canvas')"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(folder):  # noqa: F811
    return of_run.write_report(folder)


def draw_all(browser):
    """Draw all that would be drawn when people scroll."""
    browser.evaluate("document.querySelectorAll('figure.plot').forEach(mnrd.draw)")
    browser.wait("return [...document.querySelectorAll('figure.plot .canvas')].every((one) => one._fullLayout)")


@pytest.fixture(scope="module")
def shown(browser, page):
    """The page on a wide screen, with all its plots."""
    browser.open(page)
    draw_all(browser)
    return browser


@pytest.mark.parametrize("width", [1280, 390])
def test_no_error_no_request_no_overflow(browser, page, width):
    browser.open(page, width=width)
    draw_all(browser)
    assert browser.console() == []
    assert browser.requests() == []
    assert browser.overflow() == 0
    sizes = browser.evaluate("return [...document.querySelectorAll('.canvas')].map((one) => one.clientWidth)")
    assert len(sizes) > 10
    assert max(sizes) <= width
    assert min(sizes) > 300


def test_plots_are_drawn_by_themselves(browser, page):
    browser.open(page)
    browser.wait("return [...document.querySelectorAll('figure.plot')].every((one) => one.dataset.drawn)")


def test_without_scripts_pictures_are_there(browser, page):
    browser.open(page, scripts=False, height=4000)
    picture = np.asarray(Image.open(io.BytesIO(browser.screenshot())).convert("RGB"))
    assert (picture == (0x00, 0x72, 0xB2)).all(axis=2).sum() > 200  # lines in the first colour
    assert browser.console() == []
    browser.open(page)  # with scripts again


def test_a_plot_tells_values_under_the_mouse(shown):
    shown.hover("figure.plot .nsewdrag", across=np.log(2.0 / 0.5) / np.log(4.0 / 0.5))  # 2 h, from 30 min to 4 h
    said = shown.wait("return document.querySelector('.hoverlayer')?.textContent")
    assert "entered the skin" in said
    assert " at 2 h" in said


def test_a_click_on_the_legend_hides_a_line(shown):
    shown.click("figure.plot .legendtoggle")
    hidden = "return document.querySelector('figure.plot .canvas').data.map((one) => one.visible)"
    shown.wait(hidden.replace("return ", "return (") + ").includes('legendonly')")


def test_both_time_axes(shown):
    axis = "return document.querySelector('figure.plot .canvas')._fullLayout.xaxis"
    assert shown.evaluate(f"{axis}.type") == "log"
    assert shown.evaluate(f"{axis}.ticktext") == ["1 h"]
    shown.click("input[value=linear]")
    shown.wait(f"{axis}.type === 'linear'")
    assert shown.evaluate(f"{axis}.ticktext")[:2] == ["0", "1 h"]
    others = "return [...document.querySelectorAll('figure.plot .canvas')].map((one) => one._fullLayout.xaxis?.type)"
    assert "log" not in shown.evaluate(others)


def test_the_scene_is_drawn_and_changes(shown):
    shown.wait(f"return {SCENE}.querySelector('canvas') !== null")
    shown.evaluate("document.querySelector('.tall').scrollIntoView({behavior: 'instant'})")

    def colours():
        box = shown.evaluate(f"const b = {SCENE}.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]")
        picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB").crop([round(side) for side in box])
        return np.asarray(picture)[100:]  # below the colour bar

    shown.wait(f"return {SCENE}._fullLayout.scene._scene?.glplot?.objects?.length > 2")
    before = colours()
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 100
    assert (before != 255).any(axis=2).mean() > 0.1
    value = shown.evaluate(f"return {SCENE}.data[0].hovertemplate")
    shown.evaluate(
        "const one = document.querySelector('.tall select'); one.value = [...one.options].findIndex("
        "(option) => option.text === 'collagen gain'); one.dispatchEvent(new Event('input'))"
    )
    shown.wait(f"return {SCENE}.data[0].hovertemplate !== arguments[0]", value)
    shown.wait(f"return {SCENE}._fullLayout.coloraxis.cmin < 0")
    assert (colours() != before).any()
    assert shown.console() == []


def test_the_scene_has_the_values_of_the_chosen_time(shown, folder):  # noqa: F811
    run = open_run(folder)
    shown.evaluate("document.querySelector('.tall select').value = 0")
    for number, time in enumerate(run.times):
        shown.evaluate(
            "const one = document.querySelector('.tall input[type=range]'); one.value = arguments[0]; "
            "one.dispatchEvent(new Event('input'))", number,
        )  # fmt: skip
        said = shown.evaluate("return document.querySelector('.tall output').textContent")
        assert said == ["30 min", "1 h", "4 h"][number]
        highest = shown.evaluate(f"return Math.max(...{SCENE}._fullData[0].intensity)")
        values = run.snapshot(time).values("ascorbic acid")
        assert 0.5 * values.max() < highest <= values.max() * 1.0001


def test_nothing_can_be_sent_away(shown):
    shown.evaluate(
        "const one = document.querySelector('figure.plot .canvas');"
        "Plotly.newPlot(one, one.data, one.layout, {...mnrd.CONFIG, displayModeBar: true});"
    )
    buttons = shown.wait("return [...document.querySelectorAll('.modebar-btn')].map((one) => one.dataset.title)")
    assert "Download plot as a PNG" in buttons
    assert not [title for title in buttons if "loud" in title or "hare" in title]


def test_plots_fit_on_paper(shown):
    widths = "return [...document.querySelectorAll('figure.plot .canvas')].map((one) => one._fullLayout.width)"
    before = shown.evaluate(widths)
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    room = shown.evaluate("return [...document.querySelectorAll('figure.plot .canvas')].map((one) => one.clientWidth)")
    assert shown.evaluate(widths) == room
    assert max(room) <= 700
    assert room[0] < 350  # two beside one another
    assert shown.evaluate("return [...document.querySelectorAll('details')].every((one) => one.open)")
    shown.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert shown.evaluate(widths) == before


def test_a_table_is_sorted_by_a_click(shown):
    shown.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    column = (
        "return [...document.querySelector('table.sortable').tBodies[0].rows].map((row) => +row.cells[2].dataset.value)"
    )
    button = "table.sortable th:nth-child(3) button"
    shown.click(button)
    rising = shown.evaluate(column)
    assert rising == sorted(rising)
    assert len(set(rising)) > 3
    shown.click(button)
    assert shown.evaluate(column) == rising[::-1]
    assert shown.evaluate("return document.querySelector('th[aria-sort]').ariaSort") == "descending"
