"""
The page: what is on it, and what it is made of.
"""

import datetime as dt
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import attrs
import pytest
from overviews import CURRENT, DAY, TODAY, Bare, connection_with, overview
from report_cases import CASES, EVIL

from migratekit.models import Figures, Origin
from migratekit.overview import overview_of
from migratekit.report import _axis, _days_chart, render
from migratekit.report._markup import Markup, document, element, together
from migratekit.report._style import DARK, LIGHT, STYLE
from migratekit.stores.memory import MemoryStore


VOID = {"link", "meta"}


class Page(HTMLParser):
    """
    What is on a page: its elements, each with its attributes, and its text.  *hidden*
    are the attributes of those that no screen reader finds.

    Whatever is not closed in order is an error.
    """

    def __init__(self, text):
        super().__init__()
        self._open = []
        self._depth = 0
        self.hidden = []
        self.elements = []
        self.texts = []
        self.feed(text)
        self.close()
        assert [] == self._open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)
            self._depth += bool(self._depth) or "aria-hidden" in names

    def handle_startendtag(self, tag, attrs):
        found = dict(attrs)
        self.elements.append((tag, found))
        if self._depth or "aria-hidden" in found:
            self.hidden.append(found)

    def handle_endtag(self, tag):
        assert tag == self._open.pop()
        self._depth = max(0, self._depth - 1)

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]

    def figure(self, name):
        (found,) = [
            each for each in self.all("data") if name == each.get("data-figure")
        ]
        return int(found["value"])


@pytest.fixture(name="page", params=CASES.values(), ids=CASES)
def _page(request):
    """
    The page of every migration that there is to look at.
    """
    return Page(render(request.param()))


def page_of(*args, **options):
    return Page(render(overview(*args, **options)))


# --- Any page --------------------------------------------------------------------


def test_landmarks(page):
    """
    A screen reader finds its way: a language, a title, landmarks and headings.
    """
    assert [{"lang": "en"}] == page.all("html")
    assert "title" == [tag for tag, _ in page.elements if tag not in VOID][2]
    for landmark in ("header", "main", "h1"):
        assert 1 == len(page.all(landmark))
    assert page.all("nav")[0]["aria-label"]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert 1 == levels[0]
    assert all(later - level <= 1 for level, later in pairwise(levels))


def test_ids(page):
    """
    Every id is there once, and whatever points at one finds it.
    """
    ids = [each["id"] for _, each in page.elements if "id" in each]
    links = [each["href"] for each in page.all("a")]
    labels = [
        each[name]
        for _, each in page.elements
        for name in ("aria-labelledby", "aria-describedby")
        if name in each
    ]

    assert len(set(ids)) == len(ids)
    assert "#figures" == links[0]
    assert {link.removeprefix("#") for link in links} | set(labels) <= set(ids)


def test_pictures(page):
    """
    Every picture has a name and a description, or is none for whoever sees no picture.
    """
    seen = [each for each in page.all("svg") if each not in page.hidden]

    assert all("img" == each["role"] for each in seen)
    assert all(
        each.get("aria-label") or {"aria-labelledby", "aria-describedby"} <= set(each)
        for each in seen
    )


def test_tables(page):
    """
    Every table has a caption, and every heading in one says what it is the head of.
    """
    assert len(page.all("table")) == len(page.all("caption"))
    assert {"row", "col"} >= {each["scope"] for each in page.all("th")}
    assert all("scope" in each for each in page.all("th"))


def test_charts_have_tables(page):
    """
    The numbers of every chart stand in a table, too.
    """
    charts = [each for each in page.all("svg") if "wide" == each.get("class")]

    assert len(charts) == len(page.all("figure")) == len(page.all("details"))


def test_self_contained(page):
    """
    A page asks for nothing, runs nothing, and lets nothing be put into it.
    """
    tags = {tag for tag, _ in page.elements}
    names = {name for _, each in page.elements for name in each}
    policy = page.all("meta")[1]

    outside = {"script", "img", "iframe", "object", "embed", "form", "base", "use"}
    assert set() == tags & outside
    assert set() == {name for name in names if name.startswith("on")} | (
        names & {"src", "style", "srcset", "action"}
    )
    assert "Content-Security-Policy" == policy["http-equiv"]
    assert "default-src 'none'; style-src 'sha256-" in policy["content"]
    assert "unsafe" not in policy["content"]
    assert "://" not in re.sub(r"http://www\.w3\.org/2000/svg", "", str(page.elements))
    assert "url(" not in STYLE
    assert "@import" not in STYLE


# --- Figures ---------------------------------------------------------------------


def test_figures():
    """
    The figures are those of `progress()`.
    """
    seen = CASES["usual"]()
    page = Page(render(seen))

    assert seen.progress.moved == page.figure("moved")
    assert seen.progress.remaining == page.figure("remaining")
    assert seen.progress.total == page.figure("total")
    assert seen.progress.by_origin == {
        origin: page.figure(f"origin.{origin}") for origin in Origin
    }
    assert seen.progress.by_format == {
        name: page.figure(f"format.{name}") for name in seen.progress.by_format
    }


def test_hostile():
    """
    Names that others have chosen are text, on one line, and not too long.
    """
    text = render(CASES["hostile"]())
    page = Page(text)

    assert "<script" not in text
    assert EVIL in page.text
    assert set() == set("\u202e\u202c\x1b\ud800") & set(text)
    assert "\\u202eevil\\u202c\\x1b[2J\\ud800\\n" in page.text
    assert "W" * 63 + "…" in page.text
    assert "W" * 64 not in page.text
    text.encode()


def test_source_name():
    """
    The name of the source is escaped where it stands, however it got there.
    """
    text = render(attrs.evolve(overview({}), source_name=EVIL))

    assert 2 == text.count("Migration of &lt;script&gt;alert(1)")
    assert "<script" not in text


def test_nobody():
    """
    An empty store has a page, too.
    """
    page = Page(render(CASES["nobody"]()))

    assert "Nobody has moved yet, of 20,000 users." in page.text
    assert "Whoever logs in first" in page.text
    assert "Nothing was recorded. Give the connection a" in page.text
    assert "No user is stored yet, and no hash." in page.text
    assert 20_000 == page.figure("remaining")


def test_bare():
    """
    So has one that cannot tell anything.
    """

    page = Page(render(overview_of(connection_with(Bare()))))

    assert 3 == page.text.count("This store cannot count its users.")
    assert 2 == page.text.count("This store keeps no statistics.")
    assert "This store tells nothing about users or logins." in page.text


def test_no_days():
    """
    A store may count without knowing when.
    """

    class Timeless(MemoryStore):
        def figures(self):
            return Figures({Origin.LOGIN: 3}, 3)

    page = Page(render(overview_of(connection_with(Timeless()))))

    assert "This store cannot tell when they moved." in page.text
    assert 3 == page.figure("moved")
    assert ["–"] == [text for text in page.texts if "–" in text]


def test_recorded_elsewhere():
    """
    What was recorded may be of logins only, or of none.
    """
    logins = page_of({}, tallies=[(3, "login.succeeded", 4)])
    source = page_of({}, tallies=[(3, "source.calls", 1)])

    assert "It was not asked since 3 Dec 2029." in logins.text
    assert "No login was recorded." in source.text
    assert "It was last asked on 29 Dec 2029." in source.text


def test_rehearsal():
    """
    What a rehearsal has told has a section of its own.
    """
    page = Page(render(CASES["rehearsed"]()))

    assert "would move 70 profile not valid 4 username_is_email 4 All 74" in page.text
    assert "rehearsal" in {each.get("id") for each in page.all("section")}
    assert "rehearsal" not in {
        each.get("id") for each in Page(render(CASES["usual"]())).all("section")
    }


def sections(page):
    return [each["id"] for each in page.all("section")]


def test_cut_over():
    """
    After the cut-over the page tells who misses the old system, and waits for nothing.
    """
    page = Page(render(CASES["after"]()))

    assert "would have been asked 120 times, by about 15 different people" in page.text
    assert "1 Jan 2030 1 1 " in page.text[page.text.index("People, about") :] + " "
    assert {"after"} == {"after", "left"} & set(sections(page))
    assert "10 users have a hash that is to be upgraded" in page.text
    quiet = Page(render(CASES["quiet"]()))
    assert "In the last 30 days nobody was recorded who would have" in quiet.text
    assert {"left"} == {"after", "left"} & set(sections(Page(render(CASES["usual"]()))))


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (["ada"], "asked once, by about 1 person."),
        ([], "would have been asked once."),
    ],
)
def test_one_person(people, said):
    """
    One is one, and nobody makes up who it was.
    """
    page = page_of({}, tallies=[(0, "after_cut_over.asked", 1, *people)])

    assert said in page.text


def test_asked_by():
    """
    By what it would have been asked is said, where that were not only logins.
    """
    tallies = [
        (0, "after_cut_over.asked", 1002),
        (0, "after_cut_over.asked.sign_up", 1000),
    ]

    page = page_of({}, tallies=tallies)

    assert "asked 1,002 times: 1,000 by a sign-up, 2 by a login." in page.text


def test_gate():
    """
    What the cut-over waits for is said in words, with what to do about it.
    """
    waiting = Page(render(CASES["usual"]()))
    met = Page(render(CASES["done"]()))

    assert 3 == waiting.text.count("In the way")
    assert "7,655 users have not moved. Wait for them" in waiting.text
    assert "Nothing is in the way of the cut-over." in met.text
    assert 3 == met.text.count("Done")


@pytest.mark.parametrize(
    ("formats", "said"),
    [
        ({CURRENT: 3}, "All stored hashes are current."),
        ({"raw_md5": 1}, "1 user has a hash that is to be upgraded"),
        ({"none": 1}, "1 user has none yet"),
        ({"none": 2, "raw_md5": 2}, "2 users have none yet"),
    ],
)
def test_formats(formats, said):
    """
    Formats are told in a sentence, too.
    """
    assert said in page_of({0: 3}, by_format=formats).text


def test_logins_of_today():
    """
    A day without a login is no division by zero.
    """
    page = page_of({}, tallies=[(1, "login.refused.wrong_password", 4)])

    assert "Logins today 0" in page.text
    assert "wrong password 0 4" in page.text


def test_one_day_forecast():
    """
    Where both paces agree there is one day.
    """
    page = page_of(dict.fromkeys(range(1, 15), 10), known=200)

    assert "All moved by, at this pace 7 Jan 2030 Logins" not in page.text
    assert "All moved by, at this pace 7 Jan 2030" in page.text
    assert "if it slows down" not in page.text


def test_slow_pace():
    """
    A pace that ends nowhere has no day.
    """
    page = page_of(dict.fromkeys(range(1, 15), 1), known=99_999)

    assert "7 days 7 1 – 14 days 14 1 –" in page.text


# --- Charts ----------------------------------------------------------------------


def points(text):
    """
    Return the points of the line in the wide picture.
    """
    path = re.search(r'class="line" d="(M[^"]{30,})"', text)[1]
    return [tuple(map(float, point.split())) for point in re.split("[ML]", path)[1:]]


def test_line():
    """
    The line begins at 0, never goes down or back, and has no more points than seen.
    """
    line = points(render(CASES["years"]()))

    assert 200 < len(line) <= 880
    assert all(x < later for (x, _), (later, _) in pairwise(line))
    assert all(y >= later for (_, y), (_, later) in pairwise(line))


def test_line_pauses():
    """
    Where nobody has moved for a while, the line is level until they do.
    """
    line = points(render(overview({10: 4, 2: 4}, known=8)))

    day = (line[-1][0] - line[0][0]) / 11
    assert pytest.approx([0, 1, 8, 9, 10, 11], abs=0.01) == [
        (x - line[0][0]) / day for x, _ in line
    ]
    none, half, still, full, *rest = [y for _, y in line]
    assert none > half == still > full
    assert [full, full] == rest


def test_future():
    """
    The future takes no more room than the past.
    """
    text = render(CASES["usual"]())
    (first, _), *_, (today, _) = points(text)

    ahead = re.findall(r'<line x1="([\d.]+)" [^>]*x2="([\d.]+)"[^>]*"ahead"', text)

    assert 4 == len(ahead)
    start, end = map(float, ahead[0])
    assert pytest.approx(today, abs=0.1) == start
    assert pytest.approx(today - first, abs=0.2) == end - start


def test_finish_in_sight():
    """
    A finish that is near is where the line ends: at all that there are.
    """
    text = render(overview(dict.fromkeys(range(1, 61), 10), known=700))
    goal = re.search(r'y1="([\d.]+)" [^>]+class="goal"', text)[1]
    (end,) = re.findall(r'y2="([\d.]+)" class="ahead"', text)[:1]

    assert goal == end


@pytest.mark.parametrize(("known", "down"), [(100, -10), (62, 20)])
def test_today(known, down):
    """
    The number of today stands above the line, but for where it met the goal.
    """
    text = render(overview(dict.fromkeys(range(60), 1), known=known))
    y = float(re.search(r'<circle[^>]+cy="([\d.]+)"', text)[1])

    at = float(re.search(r'y="([\d.]+)"[^>]*>60 today', text)[1])

    assert pytest.approx(y + down, abs=0.02) == at


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (60, [0, 20, 40, 60]),
        (22_413, [0, 5000, 10_000, 15_000, 20_000, 25_000]),
        (95, [0, 20, 40, 60, 80, 100]),
    ],
)
def test_steps(most, steps):
    """
    An axis has round numbers, and ends above the greatest.
    """
    assert steps == _axis.steps(most, 5)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (900, "900"),
        (1000, "1k"),
        (1500, "1.5k"),
        (1250, "1,250"),
        (12_500, "12.5k"),
        (2_000_000, "2M"),
        (3_000_000_000, "3G"),
    ],
)
def test_short(number, shown):
    """
    Large numbers are short at an axis.
    """
    assert shown == _axis.short(number)


@pytest.mark.parametrize("room", [250.0, 800.0])
@pytest.mark.parametrize(
    "days", [0, 1, 2, 9, 30, 45, 100, 250, 400, 1095, 4000, 20_000]
)
def test_dates(room, days):
    """
    Below an axis of any length, there are some days, and no two touch.
    """
    first = dt.date(1980, 1, 27)
    named = [*_axis.dates(first, first + days * DAY, room)]

    places = [(day - first).days / max(1, days) * room for day, _ in named]
    assert named
    assert all(0 <= place <= room for place in places)
    for (_, name), place, later in zip(named, places, places[1:], strict=False):
        assert later - place > len(name) * _axis.SIGN


def test_year_is_too_short():
    """
    Where not even a name of a year fits twice, the first day is named.
    """
    first = dt.date(2030, 2, 1)

    assert [(first, "1 Feb 2030")] == [*_axis.dates(first, first + 40 * DAY, 10.0)]


@pytest.mark.parametrize(("days", "unit", "number"), [(62, "day", 62), (63, "week", 9)])
def test_weeks(days, unit, number):
    """
    Where there are too many days, a bar is a week, and the last day ends one.
    """
    first = TODAY - (days - 1) * DAY
    bars = _days_chart.Bars.of({TODAY: (2, 1), first: (1, 0)}, first, TODAY)

    assert (unit, number) == (bars.unit, len(bars.rows))
    assert ((1, 0), (2, 1), 3) == (bars.rows[0], bars.rows[-1], bars.most)
    assert TODAY - (bars.days - 1) * DAY == bars.begins()[-1]


def test_part_of_a_week():
    """
    What is left of a week at the beginning is no bar: it would look like a bad week.
    """
    first = TODAY - 69 * DAY
    bars = _days_chart.Bars.of({first: (9, 9)}, first - 6 * DAY, TODAY)

    assert 10 == len(bars.rows)
    assert first == bars.first
    before = _days_chart.Bars.of({first - DAY: (9, 9)}, first - 6 * DAY, TODAY)
    assert 0 == before.most


def test_bars():
    """
    A bar is as high as its number, and what is refused stands on what is let in.
    """
    tallies = [(0, "login.succeeded", 30), (0, "login.refused.other", 10)]
    text = render(overview({}, tallies=tallies))
    (plain,) = re.findall(r'<rect class="fill" x="[\d.]+" y="([\d.]+)"', text)[:1]
    refused = re.search(
        r'fill="url\(#logins-wide-hatch\)" x="[\d.]+" y="([\d.]+)" '
        r'width="[\d.]+" height="([\d.]+)"',
        text,
    )

    assert pytest.approx(float(plain)) == float(refused[1]) + float(refused[2])


# --- Colours ---------------------------------------------------------------------


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(colours):
    """
    Text differs from its ground by 4.5 to 1 (WCAG 1.4.3), lines and areas by 3 to 1.
    """
    for ground in ("ground", "card", "wash"):
        for text in ("ink", "soft", "main"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for text in ("good", "bad", "warn"):
        assert contrast(colours[text], colours["card"]) >= 4.5, text
    assert set(LIGHT) == set(DARK)


# --- Markup ----------------------------------------------------------------------


def test_escaped():
    """
    Text is escaped wherever it stands, unless it was made here.
    """
    escaped = "&lt;b&gt;&amp;&quot;&#x27;"

    assert f"<p>{escaped}</p>" == element("p", "<b>&\"'")
    assert f'<p title="{escaped}"></p>' == element("p", title="<b>&\"'")
    assert "<p>\\n\\x00\\u202e</p>" == element("p", "\n\0\u202e")
    assert "<p><i>&lt;</i>7</p>" == element("p", element("i", "<"), 7, None)
    assert "&lt;<i></i>" == together("<", Markup("<i></i>"))


def test_attributes():
    """
    Names and numbers of attributes are as HTML has them.
    """
    assert '<p class="x" aria-label="y" width="1.33"></p>' == element(
        "p", class_="x", aria_label="y", width=4 / 3, id=None
    )
    assert '<meta name="x">' == element("meta", name="x")
    assert '<path d="M0 0"/>' == element("path", d="M0 0")
    assert document(element("p")).startswith("<!doctype html>\n<p>")


# --- Cost ------------------------------------------------------------------------


def test_size():
    """
    The page of three years is small.
    """
    assert len(render(CASES["years"]())) < 150_000


def test_light():
    """
    A page needs the standard library, and what the library needs anyway.
    """
    code = (
        "import sys, migratekit; before = set(sys.modules); import migratekit.report;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    others = {
        name for name in done.stdout.split() if name not in sys.stdlib_module_names
    }
    assert {"migratekit"} == others
