"""CSV files: the delimiter, the encoding, the header and the decimal style, and the rows.

Owns everything about text tables: , ; tab and | as delimiters, UTF-8 and UTF-16 with or without a
byte order mark, Windows-1252 and Latin-1 where text is not UTF-8. Cells stay texts, so that types
are the contract's to infer. Refuses, naming the file and the line: header-only files, ragged rows,
repeated names, quotes that are not closed, and bytes that are not in the encoding.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from twinkeel.data import compression, quoting
from twinkeel.data.formats import HEAD, Head, Reading
from twinkeel.data.numerals import Style, rewritten, style_of
from twinkeel.errors import NoRows, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 4 << 20
"""Bytes of CSV parsed at a time; a row must fit."""
_LAST_LINE = 1 << 16
"""Bytes of the last line, or of one that goes on, that are looked at."""
_SAMPLE_ROWS = 200
_DELIMITERS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Dialect(NamedTuple):
    """How a CSV file is written."""

    delimiter: str
    names: tuple[str, ...]
    """The header's names; a column without one is `column_3`, counted from 1."""
    blank_lines: int
    """Blank lines before the header."""
    encoding: str
    guessed: bool
    """Nobody said the encoding."""
    style: Style | None
    """How numbers are written, where it is not 1234.56."""
    notes: tuple[str, ...]


def dialect_of(path: Path, head: Head, reading: Reading) -> Dialect:
    """How a CSV file is written, as far as `reading` does not say it. Raises SourceError."""
    encoding = _encoding(path, head, reading.encoding)
    lines = _lines(path, head, encoding)
    sample = list(itertools.dropwhile(lambda line: not line.strip(), lines))
    delimiters = (reading.delimiter,) if reading.delimiter else _DELIMITERS
    rows = {delimiter: _parsed(sample, delimiter) for delimiter in delimiters}
    delimiter = max(delimiters, key=lambda one: _agreement(rows[one]))
    if not rows[delimiter]:
        raise SourceError(f"{path} is empty: expected a header and rows.")
    header = rows[delimiter][0]
    if any(map(_has_break, header)):
        quoting.check(path, encoding, delimiter, ())
    names = column_names(path, header)
    whole = [row for row in rows[delimiter][1:] if len(row) == len(names)]
    style = style_of(whole, reading.decimal)
    return Dialect(
        delimiter=delimiter,
        names=names,
        blank_lines=len(lines) - len(sample),
        encoding=encoding,
        guessed=reading.encoding is None,
        style=style,
        notes=tuple(_notes(path, reading, encoding, style, names)),
    )


def batches(path: Path, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """The rows as batches of texts. Raises SourceError, at the batch that has the fault."""
    import pyarrow as pa
    from pyarrow import csv as pacsv

    texts = dict.fromkeys(dialect.names, pa.string())
    checked = False
    try:
        with compression.opened(path) as raw:
            stream = _Remembering(_utf8(path, raw, dialect))
            reader = pacsv.open_csv(
                stream,
                read_options=pacsv.ReadOptions(
                    block_size=_BLOCK,
                    column_names=list(dialect.names),
                    skip_rows=dialect.blank_lines,
                    skip_rows_after_names=1,
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=dialect.delimiter, newlines_in_values=True
                ),
                convert_options=pacsv.ConvertOptions(column_types=texts, strings_can_be_null=False),
            )
            for batch in reader:
                if not checked and (_breaks_lines(batch) or stream.ends_with_quotes):
                    quoting.check(path, dialect.encoding, dialect.delimiter, dialect.names)
                    checked = True
                yield _in_style(batch, dialect.style)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeError) as error:
        raise _fault(path, dialect, error) from None


def column_names(path: Path, header: Sequence[str]) -> tuple[str, ...]:
    """The names in a header. Raises SourceError for one that comes twice."""
    names = tuple(cell.strip() or f"column_{k}" for k, cell in enumerate(header, start=1))
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SourceError(f"{path} has two columns named {name!r}: rename one of them.")
        seen.add(name)
    return names


def no_rows(path: Path) -> NoRows:
    """The error for a table that has a header at most."""
    return NoRows(f"{path} has a header and no rows: expected at least one row.")


def _encoding(path: Path, head: Head, wanted: str | None) -> str:
    if wanted is not None:
        return _known(path, wanted)
    for mark, name in _MARKS:
        if head.content.startswith(mark):
            return name
    if _mixed(head):
        raise _not_in(path, "utf-8", other_lines=True)
    for name in ("utf-8", "cp1252"):
        if _decodes(head, name):
            return name
    return "latin-1"


def _mixed(head: Head) -> bool:
    """Whether some lines are UTF-8 beyond ASCII, and others are not UTF-8."""
    if head.content.isascii() or _decodes(head, "utf-8"):
        return False
    lines = _cut(head.content)
    wide = [line for line in (lines if head.whole else lines[:-1]) if not line.isascii()]
    return 0 < sum(map(_is_utf8, wide)) < len(wide)


def _cut(data: bytes) -> list[bytes]:
    """What is between ends of lines, whichever of the three they are."""
    return data.replace(b"\r", b"\n").split(b"\n")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _known(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        b"".decode(name)
    except LookupError:
        raise SourceError(
            f"{path}: encoding {encoding!r} is not known; write it as utf-8, utf-16 or cp1252."
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


def _decodes(head: Head, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(head.content, final=head.whole)
    except UnicodeDecodeError:
        return False
    return True


def _lines(path: Path, head: Head, encoding: str) -> list[str]:
    """The lines of the head that are surely whole."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(head.content, final=head.whole)
    except UnicodeDecodeError:
        raise _not_in(path, encoding) from None
    lines = io.StringIO(text, newline="").readlines()
    return lines if head.whole or len(lines) < 2 else lines[:-1]


def _parsed(lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    csv.field_size_limit(quoting.LONGEST)
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return rows
    return rows


def _agreement(rows: list[list[str]]) -> tuple[float, int]:
    """How well a delimiter explains a sample: share of rows as wide as the header, its width."""
    if not rows or len(rows[0]) < 2:
        return (0.0, 0)
    width = len(rows[0])
    return (sum(len(row) == width for row in rows) / len(rows), width)


def _notes(
    path: Path, reading: Reading, encoding: str, style: Style | None, names: Sequence[str]
) -> Iterator[str]:
    if reading.encoding is None and encoding in ("cp1252", "latin-1"):
        yield (
            f"{path.name} is not UTF-8 text and was read as {encoding}; the source's encoding "
            "says otherwise."
        )
    if style is not None:
        columns = ", ".join(names[place] for place in sorted(style.columns)[:5])
        more = ", ..." if len(style.columns) > 5 else ""
        yield (
            f"{path.name} writes numbers as {style.marks.example} in {columns}{more}: read as "
            "numbers; the source's decimal says otherwise."
        )


def _in_style(batch: pa.RecordBatch, style: Style | None) -> pa.RecordBatch:
    import pyarrow as pa

    if style is None:
        return batch
    columns = [
        rewritten(column, style.marks) if place in style.columns else column
        for place, column in enumerate(batch.columns)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _has_break(text: str) -> bool:
    return "\n" in text or "\r" in text


def _breaks_lines(batch: pa.RecordBatch) -> bool:
    """Whether a cell holds a line break: it may be a quote that is not closed."""
    texts = (column.buffers()[2] for column in batch.columns)
    cells = (buffer.to_pybytes() for buffer in texts if buffer is not None)
    return any(b"\n" in one or b"\r" in one for one in cells)


def _utf8(path: Path, raw: IO[bytes], dialect: Dialect) -> IO[bytes]:
    """The stream as UTF-8, which the fast parser reads."""
    if dialect.encoding in ("utf-8", "utf-8-sig"):
        return raw
    if dialect.guessed and dialect.encoding in ("cp1252", "latin-1"):
        raw = io.BufferedReader(_NeverUtf8(path, raw), HEAD)
    return io.BufferedReader(_Recoded(raw, dialect.encoding), _BLOCK)


class _Remembering(io.RawIOBase):
    """A stream that remembers how it ends."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._last = b""
        self._over = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._raw.read(size)
        self._over = not data
        self._last = (self._last + data)[-_LAST_LINE:]
        return data

    @property
    def ends_with_quotes(self) -> bool:
        """Whether all was read and its last line has a quote, which may be open."""
        return self._over and b'"' in self._last.rstrip().replace(b"\r", b"\n").rpartition(b"\n")[2]


class _NeverUtf8(io.RawIOBase):
    """A stream of which some lines were found not to be UTF-8; one that is, is refused."""

    def __init__(self, path: Path, raw: IO[bytes]) -> None:
        self._path = path
        self._raw = raw
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # bytes are written
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        lines = _cut(self._rest + data)
        self._rest = lines.pop()[-_LAST_LINE:] if data else b""
        if any(not line.isascii() and _is_utf8(line) for line in lines):
            raise _not_in(self._path, "utf-8", other_lines=True)
        return len(data)


class _Recoded(io.RawIOBase):
    """Text in any encoding as UTF-8, a block at a time."""

    def __init__(self, raw: IO[bytes], encoding: str) -> None:
        self._raw = raw
        self._decode = codecs.getincrementaldecoder(encoding)()
        self._held = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # bytes are written
        while not self._held:
            data = self._raw.read(HEAD)
            self._held = self._decode.decode(data, final=not data).encode()
            if not data:
                break
        part, self._held = self._held[: len(buffer)], self._held[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def _fault(path: Path, dialect: Dialect, error: Exception) -> SourceError:
    """The sentence for a file that the fast parser refuses, found by a slow second reading."""
    found, width = 0, len(dialect.names)
    try:
        for row in quoting.rows(path, dialect.encoding, dialect.delimiter, dialect.names):
            found += bool("".join(row.cells).strip())
            if row.cells and len(row.cells) != width:
                return SourceError(
                    f"{path}, line {row.line}: expected {width} cells as in the header, got "
                    f"{len(row.cells)}; correct the line, or quote cells that contain "
                    f"{dialect.delimiter!r}."
                )
    except UnicodeError:
        return _not_in(path, dialect.encoding)
    except SourceError as unclosed:
        return unclosed
    if found < 2:
        return no_rows(path)
    return SourceError(f"{path} cannot be read as CSV: {str(error).splitlines()[0].rstrip('.')}.")


def _not_in(path: Path, encoding: str, *, other_lines: bool = False) -> SourceError:
    """The error for bytes that are not text in an encoding, naming the first of them."""
    line, byte = _first_fault(path, encoding)
    name = "UTF-8" if encoding in ("utf-8", "utf-8-sig") else encoding
    what = f"{path}, line {line}: this is not {name} text (byte {byte:,} of the file)"
    if other_lines:  # no encoding that a source could name is right
        return SourceError(f"{what}, as other lines are; save the file in one encoding (UTF-8).")
    other = "latin-1" if encoding == "cp1252" else "cp1252"
    return SourceError(
        f"{what}; save the file as UTF-8, or say its encoding where a project's source names the "
        f'file, such as encoding = "{other}".'
    )


def _first_fault(path: Path, encoding: str) -> tuple[int, int]:
    """The line and the byte, both from 1, of the first that is not text in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, done = 0, 0
    with compression.opened(path) as raw:
        for content in raw:
            line, held = line + 1, len(decoder.getstate()[0])
            try:
                decoder.decode(content)
            except UnicodeDecodeError as error:
                return line, done - held + error.start + 1
            done += len(content)
    return max(line, 1), done  # it ends within a character
