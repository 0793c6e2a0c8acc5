"""
The page in a browser, as people see, hear and type it.
"""

import os

import pytest
from overviews import connection_with
from report_cases import CASES
from report_chromium import Chromium
from test_report_page import contrast

from migratekit.errors import InvalidCredentialsError
from migratekit.overview import overview_of
from migratekit.recorder import StatisticsRecorder
from migratekit.report import render
from migratekit.stores.memory import MemoryStore
from migratekit.testing import VirtualClock


# A phone and a screen.
WIDTHS = (360, 1280)
# What is seen of the text: its words, its colour, and the colour of what it stands on.
TEXTS = """
(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, own = node.parentElement;
        const range = document.createRange();
        range.selectNodeContents(node);
        if (!node.data.trim() || !range.getBoundingClientRect().width) continue;
        let ground = own, colour = "rgba(0, 0, 0, 0)";
        while (ground && colour == "rgba(0, 0, 0, 0)") {
            colour = getComputedStyle(ground).backgroundColor;
            ground = ground.parentElement;
        }
        const style = getComputedStyle(own);
        const isDrawn = own instanceof SVGElement;
        found.push([node.data, isDrawn ? style.fill : style.color, colour,
                    parseFloat(style.fontSize)]);
    }
    return found;
})()
"""
# Where the words in the charts are, chart by chart.
LABELS = """
[...document.querySelectorAll("svg[role=img]")]
    .filter(svg => svg.getBoundingClientRect().width)
    .map(svg => {
        const around = svg.getBoundingClientRect();
        return [...svg.querySelectorAll("text")].map(text => {
            const box = text.getBoundingClientRect();
            return [text.textContent, box.left - around.left, box.top - around.top,
                    around.right - box.right, around.bottom - box.bottom,
                    box.left, box.top, box.right, box.bottom];
        });
    })
"""
FIGURES = """
Object.fromEntries([...document.querySelectorAll("data[data-figure]")].map(
    each => [each.dataset.figure, [each.value, each.textContent]]))
"""


@pytest.fixture(name="browser", scope="module")
def _browser(tmp_path_factory):
    command = os.environ.get("MIGRATEKIT_TEST_CHROMIUM")
    if not command:
        pytest.skip("MIGRATEKIT_TEST_CHROMIUM names no Chromium.")
    browser = Chromium(command, tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture(name="shown")
def _shown(browser, tmp_path):
    """
    Gives a function that shows the page of an overview.
    """

    def show(seen, *, width=1280, dark=False):
        path = tmp_path / "page.html"
        path.write_text(render(seen), encoding="utf-8")
        browser.open(path, width=width, dark=dark)
        assert [path.as_uri()] == browser.requests
        assert [] == browser.complaints
        return browser

    return show


def colour(text):
    red, green, blue = text.removeprefix("rgb(").removesuffix(")").split(", ")
    return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_look(shown, case, width, dark):
    """
    Nothing is asked for and nothing complains; all of it fits, and can be read.
    """
    browser = shown(case(), width=width, dark=dark)
    browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")

    assert width >= browser.evaluate("document.documentElement.scrollWidth")
    texts = browser.evaluate(TEXTS)
    assert len(texts) > 30
    for text, ink, ground, size in texts:
        assert contrast(colour(ink), colour(ground)) >= 4.5, text
        assert size >= 12, text
    dark_ground = contrast(colour(texts[0][2]), "#000000") < 4
    assert dark_ground is dark


def touch(one, other):
    left, top, right, bottom = one[5:]
    left2, top2, right2, bottom2 = other[5:]
    return left < right2 and left2 < right and top < bottom2 - 4 and top2 < bottom - 4


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_labels(shown, case, width):
    """
    The words in a chart are in it as a whole, and none lies upon another.
    """
    charts = shown(case(), width=width).evaluate(LABELS)

    for labels in charts:
        for at, label in enumerate(labels):
            assert min(label[1:5]) > -1, label
            assert [] == [other for other in labels[:at] if touch(label, other)]


def test_progress(shown, scene):
    """
    The figures on the page are those of `progress()`.
    """
    for number in range(3):
        scene.site.add(str(number), f"u{number}@example.com", "pw")
    store, clock = MemoryStore(), VirtualClock()
    recorder = StatisticsRecorder(store, clock=clock)
    connection = connection_with(store, scene.site, listeners=[recorder])
    for number in range(2):
        connection.authenticate(f"u{number}@example.com", "pw")
    with pytest.raises(InvalidCredentialsError):
        connection.authenticate("u0@example.com", "no")
    connection.create_user("admin@example.com")
    recorder.flush()

    browser = shown(overview_of(connection, clock=clock))

    progress = connection.progress()
    told = {name: int(value) for name, (value, _) in browser.evaluate(FIGURES).items()}
    assert {
        "moved": progress.moved,
        "total": progress.total,
        **{f"origin.{origin}": n for origin, n in progress.by_origin.items()},
        **{f"format.{name}": n for name, n in progress.by_format.items()},
    } == {name: number for name, number in told.items() if name != "remaining"}
    assert (2, 3) == (progress.moved, progress.total)


def test_shown_figures(shown):
    """
    What people read is what programs do.
    """
    seen = CASES["usual"]()

    told = shown(seen).evaluate(FIGURES)

    assert [f"{seen.progress.moved}", f"{seen.progress.moved:,}"] == told["moved"]
    assert ["7655", "7,655"] == told["remaining"]
    assert all(text == f"{int(value):,}" for value, text in told.values())


def test_keyboard(shown):
    """
    Without a mouse: a link skips to the figures, and all that opens can be opened.
    """
    browser = shown(CASES["usual"]())
    focused = "document.activeElement.textContent"

    browser.press("Tab")
    assert "Skip to the figures" == browser.evaluate(focused)
    assert browser.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    browser.press("Enter")
    assert "figures" == browser.evaluate("document.activeElement.id")
    browser.press("Tab")
    assert "The same as a table, by day" == browser.evaluate(focused)
    assert "solid" == browser.evaluate(
        "getComputedStyle(document.activeElement).outlineStyle"
    )
    browser.press("Enter")
    assert browser.evaluate("document.activeElement.parentElement.open")
    browser.press("Tab")
    browser.press("Enter")
    assert 2 == browser.evaluate("document.querySelectorAll('details[open]').length")


def test_order(shown):
    """
    Links come first, in the order of what they lead to.
    """
    browser = shown(CASES["usual"]())
    passed = []
    for _ in range(10):
        browser.press("Tab")
        passed.append(browser.evaluate("document.activeElement.getAttribute('href')"))

    titles = browser.evaluate(
        "[...document.querySelectorAll('section')].map(e => e.id)"
    )
    assert ["#figures", *(f"#{name}" for name in titles), None] == passed[
        : len(titles) + 2
    ]


def test_screen_reader(shown):
    """
    A screen reader finds landmarks, headings, named tables and told pictures.
    """
    browser = shown(CASES["usual"]())

    heard = browser.heard()

    assert {"banner", "navigation", "main", "region"} <= {role for role, _ in heard}
    headings = [name for role, name in heard if role == "heading"]
    assert ["Migration of shop", "At a glance", "Who has moved"] == headings[:3]
    pictures = [name for role, name in heard if role in {"image", "img"}]
    assert "Users who have moved" in pictures
    assert "Logins by day" in pictures
    assert len(pictures) == 3
    tables = [name for role, name in heard if role == "table"]
    assert all(tables)
    assert len(tables) == browser.evaluate(
        "[...document.querySelectorAll('table')]"
        ".filter(e => !e.closest('details')).length"
    )
    # A bar is not read, the number beside it is.
    assert ("rowheader", "moved by a login") in heard


def test_nothing_runs(shown):
    """
    Whoever manages to put something onto the page gets nothing of it.
    """
    browser = shown(CASES["usual"]())

    browser.evaluate("""
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "https://example.com/x.png";
        document.body.append(image);
        document.body.setAttribute("onclick", "window.ran = true");
        document.body.click();
        document.body.insertAdjacentHTML(
            "beforeend", "<p id='styled' style='color: rgb(1, 2, 3)'>x</p>");
    """)

    assert not browser.evaluate("'ran' in window")
    assert "rgb(1, 2, 3)" != browser.evaluate(
        "getComputedStyle(document.getElementById('styled')).color"
    )
    assert any("Content Security Policy" in text for text in browser.complaints)
