"""Writes docs/reference from the code: what is there is read, nothing is typed twice.

Owns how configuration keys, commands, routes, errors, kinds and signatures become pages. Refuses
to describe what the code does not: a key without a docstring stops it, naming the key.

    python scripts/reference.py          write the pages
    python scripts/reference.py --check  say which are out of date, and end with 1 if any is
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from docstrings import (
    UndocumentedError,
    annotations,
    attribute_texts,
    docstring,
    methods,
    sentence,
    signature,
)

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"

_CONFIG_TABLES = (
    ("[project]", "ProjectTable"),
    ("[sources.NAME]", "SourceConfig"),
    ("[sources.NAME.expect]", "Expectations"),
    ("[sources.NAME.expect.columns]", "ColumnExpectation"),
    ("[components.NAME]", "ComponentTable"),
    ("[components.NAME.labels]", "JoinTable"),
    ("[components.NAME.rebuild]", "RebuildTable"),
    ("[server]", "ServerTable"),
    ("[events]", "EventsTable"),
    ("[versions]", "VersionsTable"),
    ("[store]", "StoreTable"),
    ("[monitor]", "MonitorTable"),
)
_WORDS = {
    "dict[str, Any]": "table",
    "str": "text",
    "Expectations": "table",
    "RowsExpectation": "table",
    "FreshExpectation": "table",
    "dict[str, ColumnExpectation]": "table of tables",
    "float | str": "number or date",
    "FieldType": "`number`, `integer`, `boolean`, `category`, `text` or `date`",
    "Violation": "`stop` or `report`",
    "Prefer": "`accuracy`, `balanced` or `latency`",
    "tuple[str | bool | int | float, ...]": "list of values",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "tuple[str, ...]": "list of texts",
    "Literal['.', ',']": "`.` or `,`",
    "Direction": "`higher` or `lower`",
    "Workers": "`threads`, `processes` or `ray`",
    "dict[str, str]": "table of texts",
    "dict[str, dict[str, float]]": "table of tables of numbers",
}
_INTERFACE: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "Projects": (
        ("twinkeel.project", ("Project", "Judged")),
        ("twinkeel.lifecycle.status", ("ComponentStatus",)),
        ("twinkeel.lifecycle.verify", ("Verification", "Check")),
        ("twinkeel.store.gc", ("Collected",)),
    ),
    "Estimators": (("twinkeel.learn", ("TabularClassifier", "load")),),
    "Writing a kind": (
        (
            "twinkeel.kinds.base",
            ("Kind", "Options", "Traits", "Task", "Built", "Servable", "Explains", "CallsColumns"),
        ),
        ("twinkeel.testing", ("check_kind",)),
    ),
    "Records": (
        (
            "twinkeel.records",
            (
                *("Field", "Signature", "Output", "Explanation", "Contribution"),
                *("Cases", "Evidence", "Score", "Scorecard", "Gate", "Verdict"),
                *("Version", "VersionRef", "Lineage", "Origin", "Evaluation", "Release", "Event"),
                *("Terms", "Trial", "Standing"),
                *("Limits", "Tick"),
            ),
        ),
    ),
}


@dataclasses.dataclass(frozen=True)
class Key:
    """One key of a configuration table."""

    name: str
    type: str
    default: str
    text: str


def pages() -> dict[str, str]:
    """File name -> contents, of every page of the reference."""
    made = {
        "configuration.md": configuration(),
        "cli.md": cli(),
        "http.md": http(),
        "errors.md": errors(),
        "kinds.md": kinds(),
        "python.md": python(),
    }
    note = "<!-- Written by scripts/reference.py: change the code it is read from. -->\n\n"
    return {name: note + text.strip() + "\n" for name, text in made.items()}


def keys(record: type) -> list[Key]:
    """The keys of a configuration record; raises UndocumentedError naming one without a text."""
    texts, types = attribute_texts(record), annotations(record)
    found = []
    for item in msgspec.structs.fields(record):
        if not texts.get(item.name):
            raise UndocumentedError(f"{record.__name__}.{item.name} has no docstring.")
        found.append(Key(item.name, _words(types[item.name]), _default(item), texts[item.name]))
    return found


def configuration() -> str:
    """Every key of `twinkeel.toml`."""
    from twinkeel import config, plugins

    lines = [
        "# Configuration",
        "A project is a folder with `twinkeel.toml`. An unknown key is an error that names the "
        "nearest known one. Components and sources share one namespace.",
    ]
    for heading, name in _CONFIG_TABLES:
        record = getattr(config, name)
        lines += [f"## `{heading}`", sentence(record), _key_table(keys(record))]
    for name in own_kinds():
        options = plugins.kind(name).options
        lines += [f'## `kind = "{name}"`', sentence(options), _key_table(keys(options))]
    return "\n\n".join(lines)


def cli() -> str:
    """Every command, from the command line's own help."""
    from twinkeel.cli.app import app, tell_in_full

    tell_in_full()
    text = app.generate_docs().replace("```console", "```text")
    text = text.replace("# twinkeel\n", "# Command line\n", 1)
    before, _, after = text.partition("## Table of Contents\n")
    text = before + after[after.index("**Commands**") :]
    return re.sub(r" +$", "", text, flags=re.MULTILINE)


def http() -> str:
    """Every route, from the OpenAPI document of a server that serves nothing yet."""
    from twinkeel.server import openapi
    from twinkeel.server.routes import ROUTES

    found = openapi.document(ROUTES, (), "project")
    lines = [
        "# HTTP",
        "A running server describes itself at `/openapi.json`, with the columns of every released "
        "component as typed fields. This page lists what every server has. Every error is "
        '`{"error": "one sentence", "request_id": "..."}`.',
        "## Routes",
        *(_route(path, method, item) for path, method, item in _operations(found["paths"])),
        "## Bodies",
    ]
    for name, schema in sorted(found["components"]["schemas"].items()):
        shown = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
        lines += [f"### {name}", f"```json\n{shown}\n```"]
    return "\n\n".join(lines)


def errors() -> str:
    """The exception tree, with exit codes and statuses."""
    from twinkeel import errors as module

    rows = [
        f"| {'&nbsp;' * 4 * depth}`{error.__name__}` | {error.exit_code} | {_status(error)} "
        f"| {sentence(error)} |"
        for error, depth in _tree(module.TwinkeelError, 0)
    ]
    return "\n\n".join(
        (
            "# Errors",
            "Every error that Twinkeel raises on purpose is a `TwinkeelError`, in "
            "`twinkeel.errors`. Its message is one sentence or two: which thing, what was "
            "expected, what came, what to do. Anything else that is raised is a defect.",
            "| error | exit code | HTTP status | when |\n|---|---|---|---|\n" + "\n".join(rows),
        )
    )


def kinds() -> str:
    """The built-in kinds: what they are, their traits and runtime."""
    from twinkeel import plugins
    from twinkeel.kinds.base import Traits

    texts = attribute_texts(Traits)
    lines = [
        "# Kinds",
        "A kind says what is built. Its own configuration keys are under "
        "[Configuration](configuration.md). [Add a kind](../add-a-kind.md) makes another one.",
    ]
    for name in own_kinds():
        kind = plugins.kind(name)
        lines += [
            f"## `{name}`",
            sentence(type(kind)),
            f"Its bundles are loaded by `{kind.runtime}`.",
        ]
        lines.append(
            "| trait | | meaning |\n|---|---|---|\n"
            + "\n".join(
                f"| `{key}` | {'yes' if value else 'no'} | {texts[key]} |"
                for key, value in msgspec.structs.asdict(kind.traits).items()
            )
        )
    return "\n\n".join(lines)


def python() -> str:
    """Signatures and docstrings of what is meant to be used from Python."""
    lines = [
        "# Python",
        "`Project` does what the command line does, with the same verbs. `TabularClassifier` works "
        "without a project. The rest is for those who write a kind or read records.",
    ]
    for heading, modules in _INTERFACE.items():
        lines.append(f"## {heading}")
        for module, names in modules:
            home = importlib.import_module(module)
            for name in names:
                lines += _described(module, name, getattr(home, name))
    return "\n\n".join(lines)


def own_kinds() -> list[str]:
    """Kinds of this distribution: others that happen to be installed have pages of their own."""
    from twinkeel import plugins

    return [
        name
        for name in plugins.kind_names()
        if type(plugins.kind(name)).__module__.startswith("twinkeel.kinds.")
    ]


def _words(type_: str) -> str:
    bare = type_.removesuffix(" | None")
    if bare not in _WORDS:
        raise UndocumentedError(f"The reference has no words for the type {type_}.")
    return _WORDS[bare]


def _default(item: msgspec.structs.FieldInfo) -> str:
    if item.required:
        return "required"
    value = item.default if item.default_factory is msgspec.NODEFAULT else item.default_factory()
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (tuple, dict)):
        return "empty"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def _key_table(found: Sequence[Key]) -> str:
    rows = (f"| `{key.name}` | {key.type} | {key.default} | {key.text} |" for key in found)
    return "| key | value | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows)


def _operations(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, verbs in paths.items():
        for method, item in verbs.items():
            yield path, method.upper(), item


def _route(path: str, method: str, item: dict[str, Any]) -> str:
    lines = [f"### `{method} {path}`", item["summary"]]
    needs = item.get("description", "Public.")
    body = item.get("requestBody")
    answer = item["responses"]["2XX"]["content"]
    facts = [needs, *([f"Body: {_schema_name(body['content'])}."] if body else [])]
    return "\n\n".join((*lines, " ".join((*facts, f"Answer: {_schema_name(answer)}."))))


def _schema_name(content: dict[str, Any]) -> str:
    ((media, held),) = content.items()
    ref = held["schema"].get("$ref")
    if ref is None:
        return f"`{media}`"
    name = ref.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _tree(error: type[Exception], depth: int) -> Iterator[tuple[Any, int]]:
    yield error, depth
    for below in error.__subclasses__():
        if below.__module__ == "twinkeel.errors":
            yield from _tree(below, depth + 1)


def _status(error: Any) -> int:
    """The HTTP status of the class, or the one that its constructor starts from."""
    given = inspect.signature(error.__init__).parameters.get("status")
    return int(error.status if given is None else given.default)


def _described(module: str, name: str, thing: Any) -> list[str]:
    lines = [f"### {name}", f"```text\n{module}.{signature(name, thing)}\n```", docstring(thing)]
    if not inspect.isclass(thing):
        return lines
    fields = _fields(thing)
    if fields:
        lines.append("\n".join(fields))
    for verb, method in methods(thing):
        lines += [
            f"#### {name}.{verb}",
            f"```text\n{signature(verb, method)}\n```",
            docstring(method),
        ]
    return lines


def _fields(cls: type) -> list[str]:
    texts = attribute_texts(cls)
    return [
        f"- `{name}`: `{type_}`. {texts.get(name, '')}".rstrip()
        for name, type_ in annotations(cls).items()
        if not name.startswith("_")
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them; returns the exit code."""
    made = pages()
    old = [n for n, text in made.items() if _stored(n) != text]
    if "--check" in arguments:
        for name in old:
            print(f"docs/reference/{name} is out of date: run python scripts/reference.py.")
        return 1 if old else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in old:
        (FOLDER / name).write_text(made[name], encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


def _stored(name: str) -> str | None:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
