"""One SELECT over the project's sources, run by DuckDB in a locked room.

Owns the room: the sources are copied into a database of its own, which is then opened read-only,
without extensions, without files or network, with its settings locked and its time, memory and
disk capped. Rows come out in the order of all their columns, by one thread, so that the same data
gives the same result. Refuses anything but one SELECT, and a query that looks into the future.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from twinkeel.data.types import MISSING
from twinkeel.data.writing import to_arrow
from twinkeel.errors import MissingExtra, SourceError
from twinkeel.plugins import suggestion

if TYPE_CHECKING:
    import duckdb

    from twinkeel.data.sources import Source

RESULT = "result.parquet"
_DATABASE = "sources.duckdb"
LOCKED = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "python_enable_replacements": "false",
    "threads": "1",
}
_DISK = "20GB"
_ROWS = 1 << 16
_FORMS = {
    "BIGINT": "^[+-]?[0-9]+$",
    "DOUBLE": "^[+-]?[0-9.]",
    "DATE": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "TIMESTAMP": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z?$",
}
"""What a column of texts is tried as, in this order, and how such texts look."""
_CODE = "^[+-]?0[0-9]+$"
"""Digits with a leading zero, which a number would lose."""

_UNKNOWN = re.compile(r"Table with name ([^/.:\n]+) does not exist")


class Cell(NamedTuple):
    """A column of a source as queries see it."""

    type: str
    """DuckDB's name of its type."""
    sql: str
    """How it is read from the table as it came."""


@dataclass(frozen=True)
class Query:
    """A query and what it may use."""

    text: str
    where: str
    """The key that it stands under, for errors."""
    time: str | None
    """The column of the result that says at which moment a row is."""
    sources: tuple[str, ...]
    """The names of the project's other sources, to suggest."""
    allow: tuple[str, ...]
    """Folders whose files it may read."""
    seconds: float
    memory: int
    """Bytes."""


def tables(query: str, where: str) -> set[str]:
    """The tables that a query reads. Raises SourceError for anything but one SELECT."""
    with closing(connect(None, LOCKED)) as connection:
        found = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
    tree: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
    if tree["error"] or len(tree["statements"]) != 1:
        reason = tree.get("error_message", "there is more than one statement")
        raise SourceError(f"{where} must be one SELECT ({reason.rstrip('.!')}).")
    nodes = list(_nodes(tree["statements"][0]))
    made = {entry["key"] for node in nodes for entry in node.get("map", ()) if "key" in entry}
    named = {str(node["table_name"]) for node in nodes if node.get("type") == "BASE_TABLE"}
    return named - made


def run(query: Query, inputs: Sequence[Source], root: Path, folder: Path) -> Room:
    """Write the query's rows to `folder / RESULT`; returns the room.

    Raises SourceError, also where there are none.
    """
    room = Room(folder, root, query)
    for one in inputs:
        room.add(one)
    if not room.write(folder / RESULT):
        raise SourceError(f"{query.where} gives no rows: expected at least one.")
    return room


class Room:
    """The database that a query runs in."""

    def __init__(self, folder: Path, root: Path, query: Query) -> None:
        self.query = query
        self.folder = folder
        self._root = root
        self.columns: dict[str, dict[str, Cell]] = {}
        """The columns of each source."""
        with self._open(locked=False):
            pass  # a room that is only read must be there

    def add(self, source: Source) -> None:
        """Copy a source's rows into the room, and find out what its texts are."""
        with self._open(locked=False) as connection:
            table = quoted(f"all {source.name}")
            for place, part in enumerate(source.batches(_ROWS)):
                connection.register("part", to_arrow(part))
                if place == 0:
                    connection.execute(f"CREATE TABLE {table} AS SELECT * FROM part")  # noqa: S608  # quoted
                else:
                    connection.execute(f"INSERT INTO {table} SELECT * FROM part")  # noqa: S608  # quoted
                connection.unregister("part")
            self.columns[source.name] = _cells(connection, table)
            self._view(connection, source.name, "")

    def until(self, moment: str | None, columns: Mapping[str, str]) -> None:
        """Show of each dated source only the rows up to a moment; `columns` has their times."""
        with self._open(locked=False) as connection:
            for name, column in columns.items():
                known = f" WHERE {quoted(column)} <= TIMESTAMP {text(moment)}" if moment else ""
                self._view(connection, name, known)

    def write(self, path: Path) -> int:
        """Run the query and write its rows; returns how many. Raises SourceError."""
        from pyarrow import parquet

        with self._running() as connection:
            found = connection.sql(f"FROM ({self.query.text}\n) ORDER BY ALL")
            rows: Any = found.to_arrow_reader(_ROWS)
            count = 0
            with parquet.ParquetWriter(path, rows.schema) as out:
                for batch in rows:
                    out.write_batch(batch)
                    count += len(batch)
        return count

    @contextmanager
    def _running(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The locked room, with the query's time running; failures are one sentence."""
        import duckdb

        with self._open(locked=True) as connection:
            timer = threading.Timer(self.query.seconds, connection.interrupt)
            timer.start()
            try:
                yield connection
            except duckdb.InterruptException:
                raise SourceError(
                    f"{self.query.where} ran longer than {self.query.seconds:g}s and was stopped: "
                    "ask for less, or raise the source's time_limit."
                ) from None
            except (duckdb.Error, RuntimeError, OSError) as error:
                raise SourceError(_failed(self.query, str(error))) from None
            finally:
                timer.cancel()

    @contextmanager
    def _open(self, *, locked: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        config = {**LOCKED, "memory_limit": f"{max(self.query.memory // 2**20, 64)}MiB"}
        config["temp_directory"] = str(self.folder / "spill")
        config["max_temp_directory_size"] = _DISK
        with closing(connect(self.folder / _DATABASE, config, read_only=locked)) as connection:
            if locked:
                connection.execute(f"SET file_search_path = {text(str(self._root))}")
                folders = [text(f"{one.rstrip('/')}/") for one in self._allowed()]
                connection.execute(f"SET allowed_directories = [{', '.join(folders)}]")
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
            yield connection

    def _allowed(self) -> list[str]:
        """The allowed folders, as they are written and as they are on this machine."""
        here = [str((self._root / one).resolve()) for one in self.query.allow]
        return [*self.query.allow, *here]

    def _view(self, connection: duckdb.DuckDBPyConnection, name: str, known: str) -> None:
        cells = ", ".join(
            f"{cell.sql} AS {quoted(column)}" for column, cell in self.columns[name].items()
        )
        inner = f"SELECT {cells} FROM {quoted(f'all {name}')}"  # noqa: S608  # names are quoted
        connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(name)} AS SELECT * FROM ({inner}){known}"  # noqa: S608  # quoted
        )


def _failed(query: Query, error: str) -> str:
    """DuckDB's error as a sentence; of its tables, it would suggest those of its own."""
    unknown = _UNKNOWN.search(error)
    if unknown is not None:
        name = unknown[1]
        return f"{query.where} reads {name!r}, which is no source{_nearest(name, query.sources)}"
    reason = " ".join(error.partition("\n\nLINE")[0].split()).rstrip(".")
    return f"{query.where} failed: {reason}."


def _nearest(name: str, sources: tuple[str, ...]) -> str:
    same = [one for one in sources if one.casefold() == name.casefold()]
    return f"; did you mean {same[0]!r}?" if same else suggestion(name, sources)


def _cells(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, Cell]:
    """What the columns of a table are, texts by what all of them can be read as."""
    described = connection.execute(f"DESCRIBE {table}").fetchall()
    cells = {str(row[0]): Cell(str(row[1]), quoted(str(row[0]))) for row in described}
    texts = [name for name, cell in cells.items() if cell.type == "VARCHAR"]
    if texts:
        asked = ", ".join(_doubts(name) for name in texts)
        row = connection.execute(f"SELECT {asked} FROM {table}").fetchone()  # noqa: S608  # quoted
        for name, doubts in zip(texts, row or (), strict=True):
            cells[name] = _cell(name, doubts)
    return cells


def _doubts(name: str) -> str:
    """SQL for a list: how many values there are, how many are codes, how many are not each type."""
    cell = f"trim({quoted(name)})"
    present = f"{cell} NOT IN ({_MISSING})"
    against = [
        f"count_if({present} AND (NOT regexp_matches({cell}, '{form}')"
        f" OR TRY_CAST({cell} AS {kind}) IS NULL))"
        for kind, form in _FORMS.items()
    ]
    codes = f"count_if(regexp_matches({cell}, '{_CODE}'))"
    return f"[count_if({present}), {codes}, {', '.join(against)}]"


def _cell(name: str, doubts: Sequence[int]) -> Cell:
    present, codes, *against = doubts
    column = quoted(name)
    kind = next((k for k, wrong in zip(_FORMS, against, strict=True) if not wrong), "VARCHAR")
    if not present or (codes and kind in ("BIGINT", "DOUBLE")):
        kind = "VARCHAR"
    read = column if kind == "VARCHAR" else f"TRY_CAST(trim({column}) AS {kind})"
    return Cell(kind, f"CASE WHEN trim({column}) IN ({_MISSING}) THEN NULL ELSE {read} END")


def connect(
    path: Path | None, config: Mapping[str, str], *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """A database at `path`, by default in memory. Raises MissingExtra."""
    try:
        import duckdb
    except ImportError:
        raise MissingExtra("duckdb", "predictors", "A query over sources") from None
    return duckdb.connect(str(path or ":memory:"), read_only=read_only, config=dict(config))


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object within a JSON value."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


_MISSING = ", ".join(map(text, sorted(MISSING)))
