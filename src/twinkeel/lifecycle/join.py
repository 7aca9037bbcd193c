"""Label and feedback: a table of what became known later -> events that join calls.

Each row is found its call, by the call's event id or by the case's id and a time, checked against
the version that answered, and recorded once: the same table twice adds nothing. Labels that differ
are all kept. Refuses, row by row and by number, what is about no call and what cannot be a value.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from twinkeel.config import Config, JoinTable, SourceConfig, join_table, seconds
from twinkeel.data.opening import open_source, source
from twinkeel.data.sources import Source
from twinkeel.data.table import Table
from twinkeel.data.types import Unreadable, plain, shown
from twinkeel.errors import InputError, SourceError, UnknownName, UsageError
from twinkeel.lifecycle import call, labels
from twinkeel.lifecycle.components import component
from twinkeel.lifecycle.moments import moment, shifted
from twinkeel.plugins import suggestion
from twinkeel.records import Event, Field, Json, Record, VersionRef, now
from twinkeel.store.store import Store

Joining = Literal["label", "feedback"]
Remark = Literal["unknown", "invalid", "contradicting", "ambiguous"]
_BATCH = 5_000
_ROLES = ("value", "event", "id", "time", "within", "by")
"""The keys of `[components.NAME.labels]` that say how rows are found their calls."""
_GLOB = frozenset("*?[")
_SHOWN = 20
"""Rows that are told one by one."""


class Told(Record, frozen=True, kw_only=True):
    """One row that a person should know of."""

    row: int
    """Its number in the table, the first row being 1."""
    what: Remark
    sentence: str


class Joined(Record, frozen=True, kw_only=True):
    """What became of a table of labels or feedback."""

    component: str
    kind: Joining
    rows: int
    joined: int
    """Rows that were recorded now."""
    known: int
    """Rows that say what is recorded already."""
    unknown: int
    """Rows about no call; refused."""
    invalid: int
    """Rows whose value or time cannot be one; refused."""
    contradicting: int
    """Of the joined, those that differ from what the same call has; all are kept."""
    ambiguous: int
    """Of the rows by id, those with several calls in the time allowed; the latest one is meant."""
    told: tuple[Told, ...] = ()
    """The first rows that were refused, contradict or are ambiguous."""

    @property
    def refused(self) -> int:
        """Rows that were not taken."""
        return self.unknown + self.invalid


def join(
    config: Config,
    store: Store,
    name: str,
    kind: Joining,
    *,
    file: Path | None = None,
    columns: Mapping[str, str] | None = None,
) -> Joined:
    """Record what `file`, or the configured source, says of the calls of a component.

    `columns` go before the keys of `[components.NAME.labels]` (or `.feedback`) of the same names.
    Raises ConfigError, UsageError or SourceError before anything is recorded.
    """
    configured = component(config, name).config
    where = f"[components.{name}.{'labels' if kind == 'label' else 'feedback'}]"
    by = _merged(configured.labels if kind == "label" else configured.feedback, columns or {})
    table = _Columns.of(_source(config, by, file, where), by, where)
    work = _Join(store, name, kind)
    finder = _ByEvent(store) if by.event is not None else _by_id(store, name, table, by)
    count = 0
    for rows in table.batches():
        work.take(rows, finder.find(rows))
        count += len(rows)
    store.events.flush()
    store.events.move()
    return work.joined(count)


@dataclass(frozen=True)
class _Row:
    """One row of the table."""

    number: int
    key: str
    """The event id, or the case's id."""
    value: Json
    time: str | None
    """When, ISO 8601 in UTC; "" where it cannot be read."""
    who: str | None


@dataclass(frozen=True)
class _Found:
    """The call that a row is about, or why there is none."""

    call: Event | None
    others: int = 0
    """Earlier calls that the row could be about as well."""
    why: str = ""


@dataclass(frozen=True)
class _Columns:
    """The columns of a table by what they hold; its rows are never in memory all at once."""

    data: Source
    key: str
    value: str
    time: str | None
    by: str | None

    @classmethod
    def of(cls, data: Source, by: JoinTable, where: str) -> _Columns:
        """The columns that `by` names. Raises UsageError for what it lacks."""
        key = by.event or by.id
        if key is None or by.value is None:
            lacks = "value" if key is not None else "event (or id and time)"
            role = lacks.split(maxsplit=1)[0]
            raise UsageError(f"{where} has no {lacks}: name the column, there or as {role}=COLUMN.")
        if by.id is not None and by.time is None:
            raise UsageError(f"{where} has id and no time: name the column that says when.")
        return cls(data, key, by.value, by.time, by.by)

    def batches(self) -> Iterator[list[_Row]]:
        """The rows, so many at a time. Raises SourceError for a column that is not there."""
        before = 0
        for table in self.data.batches(_BATCH):
            if not before:
                self._check(table)
            yield [self._row(before + i, row) for i, row in enumerate(table.rows(), 1)]
            before += len(table)

    def _check(self, table: Table) -> None:
        for name in (self.key, self.value, self.by, self.time):
            if name is not None and name not in table.names:
                near = suggestion(name, table.names)
                raise SourceError(f"The table has no column {name!r}{near}")

    def _row(self, number: int, row: Mapping[str, Json]) -> _Row:
        return _Row(
            number=number,
            key=_plain(row[self.key]),
            value=row[self.value],
            time=None if self.time is None else moment(row[self.time], end_of_day=True),
            who=None if self.by is None else _plain(row[self.by]) or None,
        )


def _merged(configured: JoinTable, columns: Mapping[str, str]) -> JoinTable:
    """The configured keys with those given now, which leave the other way to find a call out.

    Raises UsageError for a key that there is not.
    """
    for key in columns:
        if key not in _ROLES:
            raise UsageError(f"{key!r} is nothing that a row can say{suggestion(key, _ROLES)}")
    kept = msgspec.structs.asdict(configured)
    if "event" in columns:
        kept |= {"id": None, "time": None}
    elif "id" in columns:
        kept |= {"event": None}
    given = {name: value for name, value in kept.items() if value is not None}
    return join_table(given | dict(columns), "The columns")


def _source(config: Config, by: JoinTable, file: Path | None, where: str) -> Source:
    if file is not None and not file.exists() and not _GLOB & set(str(file)):
        raise SourceError(f"There is no file {file}: correct the path.")
    if file is not None:
        return open_source(SourceConfig(path=str(file.resolve())), config.root, name=file.name)
    if by.source is None:
        raise UsageError(f"Give a file, or name a source under {where}.")
    return source(config, by.source)


@dataclass
class _ByEvent:
    """Calls found by their event id."""

    store: Store

    def find(self, rows: Sequence[_Row]) -> list[_Found]:
        """The call of each row."""
        wanted = {row.key for row in rows}
        events = {event.id: event for event in self.store.events.among("id", wanted)}
        found = [events.get(row.key) for row in rows]
        return [
            _Found(event)
            if event is not None and event.kind == "call"
            else _Found(None, why=_unknown(row, f"with the event id {shown(row.key)}"))
            for row, event in zip(rows, found, strict=True)
        ]


@dataclass
class _ById:
    """Calls found by the id of their case and a time."""

    store: Store
    within: float
    """Seconds."""
    calls: Mapping[str, list[tuple[str, str]]]
    """Case -> time and event id of its calls, oldest first."""

    def find(self, rows: Sequence[_Row]) -> list[_Found]:
        """The latest call of each row's case in the time before it."""
        places = [self._place(row) for row in rows]
        wanted = {place for place, _ in places if place}
        events = {event.id: event for event in self.store.events.among("id", wanted)}
        return [
            _Found(events[place], others=others)
            if place
            else _Found(None, why=_unknown(row, f"of {shown(row.key)} in the time before it"))
            for row, (place, others) in zip(rows, places, strict=True)
        ]

    def _place(self, row: _Row) -> tuple[str, int]:
        calls = self.calls.get(row.key, [])
        if not row.time:
            return "", 0
        end = bisect_right(calls, (row.time, "\x7f"))
        start = bisect_right(calls, (shifted(row.time, -self.within), ""))
        return (calls[end - 1][1], end - start - 1) if end > start else ("", 0)


def _unknown(row: _Row, call: str) -> str:
    """Why a row is about no call."""
    return f"there is no call {call}" if row.key else "its id is empty"


def _by_id(store: Store, name: str, columns: _Columns, by: JoinTable) -> _ById:
    """Read the calls of the times that the table speaks of, keeping ids and times alone."""
    within = seconds(by.within, "within")
    wanted: set[str] = set()
    first = ""
    for rows in columns.batches():
        wanted.update(row.key for row in rows)
        times = [row.time for row in rows if row.time]
        first = min([*times, *([first] if first else [])], default="")
    calls: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if first:
        for event in store.events.each(name, "call", since=shifted(first, -within)):
            if event.case in wanted:
                calls[str(event.case)].append((event.at, event.id))
    return _ById(store, within, {case: sorted(found) for case, found in calls.items()})


@dataclass
class _Join:
    """Records rows and counts what becomes of them."""

    store: Store
    component: str
    kind: Joining
    counts: Counter[str] = field(default_factory=Counter)
    told: list[Told] = field(default_factory=list)
    _fields: dict[int | None, Field | None] = field(default_factory=dict)

    def take(self, rows: Sequence[_Row], found: Sequence[_Found]) -> None:
        """Record what is new of these rows."""
        about = {one.call.id for one in found if one.call is not None}
        said: dict[str, dict[bytes, set[str | None]]] = defaultdict(lambda: defaultdict(set))
        for event in self.store.events.among("about", about):
            if event.kind == self.kind and event.about is not None:
                said[event.about][labels.canonical(labels.value_of(event))].add(event.who)
        for row, one in zip(rows, found, strict=True):
            if row.time == "":
                self._tell(row, "invalid", "its time is not a date or a time")
            elif one.call is None or one.call.component != self.component:
                why = one.why or f"the event {row.key} is a call of another component"
                self._tell(row, "unknown", why)
            else:
                self._one(row, one, said[one.call.id])

    def joined(self, rows: int) -> Joined:
        """The summary."""
        names = ("joined", "known", "unknown", "invalid", "contradicting", "ambiguous")
        counts = {name: self.counts[name] for name in names}
        told = tuple(self.told)
        return Joined(component=self.component, kind=self.kind, rows=rows, told=told, **counts)

    def _one(self, row: _Row, found: _Found, said: dict[bytes, set[str | None]]) -> None:
        assert found.call is not None
        try:
            value = labels.read(self._field(found.call), row.value)
        except InputError as error:
            empty = not isinstance(row.value, list | dict) and not _plain(row.value)
            self._tell(row, "invalid", f"its {self.kind} is empty" if empty else str(error))
            return
        text = labels.canonical(value)
        if text in said and (row.who is None or row.who in said[text]):
            self.counts["known"] += 1
            return
        if found.others:
            several = f"{found.others + 1} calls of {shown(row.key)} are possible"
            self._tell(row, "ambiguous", f"{several}: the latest is meant")
        if self.kind == "label" and said.keys() - {text}:
            self._tell(row, "contradicting", f"{found.call.id} has another label; both are kept")
        said[text].add(row.who)
        self._record(row, found.call, value, text)

    def _record(self, row: _Row, about: Event, value: Json, text: bytes) -> None:
        output = {"value": value} if row.time is None else {"value": value, "time": row.time}
        parts = (self.kind.encode(), about.id.encode(), (row.who or "").encode(), text)
        made = Event(
            id=hashlib.sha256(b"\0".join(parts)).hexdigest()[:32],
            kind=self.kind,
            component=about.component,
            number=about.number,
            at=now(),
            about=about.id,
            who=row.who,
            output=output,
        )
        self.store.events.append(made)
        self.counts["joined"] += 1

    def _field(self, about: Event) -> Field | None:
        """What the version that answered can be right or wrong about."""
        if self.kind == "feedback" or about.number is None:
            return None
        if about.number not in self._fields:
            self._fields[about.number] = self._signature(about.number)
        return self._fields[about.number]

    def _signature(self, number: int) -> Field | None:
        try:
            made = self.store.version(VersionRef(component=self.component, number=number))
        except UnknownName:  # gc took it: nothing is known of its labels
            return None
        return call.loaded(self.store, made).signature.label

    def _tell(self, row: _Row, what: Remark, sentence: str) -> None:
        self.counts[what] += 1
        if len(self.told) < _SHOWN:
            self.told.append(Told(row=row.number, what=what, sentence=f"{sentence}."))


def _plain(cell: Json) -> str:
    try:
        return plain(cell)
    except Unreadable:
        return ""
