"""Sources: named data that components are built from.

Whatever a source names, it ends as files on this machine: a path's own, copies of those at a URL,
or what a query or a database gave, written down once. Owns reading them as one table in bounded
memory, as batches, or as documents, and saying where they came from. Refuses files of one table
whose forms or columns differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from twinkeel.config import SourceConfig
from twinkeel.data import files
from twinkeel.data.compression import explained
from twinkeel.data.formats import Reading
from twinkeel.data.sample import Sample, sampled
from twinkeel.data.table import Table
from twinkeel.errors import SourceError
from twinkeel.records import Origin

_ROWS = 1 << 16
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst", ".zip"})


@dataclass(frozen=True)
class SourceFile:
    """One file of a source, for those who read documents rather than one table."""

    name: str
    """Its path below the part of the source's path that is no pattern, with `/`."""
    path: Path
    digest: str
    """sha256 of its contents, in hex."""


@dataclass(frozen=True)
class Local:
    """A source's data on this machine."""

    files: tuple[Path, ...]
    folder: Path
    """What the files' names are relative to."""
    notes: tuple[str, ...] = ()
    before: tuple[Origin, ...] = ()
    """The sources that a query read."""
    query: str | None = None
    what: str | None = None
    """What errors call the one file that a query or a database gave."""
    keeps: object = None
    """What must live as long as the files: the folder of copies, for example."""


class Source:
    """Named data; reading it twice gives the same rows or documents.

    `fetch` is asked once, when the data is first needed, and `place` says where they are from.
    """

    def __init__(
        self, name: str, place: str, fetch: Callable[[], Local], config: SourceConfig | None = None
    ) -> None:
        self.name = name
        self._place = place
        self._fetch = fetch
        self._config = config or SourceConfig()
        self._was_table = False
        self._counted: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that hold the data on this machine."""
        return self._local.files

    def table(self) -> Table:
        """All rows, or a fixed sample where there are more than `sample_rows`; read once.

        Raises SourceError.
        """
        return self._sample.table

    @property
    def rows(self) -> int:
        """How many rows there are, of which `table` may be a sample. Raises SourceError."""
        return self._sample.rows

    def expected(self) -> tuple[int, int] | None:
        """How many rows and columns `table` will have, where that can be told before it is read.

        Raises SourceError.
        """
        counts = [files.count(path) for path in self.files]
        rows = sum(count for count in counts if count is not None)
        if None in counts or rows == 0:
            return None
        first = next(iter(self.batches(1)))
        return min(rows, self._config.sample_rows), len(first.names)

    def batches(self, size: int = _ROWS) -> Iterator[Table]:
        """All rows as tables of at most `size` rows, in order. Raises SourceError."""
        first: tuple[str, ...] = ()
        rows = 0
        self._was_table = True
        self._check_forms()
        for path in self.files:
            for table in self._parts(path, size):
                first = first or table.names
                self._check_columns(path, first, table)
                rows += len(table)
                yield Table({name: table.columns[name] for name in first})
        self._counted = rows

    def documents(self) -> tuple[SourceFile, ...]:
        """Every file by itself, in the order of their names. Raises SourceError."""
        return tuple(
            SourceFile(
                name=path.relative_to(self._local.folder).as_posix(), path=path, digest=digest
            )
            for path, digest in zip(self.files, self._digests, strict=True)
        )

    def digest(self) -> str:
        """sha256 of the contents, in hex: of one file its own, of several that of their digests.

        Keys that change how the contents are read are part of it.
        """
        return self._digest

    def describe(self) -> str:
        """The source in a few words: its name, and where it is."""
        return f"{self.name} ({self._place})"

    def notes(self) -> tuple[str, ...]:
        """What a person should know of how the data was read, a sentence each."""
        return (*self._local.notes, *self._file_notes, *self._sample_notes())

    def origins(self) -> tuple[Origin, ...]:
        """Where the data came from: the sources of a query first, then this one."""
        read = self.__dict__.get("_sample")
        origin = Origin(
            name=self.name,
            place=self._place,
            digest=self.digest(),
            rows=self._counted if read is None else read.rows,
            sampled=None if read is None or read.rows == len(read.table) else len(read.table),
            query=self._local.query,
        )
        return (*self._local.before, origin)

    @cached_property
    def _local(self) -> Local:
        return self._fetch()

    @cached_property
    def _reading(self) -> Reading:
        keys = ("delimiter", "encoding", "decimal", "sheet")
        return Reading(**{key: getattr(self._config, key) for key in keys})

    @cached_property
    def _sample(self) -> Sample:
        return sampled(self.batches(), self._config.sample_rows)

    @property
    def _file_notes(self) -> tuple[str, ...]:
        """How tables were read; of documents there is nothing to say here."""
        if not self._was_table:
            return ()
        return tuple(note for path in self.files for note in files.notes(path, self._reading))

    def _sample_notes(self) -> tuple[str, ...]:
        read = self.__dict__.get("_sample")
        if read is None or read.rows == len(read.table):
            return ()
        return (
            f"{self.name} has {read.rows:,} rows: a fixed sample of {len(read.table):,} was used, "
            "the same in every build; the source's sample_rows says how many.",
        )

    @cached_property
    def _digest(self) -> str:
        if len(self._digests) == 1 and not self._said:
            return self._digests[0]
        return hashlib.sha256("".join([*self._digests, self._said]).encode()).hexdigest()

    @cached_property
    def _said(self) -> str:
        """The keys that change what is read, as JSON; "" where none is given."""
        plain = SourceConfig()
        keys = ("delimiter", "encoding", "decimal", "sheet", "sample_rows")
        said = {key: getattr(self._config, key) for key in keys}
        given = {key: value for key, value in said.items() if value != getattr(plain, key)}
        return msgspec.json.encode(given).decode() if given else ""

    @cached_property
    def _digests(self) -> list[str]:
        return [_sha256(path) for path in self.files]

    def _parts(self, path: Path, size: int) -> Iterator[Table]:
        """One file as tables; errors name what it is to a person."""
        try:
            yield from files.batches(path, size, self._reading)
        except SourceError as error:
            raise SourceError(str(error).replace(str(path), self._called(path))) from None

    def _called(self, path: Path) -> str:
        """A file as errors call it: a copy that is soon gone by what it is a copy of."""
        local = self._local
        if local.keeps is None:
            return str(path)
        return local.what or f"[sources.{self.name}] {path.relative_to(local.folder).as_posix()}"

    def _check_forms(self) -> None:
        forms = {_ending(path) for path in self.files}
        if len(forms) > 1:
            raise SourceError(
                f"[sources.{self.name}] path matches files of several forms "
                f"({', '.join(sorted(forms))}), and one was expected for a table; narrow the glob."
            )

    def _check_columns(self, path: Path, first: Sequence[str], table: Table) -> None:
        different = sorted(set(first) ^ set(table.names))
        if different:
            raise SourceError(
                f"{self._called(path)} and {self._called(self.files[0])} differ in column "
                f"{different[0]!r}: files of one source have the same columns; correct the file or "
                "narrow the glob."
            )


def _ending(path: Path) -> str:
    """How a name ends, whatever it is compressed with."""
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() or ending if ending in _PACKED else ending


def _sha256(path: Path) -> str:
    with explained(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
