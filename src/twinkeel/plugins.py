"""Kind names and where their code is; third parties register through entry points.

A kind is registered in the entry-point group `twinkeel.kinds` as `name = "module:attribute"`.
Built-in kinds use the same door: they are this distribution's own entry points.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from twinkeel.errors import EnvironmentProblem, UnknownName

GROUP = "twinkeel.kinds"


@cache
def _registered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def kind_names() -> tuple[str, ...]:
    """The names of all registered kinds, sorted."""
    return tuple(sorted(_registered()))


@cache
def kind(name: str) -> Any:
    """The kind registered under `name`, as one shared instance.

    Raises UnknownName with the nearest name, EnvironmentProblem if its package does not import.
    """
    if name not in _registered():
        raise UnknownName(f"There is no kind {name!r}{suggestion(name, kind_names())}")
    point = _registered()[name]
    try:
        return point.load()()
    except ImportError as error:
        raise EnvironmentProblem(
            f"The kind {name!r} ({point.value}) could not be imported: {error}."
        ) from error


def suggestion(wrong: str, names: tuple[str, ...] | list[str]) -> str:
    """The end of an error sentence, full stop included: the nearest of `names`, else all."""
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(map(repr, names))}." if names else "; there is none."
