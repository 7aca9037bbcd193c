"""What a class or function says of itself: docstrings, annotations, signatures.

Owns reading them from the source. Refuses what has no docstring, naming it.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec


class UndocumentedError(Exception):
    """A key or field without a docstring; the message names it."""


def attribute_texts(cls: type) -> dict[str, str]:
    """The string below each annotated name of a class, on one line."""
    body = _class_body(cls)
    return {
        item.target.id: " ".join(after.value.value.split())
        for item, after in itertools.pairwise(body)
        if isinstance(item, ast.AnnAssign)
        and isinstance(item.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def annotations(cls: type) -> dict[str, str]:
    """Each annotated name of a class with its type as written."""
    return {
        item.target.id: ast.unparse(item.annotation)
        for item in _class_body(cls)
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _class_body(cls: type) -> list[ast.stmt]:
    """The statements of a class and of those that it takes annotated names from, base first."""
    bodies = []
    for part in reversed(cls.__mro__):
        if part is cls or (issubclass(part, msgspec.Struct) and vars(part).get("__annotations__")):
            (found,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
            assert isinstance(found, ast.ClassDef)
            bodies += found.body
    return bodies


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods and properties that a class itself defines, in order."""
    for name, item in vars(cls).items():
        bare = item.__func__ if isinstance(item, (classmethod, staticmethod)) else item
        bare = bare.fget if isinstance(bare, property) else bare
        if not name.startswith("_") and inspect.isfunction(bare):
            yield name, bare


def signature(name: str, thing: Any) -> str:
    """A call as Python writes it, one parameter a line where it is long.

    A class that is not made by calling it with what is shown has its name alone.
    """
    if inspect.isclass(thing) and _is_described_by_its_fields(thing):
        return name
    found = inspect.signature(thing)
    given = [item for key, item in found.parameters.items() if key not in ("self", "cls")]
    parts = list(_parameters(given))
    returned = found.return_annotation
    end = f" -> {returned}" if returned not in (inspect.Signature.empty, None, "None") else ""
    short = f"{name}({', '.join(parts)}){end}"
    if len(short) <= 90:
        return short
    return f"{name}(\n{''.join(f'    {part},{chr(10)}' for part in parts)}){end}"


def _is_described_by_its_fields(cls: type) -> bool:
    plain = issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls)
    return plain or inspect.isabstract(cls) or getattr(cls, "_is_protocol", False)


def _parameters(given: Sequence[inspect.Parameter]) -> Iterator[str]:
    """Each parameter as Python writes it, with the marks for what is by name or by place."""
    last = None
    for item in given:
        if last == inspect.Parameter.POSITIONAL_ONLY != item.kind:
            yield "/"
        if item.kind is inspect.Parameter.KEYWORD_ONLY != last:
            yield "*"
        last = item.kind
        yield f"{item.name}{_annotated(item)}"
    if last is inspect.Parameter.POSITIONAL_ONLY:
        yield "/"


def _annotated(item: inspect.Parameter) -> str:
    type_ = "" if item.annotation is inspect.Parameter.empty else f": {item.annotation}"
    if item.default is inspect.Parameter.empty:
        return type_
    default = getattr(item.default, "__name__", None) or repr(item.default)
    return f"{type_} = {default}"


def sentence(thing: Any) -> str:
    """A docstring's first paragraph, on one line."""
    return " ".join(docstring(thing).split("\n\n")[0].split())


def docstring(thing: Any) -> str:
    """The docstring as Markdown; raises UndocumentedError where there is none.

    A section that is underlined becomes a bold line, and its `name : text` entries a list.
    """
    text = inspect.getdoc(thing)
    if not text:
        raise UndocumentedError(f"{thing} has no docstring.")
    text = re.sub(r"^(\w+)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    return re.sub(r"^(\w+) : ", r"- `\1`: ", text, flags=re.MULTILINE)
