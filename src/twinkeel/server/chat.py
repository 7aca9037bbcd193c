"""The chat-completions protocol: a request -> messages, a recorded answer -> a reply.

Owns the wire shapes that OpenAI's clients expect, and the fields that Twinkeel adds to them:
`citations`, `abstained`, `confidence`, `version`, `event` and `warnings` beside `choices`.
Settings of sampling are ignored, since an answer here is not sampled; what would change the
meaning of the answer (several choices, tools, images) is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, Literal

from twinkeel import strict_json
from twinkeel.errors import RequestError
from twinkeel.lifecycle.serve import Answer
from twinkeel.records import Json, Message, Record

_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}
_REFUSED = ("tools", "functions", "audio")
_MOST = 1000
"""Messages in one request."""
_SENTENCE = re.compile(r".+?(?:(?<=[.!?…])[\"'”’)\]]*\s+|\n\s*\n\s*|\Z)", re.DOTALL)


class ChatRequest(Record, frozen=True, kw_only=True):
    """What is understood of a request."""

    model: str
    messages: tuple[Message, ...]
    stream: bool


def request(body: dict[str, Json]) -> ChatRequest:
    """Read a request's body; raises RequestError (422) naming what cannot be done."""
    model, stream = body.get("model"), body.get("stream", False)
    if not isinstance(model, str) or not model:
        raise _unfit('"model" must name a component: GET /v1/models lists them.')
    if stream is not None and not isinstance(stream, bool):
        raise _unfit('"stream" must be true or false.')
    for key in _REFUSED:
        if body.get(key):
            raise _unfit(f'"{key}" cannot be answered here: leave it out.')
    if body.get("n") not in (None, 1):
        raise _unfit('there is one answer to a question: leave "n" out.')
    return ChatRequest(model=model, messages=_messages(body), stream=bool(stream))


def completion(answer: Answer, model: str, request_id: str) -> dict[str, Any]:
    """A whole answer as one `chat.completion`."""
    message = {"role": "assistant", "content": _text(answer), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = _head(answer, model, request_id)
    return {**head, "object": "chat.completion", "choices": [choice], **_extension(answer)}


def chunks(answer: Answer, model: str, request_id: str) -> Iterator[bytes]:
    """An answer as server-sent events: a chunk for each sentence, the extension with the last."""
    head = {**_head(answer, model, request_id), "object": "chat.completion.chunk"}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": sentence} for sentence in sentences(_text(answer))]
    for delta in deltas:
        yield _event({**head, "choices": [_choice(delta, None)]})
    yield _event({**head, "choices": [_choice({}, "stop")], **_extension(answer)})
    yield b"data: [DONE]\n\n"


def sentences(text: str) -> list[str]:
    """`text` in pieces that end where sentences or paragraphs do; joined they are `text`."""
    return _SENTENCE.findall(text)


def model(name: str, created: str, owner: str) -> dict[str, Any]:
    """A component as an entry of the model list."""
    return {"id": name, "object": "model", "created": _unix(created), "owned_by": owner}


def error(sentence: str, status: int, request_id: str) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    told = {"message": sentence, "type": kind, "param": None, "code": None}
    return {"error": told, "request_id": request_id}


def _messages(body: dict[str, Json]) -> tuple[Message, ...]:
    given = body.get("messages")
    if not isinstance(given, list) or not 1 <= len(given) <= _MOST:
        raise _unfit(f'"messages" must be a list of 1 to {_MOST} messages.')
    found = tuple(_message(one, at) for at, one in enumerate(given, start=1))
    if found[-1].role != "user":
        raise _unfit("the last message must be a user's: it is what is answered.")
    if not found[-1].text.strip():
        raise _unfit("the last message is empty: write a question.")
    return found


def _message(given: Json, at: int) -> Message:
    said = given if isinstance(given, dict) else {}
    role = said.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise _unfit(f"message {at} must be an object whose role is one of {', '.join(_ROLES)}.")
    return Message(role=_ROLES[role], text=_content(said.get("content"), at))


def _content(content: Json, at: int) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [_part(part) for part in parts]
    if not texts or None in texts:
        raise _unfit(f"message {at} must have text as its content, and nothing else.")
    return "\n".join(text for text in texts if text is not None)


def _part(part: Json) -> str | None:
    """The text of one part of a content; None for an image and all else."""
    if not isinstance(part, dict) or part.get("type") != "text":
        return None
    text = part.get("text")
    return text if isinstance(text, str) else None


def _unfit(sentence: str) -> RequestError:
    return RequestError(f"This is not a chat request: {sentence}", status=422)


def _text(answer: Answer) -> str:
    return str(answer.output.values.get("answer", ""))


def _head(answer: Answer, model: str, request_id: str) -> dict[str, Any]:
    return {
        "id": answer.event or f"unrecorded-{request_id}",
        "created": int(dt.datetime.now(dt.UTC).timestamp()),
        "model": model,
        "system_fingerprint": answer.ref,
    }


def _extension(answer: Answer) -> dict[str, Any]:
    values = answer.output.values
    return {
        "citations": values.get("citations", []),
        "abstained": bool(values.get("abstained", False)),
        "confidence": values.get("confidence"),
        "version": answer.ref,
        "event": answer.event,
        "warnings": answer.output.warnings,
    }


def _choice(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + strict_json.encode(value) + b"\n\n"


def _unix(at: str) -> int:
    return int(dt.datetime.fromisoformat(at).timestamp())
