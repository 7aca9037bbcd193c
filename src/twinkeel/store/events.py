"""The event log: what was served, written before the reply leaves, found again by id.

`append` returns when the operating system has the record: a process that is killed then loses
nothing. A thread syncs in groups, beginning at most 25 ms after the first record that is not
yet on the disk, so a machine that loses power forgets at most the last 50 ms (on a disk that
syncs within 25). `move` takes finished segments into SQL, where retention applies. Events
are ordered by a sequence that never goes back, whatever the clock does.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import func, select

from twinkeel.errors import StoreError
from twinkeel.records import Event, Record
from twinkeel.store import chain, files, points, segments
from twinkeel.store.database import Database
from twinkeel.store.sample import Sample, chosen, condition
from twinkeel.store.schema import events
from twinkeel.store.segments import Logged, Segment

WINDOW = 0.025
"""Seconds from an unsynced record to the sync that takes it."""
SEGMENT_BYTES = 8 * 2**20
_BATCH = 2_000
_NAMES = 500
"""Ids in one question to SQL."""
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Event).decode
Sequenced: TypeAlias = tuple[int, Event]


class Clock:
    """Milliseconds with 16 more bits to count within one; never the same twice, never back."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._lock = threading.Lock()

    def next(self) -> int:
        """The next moment, below 2**63."""
        with self._lock:
            self._last = max((time.time_ns() // 1_000_000) << 16, self._last + 1)
            return self._last


_ids = Clock()


def sequence_at(at: str) -> int:
    """The sequence that every event has passed which was stored since the moment `at`."""
    return (int(dt.datetime.fromisoformat(at).timestamp() * 1_000) << 16) - 1


def new_id() -> str:
    """A new event id: 128 bits in hex, half time and half chance; those made later sort later."""
    return f"{_ids.next():016x}{secrets.token_hex(8)}"


class Moved(Record, frozen=True):
    """What `move` did."""

    events: int = 0
    segments: int = 0
    torn_bytes: int = 0
    """Bytes of records that a killed writer left unfinished; no reply was sent for them."""
    damaged: int = 0
    """Records that do not match their checksum; their segments are kept as `*.damaged`."""


class _Keys(msgspec.Struct):
    """The part of an event that SQL has columns for."""

    id: str
    component: str
    kind: str
    at: str
    about: str | None = None


class EventLog:
    """All events of a store, in segments that are being written and in SQL."""

    def __init__(self, folder: Path, database: Database) -> None:
        self._folder = folder
        self._database = database
        self._lock = threading.Lock()  # the segment and those retired
        self._settling = threading.Lock()  # syncing and closing, which `append` never waits for
        self._moving = threading.Lock()
        self._segment: Segment | None = None
        self._retired: list[Segment] = []
        self._clock: Clock | None = None
        self._failure: StoreError | None = None
        self._dirty = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def append(self, event: Event) -> None:
        """Write one event; it survives the death of this process once this has returned.

        Raises StoreError where the disk refuses it, or refused to sync what came before.
        """
        data = _encode(event)
        with self._lock:
            self._raise_failure()
            segment = self._segment or self._begin()
            assert self._clock is not None
            segment.write(segments.line(self._clock.next(), data))
            if segment.size >= SEGMENT_BYTES:
                self._retire()
        points.reached("event.written")
        if not self._dirty.is_set():
            self._dirty.set()

    def flush(self) -> None:
        """Wait until everything appended so far is on the disk. Raises StoreError."""
        self._settle()
        with self._lock:
            self._raise_failure()

    def find(self, id: str) -> Event | None:  # noqa: A002 - the record's own word
        """The event with this id, wherever it is."""
        # It may be moved between the two looks, but then the third one sees it.
        return self._find_sql(id) or self._find_logged(id) or self._find_sql(id)

    def query(
        self,
        *,
        component: str | None = None,
        kind: str | None = None,
        since: str | None = None,
        about: str | None = None,
        limit: int = 100,
    ) -> list[Event]:
        """Events newest first; `since` is a time in ISO 8601, and counts itself."""
        wanted = {"component": component, "kind": kind, "about": about}
        equal = {name: value for name, value in wanted.items() if value is not None}
        # The log first: what is moved meanwhile is seen twice rather than not at all.
        found = {
            event.id: (at, event) for at, event in self._logged() if _fits(event, equal, since)
        }
        for at, event in self._stored(equal, since, limit):
            found[event.id] = (at, event)
        ordered = sorted(found.values(), key=lambda pair: (pair[0], pair[1].id), reverse=True)
        return [event for _, event in ordered[:limit]]

    def among(self, key: Literal["id", "about"], values: Collection[str]) -> list[Event]:
        """The events whose `key` is one of these, oldest first."""
        found = {e.id: (at, e) for at, e in self._logged() if getattr(e, key) in values}
        wanted = iter(values)
        with self._database.read() as connection:
            while batch := list(islice(wanted, _NAMES)):
                query = select(events.c.sequence, events.c.record)
                for row in connection.execute(query.where(events.c[key].in_(batch))):
                    event = _decode(row.record)
                    found[event.id] = (row.sequence, event)
        return [event for _, event in sorted(found.values(), key=lambda pair: pair[0])]

    def each(
        self, component: str, kind: str, *, since: str = "", after: int = 0, sample: Sample = ()
    ) -> Iterator[Event]:
        """Every event of one sort from the time `since` on, oldest first, in bounded memory.

        `after` is a sequence: only what was stored later counts. With `sample`, only what it has.
        What is appended while this runs may be left out.
        """
        logged = [
            (at, event)
            for at, event in self._logged()
            if event.component == component and event.kind == kind and event.at >= since
            if at > after and chosen(sample, event)
        ]
        last = after
        query = select(events.c.sequence, events.c.record).where(
            events.c.component == component, events.c.kind == kind, events.c.at >= since
        )
        query = query.where(condition(sample))
        while True:
            rest = query.where(events.c.sequence > last).order_by(events.c.sequence)
            with self._database.read() as connection:
                batch = connection.execute(rest.limit(_BATCH)).all()
            yield from (_decode(row.record) for row in batch)
            if len(batch) < _BATCH:
                break
            last = batch[-1].sequence
        newest = batch[-1].sequence if batch else last
        yield from (event for at, event in sorted(logged, key=lambda p: p[0]) if at > newest)

    def move(self) -> Moved:
        """Take every finished segment into SQL, this process's own and those of dead ones.

        Can be killed and repeated at any point: an event is stored once. Raises StoreError.
        """
        with self._moving:
            with self._lock:
                self._retire()
            self._settle()
            moved = Moved()
            with files.explained(self._folder):
                for path in self._paths():
                    moved = self._move(path, moved)
            self._set_clock()
        return moved

    def leftovers(self) -> Iterator[Path]:
        """Temporary files that a killed process may have left."""
        yield from self._folder.glob(f"{files.FRESH}*")

    def damaged(self) -> Iterator[Path]:
        """Segments that are kept because something in them does not match its checksum."""
        yield from self._folder.glob(f"*{segments.DAMAGED}")

    def close(self) -> None:
        """Sync and finish; what was appended waits in its segment for the next `move`."""
        self._stopped.set()
        self._dirty.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            self._retire()
        self.flush()

    # ------------------------------------------------------------------------ writing

    def _begin(self) -> Segment:
        """Open a segment, and with the first one the clock and the thread."""
        self._database.check_writable()
        with files.explained(self._folder):
            self._clock = self._clock or Clock(self._newest())
            self._segment = Segment(self._folder, self._clock.next())
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._keep_synced, name="events", daemon=True)
            self._thread.start()
        return self._segment

    def _set_clock(self) -> None:
        """Know the newest sequence, so that `append` needs no database that may be away later."""
        clock = self._clock or Clock(self._newest())
        with self._lock:
            self._clock = self._clock or clock

    def _retire(self) -> None:
        if self._segment is not None:
            self._retired.append(self._segment)
            self._segment = None
            points.reached("segment.rotated")

    def _keep_synced(self) -> None:
        while not self._stopped.is_set():
            self._dirty.wait()
            self._stopped.wait(WINDOW)
            self._dirty.clear()
            self._settle()

    def _settle(self) -> None:
        """Sync the segment and close those that are retired; a failure is told to `append`."""
        with self._settling:
            with self._lock:
                retired, self._retired = self._retired, []
                live = self._segment
            for work in [*(segment.close for segment in retired), *([live.sync] if live else [])]:
                try:
                    work()
                except OSError as error:
                    self._failure = files.explain(self._folder, error)
        points.reached("event.synced")

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    # ------------------------------------------------------------------------ moving

    def _move(self, path: Path, moved: Moved) -> Moved:
        descriptor = files.own(path)
        if descriptor is None:
            return moved
        try:
            contents = segments.parse(path.read_bytes())
            unread = self._insert(contents.records)
            points.reached("move.committed")
            _dispose(path, damaged=contents.damaged + unread, torn=contents.torn)
            points.reached("move.removed")
        finally:
            os.close(descriptor)
        return Moved(
            events=moved.events + len(contents.records) - unread,
            segments=moved.segments + 1,
            torn_bytes=moved.torn_bytes + contents.torn,
            damaged=moved.damaged + contents.damaged + unread,
        )

    def _insert(self, records: list[Logged]) -> int:
        """Store records in batches; returns how many are not events."""
        rows = (_row(record) for record in records)
        known = (row for row in rows if row is not None)
        count = 0
        while batch := list(islice(known, _BATCH)):
            with self._database.write() as connection:
                fresh = chain.unknown(connection, batch)
                connection.execute(self._database.insert_new(events), batch)
                chain.extend(connection, fresh)
                points.reached("move.inserted")
            count += len(batch)
        return len(records) - count

    # ------------------------------------------------------------------------ reading

    def _paths(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{segments.SUFFIX}"))

    def _read(self) -> Iterator[bytes]:
        for path in self._paths():
            try:
                yield path.read_bytes()
            except FileNotFoundError:
                continue

    def _logged(self) -> Iterator[Sequenced]:
        for data in self._read():
            yield from _events(segments.parse(data).records)

    def _find_logged(self, id_: str) -> Event | None:
        mark = id_.encode()
        lines = (line for data in self._read() if mark in data for line in data.split(b"\n"))
        records = (segments.record(line) for line in lines if mark in line)
        found = _events(record for record in records if record is not None)
        return next((event for _, event in found if event.id == id_), None)

    def _find_sql(self, id_: str) -> Event | None:
        with self._database.read() as connection:
            text = connection.scalar(select(events.c.record).where(events.c.id == id_))
        return None if text is None else _decode(text)

    def _stored(self, equal: dict[str, str], since: str | None, limit: int) -> list[Sequenced]:
        query = select(events.c.sequence, events.c.record)
        query = query.where(*(events.c[name] == value for name, value in equal.items()))
        if since is not None:
            query = query.where(events.c.at >= since)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(events.c.sequence.desc()).limit(limit))
            return [(row.sequence, _decode(row.record)) for row in rows]

    def _newest(self) -> int:
        with self._database.read() as connection:
            stored = connection.scalar(select(func.max(events.c.sequence))) or 0
        return max([stored, *(sequence for sequence, _ in self._logged())])


def _row(record: Logged) -> dict[str, Any] | None:
    try:
        keys = msgspec.json.decode(record.data, type=_Keys)
    except msgspec.DecodeError:
        return None
    return {
        **msgspec.structs.asdict(keys),
        "sequence": record.sequence,
        "record": record.data.decode(),
    }


def _events(records: Iterable[Logged]) -> Iterator[Sequenced]:
    for record in records:
        try:
            yield record.sequence, _decode(record.data)
        except msgspec.DecodeError:
            continue  # told by `move`, which keeps the segment


def _fits(event: Event, equal: dict[str, str], since: str | None) -> bool:
    same = all(getattr(event, name) == value for name, value in equal.items())
    return same and (since is None or event.at >= since)


def _dispose(path: Path, *, damaged: int, torn: int) -> None:
    """Remove a segment that is in SQL now; one with damage inside is kept under another name."""
    if torn:
        _log.warning("%s: the last %d bytes were not finished and are left out", path, torn)
    if damaged:
        kept = path.with_suffix(segments.DAMAGED)
        _log.warning("%s: %d records are damaged; kept as %s", path, damaged, kept.name)
        path.rename(kept)
    else:
        path.unlink()
