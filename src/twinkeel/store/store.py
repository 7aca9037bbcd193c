"""The store: all that a project knows and keeps, behind one object.

Owns `.twinkeel/`: which change belongs to which transaction, and what must be on the disk before
the catalog may refer to it (bundles and objects first, then the record; on removal, the record
first). Refuses records that point at what is not there. Safe for many processes and threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal

from sqlalchemy import Connection

from twinkeel.errors import BundleError, StoreError
from twinkeel.records import Evaluation, Lineage, Release, Version, VersionRef, now
from twinkeel.store import catalog, chain, files, gc, keys, opening, points, retention, trials
from twinkeel.store.bundles import Bundle, BundleInfo, FileEntry
from twinkeel.store.chain import Checked
from twinkeel.store.database import Database
from twinkeel.store.events import EventLog
from twinkeel.store.gc import GRACE, WORK_GRACE, Collected, Plan, Swept
from twinkeel.store.holdings import Holdings, holdings
from twinkeel.store.keys import Key, Role
from twinkeel.store.shared import Made, Shared
from twinkeel.store.trials import Trials
from twinkeel.store.watching import Watching
from twinkeel.store.work import Work

FOLDER = ".twinkeel"


class Store:
    """One project's store; use as a context manager, or `close` it."""

    def __init__(self, folder: Path, database: Database, held: Holdings) -> None:
        self.folder = folder
        self._database = database
        self._objects, self._bundles = held
        self._made = Made(folder / "made")
        self._work = Work(folder / "work")
        self.events = EventLog(folder / "events", database)
        self.watching = Watching(database)
        self.trials = Trials(database)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        url: str | None = None,
        bundles: str | None = None,
        read_only: bool = False,
        why: str | None = None,
    ) -> Store:
        """Open the store of the project in `root`; it is made if it is not there.

        `url` is where the catalog is, by default a file; `bundles` the URL of the folder in which
        bundles and objects are, by default the store's own. `read_only` works on a read-only or
        full disk too, and refuses every change with the sentence `why`. Raises StoreError.
        """
        folder = Path(root) / FOLDER
        held = holdings(folder, bundles)
        if read_only:
            return cls(folder, opening.existing(folder, url, why), held)
        with files.explained(folder):
            files.folder(folder)
        return cls(folder, opening.migrated(folder, url), held)

    def close(self) -> None:
        """Sync the event log and let go of everything."""
        try:
            self.events.close()
        finally:
            self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def serving(self) -> AbstractContextManager[None]:
        """While inside, this store is not moved. Raises Refused while it is being moved."""
        return opening.serving(self._database)

    def served(self) -> bool:
        """Whether a server runs on this store."""
        return opening.served(self._database)

    # ------------------------------------------------------------------------ files

    def put_object(self, data: bytes) -> str:
        """Store bytes by the sha256 of their contents; returns that digest."""
        with self._using():
            return self._objects.put(data)

    def get_object(self, digest: str) -> bytes:
        """The bytes with this digest, verified. Raises StoreError."""
        return self._objects.get(digest)

    def add_bundle(
        self,
        folder: Path,
        *,
        kind: str,
        runtime: str,
        shared: Mapping[str, FileEntry] | None = None,
    ) -> BundleInfo:
        """Seal a copy of a filled folder and store it. Raises BundleError for a foreign file."""
        with self._using():
            return self._bundles.add(folder, kind=kind, runtime=runtime, shared=shared or {})

    def shared(self) -> Shared:
        """What one build shares with others; its entries go to `add_bundle`."""
        self._check_writable()
        return Shared(self._objects, self._made, self._using)

    def open_bundle(self, digest: str) -> Bundle:
        """The bundle with this digest, every file verified. Raises BundleError."""
        return self._bundles.open(digest)

    def work_folder(self, key: str) -> Path:
        """The folder in which the build with this key keeps its finished steps."""
        self._check_writable()
        return self._work.folder(key)

    def building(self, key: str) -> AbstractContextManager[Path]:
        """`work_folder(key)`, held alone and removed on success; Refused while it is held."""
        self._check_writable()
        return self._work.building(key)

    def scratch(self) -> AbstractContextManager[Path]:
        """An empty folder that is removed at the end."""
        self._check_writable()
        return self._work.scratch()

    def write_page(self, out: Path | None, name: str, text: str) -> Path:
        """Write a page to `out`, or under `name` beside the store; returns its path."""
        path = self.folder / "pages" / name if out is None else out
        with files.explained(path):
            files.replace(path, text.encode())
        return path

    # ------------------------------------------------------------------------ versions

    def add_version(
        self, component: str, kind: str, bundle: BundleInfo, lineage: Lineage
    ) -> Version:
        """Record a build's result under the component's next number."""
        with self._changing() as connection:
            self._check_objects(lineage.learned_digest)
            if not self._bundles.has(bundle.digest):
                raise StoreError(f"Bundle {bundle.digest} is not in the store: add it first.")
            version = Version(
                component=component,
                number=catalog.next_number(connection, component),
                kind=kind,
                bundle=bundle.digest,
                bundle_bytes=bundle.bytes,
                created=now(),
                lineage=lineage,
            )
            catalog.insert_version(connection, version)
            points.reached("version.inserted")
        points.reached("version.committed")
        return version

    def version(self, ref: VersionRef) -> Version:
        """One version. Raises UnknownName where there is none, or none any more."""
        with self._database.read() as connection:
            return catalog.get_version(connection, ref)

    def versions(self, component: str | None = None) -> list[Version]:
        """The versions of a component or of all, oldest first."""
        with self._database.read() as connection:
            return catalog.list_versions(connection, component)

    def latest(self, component: str) -> Version | None:
        """A component's newest version."""
        return next(reversed(self.versions(component)), None)

    def add_evaluation(self, evaluation: Evaluation) -> None:
        """Record a judgement; its cases and evidence must be stored already."""
        ref = VersionRef(component=evaluation.component, number=evaluation.number)
        with self._changing() as connection:
            catalog.get_version(connection, ref)
            self._check_objects(evaluation.cases_digest, evaluation.evidence_digest)
            if evaluation.against_digest is not None:
                self._check_objects(evaluation.against_digest)
            catalog.insert_evaluation(connection, evaluation)
            points.reached("evaluation.inserted")
        points.reached("evaluation.committed")

    def evaluation(self, ref: VersionRef) -> Evaluation | None:
        """A version's newest evaluation."""
        with self._database.read() as connection:
            return next(iter(catalog.list_evaluations(connection, ref, limit=1)), None)

    def evaluations(self, ref: VersionRef) -> list[Evaluation]:
        """A version's evaluations, newest first."""
        with self._database.read() as connection:
            return catalog.list_evaluations(connection, ref)

    # ------------------------------------------------------------------------ releases

    def release(
        self,
        component: str,
        number: int,
        *,
        expected: int | None,
        action: Literal["release", "rollback"],
        who: str,
        override: str | None = None,
    ) -> Release:
        """Put a version into production if `expected` is still the newest release's sequence.

        `expected` is None where nothing was released. Raises Refused if another came between.
        """
        with self._changing() as connection:
            catalog.get_version(connection, VersionRef(component=component, number=number))
            current = catalog.get_current(connection, component)
            release = Release(
                sequence=catalog.newest_sequence(connection) + 1,
                component=component,
                number=number,
                previous=None if current is None else current.number,
                action=action,
                at=now(),
                who=who,
                override=override,
            )
            catalog.insert_release(connection, release, expected=expected)
            points.reached("release.inserted")
        points.reached("release.committed")
        return release

    def current(self, component: str) -> Release | None:
        """The release that holds, or None where nothing was released."""
        with self._database.read() as connection:
            return catalog.get_current(connection, component)

    def releases(self, component: str | None = None) -> list[Release]:
        """The releases of a component or of all, newest first."""
        with self._database.read() as connection:
            return catalog.list_releases(connection, component)

    def mark(self) -> int:
        """A number that grows whenever production changes, or what is on trial beside it."""
        with self._database.read() as connection:
            return catalog.newest_sequence(connection) + trials.newest(connection)

    # ------------------------------------------------------------------------ events

    def check_events(self, *, kept_since: str, known: str | None = None) -> Checked:
        """Whether a stored event was changed, added or removed; see `chain.check`."""
        with self._database.read() as connection:
            return chain.check(connection, kept_since=kept_since, known=known)

    # ------------------------------------------------------------------------ keys

    def add_key(self, name: str, role: Role) -> str:
        """Make a key; returns its secret, which is not kept. Raises UsageError."""
        with self._changing() as connection:
            secret = keys.add(connection, name, role)
            points.reached("key.inserted")
        points.reached("key.committed")
        return secret

    def find_key(self, secret: str) -> Key | None:
        """The key with this secret, unless it was revoked."""
        with self._database.read() as connection:
            return keys.find(connection, secret)

    def keys(self) -> list[Key]:
        """All keys, revoked ones too, by name."""
        with self._database.read() as connection:
            return keys.every(connection)

    def revoke_key(self, name: str) -> Key:
        """End a key for good. Raises UnknownName."""
        with self._changing() as connection:
            key = keys.revoke(connection, name)
            points.reached("key.inserted")
        points.reached("key.committed")
        return key

    # ------------------------------------------------------------------------ retention

    def gc(
        self,
        *,
        keep_versions: int = 10,
        events_before: str | None = None,
        grace: float = GRACE,
        dry_run: bool = False,
    ) -> Collected:
        """Remove old versions, old events and files that nothing refers to; says what went.

        A version stays if it is among its component's `keep_versions` newest, was ever
        released, or is what such a one depends on. Files go once unused for `grace` seconds.
        """
        before = events_before or ""
        if dry_run:
            with files.explained(self.folder):
                plan = self._forget(keep_versions, before, dry_run=True)
                return self._sweep(plan, before, grace=grace, dry_run=True)
        self._check_writable()
        self.events.move()
        with files.explained(self.folder), self._database.guard(exclusive=True):
            plan = self._forget(keep_versions, before, dry_run=False)
            collected = self._sweep(plan, before, grace=grace, dry_run=False)
        self._database.compact()
        return collected

    def _forget(self, keep: int, before: str, *, dry_run: bool) -> Plan:
        database = self._database
        with database.read() if dry_run else database.write() as connection:
            versions = catalog.list_versions(connection, None)
            releases = catalog.list_releases(connection, None)
            doomed = gc.removable(versions, releases, trials.running(connection), keep=keep)
            numbered = catalog.numbered_evaluations(connection)
            outdated = gc.outdated(numbered, releases)
            forgotten = retention.count_before(connection, before)
            if not dry_run:
                catalog.remove_versions(connection, doomed, now())
                catalog.remove_evaluations(connection, outdated)
                retention.remove_before(connection, before)
                points.reached("gc.marked")
            kept = [version for version in versions if version.ref not in doomed]
            judged = [one[1] for one in numbered if one not in outdated]
        points.reached("gc.committed")
        return Plan(
            tuple(map(str, doomed)), forgotten, gc.referenced(kept, judged), self._shared_by(kept)
        )

    def _shared_by(self, versions: Iterable[Version]) -> set[str] | None:
        """The objects that these versions' bundles share; None where one cannot be asked."""
        try:
            return {one for made in versions for one in self._bundles.shared(made.bundle)}
        except BundleError:
            return None

    def _sweep(self, plan: Plan, before: str, *, grace: float, dry_run: bool) -> Collected:
        keep = plan.keep | (plan.shared or set())

        bundles = self._bundles.sweep(keep, older=grace, dry_run=dry_run)
        objects = Swept()
        if plan.shared is not None:
            objects = self._objects.sweep(keep, older=grace, dry_run=dry_run)
        temporary = gc.sweep(self._leftovers(), keep=set(), older=grace, dry_run=dry_run)
        if plan.shared is not None:
            gc.sweep(self._made.stale(keep), keep=set(), older=grace, dry_run=dry_run)
        old = [path for path in self.events.damaged() if gc.written(path) < before]
        damaged = gc.sweep(old, keep=set(), older=0, dry_run=dry_run)
        work = gc.sweep_work(self._work.root, older=WORK_GRACE, dry_run=dry_run)
        return Collected(
            versions=plan.versions,
            bundles=bundles.count,
            objects=objects.count,
            leftovers=temporary.count + damaged.count + work.count,
            events=plan.events,
            bytes=bundles.bytes + objects.bytes + temporary.bytes + damaged.bytes + work.bytes,
            dry_run=dry_run,
        )

    def _leftovers(self) -> Iterator[Path]:
        yield from self._bundles.leftovers()
        yield from self._objects.leftovers()
        yield from self.events.leftovers()

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Nothing that is put or referred to in here is swept meanwhile."""
        self._check_writable()
        with self._database.guard(exclusive=False):
            yield

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with self._using(), self._database.write() as connection:
            yield connection

    def _check_writable(self) -> None:
        self._database.check_writable()

    def _check_objects(self, *digests: str) -> None:
        for digest in digests:
            if not self._objects.has(digest):
                raise StoreError(f"Object {digest!r} is not in the store: put it first.")
