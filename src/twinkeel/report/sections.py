"""The parts of a report: a title, a sentence, and a table or a chart. Plain data, no drawing."""

from __future__ import annotations

from typing import Any

from twinkeel.records import Record


class Table(Record, frozen=True):
    """Rows under headings; cells are text or numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Chart(Record, frozen=True):
    """A Vega-Lite specification with its data inline, and what it shows in words."""

    spec: dict[str, Any]
    alt: str
    """The chart in one sentence, for those who cannot see it."""


class Section(Record, frozen=True):
    """One titled part of a report."""

    title: str
    text: str = ""
    table: Table | None = None
    charts: tuple[Chart, ...] = ()
