"""Profile: a source of the project, or any file -> its table in numbers, and a page of it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from twinkeel.config import Config, SourceConfig
from twinkeel.data import opening
from twinkeel.data.profile import Profile
from twinkeel.data.profile import profile as profiled
from twinkeel.data.sources import Source
from twinkeel.errors import UnknownName, UsageError
from twinkeel.plugins import suggestion
from twinkeel.report.html import page
from twinkeel.report.profiles import rows, section
from twinkeel.store import files


def profile(
    config: Config, name: str, *, target: str | None = None, time: str | None = None
) -> Profile:
    """The profile of the source `name`; raises UnknownName where the project has none."""
    if name not in config.sources:
        component = config.components.get(name)
        near = suggestion(name, tuple(config.sources))
        hint = near if component is None else f"; the source of {name} is {component.source!r}."
        raise UnknownName(f"There is no source {name!r}{hint}")
    return of_source(opening.source(config, name), target=target, time=time)


def profile_file(path: str, *, target: str | None = None, time: str | None = None) -> Profile:
    """The profile of a table's file, or of a glob of files, that no project needs to name."""
    source = opening.open_source(SourceConfig(path=path), Path(), name=path)
    return of_source(source, target=target, time=time)


def of_source(source: Source, *, target: str | None, time: str | None) -> Profile:
    """The profile of a source's table, with what there is to know of how it was read."""
    table = source.table()
    found = profiled(table, target=target, time=time)
    sampled = None if source.rows == len(table) else source.rows
    return replace(found, source_rows=sampled, notes=source.notes())


def write_profile(name: str, found: Profile, out: Path) -> Path:
    """Write a profile as one HTML page that works alone; returns its path."""
    if out.is_dir():
        raise UsageError(f"{out} is a folder: name a file in it, such as {out / 'profile.html'}.")
    said = rows(found)
    with files.explained(out):
        files.replace(out, page(name, [section(found, f"{said.capitalize()}.")]).encode())
    return out
