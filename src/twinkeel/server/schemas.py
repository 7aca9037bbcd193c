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
}

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
