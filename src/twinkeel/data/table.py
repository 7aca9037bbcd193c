"""A table in memory: named columns of equal length, and where tables come from.

Owns `Table` and the ways in from data frames, arrays and rows. A column is a numpy array: object
arrays of `str | None` for text, or numbers, booleans and `datetime64[us]` where the origin is
typed. Refuses columns that repeat a name, differ in length, or hold lists and records. Data-frame
libraries are imported only when a frame comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twinkeel.data.types import EXACT, MISSING, Unreadable, moment_texts, plain, shown
from twinkeel.errors import ContractError, SourceError
from twinkeel.records import Json, Rows

if TYPE_CHECKING:
    import pyarrow as pa

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length; columns are shared, never written to."""

    columns: dict[str, Array]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns.values()}
        if len(lengths) > 1:
            raise ContractError(f"The columns of a table differ in length: {sorted(lengths)}.")

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()))) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(self.columns)

    def take(self, index: Array) -> Table:
        """The rows at these positions, or where this boolean mask of shape (n,) is true."""
        return Table({name: column[index] for name, column in self.columns.items()})

    def drop(self, names: Sequence[str]) -> Table:
        """The table without these columns; names that it does not have are ignored."""
        gone = set(names)
        return Table({name: column for name, column in self.columns.items() if name not in gone})

    def rows(self, start: int = 0, stop: int | None = None) -> list[dict[str, Json]]:
        """The rows from `start` to `stop`, as JSON-ready values; dates are ISO texts."""
        lists = [json_values(column[start:stop]) for column in self.columns.values()]
        names = self.names
        return [dict(zip(names, cells, strict=True)) for cells in zip(*lists, strict=True)]


def json_values(column: Array) -> list[Json]:
    """A column as JSON-ready values: missing is None, dates are ISO texts."""
    if column.dtype.kind == "M":
        return [text or None for text in moment_texts(column)]
    values: list[Json] = column.tolist()
    if column.dtype.kind == "f":
        for row in np.flatnonzero(~np.isfinite(column)).tolist():
            values[row] = None
    return values


def texts(column: Array) -> list[str]:
    """The one text of each cell of a column (`types.plain`), "" where it is missing."""
    if column.dtype.kind == "M":
        return moment_texts(column)
    memo = _Texts()
    return list(map(memo.__getitem__, column.tolist()))


class _Texts(dict[Any, str]):
    """Cells to texts, each distinct text read once."""

    def __missing__(self, cell: Any) -> str:
        text = plain(cell)
        if type(cell) is not str:  # 1 and True are equal, and differ as texts
            return text
        self[cell] = text = "" if text in MISSING else text
        return text


def from_frame(frame: object) -> Table:
    """A table from pandas, polars, pyarrow (through narwhals) or a 2-D numpy array.

    The columns of an array are named x0, x1, ... Raises ContractError for anything else.
    """
    if isinstance(frame, Table):
        return frame
    if isinstance(frame, np.ndarray):
        return _from_array(frame)
    import narwhals as nw

    try:
        wrapped = nw.from_native(frame, eager_only=True)  # type: ignore[call-overload]  # any
    except TypeError:
        raise ContractError(
            f"A {type(frame).__name__} is not a table: expected a pandas, polars or pyarrow "
            "frame, or a 2-D numpy array."
        ) from None
    except nw.exceptions.DuplicateError:
        _unique([str(name) for name in getattr(frame, "columns", ())], "The frame")
        raise
    names = [str(name) for name in wrapped.columns]
    _unique(names, "The frame")
    if wrapped.implementation.is_pandas():  # by itself in half of the time, which a row notices
        columns = [series for _, series in wrapped.to_native().items()]
    else:
        columns = [series.to_native() for series in wrapped.iter_columns()]
    return Table(
        {name: _from_series(name, column) for name, column in zip(names, columns, strict=True)}
    )


def from_rows(rows: Rows) -> Table:
    """A table from rows; a key that a row lacks is missing there."""
    names: dict[str, None] = {}
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise ContractError(
                f"Row {position + 1}: expected column names with values, got {shown(row)}."
            )
        names.update(dict.fromkeys(row))
    return Table({name: from_values(name, [row.get(name) for row in rows]) for name in names})


def from_values(name: str, values: Sequence[object]) -> Array:
    """A column from Python values: typed where they agree on a type, else text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool} and None not in values:
        return np.array(values, dtype=bool)
    if kinds and kinds <= {int, float} and all(_is_exact(value) for value in values):
        if kinds == {int} and None not in values:
            return np.array(values, dtype=np.int64)
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    column = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        try:
            column[position] = _text_or_none(value)
        except Unreadable:
            raise ContractError(
                f"Row {position + 1}, column {name}: expected a number, text, boolean or date, "
                f"got {shown(value)}."
            ) from None
    return column


def from_arrow(table: pa.Table, what: str) -> Table:
    """A table from a pyarrow table; `what` names it in errors. Raises SourceError."""
    _unique(table.column_names, what, SourceError)
    return Table(
        {
            name: arrow_column(name, table.column(position), what)
            for position, name in enumerate(table.column_names)
        }
    )


def arrow_column(name: str, column: pa.ChunkedArray, what: str) -> Array:
    """A numpy column from an arrow one; nulls are NaN, NaT or None. Raises SourceError."""
    try:
        return _from_chunks(name, column, what)
    except UnicodeDecodeError:  # arrow does not look at the texts that it reads
        raise SourceError(
            f"{what}: column {name} holds text that is not UTF-8; write it again from a source "
            "whose encoding is known, or leave the column out of the file where nothing needs it."
        ) from None


def _from_chunks(name: str, column: pa.ChunkedArray, what: str) -> Array:
    import pyarrow as pa
    import pyarrow.types as at

    if at.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if at.is_integer(kind):
        return _integers(column)
    if at.is_decimal(kind) and kind.scale == 0 and _largest(column) >= EXACT:
        return _strings(column.cast(pa.string()))
    if at.is_floating(kind) or at.is_decimal(kind):
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    if at.is_boolean(kind) and column.null_count == 0:
        return np.asarray(column.to_numpy(), dtype=bool)
    if at.is_date(kind) or at.is_timestamp(kind):
        moments = column.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
        return np.asarray(moments.to_numpy(), dtype="datetime64[us]")
    if at.is_string(kind) or at.is_large_string(kind) or at.is_string_view(kind):
        return _strings(column)
    if at.is_boolean(kind) or at.is_null(kind) or at.is_time(kind):
        return from_values(name, [None if v is None else str(v) for v in column.to_pylist()])
    raise SourceError(
        f"{what}: column {name} holds {kind} values, and numbers, text, booleans or dates were "
        "expected; write it as text, or leave the column out of the file where nothing needs it."
    )


def concatenate(tables: Sequence[Table]) -> Table:
    """One table from several with the same column names; the first one's order holds."""
    if len(tables) == 1:
        return tables[0]
    return Table({name: _joined([t.columns[name] for t in tables]) for name in tables[0].names})


def _joined(parts: Sequence[Array]) -> Array:
    kinds = {part.dtype.kind for part in parts}
    if len(kinds) > 1 and (not kinds <= set("iuf") or any(map(beyond_floats, parts))):
        parts = [as_text(part) for part in parts]
    return np.concatenate(parts)


def as_text(column: Array) -> Array:
    """A column as an object array of `str | None`."""
    if column.dtype.kind == "O":
        return column
    out = np.empty(len(column), dtype=object)
    out[:] = [text or None for text in texts(column)]
    return out


def beyond_floats(column: Array) -> bool:
    """Whether a column holds integers of which float64 would make others."""
    if column.dtype.kind not in "iu" or not len(column):
        return False
    return bool(column.max() >= EXACT or column.min() <= -EXACT)


def _from_array(array: Array) -> Table:
    if array.ndim != 2:
        raise ContractError(
            f"An array of shape {array.shape} is not a table: expected 2 dimensions, "
            "(rows, columns)."
        )
    return Table({f"x{k}": _from_numpy(f"x{k}", array[:, k]) for k in range(array.shape[1])})


def _from_numpy(name: str, column: Array) -> Array:
    if column.dtype.kind in "biu":
        return column
    if column.dtype.kind == "f":
        return column.astype(np.float64)
    if column.dtype.kind == "M":
        return column.astype("datetime64[us]")
    return from_values(name, column.tolist())


def _from_series(name: str, native: Any) -> Array:
    if isinstance(getattr(native, "dtype", None), np.dtype) and native.dtype.kind in "biuf":
        return _from_numpy(name, np.asarray(native))
    import narwhals as nw
    import pyarrow as pa

    series = nw.from_native(native, series_only=True)
    try:
        column = series.to_arrow()
    except (pa.ArrowException, TypeError, ValueError):  # mixed Python objects
        gone = series.is_null().to_list()
        cells = series.to_list()
        return from_values(name, [None if g else c for g, c in zip(gone, cells, strict=True)])
    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    return arrow_column(name, column, "The frame")


def _integers(column: pa.ChunkedArray) -> Array:
    if column.null_count == 0:
        return np.asarray(column.to_numpy())
    import pyarrow as pa

    if _largest(column) < EXACT:
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    return _strings(column.cast(pa.string()))


def _largest(column: pa.ChunkedArray) -> int:
    """The largest size among whole numbers, 0 where there are none."""
    import pyarrow.compute as pc

    bounds = pc.min_max(column).as_py()
    return int(max(abs(bounds["min"] or 0), abs(bounds["max"] or 0)))


def _strings(column: pa.ChunkedArray) -> Array:
    """Equal texts share one Python string: less memory, and faster to hash."""
    if len(column) == 0:
        return np.empty(0, dtype=object)
    encoded = column.combine_chunks().dictionary_encode()
    words = np.empty(len(encoded.dictionary) + 1, dtype=object)
    words[:-1] = encoded.dictionary.to_pylist()
    places = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(words[places])


def _is_exact(value: object) -> bool:
    return not isinstance(value, int) or -EXACT < value < EXACT


def _text_or_none(value: object) -> str | None:
    if isinstance(value, str):
        return str(value)
    return plain(value) or None


def _unique(
    names: Sequence[str], what: str, error: type[ContractError | SourceError] = ContractError
) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise error(f"{what} has two columns named {name!r}: rename one of them.")
        seen.add(name)
