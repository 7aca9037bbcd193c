"""Package: one version -> a folder that serves it by itself, without the project's catalog.

The folder holds the bundle, what the server must know of the version, a wheel of Twinkeel as it
is installed here (and of the package that the kind comes from), every other requirement at the
version that is installed here, and a Dockerfile. Written beside its place and renamed, so that
there is never half of one.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import msgspec

from twinkeel import plugins
from twinkeel.config import Config, EventsTable, ServerTable
from twinkeel.errors import BundleError, UsageError
from twinkeel.lifecycle import components, distributions
from twinkeel.lifecycle.shelf import Held
from twinkeel.records import Record, Scorecard, Version, VersionRef
from twinkeel.store.bundles import Bundle, open_bundle
from twinkeel.store.objects import Objects
from twinkeel.store.store import Store

FILE = "package.json"
_BUNDLE = "bundle"
_OBJECTS = "objects"
_ACCOUNT = 10001
"""The user id that the container runs as."""


class Packaged(Record, frozen=True):
    """What a packaged server must know besides the bundle: the contents of `package.json`."""

    project: str
    component: str
    number: int
    kind: str
    bundle: str
    """The bundle's digest."""
    created: str
    scorecard: Scorecard | None
    private: tuple[str, ...]
    """Inputs whose values are stored only where `events.sensitive` says so."""
    events: EventsTable
    server: ServerTable

    @property
    def ref(self) -> VersionRef:
        """The version's name."""
        return VersionRef(component=self.component, number=self.number)


@dataclass(frozen=True)
class FolderShelf:
    """The one version of a packaged folder, for `Live`."""

    folder: Path
    packaged: Packaged

    def mark(self) -> int:
        """Never moves: a folder is one version."""
        return 0

    def names(self) -> tuple[str, ...]:
        """The one component."""
        return (self.packaged.component,)

    def current(self, name: str) -> VersionRef | None:
        """The one version."""
        return self.packaged.ref if name == self.packaged.component else None

    def trial(self, name: str) -> None:
        """Nothing is tried beside it."""

    def judge(self, name: str) -> None:
        """There is nothing to judge."""

    def load(self, ref: VersionRef) -> Held:
        """Load it from its verified bundle."""
        packaged = self.packaged
        kind = plugins.kind(packaged.kind)
        objects = Objects(self.folder / _OBJECTS)
        bundle = open_bundle(self.folder / _BUNDLE, digest=packaged.bundle, objects=objects)
        return Held(
            ref=ref,
            kind=packaged.kind,
            traits=kind.traits,
            created=packaged.created,
            servable=kind.load(bundle),
            scorecard=packaged.scorecard,
            private=frozenset(packaged.private),
        )


def package(config: Config, store: Store, version: Version, folder: Path) -> Path:
    """Write the folder; returns it. Raises UsageError where something is there already."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder that is not there yet.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name a folder that is not there yet.")
    with _beside(folder) as fresh:
        _fill(fresh, config, store, version)
        if folder.exists():
            folder.rmdir()
        fresh.rename(folder)
    return folder


def read(folder: Path) -> Packaged:
    """What a packaged folder says of itself; raises UsageError where it is none."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Packaged)
    except FileNotFoundError:
        raise UsageError(
            f"There is no {FILE} in {folder}: give a folder that twinkeel package wrote."
        ) from None
    except msgspec.DecodeError as error:
        raise BundleError(f"{folder / FILE} cannot be read: {error}; package again.") from None


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A folder that is to become `folder`; where it does not, what was made for it is gone."""
    fresh = folder.parent / f".{folder.name}-{secrets.token_hex(4)}"
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        fresh.mkdir(parents=True)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for parent in missing:
            with suppress(OSError):  # it holds the folder, or what others have put there
                parent.rmdir()


def _fill(folder: Path, config: Config, store: Store, version: Version) -> None:
    packaged = _described(config, store, version)
    bundle = store.open_bundle(version.bundle)
    _copy(bundle, folder)
    wheels = _wheels(folder / "wheels", version.kind)
    needed = distributions.locked(*wheels, beside=plugins.kind(version.kind).needs)
    lines = [f"./wheels/{path.name}" for path in wheels.values()]
    lines += [f"{name}=={number}" for name, number in needed.items()]
    _write(folder / "requirements.txt", "\n".join(lines))
    _write(folder / FILE, msgspec.json.format(msgspec.json.encode(packaged), indent=1).decode())
    _write(folder / "Dockerfile", _dockerfile(packaged))
    _write(folder / "README.md", _readme(packaged))


def _described(config: Config, store: Store, version: Version) -> Packaged:
    judged = store.evaluation(version.ref)
    options = components.component(config, version.component).options
    return Packaged(
        project=config.project.name,
        component=version.component,
        number=version.number,
        kind=version.kind,
        bundle=version.bundle,
        created=version.created,
        scorecard=None if judged is None else judged.scorecard,
        private=tuple(getattr(options, "sensitive", ())),
        events=config.events,
        server=config.server,
    )


def _wheels(folder: Path, kind: str) -> dict[str, Path]:
    """Wheels of Twinkeel, of what the kind comes from, and of what it needs from no index."""
    folder.mkdir()
    modules = {"twinkeel": "twinkeel"}
    for name in filter(distributions.is_local, plugins.kind(kind).needs):
        modules[name] = name.replace("-", "_")
    for point in entry_points(group=plugins.GROUP, name=kind):
        if point.dist is not None:
            modules[point.dist.metadata["Name"]] = point.module.partition(".")[0]
    return {name: distributions.wheel(name, module, folder) for name, module in modules.items()}


def _copy(bundle: Bundle, folder: Path) -> None:
    """The bundle's own files, and beside them the objects that are its shared ones."""
    shutil.copytree(bundle.path, folder / _BUNDLE)
    (folder / _OBJECTS).mkdir()
    objects = Objects(folder / _OBJECTS)
    for name in bundle.manifest.shared:
        objects.put(bundle.read(name))
    _readable(folder / _BUNDLE)
    _readable(folder / _OBJECTS)


def _readable(folder: Path) -> None:
    """Let the container's account read what was copied."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text.rstrip("\n") + "\n")
        file.flush()
        os.fsync(file.fileno())


def _dockerfile(packaged: Packaged) -> str:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    port = packaged.server.port
    return f"""\
FROM python:{python}-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid {_ACCOUNT} --create-home twinkeel && install -d -o twinkeel /data
WORKDIR /app
COPY requirements.txt ./
COPY wheels ./wheels
RUN pip install --no-cache-dir -r requirements.txt
COPY {FILE} ./
COPY {_BUNDLE} ./{_BUNDLE}
COPY {_OBJECTS} ./{_OBJECTS}
USER twinkeel
VOLUME /data
EXPOSE {port}
HEALTHCHECK --interval=30s --timeout=3s --start-period=15s --retries=3 \\
  CMD ["python", "-m", "twinkeel.server", "--check", "http://127.0.0.1:{port}/readyz"]
ENTRYPOINT ["python", "-m", "twinkeel.server", "/app", "--data", "/data"]
CMD ["--host", "0.0.0.0", "--port", "{port}"]
"""


def _readme(packaged: Packaged) -> str:
    ref, port = packaged.ref, packaged.server.port
    image = f"{packaged.component.lower()}:{packaged.number}"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"""\
# {ref}, ready to serve

One version of `{packaged.component}` from the project {packaged.project}, with everything that
serving it needs: the bundle (no code is loaded from it), Twinkeel itself as a wheel, and every
other requirement at the version it was packaged with.

In a container:

```
docker build -t {image} .
docker run -p {port}:{port} -e TWINKEEL_KEY -v {packaged.component.lower()}-events:/data {image}
```

`TWINKEEL_KEY` is the secret that callers send as `Authorization: Bearer SECRET`: 32 characters
or more, for example from `openssl rand -hex 32`. It is needed wherever others than this machine
may call. `TWINKEEL_ALLOWED_HOSTS` names the hosts, separated by commas, that callers use besides
an IP address. Events are kept under `/data`.

Without a container, on this machine alone, with Python {python}:

```
pip install -r requirements.txt
python -m twinkeel.server . --data events
```

The page to try it on is then at http://127.0.0.1:{port}/ and its description at /openapi.json.
"""
