"""The report page: one file, offline, and nothing of its data is ever markup or code."""

import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.report.charts import bars
from twinkeel.report.html import embedded, page
from twinkeel.report.sections import Section, Table

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}<!--"


class Read(HTMLParser):
    """What a browser would make of a page: its elements, its text and its scripts."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.scripts, self.text, self._inside = [], [], "", None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = dict(attrs) if tag == "script" else None
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside is None:
            self.text += data
        else:
            attrs, before = self.scripts[-1]
            self.scripts[-1] = (attrs, before + data)

    def tags(self):
        return {tag for tag, _ in self.elements}

    def policy(self):
        metas = [attrs for tag, attrs in self.elements if tag == "meta"]
        return next(m["content"] for m in metas if m.get("http-equiv"))


def report(name="churn", charts=True):
    table = Table(
        columns=("gate", "outcome", name),
        rows=(("roc_auc >= 0.80", "pass", 0.84612345), (name, "inconclusive", None)),
    )
    drawn = (bars({name: 0.5, "tenure": 0.25}, axis=name),) if charts else ()
    return page(
        f"{name}@7",
        [
            Section(title="Verdict", text=f"About {name}.", table=table),
            Section(title=name, charts=drawn),
        ],
    )


def test_hostile_names_become_text_and_nothing_else():
    plain, hostile = Read(report()), Read(report(EVIL))

    assert hostile.tags() == plain.tags()
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert f"{EVIL}@7" in hostile.text
    assert "49" not in hostile.text


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_name_at_all_leaves_the_page_its_shape(name):
    made = report(name, charts=False)

    made.encode()
    assert [t for t, _ in Read(made).elements] == [
        t for t, _ in Read(report("x", charts=False)).elements
    ]


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists, max_leaves=5))
def test_embedded_data_has_no_markup_and_comes_back_as_it_was(value):
    text = embedded({"a": value})

    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == {"a": value}


def test_embedded_data_refuses_what_json_does_not_have():
    with pytest.raises(ValueError, match="JSON"):
        embedded({"a": float("nan")})


def test_chart_data_survives_hostile_names():
    scripts = {attrs.get("id"): text for attrs, text in Read(report(EVIL)).scripts}

    rows = json.loads(scripts["chart-2-1"])["data"]["values"]
    assert rows[0] == {"name": EVIL, "value": 0.5}


def test_the_policy_allows_the_scripts_of_the_page_by_hash_and_nothing_from_outside():
    read = Read(report())
    code = [text for attrs, text in read.scripts if "type" not in attrs]

    allowed = re.findall(r"'sha256-([^']+)'", read.policy())
    assert allowed == [b64encode(sha256(text.encode()).digest()).decode() for text in code]
    assert read.policy().startswith("default-src 'none'; script-src 'sha256-")
    script_sources = read.policy().split("script-src ")[1].split(";")[0]
    assert "unsafe" not in script_sources


def test_nothing_is_loaded_from_anywhere():
    read = Read(report())

    assert "link" not in read.tags()
    assert not any("src" in attrs for _, attrs in read.elements)
    links = [attrs["href"] for tag, attrs in read.elements if tag == "a"]
    assert links == ["#section-1", "#section-2"]
    assert not any(name.startswith("on") for _, attrs in read.elements for name in attrs)


def test_charts_say_in_words_what_they_show():
    read = Read(report())

    places = [attrs for _, attrs in read.elements if "data-chart" in attrs]
    assert [place["aria-label"] for place in places] == ["churn: 2 bars; the largest is churn."]
    assert {"chart-themes", places[0]["data-chart"]} <= {a.get("id") for a, _ in read.scripts}


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome")
def test_a_browser_draws_the_charts_under_the_pages_own_policy(tmp_path):
    (tmp_path / "report.html").write_text(report(EVIL), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000"]
    folder = f"--user-data-dir={tmp_path / 'browser'}"

    done = subprocess.run(
        [BROWSER, *options, folder, "--enable-logging=stderr", "--dump-dom",
         (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    drawn = Read(done.stdout)
    assert "svg" in drawn.tags()
    assert "img" not in drawn.tags()
    assert "could not be drawn" not in done.stdout.split('<script type="application/json"')[0]
    assert "CONSOLE" not in done.stderr


def test_a_page_without_charts_carries_no_library():
    made = report(charts=False)

    assert len(made) < 10_000
    assert "script-src 'none'" in Read(made).policy()


def test_cells_read_well():
    cells = (("a", 1409, 0.84612345, 12345.6, None, True, "pass"),)
    table = Table(columns=tuple("abcdefg"), rows=cells)

    made = page("x", [Section(title="t", table=table)])

    shown = re.findall(r'<td class="(\w+)">([^<]*)</td>', made)
    assert shown == [
        ("text", "a"),
        ("number", "1,409"),
        ("number", "0.8461"),
        ("number", "12,346"),
        ("text", "–"),
        ("text", "yes"),
        ("pass", "pass"),
    ]


def test_a_long_table_beside_a_chart_is_folded_and_any_other_is_not():
    table = Table(columns=("name",), rows=tuple((f"row {k}",) for k in range(60)))
    chart = bars({"tenure": 1.0}, axis="importance")

    beside = Read(page("churn@1", [Section(title="Slices", table=table, charts=(chart,))]))
    alone = Read(page("columns", [Section(title="Columns", table=table)], lead="What they hold."))

    assert ("details" in beside.tags(), "details" in alone.tags()) == (True, False)
    assert "All 60 rows" in beside.text
    assert "row 59" in beside.text
    assert "What they hold." in alone.text


def test_every_vendored_file_has_its_licence_beside_it():
    static = resources.files("twinkeel.report") / "static"
    names = {entry.name for entry in static.iterdir()}

    vendored = {name.removesuffix(".min.js") for name in names if name.endswith(".min.js")}
    assert vendored == {"vega", "vega-lite", "vega-embed"}
    assert {f"LICENSE-{name}" for name in vendored} | {"LICENSE-vega-dependencies"} <= names
