"""Kind names and where their code is, and a project's own functions by import path.

A kind is registered in the entry-point group `twinkeel.kinds` as `name = "module:attribute"`.
Built-in kinds use the same door: they are this distribution's own entry points. A function that
`twinkeel.toml` names is written in the same form, and its module is beside that file or installed;
nothing that a store, a bundle or data names is ever imported.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from twinkeel.errors import ConfigError, EnvironmentProblem, UnknownName

GROUP = "twinkeel.kinds"
_PATH = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")


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


def function(path: str, root: Path | None = None) -> Callable[..., Any]:
    """The function that `path`, as `module:name`, names; its module is in `root` or installed.

    Raises ConfigError: the sentence begins with what was named.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise ConfigError(f"{path!r} names no function: expected module:function.")
    module = _module(match[1], path, root)
    found = getattr(module, match[2], None)
    if callable(found):
        return found  # type: ignore[no-any-return]  # whatever it is, it can be called
    if found is not None:
        raise ConfigError(f"{path!r} is a {type(found).__name__}: expected a function.")
    names = [name for name, one in vars(module).items() if callable(one) and name[0] != "_"]
    near = suggestion(match[2], names[:20])
    raise ConfigError(f"{path!r}: the module {match[1]} has no function {match[2]!r}{near}")


_project_of: dict[str, Path | None] = {}
"""Where a module was asked for last: two projects may each have a `metrics.py`."""


def _module(name: str, path: str, root: Path | None) -> ModuleType:
    if _project_of.setdefault(name, root) != root:
        sys.modules.pop(name, None)
        _project_of[name] = root
    with _findable(root):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
                here = "" if root is None else f"beside twinkeel.toml, as {name}.py, or "
                raise ConfigError(
                    f"{path!r}: there is no module {error.name}: expected it {here}installed."
                ) from None
            raise ConfigError(f"{path!r}: importing {name} needs {error.name}.") from error
        except Exception as error:
            raise ConfigError(
                f"{path!r}: importing {name} raised {type(error).__name__}: {error}."
            ) from error


@contextmanager
def _findable(root: Path | None) -> Iterator[None]:
    """Modules of a project's folder can be imported while inside."""
    if root is None:
        yield
        return
    place = str(root.absolute())
    sys.path.insert(0, place)
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(place)


def suggestion(wrong: str, names: tuple[str, ...] | list[str]) -> str:
    """The end of an error sentence, full stop included: the nearest of `names`, else all."""
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; there is {', '.join(map(repr, names))}." if names else "; there is none."
