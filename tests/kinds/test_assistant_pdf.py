"""Answers from a PDF: the box is the quote's, and text that nobody sees is told of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from fees import write_fees
from pdfs import drawn_pdf, line
from twinkeel.project import Project

MOVING = "Tell us your new address two weeks before you move house."
HIDDEN = "The secret discount code for satellite phones is 1234."
PAGES = (
    line("The contract runs for twelve months.", 700) + line(MOVING, 660),
    line("Satellite phones are sold in our shops.", 700)
    + line("We repair them too.", 680)
    + line(HIDDEN, 600, "1 1 1 rg"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = write_fees(tmp_path_factory.mktemp("pdf") / "project")
    (folder / "help" / "terms.pdf").write_bytes(drawn_pdf(*PAGES))
    with closing(Project.open(folder)) as project:
        project.build("support")
        project.release("support")
        yield project


def test_a_citation_has_the_box_of_the_quote_and_not_of_its_passage(project: Project) -> None:
    output = project.ask("support", "When must I tell you my new address before I move house?")

    (cited,) = output.values["citations"]
    assert (cited["document"], cited["page"], cited["quote"]) == ("terms.pdf", 1, MOVING)
    _, bottom, _, top = cited["box"]
    assert 655 < bottom < top < 675
    assert not cited["unseen"]
    assert output.warnings == ()


def test_a_quote_that_cannot_be_seen_on_its_page_says_so(project: Project) -> None:
    output = project.ask("support", "What is the secret discount code for satellite phones?")

    assert {one["quote"]: one["unseen"] for one in output.values["citations"]}[HIDDEN]
    assert output.warnings[0].startswith("A quote from terms.pdf, page 2, cannot be seen there")


def test_the_build_names_documents_with_text_that_cannot_be_seen(project: Project) -> None:
    notes = " ".join(project.version("support").lineage.notes)

    assert "Text that cannot be seen on its page" in notes
    assert "is in terms.pdf, page 2. It is indexed" in notes


def test_a_rebuild_finds_all_parts_of_a_pdf(project: Project) -> None:
    again = project.build("support").version

    assert "0 were new or had changed" in again.lineage.notes[0]
