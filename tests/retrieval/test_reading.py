"""Hostile documents are refused in bounded time and memory, and the next one is read as ever."""

from __future__ import annotations

import io
import resource
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkeel.errors import SourceError
from twinkeel.retrieval.reading import Reader

MEMORY = 512 * 2**20


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader(seconds=2, seconds_per_mib=0, memory=MEMORY) as reader:
        yield reader


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def nested_forms(levels: int, each: int) -> bytes:
    """A PDF of a few kilobytes whose page draws a form that draws forms: each ** levels words."""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /XObject << /X 5 0 R >> >> >>",
        b"<< /Length 6 >>\nstream\n/X Do \nendstream",
    ]
    head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << %s >> /Length %d >>"
    font = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
    for level in range(levels + 1):
        last = level == levels
        drawn = b"BT /F 12 Tf 72 700 Td (again) Tj ET" if last else b"/X Do " * each
        uses = font if last else b"/XObject << /X %d 0 R >>" % (6 + level)
        parts.append((head + b"\nstream\n%s\nendstream") % (uses, len(drawn), drawn))
    data = b"%PDF-1.4\n"
    for number, part in enumerate(parts, start=1):
        data += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    return data + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (len(parts) + 1)


def word_file(document: bytes) -> bytes:
    """A Word file with these bytes for its text."""
    import docx

    made, file = io.BytesIO(), io.BytesIO()
    docx.Document().save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, document if name == "word/document.xml" else old.read(name))
    return file.getvalue()


def body(text: bytes, before: bytes = b"") -> bytes:
    space = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return (
        b'<?xml version="1.0"?>%s<w:document xmlns:w="%s"><w:body><w:p><w:r><w:t>%s</w:t></w:r>'
        b"</w:p></w:body></w:document>"
    ) % (before, space, text)


LAUGHS = b"<!DOCTYPE x [<!ENTITY a0 'ha'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (k + 1, b"&a%d;" % k * 10) for k in range(12)
)
HOSTILE = {
    "forms in forms.pdf": nested_forms(9, 10),
    "an endless comment.html": b"<!--" * 1_000_000 + b"x",
    "a billion laughs.docx": word_file(body(b"&a12;", LAUGHS)),
    "one line of 50 MB.txt": b"word " * 10_000_000,
    "a gigabyte packed.pdf": b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n"
    + zlib.compress(bytes(300 * 2**20)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_and_the_next_one_is_read(
    reader: Reader, tmp_path: Path, name: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(SourceError) as refused:
        reader.read(written(tmp_path, name, HOSTILE[name]), name)

    assert str(refused.value).startswith(("It is ", "Reading it took more than 2 seconds"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 2**10
    assert reader.read(written(tmp_path, "a.md", b"# A\n\nfee"), "a.md").text == "# A\n\nfee"


def test_a_word_file_cannot_read_other_files(reader: Reader, tmp_path: Path) -> None:
    secret = written(tmp_path, "secret.txt", b"the password")
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file://%s">]>' % str(secret).encode()
    path = written(tmp_path, "a.docx", word_file(body(b"Hello &e; there", entity)))

    try:
        text = reader.read(path, "a.docx").text
    except SourceError:
        return

    assert "password" not in text


def test_one_process_reads_many_documents(reader: Reader, tmp_path: Path) -> None:
    for k in range(50):
        text = f"The fee is ${k}."
        assert reader.read(written(tmp_path, "a.txt", text.encode()), "a.txt").text == text
    assert reader._process is not None
    assert reader._process.poll() is None


def test_nothing_is_imported_from_the_folder_of_the_documents(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("docx.py", "pypdfium2.py", "msgspec.py"):
        written(tmp_path, name, b"import sys; sys.exit('run')")
    monkeypatch.chdir(tmp_path)

    path = written(tmp_path, "a.docx", word_file(body(b"Hello")))

    assert reader.read(path, "a.docx").text.strip() == "Hello"


def test_a_missing_file_is_one_sentence(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        reader.read(tmp_path / "gone.md", "gone.md")


def test_a_process_that_is_gone_is_started_again(reader: Reader, tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", b"A fee.")
    reader.read(path, "a.md")
    assert reader._process is not None
    reader._process.kill()

    with pytest.raises(SourceError, match="broke off"):
        reader.read(path, "a.md")
    assert reader.read(path, "a.md").text == "A fee."
