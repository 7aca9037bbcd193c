"""Just enough of the protobuf wire format to know an ONNX model from anything else.

A model must parse to its last byte as a `ModelProto`, with known fields of the right wire types,
and may not point at data outside itself: ONNX Runtime would read any path that it names.
Source: https://protobuf.dev/programming-guides/encoding and onnx.proto of ONNX 1.18.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

# ModelProto: field number -> wire type.
_MODEL = {1: _VARINT, 5: _VARINT} | dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _BYTES)
_VERSION, _GRAPH = 1, 7

# Message -> field number -> the message inside it, as far as tensors can be found there.
_INSIDE: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA = 13
_DEEPEST = 64


class Entry(NamedTuple):
    """One field of a message: its number, wire type and, for bytes, where they are."""

    number: int
    wire: int
    start: int
    stop: int


def check_model(data: bytes) -> str | None:
    """What is wrong with bytes that should be an ONNX model, as the end of a sentence; or None."""
    try:
        entries = list(_entries(data, 0, len(data)))
        if any(_MODEL.get(entry.number) != entry.wire for entry in entries):
            return "is not an ONNX model"
        if not {_VERSION, _GRAPH} <= {entry.number for entry in entries}:
            return "is not an ONNX model"
        # The key without which external data has no path; looking for it first costs nothing.
        if b"location" in data and _points_outside(data, "model", 0, len(data), depth=0):
            return "is an ONNX model that points at data outside itself"
    except ValueError:
        return "is not an ONNX model"
    return None


_SIZED_BY_VALUES = frozenset(
    {"ConstantOfShape", "EyeLike", "Expand", "Multinomial", "OneHot", "Pad", "RandomNormal"}
    | {"RandomUniform", "Range", "Resize", "Tile", "Upsample"}
)
_REPEATING = frozenset({"If", "Loop", "Scan", "SequenceMap"})


def unbounded(data: bytes) -> str | None:
    """Why a model may take any time or memory, as the end of a sentence; None where it may not.

    Operators that repeat others, and those whose output is as large as a value says. What is left
    works in one pass over what it is given and its own constants.
    """
    for number, part in _children(data, 0, len(data)):
        if number == 25:
            return "has functions of its own"
        if number != _GRAPH:
            continue
        for node in (own for number, own in _children(data, *part) if number == 1):
            fields = list(_children(data, *node))
            names = {data[start:stop].decode("latin-1") for n, (start, stop) in fields if n == 4}
            found = sorted(names & (_REPEATING | _SIZED_BY_VALUES))
            if found:
                return f"has the operator {found[0]}, which may take any time or memory"
            taken = [data[start:stop] for n, (start, stop) in fields if n == 1]
            if names == {"Concat"} and len(taken) != len(set(taken)):
                return "joins a value to itself"
    return None


def _children(data: bytes, start: int, stop: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """The number and the place of every field that has bytes."""
    for entry in _entries(data, start, stop):
        if entry.wire == _BYTES:
            yield entry.number, (entry.start, entry.stop)


def _points_outside(data: bytes, message: str, start: int, stop: int, *, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    inside = _INSIDE[message]
    for entry in _entries(data, start, stop):
        if message == "tensor" and entry.number == _EXTERNAL_DATA:
            return True
        if entry.wire != _BYTES or entry.number not in inside:
            continue
        child = inside[entry.number]
        if _points_outside(data, child, entry.start, entry.stop, depth=depth + 1):
            return True
    return False


def _entries(data: bytes, start: int, stop: int) -> Iterator[Entry]:
    """The fields of the message in `data[start:stop]`. Raises ValueError where it is none."""
    position = start
    while position < stop:
        tag, position = _varint(data, position, stop)
        number, wire = tag >> 3, tag & 7
        begin = position
        if wire == _VARINT:
            _, position = _varint(data, position, stop)
        elif wire == _BYTES:
            length, begin = _varint(data, position, stop)
            position = begin + length
        elif wire in {_FIXED32, _FIXED64}:
            position += 4 if wire == _FIXED32 else 8
        else:
            raise ValueError("unknown wire type")
        if position > stop or number == 0:
            raise ValueError("a field goes beyond its message")
        yield Entry(number, wire, begin, position)


def _varint(data: bytes, position: int, stop: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= stop:
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number does not end")
