"""Charts as Vega-Lite specifications with their data inline, and in one sentence of words.

Each function takes plain numbers and names and returns a `Chart`; nothing is drawn here and no
colour is chosen (see `theme`). Names are untrusted: they are only ever values of the data and
titles, never field names, expressions or addresses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from twinkeel.metrics.curves import Bin, Curve
from twinkeel.records import Score
from twinkeel.report.sections import Chart
from twinkeel.stats.bootstrap import Floats

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_UNIT = {"domain": [0, 1]}
_ZOOMED = {"zero": False, "padding": 8}
_SILENT = {"aria": False}
"""No description of each mark: the chart has one as a whole, and theirs are made by pasting axis
titles into expressions, where the name of a class or a column must never be."""
_SQUARE = 300
_ROW = 24

Spec = dict[str, Any]


def roc(curves: Mapping[str, Curve]) -> Chart:
    """True-positive against false-positive rate, one curve per name; the diagonal is chance."""
    chance = {
        "data": {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", **_SILENT, "strokeDash": [4, 4], "strokeWidth": 1, "opacity": 0.6},
        "encoding": _xy("false-positive rate", "true-positive rate"),
    }
    lines = _lines(curves, "false-positive rate", "true-positive rate")
    alt = f"ROC curve of {_names(curves)}; the dashed diagonal is what chance would give."
    return _chart({"height": _SQUARE, "layer": [chance, lines]}, alt)


def precision_recall(curves: Mapping[str, Curve]) -> Chart:
    """Precision against recall, one curve per name."""
    alt = f"Precision against recall of {_names(curves)}, from the strictest threshold down."
    return _chart({"height": _SQUARE, **_lines(curves, "recall", "precision")}, alt)


def calibration(bins: Sequence[Bin], *, of: str) -> Chart:
    """How often the outcome came where it was forecast so often, with 95% intervals."""
    rows = [
        {"x": one.forecast, "y": one.outcome, "low": one.low, "high": one.high, "n": one.n}
        for one in bins
    ]
    x = {"field": "x", "type": "quantitative", "title": f"forecast of {of}", "scale": _UNIT}
    share = _number("y", "how often it was so", _UNIT)
    ideal = {
        "data": {"values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", **_SILENT, "strokeDash": [4, 4], "strokeWidth": 1, "opacity": 0.6},
        "encoding": {"x": x, "y": share},
    }
    low = {**share, "field": "low"}
    layers = [
        ideal,
        {
            "mark": {"type": "rule", **_SILENT},
            "encoding": {"x": x, "y": low, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", **_SILENT},
            "encoding": {"x": x, "y": share, "tooltip": _tips(*rows[:1])},
        },
    ]
    alt = (
        f"Forecasts of {of} against how often it was so, in {len(bins)} bins of equal mass with "
        "95% intervals; on the dashed diagonal forecasts are right on average."
    )
    return _chart({"height": _SQUARE, "data": {"values": rows}, "layer": layers}, alt)


def bars(values: Mapping[str, float], *, axis: str, most: int = 25) -> Chart:
    """The largest of named amounts as bars, such as the importance of each input."""
    finite = {name: value for name, value in values.items() if math.isfinite(value)}
    ranked = sorted(finite.items(), key=lambda item: (-abs(item[1]), item[0]))[:most]
    rows = [{"name": name, "value": value} for name, value in ranked]
    spec: Spec = {
        "height": {"step": _ROW},
        "data": {"values": rows},
        "mark": {"type": "bar", **_SILENT, "cornerRadiusEnd": 2, "tooltip": {"content": "data"}},
        "encoding": {"y": _label(), "x": _number("value", axis)},
    }
    first = f"; the largest is {ranked[0][0]}" if ranked else ""
    left = f" of {len(finite)}" if len(finite) > len(ranked) else ""
    return _chart(spec, f"{axis}: {len(ranked)}{left} bars{first}.")


def beside(sides: Mapping[str, Mapping[str, float]], *, axis: str) -> Chart:
    """Named amounts of two things, one bar for each side by side, in the order of the first."""
    rows = [
        {"name": name, "value": value, "series": side}
        for side, values in sides.items()
        for name, value in values.items()
        if math.isfinite(value)
    ]
    spec: Spec = {
        "height": {"step": _ROW // 2},
        "data": {"values": rows},
        "mark": {"type": "bar", **_SILENT, "cornerRadiusEnd": 2, "tooltip": {"content": "data"}},
        "encoding": {
            "y": _label(),
            "yOffset": {"field": "series", "sort": None},
            "x": _number("value", axis),
            **_series(sides),
        },
    }
    return _chart(spec, f"{axis} in {' and '.join(sides)}: a pair of bars for each column.")


def gains(scores: Sequence[Score], name: str) -> Chart:
    """The gain of one score in every group, with 95% intervals; right of the line is better."""
    rows = _score_rows(scores, by_slice=True)
    zero = {
        "data": {"values": [{"value": 0}]},
        "mark": {"type": "rule", **_SILENT, "strokeDash": [4, 4], "opacity": 0.6},
        "encoding": {"x": _number("value", f"gain in {name}")},
    }
    spec: Spec = {
        "height": {"step": _ROW},
        "data": {"values": rows},
        "layer": [zero, *_whiskers({"padding": 8}, title=f"gain in {name}")],
    }
    alt = f"Gain in {name} of {len(rows)} groups with 95% intervals; right of the line is better."
    return _chart(spec, alt)


def slices(scores: Sequence[Score], name: str) -> Chart:
    """One score in every slice that could be judged, beside its overall value."""
    own = [score for score in scores if score.name == name]
    overall = next((score.value for score in own if score.slice is None), None)
    rows = _score_rows((score for score in own if score.slice is not None), by_slice=True)
    layers = _whiskers(_ZOOMED, title=name)
    if overall is not None:
        layers.append(
            {
                "data": {"values": [{"value": overall}]},
                "mark": {"type": "rule", **_SILENT, "strokeDash": [4, 4]},
                "encoding": {"x": _number("value", name, _ZOOMED)},
            }
        )
    spec = {"height": {"step": _ROW}, "data": {"values": rows}, "layer": layers}
    said = "" if overall is None else f"; the dashed line is the overall {overall:.3g}"
    return _chart(spec, f"{name} in {len(rows)} slices with 95% intervals{said}.")


def histogram(values: Mapping[str, Floats], *, axis: str, bins: int = 30) -> Chart:
    """How one number is distributed in each named group, as shares of the group."""
    finite = {name: array[np.isfinite(array)] for name, array in values.items()}
    pooled = np.concatenate([*finite.values(), np.zeros(0)])
    edges = np.histogram_bin_edges(pooled, bins=bins) if len(pooled) else np.zeros(2)
    rows = [
        {"from": float(low), "to": float(high), "share": float(share), "series": name}
        for name, array in finite.items()
        for low, high, share in zip(
            edges[:-1],
            edges[1:],
            np.histogram(array, edges)[0] / max(1, len(array)),
            strict=True,
        )
        if share
    ]
    encoding = {
        "x": {**_number("from", axis), "bin": {"binned": True}},
        "x2": {"field": "to"},
        "y": {**_number("share", "share of cases", None if rows else _UNIT), "stack": None},
        **_series(finite),
    }
    mark = {
        "type": "bar",
        **_SILENT,
        "opacity": 0.6 if len(finite) > 1 else 1,
        "tooltip": {"content": "data"},
    }
    spec = {"height": 200, "data": {"values": rows}, "mark": mark, "encoding": encoding}
    return _chart(spec, f"Distribution of {axis} over {len(pooled):,} values.")


def binned(bins: Sequence[tuple[Any, Any, int]], *, axis: str, moments: bool = False) -> Chart:
    """Counts between bounds that are known already: numbers, or moments as ISO 8601 texts."""
    rows = [{"from": low, "to": high, "rows": count} for low, high, count in bins]
    x = {"field": "from", "title": axis, "type": "temporal" if moments else "quantitative"}
    spec: Spec = {
        "height": 120,
        "data": {"values": rows},
        "mark": {"type": "bar", **_SILENT, "tooltip": {"content": "data"}},
        "encoding": {
            "x": x if moments else {**x, "bin": {"binned": True}, "scale": {"zero": False}},
            "x2": {"field": "to"},
            "y": _number("rows", "rows"),
            **({"y2": {"datum": 0}} if moments else {}),
        },
    }
    total = sum(count for _, _, count in bins)
    return _chart(spec, f"Distribution of {axis} over {total:,} values.")


def risk_coverage(coverage: Sequence[float], risk: Sequence[float], *, stated: float) -> Chart:
    """How many answers are wrong if so many are given; the dashed line is the stated risk."""
    line = {
        "data": {"values": [{"x": 0, "y": stated}, {"x": 1, "y": stated}]},
        "mark": {"type": "line", **_SILENT, "strokeDash": [4, 4], "strokeWidth": 1, "opacity": 0.6},
        "encoding": _xy("share of questions answered", "share of answers that are wrong"),
    }
    curve = {"": Curve(list(coverage), list(risk))}
    lines = _lines(curve, "share of questions answered", "share of answers that are wrong")
    alt = f"Share of wrong answers against coverage; the dashed line is the stated {stated:.0%}."
    return _chart({"height": _SQUARE, "layer": [line, lines]}, alt)


def thresholds(curves: Mapping[str, Curve], *, chosen: float | None, of: str, axis: str) -> Chart:
    """What comes of deciding for `of` from each probability on; a dashed line marks the chosen."""
    lines = _lines(curves, f"probability of {of} from which on it is decided", axis)
    lines["encoding"]["y"] = _number("y", axis, _ZOOMED)
    marked = [] if chosen is None else [{"x": min(chosen, 1.0)}]
    rule = {
        "data": {"values": marked},
        "mark": {"type": "rule", **_SILENT, "strokeDash": [4, 4], "opacity": 0.6},
        "encoding": {"x": lines["encoding"]["x"]},
    }
    end = "" if chosen is None else f"; the dashed line is the chosen {chosen:.3f}"
    alt = f"{axis} by the probability of {of} from which on it is decided{end}."
    return _chart({"height": _SQUARE, "layer": [lines, rule]}, alt)


def predicted(prediction: Floats, actual: Floats, *, most: int = 1000) -> Chart:
    """What came against what was predicted, one point a case; on the dashed line they agree."""
    every = max(1, -(-len(actual) // most))
    pairs = list(zip(prediction[::every].tolist(), actual[::every].tolist(), strict=True))
    rows = [{"x": x, "y": y} for x, y in pairs]
    ends = [min(map(min, pairs), default=0.0), max(map(max, pairs), default=1.0)]
    encoding = {
        "x": _number("x", "predicted", _ZOOMED),
        "y": _number("y", "actual", _ZOOMED),
    }
    ideal = {
        "data": {"values": [{"x": end, "y": end} for end in ends]},
        "mark": {"type": "line", **_SILENT, "strokeDash": [4, 4], "strokeWidth": 1, "opacity": 0.6},
        "encoding": encoding,
    }
    points = {
        "data": {"values": rows},
        "mark": {"type": "point", **_SILENT, "opacity": 0.5, "size": 15},
        "encoding": {**encoding, "tooltip": _tips(*rows[:1])},
    }
    shown = f"{len(rows):,} of {len(actual):,} cases" if every > 1 else f"{len(rows):,} cases"
    alt = f"Actual against predicted values of {shown}; on the dashed line they agree."
    return _chart({"height": _SQUARE, "layer": [ideal, points]}, alt)


def frontier(points: Mapping[str, tuple[float, float]]) -> Chart:
    """Loss, in times of the least, against the time that the members add to a row, by name."""
    rows = [{"x": x, "y": y, "name": name} for name, (x, y) in points.items()]
    spec = {
        "data": {"values": rows},
        "mark": {"type": "point", **_SILENT, "filled": True, "size": 80},
        "encoding": {
            "x": _number("x", "ms that the members add to one row"),
            "y": _number("y", "loss, times the least", _ZOOMED),
            "color": {"field": "name", "type": "nominal", "title": "prefer"},
            "tooltip": _tips(*rows[:1]),
        },
    }
    return _chart({"height": _SQUARE, **spec}, f"Loss against latency of {', '.join(points)}.")


def _chart(spec: Spec, alt: str) -> Chart:
    return Chart(spec={"$schema": _SCHEMA, "width": "container", **spec}, alt=alt)


def _names(curves: Mapping[str, Curve]) -> str:
    return ", ".join(curves) if len(curves) <= 6 else f"{len(curves)} classes"


def _lines(curves: Mapping[str, Curve], x: str, y: str) -> Spec:
    rows = [
        {"x": px, "y": py, "i": i, "series": name}
        for name, curve in curves.items()
        for i, (px, py) in enumerate(zip(curve.x, curve.y, strict=True))
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "line", **_SILENT, "clip": True},
        "encoding": {
            **_xy(x, y),
            "order": {"field": "i", "type": "quantitative"},
            **_series(curves),
        },
    }


def _series(groups: Mapping[str, object]) -> Spec:
    """Colours by group, in the order given, where there is more than one."""
    if len(groups) < 2:
        return {}
    return {"color": {"field": "series", "type": "nominal", "sort": None}}


def _xy(x: str, y: str) -> Spec:
    return {"x": _number("x", x, _UNIT), "y": _number("y", y, _UNIT)}


def _number(field: str, title: str, scale: Spec | None = None) -> Spec:
    spec: Spec = {"field": field, "type": "quantitative", "title": title or None}
    return spec if scale is None else {**spec, "scale": scale}


def _label() -> Spec:
    return {"field": "name", "type": "nominal", "sort": None, "title": None}


def _tips(*rows: Mapping[str, object]) -> list[Spec]:
    """All fields of such rows, shown under the pointer."""
    return [
        {"field": name, "type": "nominal" if isinstance(value, str) else "quantitative"}
        for row in rows
        for name, value in row.items()
    ]


def _score_rows(scores: Iterable[Score], *, by_slice: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "name": score.slice if by_slice else score.key,
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "n": score.n,
        }
        for score in scores
        if score.value is not None and score.low is not None and score.high is not None
    ]


def _whiskers(scale: Spec, title: str = "") -> list[Spec]:
    """A point on its interval, per name."""
    low = _number("low", title, scale)
    tip = _tips({"name": "", "value": 0, "low": 0, "high": 0, "n": 0})
    return [
        {
            "mark": {"type": "rule", **_SILENT, "strokeWidth": 2, "opacity": 0.6},
            "encoding": {"y": _label(), "x": low, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", **_SILENT},
            "encoding": {"y": _label(), "x": _number("value", title, scale), "tooltip": tip},
        },
    ]
