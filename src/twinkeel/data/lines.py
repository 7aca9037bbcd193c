"""JSON lines: one object a line, as tables whose columns are the objects' keys.

Owns the reading of such files: a nested object becomes columns with dotted names, and a key that a
line lacks is missing there. Refuses, naming the file and the line: what is not JSON or no object,
lists, keys given twice and nesting that is too deep.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twinkeel import strict_json
from twinkeel.data import compression
from twinkeel.data.delimited import no_rows
from twinkeel.data.table import Table, from_values
from twinkeel.errors import ContractError, RequestError, SourceError

_DEPTH = 8
_MOST_COLUMNS = 50_000


def batches(path: Path, size: int) -> Iterator[Table]:
    """The rows as tables of `size` rows with the same columns. Raises SourceError."""
    names = _names(path)
    rows = _rows(path)
    while part := list(itertools.islice(rows, size)):
        try:
            yield Table(
                {name: from_values(name, [row.get(name) for row in part]) for name in names}
            )
        except ContractError as error:
            raise SourceError(f"{path}: {error}") from None


def flat(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A nested object as one level with dotted names. Raises SourceError for a list."""
    cells: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            cells.update({f"{key}.{inner}": cell for inner, cell in flat(value, where).items()})
        elif isinstance(value, list | tuple):
            raise SourceError(
                f"{where}: {key} is a list, and one value was expected; leave it out or write its "
                "parts as keys of their own."
            )
        else:
            cells[key] = value
    return cells


def _names(path: Path) -> tuple[str, ...]:
    """The keys of all lines, in the order in which they first appear."""
    names: dict[str, None] = {}
    for row in _rows(path):
        names.update(dict.fromkeys(row))
        if len(names) > _MOST_COLUMNS:
            raise SourceError(
                f"{path} has more than {_MOST_COLUMNS:,} different keys: the keys of its lines "
                "are no columns of a table."
            )
    if not names:
        raise no_rows(path)
    return tuple(names)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with compression.opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if text:
                yield _row(text, f"{path}, line {number}")


def _row(text: bytes, where: str) -> dict[str, Any]:
    try:
        row = strict_json.decode(text, depth=_DEPTH)
    except RequestError as error:
        raise SourceError(f"{where}: {error}") from None
    if not isinstance(row, dict):
        raise SourceError(f'{where}: expected an object such as {{"a": 1}}, one a line.')
    return flat(row, where)
