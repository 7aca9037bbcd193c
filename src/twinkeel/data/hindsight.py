"""Whether a query looks into the future.

Owns the check: the query runs again as it would have run at three moments of the past, with every
dated source cut off there, and the rows of the time before must come out the same. Refuses a query
whose past rows change; it would learn from what is not known when a prediction is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.data.queries import LOCKED, RESULT, Cell, Room, connect, quoted, text
from twinkeel.errors import SourceError
from twinkeel.plugins import suggestion

if TYPE_CHECKING:
    import duckdb

_MOMENTS = (0.25, 0.5, 0.75)
"""Where the moments lie among the times of the result."""
_AGAIN = "again.parquet"
_DATES = ("DATE", "TIMESTAMP")
_CLOSE = 1e-9
"""Sums of the same numbers in another order differ by less than this share."""


def check(room: Room, dated: Mapping[str, str]) -> tuple[str, ...]:
    """Notes on what was checked; `dated` has the time column of each source that has one.

    Raises SourceError for a query that looks into the future.
    """
    query = room.query
    names = ", ".join(sorted(dated))
    for name, column in dated.items():
        _check_dates(f"[sources.{name}] time", room.columns[name], column)
    if query.time is None:
        if not dated:
            return ()
        return (
            f"{query.where} reads {names}, which has a time, and its result has none: that it does "
            "not look into the future was not checked; give the source a time.",
        )
    with closing(connect(None, LOCKED)) as connection:
        result = _Results(connection, room.folder)
        _check_dates(f"{query.where.removesuffix('query')}time", result.columns, query.time)
        moments = result.moments(query.time)
        for moment in moments if dated else ():
            room.until(moment, dated)
            room.write(room.folder / _AGAIN)
            changed = result.changed(query.time, moment)
            if changed is not None:
                raise SourceError(
                    f"{query.where} looks into the future: {changed} in rows up to {moment} when "
                    f"later rows of {names} are left out; join only what was known then, as with "
                    "ASOF JOIN or a condition on the times."
                )
    if not dated:
        return (
            f"{query.where} has a time, and no source that it reads has one: that it does not look "
            "into the future was not checked; give those sources a time.",
        )
    undated = ", ".join(sorted(room.columns.keys() - dated.keys()))
    uncut = f"; {undated} has no time and was not cut off, so give it one" if undated else ""
    return (
        f"{query.where} was run as of {', '.join(moments)} as well, and no earlier row "
        f"changed{uncut}.",
    )


class _Results:
    """The query's result, and the same from a shorter past, side by side."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection = connection
        self._now = f"read_parquet({text(str(folder / RESULT))})"
        self._then = f"read_parquet({text(str(folder / _AGAIN))})"
        rows = connection.execute(f"DESCRIBE FROM {self._now}").fetchall()
        self.columns = {str(row[0]): Cell(str(row[1]), quoted(str(row[0]))) for row in rows}

    def moments(self, time: str) -> list[str]:
        """The moments of the past to look from, ISO texts, earliest first."""
        found = self._connection.execute(
            f"SELECT quantile_disc({quoted(time)}::TIMESTAMP, {list(_MOMENTS)})::VARCHAR[] "  # noqa: S608  # quoted
            f"FROM {self._now}"
        ).fetchone()
        return sorted(set(found[0] or ())) if found else []

    def changed(self, time: str, moment: str) -> str | None:
        """What differs between the two in the rows up to a moment, in words."""
        kept = f"WHERE {quoted(time)} <= TIMESTAMP {text(moment)}"
        sides = f"WITH a AS (FROM {self._now} {kept}), b AS (FROM {self._then} {kept})"
        counts = "(SELECT count(*) FROM a), (SELECT count(*) FROM b)"
        now, then = self._row(f"{sides} SELECT {counts}")
        if now != then:
            return f"there are {then:,} instead of {now:,}"
        differing = ", ".join(self._differs(name) for name in self.columns)
        row = self._row(f"{sides} SELECT {differing} FROM a POSITIONAL JOIN b")  # noqa: S608  # quoted
        names = (name for name, count in zip(self.columns, row, strict=True) if count)
        first = next(names, None)
        return None if first is None else f"its column {first} changes"

    def _differs(self, name: str) -> str:
        a, b = f"a.{quoted(name)}", f"b.{quoted(name)}"
        if self.columns[name].type not in ("DOUBLE", "FLOAT"):
            return f"count_if({a} IS DISTINCT FROM {b})"
        close = f"abs({a} - {b}) <= {_CLOSE} * greatest(abs({a}), abs({b}))"
        return f"count_if({a} IS DISTINCT FROM {b} AND NOT coalesce({close}, false))"

    def _row(self, query: str) -> tuple[int, ...]:
        return self._connection.execute(query).fetchone() or ()


def _check_dates(where: str, columns: Mapping[str, Cell], name: str) -> None:
    if name not in columns:
        raise SourceError(f"{where}: there is no column {name!r}{suggestion(name, list(columns))}")
    if not columns[name].type.startswith(_DATES):
        raise SourceError(
            f"{where}: {name} holds {columns[name].type}, and dates such as 2024-05-31 were "
            "expected."
        )
