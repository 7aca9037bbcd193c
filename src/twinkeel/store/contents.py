"""What a file in a bundle may be, judged by its bytes and never by its name alone.

JSON, an ONNX model, a `.npy` array of plain numbers or strings, or plain text: four forms that
cannot run code when they are read. The name says which one it claims to be; the bytes must agree.
Pickle, joblib, zip and everything else are refused, whatever they are called.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import msgspec

from twinkeel.store import protobuf

_IMPORTING = {"GLOBAL", "STACK_GLOBAL", "INST", "REDUCE", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"}
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 22 + 65_535
_CONTROL = frozenset(range(32)) - {9, 10, 12, 13} | {127}


def check(name: str, data: bytes) -> str | None:
    """What is wrong with this file, as the end of a sentence that begins with its name; or None."""
    suffix = PurePosixPath(name).suffix
    if suffix not in _FORMS:
        known = ", ".join(sorted(_FORMS))
        return f"has a name that a bundle may not hold: expected one that ends in {known}"
    return _recognised(data) or _FORMS[suffix](data)


def _recognised(data: bytes) -> str | None:
    """Name what runs code on load, so that the refusal says it."""
    if data.startswith(b"PK\x03\x04") or _ends_as_zip(data):
        return "is a zip archive"
    if len(data) > 2 and data[0] == 0x80 and 2 <= data[1] <= 5 and data.endswith(b"."):
        return "is a pickle"
    return None


def _ends_as_zip(data: bytes) -> bool:
    """Readers find a zip by its end, so an archive can hide behind any beginning."""
    tail = data[-_ZIP_TAIL:]
    found = tail.rfind(_ZIP_END)
    if found < 0 or len(tail) - found < 22:
        return False
    comment = int.from_bytes(tail[found + 20 : found + 22], "little")
    return found + 22 + comment == len(tail)


def _json(data: bytes) -> str | None:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
        data.decode("utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "is not JSON"
    return None


def _array(data: bytes) -> str | None:
    from numpy.lib import format as npy

    file = io.BytesIO(data)
    try:
        version = npy.read_magic(file)
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, _, dtype = header(file)
    except (ValueError, KeyError):
        return "is not a .npy array"
    if dtype.hasobject:
        return "is a .npy array of Python objects, which is a pickle"
    if min(shape, default=0) < 0:
        return "is a .npy array of a negative size"
    size = dtype.itemsize
    for length in shape:
        size *= length
    if file.tell() + size != len(data):
        return "is a .npy array with missing or extra bytes"
    return None


def _text(data: bytes) -> str | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "is not plain text"
    if not _CONTROL.isdisjoint(data):
        return "is not plain text"
    return "is a pickle" if _is_old_pickle(data) else None


def _is_old_pickle(data: bytes) -> bool:
    """Protocol 0 is made of printable characters, so text is read as one to be sure."""
    if not data.rstrip().endswith(b"."):
        return False
    import pickletools

    try:
        names = {operation.name for operation, _, _ in pickletools.genops(data)}
    except (ValueError, IndexError, KeyError):
        return False
    return not names.isdisjoint(_IMPORTING)


_FORMS: Mapping[str, Callable[[bytes], str | None]] = {
    ".json": _json,
    ".onnx": protobuf.check_model,
    ".npy": _array,
    ".txt": _text,
    ".md": _text,
    ".csv": _text,
    ".jsonl": _text,
}
