"""A source with more rows than it names: those that became known in production.

Reads as the source does, with the same columns; says apart where the two kinds of rows are from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec

from twinkeel.data.sources import Local, Source, SourceFile
from twinkeel.data.table import Table, as_text, concatenate
from twinkeel.records import Origin

_ROWS = 1 << 16


class Extended(Source):
    """The rows of `base`, then `more`, which has the same columns; `what` says what these are."""

    def __init__(self, base: Source, more: Table, what: str) -> None:
        super().__init__(base.name, f"{base.describe()} and {what}", _none)
        self._base = base
        self._more = more
        self._what = what

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the source itself."""
        return self._base.files

    def table(self) -> Table:
        """All rows, those of the source as it gives them. Raises SourceError."""
        return self._whole

    @property
    def rows(self) -> int:
        """How many rows there are, of which `table` may be a sample. Raises SourceError."""
        return self._base.rows + len(self._more)

    def batches(self, size: int = _ROWS) -> Iterator[Table]:
        """All rows as tables of at most `size` rows, in order. Raises SourceError."""
        yield from self._base.batches(size)
        for start in range(0, len(self._more), size):
            columns = self._more.columns.items()
            yield Table({name: cells[start : start + size] for name, cells in columns})

    def documents(self) -> tuple[SourceFile, ...]:
        """The documents of the source itself."""
        return self._base.documents()

    def describe(self) -> str:
        """Where both kinds of rows are from."""
        return self._place

    def notes(self) -> tuple[str, ...]:
        """How the source was read."""
        return self._base.notes()

    def origins(self) -> tuple[Origin, ...]:
        """Those of the source, then the rows that were added."""
        added = Origin(
            name=self._what, place="events", digest=self._digest_of_more, rows=len(self._more)
        )
        return (*self._base.origins(), added)

    @cached_property
    def _whole(self) -> Table:
        return concatenate([self._base.table(), self._more])

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256((self._base.digest() + self._digest_of_more).encode()).hexdigest()

    @cached_property
    def _digest_of_more(self) -> str:
        cells = {name: as_text(column).tolist() for name, column in self._more.columns.items()}
        return hashlib.sha256(msgspec.json.encode(cells, order="deterministic")).hexdigest()


def _none() -> Local:
    return Local(files=(), folder=Path())
