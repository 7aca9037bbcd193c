"""`[sources.NAME]` -> a `Source`, whatever kind of place it names.

Owns the choice between files, URLs, queries, databases and frames. A source of files is opened once
a process for as long as its files stay as they are; what is elsewhere is read anew each time.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import TypeAlias

import msgspec

from twinkeel.config import Config, SourceConfig, from_environment, seconds, size, urls
from twinkeel.data import databases, hindsight, places, queries, remote
from twinkeel.data.frames import FrameSource
from twinkeel.data.sources import Local, Source
from twinkeel.errors import SourceError, UnknownName
from twinkeel.plugins import suggestion

_State: TypeAlias = tuple[tuple[str, int, int], ...]
_KEPT = 4
_opened: OrderedDict[tuple[str, Path, bytes], tuple[_State, Source]] = OrderedDict()


def source(config: Config, name: str, *, within: tuple[str, ...] = ()) -> Source:
    """The project's source `name`; `within` are the sources whose queries ask for it.

    Raises UnknownName, SourceError where there is no such data; contents are read later.
    """
    if name not in config.sources:
        raise UnknownName(f"There is no source {name!r}{suggestion(name, tuple(config.sources))}")
    if name in config.given:
        return FrameSource(name, config.given[name], config.sources[name])
    table = config.sources[name]
    if table.url is not None:
        return Source(
            name, databases.place(table), partial(_from_database, table, config, name), table
        )
    if table.query is not None:
        inputs = _inputs(config, name, within)
        return Source(name, "a query", partial(_from_query, table, config, name, inputs), table)
    return open_source(table, config.root, name=name)


def open_source(config: SourceConfig, root: Path, *, name: str = "source") -> Source:
    """The source of files that `config` describes, with paths relative to `root`.

    Raises SourceError where there is no such file; contents are read later.
    """
    where = f"[sources.{name}] path"
    if config.path is None:
        raise SourceError(
            f"[sources.{name}] names no path, query or url, and no frame was given: add one, or "
            f'open the project with data={{"{name}": frame}}.'
        )
    path = from_environment(config.path, where)
    if remote.is_url(path):
        return _from_url(path, config, name)
    found = places.find(path, root, where)
    key, state = (name, root.absolute(), _read_as(config)), _state(found.files)
    kept = _opened.get(key)
    if kept is None or kept[0] != state:
        local = Local(files=found.files, folder=found.folder)
        kept = _opened[key] = (state, Source(name, config.path, lambda: local, config))
    _opened.move_to_end(key)
    while len(_opened) > _KEPT:
        _opened.popitem(last=False)
    return kept[1]


def _read_as(config: SourceConfig) -> bytes:
    """What a source's keys say of how it is read."""
    return msgspec.json.encode(msgspec.structs.replace(config, expect=None))


def _state(found: tuple[Path, ...]) -> _State:
    """What changes when a file does."""
    stats = ((path, path.stat()) for path in found)
    return tuple((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def is_here(config: Config, name: str) -> bool:
    """Whether the source `name` is files on this machine, which are cheap to look at."""
    path = config.sources[name].path
    if path is None or name in config.given:
        return False
    return not remote.is_url(from_environment(path, f"[sources.{name}] path"))


def _from_url(url: str, config: SourceConfig, name: str) -> Source:
    def fetch() -> Local:
        keeps = scratch()
        found = remote.fetch(url, Path(keeps.name), f"[sources.{name}] path")
        return Local(files=found.files, folder=found.folder, keeps=keeps)

    return Source(name, urls.shown(config.path or ""), fetch, config)


def _inputs(config: Config, name: str, within: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources that a query reads."""
    within = (*within, name)
    where = f"[sources.{name}] query"
    wanted = queries.tables(config.sources[name].query or "", where) & set(config.sources)
    circle = sorted(wanted & set(within))
    if circle:
        raise SourceError(
            f"{where} reads {circle[0]}, which comes from {name} itself: cut the circle."
        )
    return tuple(source(config, one, within=within) for one in sorted(wanted))


def _from_query(
    table: SourceConfig, config: Config, name: str, inputs: tuple[Source, ...]
) -> Local:
    keeps = scratch()
    told = {one.name: config.sources[one.name].time for one in inputs}
    times = {one: column for one, column in told.items() if column is not None}
    query = queries.Query(
        text=table.query or "",
        where=f"[sources.{name}] query",
        time=table.time,
        sources=tuple(one for one in config.sources if one != name),
        allow=table.allow,
        seconds=seconds(table.time_limit, f"[sources.{name}] time_limit"),
        memory=size(table.memory_limit, f"[sources.{name}] memory_limit"),
    )
    folder = Path(keeps.name)
    room = queries.run(query, inputs, config.root, folder)
    notes = hindsight.check(room, times)
    return Local(
        files=(folder / queries.RESULT,),
        folder=folder,
        notes=(*(note for one in inputs for note in one.notes()), *notes),
        before=tuple(origin for one in inputs for origin in one.origins()),
        query=query.text,
        what=query.where,
        keeps=keeps,
    )


def _from_database(table: SourceConfig, config: Config, name: str) -> Local:
    keeps = scratch()
    path = Path(keeps.name) / f"{name}.jsonl"
    limit = seconds(table.time_limit, f"[sources.{name}] time_limit")
    where = f"[sources.{name}]"
    databases.write(table, config.root, path, where=where, limit=limit)
    folder = path.parent
    return Local(files=(path,), folder=folder, query=table.query, what=where, keeps=keeps)


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder that is gone when nobody needs it any more."""
    return tempfile.TemporaryDirectory(prefix="twinkeel-source-")
