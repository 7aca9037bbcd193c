"""JSON from strangers -> Python values, or one sentence; the same on every face.

Accepts what RFC 8259 accepts and refuses what parsers disagree about: nesting that is too deep,
NaN and Infinity, numbers out of range, a key given twice. The usual body costs one msgspec
decode, a few scans at C speed and one walk; only a suspicious one is parsed a second time.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from twinkeel.errors import RequestError
from twinkeel.records import Json

_STRING = rb'"(?:[^"\\]+|\\.)*+"?'
_STRINGS = re.compile(_STRING, re.DOTALL)
_CONSTANTS = re.compile(_STRING + rb"|(-?(?:NaN|Infinity))", re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1

encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def decode(body: bytes, *, depth: int) -> Json:
    """The value of a JSON body; raises RequestError (400 malformed, 422 not representable)."""
    if body.count(b"[") + body.count(b"{") > depth:
        _check_depth(body, depth)
    try:
        value = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _malformed(body, error) from None
    if body.count(b":") != _keys(value):
        json.loads(body, object_pairs_hook=_unique)
    return value


def _keys(value: Json) -> int:
    """How many keys a value has at all levels: fewer than its colons where one came twice."""
    if isinstance(value, dict):
        items, total = value.values(), len(value)
    elif isinstance(value, list):
        items, total = value, 0  # type: ignore[assignment]  # both are iterated alike
    else:
        items, total = (value,), 0  # type: ignore[assignment]
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            total += _keys(item)
        elif kind is int and not _LOWEST <= item <= _HIGHEST:
            raise RequestError(
                "An integer in the JSON does not fit into 64 bits: send it as text.",
                status=422,
            )
    return total


def _check_depth(body: bytes, limit: int) -> None:
    """Raises RequestError (400) before anything recurses; linear in the body."""
    left = _unpaired(body, limit)
    if left:
        left = _unpaired(_STRINGS.sub(b"", body), limit)
    balanced = left.count(b"[") + left.count(b"{") == left.count(b"]") + left.count(b"}")
    if left and (balanced or len(left) > limit):
        raise RequestError(f"The JSON is nested deeper than {limit} levels.")


def _unpaired(body: bytes, limit: int) -> bytes:
    """The brackets that are left when `limit` layers of pairs are taken away from within."""
    left = body.translate(None, _NOT_BRACKETS)
    for _ in range(limit):
        if not left:
            break
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    return left


def _malformed(body: bytes, error: Exception) -> RequestError:
    constant = next((match[1] for match in _CONSTANTS.finditer(body) if match[1]), None)
    if constant is not None:
        return RequestError(
            f"{constant.decode()} is not JSON: send null for a missing number.", status=422
        )
    if isinstance(error, msgspec.ValidationError):
        return RequestError("A number in the JSON is out of range.", status=422)
    if isinstance(error, UnicodeDecodeError):
        return RequestError("The JSON is not UTF-8 text.")
    reason = str(error).removeprefix("JSON is malformed: ")
    return RequestError(f"This is not valid JSON: {reason}." if body else "The JSON is empty.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"The JSON gives the key {twice[:80]!r} twice.", status=422)
    return table
