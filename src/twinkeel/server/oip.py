"""The Open Inference Protocol, version 2, over JSON: tensors by column in, tensors out.

Every input is a tensor of shape [n] or [n, 1]: FP64 for numbers and dates, INT64 for integers,
BOOL for booleans, BYTES for the rest; null is a missing value. The event ids of the answers are
in the response's parameters. Specification: kserve/open-inference-protocol, required API.
"""

from __future__ import annotations

from typing import Any

import twinkeel
from twinkeel import strict_json
from twinkeel.errors import RequestError
from twinkeel.lifecycle.serve import Answer, Asked
from twinkeel.lifecycle.shelf import Held
from twinkeel.records import Field, Json
from twinkeel.server.exchange import Exchange, Reply, json_reply

_DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}
_NUMBERS = ("FP64", "FP32", "FP16")
_INTEGERS = ("INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8")
_PYTHON: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_NUMBERS, (int, float)),
    **dict.fromkeys(_INTEGERS, (int,)),
    "BOOL": (bool,),
    "BYTES": (str,),
}
_MAX_ROWS = 100_000


async def server(_: Exchange) -> Reply:
    """The server's name, version and extensions."""
    return json_reply({"name": "twinkeel", "version": twinkeel.__version__, "extensions": []})


async def live(_: Exchange) -> Reply:
    """200 while the process answers."""
    return json_reply({"live": True})


async def ready(exchange: Exchange) -> Reply:
    """200 while every release is served, else 503."""
    serving = exchange.service.live
    good = bool(serving.held) and not serving.problems
    return json_reply({"ready": good}, 200 if good else 503)


async def model_ready(exchange: Exchange) -> Reply:
    """200 while this model (and version, where one is named) is served."""
    held = _held(exchange)
    return json_reply({"name": held.ref.component, "ready": True})


async def model(exchange: Exchange) -> Reply:
    """Inputs and outputs with their tensor types."""
    held = _held(exchange)
    signature = held.servable.signature
    return json_reply(
        {
            "name": held.ref.component,
            "versions": [str(held.ref.number)],
            "platform": f"twinkeel_{held.kind}",
            "inputs": [_described(item) for item in signature.inputs],
            "outputs": [_described(item) for item in signature.outputs],
        }
    )


async def infer(exchange: Exchange) -> Reply:
    """One answer per row of the input tensors."""
    exchange.calling = exchange.param("name")
    held = _held(exchange)
    body = exchange.json_object()
    rows = _rows(body.get("inputs"))
    asked = Asked(rows=rows, who=exchange.who, number=_number(exchange))
    answers = await exchange.service.batcher.call(held.ref.component, asked)
    held = answers[0].held  # while the call waited, another version may have been released
    exchange.service.metrics.calls[answers[0].ref] += len(answers)
    reply: dict[str, Any] = {
        "model_name": held.ref.component,
        "model_version": str(held.ref.number),
        "outputs": _outputs(held.servable.signature.outputs, answers, body.get("outputs")),
        "parameters": _parameters(answers),
    }
    if isinstance(body.get("id"), str):
        reply["id"] = body["id"]
    return json_reply(reply)


def datatype(item: Field) -> str:
    """The tensor type of a field."""
    return _DATATYPES.get(item.type, "BYTES")


def _held(exchange: Exchange) -> Held:
    held = exchange.service.live.find(exchange.param("name"))
    held.check_number(_number(exchange))
    return held


def _number(exchange: Exchange) -> str | None:
    """The version that the path names, None where it names none."""
    number: str | None = exchange.scope["path_params"].get("version")
    return number


def _described(item: Field) -> dict[str, Any]:
    return {"name": item.name, "datatype": datatype(item), "shape": [-1]}


def _rows(inputs: Json) -> list[dict[str, Json]]:
    """Tensors by column -> rows; raises RequestError (422)."""
    if not isinstance(inputs, list) or not inputs:
        raise _wrong('"inputs" must be a list of one or more tensors')
    columns: dict[str, list[Json]] = {}
    for tensor in inputs:
        name, values = _column(tensor)
        if name in columns:
            raise _wrong(f"the tensor {name!r} comes twice")
        columns[name] = values
    length = len(next(iter(columns.values())))
    for name, values in columns.items():
        if len(values) != length:
            raise _wrong(f"the tensor {name!r} has {len(values)} rows, another has {length}")
    if not 1 <= length <= _MAX_ROWS:
        raise _wrong(f"expected 1 to {_MAX_ROWS} rows, got {length}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _column(tensor: Json) -> tuple[str, list[Json]]:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str):
        raise _wrong('each tensor must be an object with "name", "shape", "datatype", "data"')
    name = tensor["name"][:200]
    data, kind = tensor.get("data"), tensor.get("datatype")
    if not isinstance(kind, str) or kind not in _PYTHON:
        raise _wrong(f"the tensor {name!r} must have one of the datatypes {', '.join(_PYTHON)}")
    if not isinstance(data, list):
        raise _wrong(f"the tensor {name!r} must have its data as a list")
    values = [item[0] if isinstance(item, list) and len(item) == 1 else item for item in data]
    if not _is_column(tensor.get("shape"), len(values)):
        raise _wrong(f"the tensor {name!r} must have the shape [{len(values)}] of its data")
    _check_values(name, kind, values)
    return name, values


def _is_column(shape: Json, length: int) -> bool:
    return shape in ([length], [length, 1])


def _check_values(name: str, kind: str, values: list[Json]) -> None:
    allowed = _PYTHON[kind]
    for index, value in enumerate(values):
        wrong = not isinstance(value, allowed) or (isinstance(value, bool) and kind != "BOOL")
        if value is not None and wrong:
            raise _wrong(f"the tensor {name!r} is {kind}, and its value at {index} is not")


def _outputs(fields: tuple[Field, ...], answers: list[Answer], asked: Json) -> list[dict[str, Any]]:
    names = _asked(asked, tuple(item.name for item in fields))
    return [
        {
            "name": item.name,
            "datatype": datatype(item),
            "shape": [len(answers)],
            "data": [_value(item, value_of(item.name, answer.output.values)) for answer in answers],
        }
        for item in fields
        if item.name in names
    ]


def value_of(name: str, values: dict[str, Json]) -> Json:
    """An output by its name in the signature: `probabilities.Yes` is inside `probabilities`."""
    if name in values:
        return values[name]
    head, _, rest = name.partition(".")
    inner = values.get(head)
    return value_of(rest, inner) if rest and isinstance(inner, dict) else None


def _asked(asked: Json, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the outputs to give back; raises RequestError (422) for an unknown one."""
    if asked is None or asked == []:
        return names
    if not isinstance(asked, list) or not all(isinstance(item, dict) for item in asked):
        raise _wrong('"outputs" must be a list of objects with "name"')
    found = tuple(str(item.get("name")) for item in asked)
    unknown = next((name for name in found if name not in names), None)
    if unknown is not None:
        raise _wrong(f"there is no output {unknown[:80]!r}; there is {', '.join(names)}")
    return found


def _value(item: Field, value: Json) -> Json:
    if value is None or datatype(item) != "BYTES" or isinstance(value, str):
        return value
    return strict_json.encode(value).decode()


def _parameters(answers: list[Answer]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if all(answer.event for answer in answers):
        found["events"] = ",".join(answer.event or "" for answer in answers)
    warnings = [list(answer.output.warnings) for answer in answers]
    if any(warnings):
        found["warnings"] = strict_json.encode(warnings).decode()
    return found


def _wrong(reason: str) -> RequestError:
    return RequestError(f"This is not an infer request: {reason}.", status=422)
