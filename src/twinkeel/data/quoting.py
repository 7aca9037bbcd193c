"""Rows of CSV as they stand in the file, and quotes that are opened and not closed.

Owns the slow, exact reading that names a line; the fast parser cannot. Refuses a quoted cell that
takes in the lines after it: one that is open at the end of the file, one that another cell's quote
closes, and one whose lines are rows of the table by themselves.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from twinkeel.data import compression
from twinkeel.errors import SourceError

LONGEST = 4 << 20
"""Characters that a cell may have."""
_ROWS_IN_A_CELL = 20
"""Lines in one cell from which they are rows of the table, where each is as wide as a row."""


class Written(NamedTuple):
    """One row as it is written."""

    line: int
    """The line that it begins on, the first being 1."""
    cells: list[str]
    lines: list[str]
    """The lines that it is written on."""


def rows(path: Path, encoding: str, delimiter: str, names: Sequence[str]) -> Iterator[Written]:
    """The rows of a CSV file, header first.

    Raises SourceError for a quote that is not closed, UnicodeError for bytes not in the encoding.
    """
    with compression.opened(path) as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        held: list[str] = []
        line = 1
        try:
            for row in _written(text, delimiter, held):
                line = row.line + len(row.lines)
                _check_closed(path, row, delimiter, names)
                yield row
        except csv.Error:
            cells = next(csv.reader(held[:1], delimiter=delimiter), [""])
            raise _unclosed(path, line, _name(names, len(cells) - 1), len(held) - 1) from None


def check(path: Path, encoding: str, delimiter: str, names: Sequence[str]) -> None:
    """Raise SourceError for the first quote in a CSV file that is not closed."""
    for _ in rows(path, encoding, delimiter, names):
        pass


def _written(lines: Iterable[str], delimiter: str, held: list[str]) -> Iterator[Written]:
    """The rows in lines of text; `held` has the lines of the row that is being read."""

    def taken() -> Iterator[str]:
        for line in lines:
            held.append(line)
            yield line

    csv.field_size_limit(LONGEST)
    reader = csv.reader(taken(), delimiter=delimiter)
    start = 1
    for cells in reader:
        yield Written(start, cells, held.copy())
        held.clear()
        start = reader.line_num + 1


def _check_closed(path: Path, row: Written, delimiter: str, names: Sequence[str]) -> None:
    """Raise SourceError where a cell of the row takes in lines that are not its own."""
    if len(row.lines) == 1 and '"' not in row.lines[0]:
        return
    cells, place = row.cells, len(row.cells) - 1
    if not _is_open(row.lines, delimiter):
        if len(row.lines) == 1:
            return
        place = max(range(len(cells)), key=lambda k: _breaks(cells[k]))
        if _is_exact(row.lines, delimiter) and not _holds_rows(cells, place, delimiter):
            return
    line = row.line + sum(map(_breaks, cells[:place]))
    raise _unclosed(path, line, _name(names, place), row.line + len(row.lines) - 1 - line)


def _is_open(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the row would go on where the file ends: only its last one can."""
    return sum(1 for _ in csv.reader([*lines, "end"], delimiter=delimiter)) == 1


def _is_exact(lines: Sequence[str], delimiter: str) -> bool:
    """Whether nothing follows a closing quote but a delimiter (RFC 4180, 2.5)."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True


def _holds_rows(cells: Sequence[str], place: int, delimiter: str) -> bool:
    """Whether each whole line in a cell has as many cells as its row."""
    inner = cells[place].splitlines()[1:-1]
    if len(cells) < 2 or len(inner) < _ROWS_IN_A_CELL:
        return False
    return all(len(row) == len(cells) for row in csv.reader(inner, delimiter=delimiter))


def _breaks(cell: str) -> int:
    return cell.count("\n") or cell.count("\r")


def _name(names: Sequence[str], place: int) -> str:
    return repr(names[place]) if 0 <= place < len(names) else str(place + 1)


def _unclosed(path: Path, line: int, column: str, more: int) -> SourceError:
    taken = f" and takes in {more:,} more lines" if more > 1 else ""
    return SourceError(
        f"{path}, line {line}: a quote opens in column {column} and is not closed where the cell "
        f"ends{taken}; close it, or put the cell in quotes and write a quote within it twice."
    )
