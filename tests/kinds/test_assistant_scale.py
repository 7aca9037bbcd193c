"""A folder of 10,000 files and a PDF of 300 pages: all is counted, and memory stays bounded."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from fees import SERVICES, write_fee, write_fees
from pdfs import drawn_pdf, line
from twinkeel.project import Project

FILES = 10_000
READABLE = 300
"""Of the files: embedding 10,000 takes minutes, and so most are ones that are skipped."""
BROKEN = 100
"""Of the files: ones that are opened before they are skipped."""
PAGES = 300
ROOMS = ("the harbour hall", "the north wing", "the old library", "the glass house", "the attic")
MEMORY = 600 * 2**20
"""Bytes that a process that builds may ever have, interpreter and embedding model included."""
BUILD = """
import re, sys
from pathlib import Path
from twinkeel.project import Project
Project.open(Path(sys.argv[1])).build("support")
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
SKIPPED = (("zip", b"PK\x03\x04"), ("png", b"\x89PNG\r\n"), ("md", b""))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc"),
]


def write_many(folder: Path) -> None:
    """The price list among 10,000 files: articles, archives, pictures, empty and broken ones."""
    write_fees(folder)
    for k in range(READABLE - len(SERVICES)):
        write_fee(folder, f"extra parcel number {k}", 100 + k)
    for k in range(FILES - READABLE):
        suffix, data = ("pdf", b"%PDF-1.7\nnone") if k < BROKEN else SKIPPED[k % 3]
        (folder / "help" / f"scan-{k:05d}.{suffix}").write_bytes(data)


def built(folder: Path) -> int:
    """Build in a process of its own; the most memory that it ever had, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.split()[-1]) * 2**10


def test_every_one_of_10_000_files_is_counted_and_the_right_one_answers(tmp_path: Path) -> None:
    write_many(tmp_path / "project")
    assert len(list((tmp_path / "project" / "help").iterdir())) == FILES
    used = built(tmp_path / "project")
    with closing(Project.open(tmp_path / "project")) as project:
        project.build("support")
        project.release("support@1")
        first, again = (project.version(f"support@{n}").lineage.notes for n in (1, 2))
        values = project.ask("support", "What is the fee for extra parcel number 123?").values

    read = f"{READABLE} documents with {READABLE} passages were read; "
    assert (first[0], again[0]) == (
        f"{read}{READABLE} were new or had changed.",
        f"{read}0 were new or had changed.",
    )
    assert first[1].startswith(f"{FILES - READABLE:,} files were skipped: scan-00000.pdf (")
    assert first[1:] == again[1:]
    assert values["citations"][0]["document"] == "extra-parcel-number-123.md"
    assert "$223" in values["answer"]
    assert used < MEMORY


def test_an_answer_from_a_pdf_of_300_pages_names_the_right_page(tmp_path: Path) -> None:
    folder = write_fees(tmp_path / "project")
    said = {
        k: f"Locker {k} is in {ROOMS[k % 5]} and opens with code {7000 + k}."
        for k in range(1, PAGES + 1)
    }
    pages = [line(text, 700) for text in said.values()]
    (folder / "help" / "lockers.pdf").write_bytes(drawn_pdf(*pages))
    used = built(folder)
    with closing(Project.open(folder)) as project:
        project.release("support")
        for page in (1, 150, 287, PAGES):
            values = project.ask("support", f"Which code opens locker {page}?").values
            cited = values["citations"][0]
            assert (cited["document"], cited["page"]) == ("lockers.pdf", page)
            assert cited["quote"] == said[page]
    assert used < MEMORY
