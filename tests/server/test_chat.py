"""Conversations over HTTP: the protocol, what is recorded, and the documents behind answers."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from chat_site import LATE, talking
from openapi_spec_validator import OpenAPIV31SpecValidator
from server_site import Site, serving
from starlette.testclient import TestClient

from twinkeel.server.chat import sentences

Maker = Callable[..., TestClient]
CHAT = "/v1/chat/completions"
DOCS = "/v1/components/talk/documents"
ORIGINALS = "/v1/components/talk/originals"


@pytest.fixture
def site(tmp_path: Path) -> Any:
    made = talking(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def talk() -> Any:
    """The conversing kind's module, which is installed for these tests alone."""
    return importlib.import_module("twinkeel_talk")


def asking(text: Any = LATE, **other: Any) -> dict[str, Any]:
    return {"model": "talk", "messages": [{"role": "user", "content": text}], **other}


def test_the_official_client_reads_whole_and_streamed_answers(site: Site, talk: Any) -> None:
    site.store.close()
    with serving(site.root) as (url, _):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none needed here", max_retries=0)
        messages: Any = asking()["messages"]

        whole = client.chat.completions.create(model="talk", messages=messages)
        streamed = list(
            client.chat.completions.create(model="talk", messages=messages, stream=True)
        )
        models = [one.id for one in client.models.list()]
        with pytest.raises(openai.UnprocessableEntityError, match="leave it out"):
            client.chat.completions.create(model="talk", messages=messages, tools=[{}])  # type: ignore[call-overload]
        with pytest.raises(openai.NotFoundError, match="There is no component 'tall'"):
            client.models.retrieve("tall")

    text = whole.choices[0].message.content
    pieces = [chunk.choices[0].delta.content or "" for chunk in streamed]
    assert text == "".join(pieces)
    assert [piece.strip() for piece in pieces if piece] == [one.strip() for one in sentences(text)]
    assert len([piece for piece in pieces if piece]) == 2
    assert streamed[-1].choices[0].finish_reason == "stop"
    (citation,) = streamed[-1].citations  # type: ignore[attr-defined]
    assert whole.citations == [citation]  # type: ignore[attr-defined]
    assert talk.PAYING[citation["start"] : citation["end"]] == citation["quote"]
    assert " ".join(citation["quote"].split()) == text
    assert models == ["talk"]


def test_an_answer_says_where_it_comes_from_and_joins_its_feedback(
    site: Site, make_client: Maker
) -> None:
    client = make_client(site)

    said = client.post(CHAT, json=asking()).json()
    joined = client.post(f"/v1/events/{said['id']}/feedback", json={"value": "helpful"})

    assert said["id"] == said["event"]
    assert (said["model"], said["version"], said["abstained"]) == ("talk", "talk@1", False)
    assert joined.status_code == 201
    (feedback,) = site.store.events.query(kind="feedback")
    assert (feedback.about, feedback.number) == (said["id"], 1)


def test_an_abstention_is_said(site: Site, make_client: Maker, talk: Any) -> None:
    said = make_client(site).post(CHAT, json=asking("Do you sell bicycles?")).json()

    assert said["choices"][0]["message"]["content"] == talk.UNKNOWN
    assert (said["abstained"], said["citations"], said["confidence"]) == (True, [], 0.1)


def test_earlier_messages_and_parts_of_text_are_read(site: Site, make_client: Maker) -> None:
    messages = [
        {"role": "developer", "content": "Answer in rhymes."},
        {"role": "user", "content": [{"type": "text", "text": LATE}]},
        {"role": "assistant", "content": "Five."},
        {"role": "user", "content": "And then?"},
    ]

    said = make_client(site).post(CHAT, json=asking() | {"messages": messages}).json()

    assert "fee of 5 €" in said["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("events", "stored"),
    [
        ("", {}),
        ("[events]\nsensitive = true", {"messages": [{"role": "user", "text": LATE}]}),
        ("[events]\ninputs = false\nsensitive = true", None),
    ],
)
def test_what_people_write_is_stored_only_where_the_project_says_so(
    tmp_path: Path, make_client: Maker, events: str, stored: Any
) -> None:
    site = talking(tmp_path, events)
    client = make_client(site)

    chat = client.post(CHAT, json=asking()).json()["event"]
    call = client.post("/v1/components/talk/call", json={"question": LATE}).json()["event"]

    assert site.store.events.find(chat).inputs == stored  # type: ignore[union-attr]
    kept = site.store.events.find(call).inputs  # type: ignore[union-attr]
    assert kept == ({"question": LATE} if stored else stored)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"messages": asking()["messages"]},
        asking(""),
        asking(None),
        asking([{"type": "image_url", "image_url": {"url": "http://evil.example/x.png"}}]),
        asking(stream="yes"),
        asking(n=2),
        asking(tools=[{"type": "function"}]),
        asking() | {"messages": []},
        asking() | {"messages": ["hello"]},
        asking() | {"messages": [{"role": "tool", "content": "x"}]},
        asking() | {"messages": [{"role": "assistant", "content": "x"}]},
        asking() | {"messages": [{"role": "user", "content": "x"}] * 1001},
    ],
)
def test_what_cannot_be_answered_is_one_sentence(
    site: Site, make_client: Maker, body: dict[str, Any]
) -> None:
    reply = make_client(site).post(CHAT, json=body)

    assert reply.status_code == 422
    error = reply.json()["error"]
    assert error["message"].startswith("This is not a chat request: ")
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (asking(model="nobody"), 404, "There is no component 'nobody'"),
        (asking(model="toy"), 404, "toy does not converse"),
        (asking(model="talk@2"), 404, "talk@2 is not in production: talk@1 is."),
        (asking("x" * 100_000), 422, "ask a shorter one"),
        (asking("defect"), 500, "a defect of the server"),
    ],
)
def test_the_error_is_in_the_protocol_s_shape(
    site: Site, make_client: Maker, body: Any, status: int, sentence: str
) -> None:
    reply = make_client(site).post(CHAT, json={**body, "stream": True})

    assert reply.status_code == status
    assert sentence in reply.json()["error"]["message"]
    assert reply.json()["request_id"]


def test_a_stream_is_whole_events_that_end_with_done(site: Site, make_client: Maker) -> None:
    reply = make_client(site).post(CHAT, json=asking(stream=True))

    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in reply.headers
    *events, done, rest = reply.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    parsed = [json.loads(event.removeprefix("data: ")) for event in events]
    assert {one["object"] for one in parsed} == {"chat.completion.chunk"}
    assert parsed[0]["choices"][0]["delta"]["role"] == "assistant"
    assert ["citations" in one for one in parsed] == [False] * (len(parsed) - 1) + [True]


@pytest.mark.parametrize(
    "text", ["", "One. Two!  Three?\n\nFour", "(e.g. this.) No end", "\n\n", "…"]
)
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_cited_documents_can_be_opened(site: Site, make_client: Maker, talk: Any) -> None:
    client = make_client(site)

    found = client.get(f"{DOCS}/billing/paying.md").json()
    terms = client.get(f"{DOCS}/terms%20%26%20conditions.pdf").json()

    assert (found["text"], found["media"], found["original"]) == (
        talk.PAYING,
        "text/markdown",
        False,
    )
    assert (terms["title"], terms["original"]) == ("Terms", True)
    assert client.get(f"{DOCS}/none.md").status_code == 404
    assert client.get("/v1/components/toy/documents/x").status_code == 400


def test_only_files_that_cannot_run_are_shown_as_they_are(
    site: Site, make_client: Maker, talk: Any
) -> None:
    client = make_client(site)

    terms = client.get(f"{ORIGINALS}/terms%20%26%20conditions.pdf")

    assert terms.content == talk.DOCUMENTS[-1].original
    assert terms.headers["content-type"] == "application/pdf"
    assert "default-src 'none'" in terms.headers["content-security-policy"]
    assert terms.headers["x-content-type-options"] == "nosniff"
    for name in ("page.html", "billing/paying.md"):
        assert client.get(f"{ORIGINALS}/{name}").status_code == 404


def test_a_model_is_listed_where_it_converses(site: Site, make_client: Maker) -> None:
    client = make_client(site)

    listed = client.get("/v1/models").json()["data"]

    assert [(one["id"], one["object"], one["owned_by"]) for one in listed] == [
        ("talk", "model", "toys")
    ]
    assert client.get("/v1/models/talk").json() == listed[0]
    assert client.get("/v1/models/toy").status_code == 404


def test_the_description_has_the_chat_routes(site: Site, make_client: Maker) -> None:
    document = make_client(site).get("/openapi.json").json()

    OpenAPIV31SpecValidator(document).validate()
    assert "/v1/components/{name}/documents/{document}" in document["paths"]
    assert CHAT in document["paths"]


def test_calls_and_refusals_are_counted(site: Site, make_client: Maker) -> None:
    client = make_client(site)
    client.post(CHAT, json=asking())
    client.post(CHAT, json=asking("x" * 2000))

    text = client.get("/metrics").text

    assert 'twinkeel_calls_total{component="talk",version="talk@1"} 1' in text
    assert 'twinkeel_call_errors_total{component="talk"} 1' in text


def test_the_chat_page_is_at_the_root_while_something_converses(
    site: Site, make_client: Maker, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    plain = Site(tmp_path / "other")
    plain.release(2.0)

    assert "/static/chat.js" in make_client(site).get("/").text
    assert "/static/try.js" in make_client(site).get("/try").text
    assert "/static/try.js" in make_client(plain).get("/").text
