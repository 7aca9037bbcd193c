"""The chat page in a real browser: what a reader does, and what a hostile document tries."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from browser import Page, browsing, installed
from chat_site import LATE, talking
from server_site import Site, serving

from waiting import eventually

pytestmark = pytest.mark.skipif(installed() is None, reason="no Chromium is installed")

SHOWN = (
    "document.getElementById('greeting')?.textContent && !document.getElementById('main').hidden"
)


class Open(NamedTuple):
    """The page of a running server."""

    page: Page
    site: Site
    url: str

    def ask(self, question: str) -> None:
        """Type a question, press Enter, and wait until the answer is whole."""
        before = self.count(".judge")
        self.page.run("document.getElementById('question').focus()")
        self.page.write(question)
        self.page.press("Enter", 13)
        self.page.wait(f"document.querySelectorAll('.judge').length == {before + 1}")

    def count(self, selector: str) -> int:
        return int(self.page.run(f"document.querySelectorAll({selector!r}).length"))

    def text(self, selector: str) -> str:
        """The visible text of the last element that fits."""
        return str(self.page.run(f"[...document.querySelectorAll({selector!r})].at(-1).innerText"))

    def click(self, selector: str) -> None:
        self.page.run(f"[...document.querySelectorAll({selector!r})].at(-1).click()")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, toy_kind: None) -> Iterator[Any]:
    root = tmp_path_factory.mktemp("talking")
    site = talking(root)
    with serving(root) as (url, _), browsing(root / "profile") as page:
        yield Open(page, site, url)
    site.store.close()


@pytest.fixture
def chat(running: Open) -> Open:
    """The page as a reader finds it, on a desktop's screen."""
    running.page.size(1280, 800)
    running.page.open("about:blank")
    running.page.events.clear()
    running.page.open(running.url + "/")
    running.page.wait(SHOWN)
    return running


def test_an_answer_is_shown_with_its_numbered_source(chat: Open) -> None:
    chat.ask(LATE)

    assert "A late payment adds a fee of 5 €" in chat.text(".said")
    assert chat.text(".said .ref") == "1"
    assert chat.text(".cite .title") == "Paying your bill"
    assert "billing/paying.md" in chat.text(".cite .place")
    assert chat.page.run("document.activeElement.id") == "question"


def test_a_source_opens_at_exactly_the_quoted_passage(chat: Open) -> None:
    paying = importlib.import_module("twinkeel_talk").PAYING
    chat.ask(LATE)

    chat.click(".cite")
    chat.page.wait("document.querySelector('#source-text mark')")

    marked = str(chat.page.run("document.querySelector('mark').textContent"))
    assert marked in paying.replace("\n", " ")
    assert marked.startswith("A late payment adds")
    assert marked.endswith("is settled.")
    whole = str(chat.page.run("document.querySelector('#source-text').textContent"))
    assert whole.replace("\n", " ") == paying.replace("\n", " ")
    assert chat.page.run("document.activeElement.id") == "source-title"
    chat.page.press("Escape", 27)
    chat.page.wait("document.querySelector('#source').hidden")
    assert chat.page.run("document.activeElement.className") == "cite"


def test_a_pdf_opens_at_its_page(chat: Open) -> None:
    chat.ask("What about cancellation?")

    chat.click(".cite")
    chat.page.wait("document.querySelector('#source-links a')")

    link = str(chat.page.run("document.querySelector('#source-links a').href"))
    assert "/v1/components/talk/originals/terms%20%26%20conditions.pdf#page=3&search=" in link
    assert chat.page.run(f"fetch({link!r}).then((r) => r.headers.get('content-type'))") == (
        "application/pdf"
    )


def test_feedback_joins_the_answer(chat: Open) -> None:
    chat.ask(LATE)

    chat.click(".judge button:last-of-type")
    chat.page.wait("document.querySelector('.judge form')")
    chat.page.run("document.querySelector('.judge form input').focus()")
    chat.page.write("It is 6 € now")
    chat.page.press("Enter", 13)
    chat.page.wait("!document.querySelector('.judge form')")

    assert chat.page.run(
        "document.querySelector('.judge button:last-of-type').getAttribute('aria-pressed')"
    ) == ("true")
    found = {"value": "not helpful", "comment": "It is 6 € now"}
    assert eventually(
        lambda: found in [e.output for e in chat.site.store.events.query(kind="feedback")]
    )
    newest, *_ = chat.site.store.events.query(kind="feedback")
    assert newest.about is not None
    assert chat.site.store.events.find(newest.about).component == "talk"  # type: ignore[union-attr]


def test_no_answer_is_said_plainly(chat: Open) -> None:
    chat.ask("Do you sell bicycles?")

    assert chat.text(".verdict") == "The documents do not answer this"
    assert chat.count(".cite") == 0


def test_what_was_said_before_goes_along_until_a_new_conversation(chat: Open) -> None:
    chat.ask(LATE)
    chat.ask("And then?")
    assert "fee of 5 €" in chat.text(".said")

    chat.click("#fresh")

    assert chat.count(".turn") == 0
    assert chat.page.run("document.getElementById('welcome').hidden") is False


def test_a_hostile_document_is_only_text(chat: Open) -> None:
    chat.ask("Help with the instructions")
    chat.click(".cite")
    chat.page.wait("document.querySelector('#source-text mark')")

    assert "<b>password</b>" in chat.text(".said")
    assert "<script>" in chat.text("#source-text")
    assert chat.text("#source-title") == "Router <i>help</i>"
    assert chat.count("main :is(img, script, b:not(.cite b), i:not(.waiting i, .heading i))") == 0
    assert chat.page.run("document.title") == "toys"
    asked = {each["request"]["url"] for each in chat.page.told("Network.requestWillBeSent")}
    assert all(url.startswith((chat.url, "about:")) for url in asked)


def test_a_question_that_is_refused_can_be_mended(chat: Open) -> None:
    chat.page.run("document.getElementById('question').focus()")
    chat.page.write("long " * 300)
    chat.page.press("Enter", 13)
    chat.page.wait("document.querySelector('.turn .error')")

    assert "ask a shorter one" in chat.text(".turn .error")
    assert str(chat.page.run("document.getElementById('question').value")).startswith("long long")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_everything_within_its_width(chat: Open, dark: bool, tmp_path: Path) -> None:
    chat.page.size(360, 740, phone=True, dark=dark)
    chat.ask(LATE)
    width = "document.documentElement.scrollWidth"
    assert chat.page.run(width) == 360

    chat.click(".cite")
    chat.page.wait("document.querySelector('mark')")

    assert chat.page.run(width) == 360
    box = chat.page.run("JSON.stringify(document.querySelector('mark').getBoundingClientRect())")
    assert '"top"' in box
    assert chat.page.run(
        "(({top, bottom}) => top > 0 && bottom < innerHeight)"
        "(document.querySelector('mark').getBoundingClientRect())"
    )
    assert chat.page.run("document.getElementById('conversation').inert") is True
    chat.page.shot(tmp_path / "phone.png")
    assert (tmp_path / "phone.png").stat().st_size > 10_000


def test_every_control_has_a_name_and_the_log_is_announced(chat: Open) -> None:
    chat.ask(LATE)

    chat.page.send("Accessibility.enable")
    nodes = chat.page.send("Accessibility.getFullAXTree")["nodes"]
    shown = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
    ]

    unnamed = [role for role, name in shown if role in ("button", "textbox", "link") and not name]
    assert unnamed == []
    assert ("textbox", "Your question") in shown
    assert ("log", "Conversation") in shown
    assert ("button", "Source 1: Paying your bill") in shown


def test_the_page_breaks_no_rule_of_its_own(chat: Open) -> None:
    chat.ask(LATE)
    chat.click(".cite")
    chat.page.wait("document.querySelector('mark')")

    said = [each["entry"]["text"] for each in chat.page.told("Log.entryAdded")]
    assert [text for text in said if "Content Security Policy" in text] == []
    assert chat.page.told("Runtime.exceptionThrown") == []


def test_the_form_for_other_components_is_one_step_away(chat: Open) -> None:
    chat.page.run("document.querySelector('#tabs a[href=\"/try#toy\"]').click()")
    chat.page.wait("document.getElementById('call-title')?.textContent == 'toy'")

    chat.page.run("document.getElementById('send').click()")
    chat.page.wait("document.querySelector('#answer .outputs')")

    assert chat.text("#tabs a[aria-current=page]").startswith("toy")


def test_a_key_is_asked_for_once(chat: Open) -> None:
    secret = chat.site.store.add_key("reader", "caller")
    chat.page.open("about:blank")
    try:
        assert eventually(lambda: not _open(chat))
        chat.page.open(chat.url + "/")
        chat.page.wait("!document.getElementById('key-form').hidden")
        chat.page.write(secret)
        chat.page.press("Enter", 13)
        chat.page.wait(SHOWN)
        chat.ask("What about cancellation?")
        chat.click(".cite")
        chat.page.wait("document.querySelector('#source-links a')")
        link = str(chat.page.run("document.querySelector('#source-links a').href"))
        assert link.startswith("blob:")
        assert "#page=3&search=" in link
    finally:
        chat.site.store.revoke_key("reader")
        chat.page.run("sessionStorage.clear()")


def _open(chat: Open) -> bool:
    import httpx

    return httpx.get(f"{chat.url}/v1/components").status_code == 200
