"""The OpenAPI schemas that are the same for every project."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_OBJECT: dict[str, Any] = {"type": "object"}


def _record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TENSOR = _record(
    {
        "name": _TEXT,
        "shape": _list({"type": "integer"}),
        "datatype": {"enum": ["FP64", "FP32", "INT64", "INT32", "BOOL", "BYTES"]},
        "data": _list({}),
    },
    {"parameters": _OBJECT},
)
_JOINING = {**_record({"value": {}}, {"comment": _TEXT}), "additionalProperties": False}
_SUMMARY = {
    "name": _TEXT,
    "version": _TEXT,
    "kind": _TEXT,
    "created": _TEXT,
    "explains": {"type": "boolean"},
    "converses": {"type": "boolean"},
}
_MODEL = _record(
    {"id": _TEXT, "object": {"const": "model"}, "created": {"type": "integer"}, "owned_by": _TEXT}
)
_SAID = _record(
    {"role": {"enum": ["system", "developer", "user", "assistant"]}},
    {"content": {"anyOf": [_TEXT, _list(_OBJECT)]}},
)
_WHERE = {"type": "integer", "description": "A code point of the document's text."}
_INSTEAD = {
    "type": ["integer", "null"],
    "description": "The version that you know to be in production; refused if it is another.",
}
_CITATION = _record(
    {"document": _TEXT, "title": _TEXT, "start": _WHERE, "end": _WHERE, "quote": _TEXT},
    {
        "page": {"type": ["integer", "null"]},
        "box": {"type": ["array", "null"], "items": {"type": "number"}},
        "headings": _list(_TEXT),
    },
)

SHARED: dict[str, Any] = {
    "Any": {},
    "Error": _record({"error": _TEXT, "request_id": _TEXT}),
    "Call": _OBJECT,
    "Answer": _OBJECT,
    "Explanation": _record(
        {
            "version": _TEXT,
            "of": _TEXT,
            "unit": _TEXT,
            "base": {"type": "number"},
            "total": {"type": "number"},
            "contributions": _list(
                _record({"name": _TEXT, "value": {}, "contribution": {"type": "number"}})
            ),
        }
    ),
    "Index": _record({"project": _TEXT, "components": _list(_record(_SUMMARY))}),
    "Component": _record(
        {**_SUMMARY, "signature": _OBJECT, "scorecard": {"type": ["array", "null"]}}
    ),
    "Feedback": _JOINING,
    "Label": _JOINING,
    "Recorded": _record({"event": _TEXT, "about": _TEXT}),
    "Event": _record({"id": _TEXT, "kind": _TEXT, "component": _TEXT, "at": _TEXT}),
    "Glances": _record({"project": _TEXT, "you": _OBJECT, "components": _list(_OBJECT)}),
    "Sight": _record({"glance": _OBJECT, "alerts": _list(_OBJECT), "versions": _list(_OBJECT)}),
    "ReleaseRequest": {
        **_record({"version": {"type": "integer"}}, {"override": _TEXT, "instead_of": _INSTEAD}),
        "additionalProperties": False,
    },
    "RollbackRequest": {
        **_record({}, {"instead_of": _INSTEAD}),
        "additionalProperties": False,
    },
    "TrialRequest": {
        **_record(
            {
                "version": {"type": "integer"},
                "mode": {"enum": ["shadow", "canary"]},
                "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            },
            {
                "margin": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
                "override": {"type": ["string", "null"]},
                "instead_of": _INSTEAD,
            },
        ),
        "additionalProperties": False,
    },
    "StopRequest": {**_record({"why": _TEXT}), "additionalProperties": False},
    "Trial": _record(
        {
            "component": _TEXT,
            "number": {"type": "integer"},
            "against": {"type": "integer"},
            "mode": {"enum": ["shadow", "canary"]},
            "share": {"type": "number"},
            "state": {"enum": ["running", "promoted", "rolled back", "stopped"]},
            "started": _TEXT,
            "who": _TEXT,
            "why": _TEXT,
        }
    ),
    "RebuildRequest": {
        **_record({}, {"dry_run": {"type": "boolean"}}),
        "additionalProperties": False,
    },
    "Rebuild": _record(
        {
            "component": _TEXT,
            "state": {"enum": ["running", "done", "failed"]},
            "started": _TEXT,
            "who": _TEXT,
        }
    ),
    "Release": _record(
        {
            "component": _TEXT,
            "number": {"type": "integer"},
            "previous": {"type": ["integer", "null"]},
            "action": {"enum": ["release", "rollback"]},
            "at": _TEXT,
            "who": _TEXT,
            "override": {"type": ["string", "null"]},
        }
    ),
    "ChatRequest": _record(
        {"model": _TEXT, "messages": _list(_SAID)}, {"stream": {"type": "boolean"}}
    ),
    "ChatAnswer": _record(
        {
            "id": _TEXT,
            "object": {"const": "chat.completion"},
            "created": {"type": "integer"},
            "model": _TEXT,
            "choices": _list(_OBJECT),
            "citations": _list(_CITATION),
            "abstained": {"type": "boolean"},
            "confidence": {"type": ["number", "null"]},
            "version": _TEXT,
            "event": {"type": ["string", "null"]},
            "warnings": _list(_TEXT),
        }
    ),
    "Model": _MODEL,
    "Models": _record({"object": {"const": "list"}, "data": _list(_MODEL)}),
    "Document": _record(
        {
            "name": _TEXT,
            "title": _TEXT,
            "media": _TEXT,
            "text": _TEXT,
            "original": {
                "type": "boolean",
                "description": "Whether the file itself can be shown, under originals.",
            },
        }
    ),
    "InferRequest": _record(
        {"inputs": _list(_TENSOR)},
        {"id": _TEXT, "parameters": _OBJECT, "outputs": _list(_record({"name": _TEXT}))},
    ),
    "InferResponse": _record(
        {"model_name": _TEXT, "model_version": _TEXT, "outputs": _list(_TENSOR)},
        {"id": _TEXT, "parameters": _OBJECT},
    ),
}
"""Schema name -> JSON Schema 2020-12."""
