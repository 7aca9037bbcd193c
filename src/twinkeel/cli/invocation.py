"""One run of the command line: its project, its consoles and what a verb replies with.

Verbs take an `Invocation` and return a `Reply`: the same answer as data for `--json` and as
text for people. Results go to standard output, progress to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from twinkeel.records import Json

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from twinkeel.project import Project


@dataclass(frozen=True)
class Reply:
    """What a verb answers."""

    data: Json
    """The answer for `--json`: records and plain values."""
    parts: tuple[RenderableType, ...] = ()
    """The answer for people: sentences and tables, one under the other."""
    exit_code: int = 0


@dataclass
class Invocation:
    """One run of one verb."""

    folder: Path
    json: bool
    _opened: Project | None = field(default=None, init=False)

    def __enter__(self) -> Invocation:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.close()

    @cached_property
    def project(self) -> Project:
        """The project of `--project`, with the secrets of its `.env` in the environment."""
        from twinkeel.cli import dotenv
        from twinkeel.config import find_root
        from twinkeel.project import Project

        dotenv.load(find_root(self.folder))
        self._opened = Project.open(self.folder)
        return self._opened

    @cached_property
    def out(self) -> Console:
        """Where results go."""
        from twinkeel.cli.consoles import console

        return console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Where progress goes."""
        from twinkeel.cli.consoles import console

        return console(sys.stderr)

    @contextmanager
    def progress(self, limit: float | None = None) -> Iterator[None]:
        """Show the project's progress, against `limit` seconds where a limit is known."""
        from twinkeel.cli.progress import display
        from twinkeel.records import silent

        if self.json and not self.err.is_interactive:
            yield
            return
        with display(self.err, limit) as shown:
            self.project.progress = shown
            try:
                yield
            finally:
                self.project.progress = silent

    def print(self, reply: Reply) -> None:
        """Print a reply, as one JSON document or for people."""
        if self.json:
            print_json(reply.data)
            return
        for part in reply.parts:
            if isinstance(part, str):
                self.out.print(part, soft_wrap=True)
            else:
                self.out.print(part)
        sys.stdout.flush()


Here = Annotated[Invocation, Parameter(parse=False)]
"""The parameter through which a verb gets its invocation."""


def print_json(data: Json) -> None:
    """Print `data` as one indented JSON document on standard output."""
    import msgspec

    encoded = msgspec.json.encode(data, enc_hook=_plain)
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")
    sys.stdout.flush()


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__} in a reply is not JSON")
