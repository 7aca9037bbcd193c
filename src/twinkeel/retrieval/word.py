"""Word files (.docx): paragraphs and tables in their order, headings by their styles.

Text that is marked as hidden is read as all other, and told apart: machines read it.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from twinkeel.errors import MissingExtra, SourceError
from twinkeel.retrieval.documents import Content, Heading, limited, too_large

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

MEDIA = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_LARGEST = 128 * 2**20
"""Bytes of all parts but pictures, unpacked."""
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)


def docx(data: bytes) -> Content:
    """A Word file. Raises SourceError for a damaged one, or one that unpacks to too much."""
    try:
        import docx as python_docx
    except ImportError:
        raise MissingExtra("python-docx", "assistants", "Reading Word files") from None
    _check_size(data)
    try:
        document = python_docx.Document(io.BytesIO(data))
        title = document.core_properties.title or ""
        return _content(document, title)
    except SourceError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged file leads the parser to
        raise SourceError(
            f"It is a damaged Word file ({type(error).__name__}); save it again."
        ) from None


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            listed = parts.infolist()
    except zipfile.BadZipFile:
        raise SourceError("It is a damaged Word file; save it again.") from None
    size = sum(part.file_size for part in listed)
    if size > _LARGEST or len(listed) > 10_000:
        raise too_large(f"{size / 2**20:,.0f} MiB unpacked", f"{_LARGEST // 2**20} MiB")


def _content(document: object, title: str) -> Content:
    from docx.table import Table

    parts: list[str] = []
    headings: list[Heading] = []
    hidden: list[tuple[int, int]] = []
    length = 0
    for block in document.iter_inner_content():  # type: ignore[attr-defined] # typed as object
        if isinstance(block, Table):
            text, unseen = _rows(block)
        else:
            text, unseen = block.text, _hidden(block)
            level = _level(block.style.name if block.style else "")
            if level and text.strip():
                headings.append(Heading(start=length, level=level, title=text.strip()))
        if text.strip():
            hidden += [(length + start, length + end) for start, end in unseen]
            parts.append(text + "\n\n")
            length += len(parts[-1])
    first = headings[0].title if headings else ""
    return Content(
        title.strip() or first,
        limited("".join(parts)),
        tuple(headings),
        hidden=tuple(hidden),
    )


def _rows(table: Table) -> tuple[str, list[tuple[int, int]]]:
    """One line a row, cells apart by a bar; and the lines in which some text is hidden."""
    lines: list[str] = []
    hidden: list[tuple[int, int]] = []
    start = 0
    for row in table.rows:
        cells = row.cells
        lines.append(" | ".join(cell.text.strip() for cell in cells))
        if any(_hidden(one) for cell in cells for one in cell.paragraphs):
            hidden.append((start, start + len(lines[-1])))
        start += len(lines[-1]) + 1
    return "\n".join(lines), hidden


def _hidden(paragraph: Paragraph) -> list[tuple[int, int]]:
    """Where the paragraph's text is hidden (w:vanish), by its runs or their styles."""
    from docx.text.hyperlink import Hyperlink

    found: list[tuple[int, int]] = []
    start = 0
    for part in paragraph.iter_inner_content():
        for run in part.runs if isinstance(part, Hyperlink) else (part,):
            end = start + len(run.text)
            if run.text.strip() and _is_hidden(run, paragraph):
                found.append((start, end))
            start = end
    return found


def _is_hidden(run: Run, paragraph: Paragraph) -> bool:
    """What the run says of itself, else its style, else its paragraph's."""
    styles = (run.style, paragraph.style)
    said = (run.font.hidden, *(None if one is None else one.font.hidden for one in styles))
    return bool(next((one for one in said if one is not None), False))


def _level(style: str | None) -> int:
    match = _HEADING.match(style or "")
    return int(match[1]) if match else int(style == "Title")
