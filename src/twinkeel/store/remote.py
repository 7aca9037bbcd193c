"""Bundles and objects on an object store, or on any file system that fsspec knows.

The same names as in the store's own folder, each under its sha256. A bundle's manifest is written
last, so that a bundle is there as a whole or not at all. What is read goes through a verified copy
in the store's own folder; what differs from its name is never used. Refuses nothing by place:
every error of the other side becomes one sentence, without its secrets.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from twinkeel.config import urls
from twinkeel.errors import BundleError, ConfigError, MissingExtra, StoreError
from twinkeel.store import files, points
from twinkeel.store.bundles import MANIFEST, Bundle, BundleInfo, Bundles, FileEntry, Manifest
from twinkeel.store.bundles import read_manifest as parsed
from twinkeel.store.gc import GRACE, Swept
from twinkeel.store.objects import Objects

_LOCAL = ("file", "local")
_RENEW = GRACE / 2
"""Seconds after which what is used again is written again, so that no sweep takes it."""


class Found(NamedTuple):
    """A file that is there."""

    path: str
    """Relative to the folder."""
    bytes: int


class Folder:
    """A folder on a file system that fsspec knows, with its errors in words."""

    def __init__(self, url: str) -> None:
        self._scheme, _, rest = url.partition("://")
        if not rest:
            raise ConfigError(
                "[store] bundles is not a URL: expected one such as s3://BUCKET/NAME."
            )
        self._url = url
        self.name = urls.shown(url)
        self._files, self._root = _file_system(url, self._scheme, self.name)

    def read(self, path: str) -> bytes | None:
        """A file's bytes, None where there is no such file. Raises StoreError."""
        with self._words():
            try:
                data: bytes = self._files.cat_file(self._at(path))
            except FileNotFoundError:
                return None
            return data

    def write(self, path: str, data: bytes) -> None:
        """Write a file, whole or not at all. Raises StoreError."""
        target = self._at(path)
        with self._words():
            if self._scheme in _LOCAL:  # an object store shows a file when it is whole
                parent, _, name = target.rpartition("/")
                fresh = f"{parent}/{files.FRESH}{name}"
                self._files.pipe_file(fresh, data)
                self._files.mv(fresh, target)
            else:
                self._files.pipe_file(target, data)
        points.reached("remote.written")

    def find(self, path: str) -> list[Found]:
        """Every file at or below `path`, by name. Raises StoreError."""
        with self._words():
            there: dict[str, dict[str, Any]] = self._files.find(self._at(path), detail=True)
        cut = len(self._root) + 1
        return [Found(name[cut:], int(about["size"])) for name, about in sorted(there.items())]

    def age(self, path: str) -> float:
        """Seconds since a file was written; 0 for what is no longer there. Raises StoreError."""
        with self._words():
            try:
                return time.time() - float(self._files.modified(self._at(path)).timestamp())
            except FileNotFoundError:
                return 0.0

    def remove(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it, if it is there. Raises StoreError."""
        with self._words(), contextlib.suppress(FileNotFoundError):
            self._files.rm(self._at(path), recursive=True)
        points.reached("remote.removed")

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextlib.contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except Exception as error:  # every file system has errors of its own
            text = str(error).strip().splitlines()
            reason = f"{type(error).__name__}: {text[0] if text else 'no reason given'}"
            reason = urls.without_secrets(reason, self._url)[:200]
            raise StoreError(
                f"The store cannot use {self.name}: {reason.rstrip('.')}; "
                "check that it can be reached and that its credentials are right."
            ) from error


class RemoteObjects:
    """Objects in a remote folder, each with a verified copy here once it was read or written."""

    def __init__(self, folder: Folder, cache: Objects) -> None:
        self._folder = folder
        self._cache = cache

    def put(self, data: bytes) -> str:
        """Store bytes; returns their digest. Raises StoreError."""
        digest = self._cache.put(data)
        self._renew(digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises StoreError where they are missing or damaged."""
        with contextlib.suppress(StoreError):
            return self._cache.get(digest)
        data = self._folder.read(_object(digest))
        if data is None or files.digest_of(data) != digest:
            wrong = "not in the store" if data is None else "damaged: it has another sha256"
            raise StoreError(
                f"Object {digest} is {wrong}: restore it at {self._folder.name} from a backup."
            )
        with contextlib.suppress(StoreError):  # a full disk here is no reason not to answer
            self._cache.put(data)
        return data

    def has(self, digest: str) -> bool:
        """Whether there is an object of this name; it is not verified."""
        return files.is_digest(digest) and bool(self._folder.find(_object(digest)))

    def path(self, digest: str) -> Path:
        """The copy on this machine, which is made if it is not there. Raises StoreError."""
        if not self._cache.has(digest):
            self._cache.put(self.get(digest))
        return self._cache.path(digest)

    def use(self, digest: str) -> None:
        """Mark one that is there as used now, so that no sweep takes it for an orphan."""
        self._renew(digest, self.get(digest))

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been written for so many seconds."""
        self._cache.sweep(keep, older=older, dry_run=dry_run)
        swept = Swept()
        for found in self._folder.find("objects"):
            digest = found.path.rpartition("/")[2]
            if digest not in keep and self._folder.age(found.path) >= older:
                swept = Swept(count=swept.count + 1, bytes=swept.bytes + found.bytes)
                if not dry_run:
                    self._folder.remove(found.path)
        return swept

    def leftovers(self) -> Iterator[Path]:
        """Temporary files here that a killed process may have left."""
        return self._cache.leftovers()

    def _renew(self, digest: str, data: bytes) -> None:
        path = _object(digest)
        there = self._folder.find(path)
        if not there or there[0].bytes != len(data) or self._folder.age(path) > _RENEW:
            self._folder.write(path, data)


class RemoteBundles:
    """Bundles in a remote folder, each with a verified copy here once it was opened or added."""

    def __init__(self, folder: Folder, cache: Bundles) -> None:
        self._folder = folder
        self._cache = cache

    def add(
        self, folder: Path, *, kind: str, runtime: str, shared: Mapping[str, FileEntry]
    ) -> BundleInfo:
        """Store a copy of a filled folder as a bundle, its manifest last. Raises BundleError."""
        info = self._cache.add(folder, kind=kind, runtime=runtime, shared=shared)
        self.copy(self._cache.open(info.digest))
        return info

    def copy(self, bundle: Bundle) -> None:
        """Write a verified bundle, over what is damaged if it is there already."""
        at = f"bundles/{bundle.digest}"
        for name in bundle.manifest.files:
            self._folder.write(f"{at}/{name}", bundle.read(name))
        self._folder.write(f"{at}/{MANIFEST}", (bundle.path / MANIFEST).read_bytes())

    def open(self, digest: str) -> Bundle:
        """A verified bundle, fetched if there is no whole copy of it here. Raises BundleError."""
        try:
            return self._cache.open(digest)
        except BundleError:
            self._cache.receive(digest, lambda into: self._fetch(digest, into))
        return self._cache.open(digest)

    def shared(self, digest: str) -> set[str]:
        """The digests of the objects that a bundle refers to. Raises BundleError."""
        with contextlib.suppress(BundleError):
            return self._cache.shared(digest)
        manifest = parsed(Path(self._folder.name), self._manifest(digest))
        return {entry.sha256 for entry in manifest.shared.values()}

    def has(self, digest: str) -> bool:
        """Whether there is a bundle of this name; it is not verified."""
        return files.is_digest(digest) and bool(self._folder.find(f"bundles/{digest}/{MANIFEST}"))

    def sweep(self, keep: set[str], *, older: float, dry_run: bool) -> Swept:
        """Remove what is not in `keep` and has not been written for so many seconds."""
        self._cache.sweep(keep, older=older, dry_run=dry_run)
        by_name: dict[str, list[Found]] = defaultdict(list)
        for found in self._folder.find("bundles"):
            by_name[found.path.split("/")[1]].append(found)
        swept = Swept()
        for name, parts in by_name.items():
            if name in keep or min(self._folder.age(part.path) for part in parts) < older:
                continue
            size = sum(part.bytes for part in parts)
            swept = Swept(count=swept.count + 1, bytes=swept.bytes + size)
            if not dry_run:
                self._folder.remove(f"bundles/{name}/{MANIFEST}")  # without it, it is not there
                self._folder.remove(f"bundles/{name}")
        return swept

    def leftovers(self) -> Iterator[Path]:
        """Temporary folders here that a killed process may have left."""
        return self._cache.leftovers()

    def _fetch(self, digest: str, into: Path) -> None:
        """Write what the remote folder has of a bundle into `into`, verified."""
        data = self._manifest(digest)
        manifest: Manifest = parsed(Path(self._folder.name), data)
        for name, entry in manifest.files.items():
            found = self._folder.read(f"bundles/{digest}/{name}")
            if found is None or files.digest_of(found) != entry.sha256:
                wrong = "is missing" if found is None else "is damaged: it has another sha256"
                raise BundleError(
                    f"{name} in the bundle {digest} at {self._folder.name} {wrong}: "
                    "build the version again, or restore it from a backup."
                )
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(found)
        (into / MANIFEST).write_bytes(data)

    def _manifest(self, digest: str) -> bytes:
        data = self._folder.read(f"bundles/{digest}/{MANIFEST}")
        if data is None or files.digest_of(data) != digest:
            wrong = (
                "There is no bundle" if data is None else "Damaged is the manifest of the bundle"
            )
            raise BundleError(
                f"{wrong} {digest} at {self._folder.name}: build the version again, "
                "or restore it from a backup."
            )
        return data


def _object(digest: str) -> str:
    if not files.is_digest(digest):
        raise StoreError(f"{digest!r} is not a digest: expected a sha256 in lower-case hex.")
    return f"objects/{digest[:2]}/{digest}"


def _file_system(url: str, scheme: str, name: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError:
        raise MissingExtra("fsspec", "objects", f"A store at {name}") from None
    options = {"auto_mkdir": True} if scheme in _LOCAL else {}
    try:
        found, root = url_to_fs(url, use_listings_cache=False, **options)
    except ImportError as error:
        raise MissingExtra(str(error)[:100], "objects", f"A store at {name}") from None
    except ValueError as error:
        raise ConfigError(f"[store] bundles cannot be {name}: {str(error)[:100]}.") from None
    return found, root.rstrip("/")
