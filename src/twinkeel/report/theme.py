"""How charts look, in light and in dark: one palette, one set of Vega-Lite defaults.

Owns colours, fonts and strokes; charts name only marks and channels. The colours are told apart
by people with the common colour-vision deficiencies (after Okabe and Ito) and by lightness.
"""

from __future__ import annotations

from typing import Any

ACCENT = "#0b7285"
ACCENT_DARK = "#4fc3d9"
SERIES = ["#0b7285", "#d9480f", "#7048a8", "#2b8a3e", "#b8860b", "#c2255c", "#5c6b77"]
SERIES_DARK = ["#4fc3d9", "#ff9466", "#b79cf0", "#73cf86", "#e6c15c", "#f291b5", "#a9b7c2"]


def config(*, dark: bool) -> dict[str, Any]:
    """The Vega-Lite `config` for one of the two themes, on a transparent background."""
    text, faint = ("#e6edf1", "#33424d") if dark else ("#1d2b36", "#dde4e9")
    accent, series = (ACCENT_DARK, SERIES_DARK) if dark else (ACCENT, SERIES)
    axis = {
        "labelColor": text,
        "titleColor": text,
        "gridColor": faint,
        "domainColor": faint,
        "tickColor": faint,
        "titleFontWeight": "normal",
        "labelLimit": 220,
    }
    return {
        "background": "transparent",
        "font": "system-ui, sans-serif",
        "axis": axis,
        "legend": {"labelColor": text, "titleColor": text, "orient": "bottom", "title": None},
        "title": {"color": text, "anchor": "start", "fontWeight": 600},
        "view": {"stroke": None},
        "range": {"category": series, "heatmap": {"scheme": "viridis"}},
        "mark": {"color": accent},
        "bar": {"color": accent},
        "point": {"color": accent, "filled": True, "size": 60},
        "line": {"color": accent, "strokeWidth": 2},
        "rule": {"color": text},
        "area": {"color": accent, "opacity": 0.2},
    }
