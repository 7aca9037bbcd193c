"""Sections to one HTML file that works alone: offline, under file://, years from now.

All that it needs is inside: style, data and the chart library. Names and data are untrusted:
text is escaped, chart data is JSON that cannot end its element, and the page's own policy lets
no script run but those of this package (by hash), nothing be fetched and nothing be sent.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from twinkeel.report import theme
from twinkeel.report.sections import Section

_HERE = Path(__file__).parent
_SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js", "draw.js")
_MOST_ROWS = 25
"""A table of more rows is folded where a chart shows the most of it, and stands below the chart."""
_OUTCOMES = ("pass", "fail", "inconclusive", "better", "worse", "won", "lost")


def page(title: str, sections: Sequence[Section], *, lead: str = "") -> str:
    """The sections as one self-contained HTML page; the chart library only if there are charts.

    `lead` says in a sentence what the page is about. A table of many rows is folded beside a chart.
    """
    drawn = any(section.charts for section in sections)
    scripts = [_text(f"static/{name}") for name in _SCRIPTS] if drawn else []
    html = (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            lead=lead,
            most_rows=_MOST_ROWS,
            sections=sections,
            style=Markup(_text("templates/page.css")),  # noqa: S704 - our own file
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own files
            policy=_policy(scripts),
            themes={"light": theme.config(dark=False), "dark": theme.config(dark=True)},
        )
    )
    return html.encode("utf-8", "replace").decode()


def embedded(value: Any) -> Markup:
    """A value as JSON to stand inside a script element: no character of it is markup.

    Raises ValueError for NaN and infinity, which JSON does not have.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 - ASCII without markup, by the lines above


def _policy(scripts: Sequence[str]) -> str:
    """The page's Content-Security-Policy: these scripts and no other, and nothing from outside.

    Styles are free because the chart library sets them on the elements that it draws.
    """
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _digest(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(shown=_shown, sort_of=_sort_of, embedded=embedded)
    return environment


def _shown(cell: object) -> str:
    """A cell as people read it: digits that matter, thousands apart, a dash for nothing."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return str(cell)


def _sort_of(cell: object) -> str:
    """The class of a cell: numbers stand right, outcomes stand out."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return "number"
    return cell if isinstance(cell, str) and cell in _OUTCOMES else "text"
