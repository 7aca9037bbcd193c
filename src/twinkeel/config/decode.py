"""A TOML table -> a record; an unknown key is an error with a suggestion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from twinkeel.errors import ConfigError
from twinkeel.plugins import suggestion

_T = TypeVar("_T")


def decode(table: object, record: type[_T], where: str, *, also: tuple[str, ...] = ()) -> _T:
    """Read a TOML table as `record`; raises ConfigError naming the key and the nearest one.

    `also` are keys that are read elsewhere, to suggest when a key is misspelt.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where} must be a table of keys, not {shown(table)}.")
    names = tuple(item.encode_name for item in msgspec.structs.fields(record))  # type: ignore[arg-type]  # a Struct
    known(table, names, where, also=also)
    try:
        return msgspec.convert(table, record, strict=True)
    except msgspec.ValidationError as error:
        said = _no_choice(table, record, str(error)) or _explained(str(error))
        raise ConfigError(f"{where} {said}") from None


def known(
    table: Mapping[str, Any], names: tuple[str, ...], where: str, *, also: tuple[str, ...] = ()
) -> None:
    """Raise ConfigError, with the nearest name, for a key that is none of `names`."""
    for key in table:
        if key not in names:
            raise ConfigError(f"{where} has no key {key!r}{suggestion(key, names + also)}")


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": 'a list such as ["a", "b"]',
    "object": "a table",
}
"""What msgspec calls the types of TOML."""


def _explained(error: str) -> str:
    absent = re.fullmatch(r"Object missing required field `(\w+)`", error)
    if absent:
        return f'has no {absent[1]}: add {absent[1]} = "...".'
    error = re.sub(r"`(\w+)( \| null)?`", lambda m: _WORDS.get(m[1], m[0]), error)
    match = re.fullmatch(r"(.*?) - at `\$\.?([^`]*)`", error)
    return f"{match[2]}: {match[1][0].lower()}{match[1][1:]}." if match else f"{error}."


def _no_choice(table: Mapping[str, Any], record: type, error: str) -> str | None:
    """What a key of `record` must be, where the error is that it is none of the words it may be."""
    match = re.fullmatch(r"Invalid enum value .* - at `\$\.(\w+)`", error, re.DOTALL)
    if match is None:
        return None
    types = {one.encode_name: one.type for one in msgspec.structs.fields(record)}
    *most, last = _words(types[match[1]])
    listed = f"{', '.join(most)} or {last}" if most else last
    return f"{match[1]} must be {listed}, not {shown(table[match[1]])}."


def _words(type_: Any) -> list[str]:
    """The words of a Literal, alone or as one of several types."""
    if get_origin(type_) is Literal:
        return [str(word) for word in get_args(type_)]
    return [word for part in get_args(type_) for word in _words(part)]


def shown(value: object) -> str:
    """A value as an error shows it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
