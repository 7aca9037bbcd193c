"""Charts: what they show, in data and in words; drawn for real where there is node."""

import json
import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest

from twinkeel.metrics import curves
from twinkeel.records import Score
from twinkeel.report import charts, theme

EVIL = "</script><img src=x onerror=alert(1)> a.b['c'] \\ \u2028"
STATIC = resources.files("twinkeel.report") / "static"


def scores():
    made = [("roc_auc", None, 0.84), ("log_loss", None, 1.4), ("f1", None, 0.6)]
    made += [("roc_auc", "gender=F", 0.85), ("roc_auc", f"gender={EVIL}", 0.8)]
    known = [
        Score(
            name=name, slice=part, value=value, low=value - 0.03, high=value + 0.03, n=700,
            direction="higher",
        )
        for name, part, value in made
    ]  # fmt: skip
    unknown = Score(
        name="roc_auc", slice="gender=X", value=None, low=None, high=None, n=3, direction="higher"
    )
    return [*known, unknown]


def every():
    random = np.random.default_rng(0)
    up = random.random(400)
    truth = (random.random(400) < up).astype(int)
    return {
        "roc": charts.roc({EVIL: curves.roc(up, truth)}),
        "precision_recall": charts.precision_recall(
            {
                EVIL: curves.precision_recall(up, truth),
                "No": curves.precision_recall(-up, 1 - truth),
            }
        ),
        "calibration": charts.calibration(curves.calibration(up, truth * 1.0), of=EVIL),
        "bars": charts.bars({EVIL: 0.3, "tenure": -0.5, "odd": np.nan}, axis="importance"),
        "slices": charts.slices(scores(), "roc_auc"),
        "histogram": charts.histogram({"Yes": up[truth == 1], EVIL: up[truth == 0]}, axis=EVIL),
        "binned": charts.binned([(0, 1.5, 3), (1.5, 3, 4)], axis=EVIL),
        "moments": charts.binned([("2024-01-01", "2024-02-01", 3)], axis=EVIL, moments=True),
        "empty": charts.histogram({}, axis="nothing"),
        "none": charts.bars({}, axis="importance"),
    }


@pytest.mark.parametrize("name", every())
def test_every_chart_is_plain_json_with_words_and_fits_its_place(name):
    chart = every()[name]

    json.dumps(chart.spec, allow_nan=False)
    assert chart.spec["width"] == "container"
    assert len(chart.alt) > 15
    assert chart.alt.endswith(".")


def test_names_are_only_values_of_the_data_or_titles():
    def outside_of_data(node, key=""):
        if isinstance(node, dict):
            for name, value in node.items():
                if name not in ("values", "title"):
                    yield from outside_of_data(value, name)
        elif isinstance(node, list):
            for value in node:
                yield from outside_of_data(value, key)
        else:
            yield str(node)

    for name, chart in every().items():
        assert not any("onerror" in text for text in outside_of_data(chart.spec)), name


def test_bars_are_ranked_by_size_and_cut_to_the_largest():
    chart = charts.bars({f"x{i}": float(i) for i in range(40)} | {"low": -99.0}, axis="size")

    rows = chart.spec["data"]["values"]
    assert [row["name"] for row in rows[:3]] == ["low", "x39", "x38"]
    assert chart.alt == "size: 25 of 41 bars; the largest is low."


def test_slices_leave_out_what_could_not_be_judged():
    chart = charts.slices(scores(), "roc_auc")

    assert [row["name"] for row in chart.spec["data"]["values"]] == ["gender=F", f"gender={EVIL}"]
    assert chart.alt == (
        "roc_auc in 2 slices with 95% intervals; the dashed line is the overall 0.84."
    )


def test_shares_of_a_histogram_add_up_to_one_in_each_group():
    rows = every()["histogram"].spec["data"]["values"]

    for name in ("Yes", EVIL):
        assert sum(row["share"] for row in rows if row["series"] == name) == pytest.approx(1)


def test_both_themes_set_the_same_things_and_can_be_read():
    light, dark = theme.config(dark=False), theme.config(dark=True)

    assert light.keys() == dark.keys()
    assert _contrast(light["axis"]["labelColor"], "#ffffff") > 7
    assert _contrast(dark["axis"]["labelColor"], "#12191f") > 7
    assert all(_contrast(colour, "#ffffff") > 3 for colour in theme.SERIES)
    assert all(_contrast(colour, "#12191f") > 3 for colour in theme.SERIES_DARK)


def _contrast(one, other):
    """The contrast ratio of WCAG 2."""
    lights = sorted(_luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the chart library")
def test_the_vendored_library_draws_every_chart_without_a_warning(tmp_path):
    specs = {name: chart.spec | {"width": 400} for name, chart in every().items()}
    (tmp_path / "specs.json").write_text(json.dumps(specs))
    (tmp_path / "config.json").write_text(json.dumps(theme.config(dark=True)))

    done = subprocess.run(
        ["node", "-e", _DRAW, str(STATIC), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    drawn = json.loads(done.stdout)
    assert drawn.keys() == specs.keys()
    assert all(svg.startswith("<svg") and "NaN" not in svg for svg in drawn.values())
    assert "<img" not in "".join(drawn.values())


_DRAW = """
const fs = require("fs"), vm = require("vm"), [library, folder] = process.argv.slice(1);
delete globalThis.module;  // as in a browser, so that the libraries find each other by name
for (const name of ["vega", "vega-lite"])
  vm.runInThisContext(fs.readFileSync(`${library}/${name}.min.js`, "utf8"), name);
const read = (name) => JSON.parse(fs.readFileSync(`${folder}/${name}.json`, "utf8"));
(async () => {
  const drawn = {};
  for (const [name, spec] of Object.entries(read("specs"))) {
    const compiled = vegaLite.compile(spec, { config: read("config") }).spec;
    drawn[name] = await new vega.View(vega.parse(compiled)).toSVG();
  }
  console.log(JSON.stringify(drawn));
})();
"""
