"""A data frame given from Python as a source."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from twinkeel.config import SourceConfig
from twinkeel.data.sources import Local, Source, SourceFile
from twinkeel.data.table import Table, from_frame
from twinkeel.data.writing import to_arrow
from twinkeel.errors import ContractError, SourceError

_ROWS = 1 << 16


class FrameSource(Source):
    """A pandas, polars or pyarrow frame under a source's name; its digest is of its contents."""

    def __init__(self, name: str, frame: Any, config: SourceConfig) -> None:
        super().__init__(name, f"a {type(frame).__module__.partition('.')[0]} frame", _none, config)
        self._frame = frame

    def batches(self, size: int = _ROWS) -> Iterator[Table]:
        """All rows as tables of at most `size` rows, in order. Raises SourceError."""
        if len(self._whole) == 0:
            raise SourceError(f"{self.name} is a frame without rows: expected at least one.")
        for start in range(0, len(self._whole), size):
            part = {
                name: cells[start : start + size] for name, cells in self._whole.columns.items()
            }
            yield Table(part)
        self._counted = len(self._whole)

    def expected(self) -> tuple[int, int]:
        """Its rows, or as many as `sample_rows` allows, and its columns."""
        return min(len(self._frame), self._config.sample_rows), self._frame.shape[1]

    def documents(self) -> tuple[SourceFile, ...]:
        """Raises SourceError: a frame holds no documents."""
        raise SourceError(f"{self.name} is a frame, and documents were expected: give a path.")

    @cached_property
    def _whole(self) -> Table:
        try:
            return from_frame(self._frame)
        except ContractError as error:
            raise SourceError(f"{self.name}: {error}") from None

    @cached_property
    def _digest(self) -> str:
        """sha256 of the frame as Parquet, which writes missing values in one way only."""
        from pyarrow import parquet

        sink = _Hashing()
        parquet.write_table(to_arrow(self._whole), sink, use_dictionary=False, compression="none")
        return hashlib.sha256((sink.digest.hexdigest() + self._said).encode()).hexdigest()


class _Hashing(io.RawIOBase):
    """Keeps nothing of what is written but its hash."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        self.digest.update(data)
        self._at += len(data)
        return len(data)


def _none() -> Local:
    return Local(files=(), folder=Path())
