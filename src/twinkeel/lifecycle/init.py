"""Init: a table -> a project's folder with a commented `twinkeel.toml` and a `.gitignore`.

Every registered kind is asked what it would do with the table; the first one that is suited is
written down. Nothing is overwritten, and what is written has been read back as a configuration
before it reaches the disk. Refuses a CSV file whose header looks like data, since a table without
a header would lose its first row and name what is built after it.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

from twinkeel import plugins
from twinkeel.config import COMPONENT_KEYS, FILE, SourceConfig, parse
from twinkeel.data.formats import form_of
from twinkeel.data.opening import open_source
from twinkeel.data.table import Table
from twinkeel.errors import SourceError, UsageError
from twinkeel.lifecycle.components import component as read_component
from twinkeel.records import Json, Record
from twinkeel.store import files

IGNORED = (".twinkeel/", ".env")
"""What a project's git never holds: the store and the secrets."""
_USUAL = ("target", "label", "class", "outcome", "y", "churn", "churned", "default", "fraud")
_TIME_LIMIT = "60s"
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


class Started(Record, frozen=True, kw_only=True):
    """A project that was started."""

    config: Path
    """The `twinkeel.toml` that was written."""
    component: str
    kind: str
    target: str
    why: str
    """Why this target, in a sentence."""
    next: str
    """The command that comes next."""


class _Choice(Record, frozen=True, kw_only=True):
    """A target, why it was chosen, and what a kind proposes for it."""

    target: str
    why: str
    kind: str
    options: dict[str, Json]


def init(
    table: Path, folder: Path, *, target: str | None = None, name: str | None = None
) -> Started:
    """Start a project in `folder` from the file `table`, or from a folder of such files.

    Raises UsageError where a project exists already or the target is unclear, SourceError for a
    file that is not a table, or that has no header (a `target` says that it has one).
    """
    path = folder / FILE
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder with --project.")
    if path.exists():
        raise UsageError(
            f"{path} exists and is left as it is: add a second component to it as a "
            "[components.NAME] table, or choose another --project folder."
        )
    _check_there(table)
    _check_no_documents(table)
    found = open_source(SourceConfig(path=str(table.resolve())), folder)
    rows = found.table()
    if target is None:
        _check_header(found.files[0], rows)
    choice = _choose(rows, target)
    source, component = _names(table, choice.target)
    project = name or folder.resolve().name or "project"
    text = _written(project, source, _relative(table, folder), component, choice)
    read_component(parse(tomllib.loads(text), folder), component)
    folder.mkdir(parents=True, exist_ok=True)
    _ignore(folder)
    _publish(path, text.encode())
    return Started(
        config=path,
        component=component,
        kind=choice.kind,
        target=choice.target,
        why=choice.why,
        next=f"twinkeel build {component}",
    )


def _check_there(table: Path) -> None:
    if not table.exists():
        raise SourceError(f"There is no file {table}: give a table, such as a CSV file.")
    if table.is_dir() and not any(one.is_file() for one in table.rglob("*")):
        raise SourceError(f"The folder {table} holds no file: give a table, such as a CSV file.")


def _check_no_documents(table: Path) -> None:
    if table.is_dir() and any(one.suffix.lower() == ".md" for one in table.rglob("*")):
        raise SourceError(
            f"The folder {table} holds documents, and init begins a project from a table: "
            "docs/tutorial-assistant.md describes how an assistant of documents begins."
        )


def _check_header(path: Path, table: Table) -> None:
    """Raises SourceError where two or more column names of a CSV file are plain numbers."""
    numbers = [name for name in table.names if _NUMBER.fullmatch(name)]
    if len(numbers) > 1 and form_of(path) == "CSV":
        raise SourceError(
            f"The first line of {path} looks like data ({', '.join(numbers[:3])}), and column "
            "names were expected: put a line of names first, or give --target COLUMN if these "
            "are the names."
        )


def _choose(table: Table, target: str | None) -> _Choice:
    """The given target, else the one column with a usual name, else the last column."""
    if target is not None:
        if target not in table.names:
            near = plugins.suggestion(target, table.names)
            raise UsageError(f"The table has no column {target!r}{near}")
        choice = _proposed(table, target, f"The target is {target}, as you said.")
        if choice is None:
            raise UsageError(
                f"No kind can learn {target!r} from this table ({_looks(table, target)}): choose "
                f"another --target; there is {', '.join(plugins.kind_names())}."
            )
        return choice
    usual = [column for column in table.names if column.lower() in _USUAL]
    guesses = [(column, "its name says so") for column in usual if len(usual) == 1]
    guesses.append((table.names[-1], "it is the last column and has few different values"))
    for column, reason in guesses:
        why = f"The target is {column}, because {reason}; --target chooses another."
        choice = _proposed(table, column, why)
        if choice is not None:
            return choice
    shown = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
    raise UsageError(f"It is not clear what to learn: give --target COLUMN, one of {shown}.")


def _proposed(table: Table, target: str, why: str) -> _Choice | None:
    for kind in plugins.kind_names():
        options = plugins.kind(kind).propose(table, target)
        if options is not None:
            return _Choice(target=target, why=why, kind=kind, options=options)
    return None


def _looks(table: Table, target: str) -> str:
    values = table.columns[target].tolist()
    return f"{len(set(map(str, values))):,} different values in {len(values):,} rows"


def _names(table: Path, target: str) -> tuple[str, str]:
    """Names for the source and the component, which may not clash."""
    source, component = _name(table.stem, "data"), _name(target, "model")
    return source, component if component != source else f"{component}-model"


def _name(text: str, otherwise: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
    return plain if plain[:1].isalpha() else otherwise


def _relative(table: Path, folder: Path) -> str:
    """The path to write: relative to the project where the table is inside it."""
    absolute, root = table.resolve(), folder.resolve()
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()


def _ignore(folder: Path) -> None:
    """Add what git must not hold to `.gitignore`, in whatever encoding the rest of it is."""
    path = folder / ".gitignore"
    before = path.read_bytes() if path.exists() else b""
    missing = [line for line in IGNORED if line.encode() not in before.splitlines()]
    if missing:
        gap = b"" if before.endswith(b"\n") or not before else b"\n"
        files.replace(path, before + gap + "".join(f"{line}\n" for line in missing).encode())


def _publish(path: Path, data: bytes) -> None:
    """Write a new file whole or not at all; raises FileExistsError where there is one by now."""
    temporary = files.fresh(path.parent)
    try:
        files.write(temporary, data)
        path.touch(exist_ok=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    files.sync(path.parent)


# ------------------------------------------------------------------------------ the text


def _written(project: str, source: str, path: str, component: str, choice: _Choice) -> str:
    """The whole `twinkeel.toml`."""
    own = {k: v for k, v in choice.options.items() if k not in COMPONENT_KEYS}
    common = {"time_limit": _TIME_LIMIT} | {
        k: v for k, v in choice.options.items() if k in COMPONENT_KEYS and k != "gates"
    }
    return "\n".join(
        [
            "# What this project builds, and what a version must prove before it is released.",
            "[project]",
            f"name = {_toml(project)}",
            "",
            "# Named data: a file, a folder, a glob such as data/*.csv, a query or a database.",
            f"[sources.{source}]",
            f"path = {_toml(path)}",
            "",
            f"[components.{component}]",
            f"kind = {_toml(choice.kind)}",
            f"source = {_toml(source)}",
            *_options(choice.kind, own),
            "",
            "# The longest that a build may take; see also work_limit and memory_limit.",
            *(f"{key} = {_toml(value)}" for key, value in common.items()),
            "",
            *_gates(component, choice.options.get("gates") or {}),
            "",
        ]
    )


def _options(kind: str, options: dict[str, Json]) -> list[str]:
    """The kind's options with what each means; those that were not proposed are commented out."""
    lines = []
    for key, meaning in described(plugins.kind(kind).options).items():
        lines += ["", *textwrap.wrap(meaning, 96, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"{key} = {_toml(options[key])}" if key in options else f"# {key} =")
    return lines


def _gates(component: str, gates: dict[str, str]) -> list[str]:
    lines = [
        "# Gates: a version is released when the whole 95% interval of each score passes.",
        '# Conditions are ">= 0.8", "<= 0.1" and "not worse by 0.005" than what is in production;',
        f'# "SCORE[COLUMN=GROUP]" is one group. After a build, twinkeel show {component} lists',
        "# the scores. Choose the bounds before you measure.",
        f"[components.{component}.gates]",
    ]
    return lines + [f"# {_key(name)} = {_toml(text)}" for name, text in gates.items()]


def described(record: type[Any]) -> dict[str, str]:
    """Each field of a record, inherited ones too, with the docstring below it in the source, ""
    for none."""
    meanings = dict.fromkeys(record.__struct_fields__, "")
    lines = [line for part in _annotated(record) for line in _body(part)]
    for field, below in itertools.pairwise(lines):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                meanings[name] = " ".join(text.split())
    return meanings


def _annotated(record: type[Any]) -> list[type[Any]]:
    """The record and those that it is based on, as far as they have fields of their own."""
    return [part for part in record.__mro__ if vars(part).get("__annotations__")]


def _body(record: type[Any]) -> list[ast.stmt]:
    """The statements in a class's source."""
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    return found.body if isinstance(found, ast.ClassDef) else []


def _toml(value: Json) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c
        for c in text
    )
    return f'"{escaped}"'
