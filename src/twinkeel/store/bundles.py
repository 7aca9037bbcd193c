"""A bundle: a folder that is all a server needs, sealed by the hashes in its `manifest.json`.

Its digest is the sha256 of the manifest's bytes, so it names every file in it. A file may also
be shared: the manifest then gives its hash, and an object of the store is its contents. Opening one
re-hashes every file and refuses, by name, whatever is missing, added, changed, a link, outside
the folder, or of a form that could run code (see `contents`). A bundle is never changed.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec

from twinkeel.errors import BundleError, StoreError
from twinkeel.records import Record
from twinkeel.store import contents, files, points
from twinkeel.store.gc import Swept, sweep
from twinkeel.store.objects import ObjectSource

MANIFEST = "manifest.json"
FORMAT = 1
_LARGEST_MANIFEST = 64 * 2**20
_MOST_FILES = 10_000
_MOST_SHARED = 250_000
_T = TypeVar("_T")


class FileEntry(Record, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle, as its manifest lists it."""

    sha256: str
    bytes: int


class Manifest(Record, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `manifest.json` says."""

    format: int
    """The number of this format; another one is refused."""
    kind: str
    runtime: str
    """What loads the bundle, such as `onnx`."""
    files: dict[str, FileEntry]
    """By name relative to the bundle, with `/`, sorted."""
    shared: dict[str, FileEntry] = {}
    """Files that are not in the folder, by name: objects that other bundles may share."""


class BundleInfo(Record, frozen=True):
    """A sealed bundle's name and size."""

    digest: str
    bytes: int


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. What is read from it is verified again, at the moment of reading."""

    path: Path
    manifest: Manifest
    digest: str
    objects: ObjectSource | None = None
    """Where its shared files are."""

    @property
    def size(self) -> int:
        """Bytes of all its files, shared ones too, but the manifest."""
        return _size(self.manifest)

    def read(self, name: str) -> bytes:
        """One file's bytes. Raises BundleError if it is not listed or has changed."""
        if name in self.manifest.shared:
            return _read_shared(self, name)
        entry = self.manifest.files.get(name)
        if entry is None:
            raise BundleError(f"Bundle {self.digest[:12]} holds no file {name!r}.")
        return _read(self.path, name, entry)

    def json(self, name: str, type: type[_T]) -> _T:  # noqa: A002 - msgspec's own word
        """One JSON file, read as a typed record. Raises BundleError where it is not one."""
        try:
            return msgspec.json.decode(self.read(name), type=type)
        except msgspec.DecodeError as error:
            raise BundleError(
                f"{name} in bundle {self.digest[:12]} cannot be read: {error}; "
                "it was written by another version of Twinkeel: build again."
            ) from error

    def array(self, name: str) -> Any:
        """One `.npy` file as a numpy array; objects are never unpickled."""
        from twinkeel.store.arrays import array

        return array(self.read(name))

    def mapped(self, name: str) -> Any:
        """One `.npy` file as a numpy array that is left on the disk; verified now, used later."""
        from twinkeel.store.arrays import mapped

        self.read(name)
        entry = self.manifest.shared.get(name)
        if entry is None or self.objects is None:
            return mapped(self.path / name)
        return mapped(self.objects.path(entry.sha256))


def seal(
    folder: Path, *, kind: str, runtime: str, shared: Mapping[str, FileEntry] | None = None
) -> BundleInfo:
    """Check, hash and sync every file in `folder`, then write its manifest.

    A manifest that is there already is replaced. `shared` are objects that it refers to.
    Raises BundleError for a file that a bundle may not hold, StoreError where the disk refuses.
    """
    with files.explained(folder):
        (folder / MANIFEST).unlink(missing_ok=True)
        entries = {name: _entry(folder, name) for name in sorted(_names(folder))}
        manifest = Manifest(
            format=FORMAT,
            kind=kind,
            runtime=runtime,
            files=entries,
            shared=dict(sorted((shared or {}).items())),
        )
        _check_manifest(folder, manifest)
        data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        fresh = files.fresh(folder)
        files.write(fresh, data)
        os.replace(fresh, folder / MANIFEST)  # noqa: PTH105 - says that it replaces
        files.sync(folder)
    return BundleInfo(digest=files.digest_of(data), bytes=_size(manifest))


def open_bundle(
    path: Path, *, digest: str | None = None, objects: ObjectSource | None = None
) -> Bundle:
    """Verify the bundle in a folder, and that it has this digest if one is given.

    `objects` is where its shared files are, if it has any.
    Raises BundleError, naming the file that is wrong.
    """
    with files.explained(path):
        if not path.is_dir() or path.is_symlink():
            raise BundleError(f"There is no bundle at {path}: build the version again.")
        data = _read(path, MANIFEST, None)
        found = files.digest_of(data)
        if digest is not None and found != digest:
            raise _wrong(path, MANIFEST, "has another sha256 than the version recorded")
        manifest = read_manifest(path, data)
        _compare_names(path, manifest)
        for name, entry in manifest.files.items():
            fault = contents.check(name, _read(path, name, entry))
            if fault is not None:
                raise _wrong(path, name, fault)
        bundle = Bundle(path=path, manifest=manifest, digest=found, objects=objects)
        for name in manifest.shared:
            fault = contents.check(name, _read_shared(bundle, name))
            if fault is not None:
                raise _wrong(path, name, fault)
    return bundle


class Bundles:
    """The store's folder of bundles, each in a folder named by its digest."""

    def __init__(self, root: Path, objects: ObjectSource) -> None:
        self._root = root
        self._objects = objects

    def add(
        self, folder: Path, *, kind: str, runtime: str, shared: Mapping[str, FileEntry]
    ) -> BundleInfo:
        """Store a copy of a filled folder as a bundle; `folder` is left as it is.

        The same contents are stored once; a stored copy that is damaged is replaced. The objects
        that `shared` names must be stored already.
        """
        with files.explained(self._root):
            fresh = files.fresh(files.folder(self._root))
            try:
                _copy(folder, fresh)
                points.reached("bundle.copied")
                for name, entry in shared.items():
                    self._use(name, entry)
                info = seal(fresh, kind=kind, runtime=runtime, shared=shared)
                points.reached("bundle.sealed")
                self._publish(fresh, self._root / info.digest)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        return info

    def copy(self, bundle: Bundle) -> None:
        """Store a verified bundle that is elsewhere, as it is."""

        def fill(into: Path) -> None:
            for name in (*bundle.manifest.files, MANIFEST):
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(bundle.path / name, into / name)
            files.sync_tree(into)

        self.receive(bundle.digest, fill)

    def receive(self, digest: str, fill: Callable[[Path], None]) -> None:
        """Store a bundle that `fill` writes into a folder; `open` verifies it afterwards."""
        with files.explained(self._root):
            fresh = files.fresh(files.folder(self._root))
            try:
                fresh.mkdir()
                fill(fresh)
                self._publish(fresh, self._root / digest)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)

    def open(self, digest: str) -> Bundle:
        """A verified bundle. Raises BundleError."""
        if not files.is_digest(digest):
            raise BundleError(f"{digest!r} is not a digest: expected a sha256 in lower-case hex.")
        return open_bundle(self._root / digest, digest=digest, objects=self._objects)

    def shared(self, digest: str) -> set[str]:
        """The digests of the objects that a bundle refers to. Raises BundleError."""
        path = self._root / digest
        with files.explained(path):
            manifest = read_manifest(path, _read(path, MANIFEST, None))
        return {entry.sha256 for entry in manifest.shared.values()}

    def has(self, digest: str) -> bool:
        """Whether there is a bundle of this name; it is not verified."""
        return files.is_digest(digest) and (self._root / digest / MANIFEST).is_file()

    def paths(self) -> Iterator[Path]:
        """Every bundle's folder; its name is its digest."""
        if self._root.is_dir():
            yield from (path for path in self._root.iterdir() if files.is_digest(path.name))

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been used for so many seconds."""
        return sweep(self.paths(), keep=keep, older=older, dry_run=dry_run)

    def leftovers(self) -> Iterator[Path]:
        """Temporary folders that a killed process may have left."""
        if self._root.is_dir():
            yield from (path for path in self._root.iterdir() if not files.is_digest(path.name))

    def _use(self, name: str, entry: FileEntry) -> None:
        if not self._objects.has(entry.sha256):
            raise BundleError(f"The shared file {name} is not in the store: put it first.")
        self._objects.use(entry.sha256)

    def _publish(self, fresh: Path, target: Path) -> None:
        if target.exists() and not self._reusable(target):
            target.rename(self._root / f"{files.DROPPED}{fresh.name[len(files.FRESH) :]}")
        if not target.exists():
            fresh.rename(target)
            points.reached("bundle.renamed")
            files.sync(self._root)
            points.reached("bundle.synced")

    def _reusable(self, target: Path) -> bool:
        try:
            self.open(target.name)
        except BundleError:
            return False
        files.touch(target)
        return True


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a bundle and sync them; nothing but the files that it may hold."""
    target.mkdir()
    for name in _names(source):
        if name == MANIFEST:
            continue
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with (source / name).open("rb") as read, path.open("xb") as write:
            shutil.copyfileobj(read, write)
            write.flush()
            os.fsync(write.fileno())
    for path in target.rglob("*"):
        if path.is_dir():
            files.sync(path)
    files.sync(target)


def _names(folder: Path) -> Iterator[str]:
    """Every file's name relative to the folder; a link or a device is refused."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if not stat.S_ISDIR(mode):
            if not stat.S_ISREG(mode):
                raise _wrong(folder, name, "is a link or a device: expected a plain file")
            yield name


def _entry(folder: Path, name: str) -> FileEntry:
    if _outside(name):
        raise _wrong(folder, name, "has a name that a bundle may not hold")
    data = _read(folder, name, None)
    fault = contents.check(name, data)
    if fault is not None:
        raise _wrong(folder, name, fault)
    return FileEntry(sha256=files.digest_of(data), bytes=len(data))


def read_manifest(path: Path, data: bytes) -> Manifest:
    """The manifest in these bytes, of the bundle at `path`. Raises BundleError."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.DecodeError as error:
        raise _wrong(path, MANIFEST, f"is not a manifest of format {FORMAT}: {error}") from error
    _check_manifest(path, manifest)
    return manifest


def _check_manifest(path: Path, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise _wrong(path, MANIFEST, f"has format {manifest.format}: expected {FORMAT}")
    for names, most in ((manifest.files, _MOST_FILES), (manifest.shared, _MOST_SHARED)):
        if len(names) > most:
            raise _wrong(path, MANIFEST, f"lists more than {most} files")
    for name in (*manifest.files, *manifest.shared):
        if _outside(name):
            raise _wrong(path, name, "has a name that leads out of the bundle")
    for name in manifest.files.keys() & manifest.shared.keys():
        raise _wrong(path, name, "is listed as its own file and as a shared one")


def _compare_names(path: Path, manifest: Manifest) -> None:
    there = set(_names(path)) - {MANIFEST}
    listed = set(manifest.files)
    for name in sorted(listed - there):
        raise _wrong(path, name, "is missing")
    for name in sorted(there - listed):
        raise _wrong(path, name, "is not in the manifest")


def _read(path: Path, name: str, entry: FileEntry | None) -> bytes:
    """One file's bytes, never through a link; verified if an entry is given."""
    limit = _LARGEST_MANIFEST if name == MANIFEST else None
    try:
        descriptor = os.open(path / name, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise _wrong(path, name, "is missing") from None
    with os.fdopen(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if limit is not None and size > limit:
            raise _wrong(path, name, f"is larger than {limit} bytes")
        if entry is not None and size != entry.bytes:
            raise _wrong(path, name, f"has {size} bytes: expected {entry.bytes}")
        data = file.read()
    if entry is not None and files.digest_of(data) != entry.sha256:
        raise _wrong(path, name, "is damaged: its contents have another sha256")
    return data


def _read_shared(bundle: Bundle, name: str) -> bytes:
    """A shared file's bytes, verified by the name of the object that holds them."""
    entry = bundle.manifest.shared[name]
    if bundle.objects is None:
        raise _wrong(bundle.path, name, "is shared, and there is no folder of objects beside it")
    try:
        return bundle.objects.get(entry.sha256)
    except StoreError as error:
        raise BundleError(f"{name} in the bundle at {bundle.path} is shared: {error}") from error


def _size(manifest: Manifest) -> int:
    entries = (*manifest.files.values(), *manifest.shared.values())
    return sum(entry.bytes for entry in entries)


def _outside(name: str) -> bool:
    """Whether a name could lead out of the folder, or mean another file elsewhere."""
    parts = PurePosixPath(name).parts
    plain = name == "/".join(parts) and name.isprintable() and len(name) <= 255
    return (
        not plain
        or name == MANIFEST
        or not parts
        or any(part.startswith(".") for part in parts)
        or any(sign in name for sign in ("\\", ":"))
        or name.startswith("/")
    )


def _wrong(path: Path, name: str, fault: str) -> BundleError:
    return BundleError(f"{name} in the bundle at {path} {fault}: restore it or build again.")
