"""The routes and the released signatures -> an OpenAPI 3.1 document.

Each served component gets its own `call` and `explain` paths with its own schemas, so that a
generated client has its columns as typed fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import twinkeel
from twinkeel.lifecycle.shelf import Held
from twinkeel.records import Field, FieldType
from twinkeel.server.schemas import SHARED
from twinkeel.server.table import Route

_TYPES: dict[FieldType, str] = {
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "category": "string",
    "text": "string",
    "date": "string",
}
_PYTHON = {
    "number": ("float", "int"),
    "integer": ("int",),
    "boolean": ("bool",),
    "string": ("str",),
}
"""JSON type -> the Python types of its examples; an example as a file wrote it may be neither."""
_OWN = ("/v1/components/{name}/call", "/v1/components/{name}/explain")
_PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")


def document(routes: Sequence[Route], served: Iterable[Held], name: str) -> dict[str, Any]:
    """The whole document."""
    held = tuple(served)
    paths: dict[str, dict[str, Any]] = {}
    schemas = dict(SHARED)
    for one in held:
        schemas.update(_own_schemas(one))
    for route in routes:
        for path, operation in _operations(route, held):
            paths.setdefault(path.replace(":path}", "}"), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": twinkeel.__version__,
            "description": "The released versions, described by their own signatures.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operations(route: Route, held: tuple[Held, ...]) -> Iterable[tuple[str, dict[str, Any]]]:
    if route.path not in _OWN or not held:
        yield route.path, _operation(route, body=route.body, answer=route.answer)
        return
    for one in held:
        name = one.ref.component
        path = route.path.replace("{name}", name)
        if not one.explains and route.answer == "Explanation":
            continue
        answer = f"{name}.Answer" if route.answer == "Answer" else route.answer
        yield path, _operation(route, body=f"{name}.Call", answer=answer, path=path)


def _operation(
    route: Route, *, body: str | None, answer: str, path: str | None = None
) -> dict[str, Any]:
    path = path or route.path
    found: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{path}").strip("_"),
        "summary": route.summary,
        "responses": {
            "2XX": {"description": "The answer.", "content": _content(answer)},
            "default": {"description": "What is wrong.", "content": _content("Error")},
        },
    }
    names = _PARAMETER.findall(path)
    if names:
        found["parameters"] = [_parameter(name) for name in names]
    if body is not None:
        found["requestBody"] = {"required": True, "content": _content(body)}
    if route.access != "public":
        found["security"] = [{"bearer": []}, {"key": []}]
        found["description"] = f"Needs the role {route.access}."
    return found


def _content(schema: str) -> dict[str, Any]:
    if "/" in schema:
        return {schema: {"schema": {"type": "string"}}}
    return {"application/json": {"schema": _ref(schema)}}


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _own_schemas(held: Held) -> dict[str, Any]:
    """The schemas of one component's row, call and answer."""
    name, signature = held.ref.component, held.servable.signature
    rows = {
        "type": "object",
        "required": ["rows"],
        "additionalProperties": False,
        "properties": {"rows": {"type": "array", "minItems": 1, "items": _ref(f"{name}.Row")}},
    }
    one = {
        "type": "object",
        "required": ["event", "version", "output", "warnings"],
        "properties": {
            "event": {"type": ["string", "null"]},
            "version": {"type": "string", "examples": [str(held.ref)]},
            "output": _outputs(signature.outputs),
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
    }
    many = {
        "type": "object",
        "required": ["answers"],
        "properties": {"answers": {"type": "array", "items": _ref(f"{name}.One")}},
    }
    return {
        f"{name}.Row": {
            "type": "object",
            "properties": _properties(signature.inputs),
            "required": [item.name for item in signature.inputs if item.required],
        },
        f"{name}.Call": {"anyOf": [_ref(f"{name}.Row"), rows]},
        f"{name}.One": one,
        f"{name}.Answer": {"anyOf": [_ref(f"{name}.One"), many]},
    }


def _outputs(fields: tuple[Field, ...]) -> dict[str, Any]:
    """An object's schema, where `probabilities.Yes` names a value inside `probabilities`."""
    properties: dict[str, Any] = {}
    for item in fields:
        head, _, rest = item.name.partition(".")
        if rest:
            inner = properties.setdefault(head, {"type": "object", "properties": {}})
            inner["properties"][rest] = _schema(item)
        else:
            properties[head] = _schema(item)
    return {"type": "object", "properties": properties}


def _properties(fields: tuple[Field, ...]) -> dict[str, Any]:
    return {item.name: _schema(item) for item in fields}


def _schema(item: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"type": [_TYPES[item.type], "null"]}
    if item.values:
        found["description"] = f"Seen while learning: {', '.join(item.values)}."
    elif item.type != "date" and item.low is not None and item.high is not None:
        found["description"] = f"Between {item.low:g} and {item.high:g} while learning."
    if type(item.example).__name__ in _PYTHON[_TYPES[item.type]]:
        found["examples"] = [item.example]
    if item.many:
        return {"type": ["array", "null"], "items": found}
    return found


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
